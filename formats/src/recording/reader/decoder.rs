//! Text out of zstd frames, in pieces.
//!
//! Nothing here believes the window that a frame states before it has met a limit.

use std::io;

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

/// Two to this power is the most a file may ask for; `zstd -d` has the same limit.
const WINDOW_LOG_MAX: u32 = 27;
/// Text is decoded in pieces of this size.
const TEXT: usize = 256 * 1024;

/// Decodes one frame after the other.
pub(super) struct TextDecoder(Decoder<'static>);

/// One piece, which may be empty.
pub(super) struct Piece {
    /// How many bytes of the frame it took.
    pub(super) read: usize,
    /// Nothing was read and nothing came.
    pub(super) is_idle: bool,
    /// Whether the frame ends with it, or why it does not decode.
    pub(super) is_end: io::Result<bool>,
}

impl TextDecoder {
    pub(super) fn new() -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX))?;
        Ok(Self(decoder))
    }

    /// What comes next begins a frame.
    pub(super) fn restart(&mut self) -> io::Result<()> {
        self.0.reinit()
    }

    /// Appends some of what the next bytes of the frame give.
    pub(super) fn decode(&mut self, bytes: &[u8], text: &mut Vec<u8>) -> Piece {
        let before = text.len();
        text.reserve(TEXT);
        let mut input = InBuffer::around(bytes);
        let result = self
            .0
            .run(&mut input, &mut OutBuffer::around_pos(text, before));
        let read = input.pos();
        Piece {
            read,
            is_idle: read == 0 && text.len() == before,
            is_end: result.map(|left| left == 0),
        }
    }
}
