//! Every defect: its name, the area whose behaviour changes, the test that must turn red, and what
//! no longer holds while it is on.

macro_rules! defects {
    ($($variant:ident $name:literal $area:literal $test:literal $breaks:literal)*) => {
        /// One way to be wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Defect {
            $(#[doc = concat!("No longer holds: ", $breaks, ".")] $variant,)*
        }

        impl Defect {
            /// All of them, in the order of the enum.
            pub const ALL: [Self; [$(Self::$variant),*].len()] = [$(Self::$variant),*];

            /// The switch's name on the command line and in URLs.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The area whose behaviour changes.
            pub fn area(self) -> &'static str {
                match self { $(Self::$variant => $area,)* }
            }

            /// What no longer holds while it is on.
            pub fn breaks(self) -> &'static str {
                match self { $(Self::$variant => $breaks,)* }
            }

            /// The test that must turn red.
            pub fn test(self) -> &'static str {
                match self { $(Self::$variant => $test,)* }
            }
        }
    };
}

defects! {
    AcceptsForgedToken "accepts-forged-token" "auth" "test_002_websocket_authentication_real"
        "a token is only good with the platform's own signature"
    AcceptsExpiredToken "accepts-expired-token" "auth" "test_002_websocket_authentication_real"
        "a token is only good until it expires"
    AcceptsForeignAudience "accepts-foreign-audience" "auth" "test_002_websocket_authentication_real"
        "a token is only good at the audience it names"
    AcceptsAnonymousSocket "accepts-anonymous-socket" "realtime" "test_002_websocket_authentication_real"
        "a socket is only opened for a known user"
    IgnoresSubprotocolToken "ignores-subprotocol-token" "realtime" "test_002_websocket_authentication_real"
        "a good token in the jwt. subprotocol opens a socket"
    AcksWithoutStoring "acks-without-storing" "realtime" "test_003_websocket_message_send_real"
        "what was acknowledged can be read back"
    StoresOtherText "stores-other-text" "realtime" "test_003_websocket_message_send_real"
        "what is read back is what was sent"
    AcksOtherId "acks-other-id" "realtime" "test_003_websocket_message_send_real"
        "an acknowledgement names the message that was sent"
    BuffersStream "buffers-stream" "agents" "test_008_agent_streaming_capabilities_real"
        "chunks arrive when they are made, one by one"
    DropsChunk "drops-chunk" "agents" "test_008_agent_streaming_capabilities_real"
        "the chunks together are the whole text"
    IgnoresPrompt "ignores-prompt" "agents" "test_008_agent_streaming_capabilities_real"
        "the answer is an answer to the prompt"
    IgnoresOffset "ignores-offset" "messages" "test_015_thread_history_real"
        "the next page goes on where the last one ended"
    OverlapsPages "overlaps-pages" "messages" "test_015_thread_history_real"
        "no message is on two pages"
    MiscountsTotal "miscounts-total" "messages" "test_015_thread_history_real"
        "the total counts all messages, not a page of them"
    ShowsAnyThread "shows-any-thread" "threads" "test_016_user_context_isolation_real"
        "a thread is only shown to its owner"
    ListsAnyMessage "lists-any-message" "messages" "test_016_user_context_isolation_real"
        "messages are only listed to the owner of their thread"
    TrustsUserHeader "trusts-user-header" "auth" "test_016_user_context_isolation_real"
        "who is asking is decided by the token alone"
    NeverLimits "never-limits" "limits" "test_018_rate_limiting_real"
        "a request beyond the limit is refused"
    LimitsEveryoneTogether "limits-everyone-together" "limits" "test_018_rate_limiting_real"
        "one user's limit leaves the others alone"
    RetryAfterZero "retry-after-zero" "limits" "test_018_rate_limiting_real"
        "a refusal says truthfully how long to wait"
    LimitsOneLate "limits-one-late" "limits" "test_018_rate_limiting_real"
        "exactly as many requests pass as the limit says"
    ReplaySkipsOne "replay-skips-one" "realtime" "test_020_connection_resilience_real"
        "every event missed is replayed"
    ReplayDoublesOne "replay-doubles-one" "realtime" "test_020_connection_resilience_real"
        "no event is replayed twice"
    ReplayStartsOver "replay-starts-over" "realtime" "test_020_connection_resilience_real"
        "what was received before the cut is not sent again"
    EventLost "event-lost" "agents" "test_025_critical_event_delivery_real"
        "the numbers of a run's events have no gap"
    EventDoubled "event-doubled" "agents" "test_025_critical_event_delivery_real"
        "every event is delivered once"
    EventsSwapped "events-swapped" "agents" "test_025_critical_event_delivery_real"
        "events are delivered in their order"
    ToolUnpaired "tool-unpaired" "agents" "test_025_critical_event_delivery_real"
        "every tool that began is said to have ended"
    EventOfAnotherRun "event-of-another-run" "agents" "test_025_critical_event_delivery_real"
        "all events of a run bear its id"
    HealthLies "health-lies" "health" "requires of p1-critical"
        "ready means that the database answered"
    PongForgetsId "pong-forgets-id" "realtime" "test_001_websocket_connection_real"
        "a pong names the ping that it answers"
    SocketsShareUser "sockets-share-user" "realtime" "test_004_websocket_concurrent_connections_real"
        "a socket answers in the name of the user who opened it"
    RegistryHidesOne "registry-hides-one" "discovery" "test_005_agent_discovery_real"
        "every registered server is listed"
    ConfigOpenToAll "config-open-to-all" "configuration" "test_006_agent_configuration_real"
        "the platform's configuration is only shown to administrators"
    CannedAnswer "canned-answer" "agents" "test_007_agent_execution_endpoints_real"
        "an execution answers the message that was sent"
    StatusSkipsRunning "status-skips-running" "agents" "test_009_agent_status_monitoring_real"
        "a run is only said to be completed when it is over"
    ToolIgnoresArguments "tool-ignores-arguments" "tools" "test_010_tool_execution_endpoints_real"
        "a tool computes its result from its arguments"
    StaleHealth "stale-health" "health" "test_011_agent_performance_real"
        "every answer about health is made anew"
    ForgetsMetadata "forgets-metadata" "messages" "test_012_message_persistence_real"
        "a message is kept with its metadata"
    DropsThreadMetadata "drops-thread-metadata" "threads" "test_013_thread_creation_real"
        "a thread is kept with its metadata"
    PostsToNewestThread "posts-to-newest-thread" "messages" "test_014_thread_switching_real"
        "a message is stored in the thread that it names"
    MixesPrompts "mixes-prompts" "agents" "test_017_concurrent_users_real"
        "users who ask at the same time get each their own answer"
    TellsInternals "tells-internals" "web" "test_019_error_handling_real"
        "a refusal tells nothing of the platform's inside"
    SessionsShareValues "sessions-share-values" "sessions" "test_021_session_persistence_real"
        "what one session keeps is not seen by another"
    CancelGoesOn "cancel-goes-on" "agents" "test_022_agent_lifecycle_management_real"
        "a cancelled run tells nothing more"
    DropsPartial "drops-partial" "agents" "test_023_streaming_partial_results_real"
        "the partial results together are the final one"
    ReordersLongThreads "reorders-long-threads" "messages" "test_024_message_ordering_real"
        "messages are listed in the order in which they were stored"
    AcceptsForeignIssuer "accepts-foreign-issuer" "auth" "test_026_jwt_authentication_real"
        "a token is only good from the platform's own issuer"
    AcceptsForgedState "accepts-forged-state" "auth" "test_027_oauth_google_login_real"
        "a login at the identity provider ends where it began"
    RefreshReusable "refresh-reusable" "auth" "test_028_token_refresh_real"
        "a refresh token is good for one refresh"
    ExpiresInLies "expires-in-lies" "auth" "test_029_token_expiry_real"
        "a token lives as long as was said"
    LogoutKeepsToken "logout-keeps-token" "auth" "test_030_logout_flow_real"
        "a token that was logged out is dead"
    KeepsSessionId "keeps-session-id" "auth" "test_031_session_security_real"
        "a login begins a session with a new id"
    RedirectsToPlain "redirects-to-plain" "web" "test_032_https_certificate_validation_real"
        "plain http is sent on to https"
    CorsAllowsAny "cors-allows-any" "web" "test_033_cors_policy_real"
        "only pages of allowed origins may read answers"
    EndpointsShareLimit "endpoints-share-limit" "limits" "test_034_rate_limiting_real"
        "each endpoint counts its own requests"
    SocketTakesAnyOrigin "socket-takes-any-origin" "realtime" "test_035_websocket_security_real"
        "only pages of allowed origins may open a socket"
}
