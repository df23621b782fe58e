//! Our own tokens, honest and hostile.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_domain::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::keys::KeyError;
use crate::test_keys;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const OTHER_SECRET: &str = "fedcba9876543210fedcba9876543210";
const TTL: Duration = Duration::from_mins(15);

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

fn user_id() -> UserId {
    "01900000-0000-7000-8000-000000000001".parse().unwrap()
}

fn session_id() -> SessionId {
    "01900000-0000-7000-8000-000000000002".parse().unwrap()
}

fn settings(signing: SigningKey) -> KeyringSettings {
    KeyringSettings {
        signing,
        previous: Vec::new(),
        issuer: "confab".to_owned(),
        audience: "confab".to_owned(),
        access_token_ttl: TTL,
        outside: None,
    }
}

fn keyring(signing: SigningKey) -> Keyring {
    Keyring::new(settings(signing)).unwrap()
}

fn symmetric() -> Keyring {
    keyring(SigningKey::from_secret(SECRET).unwrap())
}

fn honest_claims() -> Value {
    let now = now().as_seconds();
    json!({"iss": "confab", "aud": "confab", "sub": user_id(), "iat": now, "nbf": now, "exp": now + 900,
        "sid": session_id()})
}

fn honest_header() -> Header {
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(SigningKey::from_secret(SECRET).unwrap().kid().to_owned());
    header
}

fn sign(header: &Header, claims: &Value, secret: &str) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

/// A token with honest claims but for one.
fn with_claim(name: &str, value: Value) -> String {
    let mut claims = honest_claims();
    claims[name] = value;
    sign(&honest_header(), &claims, SECRET)
}

async fn refusal(keyring: &Keyring, token: &str) -> TokenError {
    keyring
        .verify(token, now())
        .await
        .expect_err("the token must be refused")
}

#[tokio::test]
async fn every_kind_of_key_vouches_for_its_own_tokens() {
    let (ed25519, p256, rsa) = (test_keys::ed25519(), test_keys::p256(), test_keys::rsa_2048());
    for (signing, algorithm) in [
        (SigningKey::from_secret(SECRET), Algorithm::HS256),
        (SigningKey::from_private_pem(&ed25519.0), Algorithm::EdDSA),
        (SigningKey::from_private_pem(&p256.0), Algorithm::ES256),
        (SigningKey::from_private_pem(&rsa.0), Algorithm::RS256),
    ] {
        let keyring = keyring(signing.unwrap());
        let (token, expires_at) = keyring
            .issue(user_id(), UserRole::User, Some(session_id()), now())
            .unwrap();
        assert_eq!(expires_at, now().plus(TTL));
        assert_eq!(jsonwebtoken::decode_header(&token).unwrap().alg, algorithm);
        let claims = keyring.verify(&token, now()).await.unwrap();
        let bearer = Bearer::Own {
            user_id: user_id(),
            session_id: Some(session_id()),
        };
        assert_eq!(claims, Claims { bearer, expires_at });
    }
}

#[tokio::test]
async fn an_operators_token_has_no_session_and_lasts_as_long_as_was_said() {
    let keyring = symmetric();
    let ttl = Duration::from_hours(24 * 365);
    let (token, expires_at) = keyring
        .issue_for(user_id(), UserRole::Service, None, now(), ttl)
        .unwrap();
    assert_eq!(expires_at, now().plus(ttl));
    let claims = keyring.verify(&token, now().plus(ttl)).await.unwrap();
    assert_eq!(
        claims.bearer,
        Bearer::Own {
            user_id: user_id(),
            session_id: None
        }
    );
}

#[test]
fn a_token_lasts_no_less_than_was_said() {
    let now = now().plus(Duration::from_millis(1));
    let (_, expires_at) = symmetric().issue(user_id(), UserRole::User, None, now).unwrap();
    assert_eq!(expires_at.since(now), TTL + Duration::from_millis(999));
}

#[tokio::test]
async fn expired_is_not_invalid() {
    let keyring = symmetric();
    let (token, expires_at) = keyring.issue(user_id(), UserRole::User, None, now()).unwrap();
    let last = expires_at.plus(Duration::from_millis(4_999));
    assert!(keyring.verify(&token, last).await.is_ok(), "within the leeway");
    let over = expires_at.plus(Duration::from_secs(5));
    assert_eq!(keyring.verify(&token, over).await, Err(TokenError::Expired));

    // A forged token does not learn that it would have expired.
    let forged = sign(&honest_header(), &honest_claims(), OTHER_SECRET);
    assert_eq!(
        keyring.verify(&forged, over.plus(TTL)).await,
        Err(TokenError::Invalid)
    );
}

#[tokio::test]
async fn honest_claims_hold_and_each_wrong_one_is_refused() {
    let keyring = symmetric();
    let now_s = now().as_seconds();
    let honest = sign(&honest_header(), &honest_claims(), SECRET);
    keyring.verify(&honest, now()).await.unwrap();
    for (name, value) in [
        ("iss", json!("somebody")),
        ("iss", json!(["confab", "somebody"])),
        ("aud", json!("another-service")),
        ("aud", json!(["one", "two"])),
        ("aud", json!([])),
        ("aud", json!(7)),
        ("sub", json!("not-a-user-id")),
        ("sub", json!("")),
        ("sub", json!(["01900000-0000-7000-8000-000000000001"])),
        ("nbf", json!(now_s + 6)),
        ("nbf", json!("soon")),
        ("iat", json!(now_s + 6)),
        ("iat", json!(-1)),
        ("exp", json!("never")),
        ("exp", json!(1e300)),
        ("exp", json!(-5)),
        ("sid", json!("not-a-session-id")),
        ("sid", json!({})),
    ] {
        assert_eq!(
            refusal(&keyring, &with_claim(name, value.clone())).await,
            TokenError::Invalid,
            "{name}: {value}"
        );
    }
    for name in ["iss", "aud", "sub", "iat", "nbf", "exp"] {
        let mut claims = honest_claims();
        claims.as_object_mut().unwrap().remove(name);
        let token = sign(&honest_header(), &claims, SECRET);
        assert_eq!(
            refusal(&keyring, &token).await,
            TokenError::Invalid,
            "without {name}"
        );
        assert_eq!(
            refusal(&keyring, &with_claim(name, Value::Null)).await,
            TokenError::Invalid,
            "{name}: null"
        );
    }
    // What is lawful stays so.
    keyring
        .verify(&with_claim("aud", json!(["other", "confab"])), now())
        .await
        .unwrap();
    keyring
        .verify(&with_claim("nbf", json!(now_s + 5)), now())
        .await
        .unwrap();
}

#[tokio::test]
async fn the_algorithm_belongs_to_the_key() {
    let (private, public) = test_keys::ed25519();
    let asymmetric = keyring(SigningKey::from_private_pem(&private).unwrap());
    let kid = asymmetric.settings.signing.kid().to_owned();

    // The public key, which anybody has, taken for an HMAC secret.
    for secret in [public.as_str(), public.trim()] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(kid.clone());
        assert_eq!(
            refusal(&asymmetric, &sign(&header, &honest_claims(), secret)).await,
            TokenError::Invalid
        );
    }
    // HS512 with the right secret is still not what the key is for.
    let mut header = Header::new(Algorithm::HS512);
    header.kid = honest_header().kid;
    assert_eq!(
        refusal(&symmetric(), &sign(&header, &honest_claims(), SECRET)).await,
        TokenError::Invalid
    );

    // `none`, in every spelling.
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({"alg": algorithm, "typ": "JWT", "kid": honest_header().kid}).to_string();
        let unsigned = format!(
            "{}.{}.",
            URL_SAFE_NO_PAD.encode(header),
            URL_SAFE_NO_PAD.encode(honest_claims().to_string())
        );
        assert_eq!(
            refusal(&symmetric(), &unsigned).await,
            TokenError::Invalid,
            "alg {algorithm}"
        );
    }
}

#[tokio::test]
async fn key_ids_cannot_be_crossed() {
    let keyring = symmetric();
    let other = SigningKey::from_secret(OTHER_SECRET).unwrap();
    let mut header = honest_header();

    header.kid = None;
    assert_eq!(
        refusal(&keyring, &sign(&header, &honest_claims(), SECRET)).await,
        TokenError::Invalid
    );
    header.kid = Some(other.kid().to_owned());
    assert_eq!(
        refusal(&keyring, &sign(&header, &honest_claims(), SECRET)).await,
        TokenError::Invalid
    );
    header.kid = honest_header().kid;
    assert_eq!(
        refusal(&keyring, &sign(&header, &honest_claims(), OTHER_SECRET)).await,
        TokenError::Invalid
    );

    // A token that brings its own key along.
    let mut header = honest_header();
    header.jwk = Some(jsonwebtoken::jwk::Jwk::from_encoding_key(&other.key, Algorithm::HS256).unwrap());
    assert_eq!(
        refusal(&keyring, &sign(&header, &honest_claims(), OTHER_SECRET)).await,
        TokenError::Invalid
    );
    // A token that asks for something we do not know.
    let mut header = honest_header();
    header.crit = Some(vec!["b64".to_owned()]);
    assert_eq!(
        refusal(&keyring, &sign(&header, &honest_claims(), SECRET)).await,
        TokenError::Invalid
    );
}

#[tokio::test]
async fn rubbish_is_invalid() {
    let keyring = symmetric();
    let honest = sign(&honest_header(), &honest_claims(), SECRET);
    let long = format!("{honest}{}", "A".repeat(TOKEN_BYTES_MAX));
    let (head, _) = honest.rsplit_once('.').unwrap();
    for token in [
        "",
        ".",
        "..",
        "a.b.c",
        "💬.💬.💬",
        &honest[1..],
        head,
        &format!("{honest}."),
        &long,
    ] {
        assert_eq!(refusal(&keyring, token).await, TokenError::Invalid, "{token}");
    }
}

#[tokio::test]
async fn former_keys_hold_during_a_rotation_and_only_then() {
    let former = symmetric();
    let (token, _) = former.issue(user_id(), UserRole::User, None, now()).unwrap();

    let (private, _) = test_keys::ed25519();
    let signing = SigningKey::from_private_pem(&private).unwrap();
    assert_eq!(
        refusal(&keyring(signing.clone()), &token).await,
        TokenError::Invalid
    );

    let previous = vec![VerifyingKey::from_secret(SECRET).unwrap()];
    let rotating = Keyring::new(KeyringSettings {
        previous,
        ..settings(signing.clone())
    })
    .unwrap();
    rotating.verify(&token, now()).await.unwrap();
    let (token, _) = rotating.issue(user_id(), UserRole::User, None, now()).unwrap();
    assert_eq!(
        jsonwebtoken::decode_header(&token).unwrap().kid.as_deref(),
        Some(signing.kid())
    );
}

#[test]
fn the_key_set_shows_public_keys_alone() {
    assert_eq!(symmetric().jwks(), json!({"keys": []}));
    let ((private, public), (_, former)) = (test_keys::ed25519(), test_keys::rsa_2048());
    let mut previous = VerifyingKey::from_public_pems(&former).unwrap();
    previous.push(VerifyingKey::from_secret(SECRET).unwrap());
    let signing = SigningKey::from_private_pem(&private).unwrap();
    let kid = signing.kid().to_owned();
    assert_eq!(
        VerifyingKey::from_public_pem(&public).unwrap().kid,
        kid,
        "one key, one id"
    );
    let jwks = Keyring::new(KeyringSettings {
        previous,
        ..settings(signing)
    })
    .unwrap()
    .jwks();
    let keys = jwks["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0]["kid"], kid);
    assert_eq!(
        (&keys[0]["kty"], &keys[0]["crv"], &keys[0]["alg"], &keys[0]["use"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"), &json!("sig"))
    );
    assert_eq!(
        (&keys[1]["kty"], &keys[1]["alg"]),
        (&json!("RSA"), &json!("RS256"))
    );
    for key in keys {
        for private in ["d", "p", "q", "k"] {
            assert!(key.get(private).is_none(), "{key}");
        }
    }
}

#[test]
fn what_is_no_key_is_refused_at_once() {
    assert_eq!(
        SigningKey::from_secret("short").unwrap_err(),
        KeyError::ShortSecret
    );
    let (_, public) = test_keys::p256();
    assert_eq!(
        SigningKey::from_private_pem(&public).unwrap_err(),
        KeyError::BadPrivateKey
    );
    assert_eq!(
        SigningKey::from_private_pem("not a key").unwrap_err(),
        KeyError::BadPrivateKey
    );
    assert_eq!(
        VerifyingKey::from_public_pems("").unwrap_err(),
        KeyError::BadPublicKey
    );
    let broken = format!("{public}\n-----BEGIN PUBLIC KEY-----");
    assert_eq!(
        VerifyingKey::from_public_pems(&broken).unwrap_err(),
        KeyError::BadPublicKey
    );
    let two = format!("{public}\n{}", test_keys::ed25519().1);
    assert_eq!(VerifyingKey::from_public_pems(&two).unwrap().len(), 2);
    assert!(!format!("{:?}", SigningKey::from_secret(SECRET).unwrap()).contains(SECRET));
}
