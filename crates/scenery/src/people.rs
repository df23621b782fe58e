//! Accounts that can ask.

use confab_domain::ports::{NewUser, Ports};
use confab_domain::{Actor, Trace, UserId, UserRole};

/// An account with a token.
#[derive(Clone, Debug)]
pub struct Somebody {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub username: String,
    /// As commands take them.
    pub actor: Actor,
    /// As requests bear it.
    pub token: String,
}

/// Makes an account and a token that needs no login: without the price of a password.
pub async fn somebody(ports: &Ports, role: UserRole) -> Somebody {
    let now = ports.clock.now();
    let id = UserId::mint(now);
    let user = NewUser {
        id,
        username: format!("u{}", &id.0.simple().to_string()[12..]),
        email: None,
        display_name: "Somebody".to_owned(),
        avatar_url: None,
        password_hash: None,
        role,
    };
    let user = ports
        .accounts
        .register(user, now, Trace::default())
        .await
        .unwrap();
    let (token, _) = ports.tokens.issue(id, role, None, now).unwrap();
    Somebody {
        id,
        username: user.username,
        actor: Actor {
            user_id: id,
            role,
            session_id: None,
        },
        token,
    }
}
