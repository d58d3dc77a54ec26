//! Checks of which no changed answer made a failure, where the gate asks for them.

use super::page::{Page, Tone};
use super::{ROWS, VALUE, limited, more};
use crate::escape::clip;
use crate::summary::Summary;

pub(super) fn section(page: &mut Page, summary: &Summary) {
    let Some(proven) = &summary.proven else {
        return;
    };
    page.section("proven", "Checks that can fail");
    page.raw("<p>");
    match proven.is_enough() {
        true => page.badge(Tone::Good, "enough"),
        false => page.badge(Tone::Doubtful, "not enough"),
    };
    page.raw(" ").text(&proven.sentence()).raw("</p>\n");
    page.raw("<p class=\"dim\">What each test received was altered and judged again, offline: an altered answer must make a check false.</p>\n");
    let doubtful: Vec<_> = proven
        .tests
        .iter()
        .filter(|test| !test.survivors.is_empty() || test.unknown.is_some())
        .collect();
    page.raw("<ul class=\"cards\">\n");
    let left_out = limited(page, &doubtful, ROWS, |page, test| {
        page.raw("<li><p>").code(test.test.as_str()).raw(" ");
        page.text(&format!("{} of {} can fail", test.can_fail, test.checks));
        page.raw("</p>\n");
        for (line, expression) in &test.survivors {
            page.raw("<p>").badge(Tone::Doubtful, "survived").raw(" ");
            page.code(&clip(expression, VALUE));
            page.raw(" <span class=\"dim\">");
            page.text(&format!("{}:{line}", test.file))
                .raw("</span></p>\n");
        }
        if let Some(why) = &test.unknown {
            page.within("<p>", &clip(why, VALUE), "</p>\n");
        }
        page.raw("</li>\n");
    });
    page.raw("</ul>\n");
    more(page, left_out);
    page.raw("</section>\n");
}
