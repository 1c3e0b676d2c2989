//! HTTPS, over a socket.

use std::path::Path;

use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::*;
use crate::http::tls::Certificate;

/// Writes a certificate of its own and its key; the certificate.
fn make(directory: &Path) -> CertificateDer<'static> {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a certificate");
    std::fs::write(directory.join("key.pem"), key.serialize_pem()).expect("it is written");
    std::fs::write(directory.join("certificate.pem"), certificate.pem()).expect("it is written");
    CertificateDer::from_pem_slice(certificate.pem().as_bytes()).expect("it is PEM")
}

fn open(directory: &Path) -> Result<Certificate, crate::http::CertificateError> {
    Certificate::open(&directory.join("certificate.pem"), &directory.join("key.pem"))
}

/// What `/healthz` answers to somebody who trusts that certificate alone.
async fn ask(address: std::net::SocketAddr, trusted: &CertificateDer<'static>) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("it is one");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("ring has them").with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").expect("it is a name");
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::test]
async fn a_certificate_is_shown_and_may_be_replaced() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = make(directory.path());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it has one");
    let stop = CancellationToken::new();
    let certificate = open(directory.path()).expect("they are sound");
    let task = tokio::spawn(serve(listener, Some(certificate), app(None), stop.clone().cancelled_owned()));
    assert!(ask(address, &first).await.expect("an answer").starts_with("HTTP/1.1 200"));

    // Half written, as while they are copied: what was in use stays so.
    std::fs::write(directory.path().join("key.pem"), "-----BEGIN").expect("it is written");
    assert!(ask(address, &first).await.expect("an answer").starts_with("HTTP/1.1 200"));

    let second = make(directory.path());
    assert!(ask(address, &second).await.expect("an answer").starts_with("HTTP/1.1 200"));
    assert!(ask(address, &first).await.is_err(), "the old one is not shown any more");

    let mut plain = TcpStream::connect(address).await.expect("it listens");
    plain.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("it is sent");
    let mut answer = Vec::new();
    // Cut, or told so in TLS; in no case an answer of HTTP.
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "nothing is said without TLS");
    stop.cancel();
    task.await.expect("it ends");
}

#[test]
fn files_that_are_none_are_named() {
    let directory = tempfile::tempdir().expect("a directory");
    assert!(open(directory.path()).expect_err("there is none").to_string().contains("certificate.pem: "));
    make(directory.path());
    let key = std::fs::read(directory.path().join("key.pem")).expect("it is there");
    make(directory.path());
    std::fs::write(directory.path().join("key.pem"), key).expect("it is written");
    let error = open(directory.path()).expect_err("the key is another's").to_string();
    assert!(error.contains("key.pem: certificate and key do not fit"), "{error}");
}
