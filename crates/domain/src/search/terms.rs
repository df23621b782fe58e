//! What a text is found by in an index: whole words, their runs of three letters, runs of two in dense scripts.

use std::collections::HashSet;

use super::folding::fold;
use super::pieces::{Kind, Piece, pieces};

/// Longest word that is a term of its own; longer ones are found by their parts.
const WORD_CHARS_MAX: usize = 64;
/// Terms of one text; what goes beyond is not found by the rest of it. Prose of 16,384 characters has some
/// 5,000.
const TERMS_MAX: usize = 8_192;
/// Marks three letters from within a word, so that they are not taken for a word of three letters.
const WITHIN: char = '~';
/// Stands before the first letter of a word in its first run.
pub(super) const BEGIN: char = '<';
/// Stands after the last letter of a word in its last run.
pub(super) const END: char = '>';

/// Which texts: an expression over the terms of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terms {
    /// Those that have the term. Letters, digits and symbols, perhaps with a `~`, `<` or `>`; at most 64
    /// characters.
    Term(String),
    /// Those that fulfil each. Empty: all texts.
    All(Vec<Terms>),
    /// Those that fulfil any. Empty: none.
    Any(Vec<Terms>),
}

impl Terms {
    pub(super) fn each(terms: impl IntoIterator<Item = String>) -> Vec<Self> {
        terms.into_iter().map(Self::Term).collect()
    }
}

/// The terms that a text is to be found by, each once.
pub fn index_terms(text: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut terms = Vec::new();
    for piece in pieces(&fold(text)) {
        let mut of_piece = Vec::new();
        match piece.kind {
            Kind::Word => {
                of_piece.extend(whole_word(&piece));
                of_piece.extend(runs_of_three(&bordered(&piece)));
            }
            Kind::Dense => {
                of_piece.extend(piece.chars.iter().map(|folded| folded.c.to_string()));
                of_piece.extend(runs_of_two(&piece));
            }
            Kind::Symbol => of_piece.push(piece.text()),
        }
        for term in of_piece {
            if terms.len() == TERMS_MAX {
                return terms;
            }
            if seen.insert(term.clone()) {
                terms.push(term);
            }
        }
    }
    terms
}

/// The term of a whole word, if it has one.
pub(super) fn whole_word(piece: &Piece) -> Option<String> {
    (piece.chars.len() <= WORD_CHARS_MAX).then(|| piece.text())
}

/// A word between its borders.
pub(super) fn bordered(piece: &Piece) -> Vec<char> {
    let mut chars = vec![BEGIN];
    chars.extend(piece.chars.iter().map(|folded| folded.c));
    chars.push(END);
    chars
}

/// The terms of all runs of three.
pub(super) fn runs_of_three(chars: &[char]) -> impl Iterator<Item = String> {
    chars.windows(3).map(run_of_three)
}

pub(super) fn run_of_three(run: &[char]) -> String {
    let is_within = run.first() != Some(&BEGIN) && run.last() != Some(&END);
    is_within
        .then_some(WITHIN)
        .into_iter()
        .chain(run.iter().copied())
        .collect()
}

/// The terms of all runs of two in a dense script.
pub(super) fn runs_of_two(piece: &Piece) -> impl Iterator<Item = String> {
    piece
        .chars
        .windows(2)
        .map(|run| run.iter().map(|folded| folded.c).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_by_words_and_runs() {
        let terms = index_terms("Café a 手机壳 👍 cafe");
        assert_eq!(
            terms,
            [
                "cafe", "<ca", "~caf", "~afe", "fe>", "a", "<a>", "手", "机", "壳", "手机", "机壳", "👍"
            ]
        );
    }

    #[test]
    fn terms_are_bounded() {
        let letters: String = ('a'..='z').cycle().take(16_384).collect();
        assert!(
            index_terms(&letters)
                .iter()
                .all(|term| term.chars().count() <= WORD_CHARS_MAX)
        );
        let han: String = ('\u{4E00}'..'\u{8E00}').collect();
        assert_eq!(index_terms(&han).len(), TERMS_MAX);
    }

    #[test]
    fn no_text_makes_a_term_that_could_be_syntax() {
        let terms = index_terms("a\"b 'c' d:* & | ! (e) \\ % @ # ~x <y> OR NOT -z $f$");
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, WITHIN | BEGIN | END);
        assert!(terms.iter().all(|term| term.chars().all(is_plain)), "{terms:?}");
    }
}
