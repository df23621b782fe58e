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

/// The text of an expression; none when it can hold for nothing, or says nothing.
///
/// Terms are letters, digits, symbols and marks of ours: neither database's quotes can be among them.
pub(super) fn expression(dialect: Dialect, terms: &Terms) -> Option<String> {
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
}
