#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What GMime makes of the messages that readback.py has built.

usage: readback_gmime.py DIRECTORY COUNT
"""
import hashlib
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import readback

import gi
gi.require_version('GMime', '3.0')
from gi.repository import GMime


def sha256(part):
    memory = GMime.StreamMem.new()
    part.get_content().write_to_stream(memory)
    octets = bytes(memory.get_byte_array()) if memory.length() > 0 else b''
    return hashlib.sha256(octets).hexdigest()


def addresses(message, kind):
    found = message.get_addresses(kind)
    for i in range(found.length()):
        a = found.get_address(i)
        yield ((a.get_name() or '').strip(),
               readback.unquote(a.get_idn_addr() or a.get_addr()))


def compare(case, message):
    wrong = []
    kinds = {'From': GMime.AddressType.FROM, 'To': GMime.AddressType.TO,
             'Cc': GMime.AddressType.CC,
             'Reply-To': GMime.AddressType.REPLY_TO}
    if message.get_subject().strip() != case.subject.strip():
        wrong.append('Subject %r' % message.get_subject())
    for field, kind in kinds.items():
        want = [(n.strip(), readback.unquote(a))
                for n, a in case.names[field]]
        got = [] if field == 'To' and not want else \
            list(addresses(message, kind))
        if got != want:
            wrong.append('%s %r' % (field, got))
    parts = {'attachment': [], 'inline': []}

    def look(_parent, part, *_data):
        how = isinstance(part, GMime.Part) and part.get_disposition()
        if how:
            parts[how].append((part.get_filename(), sha256(part)))

    message.foreach(look)
    if parts['attachment'] != case.files:
        wrong.append('files %r' % parts['attachment'])
    if parts['inline'] != [i[:2] for i in case.inlines]:
        wrong.append('inlines %r' % parts['inline'])
    return wrong


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    failed = 0
    GMime.init()
    for number in range(count):
        stream = GMime.StreamFs.open('%s/%d.eml' % (folder, number), 0, 0)
        message = GMime.Parser.new_with_stream(stream).construct_message(None)
        wrong = compare(readback.Case(number), message)
        for line in wrong:
            print('# %d: %s' % (number, line[:600]))
        failed += bool(wrong)
    print('%s - %d messages read back by GMime' %
          ('not ok' if failed or count == 0 else 'ok', count))
    return failed != 0


if __name__ == '__main__':
    sys.exit(main())
