//! `--parameters` as the AWS CLI takes it: many texts, given to both; the same request leaves, or none.
//!
//! What is right is nowhere written down here: the AWS CLI itself is asked, with all that stands between its command line
//! and the wire.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::thread;

use loopback::Options;
use serde_json::{Value, json};

use super::rig::Rig;

/// The AWS CLI's own way from arguments to request, text by text in one process: a process for each takes minutes.
const DRIVER: &str = r#"
import contextlib, io, json, sys
from awscli.clidriver import create_clidriver
for n, text in enumerate(json.load(sys.stdin)):
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        try:
            create_clidriver().main(["ssm", "start-session", "--target", "i-theirs", "--reason", f"n{n}",
                                     "--endpoint-url", sys.argv[1], "--parameters=" + text])
        except (Exception, SystemExit):
            pass
"#;

/// Parameters by target and reason, as they arrive.
type Asked = Arc<Mutex<BTreeMap<(String, String), Value>>>;

/// Takes note of what StartSession is asked, and refuses it.
fn service() -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Asked::default();
    let noted = Arc::clone(&asked);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                let (name, value) = line.split_once(':').unwrap_or_default();
                if name.eq_ignore_ascii_case("content-length") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            if reader.read_exact(&mut body).is_err() {
                continue;
            }
            if let Ok(body) = serde_json::from_slice::<Value>(&body) {
                let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
                // No parameters and an empty map of them ask the same.
                let parameters = match &body["Parameters"] {
                    Value::Null => json!({}),
                    parameters => parameters.clone(),
                };
                let key = (text("Target"), text("Reason"));
                noted.lock().unwrap().insert(key, parameters);
            }
            let answer = r#"{"__type":"InvalidParameters","message":"noted"}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{answer}",
                answer.len()
            );
        }
    });
    (address, asked)
}

/// A generator that gives the same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit as u64) as usize
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Texts that are parameters, nearly are, or are none.
fn texts(folder: &str) -> Vec<String> {
    const NAMES: [&str; 12] = [
        "command",
        "portNumber",
        "host",
        "a",
        "b",
        "a.b",
        "x-y_z",
        "n:1/2#",
        "",
        "a b",
        "é",
        " a",
    ];
    const VALUES: [&str; 44] = [
        "ls",
        "80",
        "ls -l /tmp",
        "x=y",
        "a,b",
        r"a\,b",
        r"\,",
        r"C:\dir\x",
        r"a\b\\c",
        "\"a, b\"",
        "'a, b'",
        r#""say \"hi\"""#,
        r"'it\'s'",
        r#"'say "hi"'"#,
        r#""it's""#,
        r#""back\\slash""#,
        r#""end\\""#,
        r#""open"#,
        "'open",
        r"'open\'",
        r#""a"b"#,
        "a\"b\"",
        "[a,b]",
        "[ a , b ]",
        "[\"a,b\",'c']",
        "[]",
        "[a,]",
        "[,a]",
        "[a",
        "a]",
        "[a b]",
        "[a]b",
        "[[a]]",
        "{a=b}",
        "{a",
        "é ü",
        "\u{1f600}",
        "a\nb",
        "\ttab",
        "",
        " ",
        "a;b|c&d$e",
        "<x>",
        "(1+2)*3%~^`",
    ];
    const EQUALS: [&str; 8] = ["=", "=", "=", "=", " = ", "@=", "==", ""];
    const COMMAS: [&str; 7] = [",", ",", ",", ", ", " ,", ",,", " "];
    const JSON: [&str; 22] = [
        "{}",
        r#"{"a":["b"]}"#,
        r#" {"a":["b","c"]} "#,
        r#"{"a":"b"}"#,
        r#"{"a":[]}"#,
        r#"{"a":[""]}"#,
        r#"{"":["a"]}"#,
        r#"{"a":null}"#,
        r#"{"a":[null]}"#,
        r#"{"a":[1]}"#,
        r#"{"a":1}"#,
        r#"{"a":{"b":"c"}}"#,
        r#"{"a":["b"],"a":["c"]}"#,
        r#"{"a":["b"]"#,
        r#"{"a":["b"],}"#,
        r#"{'a':['b']}"#,
        r#"["a"]"#,
        r#"[{"a":["b"]}]"#,
        r#"{"a":["\u00e9\n\t\\\""]}"#,
        r#"{"a":["😀"]}"#,
        r#"{"a":["b"]} x"#,
        "\u{a0}{\"a\":[\"b\"]}",
    ];
    let files = [
        "json",
        "short",
        "list",
        "text",
        "empty",
        "latin",
        "gone",
        "crlf",
        "$PARAMETERS_FILE",
        "${PARAMETERS_FILE}",
        "$PARAMETERS_NOT_SET",
    ];
    let mut texts: Vec<String> = JSON.map(str::to_owned).into();
    for file in files {
        texts.push(format!("file://{folder}/{file}"));
        texts.push(format!("a@=file://{folder}/{file}"));
        texts.push(format!("a=b,c@=file://{folder}/{file},d"));
        texts.push(format!("a=file://{folder}/{file}"));
        texts.push(format!("a@=x,file://{folder}/{file},c=d"));
        texts.push(format!("a@=['file://{folder}/{file}',x]"));
    }
    for text in [
        "file://~/json",
        "fileb://~/json",
        "a@=fileb://~/json",
        "a@=file://~/text",
        "a@=file://~",
        "file://",
        "a@=",
        "@=b",
        "a=1,a=2",
        "a=1,b=2,a=3",
        "a=b,c,d=e,f",
        r"a=b,c\,d=e",
        "a=b,'x,y=1'z",
        "a=b,'x,y=1,k=2'=3",
        "a=b,c,",
        "a=,b=c",
        "a=b , c = d",
        "\na=b",
        "a=b\n",
        "a=[b]\n",
        "a=[b] , c=d",
        "=",
        ",",
        "a",
        "a=[b],c",
        "",
        " ",
        "a=b,c\"d\"",
        "a=b c=d",
        "portNumber=80,localPortNumber=0",
        "portNumber=[\"80\"],host=[\"db.internal\"]",
        "command=\"echo a=b, c\"",
        "command='ps | grep \"x\"'",
        "a=b\u{a0}",
        "a=\u{a0}b",
        "a=\u{85}",
        "a=b\u{1c}",
        "a=\u{7f}",
        "a=b\u{1}",
        "a=b\u{2003}c",
        "a=}b",
        "a=b}c",
        "a=b,}c",
        "a=b,]c",
    ] {
        texts.push(text.to_owned());
    }
    let mut random = Random(20_261_125);
    while texts.len() < 500 {
        let mut text = String::new();
        for at in 0..=random.below(3) {
            if at > 0 {
                text.push_str(random.one(&COMMAS));
            }
            // Mostly good ones: what is refused at its beginning tells nothing of the rest.
            let names = if random.below(4) == 0 {
                &NAMES[..]
            } else {
                &NAMES[..8]
            };
            text.push_str(random.one(names));
            text.push_str(random.one(&EQUALS));
            text.push_str(random.one(&VALUES));
            if random.below(3) == 0 {
                text.push_str(random.one(&COMMAS));
                text.push_str(random.one(&VALUES));
            }
        }
        texts.push(text);
    }
    texts
}

#[test]
#[ignore = "needs aws; .ci/run brings it"]
fn parameters_ask_what_they_ask_of_the_aws_cli_or_are_refused_by_both() {
    let rig = Rig::new(Options::quick())
        .env("AWS_DEFAULT_REGION", "eu-central-1")
        .env("PARAMETERS_FILE", "json");
    let folder = rig.folder().display().to_string();
    let (address, asked) = service();
    for (name, content) in [
        ("json", &b" {\"a\":[\"b\"]}\n"[..]),
        ("short", b"a=b,c=[d, e]"),
        ("list", b"a=[b]\n"),
        ("text", b"echo one, two=three\n"),
        ("empty", b""),
        ("latin", b"a=\xe9"),
        ("crlf", b"a=b,\r\nc=d\re\r\n"),
    ] {
        std::fs::write(rig.folder().join(name), content).unwrap();
    }
    let texts = texts(&folder);
    let mut theirs = rig
        .command_of("python3".as_ref(), &["-c", DRIVER, &address])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let given = serde_json::to_vec(&texts).unwrap();
    theirs.stdin.take().unwrap().write_all(&given).unwrap();
    for (n, text) in texts.iter().enumerate() {
        let (reason, parameters) = (format!("n{n}"), format!("--parameters={text}"));
        let run = rig.run(&[
            "start",
            "i-ours",
            "--reason",
            &reason,
            "--endpoint-url",
            &address,
            &parameters,
        ]);
        assert!(matches!(run.status(), 2 | 121), "{text:?}: {}", run.err());
    }
    assert!(theirs.wait().unwrap().success());
    let asked = asked.lock().unwrap();
    let mut differ = Vec::new();
    let mut both = 0;
    for (n, text) in texts.iter().enumerate() {
        let of = |target: &str| asked.get(&(target.to_owned(), format!("n{n}")));
        both += usize::from(of("i-theirs").is_some());
        if of("i-theirs") != of("i-ours") {
            differ.push(format!(
                "{text:?}: theirs {:?}, ours {:?}",
                of("i-theirs"),
                of("i-ours")
            ));
        }
    }
    assert!(
        differ.is_empty(),
        "{} of {}:\n{}",
        differ.len(),
        texts.len(),
        differ.join("\n")
    );
    // Neither all nor none: else nothing would have been compared.
    assert!(
        (100..400).contains(&both),
        "{both} of {} were taken",
        texts.len()
    );
}

#[test]
#[ignore = "needs aws; .ci/run brings it"]
fn parameters_ask_the_same_of_the_aws_cli_s_own_command() {
    let rig = Rig::new(Options::quick()).env("AWS_DEFAULT_REGION", "eu-central-1");
    let (address, asked) = service();
    let aws = super::program("aws");
    for (n, text) in [
        "portNumber=80,localPortNumber=0",
        r#"command="echo \"a, b\"",b=x\,y,z"#,
        r#"{"command":["ls -l"]}"#,
        "a=b,c=[d, 'e f']",
        "a=b,",
        "a={b=c}",
    ]
    .iter()
    .enumerate()
    {
        let (reason, parameters) = (format!("n{n}"), format!("--parameters={text}"));
        let options = ["--reason", &reason, "--endpoint-url", &address, &parameters];
        let theirs = ["ssm", "start-session", "--target", "i-theirs"];
        let theirs = [&theirs[..], &options[..]].concat();
        rig.command_of(&aws, &theirs).output().unwrap();
        rig.run(&[&["start", "i-ours"][..], &options[..]].concat());
        let asked = asked.lock().unwrap();
        let of = |target: &str| asked.get(&(target.to_owned(), reason.clone()));
        assert_eq!(of("i-theirs"), of("i-ours"), "{text:?}");
        assert_eq!(of("i-ours").is_some(), n < 4, "{text:?}");
    }
}
