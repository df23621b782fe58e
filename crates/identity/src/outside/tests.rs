//! An outside issuer on a local socket: its keys, its absence, its hostile friends.

use std::sync::atomic::{AtomicUsize, Ordering};

use confab_domain::ports::AccessTokens;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::keys::{SigningKey, VerifyingKey};
use crate::{Keyring, KeyringSettings, test_keys};

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const ISSUER: &str = "https://issuer.example/";

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

/// Serves one body to everybody and counts.
struct Issuer {
    url: String,
    asked: Arc<AtomicUsize>,
    answer: Arc<RwLock<(u16, String)>>,
    _serving: tokio_util::task::AbortOnDropHandle<()>,
}

impl Issuer {
    async fn start(keys: Value) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks.json", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let answer = Arc::new(RwLock::new((200, json!({ "keys": keys }).to_string())));
        let serving = {
            let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
            tokio::spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                    tokio::spawn(async move {
                        let mut request = [0; 4096];
                        let _ = stream.read(&mut request).await;
                        asked.fetch_add(1, Ordering::SeqCst);
                        let (status, body) = answer.read().clone();
                        let head = format!(
                            "HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                            body.len()
                        );
                        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                    });
                }
            })
        };
        Self {
            url,
            asked,
            answer,
            _serving: tokio_util::task::AbortOnDropHandle::new(serving),
        }
    }

    fn publish(&self, keys: Value) {
        *self.answer.write() = (200, json!({ "keys": keys }).to_string());
    }

    fn break_down(&self, status: u16, body: &str) {
        *self.answer.write() = (status, body.to_owned());
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A key of the issuer's: what signs, and what it publishes.
fn issuer_key(kid: &str) -> (EncodingKey, Value) {
    let (private, public) = test_keys::p256();
    let jwk = VerifyingKey::from_public_pem(&public).unwrap().jwk.unwrap();
    let mut jwk = serde_json::to_value(jwk).unwrap();
    jwk["kid"] = json!(kid);
    (EncodingKey::from_ec_pem(private.as_bytes()).unwrap(), jwk)
}

fn claims() -> Value {
    let now = now().as_seconds();
    json!({"iss": ISSUER, "aud": ["chat"], "sub": "auth0|42", "iat": now, "exp": now + 60,
        "preferred_username": "ada", "name": "Ada L.", "picture": "https://img.example/ada.png",
        "roles": ["staff", "chat-admin"], "sid": "the issuer's own"})
}

fn sign(key: &EncodingKey, kid: Option<&str>, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::ES256);
    header.kid = kid.map(str::to_owned);
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

fn keyring(issuer: &Issuer, role_claim: Option<RoleClaim>, patience: Patience) -> Keyring {
    let settings = OutsideSettings {
        jwks_url: issuer.url.clone(),
        issuer: ISSUER.to_owned(),
        audience: "chat".to_owned(),
        role_claim,
    };
    Keyring::new(KeyringSettings {
        signing: SigningKey::from_secret(SECRET).unwrap(),
        previous: Vec::new(),
        issuer: "confab".to_owned(),
        audience: "confab".to_owned(),
        access_token_ttl: Duration::from_mins(15),
        outside: Some(OutsideIssuer::new(settings, patience).unwrap()),
    })
    .unwrap()
}

/// Never too early for another attempt.
fn impatient() -> Patience {
    Patience {
        refetch_pause: Duration::ZERO,
        first_fetch_pause: Duration::ZERO,
        ..Patience::default()
    }
}

fn profile_of(claims: Claims) -> OutsideProfile {
    match claims.bearer {
        Bearer::Outside(profile) => profile,
        Bearer::Own { .. } => panic!("taken for one of ours"),
    }
}

#[tokio::test]
async fn a_stranger_is_known_by_issuer_and_subject() {
    let (key, jwk) = issuer_key("one");
    let issuer = Issuer::start(json!([{"kty": "AKP", "kid": "of a new kind"}, jwk])).await;
    let keyring = keyring(&issuer, None, Patience::default());
    let token = sign(&key, Some("one"), &claims());
    let verified = keyring.verify(&token, now()).await.unwrap();
    assert_eq!(verified.expires_at, now().plus(Duration::from_mins(1)));
    assert_eq!(
        profile_of(verified),
        OutsideProfile {
            issuer: ISSUER.to_owned(),
            subject: "auth0|42".to_owned(),
            username: Some("ada".to_owned()),
            display_name: Some("Ada L.".to_owned()),
            avatar_url: Some("https://img.example/ada.png".to_owned()),
            role: None,
        }
    );
    for _ in 0..20 {
        keyring.verify(&token, now()).await.unwrap();
    }
    assert_eq!(issuer.asked(), 1, "the set is kept");
    let over = now().plus(Duration::from_secs(65));
    assert_eq!(keyring.verify(&token, over).await, Err(TokenError::Expired));
}

#[tokio::test]
async fn a_role_counts_when_a_setting_maps_it() {
    let (key, jwk) = issuer_key("one");
    let issuer = Issuer::start(json!([jwk])).await;
    let mapping = |path: &str| {
        Some(RoleClaim {
            path: path.to_owned(),
            admin: Some("chat-admin".to_owned()),
            service: Some("chat-service".to_owned()),
        })
    };
    let mut nested = claims();
    nested["roles"] = json!("admin");
    nested["realm_access"] = json!({"roles": ["chat-service"]});
    nested["https://host.example/role"] = json!("chat-admin");
    for (path, claims, role) in [
        ("roles", claims(), UserRole::Admin),
        ("roles", nested.clone(), UserRole::User),
        ("realm_access.roles", nested.clone(), UserRole::Service),
        ("https://host.example/role", nested.clone(), UserRole::Admin),
        ("realm_access", nested.clone(), UserRole::User),
        ("nothing.there", nested, UserRole::User),
    ] {
        let keyring = keyring(&issuer, mapping(path), Patience::default());
        let token = sign(&key, Some("one"), &claims);
        assert_eq!(
            profile_of(keyring.verify(&token, now()).await.unwrap()).role,
            Some(role),
            "{path}"
        );
    }
}

#[tokio::test]
async fn unlawful_names_and_pictures_are_left_out() {
    let (key, jwk) = issuer_key("one");
    let issuer = Issuer::start(json!([jwk])).await;
    let keyring = keyring(&issuer, None, Patience::default());
    let mut odd = claims();
    odd["preferred_username"] = json!("ada@example.com");
    odd["name"] = json!(7);
    odd["picture"] = json!("javascript:alert(1)");
    let profile = profile_of(
        keyring
            .verify(&sign(&key, Some("one"), &odd), now())
            .await
            .unwrap(),
    );
    assert_eq!(
        (profile.username, profile.display_name, profile.avatar_url),
        (None, None, None)
    );
}

#[tokio::test]
async fn keys_never_vouch_across_issuers() {
    let (key, jwk) = issuer_key("one");
    // A published secret under the id of our own key: a set cannot make HMAC lawful.
    let own = SigningKey::from_secret(SECRET).unwrap();
    let oct = json!({"kty": "oct", "alg": "HS256", "kid": own.kid(), "k": "c2VjcmV0LXRoYXQtZXZlcnlib2R5LWNhbi1yZWFkISE"});
    let issuer = Issuer::start(json!([oct, jwk])).await;
    let keyring = keyring(&issuer, None, impatient());

    let mut as_ours = claims();
    as_ours["iss"] = json!("confab");
    as_ours["aud"] = json!("confab");
    as_ours["sub"] = json!("01900000-0000-7000-8000-000000000001");
    as_ours["nbf"] = as_ours["iat"].clone();
    as_ours.as_object_mut().unwrap().remove("sid");
    let token = sign(&key, Some("one"), &as_ours);
    assert_eq!(
        keyring.verify(&token, now()).await,
        Err(TokenError::Invalid),
        "theirs for ours"
    );

    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(own.kid().to_owned());
    let token = jsonwebtoken::encode(&header, &claims(), &own.key).unwrap();
    assert_eq!(
        keyring.verify(&token, now()).await,
        Err(TokenError::Invalid),
        "ours for theirs"
    );
    let published = EncodingKey::from_secret(b"secret-that-everybody-can-read!!");
    let token = jsonwebtoken::encode(&header, &claims(), &published).unwrap();
    assert_eq!(
        keyring.verify(&token, now()).await,
        Err(TokenError::Invalid),
        "a published secret"
    );

    for (name, value) in [
        ("aud", json!("another")),
        ("iss", json!("https://else.example/")),
        ("sub", json!("a\u{0}b")),
    ] {
        let mut wrong = claims();
        wrong[name] = value;
        let token = sign(&key, Some("one"), &wrong);
        assert_eq!(
            keyring.verify(&token, now()).await,
            Err(TokenError::Invalid),
            "{name}"
        );
    }
    let (foreign, _) = issuer_key("one");
    let token = sign(&foreign, Some("one"), &claims());
    assert_eq!(
        keyring.verify(&token, now()).await,
        Err(TokenError::Invalid),
        "another's signature"
    );
}

#[tokio::test]
async fn a_token_without_key_id_is_understood_when_there_is_no_choice() {
    let ((key, one), (_, two)) = (issuer_key("one"), issuer_key("two"));
    let issuer = Issuer::start(json!([one])).await;
    let token = sign(&key, None, &claims());
    keyring(&issuer, None, Patience::default())
        .verify(&token, now())
        .await
        .unwrap();
    issuer.publish(json!([one, two]));
    let outcome = keyring(&issuer, None, Patience::default())
        .verify(&token, now())
        .await;
    assert_eq!(outcome, Err(TokenError::Invalid));
}

#[tokio::test]
async fn a_new_key_is_learnt_and_a_made_up_one_asked_for_once() {
    let ((old, old_jwk), (new, new_jwk)) = (issuer_key("old"), issuer_key("new"));
    let issuer = Issuer::start(json!([old_jwk])).await;
    let keyring = Arc::new(keyring(
        &issuer,
        None,
        Patience {
            refetch_pause: Duration::from_millis(300),
            ..Patience::default()
        },
    ));
    keyring
        .verify(&sign(&old, Some("old"), &claims()), now())
        .await
        .unwrap();
    issuer.publish(json!([old_jwk, new_jwk]));

    // Within the pause nothing made up reaches the issuer.
    let made_up = sign(&old, Some("made up"), &claims());
    let crowd: Vec<_> = (0..50)
        .map(|_| {
            let (keyring, token) = (Arc::clone(&keyring), made_up.clone());
            tokio::spawn(async move { keyring.verify(&token, now()).await })
        })
        .collect();
    for one in crowd {
        assert_eq!(one.await.unwrap(), Err(TokenError::Invalid));
    }
    assert!(issuer.asked() <= 2, "asked {} times", issuer.asked());

    // After it the new key arrives.
    let token = sign(&new, Some("new"), &claims());
    let deadline = Instant::now() + Duration::from_secs(10);
    while let Err(error) = keyring.verify(&token, now()).await {
        assert!(
            error == TokenError::Invalid && Instant::now() < deadline,
            "{error}"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_crowd_at_the_start_makes_one_request() {
    let (key, jwk) = issuer_key("one");
    let issuer = Issuer::start(json!([jwk])).await;
    let keyring = Arc::new(keyring(&issuer, None, impatient()));
    let token = sign(&key, Some("one"), &claims());
    let crowd: Vec<_> = (0..50)
        .map(|_| {
            let (keyring, token) = (Arc::clone(&keyring), token.clone());
            tokio::spawn(async move { keyring.verify(&token, now()).await })
        })
        .collect();
    for one in crowd {
        one.await.unwrap().unwrap();
    }
    assert_eq!(issuer.asked(), 1);
}

#[tokio::test]
async fn an_issuer_that_is_away_stops_nobody_whose_key_we_know() {
    let (key, jwk) = issuer_key("one");
    let issuer = Issuer::start(json!([jwk])).await;
    let patience = Patience {
        age_max: Duration::ZERO,
        ..impatient()
    };
    let keyring = keyring(&issuer, None, patience);
    let known = sign(&key, Some("one"), &claims());
    keyring.verify(&known, now()).await.unwrap();
    let huge = format!("{{\"keys\":[],\"filler\":\"{}\"}}", "x".repeat(KEY_SET_BYTES_MAX));
    for (status, body) in [
        (503, "{}"),
        (302, ""),
        (200, "<html>"),
        (200, "{\"keys\":[]}"),
        (200, huge.as_str()),
    ] {
        issuer.break_down(status, body);
        let unknown = sign(&key, Some("two"), &claims());
        assert_eq!(
            keyring.verify(&unknown, now()).await,
            Err(TokenError::Unavailable),
            "{status}"
        );
        keyring.verify(&known, now()).await.unwrap();
    }
}

#[tokio::test]
async fn an_old_set_is_fetched_anew_behind_the_callers_back() {
    let ((one, one_jwk), (_, two_jwk)) = (issuer_key("one"), issuer_key("two"));
    let issuer = Issuer::start(json!([one_jwk])).await;
    let keyring = keyring(
        &issuer,
        None,
        Patience {
            age_max: Duration::ZERO,
            ..impatient()
        },
    );
    let token = sign(&one, Some("one"), &claims());
    keyring.verify(&token, now()).await.unwrap();
    // The issuer takes its key back.
    issuer.publish(json!([two_jwk]));
    let deadline = Instant::now() + Duration::from_secs(10);
    while keyring.verify(&token, now()).await.is_ok() {
        assert!(
            Instant::now() < deadline,
            "the key that was taken back still serves"
        );
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nobody_there_at_the_first_token_is_unavailable() {
    let (key, _) = issuer_key("one");
    let issuer = Issuer::start(json!([])).await;
    issuer.break_down(500, "");
    let keyring = keyring(&issuer, None, Patience::default());
    let token = sign(&key, Some("one"), &claims());
    assert_eq!(keyring.verify(&token, now()).await, Err(TokenError::Unavailable));
}

#[test]
fn an_issuer_of_our_own_name_is_refused() {
    let settings = OutsideSettings {
        jwks_url: "http://127.0.0.1:1/".to_owned(),
        issuer: "confab".to_owned(),
        audience: "chat".to_owned(),
        role_claim: None,
    };
    let outcome = Keyring::new(KeyringSettings {
        signing: SigningKey::from_secret(SECRET).unwrap(),
        previous: Vec::new(),
        issuer: "confab".to_owned(),
        audience: "confab".to_owned(),
        access_token_ttl: Duration::from_mins(15),
        outside: Some(OutsideIssuer::new(settings, Patience::default()).unwrap()),
    });
    assert!(matches!(outcome, Err(Error::Invalid(_))));
}
