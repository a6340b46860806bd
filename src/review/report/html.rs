//! A report as a page: one file without scripts, for a screen in the light or in the dark, and for paper.
//!
//! Nothing from outside becomes markup, and the page's own policy lets it load nothing.

use std::fmt::Write as _;

use super::markdown::outcome;
use super::model::{Number, Report};
use crate::words::printable;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--bad:#b3261e;--good:#146c2e;--odd:#8a5300}
@media (prefers-color-scheme:dark){:root{--bad:#ff8a80;--good:#7ddc8f;--odd:#ffc766}}
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}
table{border-collapse:collapse;width:100%;font-size:.87rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{white-space:nowrap}td.n{width:4rem;text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.outcome{padding:.7rem 1rem;border-left:.4rem solid;background:var(--soft);font-weight:600}
.covered{border-color:var(--good)}.incomplete{border-color:var(--odd)}.holes{border-color:var(--bad)}
.zero{opacity:.55}.bad{color:var(--bad);font-weight:600}
code{font-size:.95em}:target{background:#ffd54a44}details summary{cursor:pointer}
nav a{margin-right:1rem}
@media print{body{margin:0;max-width:none;font-size:10pt}nav{display:none}h2{break-after:avoid}tr{break-inside:avoid}a{color:inherit;text-decoration:none}}
";

/// The parts, with their names in the page.
const PARTS: [(&str, &str); 9] = [
    ("population", "Population"),
    ("holes", "Holes"),
    ("integrity", "Integrity"),
    ("reviews", "Reviews"),
    ("follow-ups", "Follow-ups"),
    ("rules", "Rules"),
    ("clocks", "Clocks"),
    ("controls", "What serves which rule"),
    ("sessions", "Sessions"),
];

pub(super) fn page(report: &Report) -> String {
    let mut page = Page(String::new());
    page.line(&format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Audit of recorded sessions, {} to {}</title>\n<style>{STYLE}</style></head><body>",
        safe(&report.since),
        safe(&report.until)
    ));
    page.line("<h1>Audit of recorded sessions</h1>");
    page.line(&format!(
        "<p>{} to {}, <code>{}</code><br>asked at {} by {}</p>",
        safe(&report.since),
        safe(&report.until),
        safe(&report.store),
        safe(&report.asked_at),
        safe(&report.made_by)
    ));
    page.line(&format!(
        "<p class=\"outcome {}\">{}</p>",
        report.outcome,
        outcome(report.outcome)
    ));
    let links = PARTS.map(|(id, title)| format!("<a href=\"#{id}\">{title}</a>"));
    page.line(&format!("<nav>{}</nav>", links.concat()));
    page.title("population");
    page.numbers("population", &report.population);
    page.line("<h3>Who tells what happened</h3>");
    page.rows(
        &["who tells", "of", "from", "until", "sessions"],
        report.sources.iter().map(|source| {
            let told = match &source.failure {
                Some(why) => format!("<span class=\"bad\">no answer: {}</span>", safe(why)),
                None => source.sessions.to_string(),
            };
            let account = source.account.as_deref().unwrap_or("unknown account");
            let region = source.region.as_deref().unwrap_or("unknown region");
            vec![
                format!("{}: {}", source.witness, safe(&source.name)),
                format!("{} {}", safe(account), safe(region)),
                safe(&source.from),
                safe(&source.until),
                told,
            ]
        }),
    );
    for why in &report.not_told {
        page.line(&format!("<p class=\"bad\">{}</p>", safe(why)));
    }
    page.title("holes");
    page.rows(
        &["session", "cause", "when", "who", "where"],
        report.holes.iter().map(|hole| {
            let session = hole.session_id.as_deref();
            vec![
                session.map(session_link).unwrap_or_default(),
                safe(&hole.cause),
                safe(&hole.when),
                safe(&hole.who),
                safe(&hole.target),
            ]
        }),
    );
    page.title("integrity");
    page.numbers("integrity", &report.integrity);
    page.title("reviews");
    page.numbers("reviews", &report.reviews);
    page.line("<h3>Who judged what, and when</h3>");
    page.rows(
        &["session", "verdict", "who", "at", "signature", "weight"],
        report.verdicts.iter().map(|one| {
            vec![
                session_link(&one.session_id),
                safe(&one.verdict),
                safe(&one.who),
                safe(&one.at),
                one.signature.to_owned(),
                one.weight.replace('_', " "),
            ]
        }),
    );
    page.title("follow-ups");
    page.rows(
        &["follow-up", "session", "what", "owner", "age"],
        report.follow_ups.iter().map(|open| {
            vec![
                safe(&open.name),
                session_link(&open.session_id),
                safe(&open.text),
                safe(&open.owner),
                safe(&open.age),
            ]
        }),
    );
    page.title("rules");
    page.numbers("rules", &report.rules);
    page.title("clocks");
    page.rows(
        &["session", "client ahead of the service by"],
        report.clocks.iter().map(|clock| {
            vec![
                session_link(&clock.session_id),
                format!("{} ms", clock.ahead_ms),
            ]
        }),
    );
    page.line("<h3>How it was judged</h3>");
    page.rows(
        &["what", "value"],
        report
            .facts
            .iter()
            .map(|fact| vec![safe(fact.name), safe(&fact.value)]),
    );
    page.title("controls");
    page.line(
        "<p>These parts serve these rules. Whether a rule is met is not for a program to say.</p>",
    );
    page.rows(
        &["rule", "asks for", "served by"],
        report.controls.iter().map(|control| {
            [control.rule, control.asks, control.served_by]
                .map(safe)
                .into()
        }),
    );
    page.sessions(report);
    page.line("</body></html>");
    page.0
}

struct Page(String);

impl Page {
    fn line(&mut self, html: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{html}");
    }

    fn title(&mut self, id: &str) {
        let title = PARTS.iter().find(|(part, _)| *part == id);
        let title = title.map_or(id, |(_, title)| title);
        self.line(&format!("<h2 id=\"{id}\">{title}</h2>"));
    }

    /// Numbers, each of which opens the list of the sessions that it counts.
    fn numbers(&mut self, part: &str, numbers: &[Number]) {
        if numbers.is_empty() {
            return self.line("<p>None.</p>");
        }
        self.line("<table>");
        for (at, number) in numbers.iter().enumerate() {
            let count = number.sessions.len();
            let words = safe(&number.words);
            if count == 0 {
                self.line(&format!(
                    "<tr class=\"zero\"><td class=\"n\">0</td><td>{words}</td></tr>"
                ));
                continue;
            }
            let links: Vec<String> = number.sessions.iter().map(|id| session_link(id)).collect();
            self.line(&format!(
                "<tr><td class=\"n\">{count}</td><td><details id=\"{part}-{at}\"><summary>{words}</summary>{}</details></td></tr>",
                links.join(" ")
            ));
        }
        self.line("</table>");
    }

    fn rows(&mut self, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return self.line("<p>None.</p>");
        }
        let head: String = head.iter().map(|name| format!("<th>{name}</th>")).collect();
        self.line(&format!("<table><tr>{head}</tr>"));
        for row in rows {
            let cells: String = row.iter().map(|cell| format!("<td>{cell}</td>")).collect();
            self.line(&format!("<tr>{cells}</tr>"));
        }
        self.line("</table>");
    }

    fn sessions(&mut self, report: &Report) {
        self.title("sessions");
        if report.sessions.is_empty() {
            return self.line("<p>None.</p>");
        }
        let head = [
            "session",
            "coverage",
            "started",
            "operator",
            "target",
            "reason",
            "signed by",
            "kept until",
            "review",
            "risk",
            "marks",
        ];
        let head: String = head.iter().map(|name| format!("<th>{name}</th>")).collect();
        self.line(&format!("<table><tr>{head}</tr>"));
        for one in &report.sessions {
            let review = match one.verdict.as_str() {
                "" => one.review.replace('_', " "),
                verdict => format!("{} ({})", one.review.replace('_', " "), safe(verdict)),
            };
            let cells = [
                safe(&one.session_id),
                one.coverage.replace('_', " "),
                safe(&one.started),
                safe(&one.operator),
                safe(&one.target),
                safe(&one.reason),
                safe(&one.signed_by),
                safe(&one.retained_until),
                review,
                one.risk.to_owned(),
                safe(&one.marks.join("; ")),
            ];
            let cells: String = cells
                .iter()
                .map(|cell| format!("<td>{cell}</td>"))
                .collect();
            self.line(&format!(
                "<tr id=\"{}\">{cells}</tr>",
                anchor(&one.session_id)
            ));
        }
        self.line("</table>");
    }
}

/// A link to the row of a session.
fn session_link(id: &str) -> String {
    format!("<a href=\"#{}\">{}</a>", anchor(id), safe(id))
}

/// What a session's row is called in the page.
fn anchor(id: &str) -> String {
    format!("s-{}", formats::layout::safe_name(id))
}

/// A text in which nothing is markup.
fn safe(text: &str) -> String {
    let mut safe = String::new();
    for c in printable(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
