//! An error told with what is behind it.
//!
//! Nothing here makes the text harmless, and nothing is told twice.

use std::error::Error;

/// The error and those below it, each in its own words, without what one above has said already.
pub(crate) fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        next = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    #[test]
    fn each_cause_is_said_once() {
        for (texts, expected) in [
            (&["alone"][..], "alone"),
            (
                &["no store", "no network", "refused"],
                "no store: no network: refused",
            ),
            (&["no store: refused", "refused"], "no store: refused"),
            (&["refused", "no network", "refused"], "refused: no network"),
        ] {
            let error = texts
                .iter()
                .rev()
                .fold(None, |source, text| Some(Box::new(Link { text, source })));
            assert_eq!(causes(&*error.unwrap()), expected);
        }
    }
}
