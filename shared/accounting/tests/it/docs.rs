//! The tables in docs/reliability.md that tests write (`MUSTER_WRITE_RELIABILITY=1`) and check.

use std::ops::Range;
use std::path::PathBuf;

pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> PathBuf {
    root().join("docs/reliability.md")
}

pub(crate) fn read() -> String {
    std::fs::read_to_string(page()).expect("docs/reliability.md")
}

pub(crate) fn is_to_write() -> bool {
    std::env::var("MUSTER_WRITE_RELIABILITY").is_ok_and(|text| text == "1")
}

/// The text between the marks of a table.
pub(crate) fn table(text: &str, name: &str) -> String {
    text[place(text, name)].trim().to_owned()
}

pub(crate) fn replace(name: &str, table: &str) {
    let mut text = read();
    let place = place(&text, name);
    text.replace_range(place, &format!("\n\n{}\n\n", table.trim()));
    std::fs::write(page(), text).expect("docs/reliability.md is writable");
}

/// Where the table stands: behind the mark that begins it, before the one that ends it.
fn place(text: &str, name: &str) -> Range<usize> {
    let mark = format!("<!-- table {name},");
    let begins = text.find(&mark).expect("the table in docs/reliability.md");
    let begins = begins + text[begins..].find("-->").expect("the mark ends") + "-->".len();
    let length = text[begins..].find("<!-- end of table -->");
    begins..begins + length.expect("the table ends")
}
