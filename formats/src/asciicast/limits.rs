//! The latest time, the largest terminal and the longest header that are believed.
//!
//! Nothing here is a limit of asciicast: they are ours, for whoever must give memory to what a file states.

/// The latest time that an event may have, in microseconds: thirty years and a bit. Beyond it a file is not believed.
pub const MAX_TIME_US: u64 = 1_000_000_000_000_000;
/// The most columns or rows taken. The widest real terminals have some hundred columns; an emulator of this size still fits in memory.
pub const MAX_SIDE: u16 = 10_000;
/// The most cells taken: a screen of this many costs an emulator some 30 MB.
pub(super) const MAX_CELLS: u64 = 1_000_000;
/// The longest header taken, in bytes: what it makes in memory is up to forty times as much. The longest that a session can
/// have is a parameter of 64 KiB with every character escaped.
pub(super) const MAX_HEADER: usize = 512 * 1024;
