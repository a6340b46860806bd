//! Ansible with its `aws_ssm` connection over our link: a plugin of Ansible's own calls us as the AWS CLI does, types
//! commands at a shell, waits for their lines, and takes a byte on stderr for a failure.
//!
//! Nothing here looks inside either program. Files go through a bucket, as that connection has them: curl at the target
//! fetches what was signed for it.

use loopback::Options;
use loopback::bucket::{self, ACCESS_KEY, Bucket, SECRET_KEY};

use super::rig::{Rig, Run};
use super::{path_with, program};

const PLAYBOOK: &str = r#"
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.setup:
        gather_subset: min
    - ansible.builtin.assert:
        that:
          - ansible_facts.system == "Linux"
          - ansible_facts.python.version.major == 3
    - ansible.builtin.shell: echo out; echo an error >&2; printf 'caf\303\251'
      register: said
    - ansible.builtin.assert:
        that:
          - said.rc == 0
          - said.stdout_lines == ["out", "café"]
          - said.stderr == "an error"
    - ansible.builtin.shell: exit 7
      register: failed
      failed_when: failed.rc != 7
    - ansible.builtin.shell: seq 1 20000 | sed 's/^/a line that is much like the others /'
      register: much
    - ansible.builtin.assert:
        that: much.stdout_lines | length == 20000
    - ansible.builtin.copy:
        content: "{{ 'one of many lines\n' * 3000 }}"
        dest: "{{ folder }}/copied"
        mode: "0600"
    - ansible.builtin.stat:
        path: "{{ folder }}/copied"
      register: copied
    - ansible.builtin.assert:
        that: copied.stat.size == 54000
    - ansible.builtin.fetch:
        src: "{{ folder }}/copied"
        dest: "{{ folder }}/fetched"
        flat: true
"#;

#[test]
#[ignore = "needs ansible; .ci/run brings it"]
fn a_playbook_runs_over_our_plugin_and_is_recorded() {
    let bucket = Bucket::start(bucket::Options {
        name: "transfers".to_owned(),
        lenient: true,
        ..bucket::Options::default()
    })
    .unwrap();
    let home = tempfile::tempdir().unwrap();
    let rig = Rig::new(Options {
        directory: Some(home.path().to_owned()),
        ..Options::quick()
    });
    let bin = rig.folder().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let rig = rig
        .env("PATH", path_with(&bin))
        .env("AWS_ENDPOINT_URL_S3", bucket.endpoint())
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
        // The bucket reads no checksums that stand behind a body.
        .env("AWS_REQUEST_CHECKSUM_CALCULATION", "when_required")
        .env("ANSIBLE_NOCOLOR", "1")
        .env(
            "ANSIBLE_HOME",
            home.path().join("ansible").display().to_string(),
        )
        .env("SSM_REC_REASON", "ticket-42");
    let run = rig.run(&["plugin", "install", "--dir", &bin.display().to_string()]);
    assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());

    let inventory = format!(
        "i-0abc\n\n[all:vars]\n\
         ansible_connection=amazon.aws.aws_ssm\n\
         ansible_aws_ssm_plugin={}/session-manager-plugin\n\
         ansible_aws_ssm_region=eu-central-1\n\
         ansible_aws_ssm_bucket_name=transfers\n\
         ansible_aws_ssm_bucket_endpoint_url={}\n\
         ansible_aws_ssm_s3_addressing_style=path\n\
         ansible_aws_ssm_timeout=60\n\
         ansible_python_interpreter={}\n\
         folder={}\n",
        bin.display(),
        bucket.endpoint(),
        program("python3").display(),
        home.path().display(),
    );
    let files = [
        ("inventory.ini", inventory.as_str()),
        ("site.yml", PLAYBOOK),
    ];
    for (name, text) in files {
        std::fs::write(home.path().join(name), text).unwrap();
    }
    let path = |name: &str| home.path().join(name).display().to_string();
    let arguments = ["-i", &path("inventory.ini"), &path("site.yml")];
    let output = rig
        .command_of(&program("ansible-playbook"), &arguments)
        .output()
        .unwrap();
    let run = Run(output);
    assert_eq!(run.status(), 0, "{}\n{}", run.out(), run.err());
    assert!(run.out().contains("unreachable=0"), "{}", run.out());
    assert!(run.out().contains("failed=0"), "{}", run.out());
    let fetched = std::fs::read_to_string(home.path().join("fetched")).unwrap();
    assert_eq!(fetched, "one of many lines\n".repeat(3000));

    let recordings = rig.files(&rig.store().join("recordings"));
    assert_eq!(recordings.len(), rig.service.sessions().len());
    assert!(!recordings.is_empty());
    for recording in recordings {
        let run = rig.run(&["verify", &recording.display().to_string()]);
        assert_eq!(run.status(), 0, "{}{}", run.out(), run.err());
    }
    let session = &rig.service.sessions()[0];
    assert!(session.ended.is_some(), "nothing is left open");
}
