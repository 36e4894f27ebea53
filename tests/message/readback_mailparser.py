#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare what readback_mailparser.js found (stdin) with what went in.

usage: readback_mailparser.py COUNT < objects

mailparser shows domains as U-labels, decodes what looks like an encoded-word
in the name of a file, takes a quoted at-sign for the real one, and puts text
that is inline into the body; these are its own ways and are not compared.
"""
import json
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import readback


def plain(name, address):
    local, domain = readback.unquote(address)
    return name.strip(), local.strip(), domain.encode('idna').decode()


def compare(case, found):
    wrong = []
    if found['Subject'].strip() != case.subject.strip():
        wrong.append('Subject %r' % found['Subject'])
    for field in case.names:
        want = [plain(*a) for a in case.names[field]]
        if any('@' in local for _, local, _ in want):
            continue
        if [plain(*a) for a in found[field]] != want:
            wrong.append('%s %r' % (field, found[field]))
    got = [f[1] for f in found['files']]
    if got != [f[1] for f in case.files]:
        wrong.append('octets of files')
    for (name, _), (seen, _) in zip(case.files, found['files']):
        if seen != name and '=?' not in name:
            wrong.append('name %r' % seen)
    return wrong


def main():
    count = int(sys.argv[1])
    failed = seen = 0
    for number, line in enumerate(sys.stdin):
        wrong = compare(readback.Case(number), json.loads(line))
        for what in wrong:
            print('# %d: %s' % (number, what[:600]))
        failed += bool(wrong)
        seen += 1
    bad = failed or seen != count or count == 0
    print('%s - %d messages read back by mailparser' %
          ('not ok' if bad else 'ok', seen))
    return bad != 0


if __name__ == '__main__':
    sys.exit(main())
