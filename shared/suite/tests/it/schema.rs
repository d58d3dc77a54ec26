//! The published schemas are what the code says.

use std::path::Path;

/// The folder that editors are pointed at.
fn published(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/schema")
        .join(name)
}

/// After a change of the vocabulary: `MUSTER_WRITE_SCHEMA=1 cargo test -p suite schema`.
#[test]
fn the_published_schemas_are_up_to_date() {
    for (name, schema) in suite::schema::all() {
        let text = suite::schema::text(&schema);
        if std::env::var_os("MUSTER_WRITE_SCHEMA").is_some() {
            std::fs::write(published(name), &text).unwrap();
        }
        let found = std::fs::read_to_string(published(name)).unwrap_or_default();
        assert!(
            found == text,
            "docs/schema/{name} is not what the code says; write it with MUSTER_WRITE_SCHEMA=1"
        );
    }
}

#[test]
fn every_reference_of_a_schema_has_its_definition() {
    for (name, schema) in suite::schema::all() {
        let text = schema.to_string();
        for part in text.split("\"#/$defs/").skip(1) {
            let id = part.split('"').next().unwrap_or_default();
            assert!(schema["$defs"][id].is_object(), "{name}: {id}");
        }
    }
}
