//! Text out of zstd frames, in pieces.
//!
//! Nothing here believes the window that a frame states before it has met a limit, and no file gives more text than what it
//! holds can have come from: a few bytes that stand for gigabytes are no recording.

use std::io;

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// Two to this power is the most a file may ask for: 32 MiB, four times what `zstd -19` asks for, since all of it may come
/// to be held.
const WINDOW_LOG_MAX: u32 = 25;
/// So much text any file may give, in bytes.
const TEXT_ALLOWED: u64 = 32 * 1024 * 1024;
/// And so much for each byte of a frame. Measured: recordings of `yes` and of nothing but zeros stay below 200, with a message
/// of the agent beside each kilobyte; what others write at best about 500 for events of 1 KiB.
const TEXT_PER_BYTE: u64 = 512;
/// Text is decoded in pieces of this size.
const TEXT: usize = 256 * 1024;

/// Decodes one frame after the other.
pub(in crate::recording) struct TextDecoder {
    decoder: Decoder<'static>,
    /// Bytes that went in and came out, over all frames.
    read: u64,
    given: u64,
}

/// One piece, which may be empty.
pub(in crate::recording) struct Piece {
    /// How many bytes of the frame it took.
    pub(in crate::recording) read: usize,
    /// Nothing was read and nothing came.
    pub(in crate::recording) is_idle: bool,
    /// Whether the frame ends with it, or why it does not decode.
    pub(in crate::recording) is_end: io::Result<bool>,
}

impl TextDecoder {
    pub(in crate::recording) fn new() -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(Self {
            decoder,
            read: 0,
            given: 0,
        })
    }

    /// What comes next begins a frame.
    pub(in crate::recording) fn restart(&mut self) -> io::Result<()> {
        self.decoder.reinit()
    }

    /// Appends some of what the next bytes of the frame give.
    pub(in crate::recording) fn decode(&mut self, bytes: &[u8], text: &mut Vec<u8>) -> Piece {
        let before = text.len();
        text.reserve(TEXT);
        let mut input = InBuffer::around(bytes);
        let result = self
            .decoder
            .run(&mut input, &mut OutBuffer::around_pos(text, before));
        let read = input.pos();
        self.read += read as u64;
        self.given += (text.len() - before) as u64;
        let result = match self.given > TEXT_ALLOWED + self.read * TEXT_PER_BYTE {
            true => Err(io::Error::other(
                "it stands for far more text than a recording of its size can hold",
            )),
            false => result,
        };
        Piece {
            read,
            is_idle: read == 0 && text.len() == before,
            is_end: result.map(|left| left == 0),
        }
    }
}
