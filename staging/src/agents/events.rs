//! The numbered events of a run, planned before it begins; the defects of delivery are here.
//!
//! Order: `agent_started`, `agent_thinking`…, then `tool_executing` and `tool_completed` in
//! pairs, then `partial_result`… if they were asked for, then `agent_completed`. Numbers begin at 1
//! and have no gap. A run that is cancelled ends with `agent_cancelled` instead.

use serde_json::{Value, json};
use uuid::Uuid;

use super::engine::{self, Work};
use crate::{Defect, Switches, clock};

/// Whose run it is, and where.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    pub(super) run_id: String,
    pub(super) thread_id: String,
    pub(super) user_id: String,
    pub(super) agent: String,
}

/// One event that will be sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    pub(super) kind: &'static str,
    pub(super) seq: u64,
    pub(super) data: Value,
    /// The run that it names.
    pub(super) run_id: String,
}

/// Parts of an answer that is told as partial results.
const PARTIALS: usize = 5;

/// All events of a run in the order in which they will be sent.
pub(super) fn plan(
    ids: &Ids,
    prompt: &str,
    work: &Work,
    partials: bool,
    switches: &Switches,
) -> Vec<Planned> {
    let mut told = told(prompt, work);
    if partials && let Some(end) = told.pop() {
        told.extend(parts(&work.answer, switches));
        told.push(end);
    }
    if switches.is_on(Defect::ToolUnpaired)
        && let Some(last) = told.iter().rposition(|(kind, _)| *kind == "tool_completed")
    {
        told.remove(last);
    }
    let numbered = (1..).zip(told).map(|(seq, (kind, data))| Planned {
        kind,
        seq,
        data,
        run_id: ids.run_id.clone(),
    });
    harmed(numbered.collect(), switches)
}

fn told(prompt: &str, work: &Work) -> Vec<(&'static str, Value)> {
    let mut told = vec![(
        "agent_started",
        json!({ "message": prompt, "status": "started" }),
    )];
    let steps = work.thoughts.len();
    for (step, thought) in (1..).zip(&work.thoughts) {
        let data = json!({ "thought": thought, "step_number": step, "total_steps": steps });
        told.push(("agent_thinking", data));
    }
    for tool in &work.tools {
        let begun = json!({
            "tool_name": tool.name, "parameters": tool.parameters, "tool_purpose": tool.purpose,
        });
        told.push(("tool_executing", begun));
        let ended = json!({ "tool_name": tool.name, "result": tool.result, "success": true });
        told.push(("tool_completed", ended));
    }
    let end = json!({ "final_response": work.answer, "final_status": "completed" });
    told.push(("agent_completed", end));
    told
}

fn parts(answer: &str, switches: &Switches) -> Vec<(&'static str, Value)> {
    let mut parts: Vec<_> = engine::pieces(answer, PARTIALS)
        .into_iter()
        .enumerate()
        .map(|(index, part)| ("partial_result", json!({ "index": index, "content": part })))
        .collect();
    if switches.is_on(Defect::DropsPartial) {
        parts.remove(parts.len() / 2);
    }
    parts
}

/// The event that ends a run that was cancelled.
pub(super) fn cancelled(ids: &Ids, seq: u64) -> Planned {
    Planned {
        kind: "agent_cancelled",
        seq,
        data: json!({ "final_status": "cancelled" }),
        run_id: ids.run_id.clone(),
    }
}

fn harmed(mut events: Vec<Planned>, switches: &Switches) -> Vec<Planned> {
    let first = |events: &[Planned], kind| events.iter().position(|event| event.kind == kind);
    let last = |events: &[Planned], kind| events.iter().rposition(|event| event.kind == kind);
    if switches.is_on(Defect::EventLost)
        && let Some(at) = last(&events, "agent_thinking")
    {
        events.remove(at);
    }
    if switches.is_on(Defect::EventDoubled)
        && let Some(at) = last(&events, "agent_thinking")
    {
        events.insert(at, events[at].clone());
    }
    if switches.is_on(Defect::EventsSwapped)
        && let Some(at) = last(&events, "tool_executing")
        && at + 1 < events.len()
    {
        events.swap(at, at + 1);
    }
    if switches.is_on(Defect::EventOfAnotherRun)
        && let Some(at) = first(&events, "tool_completed")
    {
        events[at].run_id = format!("run_{}", Uuid::new_v4().simple());
    }
    events
}

/// The event as it is sent: the one envelope that all events share.
pub(super) fn frame(ids: &Ids, event: &Planned, began_ms: i64) -> String {
    let now_ms = clock::now_ms();
    let timestamp = clock::rfc3339(now_ms);
    let mut data = event.data.clone();
    data["agent_name"] = json!(ids.agent);
    data["run_id"] = json!(event.run_id);
    data["thread_id"] = json!(ids.thread_id);
    data["timestamp"] = json!(timestamp);
    data["elapsed_ms"] = json!(now_ms - began_ms);
    json!({
        "type": event.kind,
        "data": data,
        "timestamp": timestamp,
        "seq": event.seq,
        "run_id": event.run_id,
        "thread_id": ids.thread_id,
        "user_id": ids.user_id,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::super::engine::work;
    use super::*;

    fn planned(on: &[Defect]) -> Vec<(u64, &'static str)> {
        let text = |text: &str| text.to_owned();
        let ids = Ids {
            run_id: text("r"),
            thread_id: text("t"),
            user_id: text("u"),
            agent: text("triage"),
        };
        let work = work("triage", "a prompt");
        let plan = plan(&ids, "a prompt", &work, false, &Switches::with(on));
        plan.into_iter()
            .map(|event| (event.seq, event.kind))
            .collect()
    }

    #[test]
    fn a_run_has_its_events_in_order_and_without_a_gap() {
        let kinds = [
            "agent_started",
            "agent_thinking",
            "agent_thinking",
            "tool_executing",
            "tool_completed",
            "tool_executing",
            "tool_completed",
            "agent_completed",
        ];
        let expected: Vec<_> = (1..).zip(kinds).collect();
        assert_eq!(planned(&[]), expected);
    }

    #[test]
    fn each_defect_of_delivery_leaves_its_own_mark_and_an_end() {
        let clean = planned(&[]);
        for defect in [
            Defect::EventLost,
            Defect::EventDoubled,
            Defect::EventsSwapped,
            Defect::ToolUnpaired,
        ] {
            let harmed = planned(&[defect]);
            assert_ne!(harmed, clean, "{defect:?}");
            assert_eq!(harmed.last().unwrap().1, "agent_completed", "{defect:?}");
        }
        let unpaired: Vec<_> = planned(&[Defect::ToolUnpaired]);
        assert!(
            (1..).zip(&unpaired).all(|(seq, event)| event.0 == seq),
            "numbered anew"
        );
    }
}
