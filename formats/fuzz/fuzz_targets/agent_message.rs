//! Any bytes are an agent message or an error; a message written again reads as the same message.

#![no_main]

use bytes::Bytes;
use formats::AgentMessage;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // The digest keeps random payloads out, so the header is also tried with its own.
    if let Ok(message) = AgentMessage::parse(Bytes::copy_from_slice(data)) {
        let again = AgentMessage::parse(message.encode());
        // A message with date 0 is only taken when its type goes unchecked, and reads back the same.
        assert_eq!(again.as_ref(), Ok(&message));
    }
});
