# SPDX-License-Identifier: MIT
"""Python's email package with its modern policy."""
import email
import email.header
import email.policy
import email.utils

from view import PEOPLE, file_leaf, is_text, raw_fields, split, text_leaf

NAME = 'email'
WIRE = email.policy.default.clone(linesep='\r\n', refold_source='none')


def people(message):
    found = []
    for field in PEOPLE:
        value = message[field]
        if value is not None:
            for a in value.addresses:
                found.append([field, a.display_name] + split(a.addr_spec))
    return found


def shape(part):
    if part.get_content_maintype() == 'multipart':
        return [part.get_content_type()] + [shape(p)
                                            for p in part.get_payload()]
    return part.get_content_type()


def leaves(part):
    if part.get_content_maintype() == 'multipart':
        return [leaf for p in part.get_payload() for leaf in leaves(p)]
    kind = part.get_content_type()
    disposition = part.get_content_disposition()
    if kind == 'message/rfc822':
        leaf = file_leaf(part.get_payload(0).as_bytes(policy=WIRE))
    elif kind == 'message/delivery-status':
        leaf = {}
    elif is_text(kind, disposition):
        if part.get_content_charset('us-ascii') not in ('utf-8', 'us-ascii'):
            raise ValueError('charset of ' + kind)
        leaf = text_leaf(part.get_payload(decode=True).decode('utf-8'))
    else:
        leaf = file_leaf(part.get_payload(decode=True))
    cid = part['Content-ID']
    description = part['Content-Description']
    leaf.update(type=kind, disposition=disposition, name=part.get_filename(),
                cid=cid and str(cid).strip('<> '),
                description=description and str(description))
    return [leaf]


def older_people(wire):
    """The same from the functions that were there before the policies."""
    raw = raw_fields(wire)
    found = []
    for field in PEOPLE:
        for name, address in email.utils.getaddresses(raw.get(field, [])):
            name = str(email.header.make_header(
                email.header.decode_header(name)))
            found.append([field, name] + split(address))
    return found


def parse(wire):
    message = email.message_from_bytes(wire, policy=email.policy.default)
    head = wire[:wire.index(b'\r\n\r\n') + 4]
    # Octets above 127 of a header are lost on the way from octets; from text
    # they are not.
    header = message if head.isascii() else email.message_from_string(
        head.decode('utf-8'), policy=email.policy.default)
    defects = [repr(d) for p in message.walk() for d in p.defects]
    defects += [repr(d) for v in header.values() for d in v.defects]
    return {'people': people(header), 'older_people': older_people(wire),
            'defects': defects,
            'fields': {k: str(v) for k, v in header.items()},
            'raw': raw_fields(wire), 'shape': shape(message),
            'leaves': leaves(message)}
