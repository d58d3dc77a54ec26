//! A table of Markdown. Cells are given as Markdown, already escaped.

pub(super) struct Table {
    columns: usize,
    text: String,
    is_empty: bool,
}

impl Table {
    /// The first column is words; all further ones are too, unless [`Table::counts`] says so.
    pub(super) fn new(head: &[&str]) -> Self {
        Self::with(head, "---")
    }

    /// Columns behind the first are numbers and stand to the right.
    pub(super) fn counts(head: &[&str]) -> Self {
        Self::with(head, "--:")
    }

    fn with(head: &[&str], rule: &str) -> Self {
        let rules: Vec<_> = (0..head.len())
            .map(|place| if place == 0 { "---" } else { rule })
            .collect();
        Self {
            columns: head.len(),
            text: format!("| {} |\n|{}|\n", head.join(" | "), rules.join("|")),
            is_empty: true,
        }
    }

    pub(super) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        let mut cells: Vec<_> = cells.into_iter().map(|cell| contained(&cell)).collect();
        cells.resize(self.columns, String::new());
        self.text.push_str(&format!("| {} |\n", cells.join(" | ")));
        self.is_empty = false;
    }

    /// Writes the table, or a dash when it has no row.
    pub(super) fn write(&self, out: &mut String) {
        match self.is_empty {
            true => out.push_str("none\n"),
            false => out.push_str(&self.text),
        }
    }
}

/// A cell that neither a line break nor a bar ends (GFM, 4.10: bars are escaped in code too).
fn contained(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    let mut is_escaping = false;
    for letter in cell.chars() {
        match letter {
            '\n' => out.push(' '),
            // A backslash before the bar would pair with ours and leave the bar bare.
            '|' if is_escaping => out.push_str("\\\\|"),
            '|' => out.push_str("\\|"),
            other => out.push(other),
        }
        is_escaping = letter == '\\' && !is_escaping;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::contained;

    #[test]
    fn a_bar_stays_in_its_cell_whatever_stands_before_it() {
        assert_eq!(contained("a | b\nc"), r"a \| b c");
        for cell in [r"`a\|b`", r"a\\|b", "|", r"\\\|"] {
            let kept = contained(cell);
            let backslashes = kept[..kept.rfind('|').unwrap()]
                .chars()
                .rev()
                .take_while(|one| *one == '\\');
            assert!(!backslashes.count().is_multiple_of(2), "{kept}");
        }
    }
}
