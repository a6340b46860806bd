//! Rules: what they are, which are shipped, and what they find in a session.
//!
//! Nothing here reads a recording, a clock or a file, and nothing is prevented: a rule says where somebody should look. Memory
//! and time are bounded whatever the texts are. `rule` is what a rule is, `defaults` are those that are shipped, `change` is
//! what somebody says of them, `set` the rules in force with their digest, `shell` the texts that a command line runs,
//! `evaluation` a session looked at as it goes by.

mod change;
mod defaults;
mod evaluation;
mod facts;
mod literals;
mod look;
mod rule;
mod set;
mod shell;

pub use change::{Change, Mistaken, is_id};
pub use defaults::{Examples, examples};
pub use evaluation::{Evaluation, Found, Hit, Verdict};
pub use facts::Session;
pub use rule::{Fact, Find, Hours, LooksAt, Rule, Severity};
pub use set::{Error, Listed, RuleSet, listed};
pub use shell::texts;
