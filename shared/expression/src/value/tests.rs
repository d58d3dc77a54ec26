//! Values: equality, JSON, marks, texts.

use serde_json::json;

use super::*;

#[test]
fn numbers_are_equal_across_kinds_and_unlike_kinds_are_not() {
    assert_eq!(Value::int(1), Value::double(1.0));
    assert_eq!(Value::unsigned(1), Value::int(1));
    assert_ne!(Value::int(1), Value::text("1"));
    assert_ne!(Value::null(), Value::bool(false));
    assert_ne!(Value::double(f64::NAN), Value::double(f64::NAN));
    assert_ne!(
        Value::int((1 << 53) + 1),
        Value::double((1_i64 << 53) as f64)
    );
    assert!(
        Value::int(1)
            .compare(&Value::double(1.5))
            .is_some_and(std::cmp::Ordering::is_lt)
    );
    assert!(
        Value::int(-1)
            .compare(&Value::double(-1.5))
            .is_some_and(std::cmp::Ordering::is_gt)
    );
    assert!(
        Value::unsigned(u64::MAX)
            .compare(&Value::double(1e300))
            .is_some_and(|o| o.is_lt())
    );
}

#[test]
fn json_comes_back_as_it_went_in() {
    let json = json!({"z": 1, "a": [null, true, -1, 1.5, 1.0, u64::MAX, "é\n"], "m": {"k": {}}});
    let value = Value::from_json(&json, Marks::RECEIVED);
    assert_eq!(value.to_json().to_string(), json.to_string());
    assert_eq!(value.to_string(), json.to_string());
    assert!(value.get("m").is_some_and(Value::is_received));
}

#[test]
fn maps_keep_their_order_and_find_their_keys_at_any_size() {
    for size in [0_i64, 1, 16, 17, 500] {
        let entries = || (0..size).rev().map(|n| (format!("k{n}"), Value::int(n)));
        let map = Value::map(entries());
        assert_eq!(map.as_map().map(Map::len), Some(size as usize));
        assert!(entries().all(|(key, value)| map.get(&key) == Some(&value)));
        assert_eq!(map.get("absent"), None);
        let keys: Vec<String> = map
            .as_map()
            .into_iter()
            .flat_map(Map::iter)
            .map(|(k, _)| k.to_string())
            .collect();
        assert_eq!(keys, entries().map(|(key, _)| key).collect::<Vec<_>>());
    }
    let twice = Value::map([
        ("a", Value::int(1)),
        ("b", Value::int(2)),
        ("a", Value::int(3)),
    ]);
    assert_eq!(twice.to_string(), r#"{"a":3,"b":2}"#);
}

#[test]
fn marks_are_seen_from_above_and_not_from_beside() {
    let login = Value::map([("token", Value::text("t").tainted()), ("id", Value::int(7))]);
    assert!(login.is_tainted());
    assert!(!login.own_marks().tainted);
    assert!(login.get("id").is_some_and(|id| !id.is_tainted()));
    assert!(
        login
            .clone()
            .tainted()
            .get("id")
            .is_some_and(Value::is_tainted)
    );
    let list = Value::list([login]).received();
    assert!(
        list.as_list()
            .is_some_and(|items| items[0].get("id").is_some_and(Value::is_received))
    );
}

#[test]
fn secret_fields_are_tainted_at_any_depth() {
    let body = json!({"user": {"access_token": {"raw": "abc"}, "id": 1}, "list": [{"token": 1}]});
    let body = Value::from_json(&body, Marks::RECEIVED).taint_fields(|name| name.contains("token"));
    let user = body.get("user").cloned().unwrap_or_default();
    assert!(
        user.get("access_token")
            .and_then(|t| t.get("raw"))
            .is_some_and(Value::is_tainted)
    );
    assert!(
        user.get("id")
            .is_some_and(|id| !id.is_tainted() && id.is_received())
    );
    assert_eq!(
        format!("{body:?}"),
        r#"{"user": {"access_token": ‹secret›, "id": 1}, "list": [{"token": ‹secret›}]}"#
    );
}

#[test]
fn texts_are_plain_and_excerpts_are_short_and_keep_secrets() {
    assert_eq!(Value::double(2.0).to_string(), "2");
    assert_eq!(Value::double(1e300).to_string(), "1e300");
    assert_eq!(Value::bytes(*b"hi").to_string(), "hi");
    assert_eq!(Value::bytes([0xff, 0xfe]).to_string(), "//4=");
    assert_eq!(Value::text("abcdef").excerpt(4), "\"abc…");
    assert_eq!(Value::text("abc").tainted().excerpt(9), "‹secret›");
    let long = Value::list((0..100_000).map(Value::int));
    assert_eq!(long.excerpt(80), "a list of 100001 parts");
}
