//! What the API needs to know besides its ports; `server` fills it in.

use std::time::Duration;

use confab_domain::commands::SessionTimes;
use http::HeaderValue;

/// Settings of the API.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Origins whose pages may call from a browser, exactly as browsers send them.
    pub cors_origins: Vec<HeaderValue>,
    /// Largest request body, in bytes.
    pub body_bytes_max: usize,
    /// A request that is not answered by then is answered 503, its outcome unknown.
    pub request_timeout: Duration,
    /// Uploads that come in at once; more are answered 503.
    pub uploads_at_once_max: usize,
    /// An upload that is not whole by then is given up.
    pub upload_timeout: Duration,
    /// How long logins, refresh tokens and tickets live.
    pub session_times: SessionTimes,
    /// Whether flat events (`form=flat`) bear message text, as on RabbitMQ.
    pub events_with_content: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cors_origins: Vec::new(),
            body_bytes_max: 128 * 1024,
            request_timeout: Duration::from_secs(10),
            uploads_at_once_max: 16,
            upload_timeout: Duration::from_mins(15),
            session_times: SessionTimes::default(),
            events_with_content: true,
        }
    }
}
