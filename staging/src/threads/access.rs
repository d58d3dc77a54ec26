//! Who may see a thread: its owner, and nobody else.

use crate::app::App;
use crate::auth::Caller;
use crate::store::threads::{self, Thread};
use crate::web::ApiError;

/// The thread, if it is the caller's; 404 when there is none, 403 when it is another user's.
pub(crate) async fn owned(app: &App, caller: &Caller, id: &str) -> Result<Thread, ApiError> {
    let thread = any(app, id).await?;
    if thread.user_id == caller.user_id {
        Ok(thread)
    } else {
        Err(ApiError::not_yours("thread"))
    }
}

/// The thread, whosever it is.
pub(super) async fn any(app: &App, id: &str) -> Result<Thread, ApiError> {
    let wanted = id.to_owned();
    let found = app.store.run(move |db| threads::by_id(db, &wanted)).await?;
    found.ok_or_else(|| ApiError::not_found(format!("there is no thread {id}")))
}
