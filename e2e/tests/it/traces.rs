//! Traces join both sides: what the platform did stands below the step that caused it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use domain::RunId;
use e2e::collector::{Collector, Received};
use e2e::{Grid, Muster, Platform, follow, grid, muster};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proto::v1::control_service_client::ControlServiceClient;

const SERVER: &str = "reference-platform";
/// OpenTelemetry's numbers for kinds of spans.
const KIND_SERVER: i32 = 2;
const KIND_CLIENT: i32 = 3;
/// Times of a case are milliseconds in floating point.
const ROUNDING_NS: u64 = 1_000;

type Spans = BTreeMap<Vec<u8>, Received>;

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_tests_server_spans_stand_below_the_step_that_caused_them() -> Result<()> {
    let collector = Collector::start()?;
    let muster = Muster::new()?;
    let said = muster.call([
        "demo",
        "--defect",
        "shows-any-thread",
        "--otlp",
        &collector.url,
        "--out",
        "out",
    ])?;
    assert_eq!(said.code, 100, "{}", said.all());
    let report = muster.report("out")?;
    let failed = report
        .cases()
        .iter()
        .find(|case| case["outcome"] == "failed");
    let failed = failed.context("a failed case")?;
    let (id, trace) = (text(&failed["id"]), text(&failed["trace_id"]));

    let shown = muster.call(["show", &id, "--trace"])?;
    assert_server_lines_stand_below_exchanges(&shown.stdout)?;
    let told = "server spans: ";
    assert!(shown.stderr.contains(told), "{}", shown.all());
    assert!(shown.stderr.contains(", 0 dropped"), "{}", shown.all());

    let spans = collector.spans();
    let served = spans
        .values()
        .filter(|span| span.kind == KIND_SERVER && is_request(span));
    let served: Vec<&Received> = served.collect();
    assert!(
        !served.is_empty(),
        "no server span was sent on: {}",
        said.all()
    );
    for span in &served {
        assert_is_caused_by_its_exchange(span, &spans)?;
    }
    let of_case = |span: &&Received| hex(&span.trace) == trace;
    let answered = spans.values().filter(of_case).filter(|span| {
        span.kind == KIND_CLIENT && span.attributes.contains_key("http.response.status_code")
    });
    for exchange in answered {
        let has_server = served.iter().any(|span| span.parent == exchange.id);
        assert!(has_server, "no server span below {exchange:?}");
    }
    let database = spans.values().find(|span| span.name == "database");
    let parent = spans.get(&database.context("database work")?.parent);
    assert_eq!(parent.context("a parent")?.service, SERVER);
    assert!(
        !format!("{spans:?}").contains("eyJ"),
        "a token left in a span"
    );
    Ok(())
}

fn is_request(span: &Received) -> bool {
    span.service == SERVER && span.attributes.contains_key("http.request.method")
}

fn assert_is_caused_by_its_exchange(span: &Received, spans: &Spans) -> Result<()> {
    let exchange = spans.get(&span.parent);
    let exchange = exchange.with_context(|| format!("no span of the grid above {span:?}"))?;
    assert_eq!(exchange.service, "muster", "{span:?}");
    for attribute in ["http.request.method", "http.response.status_code"] {
        let (server, grid) = (
            span.attributes.get(attribute),
            exchange.attributes.get(attribute),
        );
        assert!(
            grid.is_none() || server == grid,
            "{attribute} of {span:?} and {exchange:?}"
        );
    }
    assert!(
        exchange.start_ns <= span.start_ns + ROUNDING_NS,
        "{span:?} began before {exchange:?}"
    );
    let up = std::iter::successors(Some(exchange), |at| spans.get(&at.parent));
    let top = up.last().map(|top| top.name.as_str());
    assert_eq!(top, Some("run"), "the way up from {span:?}");
    Ok(())
}

/// In the waterfall, a server's line is indented more than the line of what caused it.
fn assert_server_lines_stand_below_exchanges(shown: &str) -> Result<()> {
    let depth = |line: &str| line.len() - line.trim_start().len();
    let waterfall = shown.lines().skip_while(|line| !line.starts_with("trace "));
    let lines: Vec<&str> = waterfall.filter(|line| line.contains('█')).collect();
    let place = |line: &&str| line.contains(SERVER);
    let first = lines.iter().position(place);
    let first = first.with_context(|| format!("no server span is shown: {shown}"))?;
    for pair in lines[first - 1..].windows(2) {
        if pair[1].contains(SERVER) && !pair[0].contains(SERVER) {
            assert!(depth(pair[1]) > depth(pair[0]), "{}\n{}", pair[0], pair[1]);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_of_this_process_takes_spans_in_where_it_is_told_to_listen() -> Result<()> {
    let address = grid::free_address()?;
    let url = format!("http://{address}");
    let platform = Platform::start_with(&["shows-any-thread"], &["--otlp", &url]).await?;
    let muster = Muster::new()?;
    let (suites, environment) = (muster::suites(), platform.environment());
    let said = muster.call([
        "run",
        &suites.to_string_lossy(),
        "--env",
        &environment.to_string_lossy(),
        "-k",
        "test_016",
        "--regions",
        "us-central1",
        "--listen",
        &address,
    ])?;
    assert_eq!(said.code, 100, "{}", said.all());
    let shown = muster.call(["show", "test_016", "--trace"])?;
    assert_server_lines_stand_below_exchanges(&shown.stdout)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_usual_variable_sends_the_grids_own_spans_too() -> Result<()> {
    let collector = Collector::start()?;
    let platform = Platform::start(&[]).await?;
    let muster = Muster::new()?;
    let (suites, environment) = (muster::suites(), platform.environment());
    let said = muster.call_with(
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url)],
        [
            "run",
            &suites.to_string_lossy(),
            "--env",
            &environment.to_string_lossy(),
            "-k",
            "test_016",
        ],
    )?;
    assert_eq!(said.code, 0, "{}", said.all());
    let spans = collector.spans();
    let named = |name: &'static str| spans.values().filter(move |span| span.name == name);
    let control = "muster-control";
    let runs: Vec<&Received> = named("run")
        .filter(|span| span.service == control)
        .collect();
    let [run] = runs.as_slice() else {
        anyhow::bail!("one run in {spans:?}");
    };
    assert_eq!(run.attributes["muster.verdict"], "PASSED");
    let regions: Vec<&str> = named("shard lease")
        .filter(|lease| lease.parent == run.id)
        .map(|lease| lease.attributes["muster.region"].as_str())
        .collect();
    for region in grid::REGIONS {
        assert!(
            regions.contains(&region),
            "no lease of {region}: {regions:?}"
        );
    }
    assert_eq!(named("worker session").count(), grid::REGIONS.len());
    assert!(named("test test_016_user_context_isolation_real").count() >= grid::REGIONS.len());
    let services: std::collections::BTreeSet<&str> =
        spans.values().map(|span| span.service.as_str()).collect();
    assert_eq!(Vec::from_iter(services), ["muster", control]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_slow_or_gone_changes_nothing_but_a_counter() -> Result<()> {
    let slow = Collector::that_never_answers()?;
    let platform = Platform::start(&[]).await?;
    let muster = Muster::new()?;
    let (suites, environment) = (muster::suites(), platform.environment());
    let said = muster.call([
        "run",
        &suites.to_string_lossy(),
        "--env",
        &environment.to_string_lossy(),
        "-k",
        "test_016",
        "--otlp",
        &slow.url,
    ])?;
    assert_eq!(said.code, 0, "{}", said.all());
    assert!(said.stderr.contains("0 spans sent to"), "{}", said.all());
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        format!("http://{}", listener.local_addr()?)
    };
    for url in [slow.url.as_str(), gone.as_str()] {
        let began = Instant::now();
        let said = muster.call(["report", "--otlp", url])?;
        assert_eq!(said.code, 0, "{}", said.all());
        assert!(said.stderr.contains("0 spans sent to"), "{}", said.all());
        assert!(!said.stderr.contains(", 0 dropped"), "{}", said.all());
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "{url} held us up"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_beyond_the_limit_are_dropped_and_counted_and_strangers_are_passed_over() -> Result<()>
{
    // Without workers the run stays open until everything is sent.
    let mut grid = Grid::start(0)?;
    let url = format!("http://{}", grid.address);
    let platform = Platform::start_with(&[], &["--otlp", &url]).await?;
    let muster = Muster::new()?;
    let (suites, environment) = (muster::suites(), platform.environment());
    let mut run = muster.start(&[
        "run",
        &suites.to_string_lossy(),
        "--env",
        &environment.to_string_lossy(),
        "--grid",
        &grid.address,
        "-k",
        "test_016",
    ])?;
    let mut control = ControlServiceClient::connect(url.clone()).await?;
    let id = RunId::from(follow::open_run(&mut control).await?);
    let mut client = TraceServiceClient::connect(url).await?;
    let own = format!("{}{}", domain::trace::mark(&id), "1".repeat(16));
    let rejected = send(&mut client, &own, 2_100).await?;
    assert_eq!(rejected, 100, "{}", grid.output());
    assert_eq!(send(&mut client, &"7".repeat(32), 500).await?, 0);
    assert_eq!(send(&mut client, &"0".repeat(32), 5).await?, 5);
    for region in grid::REGIONS {
        grid.start_worker(&format!("{region}-1"), region)?;
    }
    let ended = run.ended(Duration::from_secs(300))?;
    assert_eq!(ended.code(), Some(0), "{}", run.output());
    let told = run.output();
    assert!(
        told.contains("server spans: ") && told.contains(", 100 dropped"),
        "{told}"
    );
    Ok(())
}

/// Sends this many spans of one trace; answers with how many were not kept.
async fn send(
    client: &mut TraceServiceClient<tonic::transport::Channel>,
    trace: &str,
    count: u64,
) -> Result<i64> {
    let span = |number: u64| Span {
        trace_id: bytes(trace),
        span_id: (number + 1).to_be_bytes().to_vec(),
        name: "flood".to_owned(),
        ..Span::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: (0..count).map(span).collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    let reply = client.export(request).await?.into_inner();
    Ok(reply
        .partial_success
        .map_or(0, |partial| partial.rejected_spans))
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = (0..hex.len()).step_by(2);
    digits
        .filter_map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok())
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
