//! `[plugin]`: what the program is like under the name of the AWS CLI's plugin.
//!
//! Nothing here says anything.

use super::in_force::Values;
use super::spec::{Setting, Spec, Words, choice};

static BANNER: Setting<Banner> = choice("plugin.banner").default("auto").purpose(
    "Whether words of ours go to stderr under the plugin's name, beside the official client's on \
     stdout: \"auto\" (when stderr is a terminal), \"always\", or \"never\". Programs that call \
     the AWS CLI may take any byte on stderr for a failure.",
);

pub(super) static SPECS: [&Spec; 1] = [&BANNER.spec];

/// `[plugin]`
#[derive(Clone, Debug)]
pub(crate) struct Plugin {
    pub(crate) banner: Banner,
}

/// When words of ours are said beside the official client's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Banner {
    /// When stderr is a terminal.
    #[default]
    Auto,
    Always,
    Never,
}

impl Words for Banner {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("auto", Self::Auto),
        ("always", Self::Always),
        ("never", Self::Never),
    ];
}

impl Plugin {
    pub(super) fn of(values: &Values) -> Self {
        Self {
            banner: values.of(&BANNER),
        }
    }
}
