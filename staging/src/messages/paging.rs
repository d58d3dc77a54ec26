//! One page of messages, for those who may see it; the defects of paging live here.

use crate::Defect;
use crate::app::App;
use crate::auth::Caller;
use crate::store::messages::{self, Message};
use crate::threads;
use crate::web::{ApiError, Page};

/// One page of a thread, oldest first, and how many messages the thread has.
pub(crate) async fn of_thread(
    app: &App,
    caller: &Caller,
    thread_id: &str,
    page: Page,
) -> Result<(Vec<Message>, i64), ApiError> {
    if !app.has(Defect::ListsAnyMessage) {
        threads::owned(app, caller, thread_id).await?;
    }
    let (thread_id, page) = (thread_id.to_owned(), harmed(app, page));
    let found = app
        .store
        .run(move |db| messages::of_thread(db, &thread_id, page))
        .await?;
    Ok(counted(app, ordered(app, found)))
}

/// Threads with more messages than this are listed the wrong way round by a defect.
const LONG: i64 = 30;

fn ordered(app: &App, (mut messages, total): (Vec<Message>, i64)) -> (Vec<Message>, i64) {
    if total > LONG && app.has(Defect::ReordersLongThreads) {
        messages.reverse();
    }
    (messages, total)
}

/// One page of the caller's own messages, newest first, and how many there are.
pub(super) async fn of_user(
    app: &App,
    caller: Caller,
    page: Page,
) -> Result<(Vec<Message>, i64), ApiError> {
    let page = harmed(app, page);
    let found = app
        .store
        .run(move |db| messages::of_user(db, &caller.user_id, page))
        .await?;
    Ok(counted(app, found))
}

fn harmed(app: &App, page: Page) -> Page {
    if app.has(Defect::IgnoresOffset) {
        return Page { offset: 0, ..page };
    }
    if app.has(Defect::OverlapsPages) {
        return Page {
            offset: (page.offset - 1).max(0),
            ..page
        };
    }
    page
}

fn counted(app: &App, (messages, total): (Vec<Message>, i64)) -> (Vec<Message>, i64) {
    let on_page = i64::try_from(messages.len()).unwrap_or(i64::MAX);
    let total = if app.has(Defect::MiscountsTotal) {
        on_page
    } else {
        total
    };
    (messages, total)
}
