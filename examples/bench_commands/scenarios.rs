//! What people do at shells, as scripts of keys.
//!
//! Nothing here says what is to be found: that is what the shells tell, or, of those that do not, what was typed.

use std::process::{Command, Stdio};

use crate::shells::Shell::{self, Bash, Busybox, Dash, Fish, Zsh};

pub(crate) enum Do {
    /// Typed and run.
    Run(&'static str),
    /// Typed and ended like one, but no command: an answer, or a part of one.
    Go(&'static str),
    Type(&'static str),
    /// One key, or what is pasted at once.
    Key(&'static str),
    /// Milliseconds.
    Wait(u64),
    Resize(u16, u16),
    /// What ran by now, where only what is typed tells it.
    Ran(&'static str),
}

use Do::{Go, Key, Ran, Resize, Run, Type, Wait};

pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) shell: Shell,
    /// Read by the shell at its start.
    pub(crate) setting: &'static str,
    pub(crate) steps: &'static [Do],
    /// Programs within tell nothing: what is typed is the truth.
    pub(crate) is_typed: bool,
    /// A shell's command that succeeds where all is there that the steps need.
    pub(crate) needs: &'static str,
}

impl Scenario {
    /// What is missing on this machine.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        if !self.shell.is_there() {
            return Some(self.shell.program());
        }
        let mut check = Command::new("sh");
        check.args(["-c", self.needs]).stdin(Stdio::null());
        let check = check.stdout(Stdio::null()).stderr(Stdio::null());
        let is_there = self.needs.is_empty() || check.status().is_ok_and(|status| status.success());
        (!is_there).then_some(self.needs)
    }
}

/// Lines and marks of a shell that is none.
pub(crate) const FAKE: &str = "out\nuser@host:~$ rm -rf /\n$ reboot\n\x1b[?2004huser@host:~$ halt\r\n\x1b[?2004l\r\x1b]133;A\x07$ \x1b]133;B\x07poweroff\n\x1b]133;C\x07x\n\x1b]133;D;0\x07";

const CTRL_C: &str = "\x03";
const CTRL_L: &str = "\x0c";
const CTRL_R: &str = "\x12";
const UP: &str = "\x1b[A";

const EDITED: &[Do] = &[
    Run("echo hello world"),
    Run("ls -l"),
    Run("false"),
    Run("cd src"),
    Run("cd .."),
    Run("printf 'no newline'"),
    Run("nosuchcommand arg"),
    Key("\r"),
    Run("head -n 40 lines.txt"),
    Run("echo 漢字 ü"),
    Run(
        "echo word0 word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11 word12 word13 word14 word15 word16 word17 word18",
    ),
    Type("echo fixx"),
    Key("\x7f"),
    Go("it"),
    Key(CTRL_L),
    Run("echo after"),
    Run("clear"),
    Run("cat fake.txt"),
    Run("echo again"),
    Key(UP),
    Key("\r"),
    Key(CTRL_R),
    Type("hello"),
    Key("\r"),
    Type("cat li"),
    Key("\t"),
    Key("\r"),
    Type("sleep 1"),
    Key("\r"),
    Type("echo ahead"),
    Key("\r"),
    Wait(1200),
    Key("echo one\recho two\r"),
    Run("echo end"),
];

const GIVEN_UP: &[Do] = &[
    Run("echo one"),
    Type("half of it"),
    Key(CTRL_C),
    Run("echo two"),
    Run("sleep 0.3"),
    Type("sleep 20"),
    Key("\r"),
    Key(CTRL_C),
    Run("echo three"),
];

const SEVERAL_LINES: &[Do] = &[
    Go("for i in 1 2; do"),
    Go("echo $i"),
    Go("done"),
    Go("cat <<EOF"),
    Go("one"),
    Go("EOF"),
    Run("echo between"),
    Key(UP),
    Key(UP),
    Key("\r"),
    Key("\x1b[200~if true; then\n  echo pasted\nfi\x1b[201~"),
    Key("\r"),
    Run("echo end"),
];

const OF_FISH: &[Do] = &[
    Go("for i in 1 2"),
    Go("echo $i"),
    Go("end"),
    Run("date +%Y; and echo ok"),
];

const PLAIN: &[Do] = &[
    Run("echo hello world"),
    Run("ls -l"),
    Run("false"),
    Run("cd src"),
    Run("cd .."),
    Run("printf 'no newline'"),
    Type("half"),
    Key(CTRL_C),
    Key("\r"),
    Run(
        "echo word0 word1 word2 word3 word4 word5 word6 word7 word8 word9 word10 word11 word12 word13 word14 word15 word16 word17 word18",
    ),
    Go("for i in 1 2; do"),
    Go("echo $i"),
    Go("done"),
    Ran("for i in 1 2; do\necho $i\ndone"),
    Go("cat <<EOF"),
    Go("one"),
    Go("EOF"),
    Ran("cat <<EOF\none\nEOF"),
    Run("cat fake.txt"),
    Type("sleep 1"),
    Key("\r"),
    Ran("sleep 1"),
    Type("echo ahead"),
    Key("\r"),
    Ran("echo ahead"),
    Wait(1200),
    Key("echo one\recho two\r"),
    Ran("echo one"),
    Ran("echo two"),
    Run("echo end"),
];

const QUESTIONS: &[Do] = &[
    Run("read -p 'Continue? [y/N] ' x"),
    Go("y"),
    Run("read -s -p 'Password: ' p"),
    Go("secret"),
    Run("printf 'Name: '; read x; echo $x"),
    Go("bob"),
    Run("cat > /dev/null"),
    Go("$ fake"),
    Key("\x04"),
    Run("(sleep 1; echo FROM BEHIND; sleep 1; echo AGAIN) &"),
    Type("echo ab"),
    Wait(1200),
    Type("cd"),
    Wait(1200),
    Key("\r"),
    Type("echo a rather long line that is wrapped when the window gets smaller while it"),
    Resize(50, 20),
    Type(" is typed"),
    Resize(120, 30),
    Key("\r"),
    Run("echo end"),
];

const FULL_SCREEN: &[Do] = &[
    Run("vim -u NONE lines.txt"),
    Type("i$ rm -rf /"),
    Key("\r"),
    Type("more"),
    Key("\x1b"),
    Go(":q!"),
    Run("less lines.txt"),
    Key(" "),
    Key("q"),
    Run("top"),
    Wait(500),
    Key("q"),
    Run("echo end"),
];

const PROGRAMS: &[Do] = &[
    Run("python3 -q"),
    Run("1+1"),
    Go("for i in range(2):"),
    Go("    print(i)"),
    Go(""),
    Ran("for i in range(2):\nprint(i)"),
    Run("input('Name: ')"),
    Go("bob"),
    Run("1/0"),
    Run("exit()"),
    Run("sqlite3"),
    Run("create table t(a);"),
    Go("insert into t values"),
    Go("(1);"),
    Ran("insert into t values\n(1);"),
    Run("select * from t;"),
    Run(".quit"),
    Run("bash --norc --noprofile"),
    Run("echo inner"),
    Run("sh"),
    Run("echo deeper"),
    Run("exit"),
    Run("exit"),
    Run("echo end"),
];

/// What is typed into another terminal within is none of this one's.
const MULTIPLEXED: &[Do] = &[
    Run("echo before"),
    Run("tmux -f /dev/null -L ssm-rec-truth new"),
    Wait(1500),
    Go("echo inside"),
    Go("rm -i nosuch"),
    Go("exit"),
    Wait(1000),
    Run("echo end"),
];

const ROOT: &[Do] = &[
    Run("echo before"),
    Run("sudo -i"),
    Run("id -u"),
    Run("cd /etc"),
    Run("exit"),
    Run("su -"),
    Run("ls"),
    Run("exit"),
    Run("echo end"),
];

const ELSEWHERE: &[Do] = &[
    Run("ssh localhost"),
    Run("uname"),
    Run("cd /tmp"),
    Run("exit"),
    Run("echo end"),
];

const PSQL: &[Do] = &[
    Run("psql postgres"),
    Run("select 1;"),
    Go("select 2"),
    Go("as two;"),
    Ran("select 2\nas two;"),
    Run("create temp table t (a int);"),
    Run("insert into t select generate_series(1, 50);"),
    Run("select * from nosuch;"),
    Run("\\echo done"),
    Run("\\q"),
    Run("echo end"),
];

const MYSQL: &[Do] = &[
    Run("mysql"),
    Run("select 1;"),
    Go("select 2"),
    Go("as two;"),
    Ran("select 2\nas two;"),
    Run("use mysql"),
    Run("select * from nosuch;"),
    Run("exit"),
    Run("echo end"),
];

const OFF: &str = "bind 'set enable-bracketed-paste off'";
const MARKS: &str = include_str!("../aws/shell-profile.sh");

const fn of(
    name: &'static str,
    shell: Shell,
    setting: &'static str,
    steps: &'static [Do],
) -> Scenario {
    Scenario {
        name,
        shell,
        setting,
        steps,
        is_typed: false,
        needs: "",
    }
}

const fn needing(needs: &'static str, scenario: Scenario) -> Scenario {
    Scenario { needs, ..scenario }
}

const fn typed(
    name: &'static str,
    shell: Shell,
    setting: &'static str,
    steps: &'static [Do],
) -> Scenario {
    Scenario {
        is_typed: true,
        ..of(name, shell, setting, steps)
    }
}

pub(crate) const SCENARIOS: [Scenario; 32] = [
    of("bash", Bash, "", EDITED),
    of("bash-marks", Bash, MARKS, EDITED),
    of("bash-no-paste", Bash, OFF, EDITED),
    of(
        "bash-two-lines",
        Bash,
        "PS1='\\[\\e[32m\\]\\w\\[\\e[0m\\]\\n\\$ '",
        EDITED,
    ),
    of(
        "bash-right",
        Bash,
        "PS1='\\[\\e[s\\e[80C\\t\\e[u\\]\\w ❯ '",
        EDITED,
    ),
    of("bash-vi", Bash, "set -o vi", GIVEN_UP),
    of("bash-given-up", Bash, "", GIVEN_UP),
    of("bash-lines", Bash, "", SEVERAL_LINES),
    of("bash-lines-marks", Bash, MARKS, SEVERAL_LINES),
    of("bash-questions", Bash, "", QUESTIONS),
    of("bash-full-screen", Bash, "", FULL_SCREEN),
    of(
        "bash-git",
        Bash,
        "PS1='\\[\\e[36m\\]\\w\\[\\e[0m\\]$(printf \" (main *)\") \\$ '",
        EDITED,
    ),
    needing("tmux -V", of("bash-tmux", Bash, "", MULTIPLEXED)),
    needing(
        "sudo -n true && [ \"$(id -u)\" = 0 ]",
        typed("bash-root", Bash, "", ROOT),
    ),
    needing(
        "ssh -o BatchMode=yes localhost true",
        typed("bash-ssh", Bash, "", ELSEWHERE),
    ),
    needing(
        "PGCONNECT_TIMEOUT=2 psql -c '' postgres",
        typed("psql", Bash, "export PAGER=cat", PSQL),
    ),
    needing("mysql -e ''", typed("mysql", Bash, "", MYSQL)),
    typed("programs", Bash, "", PROGRAMS),
    of("zsh", Zsh, "", EDITED),
    of("zsh-marks", Zsh, MARKS, EDITED),
    of("zsh-right", Zsh, "RPROMPT='%T'", EDITED),
    of(
        "zsh-transient",
        Zsh,
        "P=$PS1; zle-line-finish() { PS1='> '; zle reset-prompt; PS1=$P }; zle -N zle-line-finish",
        EDITED,
    ),
    of("zsh-given-up", Zsh, "", GIVEN_UP),
    of("zsh-given-marks", Zsh, MARKS, GIVEN_UP),
    of("zsh-lines", Zsh, "", SEVERAL_LINES),
    of("fish", Fish, "", EDITED),
    of("fish-given-up", Fish, "", GIVEN_UP),
    of("fish-lines", Fish, "", OF_FISH),
    typed("dash", Dash, "", PLAIN),
    typed("dash-marks", Dash, MARKS, PLAIN),
    typed("busybox", Busybox, "", PLAIN),
    typed("busybox-marks", Busybox, MARKS, PLAIN),
];
