"""Alters the numbers of a report one by one, and tells which alterations nobody notices."""

import re

from figures import is_number

# Places of a list whose numbers are altered, unless all are: the others are of the same kind.
FEW = 3


def passing(report, texts, problems, every):
    """How many numbers were altered, and which alterations passed for the truth."""
    tried, passed = 0, []
    for holder, key, path in list(places(report, "", every)):
        kept = holder[key]
        holder[key] = other(kept, key)
        tried += 1
        if not problems(report, texts):
            passed.append(f"{path}: {kept} may be {holder[key]}")
        holder[key] = kept
    for name, text in texts.items():
        for changed, what in altered_texts(text):
            tried += 1
            if not problems(report, {**texts, name: changed}):
                passed.append(f"{name}: {what}")
    return tried, passed


def other(number, key):
    """Further off than the least precise format rounds."""
    if str(key).endswith("_at_ms"):
        return number + 60_000
    return number + 1 if isinstance(number, int) else number * 2 + 1


def places(value, path, every):
    """Holder, key and path of each number."""
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        last = len(value) - 1
        keys = range(len(value)) if every or last < FEW else sorted({0, last // 2, last})
    else:
        return
    for key in keys:
        below = f"{path}.{key}" if isinstance(key, str) else f"{path}[{key}]"
        if is_number(value[key]):
            yield value, key, below.removeprefix(".")
        else:
            yield from places(value[key], below, every)


def altered_texts(text):
    """Each number of a first screen, changed in its last digit."""
    for place, line in enumerate(getattr(text, "screen", [])):
        for digits in re.finditer(r"\d+", line):
            last = digits.end() - 1
            changed = line[:last] + str((int(line[last]) + 1) % 10) + line[last + 1 :]
            lines = [*text.screen[:place], changed, *text.screen[place + 1 :]]
            yield text.with_screen(lines), f"{line!r} may be {changed!r}"
