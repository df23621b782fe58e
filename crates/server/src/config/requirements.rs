//! What each role cannot do without, and what only makes sense together.

use confab_identity::SECRET_BYTES_MIN;

use super::{Finding, Settings};

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything in one process, embedded where nothing shared is set.
    AllInOne,
    /// REST.
    Api,
    /// WebSocket and SSE.
    Gateway,
    /// The outbox to RabbitMQ.
    EventPublisher,
}

impl Role {
    /// Its name in logs and as a verb.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AllInOne => "all-in-one",
            Self::Api => "api",
            Self::Gateway => "gateway",
            Self::EventPublisher => "event-publisher",
        }
    }

    /// Whether it answers REST.
    pub const fn has_api(self) -> bool {
        matches!(self, Self::AllInOne | Self::Api)
    }

    /// Whether it serves sockets and streams.
    pub const fn has_gateway(self) -> bool {
        matches!(self, Self::AllInOne | Self::Gateway)
    }

    /// Whether it publishes events.
    pub const fn has_event_publisher(self) -> bool {
        matches!(self, Self::AllInOne | Self::EventPublisher)
    }

    const fn is_fleet(self) -> bool {
        !matches!(self, Self::AllInOne)
    }
}

impl Settings {
    /// What is wrong with these settings for this role.
    pub(super) fn lacks(&self, role: Option<Role>) -> Vec<Finding> {
        let mut findings = self.contradictions();
        if let Some(role) = role.filter(|role| role.is_fleet()) {
            findings.extend(self.lacks_of_fleet_role(role));
        }
        findings
    }

    fn lacks_of_fleet_role(&self, role: Role) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut need = |variable, is_there: bool, what: &str| {
            if !is_there {
                let reason = format!(
                    "`confab {}` needs {what}; only the all-in-one (`confab`) can do without",
                    role.name()
                );
                findings.push(Finding { variable, reason });
            }
        };
        let shares_database = self.database_url.as_ref().is_some_and(|url| !url.is_embedded());
        need(
            "DATABASE_URL",
            shares_database,
            "a database to share: postgres://user:password@host/database",
        );
        need(
            "RABBITMQ_URL",
            self.rabbitmq_url.is_some(),
            "a RabbitMQ to share: amqp://user:password@host/vhost",
        );
        need(
            "FILES_DIR",
            !role.has_api() || self.files_dir.is_some() || self.s3_bucket.is_some(),
            "a place for files to share: a folder that each API process mounts, or an S3_BUCKET",
        );
        // The publisher checks no tokens and keeps nothing in the short memory.
        if role != Role::EventPublisher {
            need(
                "REDIS_URL",
                self.redis_url.is_some(),
                "a Redis to share: redis://host",
            );
            let has_key = self.jwt_secret.is_some() || self.jwt_private_key.is_some();
            need(
                "JWT_SECRET",
                has_key,
                "a secret to share, or a JWT_PRIVATE_KEY; `openssl rand -base64 48` makes a secret",
            );
        }
        findings
    }

    fn contradictions(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut add = |variable, reason: &str| {
            findings.push(Finding {
                variable,
                reason: reason.to_owned(),
            });
        };
        if self.jwt_secret.is_some() && self.jwt_private_key.is_some() {
            add(
                "JWT_SECRET",
                "and JWT_PRIVATE_KEY cannot both sign; put the former one into JWT_PREVIOUS_SECRETS",
            );
        }
        let is_short = |secret: &super::Secret| secret.0.len() < SECRET_BYTES_MIN;
        let short =
            format!("takes at least {SECRET_BYTES_MIN} bytes; `openssl rand -base64 48` makes a secret");
        if self.jwt_secret.as_ref().is_some_and(is_short) {
            add("JWT_SECRET", &short);
        }
        if self.jwt_previous_secrets.iter().any(is_short) {
            add("JWT_PREVIOUS_SECRETS", &short);
        }
        if self.s3_bucket.is_some() && self.files_dir.is_some() {
            add("FILES_DIR", "and S3_BUCKET cannot both keep the files");
        }
        let s3 = [
            ("S3_ENDPOINT", self.s3_endpoint.is_some()),
            ("S3_ACCESS_KEY_ID", self.s3_access_key_id.is_some()),
            ("S3_SECRET_ACCESS_KEY", self.s3_secret_access_key.is_some()),
            ("S3_PREFIX", self.s3_prefix.is_some()),
        ];
        for (variable, is_set) in s3 {
            if is_set && self.s3_bucket.is_none() {
                add(variable, "needs S3_BUCKET");
            }
        }
        if self.s3_access_key_id.is_some() != self.s3_secret_access_key.is_some() {
            add("S3_ACCESS_KEY_ID", "and S3_SECRET_ACCESS_KEY go together");
        }
        if self.jwt_jwks_url.is_some() {
            if self.jwt_issuer.is_none() {
                add(
                    "JWT_ISSUER",
                    "is needed with JWT_JWKS_URL: the `iss` of the outside issuer's tokens, exactly",
                );
            }
            if self.jwt_audience.is_none() {
                add(
                    "JWT_AUDIENCE",
                    "is needed with JWT_JWKS_URL: what `aud` of the outside issuer's tokens holds",
                );
            }
            if self.jwt_issuer.as_ref() == Some(&self.jwt_own_issuer) {
                add("JWT_ISSUER", "must differ from JWT_OWN_ISSUER");
            }
        } else {
            let without = "belongs to an outside issuer and needs JWT_JWKS_URL";
            if self.jwt_issuer.is_some() {
                add(
                    "JWT_ISSUER",
                    &format!("{without}; that of our own tokens is JWT_OWN_ISSUER"),
                );
            }
            if self.jwt_audience.is_some() {
                add(
                    "JWT_AUDIENCE",
                    &format!("{without}; that of our own tokens is JWT_OWN_AUDIENCE"),
                );
            }
            if self.jwt_role_claim.is_some() {
                add("JWT_ROLE_CLAIM", without);
            }
        }
        match (
            &self.jwt_role_claim,
            self.jwt_role_admin.is_some() || self.jwt_role_service.is_some(),
        ) {
            (Some(_), false) => add(
                "JWT_ROLE_CLAIM",
                "maps nothing without JWT_ROLE_ADMIN or JWT_ROLE_SERVICE",
            ),
            (None, true) => {
                let variable = if self.jwt_role_admin.is_some() {
                    "JWT_ROLE_ADMIN"
                } else {
                    "JWT_ROLE_SERVICE"
                };
                add(variable, "needs JWT_ROLE_CLAIM: the claim to look into");
            }
            _ => {}
        }
        if self.connections_per_address_max.0 > self.connections_max.0 {
            add(
                "CONNECTIONS_PER_ADDRESS_MAX",
                "must not be more than CONNECTIONS_MAX",
            );
        }
        if self.replay_events_per_room_max.0 > self.replay_events_per_connection_max.0 {
            add(
                "REPLAY_EVENTS_PER_ROOM_MAX",
                "must not be more than REPLAY_EVENTS_PER_CONNECTION_MAX",
            );
        }
        if self.access_token_ttl.0 > self.session_ttl.0 {
            add("ACCESS_TOKEN_TTL", "must not be longer than SESSION_TTL");
        }
        findings
    }
}
