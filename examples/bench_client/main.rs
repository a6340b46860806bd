//! How the client feels and what it costs, against a Session Manager service on this machine; every figure stands beside
//! a floor that was measured in the same run.
//!
//! ```text
//! cargo run --release --example bench_client -- echo [busy] [--plugin PATH]
//! cargo run --release --example bench_client -- paced [--plugin PATH]
//! cargo run --release --example bench_client -- output [MB...] [--plugin PATH]
//! cargo run --release --example bench_client -- forward
//! ```
//!
//! `echo`: single keys at a shell, `busy` beside work on every processor. `paced`: the cost of a session at the real agent's
//! pace, and of an idle one. `output`: CPU seconds per MB and the peak of memory, at 100 and at 1000 MB.
//! `forward`: MB/s through a port session. With `--plugin` the same goes through another client that takes the
//! arguments of session-manager-plugin, and the ratio to it is printed. The client is this program again, as a child, or
//! with `--client PATH` another build of ssm-rec.
//! Nothing here is a test, and nothing leaves the loopback interface.

mod echo;
mod forward;
mod output;
mod paced;
mod rig;

use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::var_os(rig::CHILD).is_some() {
        let arguments = std::env::args_os().skip(1);
        return ssm_rec::run(std::iter::once("ssm-rec".into()).chain(arguments));
    }
    match subject() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench_client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn subject() -> rig::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let subject = arguments.next();
    let (mut plugin, mut rest) = (None, Vec::new());
    while let Some(argument) = arguments.next() {
        if argument == "--client" {
            let client = arguments.next().ok_or("--client needs a path")?;
            // Set once, before anything is measured.
            let _ = rig::CLIENT.set(client.into());
        } else if argument == "--plugin" {
            plugin = Some(PathBuf::from(
                arguments.next().ok_or("--plugin needs a path")?,
            ));
        } else {
            rest.push(argument);
        }
    }
    if plugin.is_none() {
        eprintln!("without --plugin PATH nothing is compared with another client");
    }
    match subject.as_deref() {
        Some("echo") => echo::run(rest.iter().any(|word| word == "busy"), plugin.as_deref()),
        Some("paced") => paced::run(plugin.as_deref()),
        Some("output") => output::run(&rest, plugin.as_deref()),
        Some("forward") => forward::run(),
        _ => Err("say what to measure: echo, paced, output or forward".into()),
    }
}
