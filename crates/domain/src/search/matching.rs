//! Whether a text answers a query, how closely, and where.

use super::folding::{Folded, fold};
use super::pieces::{Kind, Piece, pieces};
use super::query::{Query, Sequence};
use super::similar;

/// Highlights of one text; what is found beyond is not marked.
const HIGHLIGHTS_MAX: usize = 64;
/// What a whole word is worth.
const WHOLE: i64 = 1_000;
/// What a word is worth that was found with a slip.
const SLIPPED: i64 = 250;
/// Most that is added when all words stand in the order of the query, next to each other.
const IN_ORDER: i64 = 150;
/// Most that is added when the text says nothing else.
const BREVITY: i64 = 50;

/// How closely a text answers, in what it answers least closely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closeness {
    /// A word with one letter wrong.
    Similar,
    /// Part of a word.
    Part,
    /// Whole words and phrases.
    Exact,
}

/// A stretch of a text, in UTF-16 code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Highlight {
    /// Its first unit.
    pub start: u32,
    /// The unit after its last.
    pub end: u32,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// How closely, in what it answers least closely.
    pub closeness: Closeness,
    /// How well, 0–1,200; what is better is higher.
    pub relevance: i64,
    /// Where: ascending, apart from each other, at most 64.
    pub highlights: Vec<Highlight>,
}

/// A place where a sequence was found.
struct Found {
    /// The pieces from first to last.
    first: usize,
    last: usize,
    closeness: Closeness,
    worth: i64,
    highlight: Highlight,
}

impl Query {
    /// How a text answers every word of it; none when it does not, this closely at least.
    pub fn hit(&self, text: &str, least: Closeness) -> Option<Hit> {
        if self.is_empty() {
            return None;
        }
        let pieces = pieces(&fold(text));
        let mut found: Vec<Vec<Found>> = Vec::with_capacity(self.sequences.len());
        for sequence in &self.sequences {
            let mut places = places(sequence, &pieces, least);
            let best = places.iter().map(|place| place.closeness).max()?;
            // Where the word itself stands, its look-alikes are not meant.
            places.retain(|place| {
                place.closeness == best || best == Closeness::Exact && place.closeness == Closeness::Part
            });
            found.push(places);
        }
        let count = found.len() as i64;
        let closest = found
            .iter()
            .filter_map(|places| places.iter().map(|place| place.closeness).max());
        let worth: i64 = found
            .iter()
            .filter_map(|places| places.iter().map(|place| place.worth).max())
            .sum();
        let said: usize = self.sequences.iter().map(|sequence| sequence.pieces.len()).sum();
        let brevity = BREVITY * said.min(pieces.len()) as i64 / pieces.len().max(1) as i64;
        Some(Hit {
            closeness: closest.min()?,
            relevance: worth / count + in_order(&found) + brevity,
            highlights: merged(&found),
        })
    }
}

/// Everywhere that a sequence stands.
fn places(sequence: &Sequence, pieces: &[Piece], least: Closeness) -> Vec<Found> {
    let mut places = Vec::new();
    if let Some(word) = sequence.lone_word() {
        let wanted: Vec<char> = chars(word);
        for (index, piece) in pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| piece.kind == Kind::Word)
        {
            places.extend(
                word_in(&wanted, word, piece, least).map(|(closeness, worth, at)| Found {
                    first: index,
                    last: index,
                    closeness,
                    worth,
                    highlight: at,
                }),
            );
        }
    } else if let [wanted] = sequence.pieces.as_slice() {
        for (index, piece) in pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| piece.kind == wanted.kind)
        {
            let whole = piece.kind != Kind::Dense;
            for at in parts(&chars(wanted), &chars(piece))
                .filter(|_| !whole || piece.chars.len() == wanted.chars.len())
            {
                places.push(Found {
                    first: index,
                    last: index,
                    closeness: Closeness::Exact,
                    worth: WHOLE,
                    highlight: stretch(&piece.chars[at..at + wanted.chars.len()]),
                });
            }
        }
    } else {
        let length = sequence.pieces.len();
        for (first, run) in pieces.windows(length).enumerate() {
            let Some((closeness, highlight)) = phrase_at(sequence, run) else {
                continue;
            };
            if closeness >= least {
                let worth = if closeness == Closeness::Exact {
                    WHOLE
                } else {
                    WHOLE * 3 / 4
                };
                places.push(Found {
                    first,
                    last: first + length - 1,
                    closeness,
                    worth,
                    highlight,
                });
            }
        }
    }
    places
}

/// How a word of a query is found in a word of a text.
fn word_in(
    wanted: &[char],
    word: &Piece,
    piece: &Piece,
    least: Closeness,
) -> Option<(Closeness, i64, Highlight)> {
    let (length, of) = (wanted.len(), piece.chars.len());
    let everything = || stretch(&piece.chars);
    if length == of
        && piece
            .chars
            .iter()
            .map(|folded| folded.c)
            .eq(wanted.iter().copied())
    {
        return Some((Closeness::Exact, WHOLE, everything()));
    }
    if least <= Closeness::Part && length < of {
        let within = chars(piece);
        let share = 250 * length as i64 / of as i64;
        if length >= 2 && within.starts_with(wanted) {
            return Some((Closeness::Part, 550 + share, stretch(&piece.chars[..length])));
        }
        if length >= 3
            && let Some(at) = parts(wanted, &within).next()
        {
            return Some((
                Closeness::Part,
                300 + share,
                stretch(&piece.chars[at..at + length]),
            ));
        }
    }
    if least == Closeness::Similar
        && length.abs_diff(of) <= 1
        && similar::is_forgiven(word)
        && similar::is_similar(wanted, &chars(piece))
    {
        return Some((Closeness::Similar, SLIPPED, everything()));
    }
    None
}

/// How a run of pieces is the phrase: all whole but the last, which may go on when it is not quoted. At its
/// ends a phrase may cut through a dense run, where nothing tells words apart.
fn phrase_at(sequence: &Sequence, run: &[Piece]) -> Option<(Closeness, Highlight)> {
    let last = run.len() - 1;
    let mut closeness = Closeness::Exact;
    let mut bounds: Vec<&[Folded]> = Vec::with_capacity(run.len());
    for (index, (wanted, piece)) in sequence.pieces.iter().zip(run).enumerate() {
        if wanted.kind != piece.kind {
            return None;
        }
        let (wanted_chars, within) = (chars(wanted), chars(piece));
        let length = wanted_chars.len();
        if wanted_chars == within {
            bounds.push(&piece.chars);
        } else if index == 0 && wanted.kind == Kind::Dense && within.ends_with(&wanted_chars) {
            bounds.push(&piece.chars[piece.chars.len() - length..]);
        } else if index == last && wanted.kind == Kind::Dense && within.starts_with(&wanted_chars) {
            bounds.push(&piece.chars[..length]);
        } else if index == last && !sequence.is_quoted && length >= 2 && within.starts_with(&wanted_chars) {
            closeness = Closeness::Part;
            bounds.push(&piece.chars[..length]);
        } else {
            return None;
        }
    }
    let (first, last) = (stretch(bounds.first()?), stretch(bounds.last()?));
    Some((
        closeness,
        Highlight {
            start: first.start,
            end: last.end,
        },
    ))
}

/// What is added for words that stand as the query has them.
fn in_order(found: &[Vec<Found>]) -> i64 {
    let pairs = found.len() as i64 - 1;
    if pairs < 1 {
        return 0;
    }
    let worth = found.windows(2).map(|pair| {
        let follows = |gap: bool| {
            pair[0].iter().any(|one| {
                pair[1].iter().any(|other| {
                    if gap {
                        other.first > one.last
                    } else {
                        other.first == one.last + 1
                    }
                })
            })
        };
        if follows(false) {
            IN_ORDER
        } else if follows(true) {
            IN_ORDER / 3
        } else {
            0
        }
    });
    worth.sum::<i64>() / pairs
}

fn merged(found: &[Vec<Found>]) -> Vec<Highlight> {
    let mut all: Vec<Highlight> = found.iter().flatten().map(|place| place.highlight).collect();
    all.sort_unstable_by_key(|highlight| (highlight.start, highlight.end));
    let mut merged: Vec<Highlight> = Vec::new();
    for highlight in all {
        match merged.last_mut() {
            Some(last) if highlight.start < last.end => last.end = last.end.max(highlight.end),
            _ => merged.push(highlight),
        }
    }
    merged.truncate(HIGHLIGHTS_MAX);
    merged
}

fn chars(piece: &Piece) -> Vec<char> {
    piece.chars.iter().map(|folded| folded.c).collect()
}

/// Where one stands in the other.
fn parts(wanted: &[char], within: &[char]) -> impl Iterator<Item = usize> {
    let ends = within.len().saturating_sub(wanted.len().saturating_sub(1));
    (0..ends).filter(move |at| within[*at..].starts_with(wanted))
}

fn stretch(chars: &[Folded]) -> Highlight {
    Highlight {
        start: chars.first().map_or(0, |folded| folded.start),
        end: chars.last().map_or(0, |folded| folded.end),
    }
}

#[cfg(test)]
mod tests {
    use super::super::terms::index_terms;
    use super::super::{QUERY_CHARS_MAX, Terms};
    use super::*;

    fn hit(query: &str, text: &str) -> Option<Hit> {
        Query::parse(query).unwrap().hit(text, Closeness::Similar)
    }

    /// The text with its highlights in brackets.
    fn marked(query: &str, text: &str) -> String {
        let Some(hit) = hit(query, text) else {
            return "-".to_owned();
        };
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut marked = String::new();
        let mut at = 0;
        for Highlight { start, end } in hit.highlights {
            let part = |from: u32, to: u32| String::from_utf16(&units[from as usize..to as usize]).unwrap();
            marked.extend([part(at, start), "[".to_owned(), part(start, end), "]".to_owned()]);
            at = end;
        }
        marked + &String::from_utf16(&units[at as usize..]).unwrap()
    }

    #[test]
    fn highlights_are_exact() {
        for (query, text, expected) in [
            ("hello", "Hello, hello!", "[Hello], [hello]!"),
            (
                "cafe",
                "Un CAFÉ s'il vous plaît 🙂 café",
                "Un [CAFÉ] s'il vous plaît 🙂 [café]",
            ),
            ("art", "an art party", "an [art] p[art]y"),
            ("he", "the hen", "the [he]n"),
            ("a", "a bat", "[a] bat"),
            ("recieve", "I receive", "I [receive]"),
            ("hello", "hallo", "[hallo]"),
            ("hello", "hello hallo", "[hello] hallo"),
            ("手机", "我的手机壳", "我的[手机]壳"),
            ("学校", "학교 学校に", "학교 [学校]に"),
            ("학교", "학교에서 만나요", "[학교]에서 만나요"),
            ("👍", "ok 👍🏽!", "ok [👍🏽]!"),
            (
                "\"new york\"",
                "in New York, new in york",
                "in [New York], new in york",
            ),
            ("192.168.1.1", "at 192.168.1.1:80", "at [192.168.1.1]:80"),
            ("dont", "I don't", "I [don't]"),
            ("ecole", "l'école", "l'[école]"),
            ("strasse", "die Straße", "die [Straße]"),
            ("iphone手机", "iPhone手机壳", "[iPhone手机]壳"),
            ("foo.ba", "foo.bar", "[foo.ba]r"),
        ] {
            assert_eq!(marked(query, text), expected, "{query}");
        }
    }

    #[test]
    fn every_word_is_asked_for() {
        assert!(hit("red car", "a car, all red").is_some());
        assert!(hit("red car", "a red bike").is_none());
        assert!(hit("\"red car\"", "car red").is_none());
        assert!(hit("\"red car\"", "red cars").is_none());
        assert!(hit("\"car", "a car").is_some());
        assert!(hit("cat", "act").is_none(), "too short for a slip");
        assert!(hit("12345", "12346").is_none(), "a number is not mistyped");
    }

    #[test]
    fn better_answers_are_worth_more() {
        let ranked = |query: &str, texts: &[&str]| {
            let worth: Vec<i64> = texts
                .iter()
                .map(|text| hit(query, text).unwrap().relevance)
                .collect();
            assert!(
                worth.windows(2).all(|pair| pair[0] > pair[1]),
                "{query}: {worth:?}"
            );
        };
        ranked(
            "planet",
            &[
                "planet",
                "the planet is far away",
                "planets are",
                "exoplanets are",
                "plamet are",
            ],
        );
        ranked(
            "red car",
            &[
                "red car there",
                "red fast car",
                "car, the red",
                "redder car there",
            ],
        );
    }

    #[test]
    fn whatever_hits_is_among_what_the_terms_name() {
        fn holds(expression: &Terms, terms: &[String]) -> bool {
            match expression {
                Terms::Term(term) => terms.contains(term),
                Terms::All(all) => all.iter().all(|part| holds(part, terms)),
                Terms::Any(any) => any.iter().any(|part| holds(part, terms)),
            }
        }
        let long = "x".repeat(70);
        let texts = [
            "Hello, World!",
            "hallo welt",
            "l'école d'été",
            "don't",
            "我的手机壳 iPhone手机",
            "학교에서",
            "👍🏽👍 ok",
            "foo.bar_baz-2",
            "192.168.1.1",
            "Привет, мир",
            "مرحبا بالعالم",
            "ภาษาไทย",
            "नमस्ते",
            &long,
            "receive planets",
        ];
        let queries = [
            "hello",
            "wor",
            "ell",
            "he",
            "h",
            "helo",
            "ecole",
            "dont",
            "手",
            "手机",
            "机壳",
            "iphone手",
            "학교",
            "👍",
            "foo.ba",
            "\"bar baz\"",
            "192.168",
            "привет",
            "ривет",
            "прывет",
            "مرحبا",
            "ไทย",
            "नमस्",
            &long,
            "recieve",
            "lanet plamets",
            "ok 👍",
        ];
        let mut hits = 0;
        for query in queries {
            let parsed = Query::parse(query).unwrap();
            for text in texts {
                for least in [Closeness::Exact, Closeness::Part, Closeness::Similar] {
                    if parsed.hit(text, least).is_some() {
                        hits += 1;
                        assert!(
                            holds(&parsed.terms(least), &index_terms(text)),
                            "{query} in {text} {least:?}"
                        );
                    }
                }
            }
        }
        assert!(hits > 40, "{hits}");
    }

    #[test]
    fn nothing_a_person_types_is_an_error() {
        for query in [
            "\"",
            "\"\"",
            "*",
            "a*",
            "OR",
            "NOT a",
            "-",
            "-a",
            "a:b",
            "(",
            "a AND",
            "'; DROP TABLE",
            "\\",
            "%_",
            "<a>",
            "~abc",
            "\u{0301}",
            "\u{200D}",
            "\t",
            "C++",
            "?!",
        ] {
            let Ok(parsed) = Query::parse(query) else {
                assert!(query.trim().is_empty(), "{query:?}");
                continue;
            };
            parsed.hit("a b OR NOT and", Closeness::Similar);
            parsed.terms(Closeness::Similar);
        }
        assert!(Query::parse("  ").is_err());
        assert!(Query::parse(&"x".repeat(QUERY_CHARS_MAX)).is_ok());
        assert!(Query::parse(&"語".repeat(QUERY_CHARS_MAX + 1)).is_err());
        assert!(Query::parse("…?!").unwrap().is_empty());
    }
}
