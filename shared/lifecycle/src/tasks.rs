//! Named, owned tasks: none is forgotten, and an end that nobody asked for is news.
//!
//! A `Tasks` owns what it spawned; dropping it aborts them. It never decides why to stop.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use tokio::task::{Id, JoinError, JoinSet};

type Failure = Box<dyn Error + Send + Sync>;

/// What it means when a task ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnExit {
    /// The others can't go on without it.
    StopAll,
    /// It was bound to end; a failure or panic of it still stops all.
    GoOn,
}

/// A task that ended.
#[derive(Debug)]
pub struct Exit {
    pub task: String,
    /// `None`: it ended well.
    pub failure: Option<Failure>,
}

impl fmt::Display for Exit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Some(failure) => write!(out, "{} failed: {failure}", self.task),
            None => write!(out, "{} ended", self.task),
        }
    }
}

/// Tasks that were still running at the deadline, and were aborted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("did not finish within {within:?}: {}", names.join(", "))]
pub struct Unfinished {
    pub names: Vec<String>,
    pub within: Duration,
}

/// Why the wait of `first_exit_or` is over.
#[derive(Debug)]
pub enum Cause<T> {
    Exit(Exit),
    Asked(T),
}

/// The tasks of one component.
#[derive(Debug, Default)]
pub struct Tasks {
    set: JoinSet<Result<(), Failure>>,
    names: HashMap<Id, (String, OnExit)>,
}

impl Tasks {
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task on the current runtime.
    pub fn spawn<E>(
        &mut self,
        name: impl Into<String>,
        on_exit: OnExit,
        task: impl Future<Output = Result<(), E>> + Send + 'static,
    ) where
        E: Into<Failure> + 'static,
    {
        let handle = self
            .set
            .spawn(async move { task.await.map_err(Into::into) });
        self.names.insert(handle.id(), (name.into(), on_exit));
    }

    /// Waits for a task whose end is news. Without tasks it never ends.
    pub async fn first_exit(&mut self) -> Exit {
        loop {
            let Some(joined) = self.set.join_next_with_id().await else {
                return std::future::pending().await;
            };
            let (exit, on_exit) = self.reap(joined);
            if exit.failure.is_some() || on_exit == OnExit::StopAll {
                return exit;
            }
        }
    }

    /// Waits for the first task whose end is news, or for `asked`.
    pub async fn first_exit_or<T>(&mut self, asked: impl Future<Output = T>) -> Cause<T> {
        tokio::select! {
            exit = self.first_exit() => Cause::Exit(exit),
            value = asked => Cause::Asked(value),
        }
    }

    /// Waits until every task has ended; after `within` the rest are aborted and named. The first
    /// failure met on the way is in the result too.
    pub async fn drain(mut self, within: Duration) -> Result<Option<Exit>, Unfinished> {
        let mut failed = None;
        let drained = tokio::time::timeout(within, async {
            while let Some(joined) = self.set.join_next_with_id().await {
                let (exit, _) = self.reap(joined);
                if exit.failure.is_some() {
                    failed.get_or_insert(exit);
                }
            }
        })
        .await;
        if drained.is_ok() {
            return Ok(failed);
        }
        let mut names: Vec<_> = self.names.values().map(|(name, _)| name.clone()).collect();
        names.sort();
        self.set.shutdown().await;
        Err(Unfinished { names, within })
    }

    fn reap(&mut self, joined: Result<(Id, Result<(), Failure>), JoinError>) -> (Exit, OnExit) {
        let (id, failure) = match joined {
            Ok((id, result)) => (id, result.err()),
            Err(error) => (error.id(), Some(error.into())),
        };
        let unnamed = || ("a task".to_owned(), OnExit::StopAll);
        let (task, on_exit) = self.names.remove(&id).unwrap_or_else(unnamed);
        (Exit { task, failure }, on_exit)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::Stop;

    #[tokio::test]
    async fn a_task_that_ends_by_itself_is_news() {
        let mut tasks = Tasks::new();
        tasks.spawn(
            "waiter",
            OnExit::StopAll,
            std::future::pending::<Result<(), Infallible>>(),
        );
        tasks.spawn("brief", OnExit::GoOn, async { Ok::<_, Infallible>(()) });
        tasks.spawn("broken", OnExit::GoOn, async { Err("no disk") });
        assert_eq!(
            tasks.first_exit().await.to_string(),
            "broken failed: no disk"
        );
    }

    #[tokio::test]
    async fn a_panic_is_an_exit_with_a_name() {
        let mut tasks = Tasks::new();
        tasks.spawn("fragile", OnExit::GoOn, async {
            if tasks_are_fragile() {
                panic!("out of luck");
            }
            Ok::<_, Infallible>(())
        });
        let exit = tasks.first_exit().await;
        assert_eq!(exit.task, "fragile");
        assert!(exit.failure.unwrap().to_string().contains("out of luck"));
    }

    fn tasks_are_fragile() -> bool {
        true
    }

    #[tokio::test]
    async fn a_drain_names_who_did_not_finish() {
        let stop = Stop::new();
        let mut tasks = Tasks::new();
        tasks.spawn(
            "deaf",
            OnExit::StopAll,
            std::future::pending::<Result<(), Infallible>>(),
        );
        let heard = stop.clone();
        tasks.spawn("polite", OnExit::StopAll, async move {
            heard.cancelled().await;
            Ok::<_, Infallible>(())
        });
        stop.cancel();
        let unfinished = tasks.drain(Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(unfinished.names, ["deaf"]);
    }

    #[tokio::test]
    async fn a_drain_reports_a_failure_on_the_way() {
        let mut tasks = Tasks::new();
        tasks.spawn("broken", OnExit::StopAll, async { Err("late") });
        let exit = tasks.drain(Duration::from_secs(5)).await.unwrap().unwrap();
        assert_eq!(exit.to_string(), "broken failed: late");
    }
}
