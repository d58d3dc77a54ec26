//! The names of a plan's files, when what they name lies in a folder that is gone after the run.

use std::path::Path;

use domain::Plan;

use super::Frozen;
use crate::error::Error;
use crate::sources::name_of;

/// Tells every file below `folder` from there: `suites/p1.yaml`, wherever the folder is. Only
/// workers are still told where the environment's file is, for its secrets lie beside it.
pub(crate) fn told_from(frozen: Frozen, folder: &Path) -> Result<Frozen, Error> {
    let root = format!("{}/", name_of(folder));
    let mut bundle = wire::bundle::decode(&frozen.bundle)
        .map_err(|error| Error::unexpected("read the bundle that was just made", error))?;
    let is_suite = |path: &str| frozen.plan.suites.iter().any(|suite| suite.file == path);
    for (path, _) in bundle.files.iter_mut().filter(|(path, _)| is_suite(path)) {
        tell(path, &root);
    }
    let bundle = wire::bundle::encode(&bundle);
    let mut plan = Plan {
        bundle: wire::digest::of(&bundle),
        ..frozen.plan
    };
    tell(&mut plan.environment_file, &root);
    let of_suites = plan.suites.iter_mut().map(|suite| &mut suite.file);
    let of_cases = plan.cases.iter_mut().map(|case| &mut case.file);
    of_suites
        .chain(of_cases)
        .chain(&mut plan.lock_problems)
        .for_each(|name| tell(name, &root));
    Ok(Frozen {
        plan,
        bundle,
        ..frozen
    })
}

fn tell(name: &mut String, root: &str) {
    *name = name.replace(root, "");
}
