//! Users: made, logged in, refreshed by time, deleted; and who acts in a step.
//!
//! Each has an identity, variables, cookies and connections of its own. What `create` and `login`
//! save is what `user.NAME` reads. Which users a test needs is in `needed`.

use std::sync::{Arc, Mutex, PoisonError};

use expression::Value;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use suite::environment::UserClass;
use suite::model::{Acting, Step};
use tokio::time::Instant;

use super::cookie::Jar;
use super::frame::{Actor, Frame};
use super::{Done, Interpreter, join};
use crate::judge::{Fault, Journal, Stop, line};
use crate::recording::Place;

/// One simulated user.
#[derive(Debug)]
pub(crate) struct User {
    /// `alice`, or `crowd[2]` of a pool.
    pub(crate) name: Arc<str>,
    pub(crate) class: Arc<UserClass>,
    account: Value,
    pub(super) jar: Mutex<Jar>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    saved: Vec<(String, Value)>,
    /// When the credentials were last made.
    since: Instant,
}

impl User {
    /// The name of the user that a test without `users:` has.
    pub(crate) const DEFAULT_NAME: &'static str = "user";

    /// What `user` means: all that was saved for this user.
    pub(crate) fn value(&self) -> Value {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Value::map(
            state
                .saved
                .iter()
                .map(|(name, value)| (name.as_str(), value.clone()))
                .collect::<Vec<_>>(),
        )
    }

    fn keep(&self, saves: Vec<(String, Value)>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.since = Instant::now();
        for (name, value) in saves {
            state.saved.retain(|(known, _)| *known != name);
            state.saved.push((name, value));
        }
    }

    /// Whether the credentials are due, and if so, takes it upon the caller to renew them.
    fn takes_refresh(&self) -> bool {
        let Some(refresh) = &self.class.refresh else {
            return false;
        };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = state.since.elapsed() >= refresh.every;
        if is_due {
            state.since = Instant::now();
        }
        is_due
    }
}

impl Interpreter {
    /// Makes and logs in all users of the test, at once.
    pub(crate) async fn log_in_all(self: &Arc<Self>, root: &Frame) -> Done {
        let needed = self.case.users.iter();
        let users: Vec<Arc<User>> = needed
            .map(|(name, class)| Arc::new(self.new_user(name, class.clone())))
            .collect();
        self.users
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&users);
        let logins: Vec<BoxFuture<'_, Result<(), Stop>>> = users
            .iter()
            .map(|user| self.log_in(root, user).boxed())
            .collect();
        join::all(logins, None).await.map(|_| ())
    }

    fn new_user(&self, name: &str, class: Arc<UserClass>) -> User {
        let id = self.seed.hex(&format!("account/{name}"), 16);
        let password = self.seed.hex(&format!("password/{name}"), 32);
        let password = Value::text(password).tainted();
        self.learn("password", &password);
        let account = Value::map([
            ("email", Value::text(format!("muster-{id}@example.test"))),
            ("name", Value::text(format!("muster-{id}"))),
            ("password", password),
        ]);
        User {
            name: Arc::from(name),
            class,
            account,
            jar: Mutex::default(),
            state: Mutex::new(State {
                saved: Vec::new(),
                since: Instant::now(),
            }),
        }
    }

    async fn log_in(self: &Arc<Self>, root: &Frame, user: &Arc<User>) -> Done {
        let prefix = format!("login[{}].", user.name);
        self.account_steps(
            root,
            user,
            prefix.clone(),
            &user.class.create,
            "create",
            false,
        )
        .await?;
        self.account_steps(root, user, prefix, &user.class.login, "login", false)
            .await
    }

    /// Steps about an account; what they save becomes the user's.
    async fn account_steps(
        self: &Arc<Self>,
        root: &Frame,
        user: &Arc<User>,
        prefix: String,
        steps: &[Step],
        label: &str,
        attaches: bool,
    ) -> Done {
        if steps.is_empty() {
            return Ok(());
        }
        let mut frame = root.turn(prefix);
        frame.actor = Actor::User(user.clone());
        frame.attaches = attaches;
        frame.scope.set("account", user.account.clone());
        let mut journal = Journal::default();
        self.steps(&mut frame, &mut journal, steps, label).await?;
        if let Some(fault) = journal.soft.into_iter().next() {
            return Err(Stop::failed(fault));
        }
        user.keep(frame.saves);
        Ok(())
    }

    /// Renews the acting user's credentials if their time has come.
    pub(super) fn refresh<'a>(
        self: &'a Arc<Self>,
        frame: &'a Frame,
        place: &'a Place,
    ) -> BoxFuture<'a, Done> {
        async move {
            let Some(user) = frame
                .actor
                .user()
                .filter(|user| frame.attaches && user.class.refresh.is_some())
            else {
                return Ok(());
            };
            let due = Place {
                path: format!("{}.refresh", place.path).into(),
                ..place.clone()
            };
            if !self.tape.is_due(&due, || user.takes_refresh()) {
                return Ok(());
            }
            let prefix = format!("{}.", due.path);
            let own = user
                .class
                .refresh
                .as_ref()
                .map_or(&[][..], |refresh| &refresh.steps);
            let renewed = if own.is_empty() {
                self.account_steps(frame, user, prefix, &user.class.login, "login", false)
                    .await
            } else {
                self.refresh_steps(frame, user, prefix, own).await
            };
            renewed.map_err(|stop| match stop {
                Stop::Failed(fault) => Stop::errored(Fault {
                    word: "login",
                    message: format!("{}: {}", fault.word, fault.message),
                    ..*fault
                }),
                other => other,
            })
        }
        .boxed()
    }

    async fn refresh_steps(
        self: &Arc<Self>,
        frame: &Frame,
        user: &Arc<User>,
        prefix: String,
        steps: &[Step],
    ) -> Done {
        // The steps of a refresh carry the credentials they renew, and must not renew them first.
        self.account_steps(frame, user, prefix, steps, "refresh", true)
            .await
    }

    /// Deletes the accounts that were made; the first fault is told, all are tried.
    pub(crate) async fn delete_all(self: &Arc<Self>, root: &Frame) -> Done {
        let mut first = Ok(());
        for user in self.users() {
            let prefix = format!("delete[{}].", user.name);
            let deleted = self
                .account_steps(root, &user, prefix, &user.class.delete, "delete", true)
                .await;
            first = first.and(deleted);
        }
        first
    }

    pub(super) fn actor(
        &self,
        frame: &mut Frame,
        acting: &Acting,
        place: &Place,
    ) -> Result<Actor, Stop> {
        let name = match acting {
            Acting::Inherited => return Ok(frame.actor.clone()),
            Acting::Nobody => return Ok(Actor::Nobody),
            Acting::User(name) => name.clone(),
            Acting::Pool { name, index } => {
                let evaluated = self
                    .evaluate(frame, index)
                    .map_err(|error| line::broken(&error, place, "as"))?;
                let index = evaluated.value.as_int().map_or_else(
                    || self.shown("as", &evaluated.value),
                    |index| index.to_string(),
                );
                format!("{name}[{index}]")
            }
        };
        let users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users
            .iter()
            .find(|user| *user.name == *name)
            .map(|user| Actor::User(user.clone()))
            .ok_or_else(|| {
                let known: Vec<_> = users.iter().map(|user| user.name.to_string()).collect();
                Stop::failed(Fault::new(
                    "evaluation",
                    place,
                    format!("as: there is no user `{name}`, only {}", known.join(", ")),
                ))
            })
    }
}
