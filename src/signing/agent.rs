//! The running ssh-agent: which keys it holds, and its signature. Source: draft-ietf-sshm-ssh-agent.
//!
//! Two messages are all that is needed, so they are spoken here; nothing is added to or removed from the agent.

use std::io;

use formats::signature::{encoded, fingerprint, string};
use ssh_key::public::KeyData;
use ssh_key::{Algorithm, PublicKey};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Error;

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// Without this flag an agent signs with SHA-1 where the key is an RSA key.
const RSA_SHA2_512: u32 = 4;
/// OpenSSH's own agent takes and sends no longer message.
const MAX_MESSAGE: u32 = 256 * 1024;
/// The most keys looked at.
const MAX_KEYS: u32 = 2048;

/// The one key that `is_wanted`, given the number of keys that could sign.
pub(super) async fn find(is_wanted: impl Fn(&KeyData, usize) -> bool) -> Result<KeyData, Error> {
    let answer = ask(&[REQUEST_IDENTITIES]).await?;
    let keys = identities(&answer)?;
    let wanted = keys.iter().find(|key| is_wanted(key, keys.len()));
    wanted.cloned().ok_or_else(|| {
        let held: Vec<_> = keys.iter().take(10).map(fingerprint).collect();
        // With one key held, whoever names none gets it.
        match keys.len() > 1 && is_wanted(&keys[0], 1) {
            true => Error::Several(held),
            false => Error::NotHeld(held),
        }
    })
}

/// The signature over `data`, as SSH writes one.
pub(super) async fn sign(key: &KeyData, data: &[u8]) -> Result<Vec<u8>, Error> {
    let mut request = vec![SIGN_REQUEST];
    string(&encoded(key), &mut request);
    string(data, &mut request);
    let flags = match key.algorithm() {
        Algorithm::Rsa { .. } => RSA_SHA2_512,
        _ => 0,
    };
    request.extend_from_slice(&flags.to_be_bytes());
    let answer = ask(&request).await?;
    match answer.split_first() {
        Some((&SIGN_RESPONSE, rest)) => {
            let mut rest = rest;
            Ok(take(&mut rest)?.to_vec())
        }
        Some((&FAILURE, _)) => Err(Error::Refused),
        _ => Err(strange("a request to sign")),
    }
}

/// Keys of a kind that can sign; certificates and what is not known are passed over.
fn identities(answer: &[u8]) -> Result<Vec<KeyData>, Error> {
    let mut rest = match answer.split_first() {
        Some((&IDENTITIES, rest)) => rest,
        _ => return Err(strange("the question for its keys")),
    };
    let count = number(&mut rest)?.min(MAX_KEYS);
    let mut keys = Vec::new();
    for _ in 0..count {
        let blob = take(&mut rest)?;
        take(&mut rest)?;
        if let Ok(key) = PublicKey::from_bytes(blob)
            && encoded(key.key_data()) == blob
            && !matches!(key.key_data(), KeyData::Other(_) | KeyData::Dsa(_))
        {
            keys.push(key.key_data().clone());
        }
    }
    Ok(keys)
}

fn number(rest: &mut &[u8]) -> Result<u32, Error> {
    let (bytes, behind) = rest
        .split_first_chunk::<4>()
        .ok_or_else(|| strange("a request"))?;
    *rest = behind;
    Ok(u32::from_be_bytes(*bytes))
}

fn take<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], Error> {
    let length = number(rest)? as usize;
    let (taken, behind) = rest
        .split_at_checked(length)
        .ok_or_else(|| strange("a request"))?;
    *rest = behind;
    Ok(taken)
}

fn strange(what: &str) -> Error {
    Error::Agent(format!("it gave no answer to {what}"))
}

async fn ask(request: &[u8]) -> Result<Vec<u8>, Error> {
    let unusable = |error: io::Error| Error::Agent(error.to_string());
    let mut stream = connect().await?;
    exchange(&mut stream, request).await.map_err(unusable)
}

async fn exchange(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    request: &[u8],
) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    string(request, &mut message);
    stream.write_all(&message).await?;
    stream.flush().await?;
    let length = stream.read_u32().await?;
    if length > MAX_MESSAGE {
        return Err(io::Error::other(format!(
            "its answer of {length} bytes is too long"
        )));
    }
    let mut answer = vec![0; length as usize];
    stream.read_exact(&mut answer).await?;
    Ok(answer)
}

#[cfg(unix)]
async fn connect() -> Result<tokio::net::UnixStream, Error> {
    let path = std::env::var_os("SSH_AUTH_SOCK")
        .filter(|path| !path.is_empty())
        .ok_or(Error::NoAgent)?;
    tokio::net::UnixStream::connect(&path)
        .await
        .map_err(|error| Error::Agent(format!("{}: {error}", path.display())))
}

/// OpenSSH for Windows listens at a pipe of this name.
#[cfg(windows)]
async fn connect() -> Result<tokio::net::windows::named_pipe::NamedPipeClient, Error> {
    let path = std::env::var_os("SSH_AUTH_SOCK")
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| r"\\.\pipe\openssh-ssh-agent".into());
    tokio::net::windows::named_pipe::ClientOptions::new()
        .open(&path)
        .map_err(|error| Error::Agent(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_end_early_or_are_others_are_errors() {
        for answer in [
            &b""[..],
            b"\x05",
            b"\x0c",
            b"\x0c\0\0\0\x01",
            b"\x0c\0\0\0\x01\0\0\0\x09abc",
        ] {
            assert!(identities(answer).is_err(), "{answer:?}");
        }
        assert_eq!(identities(b"\x0c\0\0\0\0").unwrap(), []);
        // A key of a kind that is not known, with its comment.
        assert_eq!(
            identities(b"\x0c\0\0\0\x01\0\0\0\x05\0\0\0\x01x\0\0\0\0").unwrap(),
            []
        );
    }

    #[tokio::test]
    async fn an_answer_without_end_is_refused_before_it_is_read() {
        let (mut ours, mut theirs) = tokio::io::duplex(64);
        theirs.write_all(&[0xff; 4]).await.unwrap();
        let error = exchange(&mut ours, b"x").await.unwrap_err();
        assert!(error.to_string().contains("too long"), "{error}");
    }
}
