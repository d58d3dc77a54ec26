//! Copies a run of a grid into this machine's archive: the same segments, the same blobs.

use std::collections::BTreeSet;
use std::path::Path;

use domain::event::RunEvent;
use domain::{Digest, RunId};
use prost::Message as _;
use proto::v1;
use run_log::file::Copy;

use super::{Archive, Kept, spans};
use crate::client::Client;
use crate::error::Error;

/// Fetches the log, as far as it is, and every blob that its events name. A copy of a part that is
/// here already goes on.
pub(crate) async fn copy_from(
    client: &mut Client,
    id: &RunId,
    archive: &Archive,
) -> Result<Kept, Error> {
    let folder = archive.folder(id);
    let segments = client.log(id).await?;
    if segments.is_empty() {
        return Err(Error::NothingRan(format!(
            "run {id} has not begun: nothing of it is durable yet; ask again in a moment"
        )));
    }
    let mut blobs = Vec::new();
    for digest in digests(&segments)? {
        blobs.push(client.fetch(id, &digest).await?);
    }
    write(id, &folder, &segments, blobs)
        .map_err(|error| Error::unexpected("keep a copy of the run", error))?;
    let mut kept = Kept::open(&folder)?;
    // They are copied once, and more come while it goes on.
    if kept.run.is_ended() {
        copy_spans(client, &mut kept).await;
    }
    Ok(kept)
}

/// Spans have a lane of their own: a run without them is as good a run.
async fn copy_spans(client: &mut Client, kept: &mut Kept) {
    let copied = match spans::fetch(client, kept, false).await {
        Ok(found) => spans::write(&kept.path, &found),
        Err(error) => Err(error.to_string()),
    };
    if let Err(why) = copied {
        tracing::warn!(why, "the server spans of the run were not copied");
    }
}

fn write(
    id: &RunId,
    folder: &Path,
    segments: &[Vec<u8>],
    blobs: Vec<Vec<u8>>,
) -> Result<(), run_log::file::folder::CopyError> {
    let mut copy = Copy::open(id, folder)?;
    for blob in blobs {
        copy.add_blob(blob)?;
    }
    for segment in segments {
        copy.add_bytes(segment)?;
    }
    copy.finish()
}

/// Every blob that the log names, once.
fn digests(segments: &[Vec<u8>]) -> Result<BTreeSet<Digest>, Error> {
    let mut digests = BTreeSet::new();
    for bytes in segments {
        let events =
            events(bytes).map_err(|error| Error::unexpected("read the run's log", error))?;
        digests.extend(events.iter().flat_map(named_by));
    }
    Ok(digests)
}

/// The blobs that an event names.
pub(crate) fn named_by(event: &RunEvent) -> Vec<Digest> {
    match event {
        RunEvent::RunOpened { plan, bundle, .. } => vec![plan.clone(), bundle.clone()],
        RunEvent::CaseSettled { result, .. }
        | RunEvent::LegSettled { result, .. }
        | RunEvent::ResultKept { result, .. }
        | RunEvent::ResultRejected { result, .. }
        | RunEvent::ResultLate { result, .. } => result.record.iter().cloned().collect(),
        _ => Vec::new(),
    }
}

fn events(segment: &[u8]) -> Result<Vec<RunEvent>, String> {
    let segment = v1::Segment::decode(segment).map_err(|error| error.to_string())?;
    wire::segment::decode_run_segment(&segment)
        .map(|segment| segment.events)
        .map_err(|error| error.to_string())
}
