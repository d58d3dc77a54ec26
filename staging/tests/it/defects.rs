//! Every defect breaks its promise and nothing of the declaration; without it the promise holds.

use http::Method;
use serde_json::json;
use staging::Defect;

use crate::lab::{Ask, Lab};
use crate::promises::holds;

async fn broken_by(defects: &[Defect]) {
    for defect in defects {
        let lab = Lab::start(&[]).await;
        assert!(
            holds(&lab, *defect).await,
            "without {}: {}",
            defect.name(),
            defect.breaks()
        );
        lab.finish().await;
        let lab = Lab::start(&[*defect]).await;
        assert!(
            !holds(&lab, *defect).await,
            "{} breaks nothing",
            defect.name()
        );
        lab.finish().await;
    }
}

/// The defects in eight parts, so that they are tried side by side.
async fn part(number: usize) {
    let defects: Vec<_> = Defect::ALL.into_iter().skip(number).step_by(8).collect();
    broken_by(&defects).await;
}

macro_rules! parts {
    ($($name:ident $number:literal)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            part($number).await;
        })*
    };
}

parts! {
    each_defect_breaks_its_promise_part_1 0
    each_defect_breaks_its_promise_part_2 1
    each_defect_breaks_its_promise_part_3 2
    each_defect_breaks_its_promise_part_4 3
    each_defect_breaks_its_promise_part_5 4
    each_defect_breaks_its_promise_part_6 5
    each_defect_breaks_its_promise_part_7 6
    each_defect_breaks_its_promise_part_8 7
}

#[tokio::test]
async fn a_defect_is_switched_while_the_platform_runs() {
    let lab = Lab::start(&[]).await;
    let path = "/__ref/defects/never-limits";
    let on = lab.api(Method::PUT, path, Ask::default()).await;
    assert_eq!((on.status, &on.body["on"]), (200, &json!(true)));
    assert!(!holds(&lab, Defect::NeverLimits).await);
    let off = lab.api(Method::DELETE, path, Ask::default()).await;
    assert_eq!(off.body["on"], false);
    let unknown = lab
        .api(Method::PUT, "/__ref/defects/none", Ask::default())
        .await;
    assert_eq!(unknown.status, 404);
    let list = lab.get("/__ref/defects", None).await.body;
    assert_eq!(list["defects"].as_array().unwrap().len(), Defect::ALL.len());
    lab.finish().await;
}
