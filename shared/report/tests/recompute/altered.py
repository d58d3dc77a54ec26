"""Alters the numbers of a report one by one, and tells which alterations nobody notices."""

import re
import xml.etree.ElementTree as xml

from figures import is_number

# Items of a list whose numbers are altered, unless all are: the others are of the same kind.
FEW = 3


def passing(report, texts, problems, every):
    """How many numbers were altered, and which alterations passed for the truth."""
    tried, passed = 0, []
    for what in alterations(report, texts, every):
        tried += 1
        if not problems(report, texts):
            passed.append(what)
    return tried, passed


def alterations(report, texts, every):
    """Alters one number at a time, and undoes it when the next one is asked for."""
    for holder, key, path in list(numbers(report, "", every)):
        kept = holder[key]
        holder[key] = other(kept, key)
        yield f"{path}: {kept} may be {holder[key]}"
        holder[key] = kept
    for name, text in texts.items():
        is_xml = isinstance(text, xml.Element)
        for what in in_xml(text, every) if is_xml else in_text(text, every):
            yield f"{name}: {what}"


def some(items, every):
    last = len(items) - 1
    return items if every or last < FEW else [items[at] for at in sorted({0, last // 2, last})]


def other(number, key):
    """Further off than the least precise format rounds."""
    if str(key).endswith("_at_ms"):
        return number + 60_000
    return number + 1 if isinstance(number, int) else number * 2 + 1


def numbers(value, path, every):
    """Holder, key and path of each number."""
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = some(range(len(value)), every)
    else:
        return
    for key in keys:
        below = f"{path}.{key}" if isinstance(key, str) else f"{path}[{key}]"
        if is_number(value[key]):
            yield value, key, below.removeprefix(".")
        else:
            yield from numbers(value[key], below, every)


def changed(text, at):
    return text[:at] + str((int(text[at]) + 3) % 10) + text[at + 1 :]


def in_text(text, every):
    """The last digit of each number that is held against report.json."""
    yield from in_lines("first screen", text.screen, range(len(text.screen)))
    for name in text.compared:
        items = text.sections.get(name, [])
        lines = [at for at, item in enumerate(items) if isinstance(item, str)]
        yield from in_lines(name, items, some(lines, every))
        for row in some([item for item in items if isinstance(item, list)], every):
            yield from in_lines(name, row, range(len(row)))


def in_lines(name, lines, places):
    for place in places:
        kept = lines[place]
        for digits in re.finditer(r"\d+", kept):
            lines[place] = changed(kept, digits.end() - 1)
            yield f"{name}: {kept!r} may be {lines[place]!r}"
        lines[place] = kept


def in_xml(root, every):
    """The last digit of each attribute that has one, of some elements of each kind."""
    kinds = {}
    for element in root.iter():
        kind = element.tag, element.get("name") if element.tag == "property" else ""
        kinds.setdefault(kind, []).append(element)
    for elements in kinds.values():
        for element in some(elements, every):
            for name, kept in list(element.items()):
                if digit := re.search(r"\d(?=\D*$)", kept):
                    element.set(name, changed(kept, digit.start()))
                    yield f"{name}={kept!r} of <{element.tag}> may be {element.get(name)!r}"
                    element.set(name, kept)
