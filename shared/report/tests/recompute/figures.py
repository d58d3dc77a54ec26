"""Every number of report.json, computed once more from its cases."""

import hashlib
import re

OUTCOMES = ["passed", "failed", "skipped", "unproven", "errored", "lost", "cancelled"]
NOT_PROVEN = OUTCOMES[2:]
TIERS = ["P1", "core", "P2", "P3", "P4", "P5", "P6"]
# Times are written with three decimals: each may be off by half of the last one.
ROUNDING = 0.0005


def problems(report):
    cases = report["cases"]
    for check in [head, groups, lists, failures, proven, times, targets, value, grid]:
        yield from check(report, cases)
    for case in cases:
        yield from one_case(case)


def same(what, stated, computed):
    if stated != computed:
        yield f"{what}: {stated!r} is stated, {computed!r} is computed"


def near(what, stated, computed, parts):
    """Of a sum of so many rounded parts."""
    if abs(stated - computed) > ROUNDING * (parts + 1) + 1e-9:
        yield f"{what}: {stated!r} is stated, {computed!r} is computed"


def count_numbers(value):
    if isinstance(value, dict):
        return sum(map(count_numbers, value.values()))
    if isinstance(value, list):
        return sum(map(count_numbers, value))
    return int(is_number(value))


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def executed(cases):
    return [case for case in cases if case["worker"] is not None]


def test_of(case):
    return case["suite"], case["test"]


def standings(cases):
    """Test → failed, passed or not_proven."""
    tests = {}
    for case in cases:
        tests.setdefault(test_of(case), []).append(case["outcome"])

    def standing(outcomes):
        if "failed" in outcomes:
            return "failed"
        return "passed" if set(outcomes) == {"passed"} else "not_proven"

    return {test: standing(outcomes) for test, outcomes in tests.items()}


def totals(what, stated, cases):
    yield from same(f"{what}.totals.planned", stated["totals"]["planned"], len(cases))
    for outcome in OUTCOMES:
        number = sum(case["outcome"] == outcome for case in cases)
        yield from same(f"{what}.totals.{outcome}", stated["totals"][outcome], number)
    tests = list(standings(cases).values())
    yield from same(f"{what}.tests.planned", stated["tests"]["planned"], len(tests))
    for standing in ["passed", "failed", "not_proven"]:
        number = tests.count(standing)
        yield from same(f"{what}.tests.{standing}", stated["tests"][standing], number)


def head(report, cases):
    yield from same("format", report["format"], 1)
    yield from same("case ids", len({case["id"] for case in cases}), len(cases))
    yield from totals("run", report, cases)
    opened = sum(case["outcome"] == "open" for case in cases)
    yield from same("open", report["open"], opened)
    counted = sum(report["totals"][outcome] for outcome in OUTCOMES) + opened
    yield from same("conservation", report["totals"]["planned"], counted)
    if report["table_hash"] is not None:
        rows = sorted((case["id"], case["outcome"]) for case in cases if case["outcome"] != "open")
        table = "".join(f"{len(id.encode())}:{id}={outcome}\n" for id, outcome in rows)
        digest = hashlib.sha256(table.encode()).hexdigest()
        yield from same("table_hash", report["table_hash"], digest)
    summed = report["evidence"]
    for field in ["exchanges", "checks", "bytes_sent", "bytes_received"]:
        number = sum(case["evidence"][field] for case in cases)
        yield from same(f"evidence.{field}", summed[field], number)
    for field in ["exchanges", "checks"]:
        number = sum(tried[field] for case in cases for tried in case["tried"])
        yield from same(f"evidence.recorded_{field}", summed[f"recorded_{field}"], number)


def groups(report, cases):
    for part, key in [
        ("tiers", lambda case: (case["tier"],)),
        ("suites", lambda case: (case["suite"], case["tier"])),
        ("groups", lambda case: (case["group"] or "no group", case["tier"])),
        ("regions", lambda case: (case["planned_region"],)),
    ]:
        seen = 0
        for one in report[part]:
            name = (one["name"], one["tier"]) if "tier" in one else (one["name"],)
            members = [case for case in cases if key(case) == name]
            seen += len(members)
            what = f"{part} {'/'.join(map(str, name))}"
            yield from totals(what, one, members)
            spent = [case["duration_ms"] for case in members]
            yield from near(f"{what}.time_ms", one["time_ms"], sum(spent), len(spent))
            yield from near(f"{what}.longest_ms", one["longest_ms"], max(spent, default=0), 0)
        has_group = any(case["group"] for case in cases)
        whole = len(cases) if part != "groups" or has_group else 0
        yield from same(f"cases in {part}", seen, whole)


def first_word(reason):
    return re.split(r"[: (,]", reason, maxsplit=1)[0]


def lists(report, cases):
    gaps = {}
    for case in cases:
        if case["outcome"] in NOT_PROVEN:
            key = case["outcome"], first_word(case["reason"])
            gaps.setdefault(key, []).append(case)
    yield from same("not_exercised", len(report["not_exercised"]), len(gaps))
    for gap in report["not_exercised"]:
        of_gap = gaps.get((gap["outcome"], gap["reason"]), [])
        what = f"not_exercised {gap['outcome']} {gap['reason']}"
        yield from same(f"{what}.cases", gap["cases"], len(of_gap))
        tests = list(dict.fromkeys(case["test"] for case in of_gap))
        yield from same(f"{what}.tests", gap["tests"], tests)
    planned = {case["tier"] for case in cases}
    unplanned = [tier for tier in TIERS if tier not in planned]
    yield from same("unplanned_tiers", report["unplanned_tiers"], unplanned)
    flaky = [case["id"] for case in cases if case["flaky"]]
    yield from same("flaky", report["flaky"], flaky)
    since = report["since"] or {"new_failures": [], "fixed": []}
    standing = standings(cases)
    for part, wanted in [("new_failures", "failed"), ("fixed", "passed")]:
        for test in since[part]:
            yield from same(f"since.{part} {test}", wanted, standing.get(test_of(test)))


def failures(report, cases):
    by_id = {case["id"]: case for case in cases}
    went_wrong = {
        case["id"]
        for case in executed(cases)
        if case["outcome"] in ["failed", "errored", "unproven"]
    }
    listed = [id for one in report["failures"] for id in one["cases"]]
    yield from same("cases in failures", sorted(listed), sorted(went_wrong))
    for one in report["failures"]:
        members = [by_id[id] for id in one["cases"] if id in by_id]
        what = f"failure of {one['test']}"
        regions = sorted({case["region"] for case in members})
        yield from same(f"{what}.regions", one["regions"], regions)
        for case in members:
            stands = one["suite"], one["test"], one["tier"], one["outcome"]
            is_so = *test_of(case), case["tier"], case["outcome"]
            yield from same(f"{what}, {case['id']}", stands, is_so)


def proven(report, cases):
    stated = report["proven_checks"]
    if stated is None:
        return
    for field in ["checks", "can_fail"]:
        number = sum(one[field] for one in stated["tests"])
        yield from same(f"proven_checks.{field}", stated[field], number)
    for one in stated["tests"]:
        survived = one["checks"] - one["can_fail"]
        yield from same(f"proven_checks of {one['test']}", len(one["survivors"]), survived)
    known = all(one["unknown"] is None for one in stated["tests"])
    enough = stated["can_fail"] * 100 >= stated["checks"] * stated["asked_percent"]
    yield from same("proven_checks.is_enough", stated["is_enough"], known and enough)
    passed = [test for test, standing in standings(cases).items() if standing == "passed"]
    tests = [test_of(one) for one in stated["tests"]]
    yield from same("proven_checks.tests", sorted(tests), sorted(passed))


def nearest_rank(samples, percent):
    """The sample at place ⌈n · P / 100⌉ in ascending order, counted from 1; 0 of none."""
    ordered = sorted(samples)
    place = max(1, -(-len(ordered) * percent // 100))
    return ordered[place - 1] if ordered else 0


def percentiles(what, stated, samples):
    yield from same(f"{what}.count", stated["count"], len(samples))
    yield from near(f"{what}.total_ms", stated["total_ms"], sum(samples), len(samples))
    for field, percent in [("p50_ms", 50), ("p95_ms", 95), ("p99_ms", 99), ("max_ms", 100)]:
        yield from near(f"{what}.{field}", stated[field], nearest_rank(samples, percent), 0)


def times(report, cases):
    for part, fields in [
        ("response_times", ["tier", "region"]),
        ("test_times", ["suite", "test", "region"]),
    ]:
        samples = {}
        for case in executed(cases):
            if case["response_times_ms"] or (part == "test_times" and case["targets"]):
                key = tuple(case[field] for field in fields)
                samples.setdefault(key, []).extend(case["response_times_ms"])
        yield from same(f"lines of {part}", len(report[part]), len(samples))
        for line in report[part]:
            key = tuple(line[field] for field in fields)
            yield from percentiles(f"{part} {key}", line, samples.get(key, []))


def name_of(target):
    return target["file"], target["line"], target["expression"], target["limit_ms"]


def targets(report, cases):
    for line in report["test_times"]:
        sums = {}
        for case in executed(cases):
            if all(case[field] == line[field] for field in ["suite", "test", "region"]):
                for target in case["targets"]:
                    held = sums.setdefault(name_of(target), [0, 0])
                    held[0] += target["evaluated"]
                    held[1] += target["held"]
        what = f"test_times {line['test']} {line['region']}"
        stated = {name_of(one): [one["evaluated"], one["held"]] for one in line["targets"]}
        yield from same(f"{what}.targets", stated, sums)
        met = all(evaluated == held for evaluated, held in sums.values()) if sums else None
        yield from same(f"{what}.met", line["met"], met)


def value(report, cases):
    stated = report["value"]
    for field, state in [("verified",) * 2, ("failing",) * 2, ("not_verified", "not verified")]:
        number = sum(line["mrr"] for line in stated["lines"] if line["state"] == state)
        yield from same(f"value.{field}", stated[field], number)
    parts = stated["verified"] + stated["failing"] + stated["not_verified"]
    yield from same("value.total", stated["total"], parts)
    outcomes, flaky = {}, set()
    for case in cases:
        outcomes.setdefault(case["test"], set()).add(case["outcome"])
        flaky |= {case["test"]} if case["flaky"] else set()
    for line in stated["lines"]:
        sets = [outcomes.get(test, set()) for test in line["tests"]]
        if line["state"] == "verified":
            good = sets and all(one == {"passed"} for one in sets) and not flaky & set(line["tests"])
            yield from same(f"value {line['name']} verified", True, bool(good))
        if line["state"] == "failing":
            bad = sets and all("failed" in one for one in sets)
            yield from same(f"value {line['name']} failing", True, bool(bad))


def grid(report, cases):
    stated, leases = report["grid"], report["grid"]["leases"]
    for worker in stated["workers"]:
        own = [
            case["duration_ms"]
            for case in cases
            if case["worker"] == worker["name"] and not case["carried"]
        ]
        what = f"worker {worker['name']}"
        yield from same(f"{what}.cases", worker["cases"], len(own))
        yield from near(f"{what}.busy_ms", worker["busy_ms"], sum(own), len(own))
        yield from same(f"{what}.leases_lost", worker["leases_lost"], len(worker["losses"]))
    for field, part in [("granted", "leases"), ("lost", "leases_lost"), ("reattached",) * 2]:
        number = sum(worker[part] for worker in stated["workers"])
        yield from same(f"grid.leases.{field}", leases[field], number)
    parts = leases["ended"] + leases["lost"] + leases["open"]
    yield from same("leases granted = ended + lost + open", leases["granted"], parts)
    leased = sum(case["attempts"] for case in cases)
    yield from same("grid.leases.cases", leases["cases"], leased)
    unread = sum(case["tries"] > 0 and not case["tried"] for case in cases)
    yield from same("grid.missing_records", stated["missing_records"], unread)


def one_case(case):
    what, checks = case["id"], case["checks"]
    held = checks["held"] + checks["not_held"]
    yield from same(f"{what}.checks.evaluated", checks["evaluated"], held)
    if case["tried"]:
        yield from same(f"{what}.tries", case["tries"], len(case["tried"]))
        last = case["tried"][-1]["checks"]
        yield from same(f"{what}.checks of the last try", checks["evaluated"], last)
    if case["worker"] is None:
        spent = case["duration_ms"], case["started_at_ms"], case["tries"]
        yield from same(f"{what}, not executed", spent, (0, 0, 0))
    if case["outcome"] == "passed":
        evidence = case["evidence"]["exchanges"] > 0 and case["evidence"]["checks"] > 0
        yield from same(f"{what} passed with evidence", True, evidence)
