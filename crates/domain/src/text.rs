//! What text may come in: lengths, alphabets and shapes, each with a reason a developer can act on.
//!
//! Content is stored as it was sent and escaped where it is shown; these checks only keep out what no
//! store or screen can hold (U+0000, control characters, bidi controls in names).

use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

/// Longest message, in characters.
pub const CONTENT_CHARS_MAX: usize = 16_384;
/// Longest message, in bytes of UTF-8.
pub const CONTENT_BYTES_MAX: usize = 32 * 1024;
/// Longest name of a room or person, in characters.
pub const NAME_CHARS_MAX: usize = 80;
/// Longest custom status, in characters.
pub const STATUS_CHARS_MAX: usize = 100;
/// Longest description of a room, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 2_000;
/// Shortest and longest username, in characters.
pub const USERNAME_CHARS: std::ops::RangeInclusive<usize> = 2..=32;
/// Shortest and longest password, in characters.
pub const PASSWORD_CHARS: std::ops::RangeInclusive<usize> = 8..=128;
/// Longest `client_id`, in characters.
pub const CLIENT_ID_CHARS_MAX: usize = 128;
/// Longest name of a file, in bytes of UTF-8.
pub const FILENAME_BYTES_MAX: usize = 200;
/// Largest metadata, in bytes of JSON.
pub const METADATA_BYTES_MAX: usize = 4 * 1024;
/// Deepest metadata, in nested objects and arrays.
pub const METADATA_DEPTH_MAX: usize = 8;
/// Longest `external_key`, in characters.
pub const EXTERNAL_KEY_CHARS_MAX: usize = 200;
/// Longest reason of a ban or a report, in characters.
pub const REASON_CHARS_MAX: usize = 500;
/// Longest URL, in bytes.
pub const URL_BYTES_MAX: usize = 2_048;

type Checked<T> = Result<T, String>;

/// A message's text: 1–16,384 characters, at most 32 KiB, one or more of them visible, no control characters but newline
/// and tab.
pub fn content(text: &str) -> Checked<()> {
    if text.is_empty() {
        return Err("must not be empty".into());
    }
    if text.len() > CONTENT_BYTES_MAX {
        return Err(format!("must be at most {CONTENT_BYTES_MAX} bytes of UTF-8"));
    }
    bounded(text, CONTENT_CHARS_MAX)?;
    without_controls(text)?;
    if !text.chars().any(is_visible) {
        return Err("must hold a visible character".into());
    }
    Ok(())
}

/// A name people read: 1–80 characters after trimming, one line, no bidi controls. Returned in NFC.
pub fn name(text: &str) -> Checked<String> {
    let text: String = text.trim().nfc().collect();
    if text.is_empty() {
        return Err("must not be empty".into());
    }
    bounded(&text, NAME_CHARS_MAX)?;
    if text.chars().any(char::is_control) {
        return Err("must not hold control characters".into());
    }
    if text.chars().any(is_bidi_control) {
        return Err("must not hold bidirectional control characters".into());
    }
    if !text.chars().any(is_visible) {
        return Err("must hold a visible character".into());
    }
    Ok(text)
}

/// A room's description: at most 2,000 characters, newlines allowed.
pub fn description(text: &str) -> Checked<()> {
    bounded(text, DESCRIPTION_CHARS_MAX)?;
    without_controls(text)
}

/// Why somebody is banned, or something is reported or deleted: 1–500 characters, newlines allowed.
pub fn reason(text: &str) -> Checked<()> {
    if text.trim().is_empty() {
        return Err("must not be empty".into());
    }
    bounded(text, REASON_CHARS_MAX)?;
    without_controls(text)
}

/// What somebody says of themselves: 1–100 characters after trimming, one line, no bidi controls.
pub fn status(text: &str) -> Checked<String> {
    let text: String = text.trim().nfc().collect();
    if text.is_empty() {
        return Err("must not be empty".into());
    }
    bounded(&text, STATUS_CHARS_MAX)?;
    if text.chars().any(|c| c.is_control() || is_bidi_control(c)) {
        return Err("must not hold control characters".into());
    }
    Ok(text)
}

/// A username: 2–32 ASCII letters, digits, `.`, `_` or `-`, beginning with a letter or digit.
pub fn username(text: &str) -> Checked<()> {
    if !USERNAME_CHARS.contains(&text.chars().count()) {
        return Err(format!(
            "must be {} to {} characters",
            USERNAME_CHARS.start(),
            USERNAME_CHARS.end()
        ));
    }
    let lawful = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !text.chars().all(lawful) || !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err(
            "must be ASCII letters, digits, '.', '_' or '-', beginning with a letter or digit".into(),
        );
    }
    Ok(())
}

/// The form of a username or e-mail address under which it is unique.
pub fn fold(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// A password: 8–128 characters of any kind but U+0000.
pub fn password(text: &str) -> Checked<()> {
    if !PASSWORD_CHARS.contains(&text.chars().count()) {
        return Err(format!(
            "must be {} to {} characters",
            PASSWORD_CHARS.start(),
            PASSWORD_CHARS.end()
        ));
    }
    if text.contains('\0') {
        return Err("must not hold U+0000".into());
    }
    Ok(())
}

/// An e-mail address, as far as it can be told without sending one: `local@domain`, at most 254 bytes.
pub fn email(text: &str) -> Checked<()> {
    let plausible = text.len() <= 254
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && local.len() <= 64 && !domain.is_empty() && !domain.contains('@')
        })
        && text
            .chars()
            .all(|c| !c.is_control() && !c.is_whitespace() && !is_bidi_control(c));
    if plausible {
        Ok(())
    } else {
        Err("must be an e-mail address of at most 254 bytes".into())
    }
}

/// A link to a picture: absolute `https` or `http`, at most 2,048 bytes.
pub fn url(text: &str) -> Checked<()> {
    if text.len() > URL_BYTES_MAX {
        return Err(format!("must be at most {URL_BYTES_MAX} bytes"));
    }
    let is_printable = text
        .chars()
        .all(|c| !c.is_control() && !c.is_whitespace() && !is_bidi_control(c) && !"\"<>\\^`{|}".contains(c));
    let is_of_the_web =
        url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host());
    if is_printable && is_of_the_web {
        Ok(())
    } else {
        Err("must be an http(s) URL; a picture that was uploaded is set by its upload_id".into())
    }
}

/// The name of a file, made safe rather than refused, for people do not choose what their files are called:
/// without folders, control and bidi characters or what shells and drives treat specially, in NFC, at most
/// 200 bytes with its ending kept. Never empty, never `.` or `..`.
pub fn filename(text: &str) -> String {
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    let cleaned: String = last
        .nfc()
        .filter(|c| !c.is_control() && !is_bidi_control(*c))
        .map(|c| if "<>:\"|?*".contains(c) { '_' } else { c })
        .collect();
    let name = cleaned.trim().trim_start_matches('.').trim();
    if !name.chars().any(is_visible) {
        return "file".to_owned();
    }
    if name.len() <= FILENAME_BYTES_MAX {
        return name.to_owned();
    }
    let (stem, ending) = match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 16 => (stem, format!(".{ending}")),
        _ => (name, String::new()),
    };
    let room = stem.floor_char_boundary(FILENAME_BYTES_MAX - ending.len());
    format!("{}{ending}", &stem[..room])
}

/// A client's own id of a message: 1–128 visible ASCII characters.
pub fn client_id(text: &str) -> Checked<()> {
    if (1..=CLIENT_ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(format!(
            "must be 1 to {CLIENT_ID_CHARS_MAX} visible ASCII characters"
        ))
    }
}

/// A host product's own key of a room: 1–200 characters, no control characters.
pub fn external_key(text: &str) -> Checked<()> {
    if text.is_empty() {
        return Err("must not be empty".into());
    }
    bounded(text, EXTERNAL_KEY_CHARS_MAX)?;
    if text.chars().any(char::is_control) {
        return Err("must not hold control characters".into());
    }
    Ok(())
}

/// A host product's own data: a JSON object, at most 4 KiB and 8 levels deep, without U+0000.
pub fn metadata(value: &Value) -> Checked<()> {
    if !value.is_object() {
        return Err("must be a JSON object".into());
    }
    if depth(value, METADATA_DEPTH_MAX + 1) > METADATA_DEPTH_MAX {
        return Err(format!("must be at most {METADATA_DEPTH_MAX} levels deep"));
    }
    if serde_json::to_vec(value).map_or(usize::MAX, |json| json.len()) > METADATA_BYTES_MAX {
        return Err(format!("must be at most {METADATA_BYTES_MAX} bytes of JSON"));
    }
    if holds_nul(value) {
        return Err("must not hold U+0000".into());
    }
    Ok(())
}

fn bounded(text: &str, chars_max: usize) -> Checked<()> {
    // Bytes bound characters from above, so short texts need no count.
    if text.len() > chars_max && text.chars().count() > chars_max {
        return Err(format!("must be at most {chars_max} characters"));
    }
    Ok(())
}

fn without_controls(text: &str) -> Checked<()> {
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err("must not hold control characters but newline and tab".into());
    }
    Ok(())
}

/// Characters that reorder what follows; in a name they make one person look like another.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn is_visible(c: char) -> bool {
    !c.is_whitespace()
        && !c.is_control()
        && !matches!(
            c,
            '\u{00AD}' | '\u{115F}' | '\u{1160}' | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{2064}' | '\u{2800}'
                | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        )
}

fn depth(value: &Value, depth_max: usize) -> usize {
    if depth_max == 0 {
        return 0;
    }
    match value {
        Value::Object(map) => 1 + map.values().map(|v| depth(v, depth_max - 1)).max().unwrap_or(0),
        Value::Array(list) => 1 + list.iter().map(|v| depth(v, depth_max - 1)).max().unwrap_or(0),
        _ => 0,
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(list) => list.iter().any(holds_nul),
        Value::Object(map) => map.iter().any(|(key, v)| key.contains('\0') || holds_nul(v)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn content_bounds() {
        assert!(content("x").is_ok());
        assert!(content("line\n\ttab 🙂").is_ok());
        assert!(content("").is_err());
        assert!(content("nul \0").is_err());
        assert!(content("bell \u{7}").is_err());
        for blank in [
            " ", "\n\t ", "\u{A0}", "\u{200B}", "\u{2800}", "\u{3164}", "\u{115F}", "\u{1160}", "\u{FFA0}",
        ] {
            assert!(content(blank).is_err(), "{blank:?}");
        }
        assert!(content(&"x".repeat(CONTENT_CHARS_MAX)).is_ok());
        assert!(content(&"x".repeat(CONTENT_CHARS_MAX + 1)).is_err());
        assert!(content(&"語".repeat(CONTENT_BYTES_MAX / 3 + 1)).is_err());
    }

    #[test]
    fn names_are_trimmed_and_hold_no_bidi_tricks() {
        assert_eq!(name("  Zoë  ").unwrap(), "Zoë");
        assert_eq!(name("e\u{301}").unwrap(), "é");
        assert!(name("\u{202E}evil").is_err());
        assert!(name("\u{200B}").is_err());
        assert!(name("two\nlines").is_err());
        assert!(name(&"x".repeat(81)).is_err());
    }

    #[test]
    fn usernames() {
        for good in ["al", "Bob.1", "a-b_c", &"x".repeat(32)] {
            assert!(username(good).is_ok(), "{good}");
        }
        for bad in ["a", "-ab", "a b", "zoë", &"x".repeat(33), ""] {
            assert!(username(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn filenames_are_made_safe() {
        for (given, kept) in [
            ("photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\a\\b.doc", "b.doc"),
            ("a/", "file"),
            ("..", "file"),
            (".htaccess", "htaccess"),
            ("a\u{202E}gpj.exe", "agpj.exe"),
            ("a\r\nSet-Cookie: x", "aSet-Cookie_ x"),
            ("nul\0.txt", "nul.txt"),
            ("", "file"),
            ("\u{200B}", "file"),
            ("Ångström \"1\".png", "Ångström _1_.png"),
        ] {
            assert_eq!(filename(given), kept, "{given:?}");
        }
        let long = filename(&format!("{}.jpeg", "語".repeat(200)));
        assert!(
            long.len() <= FILENAME_BYTES_MAX && long.ends_with("語.jpeg"),
            "{long}"
        );
        assert!(filename(&"x".repeat(1_000)).len() <= FILENAME_BYTES_MAX);
    }

    #[test]
    fn metadata_bounds() {
        assert!(metadata(&json!({"offer": {"id": 1}})).is_ok());
        assert!(metadata(&json!([1])).is_err());
        assert!(metadata(&json!({"k": "a\0b"})).is_err());
        assert!(metadata(&json!({"k": "x".repeat(METADATA_BYTES_MAX)})).is_err());
        let nest = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"k": inner}));
        assert!(metadata(&nest(8)).is_ok());
        assert!(metadata(&nest(9)).is_err());
    }

    #[test]
    fn urls() {
        assert!(url("https://example.org/a.png").is_ok());
        assert!(url("http://localhost:8080/a.png?b=c#d").is_ok());
        for bad in [
            "javascript:alert(1)",
            "//evil.example",
            "https://a b",
            "data:text/html,x",
            "/media/1/a.png",
            "https://",
            "http://[::1",
            "https://example.org/\u{202e}gnp.a",
            "",
        ] {
            assert!(url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn client_ids_and_addresses() {
        assert!(client_id("a-1~").is_ok());
        assert!(client_id("").is_err());
        assert!(client_id("a b").is_err());
        assert!(client_id(&"x".repeat(129)).is_err());
        assert!(email("a@b.example").is_ok());
        assert!(email("a@b@c").is_err());
        assert!(email("@b").is_err());
    }
}
