//! Storing one message, whether it came over HTTP or WebSocket.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::auth::Caller;
use crate::store::messages::{self, Message};
use crate::web::{ApiError, Page};
use crate::{Defect, clock, store, threads};

/// A message to be stored.
#[derive(Debug, Clone)]
pub(crate) struct Posting {
    /// The client's own id, which becomes the message's.
    pub(crate) id: Option<String>,
    pub(crate) thread_id: String,
    pub(crate) content: String,
    pub(crate) kind: String,
    pub(crate) metadata: Value,
}

/// A message as stored.
#[derive(Debug, Clone)]
pub(crate) struct Posted {
    pub(crate) message: Message,
    /// The same message had been stored before; it was not stored again.
    pub(crate) again: bool,
}

/// Stores a message in a thread of the caller's.
///
/// The same id from the same user in the same thread is the same message: a client that never
/// saw its acknowledgement may send again. From anyone else it is a conflict.
pub(crate) async fn post(app: &App, caller: &Caller, posting: Posting) -> Result<Posted, ApiError> {
    let thread_id = thread_for(app, caller, &posting.thread_id).await?;
    let metadata = if app.has(Defect::ForgetsMetadata) {
        json!({})
    } else {
        posting.metadata
    };
    let mut message = Message {
        id: posting
            .id
            .unwrap_or_else(|| format!("msg_{}", Uuid::new_v4().simple())),
        thread_id,
        user_id: caller.user_id.clone(),
        role: "user".into(),
        kind: posting.kind,
        content: posting.content,
        metadata: metadata.to_string(),
        created_ms: clock::now_ms(),
        seq: 0,
    };
    let row = message.clone();
    let stored = app
        .store
        .run(move |db| {
            if let Some(seq) = messages::insert(db, &row)? {
                Ok(Stored::Now(seq))
            } else {
                messages::by_id(db, &row.id).map(Stored::Before)
            }
        })
        .await?;
    match stored {
        Stored::Now(seq) => {
            message.seq = seq;
            Ok(Posted {
                message,
                again: false,
            })
        }
        Stored::Before(Some(earlier)) if is_same(&earlier, &message) => Ok(Posted {
            message: earlier,
            again: true,
        }),
        Stored::Before(_) => Err(ApiError::conflict("another message has this id")),
    }
}

/// What became of a message: its number, or what had its id before.
enum Stored {
    Now(i64),
    Before(Option<Message>),
}

/// The thread that the message goes to, which must be the caller's.
async fn thread_for(app: &App, caller: &Caller, named: &str) -> Result<String, ApiError> {
    let thread = threads::owned(app, caller, named).await?;
    if !app.has(Defect::PostsToNewestThread) {
        return Ok(thread.id);
    }
    let (owner, first) = (
        caller.user_id.clone(),
        Page {
            limit: 1,
            offset: 0,
        },
    );
    let newest = app
        .store
        .run(move |db| store::threads::of_user(db, &owner, first));
    let (threads, _) = newest.await?;
    Ok(threads
        .into_iter()
        .next()
        .map_or(thread.id, |newest| newest.id))
}

fn is_same(earlier: &Message, now: &Message) -> bool {
    let key = |m: &Message| (m.user_id.clone(), m.thread_id.clone(), m.content.clone());
    key(earlier) == key(now)
}

/// A message as the API shows it.
pub(super) fn shown(message: &Message) -> Value {
    json!({
        "id": message.id,
        "content": message.content,
        "user_id": message.user_id,
        "thread_id": message.thread_id,
        "role": message.role,
        "timestamp": clock::rfc3339(message.created_ms),
        "message_type": message.kind,
        "seq": message.seq,
        "metadata": super::metadata(&message.metadata),
    })
}
