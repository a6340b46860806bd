//! Sessions by what reviewers said of them.
//!
//! Nothing is judged here.

use formats::manifest::Manifest;

use super::ListArgs;
use crate::cli::commands::review;
use crate::cli::exit::Failure;
use crate::review::catalog::{Catalog, Filter, Listing, Order};
use crate::settings::Settings;

impl ListArgs {
    /// Whether what reviewers said has to be read.
    pub(super) fn asks_reviews(&self) -> bool {
        self.unreviewed || self.overdue || self.verdict.is_some()
    }

    /// Those of which reviewers said what is asked for. All that the filter lets through are read for it.
    pub(super) fn judged(
        &self,
        catalog: &Catalog,
        settings: &Settings,
        order: Order,
        filter: &Filter,
    ) -> Result<Listing, Failure> {
        let mut listing = catalog.list_by(order, filter, usize::MAX)?;
        let (law, policy) = (review::law(settings)?, review::policy(settings));
        let manifests: Vec<&Manifest> = listing
            .entries
            .iter()
            .map(|entry| &entry.manifest)
            .collect();
        let standings = catalog.standings(&manifests, &law)?;
        let now = review::now();
        let mut standings = standings.into_iter();
        listing.entries.retain(|entry| {
            let standing = standings.next().unwrap_or_default();
            let waits = !policy.asks(&entry.manifest).is_empty() && !standing.is_reviewed();
            let is_late = policy
                .until(&entry.manifest)
                .is_some_and(|until| until < now);
            match &self.verdict {
                Some(wanted) => standing
                    .verdict()
                    .is_some_and(|said| said.to_string() == *wanted),
                None => waits && (is_late || !self.overdue),
            }
        });
        listing.entries.truncate(self.limit.unwrap_or(usize::MAX));
        Ok(listing)
    }
}
