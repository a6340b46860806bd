//! Where an answer may point: to http:// or https://, never from https to http, and few times.
//!
//! Nothing here looks up a host; whether what it leads to lies inside is judged where the connection is opened.

use url::Url;

/// How often an address may point elsewhere.
pub(super) const MAX_REDIRECTS: usize = 5;

/// Whether a status says that the page is elsewhere.
pub(super) fn points_elsewhere(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// Where the answer from `from` points to.
pub(super) fn next(from: &Url, location: &str) -> Result<Url, &'static str> {
    // A browser would drop or turn these.
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '\\';
    if location.is_empty() || !location.chars().all(plain) {
        return Err("it points to something that is no address");
    }
    let mut url = from
        .join(location)
        .map_err(|_| "it points to something that is no address")?;
    strip(&mut url);
    match (from.scheme(), url.scheme()) {
        (_, "https") | ("http", "http") => Ok(url),
        ("https", "http") => Err("it points from https to http"),
        _ => Err("it points to what is neither http:// nor https://"),
    }
}

/// Whether what was given for `first` may be sent to `now`: the same host and port, or its encrypted one.
pub(super) fn is_same_place(first: &Url, now: &Url) -> bool {
    let ports = (first.port_or_known_default(), now.port_or_known_default());
    let same_port = match (first.scheme(), now.scheme()) {
        ("http", "https") => ports == (Some(80), Some(443)),
        (one, other) => one == other && ports.0 == ports.1,
    };
    first.host() == now.host() && same_port
}

/// Takes away what is not for the server: user name, password and fragment.
pub(super) fn strip(url: &mut Url) {
    // These fail for addresses without a host alone, which have no user name either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn locations_are_taken_as_they_stand_or_from_where_they_are() {
        for (from, location, expected) in [
            ("http://h/a/b", "c", Some("http://h/a/c")),
            ("http://h/a/b?x", "/c?y", Some("http://h/c?y")),
            ("http://h/a/b", "../../../c", Some("http://h/c")),
            ("https://h/a", "//other/b", Some("https://other/b")),
            ("http://h/a", "https://other/b", Some("https://other/b")),
            ("https://h/a", "https://other/b", Some("https://other/b")),
            (
                "http://h/a",
                "https://me:secret@other/b#c",
                Some("https://other/b"),
            ),
            ("http://h/a", "?b", Some("http://h/a?b")),
            ("https://h/a", "http://h/a", None),
            ("https://h/a", "HTTP://h/a", None),
            ("http://h/a", "file:///etc/passwd", None),
            ("http://h/a", "ftp://h/a", None),
            ("http://h/a", "data:text/plain,a", None),
            ("http://h/a", "s3://bucket/a", None),
            ("http://h/a", "\\\\other\\b", None),
            ("http://h/a", "http://a b/", None),
            ("http://h/a", "http://h/\u{1b}[2J", None),
            ("http://h/a", "http://", None),
            ("http://h/a", "", None),
        ] {
            let next = next(&url(from), location).ok();
            assert_eq!(next.as_ref().map(Url::as_str), expected, "{location:?}");
        }
    }

    #[test]
    fn a_password_stays_with_the_place_it_was_given_for() {
        for (first, now, expected) in [
            ("http://h/a", "http://h/b", true),
            ("http://h/a", "http://H:80/b", true),
            ("http://h/a", "https://h/b", true),
            ("https://h/a", "https://h:443/b", true),
            ("http://h/a", "http://other/a", false),
            ("http://h/a", "http://sub.h/a", false),
            ("http://h/a", "http://h:8080/a", false),
            ("http://h:8080/a", "https://h/a", false),
            ("https://h/a", "http://h/a", false),
        ] {
            assert_eq!(is_same_place(&url(first), &url(now)), expected, "{now}");
        }
    }
}
