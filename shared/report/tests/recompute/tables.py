"""Texts by section, and rows of tables compared cell by cell."""

import re

from figures import near, same
from words import grouped

# Rows of a table, behind which the rest is in report.json only.
ROWS = 300


class Text:
    """One format: its first screen line by line, the rest by section, and which sections count."""

    def __init__(self, screen, sections, compared):
        self.screen, self.sections, self.compared = screen, sections, compared


def clean(text):
    return " ".join(text.split())


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
    return f"{grouped(one['tests']['passed'])} of {grouped(one['tests']['planned'])}"
