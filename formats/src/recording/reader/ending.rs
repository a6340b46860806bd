//! How a recording ended, and what is wrong with one that did not end well.
//!
//! Nothing here is proved: only the chain tells whether what was read is what was recorded.

use std::io;

/// How a recording ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All is there.
    Complete,
    /// The file stops in the middle, or before its manifest.
    Cut {
        /// The length of the file.
        offset: u64,
    },
    /// From here on the file is not what it was.
    Damaged {
        /// Where the frame begins that is wrong.
        offset: u64,
        /// What is wrong with it.
        cause: Damage,
    },
}

/// What is wrong with a frame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// Neither a data frame nor a skippable one.
    #[error("no zstd frame begins here")]
    Magic,
    /// It does not decode, or not to what its checksum says.
    #[error("the frame does not decode: {0}")]
    Frame(String),
    /// Nobody has recorded so much in so few bytes.
    #[error(
        "it stands for far more text than a recording of its size can hold; if you trust it, unpack it first (`zstd -d`)"
    )]
    Text,
    /// Something follows the seek table.
    #[error("bytes follow the end of the recording")]
    Trailing,
    /// Sealed bytes that the recording's key does not open at this place.
    #[error("the chunk was not sealed here with the recording's key")]
    Chunk,
    /// Bytes that anybody can have put there.
    #[error("an encrypted recording has a frame that is not")]
    Unsealed,
}

impl From<io::Error> for Damage {
    /// Why text is not decoded.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::FileTooLarge => Self::Text,
            _ => Self::Frame(error.to_string()),
        }
    }
}
