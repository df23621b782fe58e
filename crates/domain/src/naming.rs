//! Finds whom and what a text names: `@username`, `@here`, and addresses of the web.
//!
//! Pure and bounded: what it finds are candidates; who of them is a member is the store's to say.

use std::collections::HashSet;
use std::ops::Range;

use linkify::{LinkFinder, LinkKind};
use pulldown_cmark::{Event, Parser, Tag};

use crate::text::{URL_BYTES_MAX, USERNAME_CHARS, fold};
use crate::{ContentType, LINKS_MAX, MENTIONS_MAX};

/// Names that are looked up: more than may be mentioned, for not every `@word` is a member.
const CANDIDATES_MAX: usize = 2 * MENTIONS_MAX;
/// The name that stands for everybody.
const HERE: &str = "here";

/// What a text names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// What stood behind an `@`, in order, each once.
    pub candidates: Vec<Candidate>,
    /// Whether `@here` is among it.
    pub here: bool,
    /// Addresses, in order, each once.
    pub links: Vec<String>,
}

/// What stood behind an `@`, case-folded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// All that could be a username.
    pub whole: String,
    /// The same without the punctuation at its end, where there is some: `@bob.` at the end of a sentence is
    /// `bob`, unless somebody is called `bob.`.
    pub trimmed: Option<String>,
}

/// Reads a text. Nothing is found in the code of markdown, and no name in an address of the web or of mail.
pub fn read(text: &str, content_type: ContentType) -> Words {
    if !text.contains('@') && !text.contains("://") {
        return Words::default();
    }
    let code = if content_type == ContentType::Markdown {
        code_of(text)
    } else {
        Vec::new()
    };
    let mut words = Words::default();
    let mut addresses = Vec::new();
    let mut seen = HashSet::new();
    for link in LinkFinder::new().links(text) {
        addresses.push(link.start()..link.end());
        let is_web = *link.kind() == LinkKind::Url && is_web(link.as_str());
        if is_web
            && words.links.len() < LINKS_MAX
            && link.as_str().len() <= URL_BYTES_MAX
            && !holds(&code, link.start())
            && seen.insert(link.as_str())
        {
            words.links.push(link.as_str().to_owned());
        }
    }
    for (at, _) in text.match_indices('@') {
        if holds(&code, at) || holds(&addresses, at) {
            continue;
        }
        let Some(candidate) = candidate(&text[..at], &text[at + 1..]) else {
            continue;
        };
        if candidate.whole == HERE || candidate.trimmed.as_deref() == Some(HERE) {
            words.here = true;
        } else if words.candidates.len() < CANDIDATES_MAX && !words.candidates.contains(&candidate) {
            words.candidates.push(candidate);
        }
    }
    words
}

fn is_web(address: &str) -> bool {
    let begins = |scheme: &str| {
        address
            .get(..scheme.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    begins("https://") || begins("http://")
}

/// Where code stands, ascending: spans, fenced and indented blocks.
fn code_of(text: &str) -> Vec<Range<usize>> {
    Parser::new(text)
        .into_offset_iter()
        .filter(|(event, _)| matches!(event, Event::Code(_) | Event::Start(Tag::CodeBlock(_))))
        .map(|(_, range)| range)
        .collect()
}

/// Whether one of these ranges, which ascend and do not overlap, holds the place.
fn holds(ranges: &[Range<usize>], at: usize) -> bool {
    let after = ranges.partition_point(|range| range.start <= at);
    after > 0 && ranges[after - 1].contains(&at)
}

fn candidate(before: &str, after: &str) -> Option<Candidate> {
    let stands_alone = before
        .chars()
        .next_back()
        .is_none_or(|c| !is_word(c) && !"._%+-@/".contains(c));
    if !stands_alone {
        return None;
    }
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let end = after.find(|c: char| !is_of_name(c)).unwrap_or(after.len());
    // A letter beyond ASCII goes on with a word that no username is; another `@` makes it an address.
    if after[end..]
        .chars()
        .next()
        .is_some_and(|c| c == '@' || is_word(c))
    {
        return None;
    }
    let whole = &after[..end];
    let trimmed = whole.trim_end_matches(['.', '_', '-']);
    let is_lawful = |name: &str| crate::text::username(name).is_ok();
    match (is_lawful(whole), is_lawful(trimmed)) {
        (true, true) if trimmed.len() < whole.len() => Some(Candidate {
            whole: fold(whole),
            trimmed: Some(fold(trimmed)),
        }),
        (true, _) => Some(Candidate {
            whole: fold(whole),
            trimmed: None,
        }),
        (false, true) if whole.len() > *USERNAME_CHARS.end() => Some(Candidate {
            whole: fold(trimmed),
            trimmed: None,
        }),
        (false, _) => None,
    }
}

/// Whether a letter or digit belongs to the word beside it. In scripts that are written without spaces it
/// need not.
fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        && !matches!(c,
            '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
            | '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}'
            | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        let words = read(text, ContentType::Plain);
        words
            .candidates
            .into_iter()
            .map(|candidate| candidate.trimmed.unwrap_or(candidate.whole))
            .collect()
    }

    #[test]
    fn names_stand_alone() {
        assert_eq!(
            names("@Bob, @ann-marie and (@Carl.B)!"),
            ["bob", "ann-marie", "carl.b"]
        );
        assert_eq!(names("hello @bob. Hello **@bob**"), ["bob", "bob"]);
        assert_eq!(names("你好@bob你好 @安"), ["bob"]);
        for none in [
            "ann@example.com",
            "mail ann.b@bob",
            "@bob@example.social",
            "https://example.social/@bob",
            "@zoë @ @. @-x",
            "josé@bob",
            "@@bob",
            &format!("@{}", "x".repeat(33)),
        ] {
            assert!(names(none).is_empty(), "{none}: {:?}", names(none));
        }
    }

    #[test]
    fn a_point_may_end_a_sentence_or_a_name() {
        let words = read("Ask @bob.", ContentType::Plain);
        assert_eq!(
            words.candidates,
            [Candidate {
                whole: "bob.".into(),
                trimmed: Some("bob".into())
            }]
        );
        let words = read(&format!("@{}...", "x".repeat(31)), ContentType::Plain);
        assert_eq!(words.candidates[0].whole, "x".repeat(31));
    }

    #[test]
    fn here_is_everybody() {
        assert!(read("@Here!", ContentType::Plain).here);
        assert!(read("@here.", ContentType::Plain).here);
        assert!(!read("here, @hereafter", ContentType::Plain).here);
    }

    #[test]
    fn code_of_markdown_names_nobody() {
        let text = "`@span` @one\n\n```\n@fence https://in.code/x\n```\n\n    @indented\n\n- @two [a](https://b.example/c_(d))\n";
        let words = read(text, ContentType::Markdown);
        let found: Vec<_> = words.candidates.iter().map(|c| c.whole.as_str()).collect();
        assert_eq!(found, ["one", "two"]);
        assert_eq!(words.links, ["https://b.example/c_(d)"]);
        let plain = read(text, ContentType::Plain);
        assert_eq!(plain.candidates.len(), 5);
        assert_eq!(plain.links.len(), 2);
    }

    #[test]
    fn links_are_of_the_web_and_bounded() {
        let text = "See https://example.org/a?b=c, HTTP://EXAMPLE.org. ftp://no javascript://no data:no x://y \
                    https://example.org/a?b=c";
        let words = read(text, ContentType::Plain);
        assert_eq!(words.links, ["https://example.org/a?b=c", "HTTP://EXAMPLE.org"]);
        let many: Vec<String> = (0..100).map(|n| format!("https://example.org/{n}")).collect();
        let many = many.join(" ");
        assert_eq!(read(&many, ContentType::Plain).links.len(), LINKS_MAX);
        let long = format!("https://example.org/{}", "x".repeat(URL_BYTES_MAX));
        assert!(read(&long, ContentType::Plain).links.is_empty());
    }

    #[test]
    fn a_text_full_of_names_is_bounded() {
        let text: Vec<String> = (0..1_000).map(|n| format!("@user{n}")).collect();
        let text = text.join(" ");
        assert_eq!(read(&text, ContentType::Plain).candidates.len(), CANDIDATES_MAX);
        let hostile = "`@".repeat(16_000);
        read(&hostile, ContentType::Markdown);
        read(&"[".repeat(32_000), ContentType::Markdown);
        read(&"@a".repeat(16_000), ContentType::Plain);
    }
}
