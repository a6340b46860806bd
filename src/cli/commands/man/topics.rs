//! The pages of the manual that are of no one command: texts that read as they are, with their parts told apart.
//!
//! Nothing here is written twice: what a topic says, the help of a command names it for.

/// One text. Its first line is its name and what it is about; a line in capitals begins a part; lines that are indented stay
/// as they are.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
}

pub(crate) const TOPICS: [Topic; 4] = [
    Topic {
        name: "aws",
        text: include_str!("topics/aws.txt"),
    },
    FILTERS,
    Topic {
        name: "security",
        text: include_str!("topics/security.txt"),
    },
    Topic {
        name: "store",
        text: include_str!("topics/store.txt"),
    },
];

/// Which `list --help` shows a part of.
pub(crate) const FILTERS: Topic = Topic {
    name: "filters",
    text: include_str!("topics/filters.txt"),
};

impl Topic {
    /// The one of this name.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        TOPICS.iter().find(|topic| topic.name == name)
    }

    /// `ssm-rec-aws`, by which the page is asked for.
    pub(super) fn page(&self) -> String {
        format!("ssm-rec-{}", self.name)
    }

    /// What it is about, in one line.
    pub(super) fn about(&self) -> &'static str {
        let line = self.text.lines().next().unwrap_or_default();
        line.split_once(" - ").map_or(line, |(_, about)| about)
    }

    /// Its parts in their order, each with its title; the first has none.
    pub(super) fn parts(&self) -> Vec<(&'static str, &'static str)> {
        let (_, mut rest) = self.text.split_once('\n').unwrap_or_default();
        let (mut parts, mut title) = (Vec::new(), "");
        loop {
            let next = headings(rest).next();
            let end = next.map_or(rest.len(), |(at, _)| at);
            parts.push((title, rest[..end].trim_matches('\n')));
            let Some((at, heading)) = next else {
                return parts;
            };
            (title, rest) = (heading, &rest[at + heading.len()..]);
        }
    }

    /// The text of the part with this title.
    pub(crate) fn part(&self, title: &str) -> &'static str {
        let mut parts = self.parts().into_iter();
        parts
            .find(|(other, _)| *other == title)
            .map_or("", |(_, text)| text)
    }
}

/// The lines in capitals, each with where it begins.
fn headings(text: &'static str) -> impl Iterator<Item = (usize, &'static str)> {
    let mut at = 0;
    text.split_inclusive('\n').filter_map(move |line| {
        let begins = at;
        at += line.len();
        let line = line.trim_end();
        let is_heading = line.starts_with(|c: char| c.is_ascii_uppercase())
            && !line.contains(|c: char| c.is_lowercase() || c.is_ascii_digit());
        is_heading.then_some((begins, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As wide as a terminal that nobody has made larger, in characters.
    const WIDEST: usize = 80;

    #[test]
    fn a_topic_is_told_apart_into_its_parts() {
        let topic = Topic {
            name: "x",
            text: "ssm-rec-x - what it is\n\nOne.\n\nA PART\n\nTwo.\n  KEPT\n\nANOTHER\nThree.\n",
        };
        assert_eq!(topic.about(), "what it is");
        assert_eq!(
            topic.parts(),
            [
                ("", "One."),
                ("A PART", "Two.\n  KEPT"),
                ("ANOTHER", "Three.")
            ]
        );
        assert_eq!(topic.part("ANOTHER"), "Three.");
    }

    #[test]
    fn every_topic_has_a_name_of_its_own_and_reads_as_it_is() {
        for topic in &TOPICS {
            let first = format!("{} - ", topic.page());
            assert!(topic.text.starts_with(&first), "{}", topic.name);
            assert!(topic.parts().len() > 1, "{}", topic.name);
            for (title, text) in topic.parts() {
                assert!(!text.is_empty(), "{}: {title:?}", topic.name);
            }
            for line in topic.text.lines() {
                let fits = line.chars().count() <= WIDEST && line.trim_end() == line;
                assert!(fits, "{}: {line:?}", topic.name);
            }
        }
        assert!(!FILTERS.part("EXPRESSIONS").is_empty());
    }
}
