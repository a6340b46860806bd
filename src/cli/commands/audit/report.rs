//! `audit --report`: what an audit found, with who reviewed what, as one file for somebody outside.
//!
//! Nothing is judged here, and no file is written over.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use clap::ValueEnum;
use formats::manifest::Manifest;

use crate::cli::commands::review;
use crate::cli::exit::Failure;
use crate::cli::{message, new_file};
use crate::review::audit::{Account, Rules};
use crate::review::catalog::{Catalog, Filter, State};
use crate::review::report::{Form, Given, Report, Reviewed};
use crate::settings::Settings;

/// In which form a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FormArg {
    /// A page, for the screen and for paper
    Html,
    /// Markdown
    Md,
    /// All of it, for programs
    Json,
    /// One row a session
    Csv,
}

impl From<FormArg> for Form {
    fn from(form: FormArg) -> Self {
        match form {
            FormArg::Html => Self::Html,
            FormArg::Md => Self::Markdown,
            FormArg::Json => Self::Json,
            FormArg::Csv => Self::Csv,
        }
    }
}

/// Writes it to a file, or to stdout.
pub(super) fn write(
    account: &Account,
    catalog: &Catalog,
    settings: &Settings,
    filter: &Filter,
    (form, to): (FormArg, Option<&Path>),
) -> Result<(), Failure> {
    let given = Given {
        account,
        store: catalog.location(),
        rules: settings
            .rules
            .set()
            .map_err(anyhow::Error::from)?
            .digest()
            .to_owned(),
        policy: policy(settings),
        reviewed: reviewed(catalog, settings, filter, &account.rules)?,
    };
    let text = Report::of(&given).written(form.into());
    let Some(path) = to else {
        // A reader that has seen enough is no failure.
        let _ = std::io::stdout().write_all(text.as_bytes());
        return Ok(());
    };
    new_file::make(path, false, |file| {
        let written = file.write_all(text.as_bytes());
        written.map_err(|error| new_file::cannot_write(path, &error))
    })?;
    message::say(&format!(
        "the report is in {:?}",
        path.display().to_string()
    ));
    Ok(())
}

/// How each stored session of the period was judged.
fn reviewed(
    catalog: &Catalog,
    settings: &Settings,
    filter: &Filter,
    rules: &Rules,
) -> Result<BTreeMap<String, Reviewed>, Failure> {
    let (law, policy) = (review::law(settings)?, review::policy(settings));
    let mut entries = catalog.list(filter, usize::MAX)?.entries;
    entries.retain(|entry| entry.state == State::Stored);
    let manifests: Vec<&Manifest> = entries.iter().map(|entry| &entry.manifest).collect();
    let standings = catalog.standings(&manifests, &law)?;
    let retained = catalog.retained(&manifests);
    let judged = manifests.into_iter().zip(standings).zip(retained);
    let reviewed = judged.map(|((manifest, standing), retained)| {
        let is_asked = !policy.asks(manifest).is_empty();
        let is_late = policy
            .until(manifest)
            .is_some_and(|until| until < rules.now);
        let found = manifest.rules.as_ref();
        let reviewed = Reviewed {
            is_overdue: is_asked && is_late && !standing.is_reviewed(),
            is_asked,
            retained,
            standing,
            risk: found
                .and_then(|found| found.highest())
                .map(|worst| worst.name()),
            rules: found.map(|found| found.set.clone()),
        };
        (manifest.session_id.clone(), reviewed)
    });
    Ok(reviewed.collect())
}

/// Which sessions are to be judged, in words.
fn policy(settings: &Settings) -> String {
    let (review, policy) = (&settings.review, &settings.review.policy);
    let mut which = Vec::new();
    if policy.all {
        which.push("every session".to_owned());
    }
    if let Some(least) = policy.risky {
        which.push(format!(
            "those in which rules find something {} or graver, or of which a part is missing",
            least.name()
        ));
    }
    if let Some(rate) = policy.sample {
        which.push(format!("a sample of {rate} drawn by {:?}", policy.seed));
    }
    let which = match which.is_empty() {
        true => "none".to_owned(),
        false => which.join("; "),
    };
    let within = crate::words::time::write_exactly(policy.within);
    format!("{which}; by {} each, within {within}", review.required)
}
