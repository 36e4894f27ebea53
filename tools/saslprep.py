#!/usr/bin/env python3
# Print lib/text/saslprep_table.c, from the Unicode 3.2 and the stringprep
# that every Python 3 has:
#
#	python3 tools/saslprep.py >lib/text/saslprep_table.c
#
# The build does not run this; the tables change only with their layout.
# With "check" it prints the digests that tests/test_saslprep.c has, of what
# Python makes of the same strings.
import hashlib
import stringprep
import sys
import unicodedata

UCD = unicodedata.ucd_3_2_0
HANGUL = range(0xAC00, 0xAC00 + 11172)
SPACE, DROP, BAD, UNASSIGNED, RTL, LTR = 1, 2, 4, 8, 16, 32
PROHIBITED = (
    stringprep.in_table_c12, stringprep.in_table_c21_c22,
    stringprep.in_table_c3, stringprep.in_table_c4, stringprep.in_table_c5,
    stringprep.in_table_c6, stringprep.in_table_c7, stringprep.in_table_c8,
    stringprep.in_table_c9)


def kind(c):
    flags = 0
    if stringprep.in_table_c12(c):
        flags |= SPACE
    elif stringprep.in_table_b1(c):
        flags |= DROP
    if any(table(c) for table in PROHIBITED):
        flags |= BAD
    if stringprep.in_table_a1(c):
        flags |= UNASSIGNED
    if stringprep.in_table_d1(c):
        flags |= RTL
    if stringprep.in_table_d2(c):
        flags |= LTR
    return UCD.combining(c), flags


def decompositions():
    found = {}
    for c in range(0x110000):
        if c not in HANGUL:
            parts = UCD.decomposition(chr(c)).split()
            if not parts:
                continue
            text = ''.join(chr(int(p, 16)) for p in parts if p[0] != '<')
            # Five characters have there what a later Unicode made of them.
            if UCD.normalize('NFKD', text) != UCD.normalize('NFKD', chr(c)):
                text = UCD.normalize('NFKD', chr(c))
            found[c] = parts[0][0] != '<', tuple(map(ord, text))
    return found


def composes(c, canonical, parts):
    return (canonical and len(parts) == 2 and
            UCD.normalize('NFC', chr(c)) == chr(c))


def units(parts):
    text = ''.join(map(chr, parts)).encode('utf-16-be')
    return tuple(text[i] << 8 | text[i + 1] for i in range(0, len(text), 2))


def array(name, kind, values, form):
    print(f'\nconst {kind} {name}[] = {{')
    line = '\t'
    for v in values:
        text = form % v + ','
        if len(line) + 7 + len(text) > 79:
            print(line.rstrip())
            line = '\t'
        line += text + ' '
    print(line.rstrip())
    print('};')


def table():
    kinds, runs, before = [], [], None
    for c in range(0x110000):
        k = kind(chr(c))
        if k != before:
            if k not in kinds:
                kinds.append(k)
            runs.append(c << 8 | kinds.index(k))
            before = k
    whole = decompositions()
    pool, places = [], {}
    wanted = {units(parts) for _, parts in whole.values()}
    for text in sorted((t for t in wanted if len(t) > 1),
                       key=lambda t: (-len(t), t)):
        if text not in places:
            for i in range(len(text) - 1):
                places.setdefault(text[i:], len(pool) + i)
            pool += text + (0,)
    assert len(pool) < 0xF900 - 0xAC00
    keys, values, planes = [], [], []
    for c in sorted(whole):
        while c >> 16 >= len(planes):
            planes.append(len(keys))
        text = units(whole[c][1])
        if len(text) == 1:
            assert not 0xAC00 <= text[0] < 0xF900
            values.append(text[0])
        else:
            values.append(0xAC00 + places[text])
        keys.append(c & 0xFFFF)
    planes.append(len(keys))
    assert len(planes) == 4
    pairs = sorted((parts, c) for c, (canonical, parts) in whole.items()
                   if composes(c, canonical, parts))
    print('''/* SPDX-License-Identifier: MIT */
/* Made by tools/saslprep.py from Unicode 3.2 and RFC 3454. */
#include "text/saslprep_table.h"

#if SMTP_WITH_SASLPREP''')
    array('smtp__prep_kinds', 'uint16_t',
          [flags << 8 | ccc for ccc, flags in kinds], '%d')
    array('smtp__prep_runs', 'uint32_t', runs, '0x%X')
    print('\nconst uint16_t smtp__prep_run_count = %d;' % len(runs))
    array('smtp__prep_planes', 'uint16_t', planes, '%d')
    array('smtp__prep_keys', 'uint16_t', keys, '%d')
    array('smtp__prep_values', 'uint16_t', values, '%d')
    array('smtp__prep_pool', 'uint16_t', pool, '%d')
    array('smtp__prep_composites', 'uint16_t', [c for _, c in pairs], '%d')
    print('\nconst uint16_t smtp__prep_composite_count = %d;' % len(pairs))
    print('#endif')


def unassigned(c):
    return kinds_of(c) & UNASSIGNED


def kinds_of(c, known={}):
    if c not in known:
        known[c] = kind(c)[1]
    return known[c]


# What is unassigned is divided from the rest here: Python's 3.2 would compose
# it as later versions do.
def nfkc(text):
    done = piece = ''
    for c in text:
        if unassigned(c):
            done += UCD.normalize('NFKC', piece) + c
            piece = ''
        else:
            piece += c
    return done + UCD.normalize('NFKC', piece)


def prepare(text, stored):
    text = ''.join(' ' if kinds_of(c) & SPACE else c for c in text
                   if not kinds_of(c) & DROP)
    text = nfkc(text)
    flags = [kinds_of(c) for c in text]
    union = 0
    for f in flags:
        union |= f
    if union & (BAD | UNASSIGNED if stored else BAD):
        return None
    if union & RTL and not (
            union & LTR == 0 and flags[0] & RTL and flags[-1] & RTL):
        return None
    return text


def singles():
    for c in (*range(1, 0x30000), *range(0xE0000, 0xE0200)):
        if not 0xD800 <= c < 0xE000:
            yield chr(c)


RANGES = ((0x41, 0x7B), (0xA0, 0x250), (0x300, 0x370), (0x590, 0x700),
          (0x900, 0xE00), (0x1100, 0x1200), (0x1E00, 0x2000),
          (0x2000, 0x2200), (0x3040, 0x3400), (0xAC00, 0xD7A4),
          (0xF900, 0xFB50), (0xFB50, 0xFE00), (0x1D100, 0x1D800),
          (0x2F800, 0x2FA20), (0x300, 0x346), (0x300, 0x346))


def drawn():
    state = 1

    def draw(n):
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        return (state >> 33) % n

    for _ in range(20000):
        both = RANGES[draw(16)], RANGES[draw(16)]
        text = ''
        for _ in range(2 + draw(8)):
            low, high = both[draw(2)]
            text += chr(low + draw(high - low))
        yield text


def check():
    for texts in singles, drawn:
        for stored in False, True:
            digest = hashlib.sha256()
            for text in texts():
                made = prepare(text, stored)
                digest.update(b'-' if made is None else
                              made.encode() + b'\0')
            print(digest.hexdigest())


if sys.argv[1:] == ['check']:
    check()
else:
    table()
