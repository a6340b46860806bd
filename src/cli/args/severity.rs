//! A severity as a flag takes it.
//!
//! Nothing here looks at a rule.

use formats::findings::Severity;

/// Reads one.
///
/// # Errors
/// There is none of that name: which there are.
pub(crate) fn severity(text: &str) -> Result<Severity, String> {
    Severity::named(text).ok_or_else(|| {
        let names = Severity::ALL.map(Severity::name);
        format!("there are {}", names.join(", "))
    })
}
