//! One question over HTTP to our own daemon: as much of a client as that takes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

use crate::config::{HttpConfig, OWNER_TOKEN_VARIABLE};

use super::pinned;

/// How long connecting, and each part of the answer, may take: longer than the daemon itself takes to say that it can't.
const PATIENCE: Duration = Duration::from_secs(15);
/// The longest answer that is read: a hundred times what an explanation with all agents has.
const ANSWER_MAX_BYTES: u64 = 4 << 20;
/// The longest head of an answer; ours are a few hundred bytes.
const HEAD_MAX_BYTES: u64 = 64 << 10;

/// What was answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Asks for a page.
pub(super) fn get(http: &HttpConfig, path: &str, token: Option<&str>) -> io::Result<Answer> {
    let (status, body) = open(http, path, token)?;
    let mut text = String::new();
    body.take(ANSWER_MAX_BYTES).read_to_string(&mut text)?;
    Ok(Answer { status, body: text })
}

/// Why something is not given, as the daemon says it; where that is for its token, how this command is given one.
pub(super) fn refusal(problem: &Value) -> String {
    let detail = problem["detail"].as_str().unwrap_or("it does not say why");
    let variable = OWNER_TOKEN_VARIABLE;
    match problem["code"].as_str() {
        Some("no_token") => format!(
            "the daemon answers whoever has a token: set {variable} to one, or {variable}_FILE to the path of a file that \
             holds it"
        ),
        Some("no_token_configured") => format!(
            "the daemon has no token that it could let anybody in by: start it with {variable} set, or make one with \
             `rolecall token create`; then set {variable} for this command too"
        ),
        Some("wrong_token" | "expired_token" | "revoked_token" | "token_not_yet_valid" | "too_many_attempts") => {
            format!("{detail} (the token is that of {variable}, or of the file that {variable}_FILE names)")
        }
        _ => detail.to_owned(),
    }
}

/// Asks for a page; its status, and its body to be read. HTTP/1.0, so that the answer ends with the connection and is not cut
/// into chunks.
pub(super) fn open(http: &HttpConfig, path: &str, token: Option<&str>) -> io::Result<(u16, Box<dyn Read>)> {
    let address = reachable(http.listen);
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    match &http.identity {
        None => converse(stream, address, path, token),
        Some(identity) => converse(pinned::connect(stream, &identity.certificate)?, address, path, token),
    }
}

fn converse(
    mut stream: impl Read + Write + 'static,
    address: SocketAddr,
    path: &str,
    token: Option<&str>,
) -> io::Result<(u16, Box<dyn Read>)> {
    let authorization = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n{authorization}\r\n")?;
    let mut answer = BufReader::new(stream);
    let no_http = || io::Error::new(io::ErrorKind::InvalidData, "this is no answer of HTTP");
    let mut head = (&mut answer).take(HEAD_MAX_BYTES);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(no_http)?;
    while line != "\r\n" {
        line.clear();
        if head.read_line(&mut line)? == 0 {
            return Err(no_http());
        }
    }
    Ok((status, Box::new(answer)))
}

/// A daemon that listens on every address is asked at this machine's own.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = if listen.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { listen.ip() };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_lacks_a_token_is_told_how_a_command_is_given_one_and_not_of_headers() {
        let said = |code: &str, detail: &str| refusal(&serde_json::json!({ "code": code, "detail": detail }));
        let of_http = "send a token as \"Authorization: Bearer <token>\"";
        for code in ["no_token", "no_token_configured"] {
            let told = said(code, of_http);
            assert!(told.contains("set ROLECALL_OWNER_TOKEN") && !told.contains("Bearer"), "{told}");
        }
        for code in ["wrong_token", "expired_token", "revoked_token"] {
            let told = said(code, "this token is not valid");
            assert!(told.starts_with("this token is not valid (") && told.contains("ROLECALL_OWNER_TOKEN"), "{told}");
        }
        assert_eq!(said("unknown_ticket", "there is no such ticket"), "there is no such ticket");
        assert_eq!(refusal(&Value::Null), "it does not say why");
    }
}
