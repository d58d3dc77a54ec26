"""junit.xml: its counts against report.json, and the shape that its readers agree on.

The shape is that of the schema which Jenkins' xUnit plugin publishes (junit-10), with what pytest,
GitLab and others have added by habit: `properties`, `assertions`, `file` and `line` of a test case,
and `skipped` of the whole.
"""

import re
import xml.etree.ElementTree as xml
from datetime import datetime, timezone

from figures import first_word, near, same

TIME = re.compile(r"\d+\.\d{3}")
NUMBER = re.compile(r"\d+")
TEXT = re.compile(r"(?s).*")
COUNTS = {"tests": NUMBER, "failures": NUMBER, "errors": NUMBER, "skipped": NUMBER, "time": TIME}
ENDING = {"message": TEXT, "type": TEXT}
# Element → attributes that it must have, those that it may have, and its children.
SHAPE = {
    "testsuites": ({"name": TEXT, **COUNTS}, {}, ["testsuite"]),
    "testsuite": ({"name": TEXT, **COUNTS}, {}, ["properties", "testcase"]),
    "testcase": (
        {"name": TEXT, "classname": TEXT, "time": TIME},
        {"assertions": NUMBER, "file": TEXT, "line": NUMBER},
        ["properties", "skipped", "error", "failure", "rerunFailure", "flakyFailure"],
    ),
    "properties": ({}, {}, ["property"]),
    "property": ({"name": TEXT, "value": TEXT}, {}, []),
    "skipped": (ENDING, {}, []),
    "error": (ENDING, {}, []),
    "failure": (ENDING, {}, []),
    "rerunFailure": (ENDING, {}, []),
    "flakyFailure": (ENDING, {}, []),
}
ENDINGS = {"passed": None, "failed": "failure", "skipped": "skipped"}


def parse(text):
    return xml.fromstring(text)


def problems(report, root):
    yield from same("root of junit.xml", root.tag, "testsuites")
    yield from shape(root)
    cases = report["cases"]
    yield from counts("junit.xml", root, cases)
    named = f"muster {report['run_id']} on {report['environment']['name']}"
    yield from same("name of junit.xml", root.get("name"), named)
    yield from near("time of junit.xml", float(root.get("time")) * 1000, report["elapsed_ms"], 1000)
    suites = root.findall("testsuite")
    names = [suite.get("name") for suite in suites]
    yield from same("suites of junit.xml", names, [suite["name"] for suite in report["suites"]])
    for suite, stated in zip(suites, report["suites"]):
        of_suite = [case for case in cases if case["suite"] == stated["name"]]
        what = f"suite {stated['name']} of junit.xml"
        yield from counts(what, suite, of_suite)
        yield from near(f"{what}.time", float(suite.get("time")) * 1000, stated["time_ms"], 1000)
        told = {"run": report["run_id"], "verdict": report["verdict"], "tier": stated["tier"]}
        told = {name: value for name, value in told.items() if value}
        yield from same(f"{what}: properties", properties(suite), told)
        for element, case in zip(suite.findall("testcase"), of_suite):
            yield from one_case(element, case)


def shape(element):
    if element.tag not in SHAPE:
        yield f"junit.xml: <{element.tag}> is not of its shape"
        return
    required, optional, children = SHAPE[element.tag]
    for name in required.keys() - element.keys():
        yield f"junit.xml: <{element.tag}> has no {name}"
    for name, value in element.items():
        allowed = {**required, **optional}.get(name)
        if allowed is None or not allowed.fullmatch(value):
            yield f"junit.xml: {name}={value!r} of <{element.tag}> is not of its shape"
    tags = [child.tag for child in element]
    order = [children.index(tag) for tag in tags if tag in children]
    if len(order) < len(tags) or order != sorted(order):
        yield f"junit.xml: children {tags} of <{element.tag}> are not of its shape"
    if sum(tag in ("skipped", "error", "failure") for tag in tags) > 1:
        yield f"junit.xml: a test case ends in several ways: {tags}"
    for child in element:
        yield from shape(child)


def counts(what, element, cases):
    ended = [ENDINGS.get(case["outcome"], "error") for case in cases]
    yield from same(f"test cases in {what}", len(list(element.iter("testcase"))), len(cases))
    for attribute, number in [
        ("tests", len(cases)),
        ("failures", ended.count("failure")),
        ("skipped", ended.count("skipped")),
        ("errors", ended.count("error")),
    ]:
        yield from same(f"{what}.{attribute}", element.get(attribute), str(number))


def one_case(element, case):
    what = f"{case['id']} in junit.xml"
    row = f"[{case['row']}]" if case["row"] is not None else ""
    wanted = {
        "name": f"{case['test']}{row} @ {case['planned_region']}",
        "classname": case["suite"],
        "assertions": str(case["evidence"]["checks"]),
        "file": case["file"],
        "line": str(case["line"]),
    }
    stated = {name: element.get(name) for name in wanted}
    yield from same(what, stated, wanted)
    yield from near(f"{what}: time", float(element.get("time")) * 1000, case["duration_ms"], 1000)
    yield from same(f"{what}: properties", properties(element), expected(case))
    ending = ENDINGS.get(case["outcome"], "error")
    found = [child for child in element if child.tag in ("failure", "error", "skipped")]
    yield from same(f"{what}: ending", [one.tag for one in found], [ending] if ending else [])
    for one in found:
        told = one.get("message"), one.get("type")
        reason = case["reason"] or "no outcome yet: the run goes on"
        kind = first_word(case["reason"]) or case["outcome"]
        yield from same(f"{what}: message, type", told, (reason, kind))


    kind = "flakyFailure" if case["outcome"] == "passed" else "rerunFailure"
    earlier = [(kind, one["failure"]) for one in case["tried"][:-1] if one["failure"]]
    reruns = [(one.tag, one.get("message")) for one in element if one.tag.startswith(("flaky", "rerun"))]
    if case["outcome"] != "skipped":
        yield from same(f"{what}: earlier tries", reruns, earlier)


def properties(element):
    return {one.get("name"): one.get("value") for one in element.iterfind("properties/property")}


def expected(case):
    found = {
        "case": case["id"],
        "region": case["region"],
        "tier": case["tier"],
        "outcome": case["outcome"],
        "worker": case["worker"] or "",
        "trace": case["trace_id"],
    }
    if case["worker"] is not None:
        begun = datetime.fromtimestamp(case["started_at_ms"] // 1000, timezone.utc)
        millis = f"{case['started_at_ms'] % 1000:03}"
        found["started"] = begun.strftime("%Y-%m-%dT%H:%M:%S.") + f"{millis}Z"
        found["attempts"], found["tries"] = str(case["attempts"]), str(case["tries"])
    return {name: value for name, value in found.items() if value}
