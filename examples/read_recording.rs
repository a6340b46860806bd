//! Reads a recording with the `formats` crate alone: who, where and why, then what the agent sent, byte for byte.
//!
//! Nothing here needs AWS, a store or the program: `cargo run --example read_recording -- FILE > output`.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader, Write};

use formats::asciicast;
use formats::raw::RawStream;
use formats::recording::Reader;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(path) = std::env::args().nth(1) else {
        return Err("usage: read_recording FILE".into());
    };
    // Of a cut file this gives every whole event before the cut.
    let lines = Reader::open(BufReader::new(File::open(path)?))?;
    let reader = asciicast::Reader::open(lines)?;
    if let Some(session) = &reader.header().ssm {
        eprintln!(
            "session {} on {}: {}",
            session.session_id,
            session.target,
            session.reason.as_deref().unwrap_or("no reason given")
        );
    }
    let mut out = io::stdout().lock();
    RawStream::new(reader).copy_to(&mut out)?;
    out.flush()?;
    Ok(())
}
