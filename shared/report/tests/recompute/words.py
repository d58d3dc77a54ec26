"""How a report writes its numbers for people."""

from datetime import datetime, timezone

from figures import OUTCOMES

# Letters of a line of the first screen, and lines of one subject.
WIDTH = 200
PER_SUBJECT = 3


def grouped(number):
    return f"{number:,}"


def count(number, noun):
    return f"{grouped(number)} {noun}{'' if number == 1 else 's'}"


def money(amount, currency):
    return f"{grouped(amount)} {currency}".rstrip()


def duration(ms):
    seconds, rest = divmod(int(ms), 1000)
    if seconds == 0:
        return f"{rest} ms"
    if seconds < 60:
        return f"{seconds}.{rest // 100} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"


def moment(unix_ms):
    at = datetime.fromtimestamp(unix_ms // 1000, timezone.utc)
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")


def clip(text, longest=WIDTH):
    return text if len(text) <= longest else text[: longest - 1] + "…"


def few(lines):
    if len(lines) <= PER_SUBJECT:
        return lines
    return [*lines[: PER_SUBJECT - 1], f"and {len(lines) - PER_SUBJECT + 1} more, below"]


def equation(totals):
    settled = sum(totals[outcome] for outcome in OUTCOMES)
    parts = " + ".join(f"{totals[outcome]} {outcome}" for outcome in OUTCOMES)
    still = totals["planned"] - settled
    return f"{totals['planned']} planned = {parts}" + (f" + {still} open" if still else "")


def gap(one):
    tests, more = one["tests"][:PER_SUBJECT], len(one["tests"]) - PER_SUBJECT
    reason = f" ({one['reason']})" if one["reason"] else ""
    rest = f" and {count(more, 'more test')}" if more > 0 else ""
    return f"{count(one['cases'], 'case')} {one['outcome']}{reason}: {', '.join(tests)}{rest}"


def limit(target):
    return f"within {target['limit_ms']:g} ms, {target['held']} of {target['evaluated']}"


def touched(evidence):
    return (
        f"Evidence behind the counted results: {count(evidence['exchanges'], 'exchange')} and "
        f"{count(evidence['checks'], 'check')} that read what came back; "
        f"{count(evidence['bytes_sent'], 'byte')} sent, "
        f"{count(evidence['bytes_received'], 'byte')} received."
    )


def can_fail(proven):
    part, of = proven["can_fail"], proven["checks"]
    tenths = part * 1000 // of if of else 0
    share = f"{tenths // 10}.{tenths % 10}" if tenths % 10 else str(tenths // 10)
    asked = f"at least {proven['asked_percent']} % are asked"
    return f"{part} of {of} check{'' if of == 1 else 's'} can fail ({share} %), {asked}"


def closed(gate):
    why = gate["why"].removeprefix(gate["tier"]).lstrip(": ")
    return f"the tier gate closed at {gate['tier']}: {why}"


def server_spans(spans):
    if spans is None:
        return "Server spans: not counted."
    return f"Server spans: {grouped(spans['kept'])} kept, {grouped(spans['dropped'])} dropped."


def first_screen(report):
    """Headline, further reasons, and the lines of each subject, as `subject: line`."""
    reasons = report["reasons"] or [f"the run goes on, {count(report['open'], 'case')} open"]
    lines = [f"{report['verdict']}: {reasons[0]}", *few(reasons[1:])]
    for subject, of_subject in subjects(report):
        lines += [f"{subject}: {clip(line)}" for line in of_subject]
    return [lines[0] if len(lines[0]) <= WIDTH else clip(lines[0]), *map(clip, lines[1:])]


def subjects(report):
    tests, value = report["tests"], report["value"]
    parts = [("passed", "passed"), ("failed", "failed"), ("not_proven", "not proven")]
    shown = [
        f"{grouped(tests[part])} {word}" for part, word in parts if tests[part] or part == "passed"
    ]
    counted = f"{count(tests['planned'], 'test')} ({count(report['totals']['planned'], 'case')})"
    yield "to change it", few(changes(report))
    yield "tests", [f"{counted}: {', '.join(shown)}"]
    tiers = [
        f"{tier['name']} {grouped(tier['tests']['passed'])} of {grouped(tier['tests']['planned'])} passed"
        for tier in report["tiers"]
    ]
    yield "by priority", [", ".join(tiers) or "the plan has no test"]
    yield "cases", [equation(report["totals"])]
    yield "not exercised", few(not_exercised(report))
    yield "new failures", few(new_failures(report["since"]))
    if report["proven_checks"]:
        yield "checks", [can_fail(report["proven_checks"])]
    if value["lines"]:
        sums = [
            f"{grouped(value[part])} {word}"
            for part, word in [("verified",) * 2, ("failing",) * 2, ("not_verified", "not verified")]
        ]
        yield "value", [f"{money(value['total'], value['currency'])} a month = {' + '.join(sums)}"]
    yield "environment", few(environment(report))
    took = f"took {duration(report['elapsed_ms'])}, run {report['run_id']}"
    yield "time", [f"{moment(report['created_at_ms'])}, {took}"]


def changes(report):
    """Recommendations, but for those on value, which stand last."""
    on_value = sum(line["state"] == "not verified" for line in report["value"]["lines"])
    all_of_them = report["conclusions"]["recommendations"]
    lines = [
        f"{one['what'].rstrip(':')}: {one['command']}" if one["command"] else one["what"]
        for one in all_of_them[: len(all_of_them) - on_value]
    ]
    return lines or ["nothing is needed: every case is proven"]


def not_exercised(report):
    lines = [gap(one) for one in report["not_exercised"]]
    if report["unplanned_tiers"]:
        lines.append(f"no test is planned in {', '.join(report['unplanned_tiers'])}")
    return lines or ["nothing: every tier has tests, every case was executed"]


def new_failures(since):
    if since is None:
        return ["no earlier gated run to compare with"]
    tests = [f"{one['test']} ({one['suite']}), since run {since['run_id']}" for one in since["new_failures"]]
    return tests or [f"none since run {since['run_id']}"]


def environment(report):
    prints = sorted({one["fingerprint"][:12] or "unknown (it does not tell)" for one in report["preflight"]})
    place = f"{report['environment']['name']}, seen from {', '.join(report['environment']['regions'])}"
    if not prints:
        return [place, "revision unknown: it was not probed"]
    if len(prints) == 1:
        return [place, f"revision {prints[0]}"]
    return [place, f"revision differs by region: {', '.join(prints)}"]
