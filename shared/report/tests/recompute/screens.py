"""The numbers of report.md, report.html and the terminal's text, held against report.json."""

import html.parser
import re

import words
from figures import OUTCOMES, near, same

# Rows of a table, behind which the rest is in report.json only.
ROWS = 300
# What a report may say first beside the subjects that `words` knows.
SUBJECTS = [
    *["to change it", "tests", "by priority", "cases", "not exercised", "new failures", "checks"],
    *["value", "environment", "time"],
]


class Text:
    """One format: its first screen line by line, and the rest by section."""

    def __init__(self, name, screen, sections):
        self.name, self.screen, self.sections = name, screen, sections

    def with_screen(self, screen):
        return Text(self.name, screen, self.sections)

    def rows(self, section):
        return [row for row in self.sections.get(section, []) if isinstance(row, list)]

    def lines(self, section):
        return [line for line in self.sections.get(section, []) if isinstance(line, str)]


def clean(text):
    return " ".join(text.split())


def unescaped(markdown):
    """Text of a piece of Markdown: no code marks, bold or escapes; line breaks as line feeds."""
    out, at = "", 0
    while at < len(markdown):
        fence = re.match(r"`+", markdown[at:])
        if fence and (end := markdown.find(fence[0], at + len(fence[0]))) > 0:
            out += markdown[at + len(fence[0]) : end].strip().replace("\\|", "|")
            at = end + len(fence[0])
        elif markdown[at] == "\\" and at + 1 < len(markdown):
            out, at = out + markdown[at + 1], at + 2
        elif markdown.startswith("**", at):
            at += 2
        else:
            out, at = out + markdown[at], at + 1
    out = out.replace("<br>", "\n")
    for name, letter in [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]:
        out = out.replace(name, letter)
    return out


def markdown(text):
    section, sections, screen = "", {}, []
    for line in text.splitlines():
        if heading := re.match(r"##+ (.*)", line):
            section = heading[1]
        elif line.startswith("|") and not re.fullmatch(r"[|:\- ]+", line):
            cells = [unescaped(cell.strip()) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            sections.setdefault(section, []).append(cells)
        elif line.strip():
            sections.setdefault(section, []).append(unescaped(line))
    for one in sections.pop("", []):
        if isinstance(one, str):
            screen.append(clean(one.removeprefix("# ")))
        elif one[0]:
            screen += [f"{one[0]}: {line}" for line in one[1].split("\n")]
    return Text("report.md", screen, sections)


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
    return Text("terminal.txt", screen, {})


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
    return Text("report.html", screen, sections)


FORMATS = {"report.md": markdown, "report.html": page, "terminal.txt": terminal}


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
            found += in_markdown(report, text)
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


def rows(what, found, wanted):
    """Rows of a table; a wanted number is a time in milliseconds, rounded to tenths."""
    yield from same(f"rows of {what}", len(found), min(len(wanted), ROWS))
    for row, want in zip(found, wanted):
        if len(row) != len(want):
            yield from same(what, row, want)
            continue
        for cell, wish in zip(row, want):
            if isinstance(wish, float) and (shown := re.fullmatch(r"([\d.]+) ms", cell)):
                yield from near(f"{what} {row[0]}", float(shown[1]), wish, 100)
            elif clean(str(wish)) != clean(cell):
                yield f"{what} {row[0]}: {cell!r} is shown, {wish!r} is computed"


def percentiles(line):
    return [float(line[field]) for field in ["p50_ms", "p95_ms", "p99_ms", "max_ms"]]


def passed_of(one):
    return f"{words.grouped(one['tests']['passed'])} of {words.grouped(one['tests']['planned'])}"


def in_markdown(report, text):
    for part, section in [
        ("tiers", "By priority"),
        ("suites", "By suite"),
        ("groups", "By group"),
        ("regions", "By region"),
    ]:
        wanted = []
        for one in report[part]:
            name = f"{one['name']} ({one['tier']})" if one.get("tier") else one["name"]
            counted = [one["totals"][field] for field in ["planned", *OUTCOMES]]
            spent = [words.duration(one[field]) for field in ["time_ms", "longest_ms"]]
            wanted.append([name, passed_of(one), *counted, *spent])
        yield from rows(f"{section} in report.md", text.rows(section)[1:], wanted)
    gaps = [[gap["outcome"], gap["cases"]] for gap in report["not_exercised"]]
    shown = [[row[0], row[2]] for row in text.rows("Not exercised")[1:]]
    yield from rows("Not exercised in report.md", shown, gaps)
    slowest = [case for case in report["cases"] if case["tries"] > 0]
    slowest.sort(key=lambda case: (-case["duration_ms"], case["id"]))
    wanted = [[one["id"], one["worker"], words.duration(one["duration_ms"])] for one in slowest[:10]]
    yield from rows("Slowest in report.md", text.rows("Slowest")[1:], wanted)
    tiers = [
        [f"{one['tier']} {one['region']}", one["count"], *percentiles(one)]
        for one in report["response_times"]
    ]
    yield from rows("Response times in report.md", text.rows("Response times")[1:], tiers)
    yield from rows("Against targets in report.md", of_targets(text), list(targets(report)))
    value = report["value"]
    wanted = [[one["name"], words.money(one["mrr"], value["currency"])] for one in value["lines"]]
    shown = [row[:2] for row in text.rows("Value")[1:]]
    yield from rows("Value in report.md", shown, wanted)
    yield from proven(report, text)
    yield from health(report, text)
    yield from of_failures(report, text)


def of_targets(text):
    return [row for row in text.rows("Against targets") if row[0] != "test"]


def targets(report):
    """Tests with a target first, as report.md has them."""
    for has_target in [True, False]:
        for one in report["test_times"]:
            if bool(one["targets"]) == has_target:
                lines = [
                    f"{'met' if target['held'] == target['evaluated'] else 'missed'} "
                    f"{words.limit(target)} {target['expression']}"
                    for target in one["targets"]
                ]
                told = "\n".join(lines) or "no target"
                yield [one["test"], one["region"], one["count"], *percentiles(one), told]


def proven(report, text):
    stated = report["proven_checks"] or {"tests": []}
    wanted = [
        [one["test"], f"{one['can_fail']} of {one['checks']}"]
        for one in stated["tests"]
        if one["survivors"] or one["unknown"]
    ]
    found = text.rows("Checks that can fail")[1:]
    yield from rows("Checks that can fail in report.md", [row[:2] for row in found], wanted)
    for one, row in zip([one for one in stated["tests"] if one["survivors"] or one["unknown"]], found):
        told = [f"{one['file']}:{survivor['line']}" for survivor in one["survivors"]]
        shown = re.findall(r"(?m)^(\S+:\d+) ", row[2])
        yield from same(f"survivors of {one['test']} in report.md", shown, told)


def health(report, text):
    stated, leases = report["grid"], report["grid"]["leases"]
    workers = [
        [
            *[one[field] for field in ["name", "region", "slots", "leases", "leases_lost", "reattached"]],
            *[one["cases"], words.duration(one["busy_ms"]), one["left"] or ""],
        ]
        for one in stated["workers"]
    ]
    yield from rows("Grid health in report.md", text.rows("Grid health")[1:], workers)
    counted = (
        f"Leases: {leases['granted']} granted = {leases['ended']} ended + {leases['lost']} lost + "
        f"{leases['open']} open; {leases['reattached']} taken up again."
    )
    lines = text.lines("Grid health")
    for wanted in [counted, words.server_spans(report["server_spans"])]:
        yield from same(f"{wanted!r} in report.md", wanted in lines, True)
    evidence = text.lines("Evidence")
    yield from same("Evidence in report.md", evidence, [words.touched(report["evidence"])])
    for part, section in [
        ("kept", "Results kept and not counted"),
        ("rejected", "Results rejected"),
        ("late", "Results that came late"),
    ]:
        fields = ["case", "attempt", "worker", "outcome", "why"]
        wanted = [[one[field] for field in fields] for one in stated[part]]
        yield from rows(f"{section} in report.md", text.rows(section)[1:], wanted)
    wanted = [
        [
            seen["region"],
            "" if probe["status"] is None else probe["status"],
            words.duration(probe["latency_ms"]),
            probe["attempts"],
        ]
        for seen in report["preflight"]
        for probe in seen["probes"]
    ]
    shown = [[row[0], *row[4:7]] for row in text.rows("Preflight")[1:]]
    yield from rows("Preflight in report.md", shown, wanted)


def of_failures(report, text):
    """Where each failure and each of its checks stands."""
    found = [row for section, rows in text.sections.items() if section[:1] in "❌⚠" for row in rows]
    places = [row[1].split(", ")[0] for row in found if row[0] == "where"]
    lines = [row[0] for row in found if row[0].startswith("check, line ")]
    shown = report["failures"][:100]
    wanted = [f"{one['file']}:{one['line']}" for one in shown]
    yield from same("places of failures in report.md", places, wanted)
    wanted = [f"check, line {check['line']}" for one in shown for check in one["checks"]]
    yield from same("lines of checks in report.md", lines, wanted)


def in_page(report, text):
    counted = []
    for part in ["tiers", "suites", "groups", "regions"]:
        for one in report[part]:
            spent = [words.duration(one[field]) for field in ["time_ms", "longest_ms"]]
            counted.append([f"{one['name']} {one.get('tier') or ''}", passed_of(one), *spent])
            counted.append([words.equation(one["totals"])])
    found = [row for row in text.rows("counts") if row[-1] != "longest"]
    yield from rows("counts in report.html", found, counted)
    for section, wanted in [
        ("counts", words.equation(report["totals"])),
        ("counts", words.touched(report["evidence"])),
    ]:
        yield from same(f"{wanted!r} in report.html", wanted in text.lines(section), True)
    times = [row for row in text.rows("times") if len(row) == 5 and row[-1] != "longest"]
    tiers = [
        [f"{one['tier']} {one['region']} {words.count(one['count'], 'exchange')}", *percentiles(one)]
        for one in report["response_times"]
    ]
    tests = list(tests_of_page(report))
    yield from rows("response times in report.html", times, tiers + tests)
    fields = ["cases", "leases", "leases_lost", "reattached", "slots"]
    workers = [
        [
            f"{one['name']} in {one['region']}, busy {words.duration(one['busy_ms'])}",
            *[one[field] for field in fields],
        ]
        for one in report["grid"]["workers"]
    ]
    shown = [
        [re.split(r" [✓!] ", row[0])[0], *row[1:]]
        for row in text.rows("workers")
        if len(row) == 6 and row[0] != "worker"
    ]
    yield from rows("workers in report.html", shown, workers)


def tests_of_page(report):
    """Tests with a target in some region first, as report.html has them."""
    with_target = {(one["suite"], one["test"]) for one in report["test_times"] if one["targets"]}
    for has_target in [True, False]:
        for one in report["test_times"]:
            if ((one["suite"], one["test"]) in with_target) == has_target:
                told = [
                    f"{'✓ met' if target['held'] == target['evaluated'] else '✕ missed'} {words.limit(target)}"
                    for target in one["targets"]
                ]
                exchanges = words.count(one["count"], "exchange")
                name = " ".join([one["region"], exchanges, *told])
                times = percentiles(one) if one["count"] else ["not measured"] * 4
                yield [name, *times]
