//! Any text is a recording or an error; events written again read as the same events.
//!
//! Nothing here is compressed or proved.

#![no_main]

use formats::asciicast::{Encoder, Event, Reader};
use formats::lines::PlainLines;
use formats::raw::RawStream;
use libfuzzer_sys::fuzz_target;

const LIMIT: usize = 1 << 16;

fuzz_target!(|data: &[u8]| {
    let lines = || PlainLines::with_limit(data, LIMIT);
    let Ok(reader) = Reader::open(lines()) else {
        return;
    };
    let mut header = reader.header().clone();
    let events: Vec<Event> = reader.map_while(Result::ok).collect();
    if let Ok(reader) = Reader::open(lines()) {
        let _ = RawStream::new(reader).copy_to(std::io::sink());
    }

    let (mut encoder, mut out) = (Encoder::default(), Vec::new());
    encoder.header(&header, &mut out);
    for Event { at, data } in &events {
        encoder.event(*at, data, &mut out);
    }
    let reader = Reader::open(PlainLines::new(&out[..])).expect("our own header reads");
    header.version = 3;
    // A number of seconds may be written with other digits that mean the same.
    header.idle_time_limit = reader.header().idle_time_limit;
    assert_eq!(reader.header(), &header);
    // In versions 1 and 2 exit and message events are codes like any other; in version 3 they have a form.
    let mut again = reader;
    for event in &events {
        match again.next() {
            Some(Ok(read)) => assert_eq!(read.at, event.at),
            Some(Err(_)) if !is_version_3(data) => return,
            other => panic!("{event:?} reads as {other:?}"),
        }
    }
});

fn is_version_3(data: &[u8]) -> bool {
    Reader::open(PlainLines::with_limit(data, LIMIT))
        .is_ok_and(|reader| reader.header().version == 3)
}
