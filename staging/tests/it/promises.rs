//! What the platform promises, one probe per defect: whether the promise it breaks holds.
//!
//! Each probe looks only at what a client sees, and only at answers that came. `doors` asks who is
//! let in, `work` what agents and tools do, `keeping` what is stored and told.

pub(crate) mod doors;
mod keeping;
pub(crate) mod work;

use http::Method;
use serde_json::{Value, json};
use staging::Defect;

use crate::lab::{Ask, Lab, User, text};
use crate::socket::{Socket, kinds, numbers};
use crate::stream::{gaps, joined, streamed};

/// Whether what this defect breaks holds on this platform.
pub(crate) async fn holds(lab: &Lab, defect: Defect) -> bool {
    use Defect as D;
    match defect {
        D::AcceptsForgedToken
        | D::AcceptsExpiredToken
        | D::AcceptsForeignAudience
        | D::AcceptsAnonymousSocket
        | D::IgnoresSubprotocolToken => admission(lab, defect).await,
        D::AcksWithoutStoring | D::StoresOtherText | D::AcksOtherId => chat_is_kept(lab).await,
        D::BuffersStream => gaps(&stream(lab).await) >= 5,
        D::DropsChunk => whole(&stream(lab).await),
        D::IgnoresPrompt => joined(&stream(lab).await).contains("nonce-1"),
        D::IgnoresOffset | D::OverlapsPages | D::MiscountsTotal => pages_add_up(lab).await,
        D::ShowsAnyThread | D::ListsAnyMessage | D::TrustsUserHeader => {
            is_private(lab, defect).await
        }
        D::NeverLimits | D::RetryAfterZero | D::LimitsOneLate => limits_exactly(lab).await,
        D::LimitsEveryoneTogether => limits_apart(lab).await,
        D::ReplaySkipsOne | D::ReplayDoublesOne | D::ReplayStartsOver => resumes_exactly(lab).await,
        D::EventLost
        | D::EventDoubled
        | D::EventsSwapped
        | D::ToolUnpaired
        | D::EventOfAnotherRun => run_is_sound(lab).await,
        D::HealthLies => outage_shows(lab).await,
        D::PongForgetsId => keeping::pong_names_its_ping(lab).await,
        D::SocketsShareUser => keeping::pong_names_its_user(lab).await,
        D::RegistryHidesOne => work::all_servers_are_listed(lab).await,
        D::ConfigOpenToAll => doors::configuration_is_closed(lab).await,
        D::CannedAnswer => work::answer_fits(lab).await,
        D::StatusSkipsRunning => work::states_are_gone_through(lab).await,
        D::ToolIgnoresArguments => work::tools_compute(lab).await,
        D::StaleHealth => work::health_is_fresh(lab).await,
        D::ForgetsMetadata => keeping::message_keeps_metadata(lab).await,
        D::DropsThreadMetadata => keeping::thread_keeps_metadata(lab).await,
        D::PostsToNewestThread => keeping::messages_stay_in_their_thread(lab).await,
        D::MixesPrompts => work::answers_stay_apart(lab).await,
        D::TellsInternals => keeping::refusals_are_discreet(lab).await,
        D::SessionsShareValues => keeping::sessions_stay_apart(lab).await,
        D::CancelGoesOn => work::cancelled_is_silent(lab).await,
        D::DropsPartial => work::partials_are_the_answer(lab).await,
        D::ReordersLongThreads => keeping::long_threads_keep_their_order(lab).await,
        D::AcceptsForeignIssuer => doors::foreign_issuer_is_refused(lab).await,
        D::AcceptsForgedState => doors::forged_state_is_refused(lab).await,
        D::RefreshReusable => doors::refresh_is_good_once(lab).await,
        D::ExpiresInLies => doors::lifetime_is_told_truly(lab).await,
        D::LogoutKeepsToken => doors::logout_ends(lab).await,
        D::KeepsSessionId => doors::login_changes_the_visit(lab).await,
        D::RedirectsToPlain => doors::plain_is_sent_to_tls(lab).await,
        D::CorsAllowsAny => doors::other_origins_read_nothing(lab).await,
        D::EndpointsShareLimit => doors::endpoints_count_apart(lab).await,
        D::SocketTakesAnyOrigin => doors::foreign_page_opens_no_socket(lab).await,
    }
}

async fn admission(lab: &Lab, defect: Defect) -> bool {
    let user = lab.user("admission").await;
    let with = |token: String| vec![("authorization", format!("Bearer {token}"))];
    let (headers, wanted) = match defect {
        Defect::AcceptsForgedToken => (with(format!("{}x", user.token)), Err(401)),
        Defect::AcceptsExpiredToken => (with(lab.environment_value("expired")), Err(401)),
        Defect::AcceptsForeignAudience => {
            (with(lab.environment_value("foreign_audience")), Err(401))
        }
        Defect::AcceptsAnonymousSocket => (Vec::new(), Err(403)),
        _ => {
            let names = format!("jwt-auth, jwt.{}", user.token);
            (vec![("sec-websocket-protocol", names)], Ok(()))
        }
    };
    Socket::try_open(lab, &headers).await.map(|_| ()) == wanted
}

async fn chat_is_kept(lab: &Lab) -> bool {
    let user = lab.user("chat").await;
    let thread = lab.thread(&user).await;
    let mut socket = Socket::open(lab, &user, "n").await;
    let chat = json!({
        "type": "chat", "message_id": "mine-1", "thread_id": thread, "content": "hello nonce",
    });
    socket.send(chat).await;
    let ack = socket.next().await;
    let read = lab.get("/api/messages/mine-1", Some(&user)).await;
    ack["message_id"] == "mine-1" && read.body["content"] == "hello nonce"
}

async fn stream(lab: &Lab) -> Vec<(std::time::Instant, Value)> {
    let user = lab.user("stream").await;
    streamed(lab, &user, "about nonce-1").await
}

fn whole(events: &[(std::time::Instant, Value)]) -> bool {
    let digest = ring::digest::digest(&ring::digest::SHA256, joined(events).as_bytes());
    events.last().unwrap().1["sha256"] == hex::encode(digest)
}

async fn pages_add_up(lab: &Lab) -> bool {
    let user = lab.user("pages").await;
    let thread = lab.thread(&user).await;
    for i in 0..5 {
        let body = json!({ "thread_id": thread, "content": format!("m{i}") });
        assert_eq!(lab.post("/api/messages", &user, &body).await.status, 200);
    }
    let mut contents = Vec::new();
    for offset in [0, 2, 4] {
        let path = format!("/api/messages?thread_id={thread}&limit=2&offset={offset}");
        let page = lab.get(&path, Some(&user)).await.body;
        if page["total_count"] != 5 {
            return false;
        }
        contents.extend(
            page["messages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|m| text(&m["content"])),
        );
    }
    contents == ["m0", "m1", "m2", "m3", "m4"]
}

async fn is_private(lab: &Lab, defect: Defect) -> bool {
    let (alice, bob) = (lab.user("owner").await, lab.user("other").await);
    let thread = lab.thread(&alice).await;
    let path = match defect {
        Defect::ListsAnyMessage => format!("/api/messages?thread_id={thread}"),
        _ => format!("/api/threads/{thread}"),
    };
    let pretended = vec![("x-user-id", alice.id.clone())];
    let headers = if defect == Defect::TrustsUserHeader {
        pretended
    } else {
        Vec::new()
    };
    let ask = Ask {
        token: Some(&bob.token),
        headers,
        body: None,
    };
    let answer = lab.api(Method::GET, &path, ask).await;
    let own = lab.get(&path, Some(&alice)).await;
    answer.status == 403 && own.status == 200
}

async fn hits(lab: &Lab, user: &User, count: usize) -> Vec<crate::lab::Answer> {
    let mut hits = Vec::new();
    for _ in 0..count {
        hits.push(lab.get("/api/limited", Some(user)).await);
    }
    hits
}

async fn limits_exactly(lab: &Lab) -> bool {
    let user = lab.user("limited").await;
    let hits = hits(lab, &user, 14).await;
    let allowed = hits.iter().take_while(|hit| hit.status == 200).count();
    let refused = &hits[allowed..];
    let waits = refused
        .iter()
        .map(|hit| hit.headers["retry-after"].to_str().unwrap().to_owned());
    let honest = waits
        .map(|wait| wait.parse::<u64>().unwrap())
        .all(|wait| wait > 0);
    allowed == 10 && refused.iter().all(|hit| hit.status == 429) && honest
}

async fn limits_apart(lab: &Lab) -> bool {
    let (alice, bob) = (lab.user("busy").await, lab.user("idle").await);
    hits(lab, &alice, 11).await;
    lab.get("/api/limited", Some(&bob)).await.status == 200
}

async fn resumes_exactly(lab: &Lab) -> bool {
    let user = lab.user("resume").await;
    let mut socket = Socket::open(lab, &user, "n").await;
    socket.start_run("a prompt", Some("tool_executing")).await;
    let (mut events, _) = socket.until_end().await;
    let last_seq = *numbers(&events).last().unwrap();
    let mut socket = Socket::open(lab, &user, "n").await;
    socket
        .send(json!({ "type": "resume", "last_seq": last_seq }))
        .await;
    events.extend(socket.until("agent_completed").await);
    numbers(&events) == (1..=8).collect::<Vec<_>>()
}

async fn run_is_sound(lab: &Lab) -> bool {
    let user = lab.user("run").await;
    let mut socket = Socket::open(lab, &user, "n").await;
    socket.start_run("a prompt", None).await;
    let events = socket.until("agent_completed").await;
    let order = [
        "agent_started",
        "agent_thinking",
        "agent_thinking",
        "tool_executing",
        "tool_completed",
        "tool_executing",
        "tool_completed",
        "agent_completed",
    ];
    let run = &events[0]["run_id"];
    kinds(&events) == order
        && numbers(&events) == (1..=8).collect::<Vec<_>>()
        && events.iter().all(|event| event["run_id"] == *run)
}

async fn outage_shows(lab: &Lab) -> bool {
    let switch = "/__ref/outages/database";
    assert_eq!(
        lab.api(Method::PUT, switch, Ask::default()).await.status,
        200
    );
    let ready = lab.get("/health/ready", None).await;
    assert_eq!(
        lab.api(Method::DELETE, switch, Ask::default()).await.status,
        200
    );
    ready.status == 503 && ready.body["status"] == "unready"
}
