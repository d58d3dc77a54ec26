"""junit.xml: its counts against report.json, and the shape that its readers agree on.

The shape is that of the schema which Jenkins' xUnit plugin publishes (junit-10), with what pytest,
GitLab and others have added by habit: `properties`, `assertions`, `file` and `line` of a test case,
and `skipped` of the whole.
"""

import re
import xml.etree.ElementTree as xml
from datetime import datetime, timezone

from figures import near, same

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
    yield from near("time of junit.xml", float(root.get("time")) * 1000, report["elapsed_ms"], 1000)
    suites = root.findall("testsuite")
    names = [suite.get("name") for suite in suites]
    yield from same("suites of junit.xml", names, [suite["name"] for suite in report["suites"]])
    for suite, stated in zip(suites, report["suites"]):
        of_suite = [case for case in cases if case["suite"] == stated["name"]]
        what = f"suite {stated['name']} of junit.xml"
        yield from counts(what, suite, of_suite)
        yield from near(f"{what}.time", float(suite.get("time")) * 1000, stated["time_ms"], 1000)
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
    properties = {one.get("name"): one.get("value") for one in element.iter("property")}
    yield from same(f"{what}: case", properties.get("case"), case["id"])
    ending = ENDINGS.get(case["outcome"], "error")
    tags = [child.tag for child in element if child.tag in ("failure", "error", "skipped")]
    yield from same(f"{what}: ending", tags, [ending] if ending else [])
    yield from near(f"{what}: time", float(element.get("time")) * 1000, case["duration_ms"], 1000)
    stated = element.get("assertions"), element.get("line"), element.get("file")
    computed = str(case["evidence"]["checks"]), str(case["line"]), case["file"]
    yield from same(f"{what}: assertions, line, file", stated, computed)
    if case["worker"] is not None:
        begun = properties.get("started", "1970-01-01T00:00:00.000Z")
        begun = datetime.strptime(begun, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
        millis = round(begun.timestamp() * 1000)
        yield from same(f"{what}: started", millis, case["started_at_ms"])
        yield from same(f"{what}: tries", properties.get("tries"), str(case["tries"]))
        yield from same(f"{what}: attempts", properties.get("attempts"), str(case["attempts"]))
