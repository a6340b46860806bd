//! The report of an audit: one file that an outsider reads, in which each number names the sessions that it counts.
//!
//! Nothing is judged here, nothing is read, and nothing says that a rule is met: it says which lines serve it.

mod controls;
mod csv;
mod html;
mod made;
mod markdown;
mod model;
mod numbers;
#[cfg(test)]
mod tests;

pub(crate) use model::{Given, Report, Reviewed};

/// In which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A page, for the screen and for paper.
    Html,
    Markdown,
    Json,
    /// One row a session.
    Csv,
}

impl Report {
    /// The file.
    pub(crate) fn written(&self, form: Form) -> String {
        match form {
            Form::Html => html::page(self),
            Form::Markdown => markdown::text(self),
            Form::Json => crate::words::json_pretty(self) + "\n",
            Form::Csv => csv::table(self),
        }
    }
}
