//! A search as one statement of SQL, in the words of Athena and Trino, over the tables that `formats/sql` defines on packs.
//!
//! Nothing here asks anybody: a question in, a text out. What the tables cannot answer is refused and never left out.

mod answer;
mod days;
mod expression;
mod filter;
mod literal;

use super::finder::{Question, Wanted, Where};
use crate::review::catalog::Filter;
use crate::review::condition::Condition;
use literal::literal;

pub use answer::{Row, Unread};

/// Why a question cannot be asked of the tables.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsaid {
    /// The tables do not tell it.
    #[error("{0:?} has no column in the tables of packs")]
    Field(&'static str),
    /// It is in no pack.
    #[error("what was typed (input) is in no table of packs")]
    Input,
    /// Rows know nothing of the rows beside them.
    #[error("the lines around a find cannot be asked of the tables of packs")]
    Around,
    /// It would mean something else there.
    #[error("{expression:?} has {what}, which SQL has no word for")]
    Expression {
        /// As it was given.
        expression: String,
        /// What is in it.
        what: String,
    },
}

/// What makes a session the same in all tables. The days let each of them be read by itself.
const KEY: &str = "session, year, month, day";

/// The statement that finds what the question asks for, in the sessions that the filter lets through; newest sessions first.
///
/// # Errors
/// The tables cannot answer it.
pub fn statement(filter: &Filter, question: &Question) -> Result<String, Unsaid> {
    if question.is_of(Where::Input) {
        return Err(Unsaid::Input);
    }
    if question.has_around() {
        return Err(Unsaid::Around);
    }
    let days = days::predicate(&filter.days());
    let (expression, any_case) = question.expression();
    let finds = |column| expression::predicate(column, expression, any_case);
    let asked = select(
        &format!("{KEY}, started, operator, local_user, target, reason"),
        "sessions",
        &asked(filter, days.as_deref())?,
    );
    let places = Where::ALL.iter().filter(|place| question.is_of(**place));
    let mut found = Vec::new();
    for place in places {
        let (table, number, first, last, other, text) = match place {
            Where::Reasons => ("asked", "0", "0", "0", "false", "reason"),
            // Counted from 0, as lines are.
            Where::Commands => (
                "commands",
                "number - 1",
                "start_ms",
                "coalesce(end_ms, start_ms)",
                "false",
                "text",
            ),
            _ => ("lines", "number", "first_ms", "last_ms", "other", "text"),
        };
        let named = |what: &str, name: &str| match what == name {
            true => what.to_owned(),
            false => format!("{what} AS {name}"),
        };
        let columns = [
            KEY.to_owned(),
            named(&literal(place.name()), "place"),
            named(number, "number"),
            named(first, "first_ms"),
            named(last, "last_ms"),
            named(other, "other"),
            named(text, "text"),
        ];
        // What is asked for is of these days already; and a reason that says nothing is none.
        let first = match place {
            Where::Reasons => Some("reason <> ''".to_owned()),
            _ => days.clone(),
        };
        let conditions: Vec<String> = first.into_iter().chain([finds(text)?]).collect();
        found.push(select(&columns.join(", "), table, &conditions));
    }
    let found = found.join("  UNION ALL\n");
    let columns = answer::columns(question.wanted()).join(", ");
    let columns = columns.replace("matches", "count(*) AS matches");
    let behind = match question.wanted() {
        Wanted::Texts => "",
        Wanted::Count | Wanted::Whether => "GROUP BY session, started\n",
    };
    let order = match question.wanted() {
        Wanted::Texts => {
            ", CASE place WHEN 'reasons' THEN 0 WHEN 'commands' THEN 1 ELSE 2 END, number"
        }
        _ => "",
    };
    Ok(format!(
        "WITH asked AS (\n{asked}), found AS (\n{found})\n\
         SELECT {columns}\n\
         FROM found JOIN asked USING ({KEY})\n\
         {behind}ORDER BY started DESC NULLS LAST, session{order}\n"
    ))
}

/// What is asked of the table of sessions.
fn asked(filter: &Filter, days: Option<&str>) -> Result<Vec<String>, Unsaid> {
    let mut all: Vec<String> = days.map(str::to_owned).into_iter().collect();
    if let Some(start) = &filter.session {
        all.push(format!("starts_with(session, {})", literal(start)));
    }
    let parts = match &filter.condition {
        Condition::All(parts) => &parts[..],
        only => std::slice::from_ref(only),
    };
    for part in parts {
        all.push(filter::predicate(part, days)?);
    }
    Ok(all)
}

fn select(columns: &str, table: &str, conditions: &[String]) -> String {
    let conditions = match conditions.is_empty() {
        true => String::new(),
        false => format!("  WHERE {}\n", conditions.join("\n    AND ")),
    };
    format!("  SELECT {columns}\n  FROM {table}\n{conditions}")
}

#[cfg(test)]
mod tests;
