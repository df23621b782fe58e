//! People and rooms by their names, whatever case and accents they are written with.

use confab_domain::Room;
use confab_domain::search::folded_names;
use sea_orm::Value;

use crate::dialect::Dialect;

/// Characters from which on PostgreSQL's index of runs can narrow down.
const RUN_CHARS: usize = 3;

/// What a person is found by.
pub(crate) fn of_user(username: &str, display_name: &str) -> Value {
    folded_names([username, display_name]).into()
}

/// What a room is found by; nothing for one that has no name.
pub(crate) fn of_room(room: &Room) -> Value {
    room.name.as_deref().map(|name| folded_names([name])).into()
}

/// Whether a person's names, of the row of alias `u`, hold what `$placeholder` says: `needle`, a text of
/// [`confab_domain::search::NameQuery`].
pub(crate) fn of_user_hold(dialect: Dialect, placeholder: &str, needle: &str) -> String {
    let plain = "u.username_key || ' ' || lower(u.display_name)";
    hold(
        dialect,
        "u.name_folded",
        "u.name_folded IS NULL",
        plain,
        placeholder,
        needle,
    )
}

/// The same of a room's name, of the row of alias `r`.
pub(crate) fn of_room_holds(dialect: Dialect, placeholder: &str, needle: &str) -> String {
    hold(
        dialect,
        "r.name_folded",
        "r.name_folded IS NULL AND r.name IS NOT NULL",
        "lower(r.name)",
        placeholder,
        needle,
    )
}

/// A row that a process of the version before has written is looked through as that version did, until it is
/// completed: `is_incomplete`, which is the condition of the index of such rows.
fn hold(
    dialect: Dialect,
    folded: &str,
    is_incomplete: &str,
    plain: &str,
    placeholder: &str,
    needle: &str,
) -> String {
    let place = |text: &str, part: &str| match dialect {
        Dialect::Postgres => format!("strpos({text}, {part}) > 0"),
        Dialect::Sqlite => format!("instr({text}, {part}) > 0"),
    };
    // A condition of its own, which the index fulfils whole: what names have in them is cut up for no row again.
    let has_runs = dialect == Dialect::Postgres && needle.chars().count() >= RUN_CHARS;
    let runs = if has_runs {
        format!("(name_runs({folded}) @> name_runs({placeholder}) OR ({is_incomplete})) AND ")
    } else {
        String::new()
    };
    format!(
        "{runs}({} OR ({is_incomplete} AND {}))",
        place(folded, placeholder),
        place(plain, &format!("replace({placeholder}, '\n', '')"))
    )
}
