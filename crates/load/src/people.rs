//! Makes the people and rooms that a load needs, over REST like anybody.

use std::path::Path;

use anyhow::{Context, Result, bail};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Registrations under way at once: argon2 costs the server 20 ms of CPU each.
const AT_ONCE: usize = 8;

/// Somebody with a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) user_id: String,
    pub(crate) username: String,
    pub(crate) refresh_token: String,
    #[serde(skip)]
    pub(crate) access_token: String,
}

/// A room and its members, the owner first.
#[derive(Clone, Debug)]
pub(crate) struct Room {
    pub(crate) id: String,
    pub(crate) members: Vec<Person>,
}

/// Talks REST.
#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    base: String,
}

impl Api {
    pub(crate) fn new(base: &str) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(std::time::Duration::from_mins(1))
            .build()?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
        })
    }

    async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value> {
        let mut request = self.http.post(format!("{}{path}", self.base)).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.with_context(|| format!("POST {path}"))?;
        let status = answer.status();
        let text = answer.text().await?;
        if status.as_u16() == 429 {
            bail!("POST {path} was rate limited: start the server with its limits off (docs/performance.md)");
        }
        if !status.is_success() {
            bail!("POST {path} answered {status}: {text}");
        }
        if text.is_empty() {
            Ok(Value::Null)
        } else {
            Ok(serde_json::from_str(&text)?)
        }
    }

    async fn register(&self, username: String) -> Result<Person> {
        let body = json!({"username": username, "password": "a load test's password"});
        person(self.post("/auth/register", None, &body).await?)
    }

    async fn renew(&self, known: Person) -> Result<Person> {
        person(
            self.post(
                "/auth/refresh",
                None,
                &json!({"refresh_token": known.refresh_token}),
            )
            .await?,
        )
    }

    async fn room(&self, name: &str, members: Vec<Person>) -> Result<Room> {
        let owner = members.first().context("a room needs a member")?;
        let others: Vec<&str> = members
            .iter()
            .skip(1)
            .map(|person| person.user_id.as_str())
            .collect();
        let body = json!({"kind": "private", "name": name, "member_ids": others.iter().take(100).collect::<Vec<_>>()});
        let room = self.post("/rooms", Some(&owner.access_token), &body).await?;
        let id = room["id"].as_str().context("a room without id")?.to_owned();
        for rest in others.get(100..).unwrap_or_default().chunks(100) {
            let rest: Vec<Value> = rest.iter().map(|id| json!({"user_id": id})).collect();
            self.post(
                &format!("/rooms/{id}/members"),
                Some(&owner.access_token),
                &json!({"members": rest}),
            )
            .await?;
        }
        Ok(Room { id, members })
    }
}

fn person(answer: Value) -> Result<Person> {
    let text = |value: &Value| {
        value
            .as_str()
            .map(str::to_owned)
            .context("an answer without its fields")
    };
    Ok(Person {
        user_id: text(&answer["user"]["id"])?,
        username: text(&answer["user"]["username"])?,
        refresh_token: text(&answer["refresh_token"])?,
        access_token: text(&answer["access_token"])?,
    })
}

/// So many people, from the folder where an earlier run left them or newly registered.
pub(crate) async fn people(api: &Api, count: usize, kept: Option<&Path>) -> Result<Vec<Person>> {
    let file = kept.map(|folder| folder.join("people.json"));
    let known: Vec<Person> = match &file {
        Some(file) if file.exists() => serde_json::from_slice(&std::fs::read(file)?)?,
        _ => Vec::new(),
    };
    let renewed: Vec<Person> = stream::iter(known.into_iter().take(count).map(|person| api.renew(person)))
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .unwrap_or_default();
    let run = std::process::id();
    let lacking = renewed.len()..count;
    let new: Vec<Person> =
        stream::iter(lacking.map(|index| api.register(format!("load-{run}-{index}-{}", nonce()))))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
    let everybody: Vec<Person> = renewed.into_iter().chain(new).collect();
    if let Some(file) = file {
        std::fs::create_dir_all(file.parent().context("a file in a folder")?)?;
        std::fs::write(&file, serde_json::to_vec(&everybody)?)?;
    }
    Ok(everybody)
}

/// Rooms of so many members each; nobody is in two.
pub(crate) async fn rooms(api: &Api, rooms: usize, members: usize, kept: Option<&Path>) -> Result<Vec<Room>> {
    let people = people(api, rooms * members, kept).await?;
    stream::iter(people.chunks(members).enumerate().map(|(index, members)| {
        let (name, members) = (format!("load {index}"), members.to_vec());
        async move { api.room(&name, members).await }
    }))
    .buffered(AT_ONCE)
    .try_collect()
    .await
}

fn nonce() -> String {
    let now = std::time::UNIX_EPOCH
        .elapsed()
        .map_or(0, |since| since.as_micros());
    format!("{:x}", now & 0xff_ffff)
}
