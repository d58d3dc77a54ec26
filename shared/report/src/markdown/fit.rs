//! Keeps the page within what a CI job's summary may hold, and says what it leaves out.
//!
//! The longest section is cut first, behind a whole line, so that all others stay whole.

/// Bytes of a page. GitHub takes 1 MiB for one step's summary and drops what is longer.
pub(super) const LIMIT: usize = 1_000_000;
/// Bytes for what is said of a cut.
const NOTE: usize = 300;
/// What sections begin with.
const HEADING: &str = "\n## ";

/// The page, with its longest sections cut so far that it has at most `limit` bytes. The first
/// screen is short and always stays.
pub(super) fn within(page: String, limit: usize) -> String {
    let mut sections = split(&page);
    let mut n_left_out = vec![0; sections.len()];
    while length(&sections, &n_left_out) > limit {
        let over = length(&sections, &n_left_out) - limit + NOTE;
        let longest = (1..sections.len()).max_by_key(|&place| sections[place].len());
        let Some(place) = longest.filter(|&place| sections[place].len() > NOTE) else {
            break;
        };
        let (kept, lines) = cut(sections[place], over);
        sections[place] = kept;
        n_left_out[place] += lines;
    }
    if n_left_out.iter().all(|lines| *lines == 0) {
        return page;
    }
    let parts = sections.iter().zip(&n_left_out);
    parts
        .map(|(section, lines)| said(section, *lines))
        .collect()
}

fn length(sections: &[&str], n_left_out: &[usize]) -> usize {
    let notes = n_left_out.iter().filter(|lines| **lines > 0).count() * NOTE;
    sections.iter().map(|section| section.len()).sum::<usize>() + notes
}

/// Everything before the first heading, then each section with its heading.
fn split(page: &str) -> Vec<&str> {
    let mut places: Vec<usize> = page.match_indices(HEADING).map(|(at, _)| at).collect();
    places.insert(0, 0);
    places.push(page.len());
    places
        .windows(2)
        .map(|pair| &page[pair[0]..pair[1]])
        .collect()
}

/// A section without its last lines, at least `over` bytes shorter or down to its heading, and how
/// many lines went.
fn cut(section: &str, over: usize) -> (&str, usize) {
    let most = section.len().saturating_sub(over);
    let heading = section[HEADING.len()..]
        .find('\n')
        .map_or(section.len(), |at| at + HEADING.len() + 1);
    let most = section.floor_char_boundary(most);
    let end = section[..most]
        .rfind('\n')
        .map_or(0, |at| at + 1)
        .max(heading);
    (&section[..end], section[end..].lines().count())
}

fn said(section: &str, n_left_out: usize) -> String {
    if n_left_out == 0 {
        return section.to_owned();
    }
    let open = section.matches("<details>").count() > section.matches("</details>").count();
    let fold = if open { "\n</details>\n" } else { "" };
    format!(
        "{section}{fold}\n**Cut here: {n_left_out} lines of this section are left out, as a CI job's summary holds 1 MiB.** \
         `report.json` and `report.html` have them.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: usize) -> String {
        let rows: String = (0..lines).map(|row| format!("| row {row} é |\n")).collect();
        format!("# NO-GO\n\n## Short\n\nstays\n\n## Long\n\n{rows}\n## Conclusion\n\nstays too\n")
    }

    #[test]
    fn a_page_that_fits_is_left_alone() {
        let page = page(100);
        assert_eq!(within(page.clone(), page.len()), page);
    }

    #[test]
    fn the_longest_section_is_cut_behind_a_line_and_says_so() {
        for limit in [1_000, 2_000, 9_999] {
            let cut = within(page(5_000), limit);
            assert!(cut.len() <= limit, "{} of {limit}", cut.len());
            assert!(cut.starts_with("# NO-GO\n") && cut.ends_with("stays too\n"));
            assert!(cut.contains("stays\n\n## Long"), "{cut}");
            let rows = cut.lines().filter(|line| line.ends_with("é |")).count();
            let said = format!("**Cut here: {} lines", 5_000 - rows);
            assert!(cut.contains(&said), "{said} in {cut}");
        }
    }

    #[test]
    fn what_was_folded_is_closed() {
        let page = format!(
            "# GO\n\n## Times\n\n<details>\n{}</details>\n",
            "x\n".repeat(2_000)
        );
        let cut = within(page, 900);
        assert_eq!(
            cut.matches("<details>").count(),
            cut.matches("</details>").count()
        );
    }
}
