//! asciicast: the events of a terminal session as lines of JSON, versions 1, 2 and 3 read, version 3 written.
//!
//! Nothing here is fuzzy about structure: what asciinema refuses is refused, with the number of the line. Nothing here
//! stumbles over what it does not know: further keys, further event codes and `#` comments are let through, as asciinema
//! lets them through.

mod encoder;
mod error;
mod escape;
mod event;
mod header;
mod lenient;
mod limits;
mod line;
mod line_feeds;
mod reader;
mod strict;

pub use encoder::Encoder;
pub use error::Error;
pub use event::{Data, Event};
pub use header::{Header, Session, Term};
pub use limits::{MAX_SIDE, MAX_TIME_US};
pub use line::Code;
pub use line_feeds::LineFeeds;
pub use reader::{Mark, Reader, Timed};
pub(crate) use strict::{Line, is_resize, parse_line, parse_long_line};
