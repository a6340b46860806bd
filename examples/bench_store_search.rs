//! How long a search of a store takes, beside `zstd -dcq` of all its lines piped to `grep` (and to `rg`, where there is one),
//! which finds the same text in the same objects, and knows neither whose session it was nor whether it was altered.
//!
//! Nothing here is a test: it prints figures, and a person looks at them.
//! `cargo run --release --example bench_store_search -- [SESSIONS [PATTERN]…]` makes a store of so many sessions (2,000) over 90
//! days and leaves nothing behind; `SSM_REC_BENCH_STORE=FOLDER` makes it in a new folder, and keeps it; one that is there is
//! searched as it is.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark of inputs that are known to be good, by the clock"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use formats::asciicast::{Header, Session, Term};
use formats::derived::Kind;
use formats::layout::Place;
use formats::manifest::Manifest;
use formats::sealed::NoKey;
use formats::{AgentMessage, Flags, MessageType, PayloadType};
use ssm_rec::recorder::{Files, Options, Recorder};
use ssm_rec::review;
use ssm_rec::review::catalog::{Catalog, Filter};
use ssm_rec::review::compact::{self, compact};
use ssm_rec::review::search::{
    Around, Manner, Meaning, Pattern, Question, Step, Told, Wanted, Where,
};
use ssm_rec::store::Store;

const DAYS: u64 = 90;
const PAYLOAD: usize = 1024;

fn main() {
    let sessions = std::env::args().nth(1);
    let sessions: u64 = sessions.map_or(2000, |text| text.parse().unwrap());
    let passing = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("SSM_REC_BENCH_STORE").map(PathBuf::from);
    let folder = kept.as_deref().unwrap_or(passing.path());
    if kept.is_none() || fs::create_dir(folder).is_ok() {
        make(folder, sessions);
    }
    // The first look at files is the disk's.
    peer(folder, "grep", "nothing of it");
    let asked: Vec<String> = std::env::args().skip(2).collect();
    let usual = [
        "needle-1234",
        "Permission denied",
        "error",
        r"\d+\.\d+\.0\.7\b",
    ];
    match asked.is_empty() {
        true => usual.iter().for_each(|pattern| report(folder, pattern)),
        false => asked.iter().for_each(|pattern| report(folder, pattern)),
    }
}

/// Makes a store of so many sessions, and its packs.
fn make(folder: &Path, sessions: u64) {
    let begun = Instant::now();
    let mut random = Random(1);
    let text: usize = (0..sessions)
        .map(|number| record(folder, number, &mut random))
        .sum();
    let bytes = stored(&folder.join("lines"));
    println!(
        "{sessions} sessions, {:.1} MB of output, {:.1} MB of lines as they are stored, made in {:.0} s",
        text as f64 / 1e6,
        bytes as f64 / 1e6,
        begun.elapsed().as_secs_f64()
    );
    let begun = Instant::now();
    pack(folder);
    let of = |folder_name: &str| stored(&folder.join(folder_name)) as f64 / 1e6;
    let grams = of("packs/grams");
    println!(
        "packed in {:.1} s: sessions {:.1} MB, commands {:.1} MB (of {:.1}), lines {:.1} MB, grams {grams:.1} MB, {:.0} % of \
         the text; index {:.1} MB",
        begun.elapsed().as_secs_f64(),
        of("packs/sessions"),
        of("packs/commands"),
        of("commands"),
        of("packs/lines"),
        grams * 1e8 / line_text(folder) as f64,
        of("packs/index"),
    );
}

fn report(store: &Path, pattern: &str) {
    println!("{pattern}");
    let peers = ["grep", "rg"].map(|program| (program, peer(store, program, pattern)));
    for (what, packs) in [
        ("without packs", Packs::None),
        ("packs of others", Packs::Others),
        ("own packs", Packs::Own),
    ] {
        // Nobody makes packs of their own of what others have packed.
        let (theirs, own) = (store.join("packs"), store.join("own"));
        if packs == Packs::Own {
            fs::create_dir_all(&own).unwrap();
            fs::rename(&theirs, own.join("packs")).unwrap();
        }
        let (ours, first, found) = (0..3)
            .map(|_| search(store, pattern, packs))
            .min()
            .unwrap_or_default();
        if packs == Packs::Own {
            fs::rename(own.join("packs"), &theirs).unwrap();
        }
        print!(
            "  {what:<16}{:>7.1} ms, first {:>6.1} ms, {found} lines;",
            ms(ours),
            ms(first)
        );
        for (program, theirs) in &peers {
            match theirs {
                Some((theirs, _)) => print!(
                    " {:.2} x as fast as zstd | {program};",
                    theirs.as_secs_f64() / ours.as_secs_f64()
                ),
                None => print!(" zstd | {program}: not here;"),
            }
        }
        println!();
    }
    for (program, theirs) in peers {
        if let Some((theirs, lines)) = theirs {
            println!("  zstd | {program:<9}{:>7.1} ms, {lines} lines", ms(theirs));
        }
    }
}

/// Which packs are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packs {
    None,
    /// What they say is looked at again.
    Others,
    /// They were made here of what was checked.
    Own,
}

/// Puts all sessions into packs.
fn pack(folder: &Path) {
    let catalog = Catalog::new(Store::at(&folder.display().to_string()).unwrap(), None);
    compact(&catalog, &Filter::default(), &|_| None, &mut |step| {
        assert!(!matches!(step, compact::Step::Problem(_)), "{step:?}");
        true
    })
    .unwrap();
}

/// Bytes of the text of all lines.
fn line_text(folder: &Path) -> u64 {
    let script = "find \"$1/lines\" -type f -print0 | xargs -0 zstd -dcq | wc -c";
    let out = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(folder)
        .output()
        .unwrap();
    String::from_utf8_lossy(&out.stdout).trim().parse().unwrap()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// From listing the store to the last find; and to the first one.
fn search(store: &Path, pattern: &str, packs: Packs) -> (Duration, Duration, u64) {
    let begun = Instant::now();
    let at = |folder: &Path| Store::at(&folder.display().to_string()).unwrap();
    let own = (packs == Packs::Own).then(|| at(&store.join("own")));
    let catalog = Catalog::new(at(store), None).with_own_packs(own);
    let pattern = Pattern::meaning(pattern, Meaning::default()).unwrap();
    let question = Question::new(pattern, &[Where::Lines], Around::default(), Wanted::Texts);
    let manner = Manner {
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        with_packs: packs != Packs::None,
        trusts_packs: false,
    };
    let (mut found, mut first) = (0, None);
    let filter = Filter::default();
    review::search::search(&catalog, &filter, &question, &NoKey, manner, &mut |told| {
        match told {
            Told::Session(_, Step::Found(_)) => {
                first.get_or_insert_with(|| begun.elapsed());
            }
            Told::Session(_, Step::Done(searched)) => found += searched.count,
            Told::Problem(problem) => panic!("{problem:?}"),
            Told::Asked(..) | Told::Without(_) => {}
        }
        true
    })
    .unwrap();
    (begun.elapsed(), first.unwrap_or_default(), found)
}

/// What others take for it; `None` where they are not there.
fn peer(store: &Path, program: &str, pattern: &str) -> Option<(Duration, u64)> {
    let is_here = Command::new(program).arg("--version").output().is_ok();
    let expression = if program == "grep" { "-P" } else { "-e" };
    let script = format!(
        "find \"$1/lines\" -type f -print0 | xargs -0 zstd -dcq | {program} -c {expression} \"$2\""
    );
    let begun = Instant::now();
    let out = Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(store)
        .arg(pattern)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let lines = String::from_utf8_lossy(&out.stdout).trim().parse();
    is_here.then(|| (begun.elapsed(), lines.unwrap_or(0)))
}

/// The bytes of all lines as they are stored.
fn stored(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let bytes = entries.map(|entry| match entry.file_type().unwrap().is_dir() {
        true => stored(&entry.path()),
        false => entry.metadata().unwrap().len(),
    });
    bytes.sum()
}

/// Records a session of somebody who looks around on a server; gives the bytes of its output.
fn record(store: &Path, number: u64, random: &mut Random) -> usize {
    let day = number % DAYS;
    let session = Session {
        session_id: format!("operator-{number:017x}"),
        target: format!("i-{:08x}", number % 300),
        reason: Some(format!("ticket-{}", number / 7)),
        operator: Some(format!(
            "arn:aws:iam::123456789012:user/user{}",
            number % 40
        )),
        started_at: Some(
            (chrono::DateTime::from_timestamp(1_780_000_000, 0).unwrap()
                + chrono::Duration::seconds((day * 86_400 + number % 40_000) as i64))
            .to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        ),
        ..Session::default()
    };
    let manifest = Manifest::of_session(&session);
    let of_place = manifest.clone();
    let place = Place::of(&of_place).unwrap();
    let path = |key: &str| {
        let path = store.join(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    let header = Header {
        term: Term {
            cols: 120,
            rows: 40,
            ..Term::default()
        },
        ssm: Some(session.clone()),
        ..Header::default()
    };
    let options = Options {
        derived: Some(Files {
            session_id: session.session_id,
            lines: (path(&place.derived(Kind::Lines)), None),
            commands: (path(&place.derived(Kind::Commands)), None),
            rules: None,
        }),
        ..Options::default()
    };
    let origin = Instant::now();
    let recording = path(&place.recording());
    let mut recorder =
        Recorder::create(&recording, &header, origin, 1_700_000_000_000, options).unwrap();
    let text = session_text(number, random);
    let mut at = origin;
    for (number, payload) in (0..).zip(text.as_bytes().chunks(PAYLOAD)) {
        while !recorder.has_room().unwrap() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let message = AgentMessage {
            message_type: MessageType::OutputStreamData,
            schema_version: 1,
            created_date: 1_700_000_000_000,
            sequence_number: number,
            flags: Flags::NONE,
            message_id: uuid::Uuid::from_u128(number as u128),
            payload_type: PayloadType::OUTPUT,
            payload: payload.to_vec().into(),
        };
        recorder.output(at, &message).unwrap();
        at += Duration::from_millis(20);
    }
    let ended = recorder.end(at, manifest, Duration::from_secs(60)).unwrap();
    let manifest = ended.finish(None).unwrap();
    fs::write(path(&place.manifest()), manifest.encode()).unwrap();
    text.len()
}

fn session_text(number: u64, random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..20 + random.below(40) {
        let words = [
            "nginx", "deploy", "backup", "postgres", "cron", "kernel", "sshd", "worker",
        ];
        let word = words[random.below(8) as usize];
        let prompt = "\x1b[?2004h\x1b[01;32mops@web\x1b[00m:~$ ";
        match random.below(4) {
            0 => {
                text.push_str(&format!("{prompt}ls -l /var/log/{word}\r\n\x1b[?2004l\r"));
                for _ in 0..random.below(20) {
                    text.push_str(&format!(
                        "-rw-r--r-- 1 root adm {:>9} Nov {:>2} 10:{:02} {word}-{:04x}.log\r\n",
                        random.below(10_000_000),
                        random.below(30) + 1,
                        random.below(60),
                        random.below(65_536)
                    ));
                }
            }
            1 => {
                text.push_str(&format!(
                    "{prompt}journalctl -u {word} | tail\r\n\x1b[?2004l\r"
                ));
                for _ in 0..random.below(30) {
                    let said = match random.below(50) {
                        0 => "error: connection reset by peer".to_owned(),
                        1 => "Permission denied (publickey)".to_owned(),
                        _ => format!(
                            "request {:08x} took {} ms",
                            random.next(),
                            random.below(900)
                        ),
                    };
                    text.push_str(&format!(
                        "Nov {:>2} 10:{:02}:{:02} web {word}[{}]: 10.{}.{}.{} {said}\r\n",
                        random.below(30) + 1,
                        random.below(60),
                        random.below(60),
                        random.below(30_000),
                        random.below(256),
                        random.below(4),
                        random.below(256),
                    ));
                }
            }
            2 => text.push_str(&format!("{prompt}cd /srv/{word}\r\n\x1b[?2004l\r")),
            _ => text.push_str(&format!(
                "{prompt}cat /etc/{word}.conf\r\n\x1b[?2004l\rlisten {}\r\nkey {:016x}\r\n",
                random.below(65_536),
                random.next()
            )),
        }
    }
    if number == 1234 {
        text.push_str("needle-1234\r\n");
    }
    text
}

/// The same each time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        self.0 >> 24
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
