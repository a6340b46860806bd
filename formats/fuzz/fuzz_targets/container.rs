//! Any bytes are a recording or an error, from the front, by the tables and by the chain, in bounded memory.
//!
//! Nothing here is expected of a file but that it cannot do harm.

#![no_main]

use std::io::Cursor;
use std::time::Duration;

use formats::asciicast;
use formats::lines::LineSource;
use formats::recording::{Proof, Reader, Seekable, verify};
use formats::sealed::NoKey;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 16;
/// zstd may make much of little; a few lines are enough.
const LINES: usize = 1000;

fuzz_target!(|data: &[u8]| {
    if let Ok(mut reader) = Reader::with_limit(data, LIMIT, &NoKey) {
        let mut left = LINES;
        while left > 0 && matches!(reader.next_line(), Ok(Some(_))) {
            left -= 1;
        }
    }
    if let Ok(report) = verify(data)
        && report.proof == Proof::Sound
    {
        assert!(report.manifest.is_some());
        assert_eq!(report.bytes, data.len() as u64);
    }
    if let Ok(seekable) = Seekable::open(Cursor::new(data))
        && let Ok(mut reader) = asciicast::Reader::open(seekable)
    {
        for seconds in [0, 1, u64::MAX / 2_000_000] {
            let _ = reader.seek(Duration::from_secs(seconds));
            let _ = reader.next_event();
            let _ = reader.seek_screen(Duration::from_secs(seconds));
            let _ = reader.next_event();
        }
        let _ = reader.rewind();
        let _ = reader.next_event();
    }
});
