//! Expressions over terms in the words of each database, with terms for where, by whom and with what.

use confab_domain::search::Terms;
use uuid::Uuid;

use crate::dialect::Dialect;

/// Borne by what has files.
pub(super) const FILE: &str = "!file";

/// Borne by what was said in the room. Six random bytes: should two rooms share them, the join tells them apart.
pub(super) fn room(id: Uuid) -> String {
    tail('@', id)
}

/// Borne by what that person said.
pub(super) fn sender(id: Uuid) -> String {
    tail('%', id)
}

fn tail(mark: char, id: Uuid) -> String {
    let text = id.simple().to_string();
    format!("{mark}{}", &text[text.len() - 12..])
}

/// What fulfils one of so many expressions is looked for at once.
const WAYS_MAX: usize = 32;

/// What a document must have: each of `all`, and one of `ways` or more if there are any.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Conditions {
    pub(super) ways: Vec<String>,
    pub(super) all: Vec<String>,
}

/// The texts of what is asked for; none when nothing can have it.
///
/// PostgreSQL's index finds what has several terms by going through the rarest of them, "this and that, or these
/// and those" by going through all of each, and "this, and that or the other" worse than the two parts apart. So it
/// is asked for each part and each way apart: a word with a slip somewhere in ten rooms, among a million messages, in
/// 0.09 s; in 0.25 s with the rooms in each way, in 0.7 s with all in one.
pub(super) fn conditions(dialect: Dialect, all: Vec<Terms>) -> Option<Conditions> {
    let mut all = parts_of_all(all);
    let mut ways = Vec::new();
    if dialect == Dialect::Sqlite {
        all = vec![Terms::All(all)];
    } else if let Some(fork) = all.iter().position(has_ways) {
        let fork = ways_of(all.remove(fork));
        ways = fork.iter().filter_map(|way| expression(dialect, way)).collect();
        if ways.is_empty() {
            return None;
        }
    }
    let all: Vec<_> = all.iter().filter_map(|part| expression(dialect, part)).collect();
    (ways.len() + all.len() > 0).then_some(Conditions { ways, all })
}

/// What is asked for together, without nests.
fn parts_of_all(all: Vec<Terms>) -> Vec<Terms> {
    let parts = all.into_iter().flat_map(|part| match part {
        Terms::All(parts) => parts_of_all(parts),
        part => vec![part],
    });
    parts.collect()
}

/// The ways of a choice, without nests.
fn ways_of(terms: Terms) -> Vec<Terms> {
    match terms {
        Terms::Any(ways) => ways.into_iter().flat_map(ways_of).collect(),
        way => vec![way],
    }
}

/// Whether it is a choice, not too wide, among things of which one or more has several terms.
fn has_ways(terms: &Terms) -> bool {
    if !matches!(terms, Terms::Any(_)) {
        return false;
    }
    let ways = ways_of(terms.clone());
    (2..=WAYS_MAX).contains(&ways.len()) && ways.iter().any(|way| matches!(way, Terms::All(_)))
}

/// The text of an expression; none when it can hold for nothing, or says nothing.
///
/// Terms are letters, digits, symbols and marks of ours: neither database's quotes can be among them.
fn expression(dialect: Dialect, terms: &Terms) -> Option<String> {
    let (and, or, quote) = match dialect {
        Dialect::Postgres => (" & ", " | ", '\''),
        Dialect::Sqlite => (" AND ", " OR ", '"'),
    };
    match terms {
        Terms::Term(term) => Some(format!("{quote}{term}{quote}")),
        Terms::All(all) => joined(
            all.iter().filter_map(|part| expression(dialect, part)).collect(),
            and,
        ),
        Terms::Any(any) => joined(
            any.iter().filter_map(|part| expression(dialect, part)).collect(),
            or,
        ),
    }
}

fn joined(mut parts: Vec<String>, by: &str) -> Option<String> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(format!("({})", parts.join(by))),
    }
}

/// The text of a document's terms, as the database takes them.
pub(super) fn document(dialect: Dialect, terms: &[String]) -> String {
    match dialect {
        Dialect::Postgres => terms
            .iter()
            .map(|term| format!("'{term}'"))
            .collect::<Vec<_>>()
            .join(" "),
        Dialect::Sqlite => terms.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_written_in_each_dialect() {
        let term = |term: &str| Terms::Term(term.to_owned());
        let terms = Terms::All(vec![
            term("a"),
            Terms::Any(vec![term("b"), Terms::All(vec![term("~cde"), term("<f>")])]),
            Terms::All(Vec::new()),
        ]);
        assert_eq!(
            expression(Dialect::Postgres, &terms).unwrap(),
            "('a' & ('b' | ('~cde' & '<f>')))"
        );
        assert_eq!(
            expression(Dialect::Sqlite, &terms).unwrap(),
            r#"("a" AND ("b" OR ("~cde" AND "<f>")))"#
        );
        assert_eq!(expression(Dialect::Sqlite, &Terms::All(Vec::new())), None);
    }

    #[test]
    fn each_part_and_each_way_is_asked_for_apart() {
        let term = |term: &str| Terms::Term(term.to_owned());
        let way = |one: &str, two: &str| Terms::All(vec![term(one), term(two)]);
        let slips = Terms::Any(vec![
            way("a", "b"),
            Terms::Any(vec![way("c", "d"), term("e"), Terms::All(Vec::new())]),
        ]);
        let rooms = || Terms::Any(vec![term("@1"), term("@2")]);
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let conditions_of = |ways: &[&str], all: &[&str]| {
            Some(Conditions {
                ways: texts(ways),
                all: texts(all),
            })
        };
        let all = vec![Terms::All(vec![term("x"), slips]), rooms()];
        assert_eq!(
            conditions(Dialect::Postgres, all.clone()),
            conditions_of(&["('a' & 'b')", "('c' & 'd')", "'e'"], &["'x'", "('@1' | '@2')"])
        );
        assert_eq!(
            conditions(Dialect::Sqlite, all),
            conditions_of(
                &[],
                &[r#"("x" AND (("a" AND "b") OR (("c" AND "d") OR "e")) AND ("@1" OR "@2"))"#]
            )
        );
        assert_eq!(
            conditions(Dialect::Postgres, vec![term("x"), rooms()]),
            conditions_of(&[], &["'x'", "('@1' | '@2')"])
        );
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            assert_eq!(conditions(dialect, Vec::new()), None);
        }
    }
}
