//! `html`: one page that plays the recording and lists its commands, with no need of a network.
//!
//! Nothing of the recording is ever code: it stands in the page as base64, and what is told about it with every special
//! character escaped. Should that fail, the page's own policy lets no script run but the two that stand here.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use formats::asciicast::{Data, Encoder, Event, Header};
use formats::derived::Command;
use sha2::{Digest, Sha256};

use super::cast::Seconds;
use super::derived::{Derived, took};
use super::facts;
use super::{End, Exporter};
use crate::words::{printable, time};

/// asciinema-player 3.18.0, Apache-2.0; see `player/README.md`.
const PLAYER: &str = include_str!("player/asciinema-player.min.js");
const PLAYER_STYLE: &str = include_str!("player/asciinema-player.css");
const PLAYER_LICENSE: &str = include_str!("player/LICENSE");

const STYLE: &str = "\
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:76rem;padding:0 1rem}
h1{font-size:1.25rem;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem}
dt{opacity:.7}dd{margin:0;overflow-wrap:anywhere;font-family:ui-monospace,monospace}
footer{margin-top:2rem;font-size:.85em;opacity:.8}pre{white-space:pre-wrap;font-size:.8em}
#cut{font-weight:bold}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.15rem .75rem .15rem 0}
th{opacity:.7;font-weight:normal}td{font-family:ui-monospace,monospace}td:last-child{white-space:pre-wrap;overflow-wrap:anywhere}
.claim{opacity:.8;font-style:italic}.failed{font-weight:bold}
";

const START: &str = r#"
(function () {
  var text = atob(document.getElementById("recording").textContent);
  var bytes = new Uint8Array(text.length);
  for (var i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  var place = document.getElementById("player");
  place.textContent = "";
  var player = AsciinemaPlayer.create({ data: new TextDecoder().decode(bytes) }, place, { preload: true, fit: "width", poster: "npt:2" });
  document.addEventListener("click", function (event) {
    var link = event.target.closest("a[data-at]");
    if (!link) return;
    event.preventDefault();
    player.seek(Number(link.dataset.at));
    place.scrollIntoView({ block: "nearest" });
  });
})();
"#;

/// The page, its recording going by as base64.
#[derive(Debug, Default)]
pub(super) struct Html {
    encoder: Encoder,
    /// Not a multiple of three bytes yet.
    carry: Vec<u8>,
    has_events: bool,
}

impl Html {
    /// Appends whole groups of the carried bytes.
    fn encode(&mut self, out: &mut Vec<u8>) {
        let whole = self.carry.len() / 3 * 3;
        out.extend_from_slice(STANDARD.encode(&self.carry[..whole]).as_bytes());
        self.carry.drain(..whole);
    }
}

impl Exporter for Html {
    fn header(&mut self, header: &Header, out: &mut Vec<u8>) {
        let title = match &header.ssm {
            Some(session) => format!("Session {} on {}", session.session_id, session.target),
            None => header
                .title
                .clone()
                .unwrap_or_else(|| "Recording".to_owned()),
        };
        let title = escape(&printable(&title));
        let page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src {} {} \
             'wasm-unsafe-eval'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{title}</title>\n<style>\n{PLAYER_STYLE}\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n{}\
             <div id=\"player\">This page needs JavaScript to play the recording.</div>\n\
             <script type=\"application/octet-stream\" id=\"recording\">",
            source(PLAYER),
            source(START),
            list(&facts::of_header(header)),
        );
        out.extend_from_slice(page.as_bytes());
        let mut header = header.clone();
        // The player draws a terminal of no size as none.
        if header.term.cols == 0 || header.term.rows == 0 {
            (header.term.cols, header.term.rows) = (80, 24);
        }
        self.encoder.header(&header, &mut self.carry);
        self.encode(out);
    }

    fn event(&mut self, event: &Event, out: &mut Vec<u8>) {
        if !matches!(event.data, Data::Message(_)) {
            self.encoder.event(event.at, &event.data, &mut self.carry);
            self.encode(out);
            self.has_events = true;
        }
    }

    fn finish(&mut self, end: &End, out: &mut Vec<u8>) {
        if !self.has_events {
            // The player takes a recording without events for a broken one.
            self.encoder.output(end.at, "", &mut self.carry);
        }
        out.extend_from_slice(STANDARD.encode(&self.carry).as_bytes());
        out.extend_from_slice(b"</script>\n");
        if !self.has_events {
            out.extend_from_slice(
                b"<p>Nothing was shown in this session: the recording has no events.</p>\n",
            );
        }
        if !end.is_complete {
            out.extend_from_slice(
                b"<p id=\"cut\">The recording ends early: what came after is missing.</p>\n",
            );
        }
        if let Some(derived) = &end.derived {
            commands(derived, out);
        }
        if let Some(manifest) = &end.manifest {
            out.extend_from_slice(list(&facts::of_manifest(manifest)).as_bytes());
        }
        let rest = format!(
            "<footer><details><summary>Made by ssm-rec. Played by asciinema-player 3.18.0, Apache License 2.0</summary>\
             <pre>{}</pre></details></footer>\n<script>{PLAYER}</script>\n<script>{START}</script>\n</body>\n</html>\n",
            escape(PLAYER_LICENSE)
        );
        out.extend_from_slice(rest.as_bytes());
    }
}

/// The list of commands. A link takes the player there; without it, the page.
fn commands(derived: &Derived, out: &mut Vec<u8>) {
    if !derived.commands.is_empty() {
        out.extend_from_slice(
            b"<h2>Commands</h2>\n<table id=\"commands\">\n<tr><th>#</th><th>Time</th><th>Took</th><th>Exit</th>\
              <th>Directory</th><th>Command</th></tr>\n",
        );
        for command in &derived.commands {
            out.extend_from_slice(row(command).as_bytes());
        }
        out.extend_from_slice(b"</table>\n");
    }
    let told = format!(
        "<p id=\"explained\">{}. All of it is what the remote host showed.</p>\n",
        escape(&derived.told())
    );
    out.extend_from_slice(told.as_bytes());
}

fn row(command: &Command) -> String {
    let start = Duration::from_millis(command.start);
    let exit = match command.exit {
        Some(0) => "0".to_owned(),
        Some(exit) => format!("<span class=\"failed\">{exit}</span>"),
        None => String::new(),
    };
    let mut text = lines(&command.text);
    for claim in &command.claims {
        text.push_str(&format!(
            "<div class=\"claim\">claimed besides, by {}: {} {}</div>",
            lines(&claim.by),
            lines(&claim.of),
            lines(&claim.value)
        ));
    }
    format!(
        "<tr><td>{}</td><td><a href=\"#player\" data-at=\"{}\">{}</a></td><td>{}</td><td>{exit}</td><td>{}</td><td>{text}</td></tr>\n",
        command.number,
        Seconds(start),
        time::write(start),
        took(command).map(time::write).unwrap_or_default(),
        command.cwd.as_deref().map(lines).unwrap_or_default(),
    )
}

/// Text of several lines, each of them harmless, in a page.
fn lines(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(printable).collect();
    escape(&lines.join("\n"))
}

/// A script by its digest, as the page's policy names it.
fn source(script: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(script)))
}

fn list(facts: &[(&'static str, String)]) -> String {
    use std::fmt::Write;
    let mut out = String::from("<dl>\n");
    for (name, value) in facts {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "<dt>{name}</dt><dd>{}</dd>", escape(value));
    }
    out.push_str("</dl>\n");
    out
}

/// Text that stays text in a page, also within quotes.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scripts_cannot_end_their_own_element() {
        for script in [PLAYER, START] {
            let script = script.to_ascii_lowercase();
            assert!(!script.contains("</script") && !script.contains("<!--"));
        }
        assert!(!PLAYER_STYLE.to_ascii_lowercase().contains("</style"));
        assert!(PLAYER_LICENSE.contains("Apache License"));
    }

    #[test]
    fn outside_text_stays_text() {
        assert_eq!(
            escape("</title><script>\"'&"),
            "&lt;/title&gt;&lt;script&gt;&quot;&#39;&amp;"
        );
    }
}
