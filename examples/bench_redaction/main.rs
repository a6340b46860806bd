//! What redaction finds: secrets of every form, and ordinary output that is to stay as it is.
//!
//! ```text
//! cargo run --release --example bench_redaction [lines of ordinary output]
//! ```
//!
//! Nothing is read from this machine: the corpus is made from the templates beside this file.

mod corpus;

use corpus::{Figures, Shown, quiet, recall};
use ssm_rec::export::Secrets;

fn main() {
    let lines = std::env::args()
        .nth(1)
        .map_or(20_000, |lines| lines.parse().expect("a number"));
    for how in [Secrets::Known, Secrets::Strict] {
        println!("{how:?}");
        for shown in [Shown::Whole, Shown::InPieces, Shown::Wrapped] {
            let figures = recall(shown, 4, how);
            println!("  secrets found, {shown:?}: {}", told(&figures));
        }
        let figures = quiet(lines, how);
        println!(
            "  ordinary lines kept: {}; {:.2} false alarms in 10,000",
            told(&figures),
            (figures.count - figures.right) as f64 * 10_000.0 / figures.count as f64
        );
    }
}

fn told(figures: &Figures) -> String {
    let mut text = format!(
        "{} of {} ({:.4})",
        figures.right,
        figures.count,
        figures.right as f64 / figures.count as f64
    );
    for (template, times) in figures.wrong.iter().take(20) {
        text.push_str(&format!("\n    wrong {times} times: {template}"));
    }
    text
}
