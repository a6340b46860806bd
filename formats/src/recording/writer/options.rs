//! How a recording is written: how hard it is compressed, and how long its frames are.
//!
//! Nothing here changes what is read back.

use std::time::Duration;

/// A frame is closed at the first line end behind this many bytes of text, if they compress as text usually does.
pub const FRAME_TEXT: usize = 256 * 1024;
/// Text that compresses better is given more room, since each frame begins with nothing to refer to; but no frame goes on beyond
/// the first line end behind this.
pub(in crate::recording) const LONGEST_FRAME: usize = MOST_ROOM * FRAME_TEXT;
/// So many times the usual text.
pub(super) const MOST_ROOM: usize = 4;
/// A frame that took longer to fill came from a person or a screen, not from bulk output.
pub const SLOW_FRAME: Duration = Duration::from_secs(4);

/// How a recording is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The zstd level for bulk. 3 is zstd's own default; above it time grows faster than files shrink.
    pub level: i32,
    /// The zstd level while there is time: for a frame that follows one which took longer than [`SLOW_FRAME`], and for
    /// the first. It makes up for what the flushes cost.
    pub slow_level: i32,
    /// [`FRAME_TEXT`] unless a test wants many small frames.
    pub frame_text: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            level: 3,
            slow_level: 12,
            frame_text: FRAME_TEXT,
        }
    }
}
