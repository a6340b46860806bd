//! `config example`: every setting explained, its default behind a `#`, ready to be uncommented.
//!
//! Nothing here is written by hand: the text follows the table of settings.

use std::fmt::Write as _;

use crate::settings::kind::Paths;
use crate::settings::{Sources, Spec, specs, toml_string};
use crate::words::wrapped;

/// Lines of explanation are broken here, in characters.
const WIDTH: usize = 100;

const HEAD: &str = "\
# Configuration of ssm-rec. A line that begins with \"# \" explains; one that begins with \"#\" alone is a setting
# with its default, or, where there is none, with an example (said so). Uncomment what you change.
#
# The organisation's file is /etc/ssm-rec/config.toml, a person's is ~/.config/ssm-rec/config.toml. Later wins:
# defaults, organisation, person, SSM_REC_* variables ([record] input is SSM_REC_RECORD_INPUT), flags.
# Durations are written \"500ms\", \"90s\", \"15m\", \"1h30m\", sizes \"512MiB\", \"1GiB\". Directories are absolute or ~/…
";

const RULES: &str = "
# Rules say where somebody should look: ssm-rec rules list. One of your own has an id, a severity (info, low,
# medium, high, critical), what it looks at (commands, lines, input, connections, session) and a pattern or a fact;
# of one that is shipped, any of these can be told otherwise. What the organisation's file says of a rule holds for
# everybody.
#[[rule]]
#id = \"own-tool\"
#severity = \"high\"
#looks_at = \"commands\"
#pattern = \"^wipe-tenant \"
#unless = \"--dry-run\"
#explanation = \"It deletes a tenant's data.\"
#references = [\"https://wiki.example/wipe\"]

#[[rule]]
#id = \"outside-hours\"
#hours = \"07:00-19:00\"
#days = \"mon-fri\"
#zone = \"+01:00\"

#[[rule]]
#id = \"no-ticket\"
#pattern = \"CHG-[0-9]+\"

#[[rule]]
#id = \"metadata-read\"
#on = false
";

const POLICY: &str = "
# Policy: in the organisation's file alone, and above everything else. Besides the rules below, it takes every
# setting of this file, section and all, and fixes it: [policy.record] input = \"off\" and nobody records keys.
#[policy]
#store = \"s3://example-recordings/team-a\"
";

/// The text to print.
pub(super) fn text(sources: &Sources) -> String {
    let mut out = HEAD.to_owned();
    let mut section = "";
    for spec in specs() {
        if spec.section() != section {
            section = spec.section();
            match section {
                "policy" => {
                    out.push_str(RULES);
                    out.push_str(POLICY);
                }
                // Whoever has no policy must not have its sections either.
                section if section.starts_with("policy.") => {
                    let _ = write!(out, "\n#[{section}]\n");
                }
                section => {
                    let _ = write!(out, "\n[{section}]\n");
                }
            }
        }
        entry(&mut out, spec, sources);
    }
    out.push_str("\n#[policy.record]\n#input = \"off\"\n");
    out
}

fn entry(out: &mut String, spec: &Spec, sources: &Sources) {
    out.push('\n');
    let default = spec.default(sources.data.as_deref());
    let mut purpose = spec.purpose.to_owned();
    if default.is_none() {
        purpose.push_str(" (An example.)");
    }
    for line in wrapped(&purpose, WIDTH) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "# {line}");
    }
    let value = default.map_or_else(|| example(spec), |value| value.toml());
    let _ = writeln!(out, "#{} = {value}", spec.leaf());
}

/// The table's example as it stands in a file; a path keeps its `~`.
fn example(spec: &Spec) -> String {
    let paths = Paths {
        home: None,
        relative: true,
    };
    match spec.kind.read_text(spec.example(), paths) {
        Ok(value) => value.toml(),
        Err(_) => toml_string(spec.example()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Flags, Layers, Origin, Purpose};

    fn sources() -> Sources {
        Sources {
            home: Some("/home/ann".into()),
            data: Some("/home/ann/data".into()),
            ..Sources::default()
        }
    }

    /// What comes of the example when it is the organisation's file.
    fn layers(text: &str) -> Layers {
        let folder = tempfile::tempdir().unwrap();
        let organisation = folder.path().join("config.toml");
        std::fs::write(&organisation, text).unwrap();
        let sources = Sources {
            organisation,
            ..sources()
        };
        Layers::read(&sources, &Flags::default(), Purpose::Record)
    }

    #[test]
    fn the_example_as_it_is_changes_nothing_for_anybody() {
        let text = text(&sources());
        let layers = layers(&text);
        assert_eq!(layers.mistakes, []);
        for spec in specs() {
            assert_eq!(
                layers.values.in_force(spec).origin,
                Origin::Default,
                "{}",
                spec.name
            );
        }
        assert!(
            !text.lines().any(|line| line.starts_with("[policy")),
            "a person may use it too"
        );
    }

    #[test]
    fn every_line_uncommented_is_right_and_equals_the_default_where_there_is_one() {
        let text = text(&sources());
        let uncommented: Vec<_> = text
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(setting) if !setting.starts_with([' ', '#']) => setting,
                _ => line,
            })
            .collect();
        // What the policy fixes hides what stands in the sections: each half is checked alone.
        let policy = uncommented
            .iter()
            .position(|line| *line == "[policy]")
            .unwrap();
        let below = layers(&uncommented[..policy].join("\n"));
        assert_eq!(below.mistakes, []);
        assert_eq!(below.rules.said.len(), 4);
        let rules = layers(&uncommented[policy..].join("\n"));
        assert_eq!(rules.mistakes, []);
        for spec in specs() {
            let default = spec.default(sources().data.as_deref());
            let layers = if spec.is_rule() { &rules } else { &below };
            let in_force = layers.values.in_force(spec);
            assert_ne!(in_force.origin, Origin::Default, "{} is missing", spec.name);
            if default.is_some() {
                assert_eq!(in_force.value, default, "{}", spec.name);
            }
        }
    }

    #[test]
    fn lines_stay_short_enough_to_read() {
        for line in text(&sources()).lines() {
            assert!(line.chars().count() <= 120, "{line}");
        }
    }
}
