//! Redirects: in circles, off the list, to other schemes, and into bodies.

use domain::Outcome;

use crate::harness::{Hostile, MOST, expect};

const FOLLOW: &str =
    "steps:\n  - http: GET /a\n    as: nobody\n    follow_redirects: true\n    status: 200\n";

async fn to(location: &'static str) -> Hostile {
    Hostile::start(move |mut peer| async move {
        loop {
            peer.request().await?;
            let answer =
                format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
            peer.write(answer.as_bytes()).await?;
        }
    })
    .await
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let _alone = crate::harness::alone().await;
    for location in ["/a", "/b?again", "?x", ""] {
        let server = to(location).await;
        expect(
            &server,
            FOLLOW,
            Outcome::Failed,
            "redirect: ",
            "more than 10 redirects",
            MOST,
        )
        .await;
    }
}

#[tokio::test]
async fn a_redirect_leads_nowhere_that_the_list_does_not_name() {
    let _alone = crate::harness::alone().await;
    for (location, reason) in [
        ("http://169.254.169.254/latest/meta-data", "allow_list: "),
        ("http://[fd00:ec2::254]/", "allow_list: "),
        ("http://[::ffff:169.254.169.254]/", "allow_list: "),
        ("http://2852039166/", "allow_list: "),
        ("http://0xa9fea9fe/", "allow_list: "),
        ("http://0251.0376.0251.0376/", "allow_list: "),
        ("http://127.1:1/", "allow_list: "),
        ("//evil.test/", "allow_list: "),
        ("\\\\evil.test\\", "allow_list: "),
        ("http://user:pass@127.0.0.1/", "allow_list: "),
        ("file:///etc/passwd", "allow_list: "),
        ("gopher://127.0.0.1/", "allow_list: "),
        ("javascript:alert(1)", "allow_list: "),
        ("http://", "redirect: "),
        ("http://[::1", "redirect: "),
    ] {
        let server = to(location).await;
        let outcome = if reason == "redirect: " {
            Outcome::Failed
        } else {
            Outcome::Errored
        };
        expect(&server, FOLLOW, outcome, reason, "", MOST).await;
    }
}
