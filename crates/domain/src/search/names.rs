//! Names in the form in which people and rooms are looked for: folded, with a mark before each word.

use unicode_normalization::char::is_combining_mark;

use super::folding::fold;
use super::pieces::is_dense;

/// Stands before each word. Within a name it follows what is no letter, so that no query holds a letter and then
/// this: nothing is found across two names that are kept in one text.
const WORD: char = '\n';

/// Names as they are kept to be looked for, in one text. A name holds a [`NameQuery`] where its folded form holds
/// [`NameQuery::anywhere`], and has a word that begins so where it holds [`NameQuery::at_a_word`].
pub fn folded_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut folded = String::new();
    for name in names {
        folded.push(WORD);
        folded.push_str(&marked(name));
    }
    folded
}

/// What somebody typed of a name, in the form of [`folded_names`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameQuery {
    marked: String,
}

impl NameQuery {
    /// None when there is nothing to look for. What is written before a username to mention it does not count.
    pub fn parse(text: &str) -> Option<Self> {
        let marked = marked(text.trim_start().trim_start_matches('@'));
        (!marked.is_empty()).then_some(Self { marked })
    }

    /// To be found anywhere in a name, within words too.
    pub fn anywhere(&self) -> &str {
        self.marked.strip_prefix(WORD).unwrap_or(&self.marked)
    }

    /// To be found where a word begins. What begins with a sign is found wherever that sign is.
    pub fn at_a_word(&self) -> &str {
        &self.marked
    }
}

/// Folded, without spaces around it and with single ones between, each word after a [`WORD`].
fn marked(name: &str) -> String {
    let mut marked = String::with_capacity(name.len() + 4);
    let mut before = None;
    for folded in fold(name) {
        let c = if folded.c.is_whitespace() || folded.c.is_control() {
            ' '
        } else {
            folded.c
        };
        if c == ' ' && before.is_none_or(|before| before == ' ') {
            continue;
        }
        if begins_word(before, c) {
            marked.push(WORD);
        }
        marked.push(c);
        before = Some(c);
    }
    if before == Some(' ') {
        marked.pop();
    }
    marked
}

/// In scripts without spaces any letter may begin a word.
fn begins_word(before: Option<char>, c: char) -> bool {
    let is_within = |c: char| c.is_alphanumeric() || is_combining_mark(c);
    if !c.is_alphanumeric() || is_combining_mark(c) {
        return false;
    }
    is_dense(c) || before.is_none_or(|before| !is_within(before) || is_dense(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(names: &[&str], query: &str) -> (bool, bool) {
        let folded = folded_names(names.iter().copied());
        let query = NameQuery::parse(query).unwrap();
        (
            folded.contains(query.anywhere()),
            folded.contains(query.at_a_word()),
        )
    }

    #[test]
    fn spellings_of_one_name_are_one() {
        for query in [
            "ÉLODIE",
            "élodie",
            "Elodie",
            "e\u{301}lodie",
            " @élo ",
            "ELODIE  du",
        ] {
            assert_eq!(
                holds(&["elodie.d", "Élodie Durand"], query),
                (true, true),
                "{query}"
            );
        }
    }

    #[test]
    fn a_word_begins_after_what_is_no_letter() {
        for (name, query) in [
            ("Jean-Luc O'Neill", "luc"),
            ("Jean-Luc O'Neill", "neill"),
            ("Jean-Luc O'Neill", "jean-l"),
            ("mary_jane", "jane"),
            ("anna.berg42", "berg4"),
            ("山田太郎", "太郎"),
            ("Анна Ёлкина", "елк"),
            ("(Team) Blue", "(te"),
            ("50% off_", "% o"),
        ] {
            assert_eq!(holds(&[name], query), (true, true), "{query} of {name}");
        }
        for (name, query) in [("Annabel", "bel"), ("user42", "42"), ("Anna Berg", "a b")] {
            assert_eq!(holds(&[name], query), (true, false), "{query} of {name}");
        }
    }

    #[test]
    fn nothing_is_found_across_two_names() {
        for query in ["annaberg", "anna berg", "a\nb", "anna\nberg", "na b"] {
            assert_eq!(holds(&["anna", "Berg"], query), (false, false), "{query}");
        }
        assert_eq!(NameQuery::parse(" \u{200d} "), None);
        assert_eq!(NameQuery::parse("@"), None);
    }
}
