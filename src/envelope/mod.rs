//! The envelope of a recording's key: for whom it is made, and with what it is opened. Keys are wrapped as age files.
//!
//! Nothing here knows where a recording lies or asks a person by itself: who can be asked is handed in.

mod identities;
mod recipients;

pub use identities::{AskPassphrase, Identities};
pub use recipients::{Recipients, another};

use std::io;

/// Why recipients or identities cannot be used. None of the variants ever holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {path:?}")]
    Read {
        /// As it was given.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A text is no recipient; it may be one with a typing error.
    #[error("{text:?} is no recipient: {cause}")]
    Recipient {
        /// The text, shortened.
        text: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A private key stands where a public one belongs.
    #[error("{path:?} holds a private key; a recording is encrypted to the public one")]
    Private {
        /// The file.
        path: String,
    },
    /// A file has no recipients in it.
    #[error("{path:?} names no recipient")]
    NoRecipient {
        /// The file.
        path: String,
    },
    /// More than a recording takes.
    #[error("there are more than {0} recipients")]
    TooMany(usize),
    /// The key cannot be wrapped, or the system gives no random bytes.
    #[error("the recording's key cannot be made: {0}")]
    Key(String),
}
