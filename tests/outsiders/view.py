# SPDX-License-Identifier: MIT
"""A message as a parser sees it, in one form for all parsers.

{"people": [[field, name, local, domain]], "fields": {name: text},
 "raw": {name: unfolded text}, "shape": type or [type, shape...],
 "leaves": [{"type", "name", "cid", "disposition", "description", "size",
             "sha256", "bare"}]}

`bare` is the SHA-256 of a text without its last line end.
"""
import hashlib
import re

PEOPLE = ('From', 'Sender', 'Reply-To', 'To', 'Cc')


def sha256(octets):
    return hashlib.sha256(octets).hexdigest()


def split(address):
    local, _, domain = address.rpartition('@')
    if local.startswith('"'):
        local = re.sub(r'\\(.)', r'\1', local[1:-1])
    if not domain.isascii():    # some show Unicode; here it is as it came
        domain = domain.encode('idna').decode()
    return [local, domain]


def text_leaf(text):
    octets = text.replace('\r\n', '\n').replace('\r', '\n').encode()
    bare = octets[:-1] if octets.endswith(b'\n') else octets
    return {'size': len(octets), 'sha256': sha256(octets),
            'bare': sha256(bare)}


def file_leaf(octets):
    return {'size': len(octets), 'sha256': sha256(octets), 'bare': None}


def raw_fields(wire):
    """All fields of the header, unfolded, as they stand."""
    head = wire[:wire.index(b'\r\n\r\n') + 2]
    head = re.sub(rb'\r\n(?=[ \t])', b'', head).decode('utf-8')
    fields = {}
    for line in head.split('\r\n')[:-1]:
        name, _, body = line.partition(':')
        fields.setdefault(name, []).append(body)
    return fields


def is_text(part_type, disposition):
    return disposition is None and part_type in (
        'text/plain', 'text/html', 'text/calendar')
