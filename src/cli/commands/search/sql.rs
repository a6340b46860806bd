//! `search --sql`: the question as a statement, for whoever asks it elsewhere.
//!
//! Nothing is read for it: no store, no settings.

use std::io::Write as _;

use crate::cli::exit::{CommandResult, Status};
use crate::cli::hinted::Hinted;
use crate::review::catalog::Filter;
use crate::review::search::{Question, Unsaid, statement};

/// Prints the statement.
pub(super) fn print(filter: &Filter, question: &Question) -> CommandResult {
    let statement = statement(filter, question)?;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(statement.as_bytes())?;
    stdout.flush()?;
    Ok(Status::Success)
}

impl Hinted for Unsaid {
    fn status(&self) -> Status {
        Status::Usage
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Field(_) => "leave the filter out; ssm-rec search without --sql knows it",
            Self::Input => "--in lines,commands,reasons are in the tables",
            Self::Around => "leave out -A, -B and -C",
            Self::Expression { .. } => "write it otherwise, or search for a text with -F",
        };
        Some(hint.to_owned())
    }
}
