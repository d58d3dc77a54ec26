//! `report.html`: the whole report as one page that needs no script, no network and no other file.
//!
//! It opens with the first screen, as every format does. What comes from outside is escaped by
//! `html/page.rs`, which takes markup only from this code; looks are in `html/style.css`. Lists
//! are cut and say so, so that the page of a huge run still opens; `report.json` has everything.

use crate::first_screen::{self, FirstScreen};
use crate::page::Style;
use crate::summary::{Records, Summary};

mod closing;
mod counts;
mod exchange;
mod failure;
mod first_page;
mod grid;
mod matrix;
mod page;
mod proven;
mod targets;
mod times;
mod waterfall;

use page::Page;

const STYLE: &str = include_str!("html/style.css");
/// Nothing is loaded and nothing runs, whatever a target managed to get into the page
/// (Content Security Policy Level 3).
const POLICY: &str = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
                      style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
                      form-action 'none'\">\n";
/// Rows of a long table.
const ROWS: usize = 300;
/// Letters of a value.
const VALUE: usize = 500;

/// The report as one HTML document. `records` gives the evidence of what went wrong.
pub fn render(summary: &Summary, records: Records<'_>) -> String {
    let mut page = Page::new();
    head(&mut page, summary);
    let screen = FirstScreen::of(summary);
    first_page::banner(&mut page, summary, &screen);
    page.raw("<main id=\"main\">\n");
    first_page::tiles(&mut page, summary);
    first_page::facts(&mut page, &screen);
    first_page::reasons(&mut page, summary, &screen);
    first_page::contents(&mut page, summary);
    failure::section(&mut page, summary, records);
    matrix::section(&mut page, summary);
    counts::not_exercised(&mut page, summary);
    times::flaky(&mut page, summary);
    proven::section(&mut page, summary);
    counts::section(&mut page, summary);
    times::response_times(&mut page, summary);
    times::slowest(&mut page, summary);
    counts::value(&mut page, summary);
    grid::environment(&mut page, summary);
    grid::workers(&mut page, summary);
    closing::sections(&mut page, summary);
    page.raw("</main>\n");
    closing::footer(&mut page, summary);
    page.raw("</body>\n</html>\n");
    page.finish()
}

fn head(page: &mut Page, summary: &Summary) {
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.raw(POLICY);
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\">\n");
    page.raw("<meta name=\"referrer\" content=\"no-referrer\">\n");
    let title = format!(
        "{} · {} · run {}",
        summary.word(),
        summary.environment,
        summary.run
    );
    page.within("<title>", &title, "</title>\n");
    page.raw(icon(first_screen::style(summary)));
    page.raw("<style>\n").raw(STYLE).raw("</style>\n");
    page.raw("</head>\n<body>\n");
    page.raw("<a class=\"skip\" href=\"#main\">Skip to the report</a>\n");
}

/// The verdict's colour in the browser's tab; within the page, so that none is asked for.
fn icon(style: Style) -> &'static str {
    match style {
        Style::Good => {
            "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%23146c43'/%3E%3Cpath d='M4 8.5l2.7 2.7L12 5.5' fill='none' stroke='white' stroke-width='2'/%3E%3C/svg%3E\">\n"
        }
        Style::Bad => {
            "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%23a4161a'/%3E%3Cpath d='M5 5l6 6M11 5l-6 6' fill='none' stroke='white' stroke-width='2'/%3E%3C/svg%3E\">\n"
        }
        _ => {
            "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%238a5300'/%3E%3Cpath d='M8 4v5M8 11v1.5' fill='none' stroke='white' stroke-width='2'/%3E%3C/svg%3E\">\n"
        }
    }
}

/// The first items of a list, and how many more there are.
fn limited<Item>(
    page: &mut Page,
    items: &[Item],
    limit: usize,
    mut draw: impl FnMut(&mut Page, &Item),
) -> usize {
    items.iter().take(limit).for_each(|item| draw(page, item));
    items.len().saturating_sub(limit)
}

/// Says behind a list that it was cut, and where the rest is.
fn more(page: &mut Page, left_out: usize) {
    if left_out > 0 {
        page.raw("<p class=\"more\">and ").show(left_out);
        page.raw(" more, in <a href=\"report.json\">report.json</a></p>\n");
    }
}
