//! The matrix as a page in Markdown. The same matrix gives the same bytes: nothing in it is a time,
//! an address or chance, so that a difference between two pages is one between two trees.

use std::fmt::Write as _;

use super::inventory::Test;
use super::{Check, MOST_OTHERS, Proof, Red};

const HEAD: &str = "\
# Proof that the tests can fail

Written by `cargo xtask prove`, never by hand; `cargo xtask prove --check` makes it again and compares.

A test that has never been red proves nothing. The reference platform can be started with one thing wrong, a *defect* (`muster-staging --list-defects`).
Each defect is for one test. Here the platform was started with each of them in turn, and all suites ran against it in one region. Below stands, for each
test, which defects turned it red and by which checks, and which other tests each defect turned red as well.

The second proof needs no defect: `muster prove` records each test once against the sound platform and judges the recording again, altered in many ways.
";

/// The page.
pub fn render(proof: &Proof) -> String {
    let mut page = HEAD.to_owned();
    // Writing to a text can't fail; the results are dropped for that reason, here and below.
    let _ = figures(&mut page, proof);
    page.push_str("\n## Each test and its defects\n");
    for test in &proof.inventory.tests {
        let _ = of_test(&mut page, proof, test);
    }
    let _ = outages(&mut page, proof);
    let _ = unproven(&mut page, proof);
    let _ = survivors(&mut page, proof);
    page
}

fn figures(page: &mut String, proof: &Proof) -> std::fmt::Result {
    let tests = proof.inventory.tests.len();
    let (killed, defects) = (proof.killed(), proof.tried.len());
    let (all, unproven) = (proof.inventory.checks().len(), proof.unproven().len());
    let (can_fail, of) = proof.inventory.can_fail();
    let percent = can_fail * 1_000 / of.max(1);
    writeln!(page, "\n| figure | |\n|---|---|")?;
    writeln!(
        page,
        "| tests that a defect of their own turned red | {killed} of {tests} |"
    )?;
    writeln!(page, "| defects | {defects} |")?;
    writeln!(
        page,
        "| checks that some defect turned false | {} of {all} |",
        all - unproven
    )?;
    writeln!(
        page,
        "| checks that an altered answer turned false (`muster prove`; one in a block counts in each test) | {can_fail} of {of} ({}.{} %) |",
        percent / 10,
        percent % 10
    )
}

fn of_test(page: &mut String, proof: &Proof, test: &Test) -> std::fmt::Result {
    writeln!(page, "\n### `{}`\n\n`{}`\n", test.id, test.file)?;
    for tried in proof.killers(&test.id) {
        writeln!(
            page,
            "- `{}`: no longer holds: {}",
            tried.defect.name, tried.defect.breaks
        )?;
        for check in tried.own().iter().flat_map(|red| &red.fired) {
            writeln!(page, "  - {}", place(check))?;
        }
        for red in tried.others() {
            writeln!(page, "  - also red: {}", other(red))?;
        }
    }
    Ok(())
}

/// `test_015 by suites/p1.yaml:12 status: 200`; of several checks the first.
fn other(red: &Red) -> String {
    let by = match red.fired.split_first() {
        None => red.outcome.clone(),
        Some((first, [])) => format!("by {}", place(first)),
        Some((first, more)) => format!("by {} and {} more", place(first), more.len()),
    };
    format!("`{}` {by}", red.test)
}

fn outages(page: &mut String, proof: &Proof) -> std::fmt::Result {
    let tried = proof.tried.iter();
    let outages: Vec<_> = tried
        .filter_map(|tried| Some((tried, tried.outage.as_ref()?)))
        .collect();
    if outages.is_empty() {
        return Ok(());
    }
    writeln!(page, "\n## Defects that hide an outage from `requires`\n")?;
    writeln!(
        page,
        "The platform lost its database before the run. `requires` notice that, and nothing is run, unless the defect hides it.\n"
    )?;
    for (tried, outage) in outages {
        let (name, breaks) = (&tried.defect.name, &tried.defect.breaks);
        let told = outage.told.as_deref().unwrap_or_default();
        let (red, verdict) = (tried.red.len(), &tried.verdict);
        writeln!(page, "- `{name}`: no longer holds: {breaks}")?;
        writeln!(page, "  - without it nothing is run: {}", code(told))?;
        writeln!(
            page,
            "  - with it all is run, {red} tests don't pass, and the run is {verdict}"
        )?;
    }
    Ok(())
}

fn unproven(page: &mut String, proof: &Proof) -> std::fmt::Result {
    writeln!(page, "\n## Checks that no defect turned false\n")?;
    writeln!(
        page,
        "Unproven by a defect: the platform has no way to be wrong that reaches them, often because an earlier check of the test is false first. Whether they can\nfail at all is what the next section says. At most {MOST_OTHERS} other tests may turn red under one defect, which keeps defects narrow.\n"
    )?;
    let unproven = proof.unproven();
    if unproven.is_empty() {
        return writeln!(page, "None.");
    }
    let mut file = "";
    for (check, tests) in unproven {
        if check.file != file {
            file = &check.file;
            writeln!(page, "\n### `{file}`\n")?;
        }
        let tests = match tests.as_slice() {
            [one] => format!("`{one}`"),
            several => format!("{} tests", several.len()),
        };
        writeln!(
            page,
            "- {}: {} ({tests})",
            check.line,
            code(&check.expression)
        )?;
    }
    Ok(())
}

fn survivors(page: &mut String, proof: &Proof) -> std::fmt::Result {
    writeln!(page, "\n## Checks that no altered answer turned false\n")?;
    let tests = proof.inventory.tests.iter();
    let survivors = tests.flat_map(|test| {
        let survivors = test.checks.iter().filter(|(_, can_fail)| !**can_fail);
        survivors.map(move |(check, _)| (test, check))
    });
    let mut is_empty = true;
    for (test, check) in survivors {
        is_empty = false;
        writeln!(page, "- `{}`: {}", test.id, place(check))?;
    }
    if is_empty {
        writeln!(
            page,
            "None: each check of each test was made false by some answer."
        )?;
    }
    Ok(())
}

fn place(check: &Check) -> String {
    format!(
        "`{}:{}` {}",
        check.file,
        check.line,
        code(&check.expression)
    )
}

/// A text as code, whatever is in it, on one line.
fn code(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.contains('`') {
        true => format!("`` {line} ``"),
        false => format!("`{line}`"),
    }
}
