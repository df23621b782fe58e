//! What somebody searches for: words in any order, each whole, in part or with a slip; quoted phrases as they stand.

use super::folding::fold;
use super::pieces::{Kind, Piece, pieces};
use super::terms::{BEGIN, Terms, bordered, runs_of_three, runs_of_two, whole_word};
use super::{Closeness, similar};

/// Longest query, in characters.
pub const QUERY_CHARS_MAX: usize = 200;
/// So many words of a query narrow the texts down; all of them are asked of each text found.
const NARROWING_MAX: usize = 16;
/// So many words of a query may be mistyped.
const FORGIVEN_MAX: usize = 6;

/// A query, understood. There is no syntax to get wrong: quotes hold a phrase together, all else that is
/// neither letter, digit nor symbol only separates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pub(super) sequences: Vec<Sequence>,
}

/// Pieces that must stand one after another: one word, `foo.bar`, or a quoted phrase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sequence {
    pub(super) pieces: Vec<Piece>,
    pub(super) is_quoted: bool,
}

impl Query {
    /// Understands a text of 1–200 characters. The reason when it is shorter or longer.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("must not be empty".to_owned());
        }
        if text.chars().count() > QUERY_CHARS_MAX {
            return Err(format!("must be at most {QUERY_CHARS_MAX} characters"));
        }
        let mut sequences: Vec<Sequence> = Vec::new();
        for (index, part) in text.split(is_quote).enumerate() {
            let is_quoted = index % 2 == 1;
            let chunks: Vec<&str> = if is_quoted {
                vec![part]
            } else {
                part.split_whitespace().collect()
            };
            for chunk in chunks {
                let pieces = pieces(&fold(chunk));
                let is_new = |pieces: &[Piece]| {
                    sequences.iter().all(|known| {
                        known.is_quoted != is_quoted
                            || !known
                                .pieces
                                .iter()
                                .map(Piece::text)
                                .eq(pieces.iter().map(Piece::text))
                    })
                };
                if !pieces.is_empty() && is_new(&pieces) {
                    sequences.push(Sequence { pieces, is_quoted });
                }
            }
        }
        Ok(Self { sequences })
    }

    /// Whether nothing in it can be searched for: it was nothing but punctuation.
    pub fn is_empty(&self) -> bool {
        self.sequences.is_empty()
    }

    /// Which texts may answer it this closely or closer. Never leaves out one that does.
    pub fn terms(&self, closeness: Closeness) -> Terms {
        let narrowing = self.sequences.iter().take(NARROWING_MAX).enumerate();
        let all = narrowing.map(|(index, sequence)| match closeness {
            Closeness::Similar if index >= FORGIVEN_MAX => sequence.terms(Closeness::Part),
            _ => sequence.terms(closeness),
        });
        Terms::All(all.collect())
    }

    /// Whether a word of it may be mistyped.
    pub fn is_forgiving(&self) -> bool {
        self.sequences
            .iter()
            .take(FORGIVEN_MAX)
            .any(|sequence| sequence.lone_word().is_some_and(similar::is_forgiven))
    }

    /// Whether it asks for anything of which a part could be found.
    pub fn has_parts(&self) -> bool {
        self.sequences.iter().any(|sequence| {
            !sequence.is_quoted
                && sequence
                    .pieces
                    .last()
                    .is_some_and(|piece| piece.kind == Kind::Word)
        })
    }
}

impl Sequence {
    /// The word, when it is one word in no quotes.
    pub(super) fn lone_word(&self) -> Option<&Piece> {
        match self.pieces.as_slice() {
            [piece] if !self.is_quoted && piece.kind == Kind::Word => Some(piece),
            _ => None,
        }
    }

    fn terms(&self, closeness: Closeness) -> Terms {
        if closeness == Closeness::Exact || self.is_quoted {
            return Terms::All(self.pieces.iter().flat_map(whole).collect());
        }
        let Some(word) = self.lone_word() else {
            let (last, before) = self.pieces.split_last().expect("a sequence has a piece");
            let mut all: Vec<Terms> = before.iter().flat_map(whole).collect();
            all.extend(if last.kind == Kind::Word {
                beginning(last)
            } else {
                whole(last)
            });
            return Terms::All(all);
        };
        let part = Terms::All(part(word));
        if closeness == Closeness::Similar && similar::is_forgiven(word) {
            return Terms::Any(vec![part, similar::terms(word)]);
        }
        part
    }
}

/// What a text with the whole piece has.
fn whole(piece: &Piece) -> Vec<Terms> {
    match (piece.kind, whole_word(piece)) {
        (Kind::Word, Some(word)) => vec![Terms::Term(word)],
        (Kind::Word, None) => Terms::each(runs_of_three(&bordered(piece))),
        (Kind::Dense, _) if piece.chars.len() > 1 => Terms::each(runs_of_two(piece)),
        (Kind::Dense | Kind::Symbol, _) => vec![Terms::Term(piece.text())],
    }
}

/// What a text has in which a word begins with this one.
fn beginning(word: &Piece) -> Vec<Terms> {
    if word.chars.len() < 2 {
        return whole(word);
    }
    let mut chars = vec![BEGIN];
    chars.extend(word.chars.iter().map(|folded| folded.c));
    Terms::each(runs_of_three(&chars))
}

/// What a text has in which this is part of a word: anywhere from three letters on, else at its beginning.
fn part(word: &Piece) -> Vec<Terms> {
    if word.chars.len() < 3 {
        return beginning(word);
    }
    let chars: Vec<char> = word.chars.iter().map(|folded| folded.c).collect();
    Terms::each(runs_of_three(&chars))
}

const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»' | '「' | '」')
}
