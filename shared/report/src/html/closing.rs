//! Known issues, risks, recommendations and the conclusion, and at the foot what made the page.

use super::page::Page;
use super::{ROWS, limited, more};
use crate::conclusions;
use crate::summary::Summary;

pub(super) fn sections(page: &mut Page, summary: &Summary) {
    page.section("closing", "Conclusion");
    let conclusion = conclusions::conclusion(summary);
    page.within("<p class=\"lead\">", &conclusion, "</p>\n");
    sentences(page, "Known issues", &conclusions::known_issues(summary));
    sentences(page, "Risks", &conclusions::risks(summary));
    page.raw("<h3>Recommendations</h3>\n");
    let recommendations = conclusions::recommendations(summary);
    if recommendations.is_empty() {
        page.raw("<p>None.</p>\n");
    } else {
        page.raw("<ul>\n");
        let left_out = limited(page, &recommendations, ROWS, |page, change| {
            page.raw("<li>").text(&change.what);
            if let Some(command) = &change.command {
                page.raw(": ").code(command);
            }
            page.raw("</li>\n");
        });
        page.raw("</ul>\n");
        more(page, left_out);
    }
    page.raw("</section>\n");
}

fn sentences(page: &mut Page, title: &'static str, sentences: &[String]) {
    page.raw("<h3>").raw(title).raw("</h3>\n");
    if sentences.is_empty() {
        page.raw("<p>None that the data shows.</p>\n");
        return;
    }
    page.raw("<ul>\n");
    let left_out = limited(page, sentences, ROWS, |page, sentence| {
        page.within("<li>", sentence, "</li>\n");
    });
    page.raw("</ul>\n");
    more(page, left_out);
}

pub(super) fn footer(page: &mut Page, summary: &Summary) {
    page.raw("<footer class=\"wide\">\n<p>Run ")
        .code(summary.run.as_str());
    page.within(", made by ", &summary.made_by, ".");
    if let Some(verdict) = &summary.verdict {
        page.raw(" Both counting routines agreed on the table ");
        page.code(&crate::first_screen::fingerprint(
            verdict.table_hash.as_str(),
        ));
        page.raw(".");
    }
    if let Some(earlier) = &summary.completes {
        page.within(" It completes run ", earlier.as_str(), ".");
    }
    page.raw("</p>\n<p>The same as data: <a href=\"report.json\">report.json</a>, <a href=\"report.md\">report.md</a>, <a href=\"junit.xml\">junit.xml</a>.</p>\n");
    page.raw("</footer>\n");
}
