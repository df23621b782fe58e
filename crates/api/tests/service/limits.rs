//! Budgets of attempts: each thing that writes or costs has one, and every answer tells what is left.

use std::time::Duration;

use confab_domain::{Limits, Rate};
use confab_testkit::http_client::Answer;
use serde_json::json;

use crate::desk::{Desk, Wishes, id};

async fn desk_with(limits: Limits) -> Desk {
    Desk::open_with(Wishes {
        limits,
        ..Wishes::default()
    })
    .await
}

fn none() -> Limits {
    Limits::default().without_budgets()
}

/// What a budget's answers say: the name, what is left, and when there is more.
fn told(answer: &Answer, name: &str) -> Option<(u64, u64)> {
    let header = answer.headers.get("ratelimit")?.to_str().unwrap().to_owned();
    let item = header
        .split(", ")
        .find(|item| item.starts_with(&format!("\"{name}\"")))?
        .to_owned();
    let number = |key: &str| {
        let part = item.split(';').find(|part| part.starts_with(key)).unwrap();
        part[key.len()..].parse().unwrap()
    };
    Some((number("r="), number("t=")))
}

#[tokio::test]
async fn everything_that_writes_or_costs_has_its_budget() {
    let one = Rate::per_minute(1);
    let by_name: [(&str, Limits); 11] = [
        ("edits", Limits { edits: one, ..none() }),
        (
            "deletes",
            Limits {
                deletes: one,
                ..none()
            },
        ),
        ("marks", Limits { marks: one, ..none() }),
        (
            "tickets",
            Limits {
                tickets: one,
                ..none()
            },
        ),
        (
            "refreshes",
            Limits {
                refreshes: one,
                ..none()
            },
        ),
        (
            "profile_changes",
            Limits {
                profile_changes: one,
                ..none()
            },
        ),
        (
            "reports",
            Limits {
                reports: one,
                ..none()
            },
        ),
        (
            "invitations",
            Limits {
                invitations: one,
                ..none()
            },
        ),
        (
            "blocks",
            Limits {
                blocks: one,
                ..none()
            },
        ),
        (
            "room_changes",
            Limits {
                room_changes: Rate::per_minute(2),
                ..none()
            },
        ),
        (
            "send_room",
            Limits {
                room_sends: Rate::per_minute(2),
                ..none()
            },
        ),
    ];
    for (name, limits) in by_name {
        let desk = desk_with(limits).await;
        let ada = desk.person().await;
        let room = desk.room(&ada, "public").await;
        let message = id(&desk.say(&ada, &room, "hello").await);
        let bob = desk.person().await;
        desk.poke(&bob, &format!("/rooms/{room}/join")).await.expect(200);
        let of_bob = id(&desk.say(&bob, &room, "rude").await);
        let mut refresh_token = ada.refresh_token.clone();
        let mut answers = Vec::new();
        for n in 0..2 {
            let answer = match name {
                "edits" => {
                    let body = json!({"content": format!("edit {n}")});
                    desk.patch(&ada, &format!("/messages/{message}"), body).await
                }
                "deletes" => desk.delete(&ada, &format!("/messages/{message}")).await,
                "marks" => {
                    desk.post(&ada, &format!("/rooms/{room}/read"), json!({"number": 1}))
                        .await
                }
                "tickets" => desk.poke(&ada, "/auth/ticket").await,
                "refreshes" => {
                    let body = json!({"refresh_token": refresh_token});
                    let answer = desk.call("POST", "/auth/refresh", None, Some(&body)).await;
                    if answer.status == 200 {
                        refresh_token = answer.json()["refresh_token"].as_str().unwrap().to_owned();
                    }
                    answer
                }
                "profile_changes" => {
                    let body = json!({"display_name": format!("Ada {n}")});
                    desk.patch(&ada, "/me", body).await
                }
                "reports" => {
                    let path = format!("/messages/{of_bob}/report");
                    desk.post(&ada, &path, json!({"reason": "rude"})).await
                }
                "invitations" => desk.poke(&ada, &format!("/rooms/{room}/invitations")).await,
                "blocks" => {
                    let path = format!("/me/blocks/{}", bob.id);
                    desk.call("PUT", &path, Some(&ada.token), None).await
                }
                "room_changes" => {
                    let body = json!({"name": format!("room {n}")});
                    desk.patch(&ada, &format!("/rooms/{room}"), body).await
                }
                _ => {
                    let path = format!("/rooms/{room}/messages");
                    desk.post(&ada, &path, json!({"content": "again"})).await
                }
            };
            answers.push(answer);
        }
        let (first, second) = (&answers[0], &answers[1]);
        assert!(first.status < 300, "{name}: {}", first.text());
        let (left, more_in) = told(first, name).unwrap_or_else(|| panic!("{name} is not told"));
        assert!(
            left == 0 && (1..=60).contains(&more_in),
            "{name}: {left} left, more in {more_in}"
        );
        assert_eq!(second.status, 429, "{name}: {}", second.text());
        let problem = second.expect(429);
        assert_eq!(problem["code"], "rate_limited");
        let wait_ms = problem["retry_after_ms"].as_u64().unwrap();
        let (left, more_in) = told(second, name).unwrap();
        assert_eq!((left, more_in), (0, wait_ms.div_ceil(1_000)), "{name}");
        assert_eq!(second.header("retry-after"), more_in.to_string(), "{name}");
        assert!(
            second
                .header("ratelimit-policy")
                .contains(&format!("\"{name}\";q=")),
            "{name}"
        );
        desk.advance(Duration::from_millis(wait_ms));
        // What was refused changed nothing, and the wait that was told is enough.
        if name == "edits" {
            let shown = desk.get(&ada, &format!("/messages/{message}")).await.expect(200);
            assert_eq!(shown["content"], "edit 0");
            let body = json!({"content": "edit 2"});
            desk.patch(&ada, &format!("/messages/{message}"), body)
                .await
                .expect(200);
        }
    }
}

#[tokio::test]
async fn a_person_has_one_budget_of_requests_and_a_service_none() {
    let requests = Rate::per_minute(3);
    let desk = desk_with(Limits { requests, ..none() }).await;
    let (ada, bob, host) = (desk.person().await, desk.person().await, desk.service().await);
    let mut left = Vec::new();
    for _ in 0..3 {
        let answer = desk.get(&ada, "/me").await;
        answer.expect(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"requests\";q=3;w=60");
        left.push(told(&answer, "requests").unwrap().0);
    }
    assert_eq!(left, [2, 1, 0]);
    desk.get(&ada, "/rooms").await.expect(429);
    desk.get(&bob, "/me").await.expect(200);
    for _ in 0..5 {
        let answer = desk.get(&host, "/me").await;
        answer.expect(200);
        assert_eq!(answer.headers.get("ratelimit"), None);
    }
    desk.advance(Duration::from_secs(20));
    desk.get(&ada, "/me").await.expect(200);
}

#[tokio::test]
async fn several_budgets_are_told_side_by_side() {
    let limits = Limits {
        room_sends: Rate::per_minute(30),
        requests: Rate::per_minute(600),
        ..none()
    };
    let desk = desk_with(limits).await;
    let ada = desk.person().await;
    let path = format!("/rooms/{}/messages", desk.room(&ada, "public").await);
    let answer = desk.post(&ada, &path, json!({"content": "hello"})).await;
    answer.expect(201);
    assert_eq!(told(&answer, "send_room"), Some((29, 2)));
    assert_eq!(
        answer.header("ratelimit-policy"),
        "\"requests\";q=600;w=60, \"send_room\";q=30;w=60"
    );
}

#[tokio::test]
async fn how_often_a_name_was_tried_is_told_only_to_whom_must_wait() {
    let desk = desk_with(Limits {
        logins: Rate::per_minute(2),
        ..none()
    })
    .await;
    let ada = desk.person().await;
    let body = json!({"username": ada.username, "password": "wrong password"});
    let try_it = async || desk.call("POST", "/auth/login", None, Some(&body)).await;
    for _ in 0..2 {
        let answer = try_it().await;
        answer.expect(401);
        assert_eq!(answer.headers.get("ratelimit"), None);
    }
    let answer = try_it().await;
    answer.expect(429);
    assert!(told(&answer, "login").is_some());
}
