//! `amqps://`: TLS before the shared node, ended by a proxy of the test's own, with certificates that it makes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, date_time_ymd,
};
use rolecall::broker::{self, BrokerOptions, Identity, Prefetch, TlsFiles, TransportError, Unobserved};
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::{options, soon};

/// A proxy to the node that speaks TLS, and everything that it takes to trust it.
struct Scene {
    directory: tempfile::TempDir,
    address: SocketAddr,
}

/// How the proxy is set up.
#[derive(Clone, Copy)]
struct Proxy {
    name: &'static str,
    expired: bool,
    asks_for_certificate: bool,
}

const SOUND: Proxy = Proxy { name: "127.0.0.1", expired: false, asks_for_certificate: false };

impl Scene {
    async fn new(proxy: Proxy) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let (authority, other) = (authority("ours"), authority("another"));
        let write =
            |name: &str, text: String| std::fs::write(directory.path().join(name), text).expect("it is written");
        write("ca.pem", authority.pem());
        write("other-ca.pem", other.pem());
        for (issuer, name) in [(&authority, "client"), (&other, "stranger")] {
            let (certificate, key) = issued(issuer, "rolecall", false, ExtendedKeyUsagePurpose::ClientAuth);
            write(&format!("{name}.pem"), certificate);
            write(&format!("{name}.key"), key);
        }
        let (certificate, key) = issued(&authority, proxy.name, proxy.expired, ExtendedKeyUsagePurpose::ServerAuth);
        let acceptor = acceptor(&certificate, &key, proxy.asks_for_certificate.then(|| authority.pem()));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it has one");
        tokio::spawn(forward(listener, acceptor, broker_address()));
        Self { directory, address }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn identity(&self, name: &str) -> Identity {
        Identity { certificate: self.file(&format!("{name}.pem")), key: self.file(&format!("{name}.key")) }
    }

    /// Connects to the proxy with these files, or says why that can't be.
    async fn connect(&self, authorities: &str, identity: Option<Identity>) -> Result<broker::Link, TransportError> {
        let plain = options("tls");
        let uri = crate::support::amqp_uri();
        let uri = uri.replacen("amqp://", "amqps://", 1);
        let (before, rest) = uri.split_once('@').expect("the node's URI has a user");
        let path = rest.split_once('/').map_or("%2f", |(_, path)| path);
        let options = BrokerOptions {
            uri: format!("{before}@{}/{path}", self.address).parse().expect("it is one"),
            tls: TlsFiles { authorities: Some(self.file(authorities)), identity },
            connect_timeout: Duration::from_secs(3),
            ..plain
        };
        options.tls.check()?;
        soon("a connection, or why not", broker::connect(options, Arc::new(Unobserved), Prefetch::always_full())).await
    }

    /// Why there is no connection.
    async fn refusal(&self, authorities: &str, identity: Option<Identity>) -> String {
        match self.connect(authorities, identity).await {
            Ok(_) => panic!("connected, and should not have been"),
            Err(error) => error.to_string(),
        }
    }
}

fn broker_address() -> String {
    let uri = crate::support::amqp_uri();
    let (_, rest) = uri.split_once('@').expect("the node's URI has a user");
    rest.split('/').next().expect("there is a host").to_owned()
}

fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
}

fn issued(
    issuer: &CertifiedIssuer<'static, KeyPair>,
    name: &str,
    expired: bool,
    purpose: ExtendedKeyUsagePurpose,
) -> (String, String) {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    params.extended_key_usages = vec![purpose];
    if expired {
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

fn acceptor(certificate: &str, key: &str, clients_of: Option<String>) -> TlsAcceptor {
    let provider = Arc::new(ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring has them");
    let builder = match clients_of {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM")).expect("a certificate");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().expect("there is an authority"))
        }
    };
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("PEM")];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("PEM");
    TlsAcceptor::from(Arc::new(builder.with_single_cert(chain, key).expect("they fit")))
}

async fn forward(listener: TcpListener, acceptor: TlsAcceptor, to: String) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, to) = (acceptor.clone(), to.clone());
        tokio::spawn(async move {
            // Who is refused goes away; that is what the tests look at from the other side.
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut broker = TcpStream::connect(to).await.expect("the node is there");
            let _ = copy_bidirectional(&mut stream, &mut broker).await;
        });
    }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted() {
    let scene = Scene::new(SOUND).await;
    assert!(scene.connect("ca.pem", None).await.is_ok());
}

#[tokio::test]
async fn an_unknown_authority_is_not_trusted() {
    let scene = Scene::new(SOUND).await;
    let refusal = scene.refusal("other-ca.pem", None).await;
    assert!(refusal.contains("UnknownIssuer"), "{refusal}");
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_refused() {
    let scene = Scene::new(Proxy { expired: true, ..SOUND }).await;
    let refusal = scene.refusal("ca.pem", None).await;
    assert!(refusal.contains("xpired"), "{refusal}");
}

#[tokio::test]
async fn the_certificate_of_another_host_is_refused() {
    let scene = Scene::new(Proxy { name: "elsewhere.example", ..SOUND }).await;
    let refusal = scene.refusal("ca.pem", None).await;
    assert!(refusal.contains("not valid for name"), "{refusal}");
}

#[tokio::test]
async fn a_broker_that_asks_for_a_certificate_gets_it() {
    let scene = Scene::new(Proxy { asks_for_certificate: true, ..SOUND }).await;
    assert!(scene.connect("ca.pem", Some(scene.identity("client"))).await.is_ok());
    let refusal = scene.refusal("ca.pem", None).await;
    assert!(refusal.contains("CertificateRequired"), "{refusal}");
    let refusal = scene.refusal("ca.pem", Some(scene.identity("stranger"))).await;
    assert!(refusal.contains("UnknownCA"), "{refusal}");
}

#[tokio::test]
async fn files_that_are_none_are_named() {
    let scene = Scene::new(SOUND).await;
    let names = |refusal: &str, file: &Path| refusal.starts_with(&file.display().to_string());
    let refusal = scene.refusal("client.key", None).await;
    assert!(names(&refusal, &scene.file("client.key")) && refusal.contains("no certificate in it"), "{refusal}");
    let swapped = Identity { certificate: scene.file("client.pem"), key: scene.file("ca.pem") };
    let refusal = scene.refusal("ca.pem", Some(swapped)).await;
    assert!(names(&refusal, &scene.file("ca.pem")) && refusal.contains("no private key in it"), "{refusal}");
    let refusal = scene.refusal("absent.pem", None).await;
    assert!(names(&refusal, &scene.file("absent.pem")), "{refusal}");
}
