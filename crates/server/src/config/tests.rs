//! Settings as people write them, right and wrong.

use std::ffi::OsString;
use std::net::IpAddr;

use confab_domain::Limits;

use super::*;

fn reasons(environment: &Environment, role: Option<Role>) -> Vec<(&'static str, String)> {
    let findings = Settings::read(environment, role)
        .expect_err("the settings must be refused")
        .0;
    findings
        .into_iter()
        .map(|finding| (finding.variable, finding.reason))
        .collect()
}

fn variables(environment: &Environment, role: Option<Role>) -> Vec<&'static str> {
    reasons(environment, role)
        .into_iter()
        .map(|(variable, _)| variable)
        .collect()
}

#[test]
fn the_example_holds_every_setting_and_nothing_else() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.env.example");
    let written = std::fs::read_to_string(path).unwrap();
    assert!(
        written == example(),
        "`.env.example` is not what `confab config --example` prints"
    );
}

#[test]
fn the_example_uncommented_is_what_is_in_force_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env");
    let is_setting = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.contains('=');
    let uncommented: String = example()
        .lines()
        .map(|line| {
            if is_setting(line) {
                format!("{}\n", &line[1..])
            } else {
                format!("{line}\n")
            }
        })
        .collect();
    std::fs::write(&file, uncommented).unwrap();
    let environment = Environment::with_file(&file, []).unwrap();
    assert_eq!(environment.unknown().count(), 0);
    let settings = Settings::read(&environment, Some(Role::AllInOne)).unwrap();
    assert_eq!(settings, Settings::read(&Environment::default(), None).unwrap());
}

#[test]
fn the_defaults_are_those_of_the_domain() {
    let settings = Settings::read(&Environment::default(), Some(Role::AllInOne)).unwrap();
    assert_eq!(settings.limits(), Limits::default());
    assert_eq!(
        (settings.host, settings.port),
        (IpAddr::from([127, 0, 0, 1]), 8080)
    );
    assert_eq!(settings.access_token_ttl.0, std::time::Duration::from_mins(15));
}

#[test]
fn every_limit_that_is_set_is_the_one_that_is_kept() {
    let limits: Vec<&str> = Settings::entries()
        .iter()
        .filter(|entry| entry.group == "Limits")
        .map(|entry| entry.variable)
        .collect();
    let default = Limits::default();
    for variable in &limits {
        let is_rate = variable.starts_with("LIMIT_");
        let environment = Environment::of([(*variable, if is_rate { "7/3s" } else { "50123" })]);
        // Of another number they take, where this one is out of their bounds.
        let settings = Settings::read(&environment, None)
            .or_else(|_| Settings::read(&Environment::of([(*variable, "123")]), None))
            .unwrap();
        let kept = settings.limits();
        assert_ne!(kept, default, "{variable} is kept nowhere");
        let changed: Vec<&str> = kept
            .budgets()
            .into_iter()
            .zip(default.budgets())
            .filter_map(|(kept, default)| (kept != default).then_some(kept.0))
            .collect();
        let own_name = variable.trim_start_matches("LIMIT_").to_lowercase();
        let expected = match own_name.as_str() {
            "direct_sends" => vec!["send_direct"],
            "room_sends" => vec!["send_room"],
            "logins" => vec!["login"],
            "registrations" => vec!["register"],
            name if is_rate && name != "frames" => vec![name],
            _ => Vec::new(),
        };
        assert_eq!(changed, expected, "{variable}");
    }
    assert_eq!(limits.len(), 26, "as many as `Limits` has");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let environment = Environment::of([
        ("PORT", "eighty"),
        ("HOST", "example.com"),
        ("CORS_ORIGINS", "https://a.example,https://b.example/path"),
        ("ACCESS_TOKEN_TTL", "15"),
        ("LIMIT_ROOM_SENDS", "many"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
        ("DATABASE_URL", "mysql://root:hunter2@localhost/x"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("FRAME_BYTES_MAX", "1"),
        ("EVENTS_CONTENT", "maybe"),
    ]);
    let reasons = reasons(&environment, None);
    let mut named: Vec<_> = reasons.iter().map(|(variable, _)| *variable).collect();
    named.sort_unstable();
    assert_eq!(
        named,
        [
            "ACCESS_TOKEN_TTL",
            "CORS_ORIGINS",
            "DATABASE_URL",
            "EVENTS_CONTENT",
            "FRAME_BYTES_MAX",
            "HOST",
            "LIMIT_ROOM_SENDS",
            "LOG_FORMAT",
            "LOG_LEVEL",
            "PORT",
            "TRUSTED_PROXIES"
        ]
    );
    for (variable, reason) in reasons {
        assert!(reason.starts_with("takes "), "{variable}: {reason}");
        assert!(!reason.contains("hunter2"), "{reason}");
    }
}

#[test]
fn a_fleet_role_names_what_it_lacks() {
    let nothing = Environment::default();
    let shared = ["DATABASE_URL", "RABBITMQ_URL", "REDIS_URL", "JWT_SECRET"];
    let mut with_files = shared.to_vec();
    with_files.insert(2, "FILES_DIR");
    assert_eq!(variables(&nothing, Some(Role::Api)), with_files);
    assert_eq!(variables(&nothing, Some(Role::Gateway)), shared);
    assert_eq!(
        variables(&nothing, Some(Role::EventPublisher)),
        ["DATABASE_URL", "RABBITMQ_URL"]
    );
    let empty = Environment::of([
        ("DATABASE_URL", ""),
        ("S3_BUCKET", "files"),
        ("REDIS_URL", "redis://r"),
        ("RABBITMQ_URL", "amqp://r"),
    ]);
    assert_eq!(variables(&empty, Some(Role::Api)), ["DATABASE_URL", "JWT_SECRET"]);
    let embedded = Environment::of([
        ("DATABASE_URL", "sqlite://chat.db"),
        ("FILES_DIR", "/mnt/files"),
        ("REDIS_URL", "redis://r"),
        ("RABBITMQ_URL", "amqp://r"),
        ("JWT_SECRET", "0123456789abcdef0123456789abcdef"),
    ]);
    assert_eq!(variables(&embedded, Some(Role::Api)), ["DATABASE_URL"]);
    assert!(Settings::read(&embedded, Some(Role::AllInOne)).is_ok());
}

#[test]
fn contradictions_are_named() {
    let secret = "0123456789abcdef0123456789abcdef";
    for (environment, variable) in [
        (Environment::of([("JWT_SECRET", "short")]), "JWT_SECRET"),
        (
            Environment::of([("JWT_SECRET", secret), ("JWT_PRIVATE_KEY", "pem")]),
            "JWT_SECRET",
        ),
        (Environment::of([("JWT_ISSUER", "x")]), "JWT_ISSUER"),
        (
            Environment::of([("JWT_JWKS_URL", "https://i/k"), ("JWT_ISSUER", "x")]),
            "JWT_AUDIENCE",
        ),
        (
            Environment::of([
                ("JWT_JWKS_URL", "https://i/k"),
                ("JWT_ISSUER", "confab"),
                ("JWT_AUDIENCE", "a"),
            ]),
            "JWT_ISSUER",
        ),
        (Environment::of([("JWT_ROLE_ADMIN", "x")]), "JWT_ROLE_ADMIN"),
        (
            Environment::of([("CONNECTIONS_MAX", "10")]),
            "CONNECTIONS_PER_ADDRESS_MAX",
        ),
        (
            Environment::of([("ACCESS_TOKEN_TTL", "10m"), ("SESSION_TTL", "5m")]),
            "ACCESS_TOKEN_TTL",
        ),
        (
            Environment::of([("S3_BUCKET", "files"), ("FILES_DIR", "/mnt/files")]),
            "FILES_DIR",
        ),
        (Environment::of([("S3_PREFIX", "chat")]), "S3_PREFIX"),
        (
            Environment::of([("S3_BUCKET", "files"), ("S3_ACCESS_KEY_ID", "me")]),
            "S3_ACCESS_KEY_ID",
        ),
    ] {
        assert_eq!(variables(&environment, None), [variable]);
    }
}

#[test]
fn secrets_are_never_shown() {
    let environment = Environment::of([
        (
            "DATABASE_URL",
            "postgres://ada:hunter2@db:5432/chat?password=hunter2&host=/run",
        ),
        ("RABBITMQ_URL", "amqp://ada:hunter2@mq/%2f"),
        ("REDIS_URL", "redis://:hunter2@cache"),
        ("S3_BUCKET", "files"),
        ("S3_ACCESS_KEY_ID", "me"),
        ("S3_SECRET_ACCESS_KEY", "hunter2"),
        ("JWT_SECRET", "hunter2-hunter2-hunter2-hunter2-hunter2"),
        (
            "JWT_PREVIOUS_SECRETS",
            "hunter2-hunter2-hunter2-hunter2-one,hunter2-hunter2-hunter2-hunter2-two",
        ),
    ]);
    let settings = Settings::read(&environment, Some(Role::Api)).unwrap();
    let shown = format!("{:?}\n{settings:?}", settings.shown());
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("postgres://ada:…@db:5432/chat"), "{shown}");
    assert_eq!(settings.jwt_previous_secrets.len(), 2);
}

#[test]
fn a_secret_may_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, "0123456789abcdef0123456789abcdef\n").unwrap();
    let of = |extra: &[(&str, &str)]| {
        let process = extra
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let file = (OsString::from("JWT_SECRET_FILE"), path.clone().into_os_string());
        Environment::with_file(&folder.path().join(".env"), process.chain([file])).unwrap()
    };
    let settings = Settings::read(&of(&[]), None).unwrap();
    assert_eq!(settings.jwt_secret.unwrap().0, "0123456789abcdef0123456789abcdef");
    assert_eq!(
        variables(&of(&[("JWT_SECRET", "0123456789abcdef0123456789abcdef")]), None),
        ["JWT_SECRET"]
    );
    std::fs::remove_file(&path).unwrap();
    assert!(reasons(&of(&[]), None)[0].1.starts_with("JWT_SECRET_FILE: "));
}

#[test]
fn the_environment_wins_over_the_file_even_when_empty() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(".env");
    std::fs::write(
        &file,
        "PORT=1\nADMIN_PORT=2\nREDIS_URL=redis://r\nPROT=3\nJWT_SECRET_FILE=\n",
    )
    .unwrap();
    let process = [("PORT", "5"), ("REDIS_URL", "")].map(|(name, value)| (name.into(), value.into()));
    let environment = Environment::with_file(&file, process).unwrap();
    let settings = Settings::read(&environment, None).unwrap();
    assert_eq!(
        (settings.port, settings.admin_port, settings.redis_url),
        (5, 2, None)
    );
    assert_eq!(environment.unknown().collect::<Vec<_>>(), ["PROT"]);

    std::fs::write(&file, "JWT_SECRET='hunter2\n").unwrap();
    let error = Environment::with_file(&file, []).err().unwrap().to_string();
    assert!(error.contains(".env") && !error.contains("hunter2"), "{error}");
}

#[test]
fn networks_hold_their_addresses() {
    let holds =
        |network: &str, address: &str| Network::read(network).unwrap().contains(address.parse().unwrap());
    assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.1"));
    assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
    assert!(
        holds("127.0.0.1", "::ffff:127.0.0.1"),
        "IPv4 that came in by an IPv6 socket"
    );
    assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fe80::1"));
    assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "2001:db8::1"));
    assert!(holds("::/0", "1.2.3.4") && holds("::/0", "2001:db8::1"));
    for bad in [
        "10.0.0.0/33",
        "10.0.0.1/8",
        "10.0.0",
        "::/129",
        "",
        "/8",
        "10.0.0.0/-1",
    ] {
        assert!(Network::read(bad).is_err(), "{bad}");
    }
}

#[test]
fn times_and_rates_are_written_as_they_are_read() {
    type Any = Duration<0, { u64::MAX }>;
    for text in ["250ms", "10s", "15m", "12h", "30d", "90s"] {
        assert_eq!(Any::read(text).unwrap().show().unwrap(), text);
    }
    for bad in [
        "",
        "s",
        "10",
        "-1s",
        "1.5h",
        "10 parsecs",
        "99999999999999999999d",
    ] {
        assert!(Any::read(bad).is_err(), "{bad}");
    }
    for text in ["20/1m", "120/10s", "0/1m"] {
        assert_eq!(RateSetting::read(text).unwrap().show().unwrap(), text);
    }
    for bad in ["20", "20/", "/1m", "20/2d", "20/1ms", "-1/1m"] {
        assert!(RateSetting::read(bad).is_err(), "{bad}");
    }
}
