//! Any bytes are smux frames or an error, wherever they are cut; what was read, written again, reads the same.
//!
//! Nothing here keeps a stream: frames are all there is.

#![no_main]

use bytes::{Bytes, BytesMut};
use formats::smux::{self, Command, Parser, Piece, StreamId, encode_control, encode_data_header};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&length, data)) = data.split_first() else {
        return;
    };
    let whole = read([data]);
    assert_eq!(read(data.chunks(usize::from(length).max(1))), whole);

    let mut again = BytesMut::new();
    for piece in &whole.0 {
        match piece {
            Piece::Syn(stream) => encode_control(&mut again, Command::Syn, *stream),
            Piece::Fin(stream) => encode_control(&mut again, Command::Fin, *stream),
            Piece::Nop => encode_control(&mut again, Command::Nop, StreamId(0)),
            Piece::Data(stream, data) => {
                for part in data.chunks(smux::MAX_DATA_LENGTH) {
                    encode_data_header(&mut again, part.len() as u16, *stream);
                    again.extend_from_slice(part);
                }
            }
        }
    }
    assert_eq!(read([&again[..]]), (whole.0, None));
});

/// Data of one stream in a row is joined, since it comes in as many pieces as there are chunks.
fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Piece>, Option<smux::Error>) {
    let (mut parser, mut pieces) = (Parser::default(), Vec::new());
    for chunk in chunks {
        parser.handle(Bytes::copy_from_slice(chunk));
        loop {
            let piece = match parser.poll() {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => return (pieces, Some(error)),
            };
            match (pieces.last_mut(), piece) {
                (Some(Piece::Data(before, joined)), Piece::Data(stream, data))
                    if *before == stream =>
                {
                    *joined = [&joined[..], &data].concat().into();
                }
                (_, piece) => pieces.push(piece),
            }
        }
    }
    (pieces, None)
}
