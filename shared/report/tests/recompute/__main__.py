"""Recomputes every number of a report from its report.json, and finds it again in the other formats.

    python3 shared/report/tests/recompute FOLDER             what does not agree; exit 1 if anything
    python3 shared/report/tests/recompute --altered FOLDER   alters each kind of number in turn, and
                                                             names those whose alteration passes
    python3 shared/report/tests/recompute --altered-all FOLDER   the same for every single number

FOLDER is what `muster run --out FOLDER` wrote; a `terminal.txt` in it is read too, if it is there.
It shares no code with the report and needs Python's standard library only. `figures` computes,
`screens` holds the first screens and the page against it, `markdown` report.md, `junit` junit.xml;
`words` says how numbers are written for people, `altered` alters.
"""

import json
import sys
from pathlib import Path

import altered
import figures
import junit
import screens


def problems(report, texts):
    """All that does not agree, as sentences."""
    found = list(figures.problems(report))
    found += screens.problems(report, texts)
    if "junit.xml" in texts:
        found += junit.problems(report, texts["junit.xml"])
    return found


def read(folder):
    report = json.loads((folder / "report.json").read_text("utf-8"))
    texts = {}
    for name, parse in [*screens.FORMATS.items(), ("junit.xml", junit.parse)]:
        if (folder / name).is_file():
            texts[name] = parse((folder / name).read_text("utf-8"))
    return report, texts


def main(arguments):
    flags = [one for one in arguments if one.startswith("--")]
    folders = [Path(one) for one in arguments if not one.startswith("--")]
    if len(folders) != 1 or set(flags) - {"--altered", "--altered-all"}:
        sys.exit(__doc__)
    report, texts = read(folders[0])
    found = problems(report, texts)
    if found or not flags:
        print("\n".join(found or [f"{figures.count_numbers(report)} numbers agree"]))
        return 1 if found else 0
    tried, passed = altered.passing(report, texts, problems, every="--altered-all" in flags)
    print("\n".join(passed or [f"{tried} alterations, all noticed"]))
    return 1 if passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
