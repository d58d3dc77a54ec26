"""report.md: every line and every row of it, made once more from report.json."""

import re

import words
from figures import OUTCOMES, same
from tables import ROWS, Text, clean, passed_of, percentiles, rows

# Letters of a value, failures shown, names of a list, slow cases.
VALUE = 500
FAILURES = 100
NAMES = 20
CASES = 10
SLOWEST = 10
CUT = "Cut here: "


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


def parse(text):
    section, sections, screen = "", {}, []
    for line in text.splitlines():
        if heading := re.match(r"##+ (.*)", line):
            section = heading[1]
        elif re.fullmatch(r"\|[|:-]+\|", line):
            continue
        elif line.startswith("|"):
            cells = [unescaped(cell.strip()) for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            sections.setdefault(section, []).append(cells)
        elif line.strip():
            sections.setdefault(section, []).append(unescaped(line))
    for one in sections.pop("", []):
        if isinstance(one, str):
            screen.append(clean(one.removeprefix("# ")))
        elif one[0]:
            screen += [f"{one[0]}: {line}" for line in one[1].split("\n")]
    return Text(screen, sections, list(sections))


def problems(report, text):
    """Sections in their order, each item by item; of a section that was cut, what is left of it."""
    wanted = {}
    for section, items in sections(report):
        wanted.setdefault(section, []).extend(items)
    yield from same("sections of report.md", list(text.sections), list(wanted))
    for section, items in wanted.items():
        found = text.sections.get(section, [])
        if found and str(found[-1]).startswith(CUT):
            found = [item for item in found[:-1] if item != "</details>"]
            items = items[: len(found)]
        yield from same(f"length of {section} in report.md", len(found), len(items))
        for shown, wish in zip(found, items):
            what = f"{section} in report.md"
            if isinstance(shown, list) and isinstance(wish, list):
                yield from rows(what, [shown], [wish])
            elif isinstance(shown, list) or isinstance(wish, list) or clean(shown) != clean(wish):
                yield f"{what}: {shown!r} is shown, {wish!r} is computed"


def table(head, lines):
    if not lines:
        return ["none"]
    more = [f"and {len(lines) - ROWS} more, in report.json"]
    return [head, *lines[:ROWS], *(more if len(lines) > ROWS else [])]


def names(tests, limit=NAMES):
    more = f" and {len(tests) - limit} more" if len(tests) > limit else ""
    return ", ".join(tests[:limit]) + more


def sections(report):
    reasons = report["reasons"]
    if len(reasons) > len(words.few(reasons[1:])) + 1:
        yield "Reasons", [f"- {reason}" for reason in reasons]
    yield from counts(report)
    yield from failures(report)
    yield "Not exercised", not_exercised(report)
    yield "Evidence", [words.touched(report["evidence"])]
    if report["proven_checks"]:
        yield "Checks that can fail", proven(report["proven_checks"])
    flaky = [case for case in report["cases"] if case["flaky"]]
    if flaky:
        yield "Flaky", table(["case", "counted as", "results"], [flaky_case(case) for case in flaky])
    slowest = [case for case in report["cases"] if case["tries"] > 0]
    slowest.sort(key=lambda case: (-case["duration_ms"], case["id"]))
    lines = [
        [one["id"], one["worker"] or "", words.duration(one["duration_ms"])]
        for one in slowest[:SLOWEST]
    ]
    yield "Slowest", table(["case", "worker", "time"], lines)
    yield from times(report)
    yield from value(report["value"])
    yield from health(report)
    yield "Preflight", preflight(report["preflight"])
    yield from closing(report)


def counts(report):
    for part, name, section in [
        ("tiers", "priority", "By priority"),
        ("suites", "suite", "By suite"),
        ("groups", "group", "By group"),
        ("regions", "region", "By region"),
    ]:
        lines = []
        for one in report[part]:
            of = f"{one['name']} ({one['tier']})" if one.get("tier") else one["name"]
            counted = [one["totals"][field] for field in ["planned", *OUTCOMES]]
            spent = [words.duration(one[field]) for field in ["time_ms", "longest_ms"]]
            lines.append([of, passed_of(one), *counted, *spent])
        head = [name, "tests passed", "planned", *OUTCOMES, "time", "longest"]
        if part != "groups" or lines:
            yield section, table(head, lines)
    regions = [one["name"] for one in report["regions"]]
    tests = {}
    for case in report["cases"]:
        row = tests.setdefault((case["suite"], case["test"], case["tier"]), {})
        row.setdefault(case["planned_region"], []).append(case["outcome"])
    lines = [
        [test, tier, *[cell(row.get(region, [])) for region in regions]]
        for (_, test, tier), row in tests.items()
    ]
    yield "Regions side by side", table(["test", "tier", *regions], lines)


def cell(outcomes):
    counted = [(outcomes.count(one), one) for one in [*OUTCOMES, "open"] if one in outcomes]
    return ", ".join(one if len(outcomes) == 1 else f"{number} {one}" for number, one in counted)


def failures(report):
    shown = report["failures"]
    more = [f"and {len(shown) - FAILURES} more, in report.json"] if len(shown) > FAILURES else []
    if not shown:
        yield "Failures", ["No executed case went wrong."]
    for place, one in enumerate(shown[:FAILURES]):
        mark = "❌" if one["outcome"] == "failed" else "⚠️"
        heading = f"{mark} {one['outcome']}: `{one['test']}` in {', '.join(one['regions'])}"
        last = place + 1 == min(len(shown), FAILURES)
        yield heading, [*failure(one), *(more if last else [])]


def failure(one):
    where = ", ".join(part for part in [f"{one['file']}:{one['line']}", one["step"]] if part)
    found = [one["title"]] if one["title"] else []
    found += [["", ""], ["where", where], ["why", words.clip(one["reason"], VALUE)]]
    said = {
        "message": one["message"] in one["reason"],
        "expected": any(check["expected"] == one["expected"] for check in one["checks"]),
        "actual": any(
            check["actual"] == one["actual"] or check["actual"].endswith(f"= {one['actual']}")
            for check in one["checks"]
        ),
    }
    found += [[field, words.clip(one[field], VALUE)] for field in said if one[field] and not said[field]]
    for check in one["checks"]:
        told = f"{check['expression']}\n{words.clip(check['actual'], VALUE)}"
        found.append([f"check, line {check['line']}", told])
    found.append(["cases", names(one["cases"], CASES)])
    if one["trace_id"]:
        found.append(["trace", one["trace_id"]])
    return [*found, ["run again", one["again"]], ["look closer", one["look"]]]


def not_exercised(report):
    if not report["not_exercised"]:
        return ["Every planned case was executed to a pass or a failure."]
    lines = []
    for gap in report["not_exercised"]:
        is_longer = len(gap["detail"].encode()) > len(gap["reason"].encode())
        detail = f"\n{words.clip(gap['detail'], VALUE)}" if is_longer else ""
        lines.append([gap["outcome"], gap["reason"] + detail, gap["cases"], names(gap["tests"])])
    return table(["outcome", "reason", "cases", "tests"], lines)


def proven(stated):
    lines = []
    for one in stated["tests"]:
        told = [
            f"{one['file']}:{survivor['line']} {words.clip(survivor['expression'], VALUE)}"
            for survivor in one["survivors"]
        ]
        told += [one["unknown"]] if one["unknown"] else []
        if told:
            lines.append([one["test"], f"{one['can_fail']} of {one['checks']}", "\n".join(told)])
    head = ["test", "can fail", "nothing made false"]
    return [words.can_fail(stated), *table(head, lines)]


def flaky_case(case):
    endings = [
        f"try {place}: {'passed' if tried['failure'] is None else tried['failure']}"
        for place, tried in enumerate(case["tried"], 1)
    ]
    endings = [words.clip(ending, VALUE) for ending in [*endings, *case["kept"]]]
    return [case["id"], case["outcome"], "\n".join(endings)]


def times(report):
    count = sum(line["count"] for line in report["response_times"])
    if count == 0:
        yield "Response times", ["Not measured: no exchange was answered."]
        return
    about = (
        f"Over {words.grouped(count)} answered exchanges of functional cases, all kept: exact, by "
        "nearest rank. From the first byte sent to the last received, of handshakes and streams to "
        "the first received; connecting is not in it."
    )
    lines = [
        [f"{one['tier']} {one['region']}", one["count"], *percentiles(one)]
        for one in report["response_times"]
    ]
    head = ["exchanges", "P50", "P95", "P99", "longest"]
    yield "Response times", [about, *table(["tier and region", *head], lines)]
    head = ["test", "region", *head, "target"]
    has = [line for line in report["test_times"] if line["targets"]]
    lacks = [line for line in report["test_times"] if not line["targets"]]
    found = ["No target: no check of an executed test allows a time at most."]
    if has:
        found = table(head, [of_test(line) for line in has])
    if lacks:
        told = f"No target: {words.count(len(lacks), 'line')} of tests and regions"
        found.append(f"<details><summary>{told}</summary>")
        found += [*table(head, [of_test(line) for line in lacks]), "</details>"]
    yield "Against targets", found


def of_test(line):
    told = [
        f"{'met' if target['held'] == target['evaluated'] else 'missed'} {words.limit(target)} "
        f"{target['expression']}"
        for target in line["targets"]
    ]
    told = "\n".join(told) or "no target"
    return [line["test"], line["region"], line["count"], *percentiles(line), told]


def value(stated):
    if not stated["lines"]:
        return
    about = "Monthly recurring revenue, and the tests that stand behind it. It has no part in the verdict."
    lines = [
        [
            *[one["name"], words.money(one["mrr"], stated["currency"]), one["state"], one["why"]],
            names(one["tests"]),
        ]
        for one in stated["lines"]
    ]
    yield "Value", [about, *table(["line", "a month", "state", "why", "tests"], lines)]


def health(report):
    stated, leases = report["grid"], report["grid"]["leases"]
    fields = ["name", "region", "slots", "leases", "leases_lost", "reattached", "cases"]
    lines = [
        [*[one[field] for field in fields], words.duration(one["busy_ms"]), one["left"] or ""]
        for one in stated["workers"]
    ]
    head = ["worker", "region", "slots", "leases", "lost", "taken up again", "cases", "busy", "left"]
    counted = (
        f"Leases: {leases['granted']} granted = {leases['ended']} ended + {leases['lost']} lost + "
        f"{leases['open']} open; {leases['reattached']} taken up again."
    )
    found = [*table(head, lines), counted, words.server_spans(report["server_spans"])]
    for worker in stated["workers"]:
        found += [f"{worker['name']} lost {words.clip(why, VALUE)}" for why in worker["losses"]]
    if report["stop"]:
        found.append(f"stopped by {report['stop']['cause']}: {report['stop']['why']}")
    found += [words.closed(gate) for gate in report["gates_closed"]]
    yield "Grid health", found
    fields = ["case", "attempt", "worker", "outcome", "why"]
    for part, section in [
        ("kept", "Results kept and not counted"),
        ("rejected", "Results rejected"),
        ("late", "Results that came late"),
    ]:
        if stated[part]:
            yield section, table(fields, [[one[field] for field in fields] for one in stated[part]])


def preflight(regions):
    if not regions:
        return ["No region was probed."]
    lines = [
        [
            *[seen["region"], probe["suite"], probe["url"], probe["address"]],
            "" if probe["status"] is None else probe["status"],
            *[words.duration(probe["latency_ms"]), probe["attempts"]],
            seen["fingerprint"][:12] or "unknown (it does not tell)",
            words.clip(probe["error"], VALUE),
        ]
        for seen in regions
        for probe in seen["probes"]
    ]
    head = ["region", "suite", "URL", "address", "status", "latency", "attempts", "revision", "error"]
    found = table(head, lines)
    for seen in regions:
        if not seen["probes"]:
            told = "green: no suite requires anything" if seen["green"] else "red, without a probe"
            found.append(f"{seen['region']}: {told}")
    return found


def closing(report):
    stated = report["conclusions"]
    for part, section, none in [
        ("known_issues", "Known issues", "none"),
        ("risks", "Risks", "none that the data shows"),
    ]:
        yield section, [f"- {sentence}" for sentence in stated[part][:ROWS] or [none]]
    told = [
        f"{one['what']}: {one['command']}" if one["command"] else one["what"]
        for one in stated["recommendations"]
    ]
    yield "Recommendations", [f"- {one}" for one in told or ["none"]]
    took = words.duration(report["elapsed_ms"])
    last = f"{words.equation(report['totals'])} · {took} · made by {report['made_by']}"
    yield "Conclusion", [stated["conclusion"], last]
