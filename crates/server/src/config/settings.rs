//! Every setting, once: its name, its kind, its default, and what it is for.

use std::net::IpAddr;
use std::path::PathBuf;

use super::value::{
    AmqpUrl, Count, DatabaseUrl, Duration, HttpUrl, LogFilter, LogFormat, Network, Origin, RateSetting,
    RedisUrl, Secret, SettingValue,
};
use super::{Environment, Finding, Findings, Role};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What is told of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The heading it stands under.
    pub group: &'static str,
    /// Its variable.
    pub variable: &'static str,
    /// What it is for, line by line.
    pub doc: &'static [&'static str],
    /// Its value when unset, as it would be written; empty for none.
    pub default: &'static str,
    /// What it takes.
    pub takes: String,
    /// Whether its text is never shown, and may come from a file named by `<variable>_FILE`.
    pub is_secret: bool,
}

macro_rules! settings {
    ($($group:literal { $($(#[doc = $doc:literal])+ $field:ident, $variable:literal: $kind:ty = $default:literal;)+ })+) => {
        /// All settings, typed and checked.
        #[derive(Clone, Debug, PartialEq)]
        pub struct Settings {
            $($($(#[doc = $doc])+ pub $field: $kind,)+)+
        }

        impl Settings {
            /// What there is to set, in the order of `.env.example`.
            pub fn entries() -> Vec<Entry> {
                vec![$($(Entry {
                    group: $group,
                    variable: $variable,
                    doc: &[$($doc),+],
                    default: $default,
                    takes: <$kind>::takes(),
                    is_secret: <$kind>::is_secret(),
                },)+)+]
            }

            /// Every value as it would be written, without what is secret; none where there is none.
            pub fn shown(&self) -> Vec<(&'static str, Option<String>)> {
                vec![$($(($variable, self.$field.show()),)+)+]
            }

            /// Reads all settings and checks them for `role` (none: for an operator's verb). All that is wrong is
            /// told at once.
            pub fn read(environment: &Environment, role: Option<Role>) -> Result<Self, Findings> {
                let mut findings = Vec::new();
                $($(let $field: Option<$kind> = take(environment, $variable, $default, &mut findings);)+)+
                if let ($($(Some($field),)+)+) = ($($($field,)+)+) {
                    let settings = Self { $($($field,)+)+ };
                    findings.extend(settings.lacks(role));
                    if findings.is_empty() {
                        return Ok(settings);
                    }
                }
                Err(Findings(findings))
            }
        }
    };
}

/// Reads one setting, or notes why not.
fn take<T: SettingValue>(
    environment: &Environment,
    variable: &'static str,
    default: &'static str,
    findings: &mut Vec<Finding>,
) -> Option<T> {
    match take_or_why::<T>(environment, variable, default) {
        Ok(value) => Some(value),
        Err(reason) => {
            findings.push(Finding { variable, reason });
            None
        }
    }
}

fn take_or_why<T: SettingValue>(
    environment: &Environment,
    variable: &'static str,
    default: &'static str,
) -> Result<T, String> {
    let given = environment
        .get(variable)
        .map_err(|()| "is not UTF-8".to_owned())?;
    let from_file = if T::is_secret() {
        file_of(environment, variable)?
    } else {
        None
    };
    let text = match (given, from_file) {
        (Some(_), Some(_)) => return Err(format!("is set twice: also by {variable}_FILE")),
        (Some(text), None) => text.to_owned(),
        (None, Some(text)) => text,
        (None, None) if default.is_empty() => {
            return T::absent().ok_or_else(|| format!("is needed: takes {}", T::takes()));
        }
        (None, None) => default.to_owned(),
    };
    T::read(text.trim()).map_err(|_| {
        if T::is_secret() {
            format!("takes {}", T::takes())
        } else {
            format!("takes {}, not `{}`", T::takes(), text.escape_debug())
        }
    })
}

/// The text of a secret's file, as containers are given them.
fn file_of(environment: &Environment, variable: &str) -> Result<Option<String>, String> {
    const FILE_BYTES_MAX: u64 = 64 * 1024;
    let name = format!("{variable}_FILE");
    let Some(path) = environment
        .get(&name)
        .map_err(|()| format!("{name} is not UTF-8"))?
    else {
        return Ok(None);
    };
    let size = std::fs::metadata(path)
        .map_err(|error| format!("{name}: {path}: {error}"))?
        .len();
    if size > FILE_BYTES_MAX {
        return Err(format!("{name}: {path} has more than {FILE_BYTES_MAX} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| format!("{name}: {path}: {error}"))?;
    if text.trim().is_empty() {
        Err(format!("{name}: {path} is empty"))
    } else {
        Ok(Some(text))
    }
}

settings! {
    "Where it listens" {
        /// The address of the public port. The default is for this machine alone; 0.0.0.0 lets others in.
        host, "HOST": IpAddr = "127.0.0.1";
        /// The public port: REST, WebSocket, SSE, documents, /health and /ready.
        port, "PORT": u16 = "8080";
        /// Whether the page offers to fill an empty database with a few people and their talk (POST /demo). It does so
        /// only on the all-in-one, on a loopback HOST, with no DATABASE_URL, RABBITMQ_URL and REDIS_URL.
        demo, "DEMO": bool = "true";
        /// The address of the admin port. It tells much: keep it off the public network.
        admin_host, "ADMIN_HOST": IpAddr = "127.0.0.1";
        /// The admin port: /metrics, /health and /ready with details.
        admin_port, "ADMIN_PORT": u16 = "9090";
        /// Origins whose pages may call the API and open sockets from a browser.
        cors_origins, "CORS_ORIGINS": Vec<Origin> = "";
        /// Proxies whose X-Forwarded-For is believed; it is ignored from all others.
        trusted_proxies, "TRUSTED_PROXIES": Vec<Network> = "";
        /// Connections to the public port at once; more are closed at the door.
        connections_max, "CONNECTIONS_MAX": Count<1, 1_000_000> = "16000";
        /// The same from one address; trusted proxies are exempt.
        connections_per_address_max, "CONNECTIONS_PER_ADDRESS_MAX": Count<1, 1_000_000> = "8000";
        /// A request's head that is not complete by then, or an idle connection, is closed.
        header_read_timeout, "HEADER_READ_TIMEOUT": Duration<SECOND, { 5 * MINUTE }> = "10s";
        /// A request that is not answered by then gets 503.
        request_timeout, "REQUEST_TIMEOUT": Duration<SECOND, { 5 * MINUTE }> = "10s";
        /// Largest request body, in bytes.
        body_bytes_max, "BODY_BYTES_MAX": Count<{ 64 * 1024 }, { 16 * 1024 * 1024 }> = "131072";
        /// A graceful stop is over after this, whatever is left.
        shutdown_timeout, "SHUTDOWN_TIMEOUT": Duration<SECOND, { 5 * MINUTE }> = "10s";
    }
    "Its parts; each has an embedded twin, which only a single process can use" {
        /// PostgreSQL. Unset: SQLite, in confab.db in the data folder.
        database_url, "DATABASE_URL": Option<DatabaseUrl> = "";
        /// Connections to PostgreSQL for each process, besides one per lane.
        database_connections_max, "DATABASE_CONNECTIONS_MAX": Count<2, 1_000> = "16";
        /// Transactions that group sends at once; rooms are spread over them.
        database_lanes, "DATABASE_LANES": Count<1, 8> = "2";
        /// RabbitMQ. Unset: events stay in this process.
        rabbitmq_url, "RABBITMQ_URL": Option<AmqpUrl> = "";
        /// Redis. Unset: the short memory of this process.
        redis_url, "REDIS_URL": Option<RedisUrl> = "";
        /// What all keys in Redis begin with, so that several products can share one.
        redis_prefix, "REDIS_PREFIX": String = "confab:";
        /// The folder of the embedded database and of the key that the all-in-one makes for itself.
        data_dir, "DATA_DIR": PathBuf = "./data";
    }
    "Files; only processes that answer REST need these" {
        /// The folder where files are kept. Unset: files in the data folder. A fleet shares one, on a disk that
        /// each of its API processes mounts, or uses S3.
        files_dir, "FILES_DIR": Option<PathBuf> = "";
        /// The bucket of a store that speaks S3, where files are kept instead.
        s3_bucket, "S3_BUCKET": Option<String> = "";
        /// Its address. Unset: Amazon's own.
        s3_endpoint, "S3_ENDPOINT": Option<HttpUrl> = "";
        /// Its region.
        s3_region, "S3_REGION": String = "us-east-1";
        /// Who we are there. Unset: whoever the machine it runs on is.
        s3_access_key_id, "S3_ACCESS_KEY_ID": Option<String> = "";
        /// The secret that goes with it.
        s3_secret_access_key, "S3_SECRET_ACCESS_KEY": Option<Secret> = "";
        /// Whether the bucket is part of the host name instead of the path.
        s3_bucket_in_host, "S3_BUCKET_IN_HOST": bool = "false";
        /// What all keys in the bucket begin with.
        s3_prefix, "S3_PREFIX": Option<String> = "";
        /// Largest file, in bytes.
        file_bytes_max, "FILE_BYTES_MAX": Count<1024, { 40 * 1024 * 1024 * 1024 }> = "104857600";
        /// Largest picture (JPEG, PNG, GIF, WebP), in bytes; it is held in memory while it is written anew.
        image_bytes_max, "IMAGE_BYTES_MAX": Count<1024, { 200 * 1024 * 1024 }> = "20971520";
        /// Most pixels of such a picture. Decoding takes up to 16 bytes a pixel, for 64 million of them at once.
        image_pixels_max, "IMAGE_PIXELS_MAX": Count<1_000_000, 400_000_000> = "50000000";
        /// What one person's files may take up together, in bytes; 0: no bound.
        files_quota_bytes, "FILES_QUOTA_BYTES": Count<0, { 1 << 50 }> = "0";
        /// Types that may be uploaded, as found out from their bytes: image/png or image/*. Unset: all that are
        /// not denied.
        file_types_allowed, "FILE_TYPES_ALLOWED": Vec<String> = "";
        /// Types that may not. The default is pictures whose metadata, such as where they were taken, cannot be
        /// removed here.
        file_types_denied, "FILE_TYPES_DENIED": Vec<String> = "image/avif,image/heic,image/heif,image/jxl,image/tiff";
        /// Uploads that come in at once to one process; more get 503. Each takes 5 MiB of memory, a picture its
        /// own size.
        uploads_at_once_max, "UPLOADS_AT_ONCE_MAX": Count<1, 1_000> = "16";
        /// An upload that is not whole by then is given up.
        upload_timeout, "UPLOAD_TIMEOUT": Duration<{ 10 * SECOND }, { 2 * HOUR }> = "15m";
        /// A file that no message bears by then, and that is nobody's picture, is removed.
        unattached_files_keep, "UNATTACHED_FILES_KEEP": Duration<{ 10 * MINUTE }, { 90 * DAY }> = "24h";
        /// How long a signed link opens its file at most; at least half of it.
        media_link_ttl, "MEDIA_LINK_TTL": Duration<MINUTE, HOUR> = "10m";
    }
    "Tokens and logins" {
        /// Signs our access tokens (HS256), at least 32 bytes: `openssl rand -base64 48`. There is no default:
        /// the all-in-one makes one in its data folder, a fleet shares one.
        jwt_secret, "JWT_SECRET": Option<Secret> = "";
        /// Signs them instead, so that others can check them by /.well-known/jwks.json: a PEM private key,
        /// Ed25519 (`openssl genpkey -algorithm ed25519`), P-256 in PKCS#8 or RSA.
        jwt_private_key, "JWT_PRIVATE_KEY": Option<Secret> = "";
        /// Former secrets whose tokens still hold, during a rotation.
        jwt_previous_secrets, "JWT_PREVIOUS_SECRETS": Vec<Secret> = "";
        /// Former public keys whose tokens still hold: PEM, one after another.
        jwt_previous_public_keys, "JWT_PREVIOUS_PUBLIC_KEYS": Option<Secret> = "";
        /// `iss` of our own tokens.
        jwt_own_issuer, "JWT_OWN_ISSUER": String = "confab";
        /// `aud` of our own tokens.
        jwt_own_audience, "JWT_OWN_AUDIENCE": String = "confab";
        /// The key set of an outside issuer, whose users appear here on first sight.
        jwt_jwks_url, "JWT_JWKS_URL": Option<HttpUrl> = "";
        /// `iss` of the outside issuer's tokens, exactly.
        jwt_issuer, "JWT_ISSUER": Option<String> = "";
        /// What `aud` of the outside issuer's tokens must be or hold.
        jwt_audience, "JWT_AUDIENCE": Option<String> = "";
        /// The claim of the outside issuer that tells roles, like realm_access.roles. Unset: all are users.
        jwt_role_claim, "JWT_ROLE_CLAIM": Option<String> = "";
        /// The value in that claim that makes an admin.
        jwt_role_admin, "JWT_ROLE_ADMIN": Option<String> = "";
        /// The value in that claim that makes a service.
        jwt_role_service, "JWT_ROLE_SERVICE": Option<String> = "";
        /// How long an access token lasts.
        access_token_ttl, "ACCESS_TOKEN_TTL": Duration<{ 10 * SECOND }, DAY> = "15m";
        /// A login that is not renewed ends after this.
        session_ttl, "SESSION_TTL": Duration<MINUTE, { 400 * DAY }> = "30d";
        /// A refresh token spent again within this is taken for a lost answer, not for theft.
        refresh_grace, "REFRESH_GRACE": Duration<0, { 5 * MINUTE }> = "1m";
        /// A ticket for a socket lasts this long.
        ticket_ttl, "TICKET_TTL": Duration<SECOND, { 10 * MINUTE }> = "30s";
    }
    "Events for other services" {
        /// Whether events on RabbitMQ bear the text of messages.
        events_content, "EVENTS_CONTENT": bool = "true";
        /// How long the stream queue confab.events.log keeps events. Counts when the queue is first made.
        events_log_max_age, "EVENTS_LOG_MAX_AGE": Duration<MINUTE, { 400 * DAY }> = "7d";
        /// How long rooms' logs are kept for replay; messages stay. Older ones are read from history.
        log_keep, "LOG_KEEP": Duration<HOUR, { 4_000 * DAY }> = "7d";
    }
    "How long it keeps what has ended" {
        /// Links into rooms that were taken back, are used up or over. Admins see them in their list until then.
        invitations_keep, "INVITATIONS_KEEP": Duration<HOUR, { 4_000 * DAY }> = "30d";
        /// Reports that a moderator was done with. Open ones stay.
        reports_keep, "REPORTS_KEEP": Duration<HOUR, { 4_000 * DAY }> = "180d";
        /// API keys that were taken back or are over: who had one is part of what happened.
        api_keys_keep, "API_KEYS_KEEP": Duration<HOUR, { 4_000 * DAY }> = "180d";
    }
    "What it tells" {
        /// Which log lines are written.
        log_level, "LOG_LEVEL": LogFilter = "info";
        /// How they look.
        log_format, "LOG_FORMAT": LogFormat = "human";
        /// Where traces are sent (OTLP over HTTP). Unset: nowhere.
        otel_exporter_otlp_endpoint, "OTEL_EXPORTER_OTLP_ENDPOINT": Option<HttpUrl> = "";
    }
    "Limits" {
        /// Sends of one person over all direct rooms; the whole window may be used at once.
        direct_sends, "LIMIT_DIRECT_SENDS": RateSetting = "20/1m";
        /// Sends of one person over all other rooms.
        room_sends, "LIMIT_ROOM_SENDS": RateSetting = "30/1m";
        /// Logins tried per account name; per address ten times as many.
        logins, "LIMIT_LOGINS": RateSetting = "10/1m";
        /// Registrations per address.
        registrations, "LIMIT_REGISTRATIONS": RateSetting = "30/1m";
        /// Rooms made, joined, edited and ended, members added, removed and changed, per person.
        room_changes, "LIMIT_ROOM_CHANGES": RateSetting = "60/1m";
        /// Reactions and pins, made and taken back, per person.
        reactions, "LIMIT_REACTIONS": RateSetting = "60/1m";
        /// Searches in messages, per person; each page is one.
        searches, "LIMIT_SEARCHES": RateSetting = "60/1m";
        /// Messages that one person edits.
        edits, "LIMIT_EDITS": RateSetting = "60/1m";
        /// Messages that one person deletes.
        deletes, "LIMIT_DELETES": RateSetting = "60/1m";
        /// Read and delivered marks that one person moves.
        marks, "LIMIT_MARKS": RateSetting = "1200/1m";
        /// Tickets for sockets, per person.
        tickets, "LIMIT_TICKETS": RateSetting = "60/1m";
        /// Refresh tokens spent, per address.
        refreshes, "LIMIT_REFRESHES": RateSetting = "600/1m";
        /// Changes of one person's own account.
        profile_changes, "LIMIT_PROFILE_CHANGES": RateSetting = "30/1m";
        /// Messages that one person reports.
        reports, "LIMIT_REPORTS": RateSetting = "20/1m";
        /// Links into rooms that one person makes. Coming in by one is of LIMIT_ROOM_CHANGES, as joining is.
        invitations, "LIMIT_INVITATIONS": RateSetting = "20/1m";
        /// People whom one person blocks.
        blocks, "LIMIT_BLOCKS": RateSetting = "20/1m";
        /// Requests of one person over REST, whatever they ask: the backstop behind all others. Services have none.
        requests, "LIMIT_REQUESTS": RateSetting = "1200/1m";
        /// Files uploaded, per person.
        uploads, "LIMIT_UPLOADS": RateSetting = "30/1m";
        /// Frames of one connection.
        frames, "LIMIT_FRAMES": RateSetting = "120/10s";
        /// Largest frame, in bytes.
        frame_bytes_max, "FRAME_BYTES_MAX": Count<{ 40 * 1024 }, { 1024 * 1024 }> = "131072";
        /// Frames of one socket that are worked on at once.
        frames_in_flight_max, "FRAMES_IN_FLIGHT_MAX": Count<1, 1_000> = "32";
        /// Rooms that one connection follows; of more, the most recently active.
        rooms_per_connection_max, "ROOMS_PER_CONNECTION_MAX": Count<1, 10_000> = "1000";
        /// Live connections of one person; one more closes the oldest.
        connections_per_user_max, "CONNECTIONS_PER_USER_MAX": Count<1, 1_000> = "8";
        /// Missed events of one room that a resume replays; above that it is reset.
        replay_events_per_room_max, "REPLAY_EVENTS_PER_ROOM_MAX": Count<1, 1_000_000> = "10000";
        /// Missed events of one connection that a resume replays; above that rooms are reset.
        replay_events_per_connection_max, "REPLAY_EVENTS_PER_CONNECTION_MAX": Count<1, 1_000_000> = "50000";
        /// Rooms with more members get no presence signals, only queries.
        presence_signal_members_max, "PRESENCE_SIGNAL_MEMBERS_MAX": Count<0, 10_000> = "500";
    }
}
