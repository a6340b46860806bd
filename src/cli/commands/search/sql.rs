//! `search --sql`: the question as a statement, for whoever asks it elsewhere.
//!
//! Nothing is read for it: no store, no settings.

use std::io::Write as _;

use crate::cli::exit::{CommandResult, Status};
use crate::review::catalog::Filter;
use crate::review::search::{Question, statement};

/// Prints the statement.
pub(super) fn print(filter: &Filter, question: &Question) -> CommandResult {
    let statement = statement(filter, question)?;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(statement.as_bytes())?;
    stdout.flush()?;
    Ok(Status::Success)
}
