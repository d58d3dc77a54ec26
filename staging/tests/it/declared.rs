//! The declaration itself: every operation has its answers, and every named shape exists.

use http::Method;
use serde_json::Value;

use crate::lab::{Ask, Lab};

#[tokio::test]
async fn every_shape_that_is_named_is_described() {
    let lab = Lab::start(&[]).await;
    for document in [
        lab.get("/openapi.json", None).await.body,
        lab.auth(Method::GET, "/openapi.json", Ask::default())
            .await
            .body,
    ] {
        let mut names = Vec::new();
        references(&document, &mut names);
        assert!(names.len() > 10);
        for name in names {
            assert!(
                document.pointer(name.trim_start_matches('#')).is_some(),
                "{name}"
            );
        }
        for (path, entry) in document["paths"].as_object().unwrap() {
            for (method, operation) in entry.as_object().unwrap() {
                let answers = operation["responses"].as_object().unwrap();
                assert!(!answers.is_empty(), "{method} {path} answers nothing");
                assert!(
                    !answers.contains_key("500"),
                    "{method} {path} declares a 500"
                );
            }
        }
    }
    lab.finish().await;
}

fn references(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(entries) => {
            names.extend(
                entries
                    .get("$ref")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            entries.values().for_each(|entry| references(entry, names));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| references(entry, names)),
        _ => {}
    }
}
