#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare what a parser found with the manifest. Prints TAP.

usage: compare.py PARSER DIR [VIEWS]

PARSER is email, gmime, or the name of another one, whose views stand in the
file VIEWS, one JSON line for each message (view.py).
"""
import json
import os
import re
import sys

import exceptions
from view import split


def views(parser, folder, cases, lines):
    if parser == 'email':
        import parse_email as module
    elif parser == 'gmime':
        import parse_gmime as module
    else:
        with open(lines, encoding='utf-8') as f:
            for line in f:
                view = json.loads(line)
                yield view['case'], view
        return
    for case in cases:
        with open(os.path.join(folder, case['name'] + '.eml'), 'rb') as f:
            wire = f.read()
        try:
            yield case['name'], module.parse(wire)
        except Exception as e:      # what a parser cannot read is its answer
            yield case['name'], {'error': '%s: %s' % (type(e).__name__, e)}


def order(people):
    """By field, as the parsers list them; within a field as they stand."""
    return sorted(people, key=lambda p: p[0])


def wanted_people(case):
    want = [[f, n] + split(a + '@' + d) for f, n, a, d in case['people']]
    return order(want)


def compare_leaf(want, got, single, told):
    for key in ('type', 'disposition', 'name', 'cid', 'description'):
        if key == 'description' and (want[key] is None or key not in got):
            continue
        if got.get(key) != want[key]:
            told(key, got.get(key), want[key])
    if want['type'] == 'message/delivery-status':
        return
    if got.get('sha256') == want['sha256']:
        return
    # The end of a message is a line end, also where the text had none.
    if single and want['text'] and not want['line_end'] and \
            got.get('bare') == want['sha256']:
        return
    told('content', (got.get('size'), got.get('sha256')),
         (want['size'], want['sha256']))


def compare(case, view):
    wrong = []

    def told(what, got, want):
        wrong.append((what, got, want))

    if 'error' in view:
        return [('error', view['error'], None)]
    if view['defects']:
        told('defects', view['defects'], [])
    if view.get('surplus'):
        told('surplus parts', view['surplus'], 0)
    if order(view['people']) != wanted_people(case):
        for got, want in zip(order(view['people']), wanted_people(case)):
            if got != want:
                told('people', got, want)
        if len(view['people']) != len(case['people']):
            told('people', len(view['people']), len(case['people']))
    fields = {k.lower(): v for k, v in view['fields'].items()}
    for name, text in case['fields'].items():
        if (fields.get(name.lower()) or '') != text or \
                name not in view['raw']:
            told(name, fields.get(name.lower()), text)
    for name, text in case['tokens'].items():
        got = view['raw'].get(name, [])
        if [g.split() for g in got] != [text.split()]:
            told(name, got, text)
    if view['shape'] != case['shape']:
        told('structure', view['shape'], case['shape'])
    elif len(view['leaves']) != len(case['leaves']):
        told('parts', len(view['leaves']), len(case['leaves']))
    else:
        single = isinstance(case['shape'], str)
        for want, got in zip(case['leaves'], view['leaves']):
            compare_leaf(want, got, single, told)
    return wrong


def compare_wire(case, wire):
    """What any message has to be, whoever reads it."""
    wrong = []
    if re.search(rb'[^\r]\n|^\n|\r(?!\n)', wire):
        wrong.append(('a line end that is not CRLF', None, None))
    lines = wire.split(b'\r\n')
    if max(map(len, lines)) > 998:
        wrong.append(('octets of a line', max(map(len, lines)), 998))
    if case['bits'] == 7 and not case['utf8'] and not wire.isascii():
        wrong.append(('an octet above 127', None, None))
    if b'hidden@secret' in wire:
        wrong.append(('Bcc', 'told', None))
    return wrong


def main():
    parser, folder = sys.argv[1:3]
    lines = sys.argv[3] if len(sys.argv) > 3 else None
    with open(os.path.join(folder, 'manifest.json'), encoding='utf-8') as f:
        cases = json.load(f)
    left = {case['name']: case for case in cases}
    excused = exceptions.Excused(parser)
    for name, view in views(parser, folder, cases, lines):
        case = left.pop(name)
        with open(os.path.join(folder, name + '.eml'), 'rb') as f:
            wrong = compare_wire(case, f.read())
        wrong += [w for w in compare(case, view)
                 if not excused.takes(name, case, view, w)]
        for what, got, want in wrong:
            print(('# %s: got %r, want %r' % (what, got, want))[:400])
        print('%s - %s: %s' % ('not ok' if wrong else 'ok', parser, name))
    for name in left:
        print('not ok - %s: %s: was not read' % (parser, name))
    excused.report()
    return 0


if __name__ == '__main__':
    sys.exit(main())
