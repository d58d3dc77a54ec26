//! report.html in a real browser, on a phone and on a desk, in light and dark, and on paper.

use std::path::Path;

use anyhow::{Context, Result};
use e2e::browser::Browser;
use e2e::muster::Said;
use e2e::recompute::{self, Altered};
use e2e::{Muster, Report};
use serde_json::Value;

/// Opens all that is folded away, and names what sticks out of the page to the right, or out of its
/// cell over the next one. Tables that scroll by themselves are measured by their frame.
const STICKING_OUT: &str = "(() => {
  document.querySelectorAll('details').forEach(one => { one.open = true; });
  const width = window.innerWidth;
  const out = [...document.querySelectorAll('body *')]
    .filter(one => !one.parentElement.closest('.scroll'))
    .filter(one => one.getBoundingClientRect().right > width + 0.5)
    .map(one => `${one.tagName}.${one.className}: ${one.textContent.slice(0, 80)}`);
  const spilt = [...document.querySelectorAll('th, td')]
    .filter(one => one.scrollWidth > one.clientWidth + 1)
    .map(one => `cell: ${one.textContent.slice(0, 80)}`);
  out.push(...spilt);
  if (document.documentElement.scrollWidth > width) { out.push('the page'); }
  return { width, out };
})()";

/// Names texts whose contrast with what is behind them is below WCAG 2.2, 1.4.3.
const FAINT: &str = "(() => {
  const numbers = text => (text.match(/[\\d.]+/g) || []).map(Number);
  const linear = part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const light = rgb => [0.2126, 0.7152, 0.0722]
    .reduce((sum, weight, place) => sum + weight * linear(rgb[place] / 255), 0);
  const behind = one => {
    for (; one; one = one.parentElement) {
      const colour = numbers(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) { return colour; }
    }
    return [255, 255, 255];
  };
  const faint = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  let seen = 0;
  while (texts.nextNode()) {
    const one = texts.currentNode.parentElement;
    if (!texts.currentNode.textContent.trim() || !one.checkVisibility()) { continue; }
    seen += 1;
    const style = getComputedStyle(one);
    const size = parseFloat(style.fontSize);
    const is_large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const [dark, bright] = [light(numbers(style.color)), light(behind(one))].sort((a, b) => a - b);
    const contrast = (bright + 0.05) / (dark + 0.05);
    if (contrast < (is_large ? 3 : 4.5)) {
      faint.add(`${one.tagName}.${one.className}: ${contrast.toFixed(2)}`);
    }
  }
  return { seen, faint: [...faint] };
})()";

/// Closes all that folds outcomes and names away, and counts what is then not seen.
const HIDDEN: &str = "(() => {
  const folds = [...document.querySelectorAll('#reasons details, #matrix details, .cards details')];
  folds.forEach(one => { one.open = false; });
  const inner = folds.map(one => one.querySelector(':scope > :not(summary)')).filter(one => one);
  return { folds: inner.length, hidden: inner.filter(one => !one.checkVisibility()).length };
})()";

#[tokio::test]
async fn a_red_report_reads_well_on_a_phone_on_a_desk_and_on_paper() -> Result<()> {
    let muster = Muster::new()?;
    let said = muster.call(["demo", "--defect", "shows-any-thread", "--out", "out"])?;
    assert_eq!(said.code, 100, "{}", said.all());
    recompute::check(&muster.path("out"), &said.stdout, Altered::Some)?;
    let file = muster.path("out").join("report.html");
    let mut browser = Browser::start().await?;
    for width in [400, 1_400] {
        browser.show_as("screen", "light").await?;
        browser.open(&file, width).await?;
        assert_asks_for_nothing(&browser, &file)?;
        assert_says_all(&mut browser, &said, &muster.report("out")?).await?;
        keep_picture(&mut browser, &format!("{width}-light")).await?;
        let measured = browser.evaluate(STICKING_OUT).await?;
        assert_eq!(measured["width"], width, "{measured}");
        assert_eq!(measured["out"], Value::Array(Vec::new()), "{width}");
        for scheme in ["light", "dark"] {
            browser.show_as("screen", scheme).await?;
            let read = browser.evaluate(FAINT).await?;
            assert!(read["seen"].as_u64() > Some(100), "{read}");
            assert_eq!(read["faint"], Value::Array(Vec::new()), "{scheme} {width}");
        }
        keep_picture(&mut browser, &format!("{width}-dark-open")).await?;
    }
    browser.open(&file, 1_400).await?;
    browser.show_as("print", "light").await?;
    let folded = browser.evaluate(HIDDEN).await?;
    assert!(folded["folds"].as_u64() > Some(1), "{folded}");
    assert_eq!(folded["hidden"], 0, "on paper nothing of it is folded away");
    let paper = browser.print().await?;
    assert!(paper.starts_with(b"%PDF"));
    keep("print.pdf", &paper)
}

/// So that silence above means something: a page with one of each mistake.
#[tokio::test]
async fn what_is_wrong_with_a_page_is_noticed() -> Result<()> {
    let muster = Muster::new()?;
    let page = "<!doctype html><html><body style='background: #fff'>
      <p style='color: #bbb'>faint</p><div style='width: 3000px'>wide</div>
      <div class='scroll' style='overflow: auto'><div style='width: 4000px'>scrolls</div></div>
      <table style='table-layout: fixed; width: 40px'><tr><td style='white-space: nowrap'>spilt over</td><td>1</td></tr></table>
      <img src='http://127.0.0.1:9/picture.png' alt=''>
      <div id='matrix'><details><summary>folded</summary><p>away</p></details></div>
      <script>console.error('heard')</script></body></html>";
    let file = muster.write("wrong.html", page)?;
    let mut browser = Browser::start().await?;
    browser.open(&file, 1_400).await?;
    let asked = browser.requests();
    assert!(
        asked.iter().any(|one| one.ends_with("/picture.png")),
        "{asked:?}"
    );
    let said = browser.complaints();
    assert!(said.iter().any(|one| one.contains("heard")), "{said:?}");
    let out = browser.evaluate(STICKING_OUT).await?["out"].to_string();
    assert!(out.contains("wide") && out.contains("the page"), "{out}");
    assert!(out.contains("cell: spilt over"), "{out}");
    assert!(!out.contains("DIV.: scrolls"), "{out}");
    let faint = browser.evaluate(FAINT).await?["faint"].to_string();
    assert!(faint.contains("P.: 1.9"), "{faint}");
    assert_eq!(browser.evaluate(HIDDEN).await?["hidden"], 1);
    Ok(())
}

/// The page itself, and not one thing more.
fn assert_asks_for_nothing(browser: &Browser, file: &Path) -> Result<()> {
    let own = format!("file://{}", file.canonicalize()?.display());
    assert_eq!(browser.requests(), [own]);
    assert_eq!(browser.complaints(), Vec::<String>::new());
    Ok(())
}

/// The first screen as the terminal printed it, and every case that went wrong.
async fn assert_says_all(browser: &mut Browser, said: &Said, report: &Report) -> Result<()> {
    let seen = browser.evaluate("document.body.innerText").await?;
    let seen = words(seen.as_str().context("text of the page")?);
    let mut screen = said.stdout.splitn(3, "\n\n");
    let (headline, facts) = (screen.next(), screen.next());
    let headline = headline.context("a headline")?;
    let (word, reason) = headline.split_once(": ").context("a reason")?;
    assert!(
        seen.contains(word) && seen.contains(&words(reason)),
        "{seen}"
    );
    let facts = facts.context("a first screen")?;
    assert!(facts.lines().count() >= 8, "{facts}");
    for line in facts.lines() {
        assert!(seen.contains(&words(&line[16..])), "{line}\n{seen}");
    }
    let failed: Vec<&Value> = report
        .cases()
        .iter()
        .filter(|case| case["outcome"] == "failed")
        .collect();
    assert!(!failed.is_empty());
    for case in failed {
        let id = case["id"].as_str().context("an id")?;
        assert!(seen.contains(id), "{id}");
    }
    Ok(())
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Pictures for the eye go to the folder that `MUSTER_SCREENSHOTS` names, if it does.
async fn keep_picture(browser: &mut Browser, name: &str) -> Result<()> {
    let picture = browser.picture().await?;
    keep(&format!("{name}.png"), &picture)
}

fn keep(name: &str, bytes: &[u8]) -> Result<()> {
    match std::env::var_os("MUSTER_SCREENSHOTS") {
        Some(folder) => Ok(std::fs::write(Path::new(&folder).join(name), bytes)?),
        None => Ok(()),
    }
}
