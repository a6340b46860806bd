//! `ssm-rec start`: a session on a target, recorded from its first message to its end.
//!
//! Nothing is shown here while the terminal is raw; what there is to say waits for the end.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::cli::args::access::AccessArgs;
use crate::cli::args::parameters::{self, Parameters};
use crate::cli::args::sign::SignArgs;
use crate::cli::args::store::StoreArgs;
use crate::cli::args::target::TargetArgs;
use crate::cli::exit::{CommandResult, Failure, Status};
use crate::cli::voice::Person;
use crate::cli::{background, ending, targets};
use crate::recorded::admission::Asking;
use crate::recorded::forward::Forward;
use crate::recorded::forwards;
use crate::recorded::plan::Plan;
use crate::service::{INTERACTIVE_DOCUMENT, Request};
use crate::session::console::Manner;
use crate::settings::{Settings, reason_of_environment, record, session};

/// Start a session and record it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  A shell on an instance:
    ssm-rec start i-0abc --reason ticket-42

  By name, or by tags, as the account has them; several are listed and none is chosen:
    ssm-rec start web-1
    ssm-rec start --tag Role=web --tag Stage=test

  Another document, its parameters in shorthand or JSON:
    ssm-rec start i-0abc --document-name AWS-StartInteractiveCommand --parameters command='top'

  One command without a terminal; its exit status becomes ours:
    ssm-rec start i-0abc -- systemctl is-active nginx

  One command that needs a terminal:
    ssm-rec start -t i-0abc -- top

  A local port that leads to port 80 of the instance, and one to a database that it reaches:
    ssm-rec start i-0abc --forward 8080:80
    ssm-rec start i-0abc --forward 8080:80 --forward 5432:db.internal:5432

  The same in the background, until it is ended with kill:
    ssm-rec start i-0abc --forward 8080:80 -f

  Commands from a file:
    ssm-rec start i-0abc --reason nightly < commands.sh

  A recording that only some can read:
    ssm-rec start i-0abc --encrypt-to age1… --encrypt-to ~/.ssh/auditor.pub

  Recording what is typed as well (what the remote does not echo, such as a password, is masked):
    ssm-rec start i-0abc --record-input

A target by its name: what is found is said, and the recording keeps what was asked for beside the id. The list that opens \
without a target shows at once what is known, those used lately on top, and the service's pages behind it; what is typed narrows \
it, and a name that nothing there has is asked for as a tag on Enter. What AWS has to allow: ssm-rec man aws.

A shell: the terminal becomes raw when the remote shell has opened, and only in the foreground; until then Ctrl-C ends the \
session. From then on every key reaches the remote, Ctrl-C, Ctrl-Z and Ctrl-\\ included, but for these at the start of a line, \
as in ssh:

  ~.    end the session, also one that is frozen or whose connection is lost;
        a shell that was open is simply left (exit status 0), one that is lost
        is given up (1)
  ~i    about this session: id, target, recording, since when, connection;
        nothing of it is sent or recorded
  ~m    set a marker in the recording; asks for a note (Enter sets it, Esc
        cancels) and holds output back meanwhile
  ~^Z   suspend ssm-rec
  ~?    list these
  ~~    send one ~

When stdin is no terminal, its bytes are sent as typed, a line on stderr says so, and once the shell is quiet Ctrl-D ends it.

A lost connection is noticed (a dead one within session.ping_interval and as long again, 20 s) and taken up again without a lost \
or doubled byte; what is typed meanwhile is kept. After 2 s one line over the screen says so and why, and goes away again. It is \
tried for session.reconnect_limit (20 minutes), also while credentials have expired: sign in again in another window. The \
recording has a marker for each break, and the manifest its length. A session is given up only when the service says that it is \
over, or at the limit.

A command: its exit status becomes ours (255 when it is no byte: a signal ended the command, or it ran on Windows), and its \
stderr goes to ours. No shell runs it unless you name one (-- sh -c 'a | b'), and the agent gives it nothing to read: what is \
piped in stays there for whoever reads next. Ctrl-C interrupts the command, twice ends the session. With -t \
(AWS-StartInteractiveCommand) keys, window sizes and ~ commands are those of a shell, and the status is 0 when it ends. A command \
whose status never came, a forward that did not want to end, and a piped shell that was closed before its exit, or before it was \
seen at its prompt with all input read, end with 255 and a line that says who closed them: there is no success without evidence of \
it. (Of the agent's commands without separate streams, and of AWS-StartInteractiveCommand, nobody tells a status: their end \
without a word is taken as theirs.)

A forwarded port leaves a marker for each connection and the length of each message in both directions. Each --forward is a \
recording of its own. All local ports are taken before anything is started; one session that ends or is refused leaves the \
others alone, Ctrl-C ends all of them, and the exit status is that of the first, in the order of the flags, that did not end well.")]
pub(crate) struct StartArgs {
    #[command(flatten)]
    target: TargetArgs,

    /// Why; kept by the service and in the recording (1 to 256 characters) [env: SSM_REC_REASON]
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,

    /// The session document, instead of the account's default shell
    #[arg(long, value_name = "NAME")]
    document_name: Option<String>,

    /// Parameters of the document, as the AWS CLI takes them: name=value,…, name@=file://PATH, JSON or file://PATH
    #[arg(long, value_name = "PARAMETERS")]
    parameters: Option<String>,

    /// Forward a local port: PORT, LOCAL:PORT or LOCAL:HOST:PORT, each with BIND: before it if need be; local port 0 picks one and prints it. May be given several times: each is a session of its own
    #[arg(long, value_name = "FORWARD", conflicts_with_all = ["document_name", "parameters", "command"])]
    forward: Vec<Forward>,

    /// The local address that a forwarded port listens on, instead of localhost
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,

    /// A command to run instead of a shell; its exit status becomes ours
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["document_name", "parameters"])]
    command: Vec<String>,

    /// A terminal for the command, as ssh -t: keys reach it and windows have their size; the agent tells no exit status of it. A shell has a terminal anyway
    #[arg(short = 't', long, conflicts_with = "forward")]
    tty: bool,

    /// Read nothing from stdin, as ssh -n: for a loop that reads it
    #[arg(short = 'n')]
    no_input: bool,

    /// Leave the terminal once the forwards listen, as ssh -f; what there is to say goes to a log, and kill ends it
    #[arg(short = 'f', requires = "forward")]
    background: bool,

    /// The process that -f has left behind
    #[arg(long = "in-background", hide = true)]
    in_background: bool,

    #[command(flatten)]
    access: AccessArgs,

    #[command(flatten)]
    store: StoreArgs,

    /// Record what is typed too; masked where the remote does not echo it, unless "all"
    #[arg(long, value_name = "WHICH", num_args = 0..=1, require_equals = true, default_missing_value = "echoed")]
    record_input: Option<RecordInput>,

    /// Record the bytes of port and SSH sessions too, not only their lengths
    #[arg(long)]
    record_payload: bool,

    #[command(flatten)]
    sign: SignArgs,

    /// What begins a local command at the start of a line, instead of ~: ^] is Ctrl-], "none" switches them off [config: session.escape]
    #[arg(short = 'e', long, value_name = "CHARACTER")]
    escape_char: Option<String>,

    /// Encrypt the recording for this reader: age1…, an SSH public key, or a file of these; may be given more than once
    #[arg(long, value_name = "RECIPIENT")]
    encrypt_to: Vec<String>,

    /// Say nothing at the start and at the end unless something goes wrong
    #[arg(long)]
    no_banner: bool,
}

impl StartArgs {
    /// Whether a person types into the session.
    pub(crate) fn is_interactive(&self) -> bool {
        (self.command.is_empty() || self.tty) && self.forward.is_empty()
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RecordInput {
    /// What the remote echoed; the rest masked
    Echoed,
    /// Every key, passwords included
    All,
    /// Nothing
    Off,
}

pub(crate) fn run(args: StartArgs) -> CommandResult {
    if (args.background || args.in_background) && args.target.target()?.is_none() {
        let error = anyhow::anyhow!(
            "no target is named, and -f leaves the terminal that one could be picked in"
        );
        return Err(Failure::new(Status::Usage, error));
    }
    let manner = match (args.background, args.in_background) {
        (true, false) => return background::launch(),
        (true, true) => Manner::Departing(background::departure(args.forward.len())?),
        (false, _) => Manner::Own,
    };
    // Its values have the names that the setting's words are.
    let input = args
        .record_input
        .and_then(|input| input.to_possible_value());
    let flags = args.store.flags();
    let flags = flags.with(
        &record::INPUT,
        "--record-input",
        input.as_ref().map(PossibleValue::get_name),
    );
    let flags = flags.with_switch(&record::PAYLOAD, "--record-payload", args.record_payload);
    let flags = args.sign.flags(flags);
    let flags = flags.with(&session::ESCAPE, "--escape-char", args.escape_char);
    let flags = flags.with(
        &record::ENCRYPT_TO,
        "--encrypt-to",
        recipients(&args.encrypt_to),
    );
    let settings = Settings::load(&flags)?;
    let given = match &args.parameters {
        Some(text) => {
            parameters::parse(text).map_err(|error| Failure::new(Status::Usage, error))?
        }
        None => Parameters::new(),
    };
    let (document, parameters) = match &args.command[..] {
        [] => (args.document_name, given),
        command => command_request(command, args.tty),
    };
    let (access, endpoint) = args.access.split();
    let remember = targets::place(&access, endpoint.as_deref());
    let target = match args.target.target()? {
        Some(target) => target,
        None => match targets::choose(&access, endpoint.as_deref(), remember.as_ref())? {
            Ok(target) => target,
            Err(status) => return Ok(status),
        },
    };
    let plan = Plan {
        places: settings.places_for(&access)?,
        settings,
        request: Request {
            document,
            reason: args.reason.or_else(reason_of_environment),
            parameters,
            ..Request::default()
        },
        target,
        remember,
        asking: Asking::Terminal,
        access,
        endpoint,
        bind: args.bind,
        manner,
        no_input: args.no_input,
        banner: !args.no_banner,
    };
    ending::result(match &args.forward[..] {
        [] => plan.run(&Person),
        forwards => forwards::run(plan, forwards, &Person),
    })
}

fn is_key(text: &str) -> bool {
    text.starts_with("age1") || text.starts_with("ssh-") && text.contains(' ')
}

/// As the settings have it: a path has a slash in it.
fn recipients(texts: &[String]) -> Option<String> {
    let texts: Vec<_> = texts
        .iter()
        .map(|text| match is_key(text) || text.contains('/') {
            true => text.clone(),
            false => format!("./{text}"),
        })
        .collect();
    (!texts.is_empty()).then(|| texts.join(","))
}

/// A command with or without a terminal. The agent splits the text into words as a shell does, or hands it to one, so each
/// word is quoted.
pub(crate) fn command_request(words: &[String], tty: bool) -> (Option<String>, Parameters) {
    let quoted: Vec<String> = words.iter().map(|word| quote(word)).collect();
    let mut parameters = Parameters::from([("command".to_owned(), vec![quoted.join(" ")])]);
    let document = match tty {
        true => INTERACTIVE_DOCUMENT,
        false => {
            // Streams of their own are what a status comes with; a terminal has one for everything.
            let separate = "separateOutputStream".to_owned();
            parameters.insert(separate, vec!["true".to_owned()]);
            "AWS-StartNonInteractiveCommand"
        }
    };
    (Some(document.to_owned()), parameters)
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_of_a_command_stays_one_with_a_terminal_and_without() {
        let words = ["sh", "-c", "echo 'a  b'"].map(str::to_owned);
        let quoted = r"sh -c 'echo '\''a  b'\'''";
        for (tty, document, count) in [
            (true, "AWS-StartInteractiveCommand", 1),
            (false, "AWS-StartNonInteractiveCommand", 2),
        ] {
            let (named, parameters) = command_request(&words, tty);
            assert_eq!(named.as_deref(), Some(document));
            assert_eq!(parameters["command"], [quoted]);
            assert_eq!(parameters.len(), count);
        }
    }
}
