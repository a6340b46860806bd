//! Any bytes are an agent message or an error; a message written again reads as the same message.
//!
//! Nothing here knows what a payload means.

#![no_main]

use bytes::Bytes;
use formats::AgentMessage;
use formats::agent_message::{Error, PREFIX_LENGTH};
use libfuzzer_sys::fuzz_target;
use sha2::{Digest, Sha256};

fuzz_target!(|data: &[u8]| {
    // A message with date 0 is only taken when its type goes unchecked, and reads back the same.
    let read = |bytes: Bytes| {
        let message = AgentMessage::parse(bytes)?;
        let again = AgentMessage::parse(message.encode());
        assert_eq!(again.as_ref(), Ok(&message));
        Ok(message)
    };
    let _ = read(Bytes::copy_from_slice(data));
    // The digest keeps random payloads out, so the header is also tried with its own.
    if let Some(bytes) = mended(data) {
        match read(bytes.into()) {
            Err(error @ (Error::Digest | Error::HeaderLength(_) | Error::PayloadLength { .. })) => {
                panic!("{error}")
            }
            _ => {}
        }
    }
});

/// The same header with a length that headers may have, and what its payload then needs: its length and its digest.
fn mended(data: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = data.to_vec();
    let longer = usize::from(*data.first()? % 8);
    let payload_at = PREFIX_LENGTH + longer;
    let payload = data.get(payload_at..)?;
    let header_length = (payload_at - 4) as u32;
    bytes[..4].copy_from_slice(&header_length.to_be_bytes());
    bytes[payload_at - 4..payload_at].copy_from_slice(&(payload.len() as u32).to_be_bytes());
    bytes[80..112].copy_from_slice(&Sha256::digest(payload));
    Some(bytes)
}
