//! Those who come in by an identity provider, whose keys are this test's own.

mod keys;

use std::path::PathBuf;

use axum::http::{HeaderMap, Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::NOW;
use super::house::{Answered, House};
use crate::config::{JwksSource, OidcConfig};
use crate::http::{App, Oidc};
use crate::routing::RoleName;
use crate::routing::permission::AccessLevel;

const CATALOGUE: &str = r#"
[[role]]
name = "billing"
[[role]]
name = "lead"
permissions = ["reports.view"]
permissions_denied = ["presence.set-own"]
"#;
const ISSUER: &str = "https://id.example.com";
const SECOND: i64 = 1_000;

fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The keys of a provider: one of each kind that is taken.
struct Provider {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    /// Somebody else's.
    strange: EcdsaKeyPair,
}

#[derive(Clone, Copy)]
enum By {
    Rsa,
    Ec,
    Strange,
    Nobody,
    /// The text of the public key as a secret.
    PublicKey,
}

impl Provider {
    fn new() -> Self {
        let rsa = RsaKeyPair::from_pkcs8(include_bytes!("identity.pk8")).expect("a key");
        let ec = || {
            let (algorithm, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
            let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect("a key");
            EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random).expect("a key")
        };
        Self { rsa, ec: ec(), strange: ec() }
    }

    fn rsa_modulus(&self) -> Vec<u8> {
        PublicKeyComponents::<Vec<u8>>::from(self.rsa.public()).n
    }

    fn ec_jwk(key: &EcdsaKeyPair, kid: &str) -> Value {
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": base64(x), "y": base64(y) })
    }

    fn jwks(&self) -> Value {
        let PublicKeyComponents::<Vec<u8>> { n, e } = self.rsa.public().into();
        let rsa = json!({ "kty": "RSA", "kid": "r1", "alg": "RS256", "use": "sig", "n": base64(&n), "e": base64(&e) });
        let encrypts = json!({ "kty": "RSA", "kid": "e1", "use": "enc", "n": base64(&n), "e": base64(&e) });
        let secret = json!({ "kty": "oct", "kid": "s1", "alg": "HS256", "k": base64(b"secret") });
        let unknown = json!({ "kty": "lattice", "kid": "u1" });
        json!({ "keys": [unknown, rsa, Self::ec_jwk(&self.ec, "c1"), encrypts, secret] })
    }

    fn sign(&self, by: By, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match by {
            By::Rsa => {
                let mut signature = vec![0; self.rsa.public().modulus_len()];
                self.rsa.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).expect("signed");
                signature
            }
            By::Ec => self.ec.sign(&random, message).expect("signed").as_ref().to_vec(),
            By::Strange => self.strange.sign(&random, message).expect("signed").as_ref().to_vec(),
            By::Nobody => Vec::new(),
            By::PublicKey => {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &self.rsa_modulus());
                ring::hmac::sign(&key, message).as_ref().to_vec()
            }
        }
    }

    fn token(&self, header: &Value, claims: &Value, by: By) -> String {
        let message = format!("{}.{}", base64(header.to_string().as_bytes()), base64(claims.to_string().as_bytes()));
        let signature = base64(&self.sign(by, message.as_bytes()));
        format!("{message}.{signature}")
    }

    /// As anna gets it.
    fn good(&self) -> String {
        self.token(&rs256(), &claims(), By::Rsa)
    }
}

fn rs256() -> Value {
    json!({ "alg": "RS256", "typ": "JWT", "kid": "r1" })
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": ["rolecall", "other"], "sub": "7f", "preferred_username": "anna ö",
        "exp": NOW.0 / SECOND + 300, "nbf": NOW.0 / SECOND, "realm_access": { "roles": ["staff", "supervisors"] },
    })
}

/// The claims with these in their place.
fn but(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => drop(claims.as_object_mut().expect("an object").remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

fn config(jwks: JwksSource, ca_file: Option<PathBuf>) -> OidcConfig {
    let level = |name: &str, level| (name.to_owned(), level);
    OidcConfig {
        issuer: ISSUER.to_owned(),
        audience: "rolecall".to_owned(),
        jwks,
        ca_file,
        name_claim: "preferred_username".to_owned(),
        agent_claim: Some("agent".to_owned()),
        groups_claim: "realm_access.roles".to_owned(),
        levels: [level("staff", AccessLevel::Agent), level("supervisors", AccessLevel::Admin)].into(),
        roles: [("leads".to_owned(), [RoleName::parse("lead").expect("a name")].into())].into(),
    }
}

fn house_of(jwks: JwksSource) -> House {
    house_trusting(jwks, None)
}

/// One that trusts the authorities in that file.
fn house_trusting(jwks: JwksSource, ca_file: Option<PathBuf>) -> House {
    House::made(CATALOGUE, |app| App { oidc: Some(Oidc::new(config(jwks, ca_file))), ..app })
}

/// A house, and the file in which it finds the keys.
fn house(jwks: &Value) -> (House, TempDir) {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("jwks.json"), jwks.to_string()).expect("written");
    (house_of(JwksSource::File(directory.path().join("jwks.json"))), directory)
}

async fn ask(house: &House, method: Method, path: &str, token: &str) -> Answered {
    house.ask_with(method, path, &[("authorization", &format!("Bearer {token}"))], None).await
}

#[tokio::test]
async fn whoever_the_provider_vouches_for_comes_in_as_its_groups_say() {
    let provider = Provider::new();
    let (house, _keys) = house(&provider.jwks());
    let me = ask(&house, Method::GET, "/me", &provider.good()).await;
    assert_eq!(me.status, StatusCode::OK, "{}", me.body);
    assert_eq!((&me.body["name"], &me.body["level"]), (&json!("oidc:anna%20%C3%B6"), &json!("admin")), "the highest");
    let es256 = json!({ "alg": "ES256", "kid": "c1" });
    let staff = but(&json!({ "realm_access": { "roles": ["staff", "leads"] }, "aud": "rolecall", "nbf": null }));
    let me = ask(&house, Method::GET, "/me", &provider.token(&es256, &staff, By::Ec)).await;
    assert_eq!(me.body["level"], "agent");
    assert_eq!(me.body["permissions"], json!(["work.read-own", "work.do-own", "reports.view"]), "by its role lead");
    // Whoever acts for an agent may do what that agent may, and an agent that is not there may do nothing.
    house.done(Method::PUT, "/agents/anna", json!({ "roles": ["billing"], "access": "admin" })).await;
    for (agent, count) in [("anna", 3), ("nobody", 0)] {
        let of_agent = but(&json!({ "agent": agent, "realm_access": { "roles": "staff" } }));
        let me = ask(&house, Method::GET, "/me", &provider.token(&es256, &of_agent, By::Ec)).await;
        assert_eq!(me.body["permissions"].as_array().map(Vec::len), Some(count), "{agent}: {}", me.body);
    }
}

#[tokio::test]
async fn a_role_that_was_renamed_brings_what_it_brought() {
    let provider = Provider::new();
    let directory = tempfile::tempdir().expect("a directory");
    let keys = directory.path().join("jwks.json");
    std::fs::write(&keys, provider.jwks().to_string()).expect("written");
    let renamed = CATALOGUE.replace("name = \"lead\"", "name = \"head\"\nreplaces = [\"lead\"]");
    let oidc = Some(Oidc::new(config(JwksSource::File(keys), None)));
    let house = House::made(&renamed, |app| App { oidc, ..app });
    let lead = but(&json!({ "realm_access": { "roles": ["staff", "leads"] } }));
    let me = ask(&house, Method::GET, "/me", &provider.token(&rs256(), &lead, By::Rsa)).await;
    let expected = json!(["work.read-own", "work.do-own", "reports.view"]);
    assert_eq!(me.body["permissions"], expected, "and not what it denies");
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_lets_nobody_in() {
    let provider = Provider::new();
    let (house, _keys) = house(&provider.jwks());
    let at = |seconds: i64| NOW.0 / SECOND + seconds;
    let cases = [
        ("wrong audience", rs256(), but(&json!({ "aud": "other" })), By::Rsa, "wrong_token"),
        ("no audience", rs256(), but(&json!({ "aud": null })), By::Rsa, "wrong_token"),
        ("wrong issuer", rs256(), but(&json!({ "iss": "https://id.example.org" })), By::Rsa, "wrong_token"),
        ("no issuer", rs256(), but(&json!({ "iss": null })), By::Rsa, "wrong_token"),
        (
            "several issuers",
            rs256(),
            but(&json!({ "iss": ["https://id.example.org", ISSUER] })),
            By::Rsa,
            "wrong_token",
        ),
        ("expired", rs256(), but(&json!({ "exp": at(-60) })), By::Rsa, "expired_token"),
        ("no expiry", rs256(), but(&json!({ "exp": null })), By::Rsa, "wrong_token"),
        ("expiry as text", rs256(), but(&json!({ "exp": "tomorrow" })), By::Rsa, "wrong_token"),
        ("expiry beyond all time", rs256(), but(&json!({ "exp": i64::MAX })), By::Rsa, "wrong_token"),
        ("not yet valid", rs256(), but(&json!({ "nbf": at(61) })), By::Rsa, "token_not_yet_valid"),
        ("beginning as text", rs256(), but(&json!({ "nbf": "now" })), By::Rsa, "wrong_token"),
        ("no name", rs256(), but(&json!({ "preferred_username": null })), By::Rsa, "wrong_token"),
        ("an agent that is none", rs256(), but(&json!({ "agent": 7 })), By::Rsa, "wrong_token"),
        ("unknown kid", json!({ "alg": "RS256", "kid": "r2" }), claims(), By::Rsa, "wrong_token"),
        ("no kid", json!({ "alg": "RS256" }), claims(), By::Rsa, "wrong_token"),
        (
            "a kid that is a path",
            json!({ "alg": "RS256", "kid": "../../../../etc/passwd" }),
            claims(),
            By::Rsa,
            "wrong_token",
        ),
        (
            "a key in the token",
            json!({ "alg": "ES256", "kid": "c1", "jwk": Provider::ec_jwk(&provider.strange, "c1"), "jku": "https://evil.example/jwks" }),
            claims(),
            By::Strange,
            "wrong_token",
        ),
        ("alg none", json!({ "alg": "none", "kid": "r1" }), claims(), By::Nobody, "wrong_token"),
        ("no signature", rs256(), claims(), By::Nobody, "wrong_token"),
        ("HS256 with the public key", json!({ "alg": "HS256", "kid": "r1" }), claims(), By::PublicKey, "wrong_token"),
        ("a secret of the set", json!({ "alg": "HS256", "kid": "s1" }), claims(), By::PublicKey, "wrong_token"),
        ("the other key's algorithm", json!({ "alg": "ES256", "kid": "r1" }), claims(), By::Ec, "wrong_token"),
        ("the other key", json!({ "alg": "RS256", "kid": "c1" }), claims(), By::Rsa, "wrong_token"),
        ("a stranger's key", json!({ "alg": "ES256", "kid": "c1" }), claims(), By::Strange, "wrong_token"),
        ("a key for encryption", json!({ "alg": "RS256", "kid": "e1" }), claims(), By::Rsa, "wrong_token"),
        (
            "crit",
            json!({ "alg": "RS256", "kid": "r1", "crit": ["b64"], "b64": false }),
            claims(),
            By::Rsa,
            "wrong_token",
        ),
        ("no group", rs256(), but(&json!({ "realm_access": { "roles": ["leads"] } })), By::Rsa, "no_level"),
    ];
    for (number, (what, header, claims, by, code)) in (1..).zip(cases) {
        let token = provider.token(&header, &claims, by);
        let headers = [("authorization", &*format!("Bearer {token}"))];
        let status = house.status_with("GET", "/me", &headers, number).await;
        let expected = if code == "no_level" { StatusCode::FORBIDDEN } else { StatusCode::UNAUTHORIZED };
        assert_eq!(status, expected, "{what}");
    }
    let good = provider.good();
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let (header, _) = message.split_once('.').expect("three parts");
    let others = base64(but(&json!({ "realm_access": { "roles": ["supervisors"] } })).to_string().as_bytes());
    for token in
        [format!("{header}.{others}.{signature}"), "a.b.c".to_owned(), format!("{good}.x"), format!("{message}.")]
    {
        let answered = ask(&house, Method::GET, "/me", &token).await;
        assert_eq!((answered.status, &answered.body["code"]), (StatusCode::UNAUTHORIZED, &json!("wrong_token")));
    }
    assert_eq!(ask(&house, Method::GET, "/me", &good).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_wrong_is_said_as_of_other_tokens_and_guessing_is_slowed() {
    let provider = Provider::new();
    let (house, _keys) = house(&provider.jwks());
    let expired = provider.token(&rs256(), &but(&json!({ "exp": NOW.0 / SECOND - 61 })), By::Rsa);
    let early = provider.token(&rs256(), &but(&json!({ "nbf": NOW.0 / SECOND + 62 })), By::Rsa);
    for (token, code) in [(&expired, "expired_token"), (&early, "token_not_yet_valid")] {
        assert_eq!(ask(&house, Method::GET, "/me", token).await.body["code"], code);
    }
    for _ in 0..10 {
        assert_eq!(ask(&house, Method::GET, "/me", "a.b.c").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(ask(&house, Method::GET, "/me", "a.b.c").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask(&house, Method::GET, "/me", &provider.good()).await.status, StatusCode::OK, "nobody guesses a key");
    assert_eq!(ask(&house, Method::GET, "/me", &expired).await.body["code"], "expired_token");
}

#[tokio::test]
async fn a_browser_logs_in_with_it_until_it_expires() {
    let provider = Provider::new();
    let (house, _keys) = house(&provider.jwks());
    let headers = [("content-type", "application/json"), ("cookie", "a=b")];
    let begun = house.ask_with(Method::POST, "/sessions", &headers, Some(json!({ "token": provider.good() }))).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.body);
    assert_eq!(begun.body["expires_at"], "2026-11-18T11:12:40.000Z", "with a minute for clocks that differ");
    let cookie = pair(&begun.headers);
    let me = house.ask_with(Method::GET, "/sessions", &[("cookie", &cookie)], None).await;
    assert_eq!((me.status, &me.body["level"]), (StatusCode::OK, &json!("admin")));
}

fn pair(headers: &HeaderMap) -> String {
    headers["set-cookie"].to_str().expect("ASCII").split_once(';').expect("attributes").0.to_owned()
}
