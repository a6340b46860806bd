//! A number as people write it, times its unit.
//!
//! Nothing here is rounded by way of a float, and neither a sign nor an exponent passes.

/// A decimal number times its unit, exactly; `None` when it is no number or too large.
pub(super) fn times(number: &str, scale: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number = digits(whole) && digits(fraction) && fraction.len() <= 9;
    if !is_number || number.is_empty() || number.ends_with('.') {
        return None;
    }
    let whole = match whole {
        "" => 0,
        whole => whole.parse::<u64>().ok()?,
    };
    let mut total = u128::from(whole) * u128::from(scale);
    if !fraction.is_empty() {
        let tenths = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        total += u128::from(fraction.parse::<u64>().ok()?) * u128::from(scale) / tenths;
    }
    u64::try_from(total).ok()
}
