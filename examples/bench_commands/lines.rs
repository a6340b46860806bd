//! The lines of the recordings: words beside those that another emulator saw (`tests/peers/lines.py`, which needs pyte), and
//! their size beside that of `export --format txt`, all of it packed as it is stored.
//!
//! Nothing here fails for a number: it prints them.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::scenarios::Scenario;
use crate::{CHILD, Result};

const HEAD: &str = "                  words seen  lost  made up   txt  lines ratio   packed:  txt  lines ratio   text alone";
/// Of zstd.
const LEVEL: i32 = 3;

/// Prints a row for each recording.
pub(crate) fn report(scenarios: &[&Scenario], folder: &Path, diff: bool) -> Result<()> {
    println!("\nlines\n{HEAD}");
    let mut all = Row::default();
    for scenario in scenarios {
        let folder = folder.join(scenario.name);
        let row = Row::of(&folder, scenario.name, diff)?;
        row.print(scenario.name);
        all.add(&row);
    }
    all.print("all");
    Ok(())
}

#[derive(Default)]
struct Row {
    seen: usize,
    lost: usize,
    made_up: usize,
    txt: usize,
    lines: usize,
    packed_txt: usize,
    packed_lines: usize,
    packed_text: usize,
}

impl Row {
    fn of(folder: &Path, name: &str, diff: bool) -> Result<Self> {
        let recording = folder.join("rec.cast.zst");
        let path = recording.display().to_string();
        let lines = child(&["derive", &path, "--lines"])?;
        let txt = child(&["export", "--format", "txt", &path])?;
        let mut text = Vec::new();
        for line in lines.split(|&byte| byte == b'\n') {
            if let Ok(line) = serde_json::from_slice::<Value>(line) {
                writeln!(text, "{}", line["text"].as_str().unwrap_or_default())?;
            }
        }
        let (cast, told) = (folder.join("rec.cast"), folder.join("lines.jsonl"));
        std::fs::write(&cast, zstd::decode_all(std::fs::File::open(&recording)?)?)?;
        std::fs::write(&told, &lines)?;
        let mut python = Command::new("python3");
        python
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/lines.py"))
            .args([cast, told]);
        let found: Value = serde_json::from_slice(&output(&mut python)?)?;
        let words = |key: &str| found[key].as_array().cloned().unwrap_or_default();
        let (lost, made_up) = (words("lost"), words("made_up"));
        if diff && !(lost.is_empty() && made_up.is_empty()) {
            println!("{name}: lost {lost:?}, made up {made_up:?}");
        }
        let packed = |bytes: &[u8]| zstd::encode_all(bytes, LEVEL).map(|packed| packed.len());
        Ok(Self {
            seen: usize::try_from(found["seen"].as_u64().unwrap_or_default())?,
            lost: lost.len(),
            made_up: made_up.len(),
            txt: txt.len(),
            lines: lines.len(),
            packed_txt: packed(&txt)?,
            packed_lines: packed(&lines)?,
            packed_text: packed(&text)?,
        })
    }

    fn add(&mut self, other: &Self) {
        self.seen += other.seen;
        self.lost += other.lost;
        self.made_up += other.made_up;
        self.txt += other.txt;
        self.lines += other.lines;
        self.packed_txt += other.packed_txt;
        self.packed_lines += other.packed_lines;
        self.packed_text += other.packed_text;
    }

    fn print(&self, name: &str) {
        let ratio = |part: usize, of: usize| part as f64 / of.max(1) as f64;
        println!(
            "{name:<18} {:>9} {:>5} {:>8} {:>5} {:>6} {:>5.2}         {:>5} {:>6} {:>5.2}        {:>5.2}",
            self.seen,
            self.lost,
            self.made_up,
            self.txt,
            self.lines,
            ratio(self.lines, self.txt),
            self.packed_txt,
            self.packed_lines,
            ratio(self.packed_lines, self.packed_txt),
            ratio(self.packed_text, self.packed_txt),
        );
    }
}

fn child(arguments: &[&str]) -> Result<Vec<u8>> {
    let mut command = Command::new(std::env::current_exe()?);
    output(command.env(CHILD, "1").args(arguments))
}

fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command.output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}: {said}", output.status).into());
    }
    Ok(output.stdout)
}
