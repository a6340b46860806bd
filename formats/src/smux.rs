//! The frames of smux version 1, which carry many connections over one port session.
//!
//! Nothing here knows which streams are open: frames are read and written, that is all.
//! Source: `github.com/xtaci/smux` 1.5, the library of the agent's port plugin (agent/session/plugins/port/port_mux.go).

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// What stands before the data of every frame, in bytes: version, command, length, stream.
pub const HEADER_LENGTH: usize = 8;
/// The version that the agent speaks.
pub const VERSION: u8 = 1;
/// The longest data that the agent's library puts into one frame (MaxFrameSize of its default configuration), in bytes.
/// A reader takes whatever the length field can say.
pub const MAX_DATA_LENGTH: usize = 32 * 1024;

/// Names one stream of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub u32);

/// What a frame says about its stream; the number is the one on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// 0: the stream is opened.
    Syn,
    /// 1: the sender sends no more on it.
    Fin,
    /// 2: data.
    Psh,
    /// 3: nothing; keeps the session alive.
    Nop,
}

impl Command {
    fn number(self) -> u8 {
        match self {
            Self::Syn => 0,
            Self::Fin => 1,
            Self::Psh => 2,
            Self::Nop => 3,
        }
    }

    fn parse(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Syn,
            1 => Self::Fin,
            2 => Self::Psh,
            3 => Self::Nop,
            _ => return None,
        })
    }
}

/// Appends a frame without data.
pub fn encode_control(out: &mut BytesMut, command: Command, stream: StreamId) {
    encode_header(out, command, 0, stream);
}

/// Appends the header of a data frame; the caller appends exactly `length` bytes of data after it.
pub fn encode_data_header(out: &mut BytesMut, length: u16, stream: StreamId) {
    encode_header(out, Command::Psh, length, stream);
}

fn encode_header(out: &mut BytesMut, command: Command, length: u16, stream: StreamId) {
    out.put_u8(VERSION);
    out.put_u8(command.number());
    out.put_u16_le(length);
    out.put_u32_le(stream.0);
}

/// What a [`Parser`] finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The peer opens a stream.
    Syn(StreamId),
    /// The peer sends no more on a stream.
    Fin(StreamId),
    /// The peer is alive.
    Nop,
    /// Data of a frame, or the part of it that has come so far; never empty.
    Data(StreamId, Bytes),
}

/// Reads frames out of chunks that are cut anywhere. Data is handed on as it comes, without waiting for the whole
/// frame and without copying it, so nothing grows in here.
#[derive(Debug, Default)]
pub struct Parser {
    chunk: Bytes,
    header: [u8; HEADER_LENGTH],
    /// How much of `header` is filled.
    filled: usize,
    /// The data frame under way and how much of its data is still to come.
    data: Option<(StreamId, usize)>,
    /// Where the next byte stands in the whole stream, for errors.
    offset: u64,
}

impl Parser {
    /// Takes the next chunk. The one before must have been read to its end with [`Self::poll`].
    pub fn handle(&mut self, chunk: Bytes) {
        if self.chunk.is_empty() {
            self.chunk = chunk;
        } else {
            let mut joined = BytesMut::from(&self.chunk[..]);
            joined.extend_from_slice(&chunk);
            self.chunk = joined.freeze();
        }
    }

    /// The next piece; `None` when the chunk is used up.
    ///
    /// # Errors
    /// The bytes are no smux version 1. Frames cannot be found again after that: the session is of no use any more.
    pub fn poll(&mut self) -> Result<Option<Piece>, Error> {
        loop {
            if let Some((stream, left)) = self.data {
                if self.chunk.is_empty() {
                    return Ok(None);
                }
                let part = self.take(left.min(self.chunk.len()));
                let left = left - part.len();
                self.data = (left > 0).then_some((stream, left));
                return Ok(Some(Piece::Data(stream, part)));
            }
            let part = self.take((HEADER_LENGTH - self.filled).min(self.chunk.len()));
            self.header[self.filled..self.filled + part.len()].copy_from_slice(&part);
            self.filled += part.len();
            if self.filled < HEADER_LENGTH {
                return Ok(None);
            }
            if let Some(piece) = self.header()? {
                return Ok(Some(piece));
            }
        }
    }

    /// Whether the stream may end here: between two frames.
    #[must_use]
    pub fn is_between_frames(&self) -> bool {
        self.filled == 0 && self.data.is_none() && self.chunk.is_empty()
    }

    fn take(&mut self, length: usize) -> Bytes {
        self.offset += length as u64;
        self.chunk.split_to(length)
    }

    fn header(&mut self) -> Result<Option<Piece>, Error> {
        let at = self.offset - HEADER_LENGTH as u64;
        let mut header = &self.header[..];
        let version = header.get_u8();
        let number = header.get_u8();
        let length = header.get_u16_le();
        let stream = StreamId(header.get_u32_le());
        if version != VERSION {
            return Err(Error::Version { at, version });
        }
        let command = Command::parse(number).ok_or(Error::Command { at, number })?;
        if command != Command::Psh && length > 0 {
            return Err(Error::Length {
                at,
                command,
                length,
            });
        }
        self.filled = 0;
        Ok(match command {
            Command::Syn => Some(Piece::Syn(stream)),
            Command::Fin => Some(Piece::Fin(stream)),
            Command::Nop => Some(Piece::Nop),
            Command::Psh => {
                // A data frame may be empty; the agent's library passes over it in the same way.
                self.data = (length > 0).then_some((stream, usize::from(length)));
                None
            }
        })
    }
}

/// Why bytes are no smux version 1. `at` counts the bytes of the whole stream before the frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Offset 0 of the header.
    #[error("multiplexed data has version {version} in the frame at byte {at}, not 1")]
    Version {
        /// Where the frame begins.
        at: u64,
        /// What stands there.
        version: u8,
    },
    /// Offset 1 of the header.
    #[error("multiplexed data has the unknown command {number} in the frame at byte {at}")]
    Command {
        /// Where the frame begins.
        at: u64,
        /// What stands there.
        number: u8,
    },
    /// Offset 2 of the header: only data frames carry anything.
    #[error(
        "multiplexed data has {length} bytes in a frame {command:?} at byte {at}, which carries none"
    )]
    Length {
        /// Where the frame begins.
        at: u64,
        /// What kind it is.
        command: Command,
        /// What its length field says.
        length: u16,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(parser: &mut Parser, chunk: &[u8]) -> Result<Vec<Piece>, Error> {
        parser.handle(Bytes::copy_from_slice(chunk));
        let mut pieces: Vec<Piece> = Vec::new();
        while let Some(piece) = parser.poll()? {
            pieces.push(piece);
        }
        Ok(pieces)
    }

    /// Data of one frame may come in parts; tests compare it joined.
    fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
        let mut out: Vec<Piece> = Vec::new();
        for piece in pieces {
            if let (Some(Piece::Data(stream, data)), Piece::Data(next, more)) =
                (out.last_mut(), &piece)
                && stream == next
            {
                *data = [&data[..], &more[..]].concat().into();
                continue;
            }
            out.push(piece);
        }
        out
    }

    fn encode(pieces: &[Piece]) -> Vec<u8> {
        let mut out = BytesMut::new();
        for piece in pieces {
            match piece {
                Piece::Syn(stream) => encode_control(&mut out, Command::Syn, *stream),
                Piece::Fin(stream) => encode_control(&mut out, Command::Fin, *stream),
                Piece::Nop => encode_control(&mut out, Command::Nop, StreamId(0)),
                Piece::Data(stream, data) => {
                    encode_data_header(&mut out, data.len() as u16, *stream);
                    out.extend_from_slice(data);
                }
            }
        }
        out.to_vec()
    }

    /// From a capture of the official client fetching a page: the first input message, and the last.
    #[test]
    fn captured_frames_read_and_write_the_same_bytes() {
        const REQUEST: &[u8] = b"GET /blob HTTP/1.1\r\nAccept-Encoding: identity\r\nHost: 127.0.0.1:50997\r\nUser-Agent: Python-urllib/3.11\r\nConnection: close\r\n\r\n";
        let golden = [
            b"\x01\x00\x00\x00\x03\x00\x00\x00\x01\x02\x7b\x00\x03\x00\x00\x00",
            REQUEST,
            b"\x01\x01\x00\x00\x03\x00\x00\x00\x01\x03\x00\x00\x00\x00\x00\x00",
        ]
        .concat();
        let pieces = vec![
            Piece::Syn(StreamId(3)),
            Piece::Data(StreamId(3), Bytes::from_static(REQUEST)),
            Piece::Fin(StreamId(3)),
            Piece::Nop,
        ];
        assert_eq!(encode(&pieces), golden);
        assert_eq!(read(&mut Parser::default(), &golden).unwrap(), pieces);
    }

    #[test]
    fn bytes_that_are_no_frames_are_refused_with_their_place() {
        let check = |bytes: &[u8], error| {
            assert_eq!(read(&mut Parser::default(), bytes), Err(error));
        };
        let nop = [1, 3, 0, 0, 0, 0, 0, 0];
        check(
            &[2, 3, 0, 0, 0, 0, 0, 0],
            Error::Version { at: 0, version: 2 },
        );
        check(
            &[&nop[..], &[1, 4, 0, 0, 3, 0, 0, 0]].concat(),
            Error::Command { at: 8, number: 4 },
        );
        check(
            &[1, 1, 5, 0, 3, 0, 0, 0],
            Error::Length {
                at: 0,
                command: Command::Fin,
                length: 5,
            },
        );
    }

    #[test]
    fn a_stream_cut_inside_a_frame_is_noticed() {
        let whole = encode(&[Piece::Data(StreamId(3), Bytes::from_static(b"abc"))]);
        for length in 1..whole.len() {
            let mut parser = Parser::default();
            read(&mut parser, &whole[..length]).unwrap();
            assert!(!parser.is_between_frames(), "cut at {length}");
        }
        let mut parser = Parser::default();
        read(&mut parser, &whole).unwrap();
        assert!(parser.is_between_frames());
    }

    #[test]
    fn an_empty_data_frame_is_passed_over() {
        let bytes = [1, 2, 0, 0, 3, 0, 0, 0, 1, 1, 0, 0, 3, 0, 0, 0];
        assert_eq!(
            read(&mut Parser::default(), &bytes).unwrap(),
            [Piece::Fin(StreamId(3))]
        );
    }

    fn piece() -> impl Strategy<Value = Piece> {
        let stream = any::<u32>().prop_map(StreamId);
        prop_oneof![
            stream.clone().prop_map(Piece::Syn),
            stream.clone().prop_map(Piece::Fin),
            Just(Piece::Nop),
            (stream, proptest::collection::vec(any::<u8>(), 1..300))
                .prop_map(|(stream, data)| Piece::Data(stream, data.into())),
        ]
    }

    proptest! {
        #[test]
        fn frames_survive_any_cut(
            pieces in proptest::collection::vec(piece(), 0..20),
            cuts in proptest::collection::vec(1_usize..64, 1..200),
        ) {
            let bytes = encode(&pieces);
            let mut parser = Parser::default();
            let (mut found, mut at) = (Vec::new(), 0);
            for cut in cuts.iter().cycle() {
                if at == bytes.len() {
                    break;
                }
                let end = bytes.len().min(at + cut);
                found.extend(read(&mut parser, &bytes[at..end]).unwrap());
                at = end;
            }
            prop_assert!(parser.is_between_frames());
            prop_assert_eq!(joined(found), joined(pieces));
        }

        #[test]
        fn no_bytes_make_it_panic(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20)) {
            let mut parser = Parser::default();
            for chunk in chunks {
                if read(&mut parser, &chunk).is_err() {
                    break;
                }
            }
        }
    }
}
