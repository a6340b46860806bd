//! What a session says to the person and asks of the person, whoever lends it the mouth.
//!
//! Nothing here speaks by itself, and nothing may be said while the terminal is raw.

use std::error::Error as StdError;

use zeroize::Zeroizing;

use super::error::Error;
use crate::session::driver::{End, Report};
use crate::settings::reason::ReasonRule;
use crate::store::Progress;

/// The way to a person.
pub(crate) trait Voice {
    /// Says a line that is no failure.
    fn say(&self, text: &str);
    /// The session is over, and nothing was said of it yet; its recording is still to be closed and stored.
    fn over(&self, _end: &End, _report: &Report) {}
    /// Says a failure that is not the last word.
    fn tell(&self, error: Error);
    /// Ends whatever line stands on the terminal.
    fn end_line(&self);
    /// Asks for a reason until one will do.
    ///
    /// # Errors
    /// None of the answers will do, or there is none.
    fn ask_reason(&self, rule: &ReasonRule) -> Result<String, Box<dyn StdError + Send + Sync>>;
    /// Asks for a secret; `None` where nobody answers.
    fn ask_secret(&self, question: &str) -> Option<Zeroizing<String>>;
    /// Shows how far something is, until what this gives is dropped.
    fn wait(&self, what: &str) -> Box<dyn FnMut(Progress)>;
}
