//! `muster demo`: a platform to test, a grid of three regions and all suites, in this process.
//!
//! Nothing is staged: the platform speaks TLS on loopback, coordinator and workers speak gRPC, and
//! the run is the one that `muster run --gate release` makes. `--defect` breaks the platform.

use std::fs;
use std::path::{Path, PathBuf};

use staging::{Defect, Platform, Running};

use super::run;
use crate::archive::Archive;
use crate::args::{DemoArgs, RunArgs, SuiteArgs};
use crate::error::Error;
use crate::exit_code::ExitCode;
use crate::follow::Interrupt;
use crate::local::{self, LocalGrid};
use crate::output::Output;
use crate::plan;
use crate::wait_for;
use crate::{embedded, exporting};

/// Workers in each of the environment's regions.
const WORKERS: u32 = 2;

pub(crate) fn demo(args: &DemoArgs, output: &Output) -> Result<ExitCode, Error> {
    let defects = defects(&args.defects)?;
    let folder = Folder::new()?;
    wait_for(async {
        let interrupt = Interrupt::listen();
        let platform = start(&folder.0, defects).await?;
        tell(&platform, output);
        let code = test(args, &platform, &folder.0, &interrupt, output).await;
        platform.stop().await;
        code
    })
}

/// The run itself, against a platform that answers.
async fn test(
    args: &DemoArgs,
    platform: &Running,
    folder: &Path,
    interrupt: &Interrupt,
    output: &Output,
) -> Result<ExitCode, Error> {
    let archive = Archive::here();
    let environment = platform.environment_file().to_string_lossy().into_owned();
    let wanted = RunArgs {
        suites: SuiteArgs {
            paths: vec![suites(folder)?],
            env: Some(environment),
            gate: Some("release".to_owned()),
            ..SuiteArgs::default()
        },
        workers: Some(WORKERS),
        out: Some(args.out.clone()),
        trace: args.trace,
        ..RunArgs::default()
    };
    // What lies in the demo's own folder is gone with it, so reports don't name that folder.
    let frozen = plan::told_from(plan::freeze(&wanted, &archive, output)?, folder)?;
    let mut grid = LocalGrid::start(&local::Config {
        folder: archive.folder(&frozen.plan.run),
        regions: frozen.plan.regions.clone(),
        workers: WORKERS,
        slots: local::SLOTS,
        listen: None,
    })
    .await?;
    let spans_to = format!("http://{}", grid.address());
    if let Err(error) = platform.export_spans_to(&spans_to) {
        output.talk(&format!("the platform's own spans are not shown: {error}"));
    }
    let kept = run::here(&mut grid, &frozen, &archive, interrupt, output).await;
    platform.flush_spans().await;
    let code = match kept {
        Ok(kept) => {
            let code = run::finish(&wanted, &frozen, &archive, &kept, output);
            exporting::export(&kept, args.otlp.as_deref(), output).await;
            code
        }
        Err(error) => Err(error),
    };
    if args.keep && code.is_ok() && !interrupt.stop().is_cancelled() {
        output.talk(&format!(
            "the platform goes on at {} and the grid at {}; Ctrl-C ends them",
            platform.api_url(),
            grid.address()
        ));
        interrupt.stop().cancelled().await;
    }
    grid.stop().await;
    code
}

async fn start(folder: &Path, defects: Vec<Defect>) -> Result<Running, Error> {
    let mut config = staging::Config::new(folder.join("platform"));
    config.defects = defects;
    Platform::start(config)
        .await
        .map_err(|error| Error::NothingRan(format!("the platform did not start: {error}")))
}

fn tell(platform: &Running, output: &Output) {
    output.talk(&format!("platform to test: {}", platform.api_url()));
    for defect in Defect::ALL {
        if platform.switches().is_on(defect) {
            output.talk(&format!(
                "  with defect {}: no longer true is that {}",
                defect.name(),
                defect.breaks()
            ));
        }
    }
}

fn defects(names: &[String]) -> Result<Vec<Defect>, Error> {
    names
        .iter()
        .map(|name| Defect::from_name(name).ok_or_else(|| unknown(name)))
        .collect()
}

fn unknown(name: &str) -> Error {
    let known: Vec<String> = Defect::ALL
        .iter()
        .map(|defect| format!("  {:28} breaks: {}", defect.name(), defect.breaks()))
        .collect();
    Error::Usage(format!(
        "no defect is called `{name}`; these are:\n{}",
        known.join("\n")
    ))
}

/// The suites of this checkout, else the copies that the program carries.
fn suites(folder: &Path) -> Result<PathBuf, Error> {
    let checkout = Path::new("suites");
    if checkout.is_dir() && Path::new("staging/Cargo.toml").is_file() {
        return Ok(checkout.to_owned());
    }
    let copies = folder.join("suites");
    for (name, text) in embedded::SUITES {
        let path = copies.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| Error::disk("make", parent, error))?;
        }
        fs::write(&path, text).map_err(|error| Error::disk("write", &path, error))?;
    }
    Ok(copies)
}

/// Where the platform keeps its data while the demo goes on; gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Error> {
        let name = format!("muster-demo-{}", uuid::Uuid::new_v4().simple());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).map_err(|error| Error::disk("make", &path, error))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What can't be removed lies in the machine's folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
