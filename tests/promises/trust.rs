//! What an operator may do to files, folders and settings while a session is recorded, and what comes of it: it is found,
//! and nothing is lost.
//!
//! Nothing here looks inside the program.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use loopback::Options;
use loopback::bucket::{self, Bucket};

use super::rig::Rig;

/// Runs a session, does something to its file in the spool in the middle, and gives status and words.
fn session_with(rig: &Rig, meddle: impl FnOnce(&Path)) -> (i32, String) {
    let arguments = ["start", "i-0abc", "--reason", "ticket-42"];
    let mut command = rig.command(&arguments);
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"echo recor''ded\n").unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("recorded") {
        line.clear();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "it ended early");
    }
    // Once something has reached the file.
    let path = loop {
        let file = rig.spooled().into_iter().find(|path| {
            path.extension().is_some_and(|ending| ending == "zst")
                && fs::metadata(path).is_ok_and(|found| found.len() > 100)
        });
        match file {
            Some(path) => break path,
            None => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
    };
    meddle(&path);
    stdin.write_all(b"exit\n").unwrap();
    drop(stdin);
    let rest = std::thread::spawn(move || out.read_to_end(&mut Vec::new()));
    let output = child.wait_with_output().unwrap();
    rest.join().unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), said)
}

/// What became of the session is in the spool, sound, and not in the store.
#[track_caller]
fn check_kept(rig: &Rig, (status, said): (i32, String)) {
    assert_eq!(status, 124, "{said}");
    assert_eq!(rig.files(&rig.store().join("recordings")).len(), 0);
    let all = rig.run(&["verify", "--all"]);
    assert_eq!(all.status(), 0, "{}{}", all.out(), all.err());
    assert!(all.out().contains("  sound"), "{}", all.out());
    let upload = rig.run(&["upload"]);
    assert_eq!(upload.status(), 0, "{}{}", upload.out(), upload.err());
    assert!(rig.recorded().contains("recorded"));
}

#[test]
fn a_file_taken_out_of_the_spool_is_put_back_and_told_of() {
    let rig = Rig::new(Options::quick());
    let told = session_with(&rig, |path| fs::remove_file(path).unwrap());
    assert!(
        told.1.contains("removed while the session ran"),
        "{}",
        told.1
    );
    check_kept(&rig, told);
}

#[test]
fn a_file_in_the_place_of_a_recording_is_not_stored_as_that_recording() {
    let other = Rig::new(Options::quick());
    assert_eq!(other.run_with(&["start", "i-0abc"], b"exit\n").status(), 0);
    for text in [
        fs::read(other.recording()).unwrap(),
        b"no recording".to_vec(),
    ] {
        let rig = Rig::new(Options::quick());
        let told = session_with(&rig, |path| {
            let beside = rig.folder().join("another");
            fs::write(&beside, text).unwrap();
            fs::rename(beside, path).unwrap();
        });
        assert!(told.1.contains("replaced by another"), "{}", told.1);
        check_kept(&rig, told);
    }
}

#[test]
fn a_spool_that_is_gone_or_leads_elsewhere_loses_nothing() {
    let rig = Rig::new(Options::quick());
    let told = session_with(&rig, |_| fs::remove_dir_all(rig.spool()).unwrap());
    check_kept(&rig, told);
    let rig = Rig::new(Options::quick());
    let told = session_with(&rig, |_| {
        let elsewhere = rig.folder().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o700)).unwrap();
        fs::remove_dir_all(rig.spool()).unwrap();
        symlink(elsewhere, rig.spool()).unwrap();
    });
    check_kept(&rig, told);
}

#[test]
fn a_file_changed_in_its_place_is_found_and_never_stored() {
    let change = |path: &Path| {
        use std::io::{Seek, SeekFrom};
        let mut file = fs::File::options().write(true).open(path).unwrap();
        file.seek(SeekFrom::Start(60)).unwrap();
        file.write_all(b"AAAA").unwrap();
    };
    let truncate = |path: &Path| {
        let file = fs::File::options().write(true).open(path).unwrap();
        file.set_len(20).unwrap();
    };
    for meddle in [&change as &dyn Fn(&Path), &truncate] {
        let rig = Rig::new(Options::quick());
        let (status, said) = session_with(&rig, meddle);
        assert_eq!(status, 124, "{said}");
        assert!(said.contains("is not what was recorded"), "{said}");
        assert_eq!(rig.run(&["upload"]).status(), 124, "nor later");
        assert_eq!(rig.files(&rig.store().join("recordings")).len(), 0);
        assert_ne!(rig.run(&["verify", "--all"]).status(), 0);
    }
}

#[test]
fn upload_stores_no_recording_under_another_sessions_name() {
    let rig = Rig::new(Options::quick()).env("SSM_REC_STORE", "s3://recordings/x");
    let rig = rig.env("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9");
    assert_eq!(rig.run_with(&["start", "i-0abc"], b"exit\n").status(), 0);
    let files = rig.spooled();
    let path = files.iter().find(|path| path.ends_with(name(path)));
    let recording = path.into_iter().chain(&files).find(|path| {
        path.extension().is_some_and(|ending| ending == "zst") && !name(path).starts_with('.')
    });
    let to = rig.spool().join("alice-0a1b2c3d4e5f60718.cast.zst");
    fs::rename(recording.unwrap(), &to).unwrap();
    let store = rig.folder().join("directory").display().to_string();
    let run = rig.run(&["upload", "--store", &store]);
    assert_eq!(run.status(), 124, "{}", run.out());
    assert!(
        run.out().contains("lies under another name"),
        "{}",
        run.out()
    );
    assert!(to.exists());
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn open_to_all(rig: &Rig, name: &str, mode: u32) -> PathBuf {
    let folder = rig.folder().join(name);
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    folder
}

#[test]
fn a_spool_or_a_store_that_others_may_write_to_is_refused_before_a_session_starts() {
    for (variable, mode) in [
        ("SSM_REC_SPOOL", 0o777),
        ("SSM_REC_SPOOL", 0o1777),
        ("SSM_REC_STORE", 0o777),
        ("SSM_REC_STORE", 0o703),
    ] {
        let rig = Rig::new(Options::quick());
        let folder = open_to_all(&rig, "open", mode);
        let rig = rig.env(variable, folder.display().to_string());
        let run = rig.run_with(&["start", "i-0abc"], b"exit\n");
        assert_eq!(run.status(), 120, "{variable} {mode:o}: {}", run.err());
        assert!(
            run.err().contains("others may write to it"),
            "{}",
            run.err()
        );
        assert_eq!(rig.service.sessions().len(), 0, "nothing was started");
    }
}

#[test]
fn what_somebody_has_put_beside_a_recording_is_neither_followed_nor_waited_for() {
    // The session's id is not known before, so each of them lies beside a recording that waits.
    let rig = Rig::new(Options::quick()).env("SSM_REC_STORE", "s3://recordings/x");
    let rig = rig.env("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9");
    assert_eq!(rig.run_with(&["start", "i-0abc"], b"exit\n").status(), 0);
    let waiting = rig.spooled().into_iter();
    let recording = waiting
        .map(|path| name(&path))
        .find(|name| !name.starts_with('.'));
    let recording = recording.unwrap();
    let beside = |what: &str| rig.spool().join(format!(".{recording}.{what}"));
    let made = rig.folder().join("made-by-link");
    let store = rig.folder().join("directory").display().to_string();
    let pipe = |path: &Path| {
        let _ = fs::remove_file(path);
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    let upload = || rig.run(&["upload", "--store", &store]);

    let _ = fs::remove_file(beside("lock"));
    symlink(&made, beside("lock")).unwrap();
    let run = upload();
    assert_eq!(run.status(), 124, "{}", run.out());
    assert!(run.out().contains("it is a link"), "{}", run.out());
    assert!(!made.exists());
    pipe(&beside("lock"));
    assert_eq!(upload().status(), 124);
    fs::remove_file(beside("lock")).unwrap();

    pipe(&beside("failure"));
    pipe(&beside("upload"));
    let run = upload();
    assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
}

#[test]
fn links_and_pipes_in_a_store_are_told_of_and_nobody_waits_for_them() {
    let rig = Rig::new(Options::quick());
    let recordings = rig.store().join("recordings");
    fs::create_dir_all(&recordings).unwrap();
    symlink("/etc/passwd", recordings.join("x.cast.zst")).unwrap();
    symlink("/dev/zero", recordings.join("z.cast.zst")).unwrap();
    symlink(rig.store(), recordings.join("loop")).unwrap();
    let pipe = recordings.join("p.cast.zst");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let list = rig.run(&["list"]);
    assert_eq!(list.status(), 4, "{}", list.err());
    let verify = rig.run(&["verify", "--all"]);
    assert_ne!(verify.status(), 0, "{}", verify.out());
    for name in ["x  ", "z  ", "p  "] {
        assert!(verify.out().contains(name), "{}", verify.out());
    }
}

/// A policy that fixes the store to `s3://recordings/fleet`, and more.
fn fixed(bucket: &Bucket, more: &str) -> Rig {
    let rig = Rig::with_bucket(bucket.endpoint());
    let path = rig.folder().join("organisation.toml");
    fs::write(
        &path,
        format!("{more}[policy]\nstore = 's3://recordings/fleet'\n"),
    )
    .unwrap();
    rig.without("AWS_ENDPOINT_URL_S3")
        .env("SSM_REC_ORG_CONFIG", path.display().to_string())
}

#[test]
fn no_setting_leads_a_store_that_policy_fixes_to_another_server() {
    let theirs = Bucket::start(bucket::Options::default()).unwrap();
    let mine = Bucket::start(bucket::Options::default()).unwrap();
    let theirs_in_file = format!("[upload]\nendpoint_url = '{}'\n", theirs.endpoint());
    let endpoint = mine.endpoint();
    let profiles = [
        format!("[default]\nendpoint_url = {endpoint}\n"),
        format!("[default]\nservices = mine\n[services mine]\ns3 =\n  endpoint_url = {endpoint}\n"),
    ];
    let mut stored = 0;
    for more in ["", &theirs_in_file] {
        for way in 0..5 {
            let rig = fixed(&theirs, more);
            let person = rig.folder().join("person.toml");
            fs::write(&person, format!("[upload]\nendpoint_url = '{endpoint}'\n")).unwrap();
            fs::write(rig.folder().join("aws-config"), &profiles[way % 2]).unwrap();
            let rig = match way {
                0 | 1 => rig,
                2 => rig.env("SSM_REC_CONFIG", person.display().to_string()),
                3 => rig.env("SSM_REC_UPLOAD_ENDPOINT_URL", &endpoint),
                _ => rig.env("AWS_ENDPOINT_URL_S3", &endpoint),
            };
            let run = rig.run_with(&["start", "i-0abc"], b"exit\n");
            assert_eq!(run.status(), 0, "{}", run.err());
            assert_eq!(mine.objects().len(), 0, "way {way}: {}", run.err());
            stored += usize::from(!more.is_empty());
            assert_eq!(theirs.objects().len(), 4 * stored, "{}", run.err());
        }
    }
    let rig = fixed(&theirs, "");
    let run = rig.run(&["upload", "--endpoint-url", &endpoint]);
    assert_eq!(run.status(), 2, "{}", run.err());
    assert!(
        run.err().contains("fixed by the organisation's policy"),
        "{}",
        run.err()
    );
}

#[test]
fn a_session_that_ends_in_silence_has_lasted_as_long_as_it_did() {
    let rig = Rig::new(Options::quick());
    let run = rig.run_with(&["start", "i-0abc"], b"stty -echo; sleep 2\nexit\n");
    assert_eq!(run.status(), 0, "{}", run.err());
    let manifest = rig.manifest();
    assert!(
        manifest.duration_us >= 2_000_000,
        "{}",
        manifest.duration_us
    );
    let time = |text: &Option<String>| chrono_like(text.as_deref().unwrap());
    let lasted = time(&manifest.ended_at) - time(&manifest.started_at);
    let told = manifest.duration_us as f64 / 1e6;
    assert!((lasted - told).abs() < 0.1, "{lasted} {told}");
}

/// Seconds of the day.
fn chrono_like(text: &str) -> f64 {
    let time = text.split('T').nth(1).unwrap().trim_end_matches('Z');
    time.split(':')
        .fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap())
}

#[test]
fn the_user_is_the_one_that_the_machine_knows_whatever_the_environment_says() {
    let rig = Rig::new(Options::quick())
        .env("LOGNAME", "mallory")
        .env("USER", "mallory");
    assert_eq!(rig.run_with(&["start", "i-0abc"], b"exit\n").status(), 0);
    let user = rig.manifest().user.unwrap();
    let id = |flag: &str| {
        let output = std::process::Command::new("id").arg(flag).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let name = std::process::Command::new("id")
        .arg("-un")
        .output()
        .unwrap();
    match name.status.success() {
        true => assert_eq!(user, format!("{} ({})", id("-un"), id("-u"))),
        false => assert_eq!(user, format!("user {}", id("-u"))),
    }
}

#[test]
fn a_session_handed_over_without_its_target_says_so_and_finds_it_where_it_can() {
    let rig = Rig::new(Options::quick());
    let started =
        super::plugin::call(&rig, &serde_json::json!({ "Target": "i-0found" })).to_string();
    let endpoint = rig.service.endpoint();
    let arguments = [
        "plugin",
        &started,
        "eu-central-1",
        "StartSession",
        "",
        "",
        &endpoint,
    ];
    let run = rig.run_with(&arguments, b"exit\n");
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(rig.manifest().target, "i-0found");
    assert!(rig.recorded().contains("handed over without its target"));
}
