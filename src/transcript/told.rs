//! What a list of commands answers for, in words.
//!
//! Nothing is called all of it: the share of the output that is explained is told with the count.

/// `2 commands; 97 % of the output is explained by them and their prompts`
pub(crate) fn told(count: usize, is_cut: bool, explained: f64) -> String {
    let word = if count == 1 { "command" } else { "commands" };
    let share = (explained * 100.0).floor();
    let cut = if is_cut {
        ", and there may be more"
    } else {
        ""
    };
    format!(
        "{count} {word}{cut}; {share:.0} % of the output is explained by them and their prompts"
    )
}
