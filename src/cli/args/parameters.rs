//! Document parameters as people write them for the AWS CLI: JSON, the shorthand `name=value,name=[a,b]`, or `file://`.
//!
//! Nothing here knows which parameters a document takes. What the AWS CLI would send is sent, and what it refuses is
//! refused: a command line that works there means the same here.

use std::io::Read as _;
use std::path::PathBuf;

use super::shorthand;
pub(crate) use super::shorthand::{Error, Parameters};

/// The largest parameter file taken, in bytes; the service takes far less.
const FILE_LIMIT: u64 = 1024 * 1024;

/// Reads one `--parameters` argument.
///
/// # Errors
/// Says what is wrong and where.
pub(crate) fn parse(text: &str) -> Result<Parameters, Error> {
    let file;
    let text = match of_file(text)? {
        Some(read) => {
            file = read;
            &file
        }
        None if text.starts_with("http://") || text.starts_with("https://") => {
            return Err(Error::Address);
        }
        None => text,
    };
    let parameters = if text.trim_start().starts_with(['{', '[']) {
        serde_json::from_str(text).map_err(Error::Json)?
    } else {
        shorthand::parse(text, &|value| {
            of_file(value).map(|file| file.unwrap_or_else(|| value.to_owned()))
        })?
    };
    check(&parameters)?;
    Ok(parameters)
}

/// The service takes no empty name and no empty value (StartSession, `Parameters`), and the AWS CLI asks for neither.
fn check(parameters: &Parameters) -> Result<(), Error> {
    for (name, values) in parameters {
        if name.is_empty() {
            return Err(Error::Name { at: 0 });
        }
        if values.iter().any(String::is_empty) {
            return Err(Error::Empty { name: name.clone() });
        }
    }
    Ok(())
}

/// What is in the file that `file://PATH` names, where the text names one.
fn of_file(text: &str) -> Result<Option<String>, Error> {
    if text.starts_with("fileb://") {
        return Err(Error::NotText {
            path: text.to_owned(),
        });
    }
    let Some(path) = text.strip_prefix("file://") else {
        return Ok(None);
    };
    let path = expanded(path);
    let failed = |source| Error::File {
        path: path.clone(),
        source,
    };
    let mut bytes = Vec::new();
    // Read with a limit, not measured: a pipe or a device has no length.
    std::fs::File::open(&path)
        .and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(Error::FileTooLong { path });
    }
    let text = String::from_utf8(bytes).map_err(|_| Error::NotText { path })?;
    // The AWS CLI opens it as text, where every kind of line end is one.
    Ok(Some(text.replace("\r\n", "\n").replace('\r', "\n")))
}

/// `~`, `~/…`, `$NAME` and `${NAME}` as a shell has them; a variable that is not set stays as it is written.
fn expanded(path: &str) -> String {
    let home = || {
        let home = std::env::var("HOME").ok().map(PathBuf::from);
        let home = home.or_else(|| Some(directories::BaseDirs::new()?.home_dir().to_owned()))?;
        Some(home.display().to_string())
    };
    let path = match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => match home() {
            Some(home) => format!("{}{rest}", home.trim_end_matches('/')),
            None => path.to_owned(),
        },
        _ => path.to_owned(),
    };
    let mut out = String::new();
    let mut rest = path.as_str();
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let (name, length) = match behind.strip_prefix('{') {
            Some(braced) => match braced.find('}') {
                Some(end) => (&braced[..end], end + 2),
                None => ("", 0),
            },
            None => {
                let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                let end = behind.find(|c| !word(c)).unwrap_or(behind.len());
                (&behind[..end], end)
            }
        };
        // What is no name of a variable cannot be asked for.
        let is_name = !name.is_empty() && !name.contains(['=', '\0']);
        match is_name.then(|| std::env::var(name).ok()).flatten() {
            Some(value) => out.push_str(&value),
            None => out.push_str(&rest[at..=at + length]),
        }
        rest = &behind[length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str, expected: &[(&str, &[&str])]) {
        let expected: Parameters = expected
            .iter()
            .map(|(name, values)| {
                (
                    (*name).to_owned(),
                    values.iter().map(|&v| v.to_owned()).collect(),
                )
            })
            .collect();
        assert_eq!(parse(text).unwrap(), expected, "{text}");
    }

    #[test]
    fn json_and_shorthand_say_the_same() {
        reads(
            r#"{"portNumber":["80"],"localPortNumber":["0"]}"#,
            &[("localPortNumber", &["0"]), ("portNumber", &["80"])],
        );
        reads(
            r#" {"command":["ls"],"command":["pwd"]}"#,
            &[("command", &["pwd"])],
        );
        reads(
            "portNumber=80,localPortNumber=0",
            &[("localPortNumber", &["0"]), ("portNumber", &["80"])],
        );
        reads(
            "portNumber=[80],host=[\"a,b\", c]",
            &[("host", &["a,b", "c"]), ("portNumber", &["80"])],
        );
        reads("command=\"echo a=b, c\"", &[("command", &["echo a=b, c"])]);
        reads(
            "list=a,b,other=c",
            &[("list", &["a", "b"]), ("other", &["c"])],
        );
        reads(
            "command='ps | grep \"x\"'",
            &[("command", &["ps | grep \"x\""])],
        );
        reads("command=sh -c x=1", &[("command", &["sh -c x=1"])]);
    }

    #[test]
    fn mistakes_say_where_they_are() {
        for (text, message) in [
            ("", "parameters need name=value at position 0"),
            ("a", "parameters need name=value at position 1"),
            (
                "a=[b",
                "parameters have a list that is not closed at position 4",
            ),
            (
                "a=\"b",
                "parameters have a quote at position 2 that is not closed",
            ),
            ("a=[b]c=d", "parameters need a comma at position 5"),
            (
                "{\"a\":1}",
                "parameters are not a JSON object of lists of texts",
            ),
            (
                "{\"a\":\"b\"}",
                "parameters are not a JSON object of lists of texts",
            ),
            (
                "a=b,a=c",
                "parameters name \"a\" twice; several values are written a=a,b",
            ),
            (
                "a={b=c}",
                "parameters have a list or a map inside a value at position 2; values are texts",
            ),
            (
                "http://host/a=b",
                "parameters are not fetched from addresses; name a file with file://",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn escapes_quotes_and_blanks_are_those_of_the_aws_cli() {
        for (text, expected) in [
            (r"a=b\,c", &["b,c"][..]),
            (r"a=b\\,c", &["b\\,c"]),
            (r"a=C:\dir\x", &[r"C:\dir\x"]),
            (r#"a="C:\\dir""#, &[r"C:\dir"]),
            (r#"a="say \"hi\"""#, &[r#"say "hi""#]),
            (r"a='it\'s'", &["it's"]),
            (r"a='x\'", &[r"x\"]),
            (r#"a='say "hi"'"#, &[r#"say "hi""#]),
            ("a = b  ,  c ", &["b", "c"]),
            ("a=[]", &[]),
            ("a=[b,]", &["b"]),
            ("a=[ b , 'c d' ]", &["b", "c d"]),
            ("a=x=y", &["x=y"]),
            ("a=b, c]", &["b", "c]"]),
            ("a@=file", &["file"]),
        ] {
            reads(text, &[("a", expected)]);
        }
        reads("a=b,c,,d=e", &[("a", &["b", "c"]), ("d", &["e"])]);
        reads(r"a=b,c\,d=e", &[("a", &["b"]), ("d", &["e"])]);
        for refused in [
            " a=b",
            "a=b,",
            "a=b]",
            "=b",
            "a=b\"c\"",
            "a=\u{1f600}",
            "a=[[b]]",
            "a b=c",
            "fileb://x",
            "a@=fileb://x",
            "a@=file://no/such/file",
            "[\"a\"]",
            "a=b,\"c\"=d",
        ] {
            assert!(parse(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn files_hold_json_or_shorthand_and_are_named_as_in_a_shell() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let json = write("json", " {\"a\":[\"b\"]}\n");
        reads(&format!("file://{json}"), &[("a", &["b"])]);
        let short = write("short", "a=b,\r\nc=[d,\re]");
        reads(
            &format!("file://{short}"),
            &[("a", &["b"]), ("c", &["d", "e"])],
        );
        let command = write("command", "ls -l\r\npwd\n");
        reads(
            &format!("a@=file://{command},b=c"),
            &[("a", &["ls -l\npwd\n"]), ("b", &["c"])],
        );
        reads(
            &format!("a=file://{command}"),
            &[("a", &[&format!("file://{command}")])],
        );
        // The variables of this test are not set; HOME is.
        assert_eq!(
            expanded("$SSM_REC_NOT_SET/${SSM_REC_NOT_SET}/$/${x"),
            "$SSM_REC_NOT_SET/${SSM_REC_NOT_SET}/$/${x"
        );
        let home = std::env::var("HOME").unwrap();
        assert_eq!(expanded("$HOME/x${HOME}y"), format!("{home}/x{home}y"));
        assert_eq!(expanded("~/x"), format!("{}/x", home.trim_end_matches('/')));
        assert_eq!(expanded("a~/x"), "a~/x");
    }
    proptest::proptest! {
        #[test]
        fn no_text_breaks_it(text in "[ab=,@é \\[\\]{}'\"\\\\\n]{0,40}") {
            let _ = parse(&text);
        }
    }
}
