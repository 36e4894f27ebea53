#!/usr/bin/env python3
"""Rows, floors and marks of what gcovr measured; tools/coverage.sh calls it.

    python3 tools/coverage.py GCOVR.json MISSED.txt 1|0

A line counts when gcov has code for it. A branch is each way out of a
condition, of each part of "a && b", and of each case of a switch. Not counted
are the branches of assertions, and what a mark takes out:

    x = 1;  /* GCOVR_EXCL_LINE: why no test can reach it */
    if (a)  /* GCOVR_EXCL_BR_LINE: why one way is never taken */
    /* GCOVR_EXCL_START: why */ ... /* GCOVR_EXCL_STOP */

A mark has a reason, and all of them together at most 1 % of the lines. The
last argument says whether the tests passed.
"""
import json
import os
import re
import sys

# Percent of the lines and of the branches that must be reached. A floor is
# raised when more is reached, and never lowered.
FLOORS = {
    "lib": (100.0, 99.9),
    "lib/codec": (100.0, 100.0),
    "lib/crypto": (100.0, 100.0),
    "lib/dkim": (100.0, 100.0),
    "lib/file": (100.0, 100.0),
    "lib/mime": (100.0, 100.0),
    "lib/net": (100.0, 100.0),
    "lib/proto": (100.0, 100.0),
    "lib/sasl": (100.0, 100.0),
    "lib/text": (100.0, 100.0),
}
MARKED = 1.0
MARK = re.compile(r"GCOVR_EXCL_(?!STOP)(BR_)?(LINE|START)(: *\S+)?")


class Count:
    def __init__(self):
        self.lines = self.hit = self.branches = self.taken = self.marked = 0

    def add(self, other):
        for name in vars(self):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def missed(self):
        return self.lines - self.hit, self.branches - self.taken


def share(part, whole):
    return 100.0 * part / whole if whole else 100.0


def count(entry, source, missed):
    """What one file has; what it lacks is written to missed."""
    c = Count()
    for line in entry["lines"]:
        number = line["line_number"]
        if line["gcovr/excluded"]:
            c.marked += 1
        if line["gcovr/excluded"] or line["gcovr/noncode"]:
            continue
        ways = [b["count"] > 0 for b in line["branches"]]
        c.lines += 1
        c.hit += line["count"] > 0
        c.branches += len(ways)
        c.taken += sum(ways)
        if line["count"] == 0 or not all(ways):
            what = "%d of %d ways" % (sum(ways), len(ways))
            missed.write("%s:%d: %s: %s\n" % (
                entry["file"], number,
                what if line["count"] else "not run",
                source[number - 1].strip()))
    return c


def main():
    with open(sys.argv[1]) as file:
        entries = json.load(file)["files"]
    passed = failed = 0
    folders, whole, bare = {}, Count(), []

    def verdict(good, text):
        nonlocal passed, failed
        passed += good
        failed += not good
        print("%-5s %s" % ("ok" if good else "FAIL", text))

    print("%-32s %14s %16s" % ("", "lines missed", "branches missed"))
    with open(sys.argv[2], "w") as missed:
        for entry in sorted(entries, key=lambda e: e["file"]):
            name = entry["file"]
            with open(name) as file:
                source = file.read().split("\n")
            c = count(entry, source, missed)
            for number, text in enumerate(source, 1):
                mark = MARK.search(text)
                if mark and not mark.group(3):
                    bare.append("%s:%d" % (name, number))
                if mark and mark.group(1):
                    c.marked += 1
            whole.add(c)
            folders.setdefault(os.path.dirname(name), Count()).add(c)
            lines, branches = c.missed()
            print("%-32s %5d of %5d   %6d of %5d" % (
                name, lines, c.lines, branches, c.branches))
    lines, branches = whole.missed()
    print("%-32s %5d of %5d   %6d of %5d" % (
        "all", lines, whole.lines, branches, whole.branches))
    print("reached: %.2f %% of the lines, %.2f %% of the branches; the rest: "
          "%s\n" % (share(whole.hit, whole.lines),
                    share(whole.taken, whole.branches), sys.argv[2]))

    verdict(sys.argv[3] == "1", "the tests pass")
    for folder in sorted(set(FLOORS) | set(folders)):
        c = folders.get(folder, Count())
        floor = FLOORS.get(folder, (100.0, 100.0))
        verdict(c.lines > 0 and share(c.hit, c.lines) >= floor[0],
                "%-12s %6.2f %% of the lines, floor %.1f" % (
                    folder, share(c.hit, c.lines), floor[0]))
        verdict(share(c.taken, c.branches) >= floor[1],
                "%-12s %6.2f %% of the branches, floor %.1f" % (
                    folder, share(c.taken, c.branches), floor[1]))
    verdict(not bare, "each mark has a reason" + "".join(
        "; not " + where for where in bare))
    marked = share(whole.marked, whole.lines + whole.marked)
    verdict(marked <= MARKED, "marked: %d, %.2f %% of the lines, at most %.1f"
            % (whole.marked, marked, MARKED))
    print("\n%d passed, %d failed" % (passed, failed))
    return failed > 0


sys.exit(main())
