//! What redaction finds: secrets of every form, and ordinary output that is to stay as it is.
//!
//! ```text
//! cargo run --release --example bench_redaction [lines of ordinary output]
//! cargo run --release --example bench_redaction secrets TEMPLATES
//! cargo run --release --example bench_redaction kept TEXT
//! ```
//!
//! Nothing is read from this machine unless a file is named: the corpus is made from the templates beside this file. A file
//! of other templates is measured as they are, and of a text without secrets every line should stay as it is.

mod corpus;

use corpus::{Figures, Shown, kept, quiet, recall, recall_of};
use ssm_rec::export::Secrets;

/// What gives the lines of ordinary output an order: a line may be taken for another's value by chance.
const ORDERS: [u64; 6] = [7, 8, 9, 10, 11, 12];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [what, path] = &arguments[..] {
        let text = String::from_utf8_lossy(&std::fs::read(path).expect("a file")).into_owned();
        for shown in [Shown::Whole, Shown::InPieces, Shown::Wrapped] {
            if what == "secrets" {
                let figures = recall_of(&text, shown, 1, Secrets::Known);
                println!("secrets found, {shown:?}: {}", told(&figures));
            }
        }
        if what == "kept" {
            println!("lines kept: {}", told(&kept(&text, Secrets::Known)));
        }
        return;
    }
    let lines = std::env::args()
        .nth(1)
        .map_or(20_000, |lines| lines.parse().expect("a number"));
    for how in [Secrets::Known, Secrets::Strict] {
        println!("{how:?}");
        for shown in [Shown::Whole, Shown::InPieces, Shown::Wrapped] {
            let figures = recall(shown, 4, how);
            println!("  secrets found, {shown:?}: {}", told(&figures));
        }
        for seed in ORDERS {
            let figures = quiet(lines, seed, how);
            println!(
                "  ordinary lines kept, order {seed}: {}; {:.2} false alarms in 10,000",
                told(&figures),
                (figures.count - figures.right) as f64 * 10_000.0 / figures.count as f64
            );
        }
    }
}

fn told(figures: &Figures) -> String {
    let mut text = format!(
        "{} of {} ({:.4})",
        figures.right,
        figures.count,
        figures.right as f64 / figures.count as f64
    );
    for (template, times) in figures.wrong.iter().take(400) {
        text.push_str(&format!("\n    wrong {times} times: {template}"));
    }
    text
}
