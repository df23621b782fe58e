//! Words that differ by one slip of the finger: a letter changed, left out, put in, or two that changed places.

use super::pieces::{Kind, Piece};
use super::terms::{Terms, bordered, run_of_three};

/// Words shorter than this have too many neighbours that are other words.
const CHARS_MIN: usize = 5;
/// Nobody mistypes longer ones and means to search for them.
const CHARS_MAX: usize = 24;
/// The slip is sought in so many stretches of the word.
const STRETCHES: usize = 6;

/// Whether a slip in this piece of a query is forgiven.
pub(super) fn is_forgiven(piece: &Piece) -> bool {
    piece.kind == Kind::Word
        && (CHARS_MIN..=CHARS_MAX).contains(&piece.chars.len())
        && piece.chars.iter().all(|folded| folded.c.is_alphabetic())
}

/// What a text with a word similar to this one has: all runs that a slip somewhere leaves whole, or the word
/// with two letters exchanged.
pub(super) fn terms(piece: &Piece) -> Terms {
    let chars = bordered(piece);
    let letters = piece.chars.len();
    let stretch = letters.div_ceil(STRETCHES);
    let mut ways = Vec::new();
    for first in (1..=letters).step_by(stretch) {
        // The letters first..=last may be wrong; runs that touch none of them are whole.
        let last = (first + stretch - 1).min(letters);
        let whole = (0..letters)
            .filter(|start| start + 2 < first || *start > last)
            .map(|start| run_of_three(&chars[start..start + 3]));
        ways.push(Terms::All(Terms::each(whole)));
    }
    let word: Vec<char> = piece.chars.iter().map(|folded| folded.c).collect();
    for at in 1..word.len() {
        let mut exchanged = word.clone();
        exchanged.swap(at - 1, at);
        if exchanged != word {
            ways.push(Terms::Term(exchanged.into_iter().collect()));
        }
    }
    Terms::Any(ways)
}

/// Whether one slip makes one of the other; not when they are equal.
pub(super) fn is_similar(one: &[char], other: &[char]) -> bool {
    let (short, long) = if one.len() <= other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if long.len() - short.len() > 1 || short == long {
        return false;
    }
    let same = short.iter().zip(long).take_while(|(a, b)| a == b).count();
    let (short, long) = (&short[same..], &long[same..]);
    if short.len() < long.len() {
        return *short == long[1..];
    }
    short[1..] == long[1..]
        || (short.len() > 1 && short[0] == long[1] && short[1] == long[0] && short[2..] == long[2..])
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::super::folding::fold;
    use super::super::pieces::pieces;
    use super::super::terms::index_terms;
    use super::*;

    fn holds(expression: &Terms, terms: &HashSet<String>) -> bool {
        match expression {
            Terms::Term(term) => terms.contains(term),
            Terms::All(all) => all.iter().all(|part| holds(part, terms)),
            Terms::Any(any) => any.iter().any(|part| holds(part, terms)),
        }
    }

    fn slips(word: &str) -> Vec<String> {
        let chars: Vec<char> = word.chars().collect();
        let mut slips = Vec::new();
        for at in 0..=chars.len() {
            let mut inserted = chars.clone();
            inserted.insert(at, 'x');
            slips.push(inserted);
            if at < chars.len() {
                let mut changed = chars.clone();
                changed[at] = 'x';
                slips.push(changed);
                let mut left_out = chars.clone();
                left_out.remove(at);
                slips.push(left_out);
            }
            if at + 1 < chars.len() {
                let mut exchanged = chars.clone();
                exchanged.swap(at, at + 1);
                slips.push(exchanged);
            }
        }
        slips
            .into_iter()
            .map(String::from_iter)
            .filter(|slip| slip != word)
            .collect()
    }

    #[test]
    fn each_slip_in_words_of_every_length_is_found_and_recognised() {
        for word in [
            "hello",
            "planet",
            "release",
            "database",
            "schedule",
            "kubernetes",
            "internationalisation",
        ] {
            let piece = pieces(&fold(word)).remove(0);
            let expression = terms(&piece);
            for slip in slips(word) {
                let indexed: HashSet<String> = index_terms(&slip).into_iter().collect();
                assert!(holds(&expression, &indexed), "{word}: {slip}");
                let (one, other): (Vec<char>, Vec<char>) = (word.chars().collect(), slip.chars().collect());
                assert!(is_similar(&one, &other), "{word}: {slip}");
            }
        }
    }

    #[test]
    fn two_slips_are_another_word() {
        let is = |one: &str, other: &str| {
            is_similar(
                &one.chars().collect::<Vec<_>>(),
                &other.chars().collect::<Vec<_>>(),
            )
        };
        assert!(!is("hello", "hello"));
        assert!(!is("hello", "hexxo"));
        assert!(!is("hello", "helloxx"));
        assert!(!is("hello", "yelli"));
        assert!(is("hello", "hlelo"));
        assert!(!is("ab", "cd"));
    }
}
