//! Halves of characters in JSON texts: escapes of lone surrogates, which are no Unicode text.

/// The text with each such escape replaced by U+FFFD. None when there is none.
pub(super) fn replaced(json: &str) -> Option<String> {
    let mut mended = String::with_capacity(json.len());
    let mut rest = json;
    let mut is_mended = false;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        mended.push_str(before);
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                is_mended = true;
                mended.push(char::REPLACEMENT_CHARACTER);
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            // The escaped character goes along, so that a backslash is not taken for the next escape's.
            _ => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        let (kept, after) = escape.split_at(length);
        mended.push_str(kept);
        rest = after;
    }
    mended.push_str(rest);
    is_mended.then_some(mended)
}

/// The UTF-16 code unit that an escape at the beginning of the text stands for.
fn unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix("\\u")?.get(..4)?;
    // Rust would take a sign.
    digits
        .bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_are_replaced_and_nothing_else() {
        for (json, mended) in [
            (r#"{"a":"hi\ud83d"}"#, Some("{\"a\":\"hi\u{FFFD}\"}")),
            (
                r#"{"a":"\ude00\ud83d\ude00"}"#,
                Some("{\"a\":\"\u{FFFD}\\ud83d\\ude00\"}"),
            ),
            (r#""\ud83d\ud83d\ude00""#, Some("\"\u{FFFD}\\ud83d\\ude00\"")),
            (r#""\uD83Dx""#, Some("\"\u{FFFD}x\"")),
            (r#""\\ud83d""#, None),
            (r#""\ud83d\ude00""#, None),
            (r#""\u+83d""#, None),
            (r#""\n\u00e9 plain ü""#, None),
            ("\\", None),
            ("\\ü", None),
            ("\\u12ü", None),
        ] {
            assert_eq!(replaced(json).as_deref(), mended, "{json}");
        }
    }
}
