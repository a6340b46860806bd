//! The part of an ARN that a person knows somebody by.
//!
//! Nothing here checks that it is one.

/// `alice` of `arn:aws:sts::123456789012:assumed-role/Admin/alice`
pub(crate) fn last_of_arn(arn: &str) -> &str {
    arn.rsplit(['/', ':']).next().unwrap_or(arn)
}
