//! People of an outside issuer: what its tokens say of their role holds, and no longer than they say it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use confab_domain::commands::{self, KeepUser, SessionTimes};
use confab_domain::ports::{AccessTokens, Bearer, Claims, OutsideProfile, Ports, TokenError};
use confab_domain::{Actor, Result, SessionId, Timestamp, Trace, UserId, UserRole};
use serde_json::{Value, json};

use crate::desk::Desk;

/// An issuer of which every token is good and says one role of one person.
struct Issuer {
    role: Option<UserRole>,
    own: Arc<dyn AccessTokens>,
}

#[async_trait]
impl AccessTokens for Issuer {
    fn issue(
        &self,
        user_id: UserId,
        role: UserRole,
        session_id: Option<SessionId>,
        now: Timestamp,
    ) -> Result<(String, Timestamp)> {
        self.own.issue(user_id, role, session_id, now)
    }

    async fn verify(&self, _token: &str, now: Timestamp) -> Result<Claims, TokenError> {
        Ok(Claims {
            bearer: Bearer::Outside(OutsideProfile {
                issuer: "https://id.example.org".to_owned(),
                subject: "boss".to_owned(),
                username: Some("boss".to_owned()),
                display_name: None,
                avatar_url: None,
                role: self.role,
            }),
            expires_at: now.plus(Duration::from_mins(5)),
        })
    }

    fn jwks(&self) -> Value {
        json!({"keys": []})
    }
}

fn told(desk: &Desk, role: Option<UserRole>) -> Ports {
    let own = desk.ports.tokens.clone();
    Ports {
        tokens: Arc::new(Issuer { role, own }),
        ..desk.ports.clone()
    }
}

#[tokio::test]
async fn a_role_taken_away_at_the_issuer_is_gone_here_too() {
    let desk = Desk::open().await;
    for role in [UserRole::Admin, UserRole::User, UserRole::Service, UserRole::User] {
        let ports = told(&desk, Some(role));
        let actor = commands::authenticate(&ports, "any").await.unwrap().actor;
        assert_eq!(actor.role, role, "for what is done with the token");
        let stored = desk.ports.accounts.user(actor.user_id).await.unwrap().unwrap();
        assert_eq!(stored.role, role, "for the re-checks of live sockets");
        let times = SessionTimes::default();
        let (ticket, _) = commands::issue_ticket(&ports, &actor, times).await.unwrap();
        let redeemed = commands::take_ticket(&ports, &ticket).await.unwrap();
        assert_eq!(redeemed.role, role, "for tickets");
    }
}

#[tokio::test]
async fn an_issuer_that_says_nothing_of_roles_leaves_them_to_operators() {
    let desk = Desk::open().await;
    let ports = told(&desk, None);
    let actor = commands::authenticate(&ports, "any").await.unwrap().actor;
    assert_eq!(actor.role, UserRole::User);
    let accounts = &desk.ports.accounts;
    let now = desk.ports.clock.now();
    accounts
        .set_role(actor.user_id, UserRole::Admin, now)
        .await
        .unwrap();
    let actor = commands::authenticate(&ports, "any").await.unwrap().actor;
    assert_eq!(actor.role, UserRole::Admin);
}

#[tokio::test]
async fn who_comes_with_a_token_is_the_person_whom_the_backend_made() {
    let desk = Desk::open().await;
    let host = Actor {
        user_id: UserId::mint(desk.ports.clock.now()),
        role: UserRole::Service,
        session_id: None,
    };
    let wanted = KeepUser {
        external_id: "boss".to_owned(),
        ..KeepUser::default()
    };
    let (person, _) = commands::keep_user(&desk.ports, &host, wanted.clone(), Trace::default())
        .await
        .unwrap();
    let identity = commands::authenticate(&told(&desk, None), "any").await.unwrap();
    assert_eq!(identity.actor.user_id, person.id);
    let again = commands::keep_user(&desk.ports, &host, wanted, Trace::default()).await;
    assert_eq!(again.unwrap(), (person, false));
}
