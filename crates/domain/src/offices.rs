//! Who may do what outside of rooms: one table by the role of the account. What is not listed is denied.

use crate::{Error, Result, UserRole};

/// Everything of the house that is not a room's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfficeAct {
    /// Make, see and revoke API keys.
    KeepApiKeys,
    /// Shut accounts and open them again: an administrator any but their own, a service those of people.
    ShutAccounts,
    /// Make and change people by the host product's own ids, and find them by these.
    KeepUsers,
    /// Log people in on behalf of the host product, and end all their logins.
    HandOutTokens,
    /// Make rooms by the host product's own keys.
    KeepRoomsByKey,
    /// Send messages as the system.
    SpeakAsSystem,
}

/// One row per act. Columns: a person, an administrator, a service.
#[rustfmt::skip]
const TABLE: [(OfficeAct, [bool; 3]); 6] = [
    //                            user   admin  service
    (OfficeAct::KeepApiKeys,    [false, true,  false]),
    (OfficeAct::ShutAccounts,   [false, true,  true]),
    (OfficeAct::KeepUsers,      [false, false, true]),
    (OfficeAct::HandOutTokens,  [false, false, true]),
    (OfficeAct::KeepRoomsByKey, [false, false, true]),
    (OfficeAct::SpeakAsSystem,  [false, false, true]),
];

/// What the table says.
pub fn may(act: OfficeAct, role: UserRole) -> bool {
    let column = match role {
        UserRole::User => 0,
        UserRole::Admin => 1,
        UserRole::Service => 2,
    };
    TABLE
        .iter()
        .find(|(listed, _)| *listed == act)
        .is_some_and(|(_, row)| row[column])
}

/// The table's word as an answer.
pub fn check(act: OfficeAct, role: UserRole) -> Result<()> {
    if may(act, role) {
        return Ok(());
    }
    Err(Error::Forbidden(match act {
        OfficeAct::KeepApiKeys => "only administrators do this",
        OfficeAct::ShutAccounts => "only administrators and the host product's service do this",
        OfficeAct::KeepUsers
        | OfficeAct::HandOutTokens
        | OfficeAct::KeepRoomsByKey
        | OfficeAct::SpeakAsSystem => "only the host product's service does this",
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_holds_no_office() {
        for (act, _) in TABLE {
            assert!(!may(act, UserRole::User), "{act:?}");
            assert!(check(act, UserRole::User).is_err(), "{act:?}");
        }
    }

    #[test]
    fn a_service_makes_no_keys_and_an_administrator_no_tokens() {
        assert!(!may(OfficeAct::KeepApiKeys, UserRole::Service));
        assert!(!may(OfficeAct::HandOutTokens, UserRole::Admin));
        assert!(!may(OfficeAct::SpeakAsSystem, UserRole::Admin));
    }
}
