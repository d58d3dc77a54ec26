//! Good bytes to begin with: the repository's own suites, and one of everything that is sent or
//! stored. Damaged files that once broke a promise lie in `regressions/`, by target.

mod encoded;

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use encoded::{
    coordinator_frames, plan, rechecked, result, run_events, stored, worker_frames,
};

const ENVIRONMENT: &str = "muster: v1\nenvironment: loop\nservices:\n  api: \"http://127.0.0.1:80\"\nallow:\n  - \"127.0.0.1:80\"\nregions: [here]\n";
const SUITE: &str = "muster: v1\nsuite: s\npriority: P1\ntests:\n  - id: t\n    steps:\n      - http: GET /health\n        as: nobody\n        check:\n          - body.status == \"ok\"\n  - id: u\n    steps:\n      - http: GET /health\n        as: nobody\n        status: 200\n";

/// The root of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Inputs that once broke a promise of a target.
pub fn regressions(target: &str) -> Vec<Vec<u8>> {
    read_all(&root().join("fuzz/regressions").join(target), "")
}

/// The files of a folder, by name, so that a seed keeps its place.
fn read_all(folder: &Path, ending: &str) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.to_string_lossy().ends_with(ending))
        .collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| fs::read(path).ok())
        .collect()
}

/// Pieces of documentation between fences of YAML.
fn documented() -> Vec<String> {
    let text = fs::read_to_string(root().join("docs/suite-format.md")).unwrap_or_default();
    let blocks = text.split("```yaml\n").skip(1);
    blocks
        .filter_map(|block| block.split("```").next())
        .map(str::to_owned)
        .collect()
}

pub(crate) fn suites() -> Vec<Vec<u8>> {
    let mut seeds = vec![SUITE.as_bytes().to_vec()];
    seeds.extend(documented().into_iter().map(String::into_bytes));
    for folder in ["suites", "examples/smoke", "shared/suite/tests/it/files"] {
        seeds.extend(read_all(&root().join(folder), ".yaml"));
    }
    seeds
}

pub(crate) fn environments() -> Vec<Vec<u8>> {
    let mut seeds = vec![ENVIRONMENT.as_bytes().to_vec()];
    seeds.extend(read_all(&root().join("examples/smoke"), "staging.yaml"));
    let of_documents = documented().into_iter();
    seeds.extend(
        of_documents
            .filter(|text| text.contains("allow:") || text.contains("services:"))
            .map(String::into_bytes),
    );
    seeds
}

pub(crate) fn other_files() -> Vec<Vec<u8>> {
    let root = root();
    let files = [
        (0, "shared/suite/src/gate_release.yaml"),
        (1, "suites/value.yaml"),
        (3, "suites/muster.lock"),
    ];
    let mut seeds = vec![b"\x02muster: v1\nenvironment: staging.yaml\n".to_vec()];
    for (kind, path) in files {
        let text = fs::read(root.join(path)).unwrap_or_default();
        seeds.push([&[kind], text.as_slice()].concat());
    }
    seeds
}

const JSON: &str =
    r#"{"a":[1,2.5,-3],"text":"ünder","id":"u1","list":[{"n":1},{"n":2}],"t":true,"z":null}"#;

pub(crate) fn expressions() -> Vec<Vec<u8>> {
    let sources = [
        "body.a.size() == 3 && body.list.all(one, one.n > 0)",
        "body.list.filter(one, one.n > 1).map(one, one.n * 2)[0]",
        "secret + body.text",
        "body.text.matches('^[a-z]+$') || body.text.contains(\"der\")",
        "has(body.z) ? body.t : string(body.a[1]) + '!'",
        "messages.exists_one(m, m.type == 'b') && min(body.a) < max(body.a)",
        "json(secret).size() > 2 && base64(secret) != hex(sha256(secret))",
        "{'k': secret, secret: 1}",
        "range(5).map(i, i * i) == [0, 1, 4, 9, 16]",
        "int(body.a[0]) % 2 == 1 ? duration('1s') : duration('2m')",
        "join(messages.map(m, m.type), ',')",
        "deltas([1, 4, 9])",
    ];
    let with_body = |source: &str| format!("{source}\n---\n{JSON}").into_bytes();
    let mut seeds: Vec<_> = sources.iter().map(|source| with_body(source)).collect();
    // Every check of the suites is an expression that somebody wrote.
    let text = fs::read_to_string(root().join("suites/p1-critical.yaml")).unwrap_or_default();
    let checks = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "));
    let checks = checks.filter(|line| line.contains("==") || line.contains('('));
    seeds.extend(checks.take(40).map(with_body));
    seeds
}

pub(crate) fn templates() -> Vec<Vec<u8>> {
    let sources = [
        "/users/${body.id}/threads?x=${body.text}",
        "${secret}",
        "Bearer ${secret}",
        "$${plain} and ${body.a}",
        "http://${body.id}.test/${secret}",
        "${body.list.map(one, \"${\" + string(one.n))}",
    ];
    let with_body = |source: &str| format!("{source}\n---\n{JSON}").into_bytes();
    sources.iter().map(|source| with_body(source)).collect()
}

pub(crate) fn grammars() -> Vec<Vec<u8>> {
    [
        "started thinking+ (executing completed)+ done?\n\0\x01\x02\x03\x04",
        "a b* (c d?)+ e\n\0\x01\x01\x02\x03\x02\x04",
        "((a?)* b)+\nabab",
        "(a+ b+)* a\nabba",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn redactions() -> Vec<Vec<u8>> {
    [
        "tok-1-Zx+/9\"q\nauthorization: Bearer ",
        "pass word & more\nhttps://api.test/?p=",
        "aaaaaaaaa\naaaa",
        "ünïcödé-secret\n{\"a\":\"",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn event_streams() -> Vec<Vec<u8>> {
    [
        "\0\x03event: part\r\ndata: {\"a\":1}\r\n\r\n: still here\ndata: x\ndata: y\n\nid: 4\nretry: 9\ndata\n\ndata: unfinished",
        "\x01\x05{\"a\":1}\n\n  [2]  \n\x1e{}\r\nlast",
        "\0\x01\u{feff}data: bom\r\rdata:\n\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn addresses() -> Vec<Vec<u8>> {
    [
        "https://api.test/a?b=c#d",
        "https://API.test.:443/",
        "https://a.b.star.test/",
        "https://star.test/",
        "http://93.184.216.34/",
        "http://93.184.1.1:8080/",
        "http://0x5db8d822/",
        "http://1572395042/",
        "http://0135.0270.0330.042/",
        "http://[::ffff:93.184.216.34]/",
        "http://127.1/",
        "http://[::1]:80/",
        "https://api.test@evil.test/",
        "https://api.test:443@evil.test:443/",
        "https://evil.test/@api.test",
        "https://evil.test\\@api.test/",
        "https://xn--80ak6aa92e.star.test/",
        "https://аpi.test/",
        "https:api.test",
        "https:///api.test/",
        "wss://api.test/socket",
        "https://api.test:65536/",
        "https://api%2etest/",
        "https://api.test%00.evil.test/",
        "https://ａｐｉ.test/",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

/// Acts on a good file; see `logs`.
pub(crate) fn damages() -> Vec<Vec<u8>> {
    vec![
        Vec::new(),
        vec![0, 40, 0, 0],
        vec![1, 30, 0, 255],
        vec![2, 90, 0, 20, 3, 9, 0, 7],
        vec![4, 16, 0, 200, 5, 0, 0, 0],
        [&[0xff], run_log::file::frame::MAGIC.as_slice()].concat(),
    ]
}
