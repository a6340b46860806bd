//! What a check has shown, and where the first fault is.
//!
//! Nothing here is about who made a recording: that only the signature tells, and whose it is.

use std::ops::Range;
use std::time::Duration;

use crate::asciicast::Header;
use crate::manifest::Manifest;
use crate::recording::skippable::Signed;

/// A session that prints for a year without a pause has fewer frames.
pub(super) const MAX_FRAMES: usize = 4_194_304;

/// What a check has shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The outcome.
    pub proof: Proof,
    /// Data frames that are proved, from the front.
    pub frames: u64,
    /// Bytes of the file that are proved, from the front.
    pub bytes: u64,
    /// Time of the last event in them.
    pub until: Duration,
    /// The manifest, when it was reached and reads.
    pub manifest: Option<Manifest>,
    /// Its exact bytes and the signature over them, which is the caller's to check.
    pub signed: Option<Signed>,
    /// What the envelope of a sealed recording tells of its session.
    pub opening: Option<Manifest>,
    /// Whether the text was looked into as well.
    pub is_decoded: bool,
    /// The first line, where the text was looked into and has one.
    pub header: Option<Header>,
}

/// The outcome of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Every byte is what the chain, the manifest and the tables say.
    Sound,
    /// The file ends early; what is there is sound as far as it is linked.
    Cut {
        /// The length of the file.
        offset: u64,
    },
    /// The last frame is linked, and then the file ends: it was never closed, or its end was taken away.
    NoManifest,
    /// Text or zstd, but no recording with a chain.
    NoChain,
    /// Not what was recorded.
    Altered(Fault),
}

/// The first place where a recording is not what was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Number of the data frame, from 0; `None` behind the last one.
    pub frame: Option<u64>,
    /// The bytes among which the fault is.
    pub bytes: Range<u64>,
    /// The time of the last event before them.
    pub from: Duration,
    /// The time of the last event in them, when it can be known.
    pub to: Option<Duration>,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What is wrong with a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    /// The link is the right one, and its bytes are not.
    #[error("the bytes are not those that were recorded")]
    Digest,
    /// The link does not follow from the one before it.
    #[error("the link does not belong behind the one before it")]
    Link,
    /// Neither a data frame nor a skippable one begins where one must.
    #[error("no frame begins here")]
    Magic,
    /// Frames that no link covers.
    #[error("the bytes belong to no link of the chain")]
    Unlinked,
    /// The manifest does not read, or is not as it was written.
    #[error("the manifest is damaged")]
    Manifest,
    /// The manifest speaks of another recording.
    #[error("the manifest does not belong to these frames")]
    Contradiction,
    /// The time index or the seek table is not the one of these frames.
    #[error("the table does not belong to these frames")]
    Table,
    /// Something follows the seek table.
    #[error("bytes follow the end of the recording")]
    Trailing,
    /// A data frame that does not decode, or not to its end.
    #[error("the frame does not decode")]
    Undecodable,
    /// Nobody has recorded so much in so few bytes.
    #[error("the frame stands for far more text than a recording of its size can hold")]
    Text,
    /// What it holds depends on what is not in the file.
    #[error("the frame can only be read with a dictionary that is not in the recording")]
    Dictionary,
    /// A line that some would read as one and others as two.
    #[error("a line goes over the end of the frame")]
    Border,
    /// The link states another size of text.
    #[error("the frame holds more or less text than its link says")]
    Size,
    /// The link states other times.
    #[error("the events of the frame came at other times than its link says")]
    Times,
    /// Text that nobody is shown.
    #[error("the frame holds no event")]
    NoEvents,
    /// A line that is neither header nor event.
    #[error("a line in it is no event")]
    Event,
    /// The bytes that an agent message brought are others than those that were shown.
    #[error("a message in it brought more or less than was shown for it")]
    Promise,
    /// The first line is none.
    #[error("it does not begin with the header of a recording")]
    NoHeader,
    /// What one reader takes first and another last.
    #[error("a key stands twice in its header or its manifest")]
    Doubled,
    /// Header and manifest tell of different sessions.
    #[error("the header and the manifest do not agree on {0:?}")]
    Header(&'static str),
    /// The manifest counts other events.
    #[error("the manifest does not count what the recording holds")]
    Counts,
    /// A picture of the screen that the text does not draw.
    #[error("the picture of the screen before it is not what the text draws")]
    Picture,
    /// Nobody has recorded so much: whoever made this wants the memory of whoever checks it.
    #[error("there are more frames than the limit of {MAX_FRAMES}")]
    Frames,
}
