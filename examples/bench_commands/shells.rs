//! Shells that tell what they run over another channel than the screen, and programs of which what was typed is the truth.
//!
//! Nothing here is seen by the client: what a shell logs goes to a file.

use std::path::Path;

/// What reads the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
    Dash,
    Busybox,
}

/// Status, directory and text of each command, each ended by a zero.
const BASH: &str = r#"
HISTCONTROL=; HISTFILE=; shopt -s cmdhist lithist
__tell() {
  local status=$? line
  line=$(HISTTIMEFORMAT= builtin history 1)
  if [ "$line" != "$__line" ]; then
    printf '%s\0%s\0%s\0' "$status" "$__where" "$(printf %s "$line" | sed '1s/^ *[0-9]* *//')" >> "$TRUTH"
  fi
  __line=$line __where=$PWD
  return $status
}
__line=$(HISTTIMEFORMAT= builtin history 1) __where=$PWD
PROMPT_COMMAND=__tell
trap __tell EXIT
PS1='\u@host:\w\$ '
"#;

const ZSH: &str = r#"
unsetopt global_rcs
preexec() { __text=$1; __where=$PWD }
precmd() {
  local code=$?
  [ -n "$__text" ] && printf '%s\0%s\0%s\0' $code "$__where" "$__text" >> "$TRUTH"
  __text=
}
zshexit() { [ -n "$__text" ] && printf '%s\0%s\0%s\0' '' "$__where" "$__text" >> "$TRUTH" }
PS1='%n@host %~ %# '
"#;

const FISH: &str = r#"
function fish_greeting; end
function __before --on-event fish_preexec; set -g __where $PWD; set -g __text $argv[1]; end
function __after --on-event fish_postexec
  set -l code $status
  printf '%s\0%s\0%s\0' $code $__where "$argv[1]" >> $TRUTH
  set -g __text
end
function __end --on-event fish_exit
  test -n "$__text"; and printf '%s\0%s\0%s\0' '' $__where "$__text" >> $TRUTH
end
"#;

impl Shell {
    pub(crate) fn program(self) -> &'static str {
        match self {
            Self::Bash => "/bin/bash",
            Self::Zsh => "/usr/bin/zsh",
            Self::Fish => "/usr/bin/fish",
            Self::Dash => "/bin/dash",
            Self::Busybox => "/bin/busybox",
        }
    }

    pub(crate) fn is_there(self) -> bool {
        Path::new(self.program()).exists()
    }

    /// Whether it says itself what it ran; of the others what was typed is taken.
    pub(crate) fn tells(self) -> bool {
        matches!(self, Self::Bash | Self::Zsh | Self::Fish)
    }

    /// The command line, with a folder of its own; `more` is read at the start as well.
    pub(crate) fn command(self, folder: &Path, more: &str) -> std::io::Result<Vec<String>> {
        let text = |path: &Path| path.display().to_string();
        let file = folder.join(if self == Self::Zsh { ".zshrc" } else { "rc" });
        let own = match self {
            Self::Bash => BASH,
            Self::Zsh => ZSH,
            Self::Fish => FISH,
            Self::Dash | Self::Busybox => "PS1='$ '\n",
        };
        std::fs::write(&file, format!("{own}\n{more}\n"))?;
        let truth = format!("TRUTH={}", text(&folder.join("truth")));
        let words: Vec<String> = match self {
            Self::Bash => vec![
                self.program().into(),
                "--rcfile".into(),
                text(&file),
                "-i".into(),
            ],
            Self::Zsh => vec![self.program().into(), "-i".into()],
            Self::Fish => vec![
                self.program().into(),
                "--init-command".into(),
                format!("source {}", text(&file)),
            ],
            Self::Dash => vec![self.program().into(), "-i".into()],
            Self::Busybox => vec![self.program().into(), "ash".into(), "-i".into()],
        };
        let environment = [
            truth,
            format!("ENV={}", text(&file)),
            format!("ZDOTDIR={}", text(folder)),
            format!("XDG_CONFIG_HOME={}", text(folder)),
            format!("XDG_DATA_HOME={}", text(folder)),
        ];
        let env = ["/usr/bin/env".to_owned()].into_iter();
        Ok(env.chain(environment).chain(words).collect())
    }
}
