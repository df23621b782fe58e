//! `.env.example`, written from the settings themselves.

use super::Settings;

/// The text of `.env.example`: every setting with its meaning, its bounds and its default, commented out.
pub fn example() -> String {
    let mut lines = vec![
        "# Every setting of Confab, with its default. Copy this file to .env and uncomment what you change."
            .to_owned(),
        "# The environment wins over .env; an empty variable counts as unset. `confab config` shows what is in"
            .to_owned(),
        "# force. What is secret may also come from a file: DATABASE_URL_FILE=/run/secrets/database_url."
            .to_owned(),
    ];
    let mut group = "";
    for entry in Settings::entries() {
        if entry.group != group {
            group = entry.group;
            lines.extend([String::new(), format!("# ---- {group} ----")]);
        }
        lines.push(String::new());
        lines.extend(entry.doc.iter().map(|line| format!("#{line}")));
        lines.push(format!("# Takes {}.", entry.takes));
        let default = if entry.default.contains([' ', '#', '"']) {
            format!("\"{}\"", entry.default)
        } else {
            entry.default.to_owned()
        };
        lines.push(format!("#{}={default}", entry.variable));
    }
    lines.push(String::new());
    lines.join("\n")
}
