# SPDX-License-Identifier: MIT
"""What lies in a mailbox against what was sent.

A ready message is compared octet for octet, after the fields that servers put
before it were taken off. A built one is read by Python's parser and compared
by what it means: fields, structure, bodies, names, the digest of each
attachment. Each function returns None, or says in words what differs.
"""

import email
import email.policy
import hashlib
import re

PREPENDED = (b"return-path:", b"delivered-to:", b"x-original-to:",
             b"received:", b"envelope-to:", b"delivery-date:")


def to_crlf(octets):
    """Line ends as they have to be on the wire."""
    octets = re.sub(rb"\r?\n", b"\r\n", octets)
    if octets and not octets.endswith(b"\r\n"):
        octets += b"\r\n"
    return octets


def from_store(octets, line_ends):
    """A file of a mailbox, with CRLF; None if its line ends are broken."""
    if line_ends == "lf":
        if b"\r" in octets:
            return None
        return octets.replace(b"\n", b"\r\n")
    if re.search(rb"\r(?!\n)|(?<!\r)\n", octets):
        return None
    return octets


def take_off(octets):
    """(what the server put before the message, the message)."""
    at = 0
    while octets[at:at + 20].lower().startswith(PREPENDED):
        while True:
            at = octets.index(b"\r\n", at) + 2
            if octets[at:at + 1] not in (b" ", b"\t"):
                break
    return octets[:at], octets[at:]


def take_out(message, names):
    """Without the fields that a server puts behind the header of a message
    of ours that is ready and has none of them."""
    if not message.startswith(b".First: "):
        return message
    head, end, body = message.partition(b"\r\n\r\n")
    for name in reversed(names):
        head = re.sub(rb"\r\n" + name.encode() + rb": .*\Z", b"", head)
    return head + end + body


def field(head, name):
    """The first field of that name in a header, unfolded; None if absent."""
    found = re.search(rb"(?im)^" + name.encode() + rb":[ \t]*(.*(?:\r\n[ \t].*)*)",
                      head)
    if found is None:
        return None
    return re.sub(rb"\r\n(?=[ \t])", b"", found.group(1)).rstrip().decode(
        "utf-8", "replace")


def raw_difference(sent, got):
    """Both with CRLF line ends."""
    if sent == got:
        return None
    at = 0
    while at < min(len(sent), len(got)) and sent[at] == got[at]:
        at += 1
    return "octet %d of %d: sent %r, got %r (%d octets)" % (
        at, len(sent), sent[max(0, at - 20):at + 20],
        got[max(0, at - 20):at + 20], len(got))


def structure(part):
    """multipart/mixed(text/plain image/png) and the like."""
    text = part.get_content_type()
    if part.is_multipart():
        text += "(" + " ".join(structure(p) for p in part.iter_parts()) + ")"
    return text


def defects(part):
    found = ["%s: %s" % (structure(part), d) for d in part.defects]
    for name, value in part.items():
        found += ["%s: %s" % (name, d) for d in value.defects]
    if part.is_multipart():
        for inner in part.iter_parts():
            found += defects(inner)
    return found


def digest(octets):
    return "%d octets, sha256 %s" % (
        len(octets), hashlib.sha256(octets).hexdigest())


def body_text(part):
    octets = part.get_payload(decode=True)
    return octets.decode(part.get_content_charset("us-ascii")).replace(
        "\r\n", "\n")


def people(value):
    return [(a.display_name, a.addr_spec) for a in value.addresses]


def built_difference(wanted, got):
    """`wanted` has some of: subject, from, to, cc, header (a dict),
    structure, text, html, inline (of cid: (type, octets)), and attachments
    (a list of (name, type, octets)). `got` has CRLF line ends."""
    for line in got.split(b"\r\n"):
        if len(line) > 998:
            return "a line of %d octets" % len(line)
    message = email.message_from_bytes(got, policy=email.policy.default)
    bad = defects(message)
    if bad:
        return "; ".join(bad)
    for name in ("From", "Date", "Message-ID", "MIME-Version"):
        if len(message.get_all(name, [])) != 1:
            return "%d fields %s" % (len(message.get_all(name, [])), name)
    if "Bcc" in message:
        return "a Bcc field"

    for name in ("subject", "from", "to", "cc"):
        if name not in wanted:
            continue
        value = message[name]
        if value is None:
            return "no %s" % name
        value = str(value) if name == "subject" else people(value)
        if value != wanted[name]:
            return "%s is %r, not %r" % (name, value, wanted[name])
    for name, text in wanted.get("header", {}).items():
        if message[name] is None or str(message[name]) != text:
            return "%s is %r, not %r" % (name, message[name], text)

    if "structure" in wanted and structure(message) != wanted["structure"]:
        return "the structure is %s, not %s" % (
            structure(message), wanted["structure"])

    attached, inline = [], {}
    leaves = [p for p in message.walk() if not p.is_multipart()]
    for part in leaves:
        octets = part.get_payload(decode=True)
        kind = part.get_content_type()
        if part.get_content_disposition() == "attachment":
            attached.append((part.get_filename(), kind, octets))
        elif part["Content-ID"] is not None:
            inline[str(part["Content-ID"]).strip("<>")] = (kind, octets)
        elif kind in ("text/plain", "text/html"):
            name = kind[5:].replace("plain", "text")
            text, want = body_text(part), wanted.get(name)
            if want is None:
                return "a %s part too many" % kind
            # a line end after the last line is allowed to appear
            if text.removesuffix("\n") != want.removesuffix("\n"):
                return "%s is %r, not %r" % (name, text[:200], want[:200])
        else:
            return "a %s part too many" % kind
    for name in ("text", "html"):
        kind = "text/" + name.replace("text", "plain")
        if name in wanted and kind not in [
                p.get_content_type() for p in leaves]:
            return "no %s part" % kind

    wanted_files = wanted.get("attachments", [])
    if len(attached) != len(wanted_files):
        return "%d attachments, not %d" % (len(attached), len(wanted_files))
    for have, want in zip(attached, wanted_files):
        if have[:2] != want[:2]:
            return "attachment %r, not %r" % (have[:2], want[:2])
        if have[2] != want[2]:
            return "attachment %s: %s, not %s" % (
                want[0], digest(have[2]), digest(want[2]))
    if sorted(inline) != sorted(wanted.get("inline", {})):
        return "inline parts %s" % sorted(inline)
    for cid, have in inline.items():
        if have != wanted["inline"][cid]:
            return "inline part %s: %s %s" % (cid, have[0], digest(have[1]))
    return None


def selftest():
    """Each way to damage a mail is seen; returns the ways that were not."""
    unseen = []

    raw = to_crlf(b"From: <a@b.example>\nSubject: x\n\n.\n..dot\n\nend\n\n")
    stored = b"Return-Path: <a@b.example>\r\nReceived: from x\r\n\tby y\r\n"
    head, rest = take_off(stored + raw)
    if head != stored or raw_difference(raw, rest) is not None:
        unseen.append("an undamaged ready message")
    for what, damaged in (
            ("a dot less", raw.replace(b"..dot", b".dot")),
            ("a dot more", raw.replace(b"\r\n.\r\n", b"\r\n..\r\n")),
            ("an empty line less", raw[:-2]),
            ("an empty line more", raw + b"\r\n"),
            ("another octet", raw.replace(b"end", b"enD")),
            ("a field more", b"X-Y: z\r\n" + raw),
            ("nothing", b"")):
        if raw_difference(raw, damaged) is None:
            unseen.append(what)
    if from_store(b"a\r\nb\n", "crlf") is not None:
        unseen.append("a bare LF")
    if from_store(b"a\r\nb\n", "lf") is not None:
        unseen.append("a stray CR")

    octets = bytes(range(256)) * 3
    make = email.message.EmailMessage(policy=email.policy.SMTP)
    make["From"] = "Jörg <a@b.example>"
    make["Subject"] = "Grüße"
    make["Date"] = "Fri, 21 Nov 1997 09:55:06 -0600"
    make["Message-ID"] = "<1@b.example>"
    make.set_content("text é\n")
    make.add_alternative("<p>html</p>\n", subtype="html")
    make.add_attachment(octets, "application", "pdf", filename="ü.pdf")
    good = make.as_bytes()
    wanted = {"subject": "Grüße", "from": [("Jörg", "a@b.example")],
              "text": "text é\n", "html": "<p>html</p>\n",
              "structure": "multipart/mixed(multipart/alternative("
              "text/plain text/html) application/pdf)",
              "attachments": [("ü.pdf", "application/pdf", octets)]}
    if built_difference(wanted, good) is not None:
        unseen.append("an undamaged built message: "
                      + built_difference(wanted, good))
    for what, change in (
            ("another subject", {"subject": "Grusse"}),
            ("another name", {"from": [("Jorg", "a@b.example")]}),
            ("another text", {"text": "text e\n"}),
            ("another html", {"html": "<p>HTML</p>\n"}),
            ("another structure", {"structure": "text/plain"}),
            ("another octet in an attachment", {"attachments": [
                ("ü.pdf", "application/pdf", octets[:-1] + b"\0")]}),
            ("another attachment name", {"attachments": [
                ("u.pdf", "application/pdf", octets)]}),
            ("another attachment type", {"attachments": [
                ("ü.pdf", "image/png", octets)]}),
            ("an attachment too many", {"attachments": []}),
            ("an inline part missing", {"inline": {"i": ("image/png", b"")}}),
            ("a field missing", {"header": {"X-Y": "z"}})):
        if built_difference({**wanted, **change}, good) is None:
            unseen.append(what)
    for what, damaged in (
            ("a boundary lost", good[:-20]),
            ("a Bcc field", b"Bcc: <s@b.example>\r\n" + good),
            ("no Message-ID", good.replace(b"Message-ID", b"X-ID")),
            ("two Dates", b"Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n"
             + good),
            ("a line too long", b"X-Y: " + b"x" * 999 + b"\r\n" + good)):
        if built_difference(wanted, damaged) is None:
            unseen.append(what)
    return unseen
