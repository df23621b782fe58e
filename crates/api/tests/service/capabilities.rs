//! `GET /capabilities` tells every bound that a client may run into, as it is set here.

use std::path::Path;
use std::time::Duration;

use confab_domain::{FileRules, Limits, Rate};
use serde_json::{Value, json};

use crate::desk::{Desk, Wishes};

async fn told(limits: Limits, file_rules: FileRules, body_bytes_max: usize) -> Value {
    let settings = confab_api::Settings {
        body_bytes_max,
        ..confab_api::Settings::default()
    };
    let desk = Desk::open_with(Wishes {
        limits,
        settings,
        file_rules,
    })
    .await;
    desk.call("GET", "/capabilities", None, None).await.expect(200)
}

#[tokio::test]
async fn every_setting_is_told_as_it_is_set() {
    // Each another number, so that none is told in the place of another.
    let rate = |limit| Rate {
        limit,
        window: Duration::from_secs(u64::from(limit)),
    };
    let limits = Limits {
        direct_sends: rate(101),
        room_sends: rate(102),
        logins: rate(103),
        registrations: rate(104),
        room_changes: rate(105),
        reactions: rate(106),
        searches: rate(107),
        edits: rate(108),
        deletes: rate(109),
        marks: rate(110),
        tickets: rate(111),
        refreshes: rate(112),
        profile_changes: rate(113),
        reports: rate(114),
        invitations: rate(115),
        blocks: rate(116),
        requests: rate(117),
        uploads: rate(118),
        frames: rate(119),
        rooms_per_connection_max: 201,
        connections_per_user_max: 202,
        frame_bytes_max: 40_203,
        frames_in_flight_max: 204,
        replay_events_per_room_max: 205,
        replay_events_per_connection_max: 206,
        presence_signal_members_max: 207,
    };
    let rules = FileRules {
        file_bytes_max: 301,
        image_bytes_max: 302,
        image_pixels_max: 303,
        quota_bytes: 304,
        types_allowed: vec!["image/*".into()],
        types_denied: vec!["image/heic".into()],
        unattached_ttl: Duration::from_secs(305),
        link_ttl: Duration::from_secs(306),
    };
    let told = told(limits, rules, 100_307).await;
    assert!(told["features"].as_array().unwrap().contains(&json!("api_keys")));
    let told = &told["limits"];
    let rate = |limit: u32| json!({"limit": limit, "window_seconds": limit});
    let budgets = json!({
        "send_direct": rate(101), "send_room": rate(102), "login": rate(103), "register": rate(104),
        "room_changes": rate(105), "reactions": rate(106), "searches": rate(107), "edits": rate(108),
        "deletes": rate(109), "marks": rate(110), "tickets": rate(111), "refreshes": rate(112),
        "profile_changes": rate(113), "reports": rate(114), "invitations": rate(115), "blocks": rate(116),
        "requests": rate(117), "uploads": rate(118)
    });
    assert_eq!(told["budgets"], budgets);
    for (name, value) in [
        ("direct_sends", rate(101)),
        ("room_sends", rate(102)),
        ("searches", rate(107)),
        ("uploads", rate(118)),
        ("frames", rate(119)),
        ("rooms_per_connection_max", json!(201)),
        ("connections_per_user_max", json!(202)),
        ("frame_bytes_max", json!(40_203)),
        ("frames_in_flight_max", json!(204)),
        ("replay_events_per_room_max", json!(205)),
        ("replay_events_per_connection_max", json!(206)),
        ("presence_signal_members_max", json!(207)),
        ("file_bytes_max", json!(301)),
        ("image_bytes_max", json!(302)),
        ("image_pixels_max", json!(303)),
        ("files_quota_bytes", json!(304)),
        ("file_types_allowed", json!(["image/*"])),
        ("file_types_denied", json!(["image/heic"])),
        ("unattached_files_keep_seconds", json!(305)),
        ("media_link_seconds_max", json!(306)),
        ("body_bytes_max", json!(100_307)),
    ] {
        assert_eq!(told[name], value, "{name}");
    }
}

/// Bounds of the domain that are told by another name than their own, or of which no client need know.
const OTHERWISE: [(&str, Option<&str>); 6] = [
    ("QUERY_CHARS_MAX", Some("search_query_chars_max")),
    // Of a file's name the beginning and the ending are kept; nothing is refused.
    ("FILENAME_BYTES_MAX", None),
    // Of an epoch.
    ("BYTES_MAX", None),
    // Of people in one message of the system.
    ("NAMED_MAX", None),
    // The last moment there is.
    ("MILLIS_MAX", None),
    ("API_KEY_PREFIX", None),
];

#[tokio::test]
async fn every_bound_of_the_domain_is_told_by_its_name() {
    let told = told(Limits::default(), FileRules::default(), 100_000).await;
    let told = told["limits"].as_object().unwrap();
    let mut bounds = Vec::new();
    bounds_of(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/src"),
        &mut bounds,
    );
    assert!(bounds.len() > 30, "the sources were read: {bounds:?}");
    let lacks: Vec<&String> = bounds
        .iter()
        .filter(|bound| match OTHERWISE.iter().find(|(name, _)| name == bound) {
            Some((_, other)) => other.is_some_and(|other| !told.contains_key(other)),
            None => !told.contains_key(&bound.to_lowercase()),
        })
        .collect();
    assert!(lacks.is_empty(), "not in GET /capabilities: {lacks:?}");
}

/// Names of constants that bound something, as the sources have them.
fn bounds_of(folder: &Path, bounds: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bounds_of(&path, bounds);
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let Some((name, kind)) = line
                .trim()
                .strip_prefix("pub const ")
                .and_then(|rest| rest.split_once(": "))
            else {
                continue;
            };
            if name.ends_with("_MAX") || kind.contains("RangeInclusive") {
                bounds.push(name.to_owned());
            }
        }
    }
}

#[tokio::test]
async fn the_bounds_that_people_run_into_are_what_they_were_promised() {
    let told = told(Limits::default(), FileRules::default(), 131_072).await;
    for (name, value) in [
        ("content_chars_max", json!(16_384)),
        ("reaction_kinds_max", json!(50)),
        ("pins_max", json!(100)),
        ("attachments_max", json!(10)),
        ("slow_mode_seconds_max", json!(21_600)),
        ("edit_window_seconds_max", json!(31_536_000)),
        ("invitations_live_max", json!(100)),
        ("invitation_seconds", json!({"min": 60, "max": 31_536_000})),
        ("invitation_uses", json!({"min": 1, "max": 100_000})),
        ("blocks_max", json!(1_000)),
        ("username_chars", json!({"min": 2, "max": 32})),
        ("members_at_once_max", json!(100)),
        ("page_items_max", json!(100)),
        ("search_hits_max", json!(50)),
    ] {
        assert_eq!(told["limits"][name], value, "{name}");
    }
}
