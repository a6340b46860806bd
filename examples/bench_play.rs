//! What playing costs: seeks in a recording of ten hours and 100 MB, the share of a core that playing takes, how much is
//! written to the terminal, and whether time is kept.
//!
//! Nothing here is a test: it prints figures, and the bars are looked at by a person. Each key is typed into the real
//! program in a terminal of its own, and answered when the last byte of the picture has come. Run it with
//! `cargo build --release --workspace && cargo run --release --example bench_play -- seek cost drift idle`, on Linux; it
//! needs no network and leaves nothing behind. Without words it does all of them, which takes some ten minutes.
//!
//! - `seek`: to random points and one output back, of a recording of ours, of the same as plain text and in gzip (bar: p99
//!   under 10 ms); with it the most memory that was held.
//! - `cost`: a minute of ordinary work and a minute of a storm of full screens at speed 1 (bars: 1 % and 10 % of a core), and
//!   the bytes written against those of the recording, with the bar and without (bar: no more).
//! - `drift`: an hour at speed 100 (bar: 36 s, give or take 1 %).
//! - `idle`: what it takes to show nothing new: paused, at the end, with a terminal that takes nothing.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark of inputs that are known to be good, by the clock"
)]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use formats::asciicast::{Header, Session, Term};
use formats::manifest::Manifest;
use formats::payload::Size;
use formats::recording::{Options, Writer};
use loopback::pty::{self, Pty};

const SIZE: Size = Size {
    cols: 120,
    rows: 40,
};
const TEXT: u64 = 100_000_000;
const LENGTH: Duration = Duration::from_secs(10 * 3600);
const SEEKS: usize = 200;
/// As the recorder does it: a picture at the first frame border behind as much text.
const TEXT_BETWEEN: u64 = 256 * 1024;
/// A picture is whole when nothing has come for so long.
const QUIET: Duration = Duration::from_millis(60);
const MINUTE: Duration = Duration::from_secs(60);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let wants = |word: &str| words.is_empty() || words.iter().any(|wanted| wanted == word);
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench {
        program: program(),
        folder: folder.path().to_owned(),
    };
    if wants("seek") {
        bench.seek();
    }
    if wants("cost") {
        bench.cost();
    }
    if wants("drift") {
        bench.drift();
    }
    if wants("idle") {
        bench.idle();
    }
}

/// The program lies beside the folder of the examples.
fn program() -> PathBuf {
    let example = std::env::current_exe().unwrap();
    example.parent().unwrap().with_file_name("ssm-rec")
}

struct Bench {
    program: PathBuf,
    folder: PathBuf,
}

impl Bench {
    fn play(&self, arguments: &[&str], file: &Path) -> Pty {
        let arguments: Vec<&str> = ["play"]
            .iter()
            .chain(arguments)
            .copied()
            .chain(file.to_str())
            .collect();
        let home = self.folder.to_str().unwrap();
        let environment = [("HOME", home), ("TERM", "xterm-256color"), ("PATH", "")];
        let mut terminal = pty::spawn(&self.program, &arguments, &environment);
        terminal.resize(SIZE.cols, SIZE.rows + 3);
        terminal
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn seek(&self) {
        let (ours, plain) = long();
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(plain.as_bytes()).unwrap();
        let files = [
            self.file("long.cast.zst", &ours),
            self.file("long.cast", plain.as_bytes()),
            self.file("long.cast.gz", &packed.finish().unwrap()),
        ];
        println!("seek: {:.0} MB of output over ten hours", TEXT as f64 / 1e6);
        for file in files {
            let started = Instant::now();
            let mut terminal = self.play(&[], &file);
            // What is typed before the terminal is raw is lost.
            sleep(Duration::from_secs(1));
            terminal.type_keys(" ");
            // Time line, commands and index are made meanwhile.
            settle(&terminal);
            let id = terminal.process_id();
            println!(
                "  {} ({:.1} MB), all read after {:.1} s",
                file.file_name().unwrap().display(),
                fs::metadata(&file).unwrap().len() as f64 / 1e6,
                started.elapsed().as_secs_f64()
            );
            let mut random = random();
            let mut times: Vec<Duration> = (0..SEEKS)
                .filter_map(|_| {
                    let to = random() % LENGTH.as_secs();
                    terminal.type_keys(format!(
                        ":{}:{:02}:{:02}",
                        to / 3600,
                        to / 60 % 60,
                        to % 60
                    ));
                    answer(&mut terminal, "\r")
                })
                .collect();
            tell("to a random point", &mut times);
            let mut times: Vec<Duration> = (0..SEEKS)
                .filter_map(|n| {
                    if n % 20 == 0 {
                        terminal.type_keys(format!(":{}:30:00", 1 + random() % 9));
                        answer(&mut terminal, "\r");
                    }
                    answer(&mut terminal, ",")
                })
                .collect();
            tell("one output back", &mut times);
            let mut times: Vec<Duration> = (0..SEEKS)
                .filter_map(|_| answer(&mut terminal, "\x1b[D"))
                .collect();
            tell("five seconds back", &mut times);
            println!("    most memory held: {} MiB", most_memory(id) / 1024);
            terminal.type_keys("q");
            terminal.wait();
        }
    }

    fn cost(&self) {
        for (name, (text, bytes)) in [("ordinary work", ordinary()), ("a storm", storm())] {
            let file = self.file("cost.cast", text.as_bytes());
            println!("cost: {name}, a minute with {bytes} bytes of output");
            for arguments in [&["--no-bar"][..], &[]] {
                let mut terminal = self.play(arguments, &file);
                let id = terminal.process_id();
                sleep(Duration::from_secs(2));
                let (spent, shown) = (cpu(id), terminal.shown().len());
                sleep(MINUTE - Duration::from_secs(4));
                let share = (cpu(id) - spent).as_secs_f64() / (MINUTE.as_secs_f64() - 4.0);
                let written = terminal.shown().len() - shown;
                sleep(Duration::from_secs(6));
                let all = terminal.shown().len();
                println!(
                    "  {:<9} {:.2} % of a core; {all} bytes written, {:.2} of the recording's ({written} in 56 s)",
                    arguments.first().unwrap_or(&"with bar"),
                    share * 100.0,
                    all as f64 / bytes as f64
                );
                terminal.type_keys("q");
                terminal.wait();
            }
        }
    }

    fn drift(&self) {
        let mut text = header();
        for n in 0..36_000 {
            let _ = writeln!(text, "[0.1, \"o\", \"{n}\\r\\n\"]");
        }
        let file = self.file("hour.cast", text.as_bytes());
        let started = Instant::now();
        let mut terminal = self.play(&["--speed", "100", "--quit-at-end"], &file);
        terminal.wait();
        println!(
            "drift: an hour at speed 100 took {:.2} s",
            started.elapsed().as_secs_f64()
        );
    }

    fn idle(&self) {
        let (text, _) = storm();
        let file = self.file("idle.cast", text.as_bytes());
        let measure = |what: &str, id: u32| {
            sleep(Duration::from_secs(2));
            let (spent, switches) = (cpu(id), switches(id));
            sleep(Duration::from_secs(10));
            println!(
                "idle: {what}: {:.2} % of a core, {:.1} wake-ups a second",
                (cpu(id) - spent).as_secs_f64() * 10.0,
                (self::switches(id) - switches) as f64 / 10.0
            );
        };
        let mut terminal = self.play(&[], &file);
        let id = terminal.process_id();
        sleep(Duration::from_secs(1));
        terminal.type_keys(" ");
        measure("paused", id);
        terminal.type_keys("G");
        settle(&terminal);
        measure("at the end", id);
        terminal.type_keys("q");
        terminal.wait();
    }
}

/// The time from a key to the last byte of what it shows; nothing where it shows nothing.
fn answer(terminal: &mut Pty, key: &str) -> Option<Duration> {
    sleep(QUIET);
    let shown = terminal.shown_so_far();
    let pressed = Instant::now();
    terminal.type_keys(key);
    let last = terminal.wait_until_quiet(shown, QUIET)?;
    Some(last - pressed)
}

fn tell(what: &str, times: &mut [Duration]) {
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let Some(most) = times.last() else {
        return println!("    {what}: nothing was shown");
    };
    println!(
        "    {what}: median {:.1} ms, p99 {:.1} ms, most {:.1} ms ({} times)",
        ms(times[times.len() / 2]),
        ms(times[times.len() * 99 / 100]),
        ms(*most),
        times.len()
    );
}

/// Waits until nothing is worked on any more.
fn settle(terminal: &Pty) {
    let id = terminal.process_id();
    loop {
        let spent = cpu(id);
        sleep(Duration::from_secs(2));
        if cpu(id) - spent < Duration::from_millis(50) {
            return;
        }
    }
}

/// Processor time of a process so far.
fn cpu(id: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split(' ').collect();
    let ticks = |n: usize| fields[n].parse::<u64>().unwrap();
    Duration::from_millis((ticks(12) + ticks(13)) * 10)
}

/// How often its threads went to sleep and were woken.
fn switches(id: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).unwrap();
    tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("status")).ok())
        .filter_map(|status| field(&status, "voluntary_ctxt_switches:"))
        .sum()
}

/// In KiB.
fn most_memory(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    field(&status, "VmHWM:").unwrap()
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn random() -> impl FnMut() -> u64 {
    let mut state = 1_u64;
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state >> 33
    }
}

fn header() -> String {
    let Size { cols, rows } = SIZE;
    format!("{{\"version\":3,\"term\":{{\"cols\":{cols},\"rows\":{rows}}}}}\n")
}

fn output(text: &mut String, wait: f64, shown: &str) {
    let _ = writeln!(
        text,
        "[{wait:.6}, \"o\", {}]",
        serde_json::to_string(shown).unwrap()
    );
}

/// A day of a person: prompts, listings, screens of a full-screen program, in changing colors. As ours, and as plain text.
fn long() -> (Vec<u8>, String) {
    let head = Header {
        term: Term {
            cols: SIZE.cols,
            rows: SIZE.rows,
            ..Term::default()
        },
        ssm: Some(Session::default()),
        ..Header::default()
    };
    let mut writer = Writer::new(Vec::new(), &head, Options::default()).unwrap();
    let mut plain = header();
    let mut terminal = avt::Terminal::new(SIZE.cols.into(), SIZE.rows.into()).unwrap();
    let mut random = random();
    let (mut last, mut before, mut text) = (0, Duration::ZERO, String::new());
    while writer.text_size() < TEXT {
        text.clear();
        match random() % 4 {
            0 => {
                let (row, color) = (random() % 40, random() % 256);
                let _ = write!(
                    text,
                    "\x1b[{row};1H\x1b[38;5;{color}mcell {:x}\x1b[0m\x1b[K",
                    random()
                );
            }
            1 => {
                let _ = write!(text, "\x1b[?2004huser@host:~$ ls {:x}\r\n", random());
            }
            _ => {
                for _ in 0..8 {
                    let (size, name) = (random() % 1_000_000, random() % 65536);
                    let _ = write!(
                        text,
                        "-rw-r--r-- 1 root adm {size:>9} file-{name:x}.log\r\n"
                    );
                }
            }
        }
        let at = LENGTH.mul_f64(writer.text_size() as f64 / TEXT as f64);
        writer.output(at, &text).unwrap();
        output(&mut plain, (at - before).as_secs_f64(), &text);
        before = at;
        terminal.feed(text.as_str());
        let (frame, behind) = writer.border();
        if writer.is_at_border() && behind >= last + TEXT_BETWEEN {
            last = behind;
            writer.late_snapshot(frame, SIZE, &terminal.dump()).unwrap();
        }
    }
    let (ours, _) = writer.finish(Manifest::default(), |_| None).unwrap();
    (ours, plain)
}

/// Typing, listings and builds; and how many bytes of output that is.
fn ordinary() -> (String, usize) {
    let (mut text, mut bytes, mut spent) = (header(), 0, 0.0);
    let mut random = random();
    while spent < MINUTE.as_secs_f64() {
        let mut show = |wait: f64, shown: &str| {
            output(&mut text, wait, shown);
            bytes += shown.len();
            spent += wait;
        };
        show(0.4, "\x1b[32muser@host\x1b[0m:\x1b[34m~/project\x1b[0m$ ");
        let is_build = random().is_multiple_of(2);
        for key in if is_build {
            "make -j2 all"
        } else {
            "ls -l src"
        }
        .chars()
        {
            show(0.15, &key.to_string());
        }
        show(0.3, "\r\n");
        for n in 0..40 {
            let word = random() % 0xffff_ffff;
            match is_build {
                true => show(
                    0.1,
                    &format!(
                        "\x1b[1m[{n:>3}/40]\x1b[0m cc -O2 -Wall -c src/{word:x}.c -o {word:x}.o\r\n"
                    ),
                ),
                false => show(
                    0.0,
                    &format!(
                        "-rw-r--r-- 1 user user {:>9} Nov 29 02:31 {word:x}.c\r\n",
                        word % 99_999
                    ),
                ),
            }
        }
    }
    (text, bytes)
}

/// Every cell in another color, fifty times a second.
fn storm() -> (String, usize) {
    let (mut text, mut bytes) = (header(), 0);
    let mut random = random();
    for _ in 0..MINUTE.as_secs() * 50 {
        let mut shown = String::from("\x1b[H");
        for row in 1..=SIZE.rows {
            let _ = write!(shown, "\x1b[{row}H");
            for _ in 0..SIZE.cols / 8 {
                let _ = write!(
                    shown,
                    "\x1b[38;5;{}m{:08x}",
                    random() % 256,
                    random() % 0xffff_ffff
                );
            }
        }
        output(&mut text, 0.02, &shown);
        bytes += shown.len();
    }
    (text, bytes)
}
