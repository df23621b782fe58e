//! Parts of a file (RFC 9110): single ranges; several at once, and what is not understood, mean the whole.

use std::ops::Range;

use http::{HeaderMap, header};

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it.
    Whole,
    /// This part, which is not empty and lies inside.
    Part(Range<u64>),
    /// A part that lies outside.
    Outside,
}

/// What is asked of a file of `size` bytes whose entity tag is `etag`.
pub(super) fn asked(headers: &HeaderMap, size: u64, etag: &str) -> Asked {
    let text = |name| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    };
    let Some(range) = text(header::RANGE) else {
        return Asked::Whole;
    };
    // The rest of another file would be worse than none.
    if headers.contains_key(header::IF_RANGE) && text(header::IF_RANGE) != Some(etag) {
        return Asked::Whole;
    }
    parsed(range, size)
}

fn parsed(range: &str, size: u64) -> Asked {
    let Some((from, to)) = range
        .strip_prefix("bytes=")
        .filter(|ranges| !ranges.contains(','))
        .and_then(|range| range.trim().split_once('-'))
    else {
        return Asked::Whole;
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        // More digits than fit are a number that lies outside.
        is_number.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    match (number(from), number(to)) {
        (None, Some(0)) if from.is_empty() => Asked::Outside,
        (None, Some(last)) if from.is_empty() => Asked::Part(size.saturating_sub(last)..size),
        (Some(from), to) if to.is_some() || range.ends_with('-') => {
            let end = to.map_or(size, |to| to.saturating_add(1)).min(size);
            match to {
                Some(to) if to < from => Asked::Whole,
                _ if from >= size => Asked::Outside,
                _ => Asked::Part(from..end),
            }
        }
        _ => Asked::Whole,
    }
}

/// Whether the client's copy is the file (`If-None-Match`).
pub(super) fn has_it(headers: &HeaderMap, etag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|tag| tag == etag || tag == "*")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn single_ranges_are_understood() {
        for (range, asked) in [
            ("bytes=0-", Asked::Part(0..10)),
            ("bytes=0-0", Asked::Part(0..1)),
            ("bytes=3-5", Asked::Part(3..6)),
            ("bytes=3-99999999999999999999999", Asked::Part(3..10)),
            ("bytes=-3", Asked::Part(7..10)),
            ("bytes=-99", Asked::Part(0..10)),
            ("bytes=9-", Asked::Part(9..10)),
            ("bytes=10-", Asked::Outside),
            ("bytes=10-12", Asked::Outside),
            ("bytes=99999999999999999999999-", Asked::Outside),
            ("bytes=-0", Asked::Outside),
            ("bytes=5-3", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=a-b", Asked::Whole),
            ("bytes=1-b", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=", Asked::Whole),
            ("lines=1-2", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
        ] {
            assert_eq!(parsed(range, 10), asked, "{range}");
        }
    }

    #[test]
    fn conditions_are_kept() {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, HeaderValue::from_static("bytes=1-2"));
        assert_eq!(asked(&headers, 10, "\"a\""), Asked::Part(1..3));
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"b\""));
        assert_eq!(asked(&headers, 10, "\"a\""), Asked::Whole);
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"a\""));
        assert_eq!(asked(&headers, 10, "\"a\""), Asked::Part(1..3));
        assert!(!has_it(&headers, "\"a\""));
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"x\", W/\"a\""));
        assert!(has_it(&headers, "\"a\"") && !has_it(&headers, "\"b\""));
    }
}
