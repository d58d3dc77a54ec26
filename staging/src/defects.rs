//! The closed list of things that this platform can be told to do wrong, each a named switch.
//!
//! Every defect is semantic: the server stays up and answers in time, with a status and a shape
//! that its API declares; only what it says or does is wrong. The wrong behaviour itself stands in
//! the area it belongs to, behind `App::has`. The switches' HTTP face is in `defects::handlers`.

pub(crate) mod handlers;
mod switches;

pub use switches::Switches;

/// One way to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Defect {
    /// A token's signature is not checked.
    AcceptsForgedToken,
    /// A token's expiry is not checked.
    AcceptsExpiredToken,
    /// A token for another audience is taken.
    AcceptsForeignAudience,
    /// `/ws` is opened without any token.
    AcceptsAnonymousSocket,
    /// A token in the `jwt.` subprotocol is not looked at.
    IgnoresSubprotocolToken,
    /// A chat message is acknowledged and forgotten.
    AcksWithoutStoring,
    /// A chat message is stored with another text.
    StoresOtherText,
    /// The acknowledgement names another message.
    AcksOtherId,
    /// All chunks of a stream leave together, at its end.
    BuffersStream,
    /// One chunk of a stream is left out.
    DropsChunk,
    /// The streamed answer does not depend on the prompt.
    IgnoresPrompt,
    /// Every page is the first one.
    IgnoresOffset,
    /// Each page after the first repeats the last message of the one before.
    OverlapsPages,
    /// The total count is that of the page.
    MiscountsTotal,
    /// Any user may read any thread by its id.
    ShowsAnyThread,
    /// Messages by thread are listed to any user.
    ListsAnyMessage,
    /// The header `X-User-ID` decides who is asking.
    TrustsUserHeader,
    /// The limiter counts but lets everything through.
    NeverLimits,
    /// All users share one window.
    LimitsEveryoneTogether,
    /// A refusal says that the next request may come at once.
    RetryAfterZero,
    /// One request more than the limit gets through.
    LimitsOneLate,
    /// The first event missed is left out after a resume.
    ReplaySkipsOne,
    /// The first event missed is sent twice after a resume.
    ReplayDoublesOne,
    /// A resume replays the whole run.
    ReplayStartsOver,
    /// One event of a run is never delivered.
    EventLost,
    /// One event of a run is delivered twice.
    EventDoubled,
    /// Two neighbouring events of a run change places.
    EventsSwapped,
    /// A tool that began is never said to have ended.
    ToolUnpaired,
    /// One event of a run bears another run's id.
    EventOfAnotherRun,
    /// Readiness is claimed without asking the database.
    HealthLies,
}

use Defect as D;

impl Defect {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 30] = [
        D::AcceptsForgedToken,
        D::AcceptsExpiredToken,
        D::AcceptsForeignAudience,
        D::AcceptsAnonymousSocket,
        D::IgnoresSubprotocolToken,
        D::AcksWithoutStoring,
        D::StoresOtherText,
        D::AcksOtherId,
        D::BuffersStream,
        D::DropsChunk,
        D::IgnoresPrompt,
        D::IgnoresOffset,
        D::OverlapsPages,
        D::MiscountsTotal,
        D::ShowsAnyThread,
        D::ListsAnyMessage,
        D::TrustsUserHeader,
        D::NeverLimits,
        D::LimitsEveryoneTogether,
        D::RetryAfterZero,
        D::LimitsOneLate,
        D::ReplaySkipsOne,
        D::ReplayDoublesOne,
        D::ReplayStartsOver,
        D::EventLost,
        D::EventDoubled,
        D::EventsSwapped,
        D::ToolUnpaired,
        D::EventOfAnotherRun,
        D::HealthLies,
    ];

    /// The switch's name on the command line and in URLs.
    pub fn name(self) -> &'static str {
        match self {
            D::AcceptsForgedToken => "accepts-forged-token",
            D::AcceptsExpiredToken => "accepts-expired-token",
            D::AcceptsForeignAudience => "accepts-foreign-audience",
            D::AcceptsAnonymousSocket => "accepts-anonymous-socket",
            D::IgnoresSubprotocolToken => "ignores-subprotocol-token",
            D::AcksWithoutStoring => "acks-without-storing",
            D::StoresOtherText => "stores-other-text",
            D::AcksOtherId => "acks-other-id",
            D::BuffersStream => "buffers-stream",
            D::DropsChunk => "drops-chunk",
            D::IgnoresPrompt => "ignores-prompt",
            D::IgnoresOffset => "ignores-offset",
            D::OverlapsPages => "overlaps-pages",
            D::MiscountsTotal => "miscounts-total",
            D::ShowsAnyThread => "shows-any-thread",
            D::ListsAnyMessage => "lists-any-message",
            D::TrustsUserHeader => "trusts-user-header",
            D::NeverLimits => "never-limits",
            D::LimitsEveryoneTogether => "limits-everyone-together",
            D::RetryAfterZero => "retry-after-zero",
            D::LimitsOneLate => "limits-one-late",
            D::ReplaySkipsOne => "replay-skips-one",
            D::ReplayDoublesOne => "replay-doubles-one",
            D::ReplayStartsOver => "replay-starts-over",
            D::EventLost => "event-lost",
            D::EventDoubled => "event-doubled",
            D::EventsSwapped => "events-swapped",
            D::ToolUnpaired => "tool-unpaired",
            D::EventOfAnotherRun => "event-of-another-run",
            D::HealthLies => "health-lies",
        }
    }

    /// The defect of this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|defect| defect.name() == name)
    }

    /// The area whose behaviour changes.
    pub fn area(self) -> &'static str {
        match self {
            D::AcceptsForgedToken | D::AcceptsExpiredToken | D::AcceptsForeignAudience => "auth",
            D::AcceptsAnonymousSocket | D::IgnoresSubprotocolToken => "realtime",
            D::AcksWithoutStoring | D::StoresOtherText | D::AcksOtherId => "realtime",
            D::BuffersStream | D::DropsChunk | D::IgnoresPrompt => "agents",
            D::IgnoresOffset | D::OverlapsPages | D::MiscountsTotal => "messages",
            D::ShowsAnyThread => "threads",
            D::ListsAnyMessage => "messages",
            D::TrustsUserHeader => "auth",
            D::NeverLimits | D::LimitsEveryoneTogether => "limits",
            D::RetryAfterZero | D::LimitsOneLate => "limits",
            D::ReplaySkipsOne | D::ReplayDoublesOne | D::ReplayStartsOver => "realtime",
            D::EventLost | D::EventDoubled | D::EventsSwapped => "agents",
            D::ToolUnpaired | D::EventOfAnotherRun => "agents",
            D::HealthLies => "health",
        }
    }

    /// What no longer holds while it is on.
    pub fn breaks(self) -> &'static str {
        match self {
            D::AcceptsForgedToken => "a token is only good with the platform's own signature",
            D::AcceptsExpiredToken => "a token is only good until it expires",
            D::AcceptsForeignAudience => "a token is only good at the audience it names",
            D::AcceptsAnonymousSocket => "a socket is only opened for a known user",
            D::IgnoresSubprotocolToken => "a good token in the jwt. subprotocol opens a socket",
            D::AcksWithoutStoring => "what was acknowledged can be read back",
            D::StoresOtherText => "what is read back is what was sent",
            D::AcksOtherId => "an acknowledgement names the message that was sent",
            D::BuffersStream => "chunks arrive when they are made, one by one",
            D::DropsChunk => "the chunks together are the whole text",
            D::IgnoresPrompt => "the answer is an answer to the prompt",
            D::IgnoresOffset => "the next page goes on where the last one ended",
            D::OverlapsPages => "no message is on two pages",
            D::MiscountsTotal => "the total counts all messages, not a page of them",
            D::ShowsAnyThread => "a thread is only shown to its owner",
            D::ListsAnyMessage => "messages are only listed to the owner of their thread",
            D::TrustsUserHeader => "who is asking is decided by the token alone",
            D::NeverLimits => "a request beyond the limit is refused",
            D::LimitsEveryoneTogether => "one user's limit leaves the others alone",
            D::RetryAfterZero => "a refusal says truthfully how long to wait",
            D::LimitsOneLate => "exactly as many requests pass as the limit says",
            D::ReplaySkipsOne => "every event missed is replayed",
            D::ReplayDoublesOne => "no event is replayed twice",
            D::ReplayStartsOver => "what was received before the cut is not sent again",
            D::EventLost => "the numbers of a run's events have no gap",
            D::EventDoubled => "every event is delivered once",
            D::EventsSwapped => "events are delivered in their order",
            D::ToolUnpaired => "every tool that began is said to have ended",
            D::EventOfAnotherRun => "all events of a run bear its id",
            D::HealthLies => "ready means that the database answered",
        }
    }

    /// The test that must turn red.
    pub fn test(self) -> &'static str {
        match self {
            D::AcceptsForgedToken
            | D::AcceptsExpiredToken
            | D::AcceptsForeignAudience
            | D::AcceptsAnonymousSocket
            | D::IgnoresSubprotocolToken => "test_002_websocket_authentication_real",
            D::AcksWithoutStoring | D::StoresOtherText | D::AcksOtherId => {
                "test_003_websocket_message_send_real"
            }
            D::BuffersStream | D::DropsChunk | D::IgnoresPrompt => {
                "test_008_agent_streaming_capabilities_real"
            }
            D::IgnoresOffset | D::OverlapsPages | D::MiscountsTotal => {
                "test_015_thread_history_real"
            }
            D::ShowsAnyThread | D::ListsAnyMessage | D::TrustsUserHeader => {
                "test_016_user_context_isolation_real"
            }
            D::NeverLimits | D::LimitsEveryoneTogether | D::RetryAfterZero | D::LimitsOneLate => {
                "test_018_rate_limiting_real"
            }
            D::ReplaySkipsOne | D::ReplayDoublesOne | D::ReplayStartsOver => {
                "test_020_connection_resilience_real"
            }
            D::EventLost
            | D::EventDoubled
            | D::EventsSwapped
            | D::ToolUnpaired
            | D::EventOfAnotherRun => "test_025_critical_event_delivery_real",
            D::HealthLies => "requires of p1-critical",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_holds_every_defect_once_and_in_order() {
        for (index, defect) in Defect::ALL.into_iter().enumerate() {
            assert_eq!(
                defect as usize, index,
                "{defect:?} stands in the wrong place"
            );
            assert_eq!(Defect::from_name(defect.name()), Some(defect));
        }
        assert_eq!(Defect::HealthLies as usize + 1, Defect::ALL.len());
    }
}
