//! Coordinator and worker as processes of their own: plaintext on loopback, certificates elsewhere.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};

use crate::muster::Muster;
use crate::platform::Target;

const SUITE: &str = r#"muster: v1
suite: health
priority: P1
tests:
  - id: is_well
    steps:
      - http: GET /health
        as: nobody
        status: 200
        check:
          - body.status == "healthy"
"#;

const CERTIFICATES: [&str; 6] = [
    "--tls-cert",
    "one.pem",
    "--tls-key",
    "one.key",
    "--tls-ca",
    "ca.pem",
];

/// A process that is killed when the test ends.
pub(crate) struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // An error says that it has ended already, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a serving verb and gives the first line that it prints.
fn serve(muster: &Muster, words: &[&str]) -> (Process, String) {
    let mut child = muster
        .command()
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("muster starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    (Process(child), line)
}

pub(crate) fn coordinator(muster: &Muster, more: &[&str]) -> (Process, String) {
    let words = ["coordinator", "--listen", "127.0.0.1:0", "--data", "grid"];
    let (process, line) = serve(muster, &[&words, more].concat());
    let address = line
        .trim()
        .rsplit(' ')
        .next()
        .expect("an address")
        .to_owned();
    assert!(address.starts_with("127.0.0.1:"), "{line}");
    (process, address)
}

pub(crate) fn worker(muster: &Muster, address: &str, more: &[&str]) -> Process {
    let words = [
        "worker", "--grid", address, "--region", "here", "--name", "one", "--data", "one",
    ];
    let (process, line) = serve(muster, &[&words, more].concat());
    assert!(line.contains("worker one"), "{line}");
    process
}

fn run(muster: &Muster, target: &Target, address: &str, more: &[&str]) -> crate::muster::Said {
    let words = [
        "run",
        "suites",
        "--env",
        &target.environment,
        "--regions",
        "here",
        "--grid",
        address,
    ];
    muster.call(&[&words, more].concat())
}

#[test]
fn a_run_on_a_grid_is_copied_here_and_listed_there() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/health.yaml", SUITE);
    let (_coordinator, address) = coordinator(&muster, &[]);
    let _worker = worker(&muster, &address, &[]);
    let said = run(&muster, &target, &address, &["--out", "out"]);
    assert_eq!(said.code, 0, "{}", said.all());
    let again = muster.call(&["report", "--format", "json"]);
    assert_eq!(
        again.stdout,
        muster.read("out/report.json"),
        "the copy gives the same report"
    );
    let there = muster.call(&["runs", "--grid", &address]);
    assert_eq!(there.code, 0, "{}", there.all());
    assert!(there.stdout.contains("PASSED"), "{}", there.stdout);
    assert!(
        there.stdout.contains("worker one  here"),
        "{}",
        there.stdout
    );
}

#[test]
fn certificates_of_one_authority_let_everyone_in_and_nobody_else() {
    let target = Target::start(&[]);
    let muster = Muster::new();
    muster.write("suites/health.yaml", SUITE);
    write_certificates(&muster);
    let (_coordinator, address) = coordinator(&muster, &CERTIFICATES);
    let _worker = worker(&muster, &address, &CERTIFICATES);
    let said = run(&muster, &target, &address, &CERTIFICATES);
    assert_eq!(said.code, 0, "{}", said.all());
    let bare = run(&muster, &target, &address, &[]);
    assert_eq!(bare.code, 4, "{}", bare.all());
    let other = Muster::new();
    other.write("suites/health.yaml", SUITE);
    write_certificates(&other);
    let foreign = run(&other, &target, &address, &CERTIFICATES);
    assert_eq!(foreign.code, 4, "{}", foreign.all());
}

#[test]
fn plaintext_never_leaves_loopback() {
    let muster = Muster::new();
    let listening = muster.call(&["coordinator", "--listen", "0.0.0.0:0", "--data", "grid"]);
    assert_eq!(listening.code, 2, "{}", listening.all());
    assert!(
        listening.stderr.contains("--tls-cert"),
        "{}",
        listening.stderr
    );
    let dialling = muster.call(&[
        "worker",
        "--grid",
        "192.0.2.7:9101",
        "--region",
        "r",
        "--name",
        "n",
        "--data",
        "d",
    ]);
    assert_eq!(dialling.code, 2, "{}", dialling.all());
    assert!(
        dialling.stderr.contains("--tls-cert"),
        "{}",
        dialling.stderr
    );
}

#[test]
fn a_data_folder_has_one_holder() {
    let muster = Muster::new();
    let (_coordinator, _address) = coordinator(&muster, &[]);
    let second = muster.call(&["coordinator", "--listen", "127.0.0.1:0", "--data", "grid"]);
    assert_eq!(second.code, 4, "{}", second.all());
    assert!(second.stderr.contains("grid"), "{}", second.stderr);
}

/// An authority, and one certificate for both sides.
fn write_certificates(muster: &Muster) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"))
        .expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    params.extended_key_usages = vec![
        ExtendedKeyUsagePurpose::ServerAuth,
        ExtendedKeyUsagePurpose::ClientAuth,
    ];
    let certificate = params.signed_by(&key, &authority).expect("a certificate");
    muster.write("ca.pem", &authority.pem());
    muster.write("one.pem", &certificate.pem());
    muster.write("one.key", &key.serialize_pem());
}
