//! From where the keys of an identity provider come, and what is said while they are not there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use futures_util::FutureExt;
use futures_util::future::join_all;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time;
use tokio_rustls::TlsAcceptor;

use super::{By, Provider, ask, claims, house, house_of, house_trusting};
use crate::config::JwksSource;

#[tokio::test(start_paused = true)]
async fn new_keys_are_found_and_old_ones_forgotten() {
    let provider = Provider::new();
    let (house, directory) = house(&json!({ "keys": [] }));
    let later = Provider::new();
    let token = later.token(&json!({ "alg": "ES256", "kid": "c2" }), &claims(), By::Ec);
    let status = async || ask(&house, Method::GET, "/me", &token).await.status;
    assert_eq!(status().await, StatusCode::UNAUTHORIZED);
    let write = |keys: Value| std::fs::write(directory.path().join("jwks.json"), keys.to_string()).expect("written");
    write(json!({ "keys": [Provider::ec_jwk(&later.ec, "c2")] }));
    assert_eq!(status().await, StatusCode::UNAUTHORIZED, "the provider is not asked all the time");
    time::advance(Duration::from_secs(11)).await;
    assert_eq!(status().await, StatusCode::OK, "a key that was not there is looked for");
    std::fs::remove_file(directory.path().join("jwks.json")).expect("removed");
    time::advance(Duration::from_secs(3_601)).await;
    assert_eq!(status().await, StatusCode::OK, "what can't be read is as it was");
    write(provider.jwks());
    time::advance(Duration::from_secs(11)).await;
    assert_eq!(status().await, StatusCode::UNAUTHORIZED, "a key that was taken out lets nobody in");
}

/// Answers one request of HTTP with these keys.
async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, body: &str) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// Where a provider answers with the keys that it is told, once it is told them.
async fn slow_provider() -> (JwksSource, mpsc::Sender<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (tell, mut told) = mpsc::channel::<Value>(1);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Some(keys) = told.recv().await else { return };
            answer(stream, &keys.to_string()).await;
        }
    });
    (JwksSource::Url(format!("http://{address}/keys")), tell)
}

fn es256(kid: &str) -> Value {
    json!({ "alg": "ES256", "kid": kid })
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_while_the_keys_are_read_waits_for_them_and_has_guessed_nothing() {
    let provider = Provider::new();
    let (jwks, tell) = slow_provider().await;
    let house = house_of(jwks);
    // At a start, and when the provider signs by another key.
    for (kid, keys) in [("c1", provider.jwks()), ("c2", json!({ "keys": [Provider::ec_jwk(&provider.ec, "c2")] }))] {
        let bearer = format!("Bearer {}", provider.token(&es256(kid), &claims(), By::Ec));
        let headers = [("authorization", bearer.as_str())];
        // More than may guess, all of one address.
        let asked = join_all((0..12).map(|_| house.status_with("GET", "/me", &headers, 1)));
        let (statuses, told) = tokio::join!(asked, tell.send(keys));
        told.expect("it is there");
        assert_eq!(statuses, [StatusCode::OK; 12], "{kid}");
        time::advance(Duration::from_secs(11)).await;
    }
}

#[tokio::test]
async fn what_was_read_is_known_also_where_whoever_asked_has_gone() {
    let provider = Provider::new();
    let (jwks, tell) = slow_provider().await;
    let house = house_of(jwks);
    assert!(ask(&house, Method::GET, "/me", &provider.good()).now_or_never().is_none(), "the keys are being read");
    tell.send(provider.jwks()).await.expect("it is there");
    let me = ask(&house, Method::GET, "/me", &provider.good()).await;
    assert_eq!(me.status, StatusCode::OK, "{}", me.body);
}

#[tokio::test(start_paused = true)]
async fn where_the_keys_can_not_be_read_nobody_is_told_that_a_token_is_wrong() {
    let provider = Provider::new();
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("jwks.json");
    let house = house_of(JwksSource::File(file.clone()));
    let unread = async |token: &str| {
        let me = ask(&house, Method::GET, "/me", token).await;
        assert_eq!((me.status, &me.body["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("keys_unavailable")));
        assert_eq!(me.headers["retry-after"], "10");
    };
    // More often than one may guess.
    for _ in 0..12 {
        unread(&provider.good()).await;
    }
    let again = Duration::from_secs(10);
    time::advance(again).await;
    std::fs::write(&file, provider.jwks().to_string()).expect("written");
    assert_eq!(ask(&house, Method::GET, "/me", &provider.good()).await.status, StatusCode::OK);
    // One that may be new, where nobody can ask whether it is.
    let by_another = provider.token(&es256("c2"), &claims(), By::Ec);
    assert_eq!(ask(&house, Method::GET, "/me", &by_another).await.status, StatusCode::UNAUTHORIZED);
    std::fs::remove_file(&file).expect("removed");
    time::advance(again).await;
    unread(&by_another).await;
    assert_eq!(ask(&house, Method::GET, "/me", &provider.good()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn keys_come_from_an_address_too() {
    let provider = Provider::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let body = provider.jwks().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            answer(stream, &body).await;
        }
    });
    let house = house_of(JwksSource::Url(format!("http://{address}/keys")));
    let me = ask(&house, Method::GET, "/me", &provider.good()).await;
    assert_eq!(me.status, StatusCode::OK, "{}", me.body);
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
}

/// Serves the keys over TLS, with a certificate for that name, which may be over. The address.
async fn serve_keys(jwks: &Value, issuer: &CertifiedIssuer<'static, KeyPair>, name: &str, is_over: bool) -> SocketAddr {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    if is_over {
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().expect("a key");
    let chain = vec![params.signed_by(&key, issuer).expect("a certificate").der().clone()];
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::try_from(key.serialize_der()).expect("a key"))
        .expect("they fit");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let body = jwks.to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever does not trust us goes.
            if let Ok(stream) = acceptor.accept(stream).await {
                answer(stream, &body).await;
            }
        }
    });
    address
}

#[tokio::test]
async fn keys_come_over_tls_from_whom_the_authorities_vouch_for_alone() {
    let provider = Provider::new();
    let directory = tempfile::tempdir().expect("a directory");
    let (ours, another) = (authority("ours"), authority("another"));
    let file = |name: &str, pem: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, pem).expect("written");
        Some(path)
    };
    let trusted = file("ca.pem", &ours.pem());
    let sound = serve_keys(&provider.jwks(), &ours, "127.0.0.1", false).await;
    let unread = StatusCode::SERVICE_UNAVAILABLE;
    let cases = [
        ("sound", sound, trusted.clone(), StatusCode::OK),
        ("among others", sound, file("both.pem", &format!("{}{}", another.pem(), ours.pem())), StatusCode::OK),
        ("another authority", sound, file("other.pem", &another.pem()), unread),
        ("the system's authorities", sound, None, unread),
        ("no certificate in the file", sound, file("empty.pem", "nothing"), unread),
        ("no file", sound, Some(directory.path().join("nowhere.pem")), unread),
        ("another host", serve_keys(&provider.jwks(), &ours, "id.example.com", false).await, trusted.clone(), unread),
        ("expired", serve_keys(&provider.jwks(), &ours, "127.0.0.1", true).await, trusted.clone(), unread),
    ];
    for (what, address, ca_file, expected) in cases {
        let house = house_trusting(JwksSource::Url(format!("https://{address}/keys")), ca_file);
        let me = ask(&house, Method::GET, "/me", &provider.good()).await;
        assert_eq!(me.status, expected, "{what}: {}", me.body);
    }
}
