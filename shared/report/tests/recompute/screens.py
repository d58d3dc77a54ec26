"""The first screen of every format, and the tables of report.html, held against report.json."""

import html.parser
import re

import markdown
import words
from figures import OUTCOMES, same
from tables import ROWS, Text, clean, passed_of, percentiles, rows

# What a report may say first beside the subjects that `words` knows.
SUBJECTS = [
    *["to change it", "tests", "by priority", "cases", "not exercised", "new failures", "checks"],
    *["value", "environment", "time"],
]


def terminal(text):
    screen, subject = [], ""
    lines = iter(text.split("\n"))
    for line in lines:
        if not line:
            break
        screen.append(clean(line))
    for line in lines:
        if not line:
            break
        subject = line[:16].strip() or subject
        screen.append(f"{subject}: {line[16:]}")
    return Text(screen, {}, [])


class Page(html.parser.HTMLParser):
    """Text of a page by section: rows of tables as lists of cells, everything else as lines."""

    BLOCKS = {"p", "li", "dt", "dd", "h1", "h2", "h3", "h4", "summary", "th", "td", "tr", "div", "br"}

    def __init__(self):
        super().__init__()
        self.section, self.sections = "", {}
        self.row, self.cell, self.line = None, None, ""
        self.skipped = 0

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag in ("style", "title"):
            self.skipped += 1
        if tag in ("section", "header", "main", "nav"):
            self.end_line()
            self.section = {"section": attributes.get("id", ""), "header": "banner"}.get(tag, tag)
        if tag == "tr":
            self.row = []
        if tag in ("td", "th"):
            self.cell = ""
        elif tag in self.BLOCKS:
            self.end_line()

    def handle_endtag(self, tag):
        if tag in ("style", "title"):
            self.skipped -= 1
        if tag in ("td", "th") and self.cell is not None:
            self.row.append(clean(self.cell))
            self.cell = None
        if tag == "tr" and self.row is not None:
            self.sections.setdefault(self.section, []).append(self.row)
            self.row = None
        elif tag in self.BLOCKS:
            self.end_line()

    def handle_data(self, data):
        if self.skipped:
            return
        if self.cell is not None:
            self.cell += data
        else:
            self.line += data

    def end_line(self):
        if self.cell is not None:
            self.cell += " "
        elif line := clean(self.line):
            self.sections.setdefault(self.section, []).append(line)
        self.line = ""


def page(text):
    parser = Page()
    parser.feed(text)
    sections = parser.sections
    banner = sections.pop("banner", [])
    # Place, verdict with its reason, further reasons, time.
    headline = re.sub(r"^\S+ (\S+) ", r"\1: ", banner[1])
    screen, subject = [headline, *banner[2:-1]], ""
    for line in sections.pop("first", []):
        if line in SUBJECTS or subject == "":
            subject = line
        else:
            screen.append(f"{subject}: {line}")
    screen.append(f"under: {banner[-1]}")
    screen += [f"tile: {line}" for line in sections.pop("main", [])]
    return Text(screen, sections, ["counts", "times", "workers"])


FORMATS = {"report.md": markdown.parse, "report.html": page, "terminal.txt": terminal}


def problems(report, texts):
    found = []
    for name, text in texts.items():
        if name not in FORMATS:
            continue
        wanted = [clean(line) for line in words.first_screen(report)]
        if name == "report.html":
            wanted += list(tiles(report))
        found += screen(name, text, wanted)
        if name == "report.md":
            found += markdown.problems(report, text)
        if name == "report.html":
            found += in_page(report, text)
    return found


def screen(name, text, wanted):
    known = (*SUBJECTS, "under", "tile")
    lines = [
        clean(line)
        for place, line in enumerate(text.screen)
        if line.split(": ")[0] in known or place == 0 or line in wanted
    ]
    return same(f"first screen of {name}", lines, wanted)


def tiles(report):
    tests, totals, value = report["tests"], report["totals"], report["value"]
    when = words.moment(report["created_at_ms"]), words.duration(report["elapsed_ms"])
    yield f"under: {when[0]} · took {when[1]} · run {report['run_id']}"
    cases = words.count(totals["planned"], "case")
    not_proven = sum(totals[outcome] for outcome in OUTCOMES[2:]) + report["open"]
    yield f"tile: tests passed {words.grouped(tests['passed'])} of {words.grouped(tests['planned'])}"
    for word, number, of_cases in [
        ("failed", tests["failed"], totals["failed"]),
        ("not proven", tests["not_proven"], not_proven),
    ]:
        yield f"tile: tests {word} {words.grouped(number)} {words.grouped(of_cases)} of {cases}"
    if value["lines"]:
        whole = words.money(value["total"], value["currency"])
        yield f"tile: value verified {words.grouped(value['verified'])} of {whole} a month"


def in_page(report, text):
    for section, wanted in [
        ("counts", counts(report)),
        ("times", times(report)),
        ("workers", workers(report)),
    ]:
        found = text.sections.get(section, [])
        yield from same(f"length of {section} in report.html", len(found), len(wanted))
        for shown, wish in zip(found, wanted):
            what = f"{section} in report.html"
            if isinstance(shown, list) and isinstance(wish, list):
                yield from rows(what, [shown], [wish])
            elif shown != wish:
                yield f"{what}: {shown!r} is shown, {wish!r} is computed"


def cut(lines):
    """As many as a table shows, and how many more there are."""
    more = [f"and {len(lines) - ROWS} more, in report.json"] if len(lines) > ROWS else []
    return [row for line in lines[:ROWS] for row in line] + more


def counts(report):
    found = ["Every case counted once", words.equation(report["totals"])]
    found.append("The set of planned cases is the set of counted ones, in the whole run and in every line below.")
    found.append(words.touched(report["evidence"]))
    for part, name in [("tiers", "priority"), ("suites", "suite"), ("groups", "group"), ("regions", "region")]:
        lines = []
        for one in report[part]:
            spent = [words.duration(one[field]) for field in ["time_ms", "longest_ms"]]
            first = [f"{one['name']} {one.get('tier') or ''}", passed_of(one), *spent]
            lines.append([first, [words.equation(one["totals"])]])
        if part != "groups" or lines:
            found += [f"By {name}", [name, "tests passed", "time", "longest"], *cut(lines)]
    return found


def times(report):
    found, head = ["Response times"], ["P50", "P95", "P99", "longest"]
    count = sum(line["count"] for line in report["response_times"])
    if count == 0:
        return [*found, "Not measured: no exchange was answered."]
    found.append(
        f"Over {words.grouped(count)} answered exchanges of functional cases, all kept: exact, by "
        "nearest rank. From the first byte sent to the last received, of handshakes and streams to "
        "the first received; connecting is not in it."
    )
    lines = [
        [[f"{one['tier']} {one['region']} {words.count(one['count'], 'exchange')}", *percentiles(one)], [""]]
        for one in report["response_times"]
    ]
    found += ["By priority and region", ["where", *head], *cut(lines)]
    found += ["The bars end at P50, P95 and P99, from dark to light.", "Against targets"]
    tests = {}
    for line in report["test_times"]:
        tests.setdefault((line["suite"], line["test"]), []).append(line)
    has = [lines for lines in tests.values() if any(line["targets"] for line in lines)]
    lacks = [lines for lines in tests.values() if not any(line["targets"] for line in lines)]
    if has:
        met = sum(all(line["met"] is not False for line in lines) for lines in has)
        have = "has" if len(has) == 1 else "have"
        found.append(
            f"{met} of {words.count(len(has), 'test')} that {have} a target met it in every region. A "
            "target is a check that allows a time at most; it was judged with its test."
        )
        found += [["test and region", *head], *cut([of_test(lines) for lines in has])]
    else:
        found.append("No target: no check of an executed test allows a time at most.")
    if lacks:
        found.append(f"{words.count(len(lacks), 'test')} without a target")
        found += [["test and region", *head], *cut([of_test(lines) for lines in lacks])]
    return found


def of_test(lines):
    """A row with the test and its targets, then one for each region."""
    targets = dict.fromkeys(target["expression"] for line in lines for target in line["targets"])
    found = [[" ".join([lines[0]["test"], *[f"target {words.clip(one, 500)}" for one in targets]])]]
    for line in lines:
        told = [
            f"{'✓ met' if target['held'] == target['evaluated'] else '✕ missed'} {words.limit(target)}"
            for target in line["targets"]
        ]
        name = " ".join([line["region"], words.count(line["count"], "exchange"), *told])
        found.append([name, *(percentiles(line) if line["count"] else ["not measured"] * 4)])
    return found


def workers(report):
    stated, leases = report["grid"], report["grid"]["leases"]
    found = ["Workers and leases"]
    found.append(
        f"{leases['granted']} leases granted = {leases['ended']} ended + {leases['lost']} lost + "
        f"{leases['open']} open"
    )
    again = f"{leases['reattached']} taken up again after a takeover or a reconnect."
    found.append(f"{again} {words.server_spans(report['server_spans'])}")
    if report["stop"]:
        found.append(f"Stopped by {report['stop']['cause']}: {report['stop']['why']}.")
    found += [f"Held back: {words.closed(gate)}." for gate in report["gates_closed"]]
    lines = []
    for one in stated["workers"]:
        name = f"{one['name']} in {one['region']}, busy {words.duration(one['busy_ms'])}"
        state = f"! left {words.clip(one['left'], 500)}" if one["left"] else "✓ stayed"
        losses = [f"! lost {words.clip(why, 500)}" for why in one["losses"][:5]]
        more = [f"and {len(one['losses']) - 5} more, in report.json"] if len(one["losses"]) > 5 else []
        numbers = [one[field] for field in ["cases", "leases", "leases_lost", "reattached", "slots"]]
        lines.append([[" ".join([name, state, *losses, *more]), *numbers]])
    found += [["worker", "cases", "leases", "lost", "again", "slots"], *cut(lines)]
    for part, title in [
        ("kept", "Results kept and not counted"),
        ("rejected", "Results rejected"),
        ("late", "Results that came late"),
    ]:
        lines = [
            [[one["case"], badge(one["outcome"]), one["attempt"], one["worker"], one["why"]]]
            for one in stated[part]
        ]
        if lines:
            found += [title, ["case", "outcome", "attempt", "worker", "why"], *cut(lines)]
    return found


def badge(outcome):
    marks = {"passed": "✓", "failed": "✕", "skipped": "–"}
    return f"{marks.get(outcome, '!')} {outcome}"
