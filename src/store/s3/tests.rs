//! Locations and places of a store in S3.
//!
//! Nothing here asks a server.

use super::*;

#[test]
fn locations_name_a_bucket_and_a_prefix() {
    let parsed = |location| parse(location).map_err(|error| error.to_string());
    let pair = |a: &str, b: &str| Ok((a.to_owned(), b.to_owned()));
    assert_eq!(parsed("s3://my-bucket"), pair("my-bucket", ""));
    assert_eq!(parsed("s3://my-bucket/"), pair("my-bucket", ""));
    assert_eq!(parsed("s3://my-bucket/a/b/"), pair("my-bucket", "a/b/"));
    for wrong in [
        "s3://",
        "s3:///a",
        "s3://My-Bucket",
        "s3://b",
        "s3://my-bucket/../x",
        "s3://my-bucket//x",
        "s3://my bucket/x",
    ] {
        assert!(parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn places_are_written_as_addresses() {
    let store = S3::new("s3://my-bucket/fleet/", Options::default()).unwrap();
    assert_eq!(store.location(), "s3://my-bucket/fleet");
    assert_eq!(store.locate("a/b"), "s3://my-bucket/fleet/a/b");
}
