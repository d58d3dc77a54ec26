//! What the auth host declares.

use serde_json::json;

use crate::contract::{Operation, Schema, operation};

pub(crate) const OPERATIONS: &[Operation] = &[
    operation(
        "POST",
        "/auth/register",
        Some("Registration"),
        &[
            (201, "Tokens"),
            (403, "Error"),
            (409, "Error"),
            (413, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "POST",
        "/auth/login",
        Some("Login"),
        &[
            (200, "Tokens"),
            (401, "Error"),
            (413, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "GET",
        "/auth/login",
        None,
        &[(302, "Redirect"), (400, "Error"), (503, "Error")],
    ),
    operation(
        "GET",
        "/auth/callback",
        None,
        &[
            (200, "Tokens"),
            (400, "Error"),
            (409, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "POST",
        "/auth/token",
        Some("Lifetime"),
        &[
            (200, "ShorterToken"),
            (401, "Error"),
            (413, "Error"),
            (422, "Error"),
        ],
    ),
    operation(
        "GET",
        "/auth/session",
        None,
        &[(200, "Visit"), (503, "Error")],
    ),
    operation(
        "POST",
        "/auth/revoke_all",
        None,
        &[(200, "Revoked"), (401, "Error"), (503, "Error")],
    ),
    operation(
        "POST",
        "/auth/refresh",
        Some("Refresh"),
        &[
            (200, "Tokens"),
            (401, "Error"),
            (413, "Error"),
            (422, "Error"),
            (503, "Error"),
        ],
    ),
    operation(
        "POST",
        "/auth/logout",
        None,
        &[(200, "LoggedOut"), (503, "Error")],
    ),
    operation(
        "GET",
        "/auth/me",
        None,
        &[(200, "Account"), (401, "Error"), (503, "Error")],
    ),
    operation("GET", "/auth/verify", None, &[(200, "Verified")]),
    operation(
        "POST",
        "/auth/verify",
        Some("Verify"),
        &[(200, "Verified"), (413, "Error"), (422, "Error")],
    ),
    operation(
        "GET",
        "/auth/health",
        None,
        &[(200, "Readiness"), (503, "Readiness")],
    ),
];

pub(crate) fn schemas() -> Vec<Schema> {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer"});
    let user = json!({
        "type": "object", "required": ["id", "email"],
        "properties": {"id": text, "email": text, "name": {"type": ["string", "null"]}},
    });
    let tokens = json!({
        "type": "object",
        "required": ["access_token", "refresh_token", "token_type", "expires_in", "user"],
        "properties": {
            "access_token": text, "refresh_token": text, "token_type": text,
            "expires_in": number, "user": user,
        },
    });
    let account = json!({
        "type": "object",
        "required": ["user_id", "email", "permissions", "created_at", "token_expires_at"],
        "properties": {
            "user_id": text, "email": text, "permissions": {"type": "array", "items": text},
            "name": {"type": ["string", "null"]}, "created_at": text, "token_expires_at": text,
        },
    });
    let verified = json!({
        "type": "object", "required": ["valid"],
        "properties": {
            "valid": {"type": "boolean"}, "user_id": text, "email": text, "exp": number,
            "permissions": {"type": "array", "items": text}, "error": text,
        },
    });
    let shorter = json!({
        "type": "object", "required": ["access_token", "token_type", "expires_in"],
        "properties": {"access_token": text, "token_type": text, "expires_in": number},
    });
    let visit = json!({
        "type": "object", "required": ["authenticated", "user_id"],
        "properties": {
            "authenticated": {"type": "boolean"}, "user_id": {"type": ["string", "null"]},
        },
    });
    let revoked = json!({
        "type": "object", "required": ["status", "revoked"],
        "properties": {"status": text, "revoked": number},
    });
    let lifetime = json!({"type": "object", "properties": {"lifetime_s": number}});
    vec![
        ("ShorterToken", shorter),
        ("Visit", visit),
        ("Revoked", revoked),
        ("Lifetime", lifetime),
        ("Tokens", tokens),
        ("Account", account),
        ("Verified", verified),
        ("LoggedOut", required(&["message", "status"])),
        ("Registration", required(&["email", "password"])),
        ("Login", required(&["email", "password"])),
        ("Refresh", json!({"type": "object"})),
        ("Verify", required(&["token"])),
    ]
}

/// An object with these texts.
fn required(names: &[&str]) -> serde_json::Value {
    let properties: serde_json::Map<_, _> = names
        .iter()
        .map(|name| ((*name).to_owned(), json!({"type": "string"})))
        .collect();
    json!({"type": "object", "required": names, "properties": properties})
}
