//! What a step can read and who acts, in one block or turn of it.
//!
//! A frame's scope reads outwards and never writes outwards. What the last exchange left
//! (`status`, `body`, `message`, …) belongs to the frame in which it happened.

use std::sync::Arc;

use expression::{Scope, Value};

use super::parallel::Group;
use super::user::User;
use crate::recording::{Exchanged, Moment, Record};
use crate::seed::StepEffects;

/// As whom steps talk.
#[derive(Clone, Debug)]
pub(crate) enum Actor {
    /// No credentials.
    Nobody,
    User(Arc<User>),
    /// Several users, and none is said.
    Unsaid,
}

impl Actor {
    pub(crate) fn name(&self) -> Arc<str> {
        match self {
            Self::User(user) => user.name.clone(),
            Self::Nobody | Self::Unsaid => Arc::from(""),
        }
    }

    pub(crate) fn user(&self) -> Option<&Arc<User>> {
        match self {
            Self::User(user) => Some(user),
            Self::Nobody | Self::Unsaid => None,
        }
    }
}

/// What the last step that talked left to read.
#[derive(Clone, Debug, Default)]
pub(crate) enum Last {
    #[default]
    Nothing,
    Answer(Arc<Exchanged>),
    Message {
        record: Arc<Record>,
        elapsed_ms: f64,
    },
    Sent {
        at_ms: f64,
        elapsed_ms: f64,
    },
}

/// One level of scope.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) scope: Scope,
    pub(crate) last: Last,
    pub(crate) actor: Actor,
    /// What the paths of its steps begin with: empty, or ending with a dot.
    pub(crate) prefix: String,
    /// The turn or branch that owns the sockets opened here.
    pub(crate) owner: Arc<str>,
    pub(crate) span_id: String,
    pub(crate) moment: Arc<Moment>,
    /// Whether requests carry what the user's class attaches.
    pub(crate) attaches: bool,
    /// Who meets at the barriers here.
    pub(crate) group: Option<Arc<Group>>,
    /// What was saved in this frame, in order.
    pub(crate) saves: Vec<(String, Value)>,
    effects: Option<Arc<StepEffects>>,
}

impl Frame {
    pub(crate) fn new(scope: Scope, actor: Actor, span_id: String) -> Self {
        Self {
            scope,
            last: Last::Nothing,
            actor,
            prefix: String::new(),
            owner: Arc::from(""),
            span_id,
            moment: Arc::default(),
            attaches: true,
            group: None,
            saves: Vec::new(),
            effects: None,
        }
    }

    /// A block inside this frame; it reads what is here, and its own saves end with it.
    pub(crate) fn block(&self, prefix: String) -> Self {
        Self {
            scope: self.scope.child(),
            prefix,
            saves: Vec::new(),
            ..self.clone()
        }
    }

    /// A turn or branch: a block that owns its sockets.
    pub(crate) fn turn(&self, prefix: String) -> Self {
        let owner = Arc::from(prefix.as_str());
        Self {
            owner,
            ..self.block(prefix)
        }
    }

    /// The clock and the logs from here on.
    pub(crate) fn see(&mut self, moment: Arc<Moment>) {
        if let Some(effects) = &self.effects {
            let effects = Arc::new(effects.at(moment.now_ms));
            self.scope = self.scope.with_effects(effects.clone());
            self.effects = Some(effects);
        }
        self.moment = moment;
    }

    pub(crate) fn use_effects(&mut self, effects: StepEffects) {
        let effects = Arc::new(effects);
        self.scope = self.scope.with_effects(effects.clone());
        self.effects = Some(effects);
    }
}
