//! A report as CSV: one row a session, with a head.
//!
//! Nothing in it is a formula to a spreadsheet.

use super::model::Report;
use crate::words::{csv, printable};

const HEAD: &str = "session,coverage,started,operator,target,document,account,region,reason,signed_by,came,retained_until,review,verdict,risk,marks";

pub(super) fn table(report: &Report) -> String {
    let mut table = HEAD.to_owned() + csv::END;
    for one in &report.sessions {
        let fields = [
            &one.session_id,
            one.coverage,
            &one.started,
            &one.operator,
            &one.target,
            &one.document,
            &one.account,
            &one.region,
            &one.reason,
            &one.signed_by,
            &one.came,
            &one.retained_until,
            one.review,
            &one.verdict,
            one.risk,
            &one.marks.join("; "),
        ]
        .map(|field: &str| csv::text(&printable(field)));
        table.push_str(&fields.join(","));
        table.push_str(csv::END);
    }
    table
}
