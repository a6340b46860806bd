//! What a session costs at the real agent's pace, 1 KiB a millisecond: CPU per MB, calls to the system an agent message,
//! and the memory of an idle session.
//!
//! Nothing here is a limit of speed: the agent waits, not the client. Calls are counted by `strace` in a run of its own,
//! which is slower and measures no time.

use std::path::Path;
use std::time::Duration;

use loopback::Options;

use crate::output::{self, DOCUMENT};
use crate::rig::{Client, Result, Rig};

/// In MB, which at this pace are seconds.
const MEASURED: u64 = 30;
/// The same for the counting of calls.
const COUNTED: u64 = 4;
/// An agent message, in bytes of payload.
const MESSAGE: u64 = 1024;
/// How long a session is left alone before its memory is looked at.
const IDLE: Duration = Duration::from_secs(3);
/// design.md's bar for it, in KiB.
const BAR: u64 = 24 * 1024;

pub(crate) fn run(plugin: Option<&Path>) -> Result<()> {
    let rig = Rig::new(Options {
        pace: Options::default().pace,
        ..Options::quick()
    });
    let ours = |megabytes| {
        let text = text(megabytes);
        rig.ours(&["--", "sh", "-c", &text])
    };
    let theirs = |plugin, megabytes| {
        let text = text(megabytes);
        rig.theirs(plugin, DOCUMENT, &format!("sh -c '{text}'"))
    };
    let mine = output::measure(&rig, "ssm-rec, recording", &ours(MEASURED)?, MEASURED)?;
    calls(&rig, "ssm-rec, recording", &ours(COUNTED)?)?;
    idle(&rig.ours(&[])?, "ssm-rec, recording")?;
    if let Some(plugin) = plugin {
        let client = theirs(plugin, MEASURED)?;
        let other = output::measure(&rig, "the plugin", &client, MEASURED)?;
        println!(
            "ssm-rec to the plugin: CPU {:.2} x (bar 0.5)",
            mine.cpu_per_mb / other.cpu_per_mb
        );
        calls(&rig, "the plugin", &theirs(plugin, COUNTED)?)?;
        idle(&rig.theirs(plugin, "", "")?, "the plugin")?;
    }
    Ok(())
}

fn text(megabytes: u64) -> String {
    format!("base64 /dev/urandom | head -c {megabytes}000000")
}

/// Calls to the system an agent message, those of waiting threads among them.
fn calls(rig: &Rig, name: &str, client: &Client) -> Result<()> {
    let table = rig.folder().join("calls");
    let child = client.below("strace", &["-f", "-c", "-o"], &table).spawn();
    let Ok(mut child) = child else {
        println!("{name:<20} no calls counted: strace is missing (Debian: apt-get install strace)");
        return Ok(());
    };
    let mut shown = child.stdout.take().ok_or("no pipe")?;
    std::io::copy(&mut shown, &mut std::io::sink())?;
    child.wait()?;
    let table = std::fs::read_to_string(&table)?;
    let messages = (COUNTED * 1_000_000 / MESSAGE) as f64;
    let of = |wanted: &[&str]| -> f64 {
        let lines = table.lines().filter_map(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            let call = *words.last()?;
            let calls = words.get(3)?.parse::<f64>().ok()?;
            wanted.contains(&call).then_some(calls)
        });
        lines.sum::<f64>() / messages
    };
    println!(
        "{name:<20} an agent message: {:.2} futex, {:.2} epoll_wait, {:.2} reads, {:.2} writes and sends, {:.2} calls in all",
        of(&["futex"]),
        of(&["epoll_wait", "epoll_pwait"]),
        of(&["read", "recvfrom", "readv", "recvmsg"]),
        of(&["write", "sendto", "writev", "sendmsg"]),
        of(&["total"]),
    );
    Ok(())
}

/// Resident memory of a shell that nobody types into.
fn idle(client: &Client, name: &str) -> Result<()> {
    let mut pty = client.spawn();
    pty.wait_for("$ ");
    std::thread::sleep(IDLE);
    let status = std::fs::read_to_string(format!("/proc/{}/status", pty.process_id()))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = resident.and_then(|rest| rest.split_whitespace().next());
    let kib: u64 = resident.ok_or("the system tells no VmRSS")?.parse()?;
    println!(
        "{name:<20} idle: {:.1} MiB resident, {:.2} of the bar of {} MiB",
        kib as f64 / 1024.0,
        kib as f64 / BAR as f64,
        BAR / 1024
    );
    pty.type_keys("exit\r");
    pty.wait();
    Ok(())
}
