//! Accounts, by an operator's hand.

use std::io::BufRead;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use confab_domain::ports::{Accounts, NewUser, Passwords, Secrets};
use confab_domain::{Actor, Clock, Trace, User, UserId, UserRole, text};
use confab_identity::RandomSecrets;
use confab_storage::Store;

use super::say;
use crate::clock::SystemClock;
use crate::config::Settings;
use crate::{archive, keys};

/// Accounts read at once.
const PAGE: usize = 500;

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Makes an account and prints its id. Without --password-stdin a password is made and printed, except for
    /// service accounts, which have none.
    Create {
        /// The username: 2 to 32 letters, digits, dots, dashes and underscores.
        username: String,
        /// Reads the password from the first line of the standard input.
        #[arg(long)]
        password_stdin: bool,
        /// user, admin or service.
        #[arg(long, default_value = "user", value_parser = role)]
        role: UserRole,
        /// What others read; the username by default.
        #[arg(long)]
        display_name: Option<String>,
        /// An e-mail address, which serves at login too.
        #[arg(long)]
        email: Option<String>,
    },
    /// Prints all open accounts: id, role, username, name.
    List {
        /// Only those whose username or name holds this.
        #[arg(default_value = "")]
        query: String,
    },
    /// Sets what an account may do.
    SetRole {
        /// The username.
        username: String,
        /// user, admin or service.
        #[arg(value_parser = role)]
        role: UserRole,
    },
    /// Sets a password and ends all sessions. Without --password-stdin one is made and printed.
    SetPassword {
        /// The username.
        username: String,
        /// Reads it from the first line of the standard input.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Shuts an account: its sessions end, its sockets close, its memberships stay.
    Deactivate {
        /// The username.
        username: String,
    },
    /// Opens it again.
    Reactivate {
        /// The username.
        username: String,
    },
}

pub(super) fn role(text: &str) -> Result<UserRole, String> {
    UserRole::parse(text).ok_or_else(|| "takes user, admin or service".to_owned())
}

/// Does it.
pub(crate) async fn run(settings: &Settings, verb: Verb) -> Result<()> {
    let store = archive::connect_alone(settings).await?;
    let now = SystemClock.now();
    match verb {
        Verb::Create {
            username,
            password_stdin,
            role,
            display_name,
            email,
        } => {
            let password = match (password_stdin, role) {
                (false, UserRole::Service) => None,
                (from_stdin, _) => Some(password(from_stdin)?),
            };
            let hash = match &password {
                Some(password) => Some(keys::passwords().hash(password.text.clone()).await?),
                None => None,
            };
            let user = make(&store, &username, display_name, email, role, hash).await?;
            say(&user.id.to_string());
            tell(password.as_ref());
        }
        Verb::List { query } => list(&store, &query).await?,
        Verb::SetRole { username, role } => {
            let user = known(&store, &username).await?;
            store.set_role(user.id, role, now).await?;
        }
        Verb::SetPassword {
            username,
            password_stdin,
        } => {
            let user = known(&store, &username).await?;
            let password = password(password_stdin)?;
            let hash = keys::passwords().hash(password.text.clone()).await?;
            store.set_password(user.id, &hash, None, now).await?;
            tell(Some(&password));
        }
        Verb::Deactivate { username } => set_open(&store, &username, false).await?,
        Verb::Reactivate { username } => set_open(&store, &username, true).await?,
    }
    store.close().await;
    Ok(())
}

/// An account of that name, open or shut.
pub(super) async fn find(store: &Store, username: &str) -> Result<Option<User>> {
    Ok(store.login_of(&text::fold(username)).await?.map(|(user, _)| user))
}

/// Makes an account.
pub(super) async fn make(
    store: &Store,
    username: &str,
    display_name: Option<String>,
    email: Option<String>,
    role: UserRole,
    password_hash: Option<String>,
) -> Result<User> {
    let mut findings = confab_domain::Findings::default();
    findings.take("username", text::username(username));
    let display_name = match display_name {
        Some(name) => findings.take("display name", text::name(&name)),
        None => Some(username.to_owned()),
    };
    if let Some(email) = &email {
        findings.take("email", text::email(email));
    }
    findings.finish()?;
    let now = SystemClock.now();
    let user = NewUser {
        id: UserId::mint(now),
        username: username.to_owned(),
        email,
        display_name: display_name.unwrap_or_else(|| username.to_owned()),
        avatar_url: None,
        password_hash,
        role,
    };
    Ok(store.register(user, now, Trace::default()).await?)
}

async fn known(store: &Store, username: &str) -> Result<User> {
    find(store, username)
        .await?
        .with_context(|| format!("there is no account {username}"))
}

async fn set_open(store: &Store, username: &str, is_open: bool) -> Result<()> {
    let user = known(store, username).await?;
    // An operator has no account: the event names the account itself as who did it.
    let operator = Actor {
        user_id: user.id,
        role: UserRole::Admin,
        session_id: None,
    };
    store
        .set_open(&operator, user.id, is_open, SystemClock.now(), Trace::default())
        .await?;
    Ok(())
}

async fn list(store: &Store, query: &str) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page = store.search_users(query, after.as_deref(), PAGE).await?;
        for user in page.items {
            say(&format!(
                "{}  {:<7}  {}  {}",
                user.id,
                user.role.as_str(),
                user.username,
                user.display_name
            ));
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

struct Password {
    text: String,
    is_ours: bool,
}

/// A password from the standard input, or a new one.
fn password(from_stdin: bool) -> Result<Password> {
    if !from_stdin {
        let (secret, _) = RandomSecrets.mint();
        return Ok(Password {
            text: secret[..24].to_owned(),
            is_ours: true,
        });
    }
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context("reading the password")?;
    let text = line.trim_end_matches(['\r', '\n']).to_owned();
    if let Err(reason) = text::password(&text) {
        bail!("the password {reason}");
    }
    Ok(Password { text, is_ours: false })
}

/// A password that we made is told once.
fn tell(password: Option<&Password>) {
    if let Some(password) = password.filter(|password| password.is_ours) {
        say(&format!("password: {}", password.text));
    }
}
