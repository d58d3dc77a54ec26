//! The chart in deploy/helm, rendered by helm itself: what comes out is what the binary takes, and
//! what the docs promise. `cargo xtask chart` holds it against the schemas of Kubernetes.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, ensure};
use e2e::binaries;
use serde_json::Value;

const AS_JSON: &str =
    "import json, sys, yaml; json.dump(list(yaml.safe_load_all(sys.stdin)), sys.stdout)";
const VALUES: [&str; 3] = ["small", "whole", "workers"];
/// What a worker takes on top of `--grace`, as docs/operations.md has it.
const AFTER_GRACE: u64 = 10;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../deploy/helm/muster")
}

fn helm(values: &str, more: &[&str]) -> Result<Output> {
    let values = folder().join(format!("ci/{values}-values.yaml"));
    let mut helm = Command::new(binaries::installed("kubernetes/bin/helm")?);
    helm.args(["template", "grid", "--namespace", "testing", "--values"]);
    Ok(helm.arg(values).args(more).arg(folder()).output()?)
}

fn rendered(values: &str, more: &[&str]) -> Result<Vec<Value>> {
    let output = helm(values, more)?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut python = Command::new(binaries::installed("kubernetes/bin/python")?)
        .args(["-c", AS_JSON])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut into = python.stdin.take().context("it has a standard input")?;
    into.write_all(&output.stdout)?;
    drop(into);
    let json = python.wait_with_output()?.stdout;
    let all: Vec<Value> = serde_json::from_slice(&json)?;
    Ok(all.into_iter().filter(|one| !one.is_null()).collect())
}

fn of_kind<'a>(all: &'a [Value], kind: &str) -> Vec<&'a Value> {
    all.iter().filter(|one| one["kind"] == kind).collect()
}

fn pods(all: &[Value]) -> Vec<&Value> {
    let templates = all.iter().map(|one| &one["spec"]["template"]["spec"]);
    templates.filter(|spec| spec.is_object()).collect()
}

fn words(args: &Value) -> Vec<String> {
    let words = args.as_array().into_iter().flatten();
    words
        .filter_map(Value::as_str)
        .map(|word| word.replace("$(POD_NAME)", "a-pod"))
        .collect()
}

fn flag(args: &Value, name: &str) -> Option<String> {
    let start = format!("--{name}=");
    let words = words(args);
    let word = words.iter().find_map(|word| word.strip_prefix(&start))?;
    Some(word.to_owned())
}

/// `--help` behind them: flags that it does not know, or that don't go together, are refused before.
#[test]
fn the_binary_takes_every_argument_of_the_chart() -> Result<()> {
    for values in VALUES {
        for pod in pods(&rendered(values, &[])?) {
            let args = words(&pod["containers"][0]["args"]);
            let mut muster = Command::new(binaries::path("muster")?);
            let said = muster.args(&args).arg("--help").output()?;
            let error = String::from_utf8_lossy(&said.stderr);
            assert!(said.status.success(), "{values}: {args:?}: {error}");
            let help = String::from_utf8_lossy(&said.stdout);
            for word in args.iter().filter_map(|word| word.split('=').next()) {
                assert!(help.contains(word), "{word} is not in the help");
            }
        }
    }
    let mut muster = Command::new(binaries::path("muster")?);
    let refused = muster
        .args(["worker", "--no-such-flag=1", "--help"])
        .output()?;
    assert_eq!(refused.status.code(), Some(2), "the check can fail");
    Ok(())
}

/// With the real parser, and nothing of a cluster: what stops it is the certificate that is not here.
#[test]
fn what_the_chart_starts_needs_nothing_but_its_secrets() -> Result<()> {
    let dir = tempfile::tempdir()?;
    for pod in pods(&rendered("whole", &[])?) {
        let mut args = words(&pod["containers"][0]["args"]);
        for word in &mut args {
            let (name, _) = word.split_once('=').unwrap_or((word, ""));
            *word = match name {
                "--listen" | "--health" => format!("{name}=127.0.0.1:0"),
                "--data" => format!("{name}={}", dir.path().display()),
                _ => word.clone(),
            };
        }
        let said = Command::new(binaries::path("muster")?)
            .args(&args)
            .output()?;
        let error = String::from_utf8_lossy(&said.stderr);
        // Etcd's files are read first, and then its own.
        let code = if args[0] == "worker" { 104 } else { 4 };
        assert_eq!(said.status.code(), Some(code), "{error}");
        assert!(error.contains("/etc/muster/"), "{args:?}: {error}");
    }
    Ok(())
}

#[test]
fn each_region_has_a_deployment_of_its_own() -> Result<()> {
    let three = rendered("whole", &[])?;
    let workers = of_kind(&three, "Deployment");
    let regions: Vec<Option<String>> = workers
        .iter()
        .map(|one| {
            flag(
                &one["spec"]["template"]["spec"]["containers"][0]["args"],
                "region",
            )
        })
        .collect();
    let region = |name: &str| Some(name.to_owned());
    assert_eq!(
        regions,
        [
            region("us-central1"),
            region("europe-west1"),
            region("asia-east1")
        ]
    );
    let replicas: Vec<&Value> = workers.iter().map(|one| &one["spec"]["replicas"]).collect();
    assert_eq!(replicas, [2, 2, 1]);
    assert_eq!(of_kind(&three, "PodDisruptionBudget").len(), 3 + 1);
    assert_eq!(of_kind(&rendered("small", &[])?, "Deployment").len(), 1);
    Ok(())
}

#[test]
fn workers_are_given_every_coordinator_under_the_name_it_tells_others() -> Result<()> {
    let all = rendered("whole", &[])?;
    let sets = of_kind(&all, "StatefulSet");
    let set = sets.first().context("coordinators")?;
    assert_eq!(set["spec"]["replicas"], 2);
    let args = &set["spec"]["template"]["spec"]["containers"][0]["args"];
    let told = flag(args, "advertise").context("an address for others")?;
    let name = set["metadata"]["name"].as_str().context("a name")?;
    let own: Vec<String> = (0..2)
        .map(|number| told.replace("a-pod", &format!("{name}-{number}")))
        .collect();
    for worker in of_kind(&all, "Deployment") {
        let args = &worker["spec"]["template"]["spec"]["containers"][0]["args"];
        assert_eq!(flag(args, "grid"), Some(own.join(",")));
    }
    let services = of_kind(&all, "Service");
    assert_eq!(services[0]["metadata"]["name"], set["spec"]["serviceName"]);
    assert_eq!(services[0]["spec"]["clusterIP"], "None");
    let from_elsewhere = rendered("workers", &[])?;
    assert!(of_kind(&from_elsewhere, "StatefulSet").is_empty());
    let args = &from_elsewhere
        .iter()
        .find(|one| one["kind"] == "Deployment")
        .context("workers")?["spec"]["template"]["spec"]["containers"][0]["args"];
    let grid = flag(args, "grid");
    assert_eq!(
        grid.as_deref(),
        Some("grid-0.example:9101,grid-1.example:9101")
    );
    Ok(())
}

/// Probes ask the port that the process answers on, at paths that it answers; a drain has its time.
#[test]
fn probes_and_drain_fit_the_process() -> Result<()> {
    for values in VALUES {
        for pod in pods(&rendered(values, &["--set", "workers.graceSeconds=90"])?) {
            let container = &pod["containers"][0];
            let health = flag(&container["args"], "health").context("probes are answered")?;
            let port = health.rsplit(':').next().unwrap_or_default();
            let ports = container["ports"].as_array().context("ports")?;
            let named = ports.iter().find(|one| one["name"] == "health");
            let named = named.context("a port of that name")?;
            assert_eq!(named["containerPort"].to_string(), port);
            for (probe, path) in [
                ("startupProbe", "/livez"),
                ("livenessProbe", "/livez"),
                ("readinessProbe", "/readyz"),
            ] {
                let asked = &container[probe]["httpGet"];
                assert_eq!(asked["port"], "health", "{probe}");
                assert_eq!(asked["path"], path, "{probe}");
            }
            let grace: u64 =
                flag(&container["args"], "grace").map_or(Ok(0), |text| text.parse())?;
            let given = pod["terminationGracePeriodSeconds"].as_u64();
            let given = given.context("a pod has its time to end")?;
            assert!(given >= grace + AFTER_GRACE, "{given} s for {grace} s");
        }
    }
    Ok(())
}

#[test]
fn nobody_is_root_and_nothing_is_written_but_to_its_folder() -> Result<()> {
    for values in VALUES {
        for pod in pods(&rendered(values, &[])?) {
            assert_eq!(pod["automountServiceAccountToken"], false);
            assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
            let container = &pod["containers"][0];
            let context = &container["securityContext"];
            assert_eq!(context["readOnlyRootFilesystem"], true);
            assert_eq!(context["allowPrivilegeEscalation"], false);
            assert_eq!(context["capabilities"]["drop"][0], "ALL");
            let data = flag(&container["args"], "data");
            let mounts = container["volumeMounts"].as_array().context("mounts")?;
            for mount in mounts {
                let is_data = mount["mountPath"].as_str() == data.as_deref();
                assert_eq!(is_data, mount["readOnly"] != true, "{mount}");
            }
            let files = words(&container["args"]);
            let files = files.iter().filter_map(|word| word.split_once("=/etc/"));
            for (name, path) in files {
                let is_mounted = mounts.iter().any(|mount| {
                    let folder = mount["mountPath"].as_str().unwrap_or_default();
                    format!("/etc/{path}").starts_with(folder)
                });
                assert!(is_mounted, "{name} lies in no volume");
            }
        }
    }
    Ok(())
}

#[test]
fn no_secret_is_in_what_is_rendered_only_its_name() -> Result<()> {
    let all = rendered("whole", &[])?;
    assert!(of_kind(&all, "Secret").is_empty());
    let set = of_kind(&all, "StatefulSet")[0];
    let env = &set["spec"]["template"]["spec"]["containers"][0]["env"];
    let env = env.as_array().context("variables")?;
    let secret: Vec<&Value> = env
        .iter()
        .filter(|one| {
            one["name"]
                .as_str()
                .is_some_and(|name| name.contains("KEY"))
        })
        .collect();
    assert_eq!(secret.len(), 2);
    for one in secret {
        assert!(one["value"].is_null());
        assert_eq!(one["valueFrom"]["secretKeyRef"]["name"], "grid-store");
    }
    Ok(())
}

#[test]
fn values_that_are_missing_or_misspelt_are_refused() -> Result<()> {
    let refused = [
        ("small", "etcd.endpoints=null", "etcd"),
        ("small", "store.url=file:///srv/grid", "store"),
        ("small", "coordinators.replica=2", "replica"),
        ("small", "regions[0].name=Europe West", "regions"),
        ("small", "workers.graceSeconds=long", "graceSeconds"),
        ("workers", "grid.addresses=null", "grid"),
    ];
    for (values, set, named) in refused {
        let output = helm(values, &["--set", set])?;
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{set} was taken");
        assert!(error.contains(named), "{set}: {error}");
    }
    Ok(())
}

/// The gate's other judge can fail too.
#[test]
fn the_schemas_notice_a_misspelt_property() -> Result<()> {
    let output = helm("small", &[])?;
    let text = String::from_utf8(output.stdout)?;
    let dir = tempfile::tempdir()?;
    let judge = |text: String| -> Result<bool> {
        let file = dir.path().join("rendered.yaml");
        fs::write(&file, text)?;
        let mut judge = Command::new(binaries::installed("kubernetes/bin/kubernetes-validate")?);
        judge.args(["-k", "1.34", "--strict", "--quiet"]).arg(file);
        Ok(judge.output()?.status.success())
    };
    let broken = text.replace("readOnlyRootFilesystem:", "readonlyRootFilesystem:");
    assert_ne!(broken, text);
    assert!(judge(text)?);
    assert!(!judge(broken)?);
    Ok(())
}
