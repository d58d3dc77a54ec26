//! Which users a test needs: all it declares, or one of the first class if anything acts as one.

use std::sync::Arc;

use suite::environment::{Environment, Refresh, UserClass};
use suite::model::{
    Acting, Body, Branches, Handshake, JsonTemplate, Message, Request, Step, StepKind, Test,
    ValueTemplate,
};

use crate::interpreter::User;

/// Names with their classes. A test that declares no users gets one only if a step acts as one or
/// a row reads one, so that a test of public pages never logs in.
pub(crate) fn users(test: &Test, environment: &Environment) -> Vec<(String, Arc<UserClass>)> {
    let class = |name: &str| environment.users.iter().find(|class| class.name == name);
    if test.users.is_empty() {
        let first = environment.users.first().filter(|_| needs_default(test));
        let named = first.map(|class| (User::DEFAULT_NAME.to_owned(), acting(class)));
        return named.into_iter().collect();
    }
    let mut users = Vec::new();
    for user in &test.users {
        let Some(class) = class(&user.class).map(acting) else {
            continue;
        };
        match user.count {
            None => users.push((user.name.clone(), class)),
            Some(count) => {
                let names = (0..count).map(|index| format!("{}[{index}]", user.name));
                users.extend(names.map(|name| (name, class.clone())));
            }
        }
    }
    users
}

/// The class with the steps of its accounts acting as the account's user: they say nobody, and
/// yet cookies and connections are the user's.
fn acting(class: &UserClass) -> Arc<UserClass> {
    let own = |steps: &[Step]| -> Vec<Step> {
        let inherited = |step: &Step| Step {
            acting: Acting::Inherited,
            ..step.clone()
        };
        steps.iter().map(inherited).collect()
    };
    Arc::new(UserClass {
        create: own(&class.create),
        login: own(&class.login),
        delete: own(&class.delete),
        refresh: class.refresh.as_ref().map(|refresh| Refresh {
            steps: own(&refresh.steps),
            ..refresh.clone()
        }),
        ..class.clone()
    })
}

fn needs_default(test: &Test) -> bool {
    acts(&test.setup, true)
        || acts(&test.steps, true)
        || acts(&test.teardown, true)
        || acts(&test.after, false)
        || rows_read_user(test)
}

/// Whether anything in these steps acts as the default user; `inherited` says who is meant around.
fn acts(steps: &[Step], inherited: bool) -> bool {
    steps.iter().any(|step| {
        let acting = match step.acting {
            Acting::Inherited => inherited,
            Acting::Nobody => false,
            Acting::User(_) | Acting::Pool { .. } => true,
        };
        match &step.kind {
            StepKind::Http(request) | StepKind::Stream { request, .. } => {
                acting || request_reads_user(request)
            }
            StepKind::WebSocket(handshake) => acting || handshake_reads_user(handshake),
            StepKind::Send { message, .. } => message_reads_user(message),
            StepKind::Repeat(repeat) => acts(&repeat.steps, acting),
            StepKind::Poll { steps, .. } | StepKind::When { steps, .. } => acts(steps, acting),
            StepKind::Parallel(parallel) => {
                let during = parallel
                    .during
                    .as_ref()
                    .is_some_and(|during| acts(&during.steps, acting));
                during
                    || match &parallel.branches {
                        Branches::Count { steps, .. } => acts(steps, acting),
                        Branches::Named(named) => {
                            named.iter().any(|(_, steps)| acts(steps, acting))
                        }
                    }
            }
            StepKind::Receive(_)
            | StepKind::Collect(_)
            | StepKind::Silence { .. }
            | StepKind::Close { .. }
            | StepKind::Abandon { .. }
            | StepKind::Wait { .. }
            | StepKind::Barrier { .. }
            | StepKind::CheckOnly => false,
        }
    })
}

fn rows_read_user(test: &Test) -> bool {
    test.rows
        .iter()
        .flat_map(|(_, values)| values)
        .any(|(_, value)| value_reads_user(value))
}

fn request_reads_user(request: &Request) -> bool {
    reads_user(request.target.path.roots())
        || request
            .query
            .iter()
            .any(|(_, value)| value_reads_user(value))
        || request
            .headers
            .iter()
            .any(|(_, template)| reads_user(template.roots()))
        || body_reads_user(&request.body)
}

fn handshake_reads_user(handshake: &Handshake) -> bool {
    reads_user(handshake.target.path.roots())
        || handshake
            .query
            .iter()
            .any(|(_, value)| value_reads_user(value))
        || handshake
            .headers
            .iter()
            .any(|(_, template)| reads_user(template.roots()))
        || handshake
            .subprotocols
            .iter()
            .any(|template| reads_user(template.roots()))
}

fn message_reads_user(message: &Message) -> bool {
    match message {
        Message::Json(json) => json_reads_user(json),
        Message::Text(template) | Message::Bytes(template) => reads_user(template.roots()),
    }
}

fn body_reads_user(body: &Body) -> bool {
    match body {
        Body::Empty => false,
        Body::Json(json) => json_reads_user(json),
        Body::Form(pairs) => pairs.iter().any(|(_, value)| value_reads_user(value)),
        Body::Text(template) | Body::Bytes(template) => reads_user(template.roots()),
    }
}

fn json_reads_user(json: &JsonTemplate) -> bool {
    match json {
        JsonTemplate::Leaf(value) => value_reads_user(value),
        JsonTemplate::List(items) => items.iter().any(json_reads_user),
        JsonTemplate::Map(entries) => entries.iter().any(|(_, value)| json_reads_user(value)),
    }
}

fn value_reads_user(value: &ValueTemplate) -> bool {
    match value {
        ValueTemplate::Literal(_) => false,
        ValueTemplate::Template(template) => reads_user(template.roots()),
    }
}

fn reads_user(roots: Vec<&str>) -> bool {
    roots.contains(&"user")
}
