//! A page of README, run from its first line to its last: what does not hold is told, with its line.
//!
//! Nothing is waited for by the clock: a person's keys are typed once what they answer is shown.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Stdio;

use loopback::target;
use serde_json::Value;

use super::blocks::{Block, Command, Language};
use super::places::{Place, commands, place, readme};
use super::shown::missing;
use super::typed::{Typed, typed};
use super::world::World;

/// What a server that is asked for SSH says first.
const GREETING: &[u8] = b"SSH-2.0-there\r\n";
/// The policies of the roles, in which an operator's sessions are not.
const POLICIES: [&str; 4] = [
    include_str!("../../../examples/aws/operator-policy.json"),
    include_str!("../../../examples/aws/reviewer-policy.json"),
    include_str!("../../../examples/aws/librarian-policy.json"),
    include_str!("../../../examples/aws/auditor-policy.json"),
];
/// What a session needs: as much as with the AWS CLI, and names.
const SESSIONS: [&str; 4] = [
    "ssm:DescribeInstanceInformation",
    "ssm:ResumeSession",
    "ssm:StartSession",
    "ssm:TerminateSession",
];

/// Runs a page in a world, and gives that world as it is then.
pub(crate) fn run(page: &str, mut world: World) -> World {
    let mut blocks = readme();
    blocks.retain(|block| block.page == page);
    assert!(!blocks.is_empty(), "README has no page {page:?}");
    let mut wrong = Vec::new();
    for block in &blocks {
        let whys = match block.language {
            Language::Sh | Language::Console => commands(std::slice::from_ref(block))
                .iter()
                .filter(|command| place(&command.text) == Ok(Place::Here))
                .filter_map(|command| wrong_with(&mut world, command))
                .collect(),
            Language::Toml => Vec::from_iter(wrong_with_settings(&mut world, block)),
            Language::SshConfig => wrong_with_proxies(&world, block),
            Language::Json => Vec::from_iter(wrong_with_policy(block)),
            Language::Text => Vec::new(),
        };
        wrong.extend(
            whys.into_iter()
                .map(|why| format!("README.md:{}: {why}", block.line)),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    world
}

fn wrong_with(world: &mut World, command: &Command) -> Option<String> {
    let Typed { keys, status, .. } = typed(&command.text);
    let line = world.named(&command.text);
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let mut terminal = world.typed(&line);
        for (shown, key) in *keys {
            terminal.wait_until(shown, |rows| {
                // The blank behind a prompt is not among what stands in a row.
                rows.iter().any(|row| format!("{row} ").contains(shown))
            });
            terminal.type_keys(key);
        }
        (terminal.wait(), world.shown(&terminal))
    }));
    let Ok((came, shown)) = ran else {
        return Some(format!("{line}: it did not go on, as told above"));
    };
    let said: Vec<String> = command.shown.iter().map(|line| world.named(line)).collect();
    let why = match (came == *status, missing(&said, &shown)) {
        (true, None) => return None,
        (false, _) => format!("status {came} in place of {status}"),
        (true, Some(line)) => format!("{line:?} never came"),
    };
    Some(format!("{line}: {why}:\n{}", shown.join("\n").trim_end()))
}

/// A configuration is the organisation's where it has what only that may have.
fn wrong_with_settings(world: &mut World, block: &Block) -> Option<String> {
    let file = world.file("shown.toml", &block.text);
    let is_of_all = block.text.contains("[policy");
    let whose = if is_of_all { "organisation" } else { "person" };
    let line = format!("ssm-rec config check {file} --as {whose}");
    let mut terminal = world.typed(&line);
    let status = terminal.wait();
    let shown = world.shown(&terminal).join("\n");
    (status != 0).then(|| format!("{line}: {shown}"))
}

/// Each ProxyCommand carries a server's first words, as ssh would hear them.
fn wrong_with_proxies(world: &World, block: &Block) -> Vec<String> {
    let port = target::listen(|mut stream| {
        stream.write_all(GREETING)?;
        target::echo(stream)
    });
    let port = port.unwrap().to_string();
    let lines = block.text.lines();
    let proxies: Vec<&str> = lines
        .filter_map(|line| line.trim().strip_prefix("ProxyCommand "))
        .collect();
    let wrong = proxies.iter().filter_map(|line| {
        let line = line.replace("%h", "i-0abc").replace("%p", &port);
        let mut shell = world.without_a_terminal(&line);
        let mut proxy = shell.stdin(Stdio::piped()).spawn().unwrap();
        let mut heard = [0; GREETING.len()];
        let read = proxy.stdout.take().unwrap().read_exact(&mut heard);
        drop(proxy.stdin.take());
        let ended = proxy.wait_with_output().unwrap();
        let is_good = read.is_ok() && heard == GREETING && ended.status.success();
        (!is_good).then(|| format!("{line}: {heard:?}, {ended:?}"))
    });
    let none = proxies.is_empty().then(|| "no ProxyCommand".to_owned());
    wrong.chain(none).collect()
}

/// It reads, and allows no more than a session needs and the roles may.
fn wrong_with_policy(block: &Block) -> Option<String> {
    let of_roles: BTreeSet<String> = POLICIES.iter().flat_map(|text| actions(text)).collect();
    let allowed = actions(&block.text);
    let besides: Vec<_> = allowed.difference(&of_roles).collect();
    (besides != SESSIONS).then(|| format!("besides what roles may, it allows {besides:?}"))
}

fn actions(policy: &str) -> BTreeSet<String> {
    let policy: Value = serde_json::from_str(policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let actions = statements
        .iter()
        .flat_map(|statement| match &statement["Action"] {
            Value::Array(several) => several.clone(),
            one => vec![one.clone()],
        });
    actions
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}
