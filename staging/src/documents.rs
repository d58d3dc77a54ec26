//! Documents: files of one folder, `GET /api/documents/{name}`; nothing outside it is ever read.

use std::path::Path as FilePath;

use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::app::App;
use crate::contract::{Operation, Schema, operation};
use crate::web::ApiError;

/// The folder in the data directory.
const FOLDER: &str = "documents";

pub(crate) fn routes() -> Router<App> {
    Router::new().route("/api/documents/{name}", get(read))
}

pub(crate) const OPERATIONS: &[Operation] = &[operation(
    "GET",
    "/api/documents/{name}",
    None,
    &[(200, "Text"), (404, "Error")],
)];

pub(crate) fn schemas() -> Vec<Schema> {
    let text = json!({"type": "string"});
    let document = json!({
        "type": "object", "required": ["name", "text"],
        "properties": {"name": text, "text": text},
    });
    vec![("Text", document)]
}

/// Writes the documents that a new platform has.
pub(crate) fn seed(data_dir: &FilePath) -> std::io::Result<()> {
    let folder = data_dir.join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    std::fs::write(
        folder.join("welcome.txt"),
        "Welcome to the reference platform.\n",
    )
}

async fn read(State(app): State<App>, Path(name): Path<String>) -> Result<Json<Value>, ApiError> {
    let unknown = || ApiError::not_found("there is no such document");
    if !is_plain(&name) {
        return Err(unknown());
    }
    let path = app.config.data_dir.join(FOLDER).join(&name);
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|_| unknown())?;
    Ok(Json(json!({ "name": name, "text": text })))
}

/// A name that cannot lead out of the folder: letters, digits, `-`, `_`, and dots inside.
fn is_plain(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !name.starts_with('.') && !name.is_empty() && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        assert!(is_plain("welcome.txt"));
        for name in [
            "..",
            "../jwt.secret",
            "a/b",
            "..\\x",
            "",
            ".hidden",
            "/etc/passwd",
        ] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
