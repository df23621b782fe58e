//! What this server can do, and every bound that a client may run into.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use confab_domain::change::ROOM_MEMBERS_MAX;
use confab_domain::commands::{
    API_KEY_DAYS_MAX, MEMBERS_AT_ONCE_MAX, READ_AT_ONCE_MAX, SIGNED_AT_ONCE_MAX, USERS_AT_ONCE_MAX,
};
use confab_domain::emoji::EMOJI_BYTES_MAX;
use confab_domain::ports::{BLOCKS_MAX, Files, Ports, SEARCH_CANDIDATES_MAX};
use confab_domain::search::QUERY_CHARS_MAX;
use confab_domain::{
    ATTACHMENTS_MAX, EDIT_WINDOW_SECONDS_MAX, FileRules, HERE_MEMBERS_MAX, INVITATION_SECONDS,
    INVITATION_SECONDS_DEFAULT, INVITATION_USES, INVITATIONS_LIVE_MAX, LINKS_MAX, Limits, MENTIONS_MAX,
    PINS_MAX, PREVIEW_CHARS_MAX, REACTION_KINDS_MAX, Rate, SLOW_MODE_SECONDS_MAX, text,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::cursor::PAGE_ITEMS_MAX;
use crate::router::AppState;
use crate::routes::search::HITS_MAX;
use crate::{Demo, Settings};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(capabilities))
}

/// What this server can do and what its bounds are.
#[derive(Serialize, ToSchema)]
pub(crate) struct Capabilities {
    /// Always `confab`.
    #[schema(example = "confab")]
    name: &'static str,
    /// The version of the server.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The version of the socket protocol.
    #[schema(example = 1)]
    protocol: u32,
    /// What there is; what comes later is added here. `demo`: this empty database would be filled by `POST /demo`.
    #[schema(example = json!(["direct_rooms", "event_log", "files", "marks", "presence", "rooms", "search", "sse", "websocket"]))]
    features: Vec<&'static str>,
    /// The bounds.
    limits: CapabilityLimits,
}

/// The bounds of this server, all of them settings or fixed in the protocol.
#[derive(Serialize, ToSchema)]
pub(crate) struct CapabilityLimits {
    /// Sends of one person over all direct rooms.
    direct_sends: CapabilityRate,
    /// Sends of one person over all other rooms.
    room_sends: CapabilityRate,
    /// Searches in messages of one person; each page is one.
    searches: CapabilityRate,
    /// Uploads of one person.
    uploads: CapabilityRate,
    /// Every budget that is shared by all nodes, by the name in the headers `RateLimit` and `RateLimit-Policy`.
    #[schema(example = json!({"send_room": {"limit": 30, "window_seconds": 60}}))]
    budgets: BTreeMap<&'static str, CapabilityRate>,
    /// Frames of one connection.
    frames: CapabilityRate,
    /// Largest frame, in bytes.
    frame_bytes_max: usize,
    /// Frames of one connection that are worked on at once.
    frames_in_flight_max: usize,
    /// Largest request body, in bytes.
    body_bytes_max: usize,
    /// Live connections of one person.
    connections_per_user_max: usize,
    /// Rooms that one connection follows.
    rooms_per_connection_max: usize,
    /// Missed events of one room that are replayed.
    replay_events_per_room_max: i64,
    /// Missed events of one connection that are replayed.
    replay_events_per_connection_max: i64,
    /// Rooms with more members get no presence signals, only queries.
    presence_signal_members_max: i64,
    /// Largest file, in bytes.
    file_bytes_max: u64,
    /// Largest picture (JPEG, PNG, GIF, WebP), in bytes.
    image_bytes_max: u64,
    /// Most pixels of such a picture.
    image_pixels_max: u64,
    /// What one person's files may take up together, in bytes; 0: no bound.
    files_quota_bytes: u64,
    /// Types that may be uploaded, such as `image/*`; empty: all that are not denied.
    #[schema(example = json!([]))]
    file_types_allowed: Vec<String>,
    /// Types that may not.
    #[schema(example = json!(["image/heic"]))]
    file_types_denied: Vec<String>,
    /// A file that no message bears by then, and that is no picture of a person or room, is removed.
    unattached_files_keep_seconds: u64,
    /// How long a signed link opens its file at most.
    media_link_seconds_max: u64,
    /// Longest message, in characters.
    content_chars_max: usize,
    /// Longest message, in bytes.
    content_bytes_max: usize,
    /// Largest metadata of a message or room, in bytes.
    metadata_bytes_max: usize,
    /// Deepest metadata.
    metadata_depth_max: usize,
    /// Longest `client_id`, in characters.
    client_id_chars_max: usize,
    /// Most files of one message.
    attachments_max: usize,
    /// Most people that one message names.
    mentions_max: usize,
    /// `@here` names everybody in rooms of at most so many.
    here_members_max: i64,
    /// Most links that are found in one message.
    links_max: usize,
    /// Longest preview of a message that is replied to, in characters.
    preview_chars_max: usize,
    /// Most different reactions to one message.
    reaction_kinds_max: usize,
    /// Longest emoji, in bytes.
    emoji_bytes_max: usize,
    /// Most pinned messages of one room.
    pins_max: i64,
    /// Longest reason of a deletion, ban or report, in characters.
    reason_chars_max: usize,
    /// Longest name of a room or person, in characters.
    name_chars_max: usize,
    /// Longest description of a room, in characters.
    description_chars_max: usize,
    /// Longest key of a room, and longest outside id of a person, in characters.
    external_key_chars_max: usize,
    /// Largest room, in members.
    room_members_max: i64,
    /// Slowest pace of a room: seconds between two messages of one member.
    slow_mode_seconds_max: i64,
    /// Longest time for edits that has an end, in seconds.
    edit_window_seconds_max: i64,
    /// Most links into one room that still open.
    invitations_live_max: i64,
    /// For how many seconds a link may open.
    invitation_seconds: CapabilityRange,
    /// For how many it does when nothing is said.
    invitation_seconds_default: i64,
    /// How many people a link may be for, when it is said how many.
    invitation_uses: CapabilityRange,
    /// How long a username is, in characters.
    username_chars: CapabilityRange,
    /// How long a password is, in characters.
    password_chars: CapabilityRange,
    /// Longest status of a person, in characters.
    status_chars_max: usize,
    /// Longest address of a picture, in bytes.
    url_bytes_max: usize,
    /// Most people that one person blocks.
    blocks_max: i64,
    /// Longest life of an API key that ends by itself, in days.
    api_key_days_max: u64,
    /// Most items in a page.
    page_items_max: usize,
    /// Most members named at once.
    members_at_once_max: usize,
    /// Most people that the host product names at once.
    users_at_once_max: usize,
    /// Most files whose links are signed at once.
    signed_at_once_max: usize,
    /// Conversations that `POST /me/read` reads at once.
    read_at_once_max: usize,
    /// Most answers in a page of a search.
    search_hits_max: usize,
    /// Longest query of a search, in characters.
    search_query_chars_max: usize,
    /// Most messages that one page of a search looks at.
    search_candidates_max: usize,
}

/// A budget of attempts; the whole window may be spent at once.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"limit": 30, "window_seconds": 60}))]
pub(crate) struct CapabilityRate {
    /// Attempts in a window; 0: no limit.
    limit: u32,
    /// The window.
    window_seconds: u64,
}

impl From<Rate> for CapabilityRate {
    fn from(rate: Rate) -> Self {
        Self {
            limit: rate.limit,
            window_seconds: rate.window.as_secs(),
        }
    }
}

/// From the least that is taken to the most.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"min": 60, "max": 31_536_000}))]
pub(crate) struct CapabilityRange {
    /// The least.
    min: i64,
    /// The most.
    max: i64,
}

impl From<RangeInclusive<i64>> for CapabilityRange {
    fn from(range: RangeInclusive<i64>) -> Self {
        let (min, max) = range.into_inner();
        Self { min, max }
    }
}

fn chars(range: RangeInclusive<usize>) -> CapabilityRange {
    let (min, max) = range.into_inner();
    CapabilityRange {
        min: min as i64,
        max: max as i64,
    }
}

/// Capabilities
///
/// Limits, features and versions.
#[utoipa::path(
    get, path = "/capabilities", tag = "operations",
    responses((status = 200, description = "What this server can do.", body = Capabilities))
)]
async fn capabilities(
    State(ports): State<Arc<Ports>>,
    State(files): State<Arc<Files>>,
    State(settings): State<Arc<Settings>>,
    State(demo): State<Option<Arc<dyn Demo>>>,
) -> Json<Capabilities> {
    let is_demo_offered = match &demo {
        Some(demo) => demo.is_offered().await,
        None => false,
    };
    Json(Capabilities {
        name: "confab",
        version: env!("CARGO_PKG_VERSION"),
        protocol: 1,
        features: [
            "account_deactivation",
            "api_keys",
            "avatars",
            "blocks",
            "conversations",
            "direct_rooms",
            "edit_history",
            "event_log",
            "external_users",
            "files",
            "forwards",
            "invitations",
            "marks",
            "mention_list",
            "mentions",
            "moderation",
            "posting",
            "pins",
            "presence",
            "reactions",
            "receipts",
            "replies",
            "reports",
            "room_files",
            "rooms",
            "rooms_by_key",
            "search",
            "sse",
            "statuses",
            "system_messages",
            "threads",
            "typing",
            "websocket",
        ]
        .into_iter()
        .chain(is_demo_offered.then_some("demo"))
        .collect(),
        limits: CapabilityLimits::new(&ports.limits, &files.rules, &settings),
    })
}

impl CapabilityLimits {
    /// Takes its settings apart whole, so that one more of them does not compile until it is told here.
    fn new(limits: &Limits, rules: &FileRules, settings: &Settings) -> Self {
        let Limits {
            direct_sends,
            room_sends,
            searches,
            uploads,
            rooms_per_connection_max,
            connections_per_user_max,
            frames,
            frame_bytes_max,
            frames_in_flight_max,
            replay_events_per_room_max,
            replay_events_per_connection_max,
            presence_signal_members_max,
            // Told among all budgets, by name.
            logins: _,
            registrations: _,
            room_changes: _,
            reactions: _,
            edits: _,
            deletes: _,
            marks: _,
            tickets: _,
            refreshes: _,
            profile_changes: _,
            reports: _,
            invitations: _,
            blocks: _,
            requests: _,
        } = *limits;
        let FileRules {
            file_bytes_max,
            image_bytes_max,
            image_pixels_max,
            quota_bytes,
            types_allowed,
            types_denied,
            unattached_ttl,
            link_ttl,
        } = rules;
        let budgets = limits.budgets().into_iter();
        Self {
            direct_sends: direct_sends.into(),
            room_sends: room_sends.into(),
            searches: searches.into(),
            uploads: uploads.into(),
            budgets: budgets.map(|(name, rate)| (name, rate.into())).collect(),
            frames: frames.into(),
            frame_bytes_max,
            frames_in_flight_max,
            body_bytes_max: settings.body_bytes_max,
            connections_per_user_max,
            rooms_per_connection_max,
            replay_events_per_room_max,
            replay_events_per_connection_max,
            presence_signal_members_max,
            file_bytes_max: *file_bytes_max,
            image_bytes_max: *image_bytes_max,
            image_pixels_max: *image_pixels_max,
            files_quota_bytes: *quota_bytes,
            file_types_allowed: types_allowed.clone(),
            file_types_denied: types_denied.clone(),
            unattached_files_keep_seconds: unattached_ttl.as_secs(),
            media_link_seconds_max: link_ttl.as_secs(),
            content_chars_max: text::CONTENT_CHARS_MAX,
            content_bytes_max: text::CONTENT_BYTES_MAX,
            metadata_bytes_max: text::METADATA_BYTES_MAX,
            metadata_depth_max: text::METADATA_DEPTH_MAX,
            client_id_chars_max: text::CLIENT_ID_CHARS_MAX,
            attachments_max: ATTACHMENTS_MAX,
            mentions_max: MENTIONS_MAX,
            here_members_max: HERE_MEMBERS_MAX,
            links_max: LINKS_MAX,
            preview_chars_max: PREVIEW_CHARS_MAX,
            reaction_kinds_max: REACTION_KINDS_MAX,
            emoji_bytes_max: EMOJI_BYTES_MAX,
            pins_max: PINS_MAX,
            reason_chars_max: text::REASON_CHARS_MAX,
            name_chars_max: text::NAME_CHARS_MAX,
            description_chars_max: text::DESCRIPTION_CHARS_MAX,
            external_key_chars_max: text::EXTERNAL_KEY_CHARS_MAX,
            room_members_max: ROOM_MEMBERS_MAX,
            slow_mode_seconds_max: SLOW_MODE_SECONDS_MAX,
            edit_window_seconds_max: EDIT_WINDOW_SECONDS_MAX,
            invitations_live_max: INVITATIONS_LIVE_MAX,
            invitation_seconds: INVITATION_SECONDS.into(),
            invitation_seconds_default: INVITATION_SECONDS_DEFAULT,
            invitation_uses: INVITATION_USES.into(),
            username_chars: chars(text::USERNAME_CHARS),
            password_chars: chars(text::PASSWORD_CHARS),
            status_chars_max: text::STATUS_CHARS_MAX,
            url_bytes_max: text::URL_BYTES_MAX,
            blocks_max: BLOCKS_MAX,
            api_key_days_max: API_KEY_DAYS_MAX,
            page_items_max: PAGE_ITEMS_MAX,
            members_at_once_max: MEMBERS_AT_ONCE_MAX,
            users_at_once_max: USERS_AT_ONCE_MAX,
            signed_at_once_max: SIGNED_AT_ONCE_MAX,
            read_at_once_max: READ_AT_ONCE_MAX,
            search_hits_max: HITS_MAX,
            search_query_chars_max: QUERY_CHARS_MAX,
            search_candidates_max: SEARCH_CANDIDATES_MAX,
        }
    }
}
