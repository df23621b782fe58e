//! What a setting can be: how it is read from text, what it takes, and how it is shown.

use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;

use axum::http::{HeaderValue, Uri};
use confab_domain::Rate;

/// The text is not what the setting takes. Without the text itself, which may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit;

/// A kind of value that a setting can have.
pub trait SettingValue: Sized {
    /// What it takes, to follow "takes".
    fn takes() -> String;
    /// Reads it. `Err` when it is not what [`Self::takes`] says.
    fn read(text: &str) -> Result<Self, Unfit>;
    /// As it would be written, without what is secret. None when there is no value.
    fn show(&self) -> Option<String>;
    /// Whether its text must never be shown, not even when it is wrong.
    fn is_secret() -> bool {
        false
    }
    /// The value of a variable that is not set and has no default.
    fn absent() -> Option<Self> {
        None
    }
}

impl<T: SettingValue> SettingValue for Option<T> {
    fn takes() -> String {
        T::takes()
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        T::read(text).map(Some)
    }
    fn show(&self) -> Option<String> {
        self.as_ref().and_then(T::show)
    }
    fn is_secret() -> bool {
        T::is_secret()
    }
    fn absent() -> Option<Self> {
        Some(None)
    }
}

/// A list is written with commas.
impl<T: SettingValue> SettingValue for Vec<T> {
    fn takes() -> String {
        format!("{}; several with commas between", T::takes())
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        text.split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(T::read)
            .collect()
    }
    fn show(&self) -> Option<String> {
        let items: Vec<_> = self.iter().filter_map(T::show).collect();
        (!items.is_empty()).then(|| items.join(","))
    }
    fn is_secret() -> bool {
        T::is_secret()
    }
    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

impl SettingValue for String {
    fn takes() -> String {
        "1 to 255 printable characters".to_owned()
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        let is_good = text.len() <= 255 && !text.chars().any(char::is_control);
        is_good.then(|| text.to_owned()).ok_or(Unfit)
    }
    fn show(&self) -> Option<String> {
        Some(self.clone())
    }
}

impl SettingValue for bool {
    fn takes() -> String {
        "true or false".to_owned()
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        match text {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(Unfit),
        }
    }
    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl SettingValue for u16 {
    fn takes() -> String {
        "a port from 1 to 65535, or 0 for any free one".to_owned()
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        text.parse().map_err(|_| Unfit)
    }
    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl SettingValue for IpAddr {
    fn takes() -> String {
        "an IP address of this machine; 0.0.0.0 for all, :: for all with IPv6".to_owned()
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        if text == "localhost" {
            return Ok(IpAddr::from([127, 0, 0, 1]));
        }
        text.parse().map_err(|_| Unfit)
    }
    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl SettingValue for PathBuf {
    fn takes() -> String {
        "the path of a folder".to_owned()
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        Ok(Self::from(text))
    }
    fn show(&self) -> Option<String> {
        Some(self.display().to_string())
    }
}

/// A whole number within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count<const MIN: u64, const MAX: u64>(pub u64);

impl<const MIN: u64, const MAX: u64> SettingValue for Count<MIN, MAX> {
    fn takes() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        let number = text.parse().map_err(|_| Unfit)?;
        (MIN..=MAX).contains(&number).then_some(Self(number)).ok_or(Unfit)
    }
    fn show(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// A span of time within bounds in milliseconds, written as `250ms`, `10s`, `15m`, `12h` or `30d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duration<const MIN_MS: u64, const MAX_MS: u64>(pub std::time::Duration);

const UNITS_MS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

fn read_ms(text: &str) -> Result<u64, Unfit> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| Unfit)?;
    let (_, unit_ms) = UNITS_MS
        .into_iter()
        .find(|(name, _)| *name == unit.trim_start())
        .ok_or(Unfit)?;
    number.checked_mul(unit_ms).ok_or(Unfit)
}

fn show_ms(ms: u64) -> String {
    let fits = |(_, unit_ms): &&(&str, u64)| ms >= *unit_ms && ms.is_multiple_of(*unit_ms);
    let (unit, unit_ms) = UNITS_MS.iter().rev().find(fits).unwrap_or(&UNITS_MS[1]);
    format!("{}{unit}", ms / unit_ms)
}

impl<const MIN_MS: u64, const MAX_MS: u64> SettingValue for Duration<MIN_MS, MAX_MS> {
    fn takes() -> String {
        format!(
            "a time from {} to {}, like 250ms, 10s, 15m, 12h or 30d",
            show_ms(MIN_MS),
            show_ms(MAX_MS)
        )
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        let ms = read_ms(text)?;
        (MIN_MS..=MAX_MS)
            .contains(&ms)
            .then(|| Self(std::time::Duration::from_millis(ms)))
            .ok_or(Unfit)
    }
    fn show(&self) -> Option<String> {
        Some(show_ms(u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// So many in a window, written as `20/1m`; 0 in any window is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateSetting(pub Rate);

impl SettingValue for RateSetting {
    fn takes() -> String {
        "attempts in a window of at most a day, like 20/1m or 120/10s; 0/1m for no limit".to_owned()
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        let (limit, window) = text.split_once('/').ok_or(Unfit)?;
        let limit = limit.trim().parse().map_err(|_| Unfit)?;
        let window_ms = read_ms(window.trim())?;
        if !(1_000..=86_400_000).contains(&window_ms) {
            return Err(Unfit);
        }
        Ok(Self(Rate {
            limit,
            window: std::time::Duration::from_millis(window_ms),
        }))
    }
    fn show(&self) -> Option<String> {
        let window_ms = u64::try_from(self.0.window.as_millis()).unwrap_or(u64::MAX);
        Some(format!("{}/{}", self.0.limit, show_ms(window_ms)))
    }
}

/// What must never be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl SettingValue for Secret {
    fn takes() -> String {
        "a secret text".to_owned()
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        Ok(Self(text.to_owned()))
    }
    fn show(&self) -> Option<String> {
        Some("…".to_owned())
    }
    fn is_secret() -> bool {
        true
    }
}

/// An address that begins with one of some schemes and may bear a password.
fn masked(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return "…".to_owned();
    };
    let (authority, tail) = rest.find(['/', '?']).map_or((rest, ""), |at| rest.split_at(at));
    let (path, query) = tail
        .split_once('?')
        .map_or((tail, None), |(path, query)| (path, Some(query)));
    // A query may bear a password too (`?password=`): it is not shown at all.
    let query = if query.is_some() { "?…" } else { "" };
    match authority.rsplit_once('@') {
        Some((credentials, host)) => {
            let user = credentials.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:…@{host}{path}{query}")
        }
        None => format!("{scheme}://{authority}{path}{query}"),
    }
}

macro_rules! urls {
    ($($(#[$doc:meta])* $name:ident: $takes:literal, $prefixes:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(pub String);

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&masked(&self.0))
            }
        }

        impl SettingValue for $name {
            fn takes() -> String {
                $takes.to_owned()
            }
            fn read(text: &str) -> Result<Self, Unfit> {
                let prefixes: &[&str] = &$prefixes;
                let has_host = |prefix: &&str| text.strip_prefix(*prefix).is_some_and(|rest| !rest.is_empty());
                let is_good = prefixes.iter().any(has_host) && !text.chars().any(|c| c.is_control() || c == ' ');
                is_good.then(|| Self(text.to_owned())).ok_or(Unfit)
            }
            fn show(&self) -> Option<String> {
                Some(if self.0.contains("://") { masked(&self.0) } else { self.0.clone() })
            }
            fn is_secret() -> bool {
                true
            }
        }
    )*};
}

urls! {
    /// The archive.
    DatabaseUrl: "postgres://user:password@host:port/database or sqlite://path?mode=rwc",
        ["postgres://", "postgresql://", "sqlite:"];
    /// The wire.
    AmqpUrl: "amqp://user:password@host:port/vhost (or amqps://)", ["amqp://", "amqps://"];
    /// The short memory.
    RedisUrl: "redis://user:password@host:port/database (or rediss://)", ["redis://", "rediss://"];
    /// A web address.
    HttpUrl: "https://host/path (or http://)", ["https://", "http://"];
}

impl DatabaseUrl {
    /// Whether only one process can use it.
    pub fn is_embedded(&self) -> bool {
        self.0.starts_with("sqlite:")
    }
}

/// The origin of a web page, exactly as browsers send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(pub HeaderValue);

impl SettingValue for Origin {
    fn takes() -> String {
        "an origin as browsers send it: https://host or https://host:port, no path, no *".to_owned()
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        let uri: Uri = text.parse().map_err(|_| Unfit)?;
        let scheme = uri
            .scheme_str()
            .filter(|scheme| ["https", "http"].contains(scheme))
            .ok_or(Unfit)?;
        let authority = uri.authority().ok_or(Unfit)?.as_str();
        let is_exact = text == format!("{scheme}://{authority}")
            && text == text.to_ascii_lowercase()
            && !authority.contains(['*', '@']);
        if !is_exact {
            return Err(Unfit);
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| Unfit)
    }
    fn show(&self) -> Option<String> {
        self.0.to_str().ok().map(str::to_owned)
    }
}

/// An address or a range of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: u128,
    mask: u128,
    text_address: IpAddr,
    text_bits: u8,
}

/// IPv4 within IPv6 (`::ffff:a.b.c.d`), so that one arithmetic serves both.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    }
}

impl Network {
    /// Whether an address belongs to it.
    pub fn contains(&self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.base
    }
}

impl SettingValue for Network {
    fn takes() -> String {
        "an address or a range like 10.0.0.0/8 or fd00::/8".to_owned()
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse::<u8>().map_err(|_| Unfit)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| Unfit)?;
        let own_bits: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(own_bits);
        if prefix > own_bits {
            return Err(Unfit);
        }
        let host_bits = u32::from(own_bits - prefix);
        let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
        let base = bits(address);
        if base & mask != base {
            return Err(Unfit);
        }
        Ok(Self {
            base,
            mask,
            text_address: address,
            text_bits: prefix,
        })
    }
    fn show(&self) -> Option<String> {
        Some(format!("{}/{}", self.text_address, self.text_bits))
    }
}

/// Which events are logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFilter(pub String);

impl SettingValue for LogFilter {
    fn takes() -> String {
        "error, warn, info, debug, trace or off; finer as in info,confab_gateway=debug".to_owned()
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        let lowered = text.to_ascii_lowercase();
        let levels = ["off", "error", "warn", "info", "debug", "trace"];
        // A bare word is otherwise taken for the name of a crate, and silently logs nothing else.
        let is_level = |directive: &str| directive.contains('=') || levels.contains(&directive);
        if !lowered.split(',').map(str::trim).all(is_level) {
            return Err(Unfit);
        }
        tracing_subscriber::EnvFilter::try_new(&lowered).map_err(|_| Unfit)?;
        Ok(Self(lowered))
    }
    fn show(&self) -> Option<String> {
        Some(self.0.clone())
    }
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

impl SettingValue for LogFormat {
    fn takes() -> String {
        "human or json".to_owned()
    }
    fn read(text: &str) -> Result<Self, Unfit> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err(Unfit),
        }
    }
    fn show(&self) -> Option<String> {
        Some(if *self == Self::Human { "human" } else { "json" }.to_owned())
    }
}
