//! What clients and strangers send that is wrong: each gets one clear answer, and the grid goes on.

use prost::Message;
use proto::v1;
use proto::v1::worker_service_client::WorkerServiceClient;
use tokio_stream::iter;
use tonic::Code;
use tonic::transport::Endpoint;

use crate::grid::{Grid, plan};
use crate::target::Target;

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_can_t_be_taken_is_refused_with_its_reason() {
    let target = Target::open().await;
    let grid = Grid::start().await;
    let mut client = grid.client().await;
    let garbage = v1::SubmitRequest {
        client_request_id: "garbage".to_owned(),
        plan: vec![0xff; 40],
        bundle: vec![],
        ..v1::SubmitRequest::default()
    };
    let status = client.0.submit(garbage).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    assert!(
        status.message().contains("the plan can't be read"),
        "{status}"
    );
    let mut planned = plan("other-bundle", &target, 1, &["here"]);
    planned.bundle.push(0);
    let status = client.submit(&planned).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    assert!(status.message().contains("another bundle"), "{status}");
    let mut planned = plan("empty", &target, 1, &["here"]);
    planned.plan.cases.clear();
    let status = client.submit(&planned).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
    assert!(status.message().contains("empty"), "{status}");
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_does_not_exist_is_not_found() {
    let grid = Grid::start().await;
    let mut client = grid.client().await;
    let run = "nobody".to_owned();
    let follow = v1::FollowRequest {
        run: run.clone(),
        from: 0,
    };
    assert_eq!(
        client.0.follow(follow).await.unwrap_err().code(),
        Code::NotFound
    );
    let log = v1::LogRequest { run: run.clone() };
    assert_eq!(client.0.log(log).await.unwrap_err().code(), Code::NotFound);
    let fetch = v1::FetchRequest {
        run,
        digest: Some(wire::digest::encode(&wire::digest::of(b"nothing"))),
    };
    assert_eq!(
        client.0.fetch(fetch).await.unwrap_err().code(),
        Code::NotFound
    );
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_does_not_begin_with_hello_is_refused() {
    let grid = Grid::start().await;
    let endpoint = Endpoint::from_shared(format!("http://{}", grid.address)).unwrap();
    let mut client = WorkerServiceClient::new(endpoint.connect().await.unwrap());
    let goodbye = v1::WorkerMessage {
        body: Some(v1::worker_message::Body::Goodbye(v1::Goodbye::default())),
    };
    for message in [goodbye, v1::WorkerMessage::default()] {
        let frame = v1::WorkerFrame {
            messages: vec![message.encode_to_vec()],
        };
        let mut down = client.session(iter([frame])).await.unwrap().into_inner();
        let status = down.message().await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    }
    grid.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_coordinator_over_the_same_data_is_refused() {
    let grid = Grid::start().await;
    let mut config = grid.coordinator_config();
    config.listen = "127.0.0.1:0".parse().unwrap();
    let error = coordinator::start(config).await.unwrap_err().to_string();
    assert!(error.contains("is held by another coordinator"), "{error}");
    grid.stop().await;
}
