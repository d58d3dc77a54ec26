//! deploy/Dockerfile, as far as it can be judged without a docker: by docker's own parser, and by
//! what lies in the tree and in the binary.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use e2e::binaries;
use serde_json::Value;

const AS_JSON: &str = "import dockerfile, json, sys; \
    json.dump([{'cmd': c.cmd, 'flags': c.flags, 'value': c.value} \
    for c in dockerfile.parse_file(sys.argv[1])], sys.stdout)";

/// Of the base image, without anything installed.
const LIBRARIES: [&str; 5] = [
    "linux-vdso.so",
    "ld-linux",
    "libc.so",
    "libm.so",
    "libgcc_s.so",
];

struct Instruction {
    name: String,
    flags: Vec<String>,
    values: Vec<String>,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn instructions() -> Result<Vec<Instruction>> {
    let output = Command::new(binaries::installed("kubernetes/bin/python")?)
        .args(["-c", AS_JSON])
        .arg(root().join("deploy/Dockerfile"))
        .output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let parsed: Vec<Value> = serde_json::from_slice(&output.stdout)?;
    let texts = |value: &Value| {
        let texts = value.as_array().into_iter().flatten();
        texts.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Ok(parsed
        .iter()
        .map(|one| Instruction {
            name: one["cmd"].as_str().unwrap_or_default().to_uppercase(),
            flags: texts(&one["flags"]),
            values: texts(&one["value"]),
        })
        .collect())
}

/// What is copied out of the tree.
fn sources(all: &[Instruction]) -> Vec<&str> {
    let copies = all.iter().filter(|one| one.name == "COPY");
    let out_of_tree = copies.filter(|one| !one.flags.iter().any(|flag| flag.starts_with("--from")));
    out_of_tree
        .flat_map(|one| &one.values[..one.values.len() - 1])
        .map(String::as_str)
        .collect()
}

#[test]
fn what_the_image_copies_is_there_and_is_all_that_cargo_wants() -> Result<()> {
    let all = instructions()?;
    let context = tempfile::tempdir()?;
    for source in sources(&all) {
        let from = root().join(source);
        assert!(from.exists(), "{source} is not in the tree");
        copy(&from, &context.path().join(source))?;
    }
    // Members, their sources and the lock fit; nothing outside is asked for.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let tree = Command::new(cargo)
        .args(["tree", "--workspace", "--locked", "--offline"])
        .current_dir(context.path())
        .output()?;
    let error = String::from_utf8_lossy(&tree.stderr);
    assert!(tree.status.success(), "{error}");
    // The build script of `cli` takes these along.
    for embedded in ["suites", "examples/smoke"] {
        assert!(context.path().join(embedded).is_dir(), "{embedded}");
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_file() {
        fs::copy(from, to).with_context(|| format!("copy {}", from.display()))?;
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name() != "target" {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

#[test]
fn the_toolchain_of_the_image_is_the_one_of_the_tree() -> Result<()> {
    let pinned = fs::read_to_string(root().join("rust-toolchain.toml"))?;
    let channel = pinned.split('"').nth(1).context("a channel")?;
    let all = instructions()?;
    let from: Vec<&Vec<String>> = values(&all, "FROM").collect();
    assert_eq!(from.len(), 2, "a stage that builds, and one that runs");
    assert!(
        from[0][0].starts_with(&format!("rust:{channel}-")),
        "{from:?}"
    );
    let env: Vec<&Vec<String>> = values(&all, "ENV").collect();
    assert_eq!(env, [&["RUSTUP_TOOLCHAIN", channel]]);
    // A name with a host in front ties everybody to that host.
    assert!(from.iter().all(|one| !one[0].contains('/')), "{from:?}");
    Ok(())
}

#[test]
fn the_image_runs_as_nobody_and_as_the_one_that_the_chart_names() -> Result<()> {
    let all = instructions()?;
    let last = all.iter().rposition(|one| one.name == "FROM");
    let runs = &all[last.context("a stage")?..];
    let user: Vec<&Vec<String>> = values(runs, "USER").collect();
    assert_eq!(user, [&["65532:65532"]]);
    let entry: Vec<&Vec<String>> = values(runs, "ENTRYPOINT").collect();
    let copied: BTreeSet<&str> = values(runs, "COPY")
        .filter_map(|one| one.last())
        .map(String::as_str)
        .collect();
    assert!(copied.contains(entry[0][0].as_str()), "{copied:?}");
    let pod = fs::read_to_string(root().join("deploy/helm/muster/templates/_helpers.tpl"))?;
    assert!(pod.contains("runAsUser: 65532"));
    Ok(())
}

/// Each stage that something is taken from is built above it.
#[test]
fn nothing_is_taken_from_a_stage_that_is_not_there() -> Result<()> {
    let all = instructions()?;
    let mut stages = BTreeSet::new();
    for one in &all {
        if let ("FROM", [_, _, name]) = (one.name.as_str(), one.values.as_slice()) {
            stages.insert(name.clone());
        }
        for flag in &one.flags {
            if let Some(stage) = flag.strip_prefix("--from=") {
                assert!(stages.contains(stage), "{stage}");
            }
        }
    }
    assert_eq!(stages.len(), 1);
    Ok(())
}

#[test]
fn the_binary_needs_no_library_that_the_base_image_lacks() -> Result<()> {
    let output = Command::new("ldd")
        .arg(binaries::path("muster")?)
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let needed: Vec<&str> = said
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(
        needed.iter().any(|one| one.starts_with("libc.so")),
        "{said}"
    );
    for one in needed {
        let name = one.rsplit('/').next().unwrap_or(one);
        let is_there = LIBRARIES.iter().any(|library| name.starts_with(library));
        assert!(is_there, "{one} is in no base image");
    }
    Ok(())
}

fn values<'a>(all: &'a [Instruction], name: &str) -> impl Iterator<Item = &'a Vec<String>> {
    let found = all.iter().filter(move |one| one.name == name);
    found.map(|one| &one.values)
}
