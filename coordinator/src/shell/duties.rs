//! What the machine asks to have read: each read is a thread's work, its answer an input.

use accounting::coordinator::Input;
use domain::{Digest, RunId};
use lifecycle::clock;
use run_log::Position;
use tokio::sync::mpsc::UnboundedSender;

use crate::archive::{Archive, ReadError};

pub(super) fn read_grid(archive: &Archive, inputs: &UnboundedSender<Input>, from: Position) {
    answer(archive, inputs, move |archive| {
        Ok(Input::GridTail {
            segments: archive.grid(from)?,
        })
    });
}

pub(super) fn read_run(
    archive: &Archive,
    inputs: &UnboundedSender<Input>,
    run: RunId,
    plan: Digest,
    from: Position,
) {
    answer(archive, inputs, move |archive| {
        let wall_ms = clock::wall_ms();
        let read = match from {
            0 => archive.folded(&run, &plan).map(|folded| Input::RunFolded {
                run: run.clone(),
                folded: Box::new(folded),
                wall_ms,
            }),
            from => archive.run(&run, from).map(|segments| Input::RunTail {
                run: run.clone(),
                segments,
                wall_ms,
            }),
        };
        // One run that is damaged keeps no other from being led. A store that did not answer says
        // nothing about the run: whoever leads next reads it again.
        match read {
            Ok(input) => Ok(input),
            Err(error) if error.is_passing() => Err(error),
            Err(error) => Ok(Input::RunUnreadable {
                run,
                why: error.to_string(),
            }),
        }
    });
}

/// The second routine, over the log as it lies on disk.
pub(super) fn recheck(
    archive: &Archive,
    inputs: &UnboundedSender<Input>,
    run: RunId,
    plan: Digest,
    up_to: Position,
) {
    answer(archive, inputs, move |archive| {
        let segments = archive.raw(&run, up_to)?;
        let plan = archive.blob(&plan)?;
        let rechecked = recheck::recheck(&plan, &segments, Some(up_to));
        Ok(Input::Rechecked {
            run,
            hash: Digest::from(rechecked.hash),
            marks: rechecked.marks,
            problems: rechecked.problems,
        })
    });
}

fn answer(
    archive: &Archive,
    inputs: &UnboundedSender<Input>,
    read: impl FnOnce(&Archive) -> Result<Input, ReadError> + Send + 'static,
) {
    let (archive, inputs) = (archive.clone(), inputs.clone());
    // The handle is let go: the answer comes as an input, and the runtime owns its blocking threads.
    drop(tokio::task::spawn_blocking(move || {
        let input = read(&archive).unwrap_or_else(|error| Input::StoreFailed {
            why: error.to_string(),
        });
        let _ = inputs.send(input);
    }));
}
