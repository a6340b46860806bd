//! Commands that were found against those that ran: pairs in order, and what is right of them.
//!
//! Nothing here forgives: texts are compared exactly, but for white space at the ends of their lines.

use serde_json::Value;

/// A command, of either side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    pub(crate) text: String,
    pub(crate) exit: Option<i64>,
    pub(crate) cwd: Option<String>,
    pub(crate) source: String,
    pub(crate) confidence: f64,
}

/// Reads JSON objects, one a line; those without a text are passed over.
pub(crate) fn read(text: &str) -> Vec<Found> {
    let of = |line: &str| {
        let value: Value = serde_json::from_str(line).ok()?;
        let text = value["text"].as_str()?;
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Found {
            text: lines.join("\n").trim().to_owned(),
            exit: value["exit"].as_i64(),
            cwd: value["cwd"].as_str().map(str::to_owned),
            source: value["source"].as_str().unwrap_or_default().to_owned(),
            confidence: value["confidence"].as_f64().unwrap_or_default(),
        })
    };
    text.lines()
        .filter_map(of)
        .filter(|found| !found.text.is_empty())
        .collect()
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    truth: usize,
    found: usize,
    right: usize,
    /// Statuses that the shell tells of commands that were found, those that were told, and were right.
    known_exits: usize,
    exits: usize,
    exits_right: usize,
    cwds: usize,
    cwds_right: usize,
    pub(crate) sure: usize,
    pub(crate) sure_and_right: usize,
}

impl Score {
    pub(crate) const HEAD: &str = "                 truth found right precision recall    F1   status known/told/right   directory told/right";

    /// The score, and the pairs: a longest common subsequence.
    pub(crate) fn of(truth: &[Found], found: &[Found]) -> (Self, Vec<(usize, usize)>) {
        let pairs = pairs(truth, found);
        let mut score = Self {
            truth: truth.len(),
            found: found.len(),
            right: pairs.len(),
            ..Self::default()
        };
        for (of, at) in &pairs {
            let (truth, found) = (&truth[*of], &found[*at]);
            score.known_exits += usize::from(truth.exit.is_some());
            if let (Some(truth), Some(found)) = (truth.exit, found.exit) {
                score.exits += 1;
                score.exits_right += usize::from(truth == found);
            }
            if let (Some(truth), Some(found)) = (&truth.cwd, &found.cwd) {
                score.cwds += 1;
                score.cwds_right += usize::from(truth == found);
            }
        }
        let sure = (0..found.len()).filter(|at| found[*at].confidence >= 0.9);
        for at in sure {
            score.sure += 1;
            score.sure_and_right += usize::from(pairs.iter().any(|(_, other)| *other == at));
        }
        (score, pairs)
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.truth += other.truth;
        self.found += other.found;
        self.right += other.right;
        self.known_exits += other.known_exits;
        self.exits += other.exits;
        self.exits_right += other.exits_right;
        self.cwds += other.cwds;
        self.cwds_right += other.cwds_right;
        self.sure += other.sure;
        self.sure_and_right += other.sure_and_right;
    }

    pub(crate) fn row(&self, name: &str) -> String {
        let share = |part: usize, of: usize| {
            if of == 0 {
                1.0
            } else {
                part as f64 / of as f64
            }
        };
        let (precision, recall) = (share(self.right, self.found), share(self.right, self.truth));
        let f1 = match precision + recall {
            0.0 => 0.0,
            sum => 2.0 * precision * recall / sum,
        };
        format!(
            "{name:<16} {:>5} {:>5} {:>5}     {precision:.3}  {recall:.3} {f1:.3}   {:>14}/{}/{:<5}   {:>14}/{:<5}",
            self.truth,
            self.found,
            self.right,
            self.known_exits,
            self.exits,
            self.exits_right,
            self.cwds,
            self.cwds_right
        )
    }
}

fn pairs(truth: &[Found], found: &[Found]) -> Vec<(usize, usize)> {
    let mut best = vec![vec![0; found.len() + 1]; truth.len() + 1];
    for of in (0..truth.len()).rev() {
        for at in (0..found.len()).rev() {
            best[of][at] = match truth[of].text == found[at].text {
                true => best[of + 1][at + 1] + 1,
                false => best[of + 1][at].max(best[of][at + 1]),
            };
        }
    }
    let (mut of, mut at) = (0, 0);
    let mut pairs = Vec::new();
    while of < truth.len() && at < found.len() {
        if truth[of].text == found[at].text {
            pairs.push((of, at));
            (of, at) = (of + 1, at + 1);
        } else if best[of + 1][at] >= best[of][at + 1] {
            of += 1;
        } else {
            at += 1;
        }
    }
    pairs
}
