//! `search --engine athena`: the question put to the tables of packs, and the answer as the program's own searches give it.
//!
//! Nothing that is found so is evidence, and no query goes on that nobody waits for.

use std::io::Write as _;
use std::time::Duration;

use anyhow::anyhow;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::SearchArgs;
use super::print::Printer;
use crate::athena::{Athena, Error, Place, State};
use crate::aws::Access;
use crate::cli::counted::counted;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::stop::Stop;
use crate::cli::{ask, message};
use crate::recorded::plan;
use crate::review::catalog::{Entry, Filter};
use crate::review::search::{Piece, Question, Row, statement};
use crate::settings::search::{ATHENA_DATABASE, ATHENA_OUTPUT, ATHENA_WORKGROUP};
use crate::settings::{Flags, Settings};
use crate::terminal;
use crate::words::{causes, json, size};

/// Who searches.
#[derive(Debug, clap::Args)]
pub(super) struct AthenaArgs {
    /// Who searches: own (this program), or athena (Amazon Athena, over the tables that formats/sql/athena.sql makes of packs)
    #[arg(long, value_name = "ENGINE", value_enum, default_value = "own")]
    engine: Engine,

    /// The database of those tables [env: SSM_REC_SEARCH_ATHENA_DATABASE]
    #[arg(long, value_name = "NAME")]
    athena_database: Option<String>,

    /// The workgroup that asks Athena [env: SSM_REC_SEARCH_ATHENA_WORKGROUP]
    #[arg(long, value_name = "NAME")]
    athena_workgroup: Option<String>,

    /// Where Athena writes what it finds: s3://bucket/prefix/ [env: SSM_REC_SEARCH_ATHENA_OUTPUT]
    #[arg(long, value_name = "LOCATION")]
    athena_output: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    Own,
    Athena,
}

impl AthenaArgs {
    pub(super) fn is_asked(&self) -> bool {
        self.engine == Engine::Athena
    }

    fn onto(&self, flags: Flags) -> Flags {
        let (database, workgroup) = (self.athena_database.clone(), self.athena_workgroup.clone());
        flags
            .with(&ATHENA_DATABASE, "--athena-database", database)
            .with(&ATHENA_WORKGROUP, "--athena-workgroup", workgroup)
            .with(
                &ATHENA_OUTPUT,
                "--athena-output",
                self.athena_output.clone(),
            )
    }
}

/// How long is waited before the first look at a query, and how long at most between two.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// A signal is heeded within this.
const MOMENT: Duration = Duration::from_millis(50);

/// What a query costs at least and by the megabyte, at the list price of us-east-1, in USD. Other regions and capacity that
/// was bought in advance have other prices. Source: the page "Amazon Athena pricing", of 5 USD a TB, bytes rounded up to the
/// megabyte, 10 MB at least a query, nothing for one that failed.
const USD_A_TB: f64 = 5.0;
const MB: u64 = 1 << 20;
const LEAST_MB: u64 = 10;

/// Asks Athena, and tells what it finds.
pub(super) fn run(args: &SearchArgs, filter: &Filter, question: &Question) -> CommandResult {
    if args.no_packs {
        let error = anyhow!("--no-packs leaves nothing for Athena to search");
        return Err(Failure::new(Status::Usage, error));
    }
    let sql = statement(filter, question)?;
    let settings = Settings::load_to_read(&args.athena.onto(args.store.flags()))?;
    let place = Place {
        database: settings.search.athena_database,
        workgroup: settings.search.athena_workgroup,
        output: settings.search.athena_output,
    };
    let access = Access {
        ask_mfa_code: Some(ask::mfa_code()),
        ..Access::default()
    };
    if !args.trust_packs {
        message::say(
            "what Athena finds are hints from packs, and no evidence: without --engine athena the sessions themselves are \
             looked at, and those that are in no pack",
        );
    }
    let mut run = Run {
        question,
        printer: args.printer(question),
        stop: Stop::listen()?,
        bar: bar(),
        query: String::new(),
        scanned: 0,
        session: None,
        pieces: Vec::new(),
        of_session: 0,
        sessions: 0,
        matches: 0,
        different: 0,
    };
    let asked = plan::runtime()?.block_on(run.ask(&access, &sql, &place));
    run.bar.finish_and_clear();
    asked?;
    if let Some(number) = run.stop.number() {
        message::say(&format!("stopped by signal {number}"));
    }
    if args.json {
        let summary = json(&run.summary()) + "\n";
        // A reader that has seen enough is no failure.
        let _ = std::io::stdout().write_all(summary.as_bytes());
    } else {
        message::say(&run.told(args.sessions_with_matches));
    }
    Ok(match run.stop.number() {
        Some(number) => Status::Signal(number),
        None if run.sessions > 0 => Status::Success,
        None => Status::Failure,
    })
}

/// A search by Athena under way.
struct Run<'a> {
    question: &'a Question,
    printer: Printer,
    stop: Stop,
    bar: ProgressBar,
    /// By what the query is known.
    query: String,
    scanned: u64,
    /// The session of the last row, what was found in it and not printed yet, and how much was found in it.
    session: Option<Entry>,
    pieces: Vec<Piece>,
    of_session: u64,
    sessions: u64,
    matches: u64,
    /// Rows in which our expression finds nothing.
    different: u64,
}

impl Run<'_> {
    async fn ask(&mut self, access: &Access, sql: &str, place: &Place) -> Result<(), Failure> {
        let athena = Athena::open(access).await?;
        self.query = athena.start(sql, place).await?;
        let waited = self.wait(&athena).await;
        if !matches!(waited, Ok(true)) {
            self.give_up(&athena, &waited).await;
            waited?;
            return Ok(());
        }
        let mut next = None;
        while self.stop.number().is_none() {
            let page = athena.page(&self.query, next).await?;
            if !self.rows(&page.rows)? {
                return Ok(());
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        let rest = self.end_session();
        self.write(&rest);
        Ok(())
    }

    /// Waits until the rows are there; `false` when the person wants no more.
    async fn wait(&mut self, athena: &Athena) -> Result<bool, Error> {
        let mut wait = FIRST_WAIT;
        loop {
            let progress = athena.progress(&self.query).await?;
            self.scanned = progress.scanned;
            let state = match progress.state {
                State::Succeeded => return Ok(true),
                State::Queued => "waits for its turn",
                State::Running => "runs",
            };
            let scanned = size::write(self.scanned);
            self.bar
                .set_message(format!("the query {state}; {scanned} scanned"));
            let mut left = wait;
            while !left.is_zero() {
                if self.stop.number().is_some() {
                    return Ok(false);
                }
                let moment = left.min(MOMENT);
                tokio::time::sleep(moment).await;
                self.bar.tick();
                left -= moment;
            }
            wait = (wait * 3 / 2).min(LONGEST_WAIT);
        }
    }

    /// Nobody waits for the query any longer, and what it would read costs.
    async fn give_up(&mut self, athena: &Athena, waited: &Result<bool, Error>) {
        if matches!(
            waited,
            Err(Error::Failed { .. } | Error::Cancelled { .. } | Error::NoTables { .. })
        ) {
            return;
        }
        if let Err(error) = athena.stop(&self.query).await {
            message::say(&format!(
                "the query could not be stopped ({}); to stop it: aws athena stop-query-execution --query-execution-id {}",
                causes(&error),
                self.query
            ));
        }
        match athena.progress(&self.query).await {
            Ok(progress) => self.scanned = progress.scanned,
            Err(Error::Cancelled { scanned, .. }) => self.scanned = scanned,
            Err(_) => {}
        }
    }

    /// Tells of some rows; `false` when nobody reads it.
    fn rows(&mut self, rows: &[Vec<Option<String>>]) -> Result<bool, Failure> {
        let mut text = String::new();
        for values in rows {
            let row = Row::read(self.question, values)?;
            if row
                .piece
                .as_ref()
                .is_some_and(|piece| piece.matches.is_empty())
            {
                self.different += 1;
                continue;
            }
            let id = |entry: &Entry| entry.manifest.session_id.clone();
            if self.session.as_ref().map(id) != Some(id(&row.entry)) {
                text.push_str(&self.end_session());
                self.session = Some(row.entry);
                self.sessions += 1;
            }
            self.of_session += row.count;
            self.matches += row.count;
            self.pieces.extend(row.piece);
        }
        text.push_str(&self.found());
        Ok(self.write(&text))
    }

    fn found(&mut self) -> String {
        let pieces = std::mem::take(&mut self.pieces);
        match &self.session {
            Some(entry) if !pieces.is_empty() => self.printer.found(entry, &pieces),
            _ => String::new(),
        }
    }

    fn end_session(&mut self) -> String {
        let mut text = self.found();
        let count = std::mem::take(&mut self.of_session);
        if let Some(entry) = self.session.take() {
            text.push_str(&self.printer.done(&entry, count));
        }
        text
    }

    fn write(&self, text: &str) -> bool {
        let write = || {
            let mut stdout = std::io::stdout().lock();
            stdout
                .write_all(text.as_bytes())
                .and_then(|()| stdout.flush())
        };
        // A reader that has seen enough is no failure, and wants no more.
        text.is_empty() || self.bar.suspend(write).is_ok()
    }

    /// `found 3 times in 2 sessions by Athena, which scanned 1.2 MB: about 0.00005 USD …`
    fn told(&self, is_whether: bool) -> String {
        let times = match is_whether {
            true => String::new(),
            false => counted(self.matches, "time", "times") + " ",
        };
        let mut text = match self.sessions {
            0 => "nothing found".to_owned(),
            sessions => format!(
                "found {times}in {}",
                counted(sessions, "session", "sessions")
            ),
        };
        let (scanned, usd) = (size::write(self.scanned), usd(self.scanned));
        let digits = if usd < 0.01 { 5 } else { 2 };
        text.push_str(&format!(
            " by Athena, which scanned {scanned}: about {usd:.digits$} USD at the list price of us-east-1 \
             (5 USD a TB, at least 10 MB a query)"
        ));
        if self.different > 0 {
            let rows = counted(self.different, "row", "rows");
            text.push_str(&format!(
                "; {rows} of its answer left out, in which ssm-rec's own expression finds nothing"
            ));
        }
        text
    }

    fn summary(&self) -> Summary<'_> {
        Summary {
            r#type: "summary",
            engine: "athena",
            query: &self.query,
            matching: self.sessions,
            matches: self.matches,
            different: self.different,
            scanned_bytes: self.scanned,
            usd: usd(self.scanned),
            evidence: false,
        }
    }
}

/// What the answer is, for a program.
#[derive(Serialize)]
struct Summary<'a> {
    r#type: &'static str,
    engine: &'static str,
    query: &'a str,
    matching: u64,
    matches: u64,
    different: u64,
    scanned_bytes: u64,
    usd: f64,
    evidence: bool,
}

fn usd(scanned: u64) -> f64 {
    let megabytes = scanned.div_ceil(MB).max(LEAST_MB);
    megabytes as f64 * USD_A_TB / MB as f64
}

fn bar() -> ProgressBar {
    // What is found may go to a program that has the same terminal.
    let is_ours = terminal::stdout_is_terminal();
    if !is_ours || !std::io::IsTerminal::is_terminal(&std::io::stderr()) {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_costs_by_the_megabyte_and_ten_of_them_at_least() {
        for (scanned, megabytes) in [
            (0, 10),
            (1, 10),
            (10 * MB, 10),
            (10 * MB + 1, 11),
            (MB * MB, MB),
        ] {
            let expected = megabytes as f64 * 5.0 / 1_048_576.0;
            assert!((usd(scanned) - expected).abs() < 1e-12, "{scanned}");
        }
    }
}
