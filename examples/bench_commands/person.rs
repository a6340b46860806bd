//! Somebody at a keyboard: types a scenario into a session, and writes down the recording and what ran.
//!
//! Nothing here looks at what is on the screen but to see that it has come to rest.

use std::path::Path;
use std::time::Duration;

use loopback::pty::Pty;
use loopback::{Options, rig::Rig};
use serde_json::json;

use crate::scenarios::{Do, Scenario};
use crate::{CHILD, Result};

/// Between two keys.
const KEY: Duration = Duration::from_millis(18);
/// A screen that has not changed for so long is at rest; but nobody waits longer than the other.
const REST: Duration = Duration::from_millis(220);
const PATIENCE: u32 = 30;

/// Plays a scenario into a folder: `rec.cast.zst`, with keys if they are wanted, and `truth.jsonl`.
pub(crate) fn play(scenario: &Scenario, keys_too: bool, folder: &Path) -> Result<()> {
    let home = tempfile::tempdir()?;
    std::fs::create_dir_all(home.path().join("src/deep"))?;
    let lines: String = (0..200).map(|n| format!("line {n} of text\n")).collect();
    std::fs::write(home.path().join("lines.txt"), lines)?;
    std::fs::write(home.path().join("fake.txt"), crate::scenarios::FAKE)?;
    let rig = Rig::new(Options {
        shell: scenario.shell.command(home.path(), scenario.setting)?,
        directory: Some(home.path().to_owned()),
        ..Options::quick()
    })
    .env(CHILD, "1");
    let program = std::env::current_exe()?;
    let mut arguments = vec!["start", "i-0abc", "--reason", "truth"];
    arguments.extend(keys_too.then_some("--record-input=all"));
    let mut pty = rig.terminal_of(&program, &arguments);
    pty.resize(100, 30);
    rest(&pty);
    let mut typed = Vec::new();
    for step in scenario.steps {
        match step {
            Do::Run(text) => {
                keys(&mut pty, text);
                pty.type_keys("\r");
                rest(&pty);
                typed.push((*text).to_owned());
            }
            Do::Go(text) => {
                keys(&mut pty, text);
                pty.type_keys("\r");
                rest(&pty);
            }
            Do::Type(text) => keys(&mut pty, text),
            Do::Key(key) => {
                pty.type_keys(key);
                rest(&pty);
            }
            Do::Wait(millis) => std::thread::sleep(Duration::from_millis(*millis)),
            Do::Resize(cols, rows) => {
                pty.resize(*cols, *rows);
                rest(&pty);
            }
            Do::Ran(text) => typed.push((*text).to_owned()),
        }
    }
    keys(&mut pty, "exit");
    pty.type_keys("\r");
    typed.push("exit".to_owned());
    if pty.wait() != 0 {
        return Err(format!(
            "the session failed: {}",
            String::from_utf8_lossy(&pty.shown())
        )
        .into());
    }
    std::fs::create_dir_all(folder)?;
    std::fs::copy(rig.recording(), folder.join("rec.cast.zst"))?;
    let truth = match scenario.shell.tells() && !scenario.is_typed {
        true => told(&std::fs::read(home.path().join("truth"))?)?,
        false => typed.iter().map(|text| json!({ "text": text })).collect(),
    };
    let truth: String = truth.iter().map(|command| format!("{command}\n")).collect();
    std::fs::write(folder.join("truth.jsonl"), truth)?;
    Ok(())
}

/// What a shell wrote: status, directory and text of each command.
fn told(bytes: &[u8]) -> Result<Vec<serde_json::Value>> {
    let text = std::str::from_utf8(bytes)?;
    let fields: Vec<&str> = text.split('\0').collect();
    let commands = fields.chunks_exact(3).map(|command| {
        json!({
            "text": command[2].trim_end(),
            "exit": command[0].parse::<i64>().ok(),
            "cwd": command[1],
        })
    });
    Ok(commands.collect())
}

fn keys(pty: &mut Pty, text: &str) {
    for c in text.chars() {
        pty.type_keys(c.to_string());
        std::thread::sleep(KEY);
    }
}

fn rest(pty: &Pty) {
    let mut length = pty.shown().len();
    for _ in 0..PATIENCE {
        std::thread::sleep(REST);
        let now = pty.shown().len();
        if now == length {
            return;
        }
        length = now;
    }
}
