#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Verify signed messages with dkimpy. Prints TAP.

usage: dkim_check.py DIR KEYS

KEYS has a line for each key: the name in the DNS, a tab, the record. With each
message come its alterations, which must not verify; they are written beside
it, NAME.altered-HOW, for other verifiers.
"""
import glob
import os
import re
import sys

import dkim


def body_of(wire):
    return wire.index(b'\r\n\r\n') + 4


def altered_body(wire):
    at = body_of(wire)
    return wire[:at] + b'X' + wire[at:]


def altered_subject(wire):
    return wire.replace(b'\r\nSubject: ', b'\r\nSubject: X', 1)


def cut_body(wire):
    return wire[:body_of(wire)] + b'less\r\n'


def first(line):
    """A second field above the signed one, and above the signature."""
    return lambda wire: line + b'\r\n' + wire


def below(line):
    """The same between the signature and the signed field."""
    def alter(wire):
        at = re.search(rb'\r\nDate: ', wire).start() + 2
        return wire[:at] + line + b'\r\n' + wire[at:]
    return alter


ALTERATIONS = {
    'body': altered_body,
    'cut': cut_body,
    'subject': altered_subject,
    'from-above': first(b'From: Eve <eve@evil.example>'),
    'from-below': below(b'From: Eve <eve@evil.example>'),
    'subject-above': first(b'Subject: other'),
    'to-below': below(b'To: eve@evil.example'),
    'content-type-above': first(b'Content-Type: text/html'),
}


def verify(wire, find):
    """One answer for each signature."""
    count = len(re.findall(rb'(?m)^DKIM-Signature:', wire[:body_of(wire)]))
    answers = []
    for i in range(count):
        try:
            answers.append(dkim.DKIM(wire).verify(i, dnsfunc=find))
        except dkim.DKIMException as e:
            answers.append(False)
            if isinstance(e, dkim.KeyFormatError):
                raise
    return answers


def say(good, what):
    print('%s - dkimpy: %s' % ('ok' if good else 'not ok', what))


def main():
    folder, keys = sys.argv[1:3]
    with open(keys, 'rb') as f:
        records = dict(line.rstrip(b'\n').split(b'\t') for line in f)

    def find(name, timeout=5):
        return records.get(name.rstrip(b'.'))

    for path in sorted(glob.glob(os.path.join(folder, '*.eml'))):
        name = os.path.basename(path)[:-4]
        with open(path, 'rb') as f:
            wire = f.read()
        want = 2 if name.endswith('-2') else 1
        say(verify(wire, find) == [True] * want, name)
        for how, alter in ALTERATIONS.items():
            other = alter(wire)
            with open('%s.altered-%s' % (path[:-4], how), 'wb') as f:
                f.write(other)
            say(other != wire and verify(other, find) == [False] * want,
                '%s refused with another %s' % (name, how))
    return 0


if __name__ == '__main__':
    sys.exit(main())
