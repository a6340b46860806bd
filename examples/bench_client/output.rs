//! CPU seconds per MB of session output and the client's peak of memory, recording on.
//!
//! The target sends `base64` of random bytes, the hardest text to compress, as fast as the client takes it. What is counted
//! is the client's process alone, by `/usr/bin/time`; what it shows goes to a pipe and is counted there, not looked at.

use std::path::Path;

use loopback::Options;

use crate::rig::{Client, Result, Rig, now};

const TIME: &str = "/usr/bin/time";
pub(crate) const DOCUMENT: &str = "AWS-StartNonInteractiveCommand";
/// design.md's bar for the memory of a session, in KiB: 24 MiB idle, and within 16 of that whatever it shows.
const BAR: u64 = 40 * 1024;

pub(crate) struct Figures {
    pub(crate) cpu_per_mb: f64,
    peak_kib: u64,
}

pub(crate) fn run(sizes: &[String], plugin: Option<&Path>) -> Result<()> {
    if !Path::new(TIME).exists() {
        return Err(format!("{TIME} is missing (Debian: apt-get install time)").into());
    }
    let sizes: Vec<u64> = match sizes {
        [] => vec![100, 1000],
        sizes => sizes
            .iter()
            .map(|size| size.parse())
            .collect::<std::result::Result<_, _>>()?,
    };
    for megabytes in sizes {
        let text = format!("base64 /dev/urandom | head -c {megabytes}000000");
        let rig = Rig::new(Options::quick());
        let ours = measure(
            &rig,
            "ssm-rec, recording",
            &rig.ours(&["--", "sh", "-c", &text])?,
            megabytes,
        )?;
        println!(
            "{:<20}{megabytes:>6} MB: peak {:.2} of the bar of {} MiB",
            "",
            ours.peak_kib as f64 / BAR as f64,
            BAR / 1024
        );
        if let Some(plugin) = plugin {
            let client = rig.theirs(plugin, DOCUMENT, &format!("sh -c '{text}'"))?;
            let theirs = measure(&rig, "the plugin", &client, megabytes)?;
            println!(
                "ssm-rec to the plugin: CPU {:.2} x (bar 0.5), memory {:.2} x",
                ours.cpu_per_mb / theirs.cpu_per_mb,
                ours.peak_kib as f64 / theirs.peak_kib as f64
            );
        }
    }
    Ok(())
}

pub(crate) fn measure(rig: &Rig, name: &str, client: &Client, megabytes: u64) -> Result<Figures> {
    let figures = rig.folder().join("figures");
    let began = now();
    let mut child = client
        .below(TIME, &["-f", "%U %S %M %x", "-o"], &figures)
        .spawn()?;
    let mut shown = child.stdout.take().ok_or("no pipe")?;
    let count = std::io::copy(&mut shown, &mut std::io::sink())?;
    child.wait()?;
    let took = began.elapsed().as_secs_f64();
    let text = std::fs::read_to_string(&figures)?;
    let last = text.lines().last().unwrap_or_default();
    let [user, system, peak, status] = last.split(' ').collect::<Vec<_>>()[..] else {
        return Err(format!("{TIME} said {text:?}").into());
    };
    // A plugin says a few words of its own around the output.
    if count < megabytes * 1_000_000 || status != "0" {
        return Err(format!("{name} showed {count} bytes and ended with {status}").into());
    }
    let cpu = user.parse::<f64>()? + system.parse::<f64>()?;
    let found = Figures {
        cpu_per_mb: cpu / megabytes as f64,
        peak_kib: peak.parse()?,
    };
    println!(
        "{name:<20}{megabytes:>6} MB in {took:.1} s ({:.1} MB/s): {:.2} ms CPU per MB ({user} user, {system} system), peak {:.1} MiB",
        megabytes as f64 / took,
        found.cpu_per_mb * 1e3,
        found.peak_kib as f64 / 1024.0
    );
    Ok(found)
}
