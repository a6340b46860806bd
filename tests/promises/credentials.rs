//! Where credentials come from, each source against a service that answers with keys of its own name.
//!
//! What is asserted is the key that the calls were signed with, not what the program says about it.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use loopback::connect_proxy::{self, ConnectProxy};
use loopback::{MFA_CODE, Options, SSO_TOKEN, Tls};
use sha1::{Digest, Sha1};

use super::rig::{Rig, Run};

const COMMAND: [&str; 3] = ["--", "echo", "arrived"];

/// Without keys in the environment.
fn rig(config: &str) -> Rig {
    let rig = Rig::new(Options::quick())
        .without("AWS_ACCESS_KEY_ID")
        .without("AWS_SECRET_ACCESS_KEY");
    std::fs::write(rig.folder().join("aws-config"), config).unwrap();
    rig
}

fn start(rig: &Rig, arguments: &[&str]) -> Run {
    rig.run(&[&["start", "i-0abc"], arguments, &COMMAND].concat())
}

/// The access key that StartSession was signed with.
fn started_with(rig: &Rig) -> Option<String> {
    let calls = rig.service.calls();
    let call = calls.iter().find(|call| call.operation == "StartSession")?;
    call.key.clone()
}

fn arrived_with(rig: &Rig, run: &Run, key: &str) {
    assert_eq!(run.status(), 0, "{}", run.err());
    assert_eq!(run.out(), "arrived\n");
    assert_eq!(started_with(rig).as_deref(), Some(key));
}

const MFA_PROFILE: &str = "\
[profile ops]
role_arn = arn:aws:iam::123456789012:role/ops-mfa
mfa_serial = arn:aws:iam::123456789012:mfa/ada
source_profile = keys
[profile keys]
aws_access_key_id = AKIALONG
aws_secret_access_key = secret
";

fn cache(rig: &Rig) -> Vec<PathBuf> {
    rig.files(&rig.folder().join(".aws/cli/cache"))
}

#[test]
fn the_mfa_code_of_a_role_is_asked_at_the_terminal_once_for_as_long_as_it_lasts() {
    let rig = rig(MFA_PROFILE);
    let arguments = ["start", "i-0abc", "--profile", "ops"];
    let mut terminal = rig.terminal(&arguments);
    terminal.wait_for("MFA code for arn:aws:iam::123456789012:mfa/ada: ");
    terminal.type_keys("654321\r");
    terminal.wait_for("that code was not accepted; MFA code for ");
    terminal.type_keys(format!("9\x7f{MFA_CODE}\r"));
    terminal.wait_for("is being recorded to");
    terminal.wait_for("$ ");
    terminal.type_keys("exit\r");
    assert_eq!(terminal.wait(), 0);
    assert!(terminal.is_cooked());
    let shown = String::from_utf8_lossy(&terminal.shown()).into_owned();
    assert!(
        !shown.contains(MFA_CODE) && !shown.contains("654321"),
        "{shown}"
    );
    assert_eq!(started_with(&rig).as_deref(), Some("ASIAROLEops-mfa"));
    let kept = cache(&rig);
    assert_eq!(kept.len(), 1, "{kept:?}");
    let mode = std::fs::metadata(&kept[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let asked = rig
        .service
        .calls()
        .iter()
        .filter(|call| call.operation == "AssumeRole")
        .count();
    let run = start(&rig, &["--profile", "ops"]);
    arrived_with(&rig, &run, "ASIAROLEops-mfa");
    let again = rig
        .service
        .calls()
        .iter()
        .filter(|call| call.operation == "AssumeRole")
        .count();
    assert_eq!(asked, again, "what is kept is enough");
}

#[test]
fn an_mfa_question_that_is_not_answered_starts_nothing() {
    let rig = rig(MFA_PROFILE);
    let mut terminal = rig.terminal(&["start", "i-0abc", "--profile", "ops"]);
    terminal.wait_for("MFA code for ");
    terminal.type_keys("12\x04");
    terminal.wait_for("no MFA code for \"arn:aws:iam::123456789012:mfa/ada\": no answer was given");
    assert_eq!(terminal.wait(), 121);
    assert!(terminal.is_cooked());

    let mut terminal = rig.terminal(&["start", "i-0abc", "--profile", "ops"]);
    terminal.wait_for("MFA code for ");
    terminal.type_keys("12\x03");
    assert_eq!(terminal.wait(), 130);
    assert!(terminal.is_cooked());
    assert_eq!(rig.service.sessions().len(), 0);
}

#[test]
#[expect(
    unsafe_code,
    reason = "a child without a terminal has to be made before it runs"
)]
fn without_a_terminal_the_mfa_code_is_not_taken_from_stdin() {
    use std::os::unix::process::CommandExt;
    let rig = rig(MFA_PROFILE);
    let mut command = rig.command(&["start", "i-0abc", "--profile", "ops"]);
    let input = rig.folder().join("input");
    std::fs::write(&input, format!("{MFA_CODE}\n")).unwrap();
    command.stdin(Stdio::from(std::fs::File::open(&input).unwrap()));
    // SAFETY: setsid is one system call and touches no memory.
    unsafe {
        command.pre_exec(|| {
            rustix::process::setsid()?;
            Ok(())
        });
    }
    let run = Run(command.output().unwrap());
    assert!(
        run.err().contains(
            "no MFA code for \"arn:aws:iam::123456789012:mfa/ada\": there is no terminal to ask at"
        ),
        "{}",
        run.err()
    );
    assert!(run.err().contains("hint: "), "{}", run.err());
    assert_eq!(run.status(), 121);
}

#[test]
fn under_the_plugins_name_the_credentials_that_the_aws_cli_kept_are_used_and_nobody_is_asked() {
    let rig = rig(MFA_PROFILE);
    let kept = "{\"RoleArn\": \"arn:aws:iam::123456789012:role/ops-mfa\", \"SerialNumber\": \"arn:aws:iam::123456789012:mfa/ada\"}";
    let folder = rig.folder().join(".aws/cli/cache");
    std::fs::create_dir_all(&folder).unwrap();
    // As the AWS CLI writes it.
    let text = "{\"Credentials\": {\"AccessKeyId\": \"ASIAROLEkept\", \"SecretAccessKey\": \"s\", \"SessionToken\": \"t\", \"Expiration\": \"2099-01-01T00:00:00UTC\", \"AccountId\": \"123456789012\"}, \"AssumedRoleUser\": {\"AssumedRoleId\": \"AROA:x\", \"Arn\": \"arn\"}, \"ResponseMetadata\": {}}";
    std::fs::write(folder.join(format!("{}.json", hex(kept))), text).unwrap();
    let run = start(&rig, &["--profile", "ops"]);
    arrived_with(&rig, &run, "ASIAROLEkept");
}

fn hex(text: &str) -> String {
    Sha1::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[test]
fn roles_are_assumed_one_after_the_other() {
    let rig = rig(
        "[profile last]\nrole_arn = arn:aws:iam::1:role/last\nsource_profile = first\nduration_seconds = 1800\n\
         [profile first]\nrole_arn = arn:aws:iam::1:role/first\nsource_profile = keys\n\
         [profile keys]\naws_access_key_id = AKIALONG\naws_secret_access_key = s\n",
    );
    let run = start(&rig, &["--profile", "last"]);
    arrived_with(&rig, &run, "ASIAROLElast");
    let with: Vec<_> = rig
        .service
        .calls()
        .into_iter()
        .filter(|call| call.operation == "AssumeRole")
        .map(|call| call.key.unwrap())
        .collect();
    assert_eq!(with, ["AKIALONG", "ASIAROLEfirst"]);
}

#[test]
fn a_profile_that_is_named_goes_before_keys_in_the_environment() {
    let rig = rig("[profile plain]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n")
        .env("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
        .env("AWS_SECRET_ACCESS_KEY", "s");
    let run = start(&rig, &["--profile", "plain"]);
    arrived_with(&rig, &run, "AKIAPROFILE");
}

#[test]
fn a_process_a_container_and_an_instance_give_credentials() {
    let process = rig("");
    let answer = process.folder().join("answer.json");
    std::fs::write(
        &answer,
        "{\"Version\": 1, \"AccessKeyId\": \"AKIAPROCESS\", \"SecretAccessKey\": \"s\"}",
    )
    .unwrap();
    let config = format!(
        "[profile tool]\ncredential_process = cat {}\n",
        answer.display()
    );
    std::fs::write(process.folder().join("aws-config"), config).unwrap();
    let process = process.env("AWS_PROFILE", "tool");
    let run = start(&process, &[]);
    arrived_with(&process, &run, "AKIAPROCESS");

    let container = rig("");
    let uri = format!("{}/container", container.service.endpoint());
    let container = container.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri);
    let run = start(&container, &[]);
    arrived_with(&container, &run, "ASIACONTAINER");

    let instance = rig("");
    let endpoint = instance.service.endpoint();
    let instance = instance
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", endpoint)
        .env("AWS_EC2_METADATA_DISABLED", "false");
    let run = start(&instance, &[]);
    arrived_with(&instance, &run, "ASIAINSTANCE");
}

#[test]
fn a_sign_in_by_sso_is_used_and_a_missing_one_is_told() {
    let rig = Rig::new(Options {
        tls: Tls::Everywhere,
        certificate_names: vec![
            "127.0.0.1".to_owned(),
            "portal.sso.eu-central-1.amazonaws.com".to_owned(),
        ],
        ..Options::quick()
    })
    .without("AWS_ACCESS_KEY_ID");
    let proxy =
        ConnectProxy::start(rig.service.address(), connect_proxy::Options::default()).unwrap();
    let authority = rig.folder().join("ca.pem");
    std::fs::write(&authority, rig.service.authority_pem().unwrap()).unwrap();
    let config = "[profile corp]\nsso_session = corp\nsso_account_id = 123456789012\nsso_role_name = ops\nregion = eu-central-1\n\
        [sso-session corp]\nsso_region = eu-central-1\nsso_start_url = https://corp.awsapps.com/start\n";
    std::fs::write(rig.folder().join("aws-config"), config).unwrap();
    let rig = rig
        .env("HTTPS_PROXY", format!("http://{}", proxy.place()))
        .env("AWS_CA_BUNDLE", authority.display().to_string())
        .env("AWS_PROFILE", "corp");

    let run = start(&rig, &[]);
    assert_eq!(run.status(), 121, "{}", run.err());
    assert!(
        run.err().contains("no usable AWS credentials"),
        "{}",
        run.err()
    );
    assert!(
        run.err().contains("hint: sign in again: aws sso login"),
        "{}",
        run.err()
    );

    let folder = rig.folder().join(".aws/sso/cache");
    std::fs::create_dir_all(&folder).unwrap();
    let token = format!(
        "{{\"accessToken\": \"{SSO_TOKEN}\", \"expiresAt\": \"2099-01-01T00:00:00Z\", \"region\": \"eu-central-1\", \"startUrl\": \"https://corp.awsapps.com/start\"}}"
    );
    std::fs::write(folder.join(format!("{}.json", hex("corp"))), token).unwrap();
    let run = start(&rig, &[]);
    arrived_with(&rig, &run, "ASIASSO");
}

#[test]
fn endpoints_are_taken_from_the_service_s_own_variable_and_from_a_services_section() {
    let own = Rig::new(Options::quick()).without("AWS_ENDPOINT_URL");
    let endpoint = own.service.endpoint();
    let own = own
        .env("AWS_ENDPOINT_URL_SSM", endpoint.clone())
        .env("AWS_ENDPOINT_URL_STS", endpoint);
    let run = start(&own, &[]);
    arrived_with(&own, &run, "test");

    let section = Rig::new(Options::quick()).without("AWS_ENDPOINT_URL");
    let endpoint = section.service.endpoint();
    let config = format!(
        "[default]\nservices = here\n[services here]\nssm =\n  endpoint_url = {endpoint}\nsts =\n  endpoint_url = {endpoint}\n"
    );
    std::fs::write(section.folder().join("aws-config"), config).unwrap();
    let run = start(&section, &[]);
    arrived_with(&section, &run, "test");
}
