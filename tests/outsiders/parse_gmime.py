# SPDX-License-Identifier: MIT
"""GMime, through GObject introspection."""
import re

import gi
gi.require_version('GMime', '3.0')
from gi.repository import GMime  # noqa: E402

from view import file_leaf, is_text, raw_fields, split, text_leaf  # noqa: E402

NAME = 'gmime'
GMime.init()
OPTIONS = GMime.ParserOptions.new()
FIELDS = (('From', 'get_from'), ('Sender', 'get_sender'),
          ('Reply-To', 'get_reply_to'), ('To', 'get_to'), ('Cc', 'get_cc'))


def mailboxes(field, addresses):
    found = []
    for i in range(addresses.length()):
        a = addresses.get_address(i)
        if isinstance(a, GMime.InternetAddressGroup):
            found += mailboxes(field, a.get_members())
        else:
            # folds in a quoted name are left to the caller
            name = re.sub(r'\r\n(?=[ \t])', '', a.get_name() or '')
            found.append([field, name] + split(a.get_addr()))
    return found


def people(message):
    found = []
    for field, getter in FIELDS:
        found += mailboxes(field, getattr(message, getter)())
    return found


def octets(thing, how):
    stream = GMime.StreamMem.new()
    how(stream)
    stream.flush()
    return bytes(stream.get_byte_array())


def mime_type(part):
    return part.get_content_type().get_mime_type().lower()


def shape(part):
    if isinstance(part, GMime.Multipart):
        return [mime_type(part)] + [shape(part.get_part(i))
                                    for i in range(part.get_count())]
    return mime_type(part)


def content(part, kind, disposition):
    if isinstance(part, GMime.MessagePart):
        inner = part.get_message()
        fmt = GMime.FormatOptions.new()
        fmt.set_newline_format(GMime.NewLineFormat.DOS)
        return file_leaf(octets(part, lambda s: inner.write_to_stream(fmt, s)))
    data = octets(part, part.get_content().write_to_stream)
    if kind == 'message/delivery-status':
        return {}
    if not is_text(kind, disposition):
        return file_leaf(data)
    charset = part.get_content_type().get_parameter('charset') or 'us-ascii'
    if charset.lower() not in ('utf-8', 'us-ascii'):
        raise ValueError('charset of ' + kind)
    return text_leaf(data.decode('utf-8'))


def leaves(part):
    if isinstance(part, GMime.Multipart):
        return [leaf for i in range(part.get_count())
                for leaf in leaves(part.get_part(i))]
    kind = mime_type(part)
    how = part.get_content_disposition()
    disposition = how.get_disposition() if how is not None else None
    leaf = content(part, kind, disposition)
    name = how.get_parameter('filename') if how is not None else None
    if name is None:
        name = part.get_content_type().get_parameter('name')
    description = part.get_header('Content-Description')
    leaf.update(type=kind, disposition=disposition, name=name,
                cid=part.get_content_id(), description=description and
                GMime.utils_header_decode_text(OPTIONS, description))
    return [leaf]


def fields(message):
    found = {}
    headers = message.get_header_list()
    for i in range(headers.get_count()):
        header = headers.get_header_at(i)
        found[header.get_name()] = header.get_value()
    found['Subject'] = message.get_subject()
    return found


def parse(wire):
    stream = GMime.StreamMem.new_with_buffer(wire)
    message = GMime.Parser.new_with_stream(stream).construct_message(OPTIONS)
    top = message.get_mime_part()
    return {'people': people(message), 'defects': [],
            'fields': fields(message), 'raw': raw_fields(wire),
            'shape': shape(top), 'leaves': leaves(top)}
