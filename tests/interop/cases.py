# SPDX-License-Identifier: MIT
"""What smtp-send has to do with a real server.

Traits of endpoints:

    login       a submission port: everything, with each mechanism
    auth        another: only what has to do with logging in
    short       another certificate or TLS version: a few mails
    anonymous   takes ANONYMOUS
    relay       takes mail for its own domain without a login; `tls`: offers
                STARTTLS
    bare        no TLS, no extension but SIZE 100000 and AUTH
    lmtp        one verdict for each recipient; `once`: but not for one that
                is named twice, against RFC 2033
    tls13       speaks TLS 1.3 only
    untrusted   shows a certificate that must not be believed
    notls       cannot give the TLS that the URL asks for; `hint`: for a
                reason that has a hint
    silent      waits for TLS when the URL makes us wait for a greeting
    greeting=N  greets with that code and wants no mail
    slowgreet   greets in two lines with seconds between them
    slowdata    takes five seconds to answer DATA
    slowend     takes five seconds to answer the end of data
    few=N       takes so many recipients at once
    data=N      answers DATA with that code
    end=N       answers the end of 20000 octets with that code
    sender      says 550 to MAIL from bad@example.com
    impatient   waits three seconds for the next octet, then says 421
"""

import email
import email.policy
import os
import re
import socket
import time

import compare
from rig import case, need

PASSWORD_MECHANISMS = """PLAIN LOGIN CRAM-MD5 NTLM
    SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512
    SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS SCRAM-SHA-512-PLUS""".split()
TOKEN_MECHANISMS = ["XOAUTH2", "OAUTHBEARER"]

SENDER = "user@example.com"
USER, TESTER, THIRD = ("%s@example.com" % n for n in ("user", "tester",
                                                      "third"))
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + bytes(range(256))
BINARY = bytes((i * i >> 3 ^ i * 7) & 255 for i in range(1 << 16))
BIG = BINARY * 48                       # 3 MiB


#
# Ready messages: name, body, and whether it needs 8BITMIME.
#

RAW = {
    "dots": b".\n..\n.x\n...\n\n.\n\n. \nx.\n.",
    "only dots": b".\n" * 300,
    "long lines": b"x" * 998 + b"\n." + b"y" * 997 + b"\nz\n",
    "CRLF": b"one\r\ntwo\r\n.three\r\n\r\n",
    "LF": b"one\ntwo\n.three\n\n",
    "mixed line ends": b"one\r\ntwo\nthree\r\n\n\r\nfour\n",
    "empty lines": b"\n\n\n\nx\n\n\n\n",
    "no last line end": b"the end",
    "empty body": b"",
    "dots everywhere": b"".join(
        b"." * (i % 7) + b"x" * (i % 131) + b"\n" for i in range(6000)),
    "3 MiB": b"".join(b"%07d %s\n" % (i, b"abc." * 16) for i in range(44000)),
}
EIGHTBIT = {
    "UTF-8": "Grüße aus Köln – 例え 😀\n.é\n".encode(),
    "every octet from 128": bytes(range(128, 256)) * 7 + b"\n",
}


def raw_message(mark, body):
    end = b"\r\n" if b"\r\n" in body else b"\n"
    # the very first octet is a dot, too
    head = [b".First: .", b"X-Interop: " + mark.encode(),
            b"From: <user@example.com>",
            b"To: <user@example.com>", b"Subject: ready",
            b"MIME-Version: 1.0"]
    if max(body, default=0) > 127:
        head += [b"Content-Type: text/plain; charset=utf-8",
                 b"Content-Transfer-Encoding: 8bit"]
    return end.join(head) + end + end + body


def mailbox_of(rig, ep):
    return rig.server.lmtp_mail if ep.lmtp else rig.server.mail


def need_ok(sent, number=1):
    need(sent.exit == 0, "exit status %d, %s %s %s", sent.exit,
         sent.status, sent.cause, sent.text)
    need(sent.cause == "OK" and sent.hint == "", "cause %s, hint %r",
         sent.cause, sent.hint)
    need(len(sent.objects) == number, "%d objects for %d mails",
         len(sent.objects), number)
    for o in sent.objects:
        need(o["status"] == "OK" and o["code"] == 250, "%s %d",
             o["status"], o["code"])


def raw_arrives(rig, ep, what, body, stdin=False, **how):
    mark = rig.mark()
    message = raw_message(mark, body)
    path = "-" if stdin else rig.file("raw.eml", message)
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--raw", path,
                    stdin=message if stdin else None, **how)
    need_ok(sent)
    [(head, got)] = mailbox_of(rig, ep).take("user", mark)
    why = compare.raw_difference(compare.to_crlf(message), got)
    need(why is None, "%s: %s", what, why)
    named = re.search(rig.server.facts.get("queue_id", "$^"), sent.text)
    need(named is None or sent.queue_id == named.group(1), "queue_id %r",
         sent.queue_id)
    need(compare.field(head, "Return-Path") == "<%s>" % SENDER,
         "the sender is %s", compare.field(head, "Return-Path"))
    return sent


#
# Built messages.
#

def built_words(rig, mark, subject="Grüße aus Köln – 例え 😀",
                text=None, html=None, inline=(), attach=()):
    """The words for smtp-send, and what has to come of them."""
    words = ["--from", "Jörg Müller, Köln <%s>" % SENDER,
             "--to", "例え 😀 <%s>" % USER, "--subject", subject,
             "--header", "X-Interop: " + mark,
             "--header", "X-Own: naïve  – own field"]
    words[1] = '"Jörg Müller, Köln" <%s>' % SENDER
    wanted = {"subject": subject, "from": [("Jörg Müller, Köln", SENDER)],
              "to": [("例え 😀", USER)], "inline": {}, "attachments": [],
              "header": {"X-Interop": mark,
                         "X-Own": "naïve  – own field"}}
    if text is not None:
        words += ["--text", text]
        wanted["text"] = text
    if html is not None:
        words += ["--html-file", rig.file("body.html", html.encode())]
        wanted["html"] = html
    for cid, name, kind, octets in inline:
        words += ["--inline", rig.file(name, octets) + ",cid=" + cid]
        wanted["inline"][cid] = (kind, octets)
    for i, (name, kind, octets) in enumerate(attach):
        words += ["--attach", "%s,type=%s,name=%s" % (
            rig.file("attached-%d" % i, octets), kind, name)]
        wanted["attachments"].append((name, kind, octets))

    tree = []
    if text is not None:
        tree.append("text/plain")
    if html is not None:
        kinds = " ".join([""] + [i[2] for i in inline])
        tree.append("multipart/related(text/html%s)" % kinds
                    if inline else "text/html")
    if len(tree) > 1:
        tree = ["multipart/alternative(%s)" % " ".join(tree)]
    if attach:
        tree = ["multipart/mixed(%s)" % " ".join(
            tree + [a[1] for a in attach])]
    wanted["structure"] = tree[0]
    return words, wanted


def built_arrives(rig, ep, how=None, **content):
    mark = rig.mark()
    words, wanted = built_words(rig, mark, **content)
    sent = rig.send(ep, *words, **(how or {}))
    need_ok(sent)
    [(_, got)] = mailbox_of(rig, ep).take("user", mark)
    why = compare.built_difference(wanted, got)
    need(why is None, "%s", why)
    need(b"=\"=?" not in got, "an encoded word in a parameter")
    need(compare.field(got, "Message-ID") == sent.message_id,
         "message_id %s, but the mail has %s", sent.message_id,
         compare.field(got, "Message-ID"))
    return sent, got


TEXT = "Hallo Jörg,\n\n.\n..dots\nand a line with a blank at its end \n\n" \
    + "long" * 400 + "\n"
HTML = "<html><p>Grüße &amp; <img src=\"cid:logo\"></p></html>\n"
LOGO = ("logo", "logo.png", "image/png", PNG)
FILES = [("résumé €.pdf", "application/pdf", BINARY[:5000]),
         ("a b(1).bin", "application/octet-stream", bytes(range(256)))]

SHAPES = {
    "text": {"text": TEXT},
    "html": {"html": HTML},
    "text and html": {"text": TEXT, "html": HTML},
    "html and inline": {"html": HTML, "inline": [LOGO]},
    "text, html and inline": {"text": TEXT, "html": HTML, "inline": [LOGO]},
    "text and files": {"text": TEXT, "attach": FILES},
    "html and files": {"html": HTML, "attach": FILES},
    "text, html, inline and files": {
        "text": TEXT, "html": HTML, "inline": [LOGO], "attach": FILES},
}
SIZES = {
    "of 0, 1, 57 and 58 octets": [
        ("%d.bin" % n, "application/octet-stream", BINARY[:n])
        for n in (0, 1, 57, 58)],
    "of 3 MiB": [("big.bin", "application/octet-stream", BIG)],
    "with CR, LF and NUL": [
        ("line.bin", "application/octet-stream",
         b"\r\n.\r\n\0\n\r\r\n..\n" * 50)],
    "with a long name": [
        ("Überlänge " + "x" * 120 + ".txt", "application/x-test", b"x\n")],
}


#
# Mechanisms: each that both sides have, and the library's own choice.
#

def common(rig, names):
    """Of these mechanisms those that the server and this build have."""
    offered = set(rig.server.mechanisms.split()) \
        - set(rig.server.facts.get("foreign", "").split())
    return [m for m in names if m in offered and rig.has(m)]


def mechanisms(rig, ep):
    rows = [("automatic", "password")]
    rows += [(m, "password") for m in common(rig, PASSWORD_MECHANISMS)]
    tokens = common(rig, TOKEN_MECHANISMS)
    return rows + [(m, "token") for m in tokens] + [
        ("automatic, token", "token")][:len(tokens)]


def chosen(rig):
    """What the library takes by itself when it has a password."""
    offered = common(rig, PASSWORD_MECHANISMS)
    for name in ("SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1"):
        both = [m for m in (name + "-PLUS", name) if m in offered]
        if both:
            return both
    return ["PLAIN"]


SHOWN_BY_MECHANISM = {"CRAM-MD5": "R2195-2-1", "XOAUTH2": "XOAUTH2-1",
                      "OAUTHBEARER": "R7628-3.1-1"}


@case("login auth short", "R4954-4-2 R4954-4-13", each=mechanisms)
def mechanism(rig, ep, name, login):
    if ep.traits & {"tls13"} and not rig.tls13:
        return None
    at = rig.server.log_end()
    asked = None if name.startswith("automatic") else name
    how = {"login": login, "mechanism": asked}
    sent = raw_arrives(rig, ep, "ready", RAW["dots"], **how)
    need("AUTH " in sent.err, "the trace has no AUTH")
    # a line has 512 octets at most (RFC 4954 section 4)
    if login == "token" and len(rig.server.token) > 400:
        need(re.search(r"(?m)C: AUTH \S+\s*$", sent.err),
             "a token of %d octets went with AUTH", len(rig.server.token))
    built_arrives(rig, ep, how, **SHAPES["text, html, inline and files"])
    used = [name.replace("_", "-") for name in
            rig.server.log_since(at, "method_log", 2)]
    need(len(used) >= 2, "the server logged %s", used)
    need(len(set(used)) == 1, "mechanisms %s", used)
    if asked is not None:
        need(used[0] == asked, "%s was used", used[0])
    elif login == "token":
        need(used[0] in ("XOAUTH2", "OAUTHBEARER"), "%s was used", used[0])
    else:
        need(used[0] in chosen(rig), "%s was used", used[0])
    rig.count(ep, name if asked else "%s: %s" % (name, used[0]), 2)
    GOOD.add(ep.name)
    if asked in SHOWN_BY_MECHANISM:
        rig.show_item(SHOWN_BY_MECHANISM[asked], True)
    return used[0]


@case("login", each=lambda rig, ep: [()] if common(rig, ["EXTERNAL"]) else [])
def login_by_certificate(rig, ep):
    """Nobody else with it, and nobody without it."""
    name, server = "EXTERNAL", rig.server
    ours = ("--option", "tls-cert=" + server.certificate,
            "--option", "tls-key=" + server.certificate_key)
    for who, words, good in (("", ours, True), (USER, ours, True),
                             ("odd@example.com", ours, False),
                             (USER, (), False)):
        mark = rig.mark()
        at = server.log_end()
        message = raw_message(mark, b"by certificate\n")
        sent = rig.send(ep, "--from", SENDER, "--to", USER, "--raw",
                        rig.file("raw.eml", message), *words,
                        *(("--user", who) if who else ()), login=None,
                        mechanism=name)
        if not good:
            need(sent.exit == 77 and sent.status == "AUTH", "%s", sent.status)
            continue
        need_ok(sent)
        [(_, got)] = server.mail.take("user", mark)
        need(got == compare.to_crlf(message), "the message is another")
        need(server.log_since(at, "method_log") == [name], "another was used")
        rig.count(ep, name)
    rig.refused.add(name)


@case("anonymous")
def login_of_nobody(rig, ep):
    """With a trace: Cyrus' library takes an empty one for none at all."""
    name, mark = "ANONYMOUS", rig.mark()
    at = rig.server.log_end()
    message = raw_message(mark, b"of nobody\n")
    need_ok(rig.send(ep, "--from", SENDER, "--to", USER, "--raw",
                     rig.file("raw.eml", message), "--user", "a trace",
                     login=None, mechanism=name))
    [(_, got)] = rig.server.mail.take("user", mark)
    need(got == compare.to_crlf(message), "the message is another")
    need(rig.server.log_since(at, "method_log") == [name], "another was used")
    rig.count(ep, name)


@case("login auth", "R4954-4-4 R2195-2-2", each=lambda rig, ep: [
    (m, who) for m in common(rig, PASSWORD_MECHANISMS)
    for who in ("odd", "long") if m != "NTLM"])
def password_of_a_kind(rig, ep, name, who):
    mark = rig.mark()
    message = raw_message(mark, b"x\n")
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--raw",
                    rig.file("raw.eml", message), mechanism=name,
                    user=who + "@example.com",
                    secret=getattr(rig.server, who + "_password"))
    need_ok(sent)
    [(_, got)] = rig.server.mail.take("user", mark)
    need(got == compare.to_crlf(message), "the message is another")
    if name == "PLAIN":
        need(bool(re.search(r"(?m)C: AUTH PLAIN\s*$", sent.err))
             == (who == "long"), "the response is not where it belongs")
    rig.count(ep, name)
    return who


@case("login")
def mechanism_that_only_the_server_has(rig, ep):
    theirs = [m for m in rig.server.mechanisms.split() if not rig.has(m)]
    for name in theirs:
        rig.mark()
        at = rig.server.log_end()
        sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x",
                        mechanism=name)
        need(sent.exit in (65, 69, 77), "%s: exit status %d", name,
             sent.exit)
        need(not rig.server.log_since(at, "method_log", 1, 0.1),
             "%s: it logged in", name)
    return " ".join(theirs)


@case("tls13")
def is_refused_without_TLS_1_3(rig, ep):
    if rig.tls13:
        return "not asked, this library has TLS 1.3"
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x")
    need(sent.status == "TLS", "%s", sent.status)
    need(sent.cause == "TLS" and sent.phase == "tls", "%s in %s",
         sent.cause, sent.phase)


#
# Content.
#

def raw_rows(rig, ep):
    rows = [(k, v) for k, v in RAW.items()]
    return rows if "bare" in ep.traits else rows + list(EIGHTBIT.items())


def raw_rows_within_100000(rig, ep):
    return [r for r in RAW.items() if len(r[1]) < 90000]


@case("login lmtp", "R5321-4.5.2-1 R5321-4.1.1.4-1 R5321-4.1.1.4-2 "
      "R5321-4.5.3.1.6-1 R5322-3.6-2", each=raw_rows)
def ready(rig, ep, name, body):
    raw_arrives(rig, ep, name, body)
    rig.count(ep, "automatic" if not ep.lmtp else "-")


@case("bare", each=raw_rows_within_100000)
def ready_in_plain(rig, ep, name, body):
    raw_arrives(rig, ep, name, body)
    rig.count(ep, "-")


@case("login lmtp bare relay")
def ready_from_a_pipe(rig, ep):
    raw_arrives(rig, ep, "pipe", RAW["dots"], stdin=True)
    rig.count(ep, "-" if "login" not in ep.traits else "automatic")


@case("login lmtp", "LIB-M-3 R2047-5-1",
      each=lambda rig, ep: list(SHAPES.items()))
def built(rig, ep, name, content):
    words, wanted = built_words(rig, "dry", **content)
    dry = rig.dry_run(*words)
    why = compare.built_difference(wanted, dry)
    need(why is None, "--dry-run: %s", why)
    _, got = built_arrives(rig, ep, **content)
    if content.get("attach") == FILES:
        need(re.search(rb"filename\*=(?i:utf-8)''r%C3%A9sum%C3%A9%20"
                       rb"%E2%82%AC\.pdf", got), "no RFC 2231 name")
        rig.show_item("R2231-4-1", True)
    rig.count(ep, "automatic" if not ep.lmtp else "-")


@case("login")
def attachment_named_by_its_path(rig, ep):
    mark = rig.mark()
    words = ["--from", SENDER, "--to", USER, "--text", "x",
             "--header", "X-Interop: " + mark]
    files = [("Bericht für März.pdf", "application/pdf", BINARY[:3000]),
             ("bild.png", "image/png", PNG),
             ("what.unknown", "application/octet-stream", b"\0\1")]
    for name, _, octets in files:
        words += ["--attach", rig.file(name, octets)]
    need_ok(rig.send(ep, *words))
    [(_, got)] = rig.server.mail.take("user", mark)
    why = compare.built_difference({"text": "x", "attachments": files}, got)
    need(why is None, "%s", why)
    rig.count(ep, "automatic")


@case("login lmtp", "LIB-N-5",
      each=lambda rig, ep: list(SIZES.items()))
def attachment(rig, ep, name, files):
    built_arrives(rig, ep, text="x\n", attach=files)
    rig.count(ep, "automatic" if not ep.lmtp else "-")


@case("login")
def attachment_near_the_limit(rig, ep):
    built_arrives(rig, ep, text="x\n", attach=[
        ("18 MiB.bin", "application/octet-stream", BIG * 6)])
    rig.count(ep, "automatic")


@case("bare", "R5321-2.4-3 R5321-4.1.1.3-2",
      each=lambda rig, ep: list(SHAPES.items()))
def built_without_8BITMIME(rig, ep, name, content):
    sent, got = built_arrives(rig, ep, **content)
    need(max(got) < 128, "8-bit octets were sent")
    said = re.findall(r"MAIL FROM:<[^>]*>([^\r\n]*)", sent.err)
    need(said, "no MAIL in the trace")
    need(set(re.findall(r" ([A-Z0-9-]+)", said[0])) <= {"SIZE"},
         "MAIL has %s", said[0])
    rig.count(ep, "-")


@case("bare", "R5321-2.4-3", each=lambda rig, ep: [("file",), ("pipe",)])
def ready_8bit_is_refused_without_8BITMIME(rig, ep, source):
    mark = rig.mark()
    message = raw_message(mark, EIGHTBIT["UTF-8"])
    path = "-" if source == "pipe" else rig.file("raw.eml", message)
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--raw", path,
                    stdin=message)
    need(sent.status in ("UNSUPPORTED", "ARGUMENT", "SOURCE"), "%s",
         sent.status)


@case("bare")
def too_big_is_refused_before_MAIL(rig, ep):
    mark = rig.mark()
    at = rig.server.log_end()
    path = rig.file("raw.eml", raw_message(mark, b"x" * 70 + b"\n" + RAW[
        "only dots"] * 300))
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--raw", path)
    need(sent.status == "REFUSED" and sent.enhanced == "5.3.4", "%s %s",
         sent.status, sent.enhanced)
    said = rig.server.session_since(at)
    if said is not None:
        need("mail" not in said, "the server heard %s", said)
        rig.show_item("R1870-7-1", True)


@case("login")
def too_big_as_built_is_refused_before_MAIL(rig, ep):
    rig.mark()
    at = rig.server.log_end()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x",
                    "--attach", rig.file("20MiB", BINARY * 320))
    need(sent.status == "REFUSED" and sent.enhanced == "5.3.4", "%s %s",
         sent.status, sent.enhanced)
    need(sent.hint, "no hint")
    said = rig.server.session_since(at)
    need(said is None or "mail" not in said, "the server heard %s", said)


@case("login", "R5321-2.3.8-2 R5321-4.5.3.1.6-1",
      each=lambda rig, ep: [
          ("a bare CR", b"a\rb\n"), ("a NUL", b"a\0b\n"),
          ("a line of 999", b"x" * 999 + b"\n"),
          ("a smuggled end", b"a\n\r.\r\nMAIL FROM:<x@example.com>\r\n")])
def bad_content_is_refused(rig, ep, name, body):
    for stdin in (False, True):
        mark = rig.mark()
        message = raw_message(mark, b"line\n" * 3 + body)
        path = "-" if stdin else rig.file("raw.eml", message)
        sent = rig.send(ep, "--from", SENDER, "--to", USER, "--raw", path,
                        stdin=message)
        need(sent.exit == 65 and sent.status == "ARGUMENT", "%s",
             sent.status)


@case("login", "R5321-4.1.2-1", each=lambda rig, ep: [
    ("a recipient", ["--to", "a@example.com>\r\nRCPT TO:<x@example.com"]),
    ("a sender", ["--from", "a@example.com>\nRCPT TO:<x@example.com"]),
    ("a control octet", ["--to", "a\1b@example.com"]),
    ("a DEL", ["--to", "ab@exam\x7fple.com"]),
    ("a subject", ["--subject", "x\r\nBcc: x@example.com"]),
    ("a header", ["--header", "X-Y: x\nBcc: x@example.com"]),
    ("a name", ["--to", '"a\r\nBcc: x@example.com" <user@example.com>'])])
def injection_is_refused(rig, ep, name, words):
    rest = ["--from", SENDER] if words[0] != "--from" else []
    sent = rig.send(ep, *rest, "--to", USER, "--text", "x", *words)
    need(sent.exit == 65 and sent.status == "ARGUMENT", "%s", sent.status)


@case("login")
def missing_file_sends_nothing(rig, ep):
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x",
                    "--attach", "/nonexistent/file")
    need(sent.exit == 66, "exit status %d", sent.exit)
    need("/nonexistent/file" in sent.err + sent.out,
         "the file is not named")


#
# Recipients.
#

def three(rig, ep, *more):
    """To one that is taken, one refused, one deferred, one taken."""
    mark = rig.mark()
    path = rig.file("raw.eml", raw_message(mark, b"three\n"))
    words = ["--from", SENDER, "--raw", path]
    for address in (USER, rig.server.reject, rig.server.defer, TESTER):
        words += ["--to", address]
    return mark, rig.send(ep, *words, *more)


@case("login relay bare", "R5321-3.3-2 LIB-J-2")
def some_recipients_are_refused(rig, ep):
    at = rig.server.log_end()
    mark, sent = three(rig, ep)
    need(sent.exit == 1 and sent.status == "PARTIAL", "%s", sent.status)
    need([r["address"] for r in sent.recipients] == [
        USER, rig.server.reject, rig.server.defer, TESTER],
        "rows %s", sent.recipients)
    rows = sent.rows()
    need(rows[0][:2] == ("OK", 250) and rows[3][:2] == ("OK", 250),
         "rows %s", rows)
    need(rows[1] == ("REFUSED", 550, "5.1.1"), "rows %s", rows)
    need(rows[2] == ("LATER", 450, "4.2.1"), "rows %s", rows)
    need("No such user here" in sent.recipients[1]["text"], "text %r",
         sent.recipients[1]["text"])
    for who in ("user", "tester"):
        rig.server.mail.take(who, mark)
    said = rig.server.session_since(at)
    if said is not None:
        need((said["mail"], said["rcpt"]) == (1, 4), "the server heard %s",
             said)
        rig.show_item("R5321-4.5.4.1-1", True)
    rig.count(ep, "automatic" if "login" in ep.traits else "-", 2)


@case("login")
def all_or_nothing(rig, ep):
    at = rig.server.log_end()
    mark, sent = three(rig, ep, "--require-all")
    need(sent.exit in (69, 75), "exit status %d, %s", sent.exit, sent.status)
    rows = sent.rows()
    need(rows[0][0] == "LATER" and rows[3][0] == "LATER", "rows %s", rows)
    need(rows[1] == ("REFUSED", 550, "5.1.1"), "rows %s", rows)
    said = rig.server.session_since(at)
    if said is not None:
        need(not {"data", "bdat"} & set(said), "the server heard %s", said)
        rig.show_item("LIB-E-1", True)


@case("login")
def all_or_nothing_is_all(rig, ep):
    mark = rig.mark()
    path = rig.file("raw.eml", raw_message(mark, b"all\n"))
    need_ok(rig.send(ep, "--from", SENDER, "--to", USER, "--to", TESTER,
                     "--raw", path, "--require-all"))
    for who in ("user", "tester"):
        rig.server.mail.take(who, mark)
    rig.count(ep, "automatic", 2)


@case("login bare", each=lambda rig, ep: [
    ("for ever", "reject", 69, ("REFUSED", 550, "5.1.1")),
    ("for now", "defer", 75, ("LATER", 450, "4.2.1"))])
def every_recipient_is_refused(rig, ep, name, who, status, row):
    mark = rig.mark()
    path = rig.file("raw.eml", raw_message(mark, b"nobody\n"))
    sent = rig.send(ep, "--from", SENDER, "--to", getattr(rig.server, who),
                    "--raw", path)
    need(sent.exit == status, "exit status %d, %s", sent.exit, sent.status)
    need(sent.rows() == [row], "rows %s", sent.rows())
    need((sent.cause, sent.code) == ("REPLY", row[1]), "%s %d", sent.cause,
         sent.code)


@case("relay bare")
def the_server_closes_at_a_recipient(rig, ep):
    mark = rig.mark()
    path = rig.file("raw.eml", raw_message(mark, b"busy\n"))
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--to",
                    rig.server.busy, "--to", TESTER, "--raw", path)
    need(sent.exit == 75 and sent.status == "LATER", "%s", sent.status)
    rows = sent.rows()
    need([r[0] for r in rows] == ["LATER"] * 3, "rows %s", rows)
    need(rows[1][1:] == (421, "4.3.2"), "rows %s", rows)


@case("relay")
def many_recipients(rig, ep):
    mark = rig.mark()
    at = rig.server.log_end()
    words = ["--from", SENDER, "--raw",
             rig.file("raw.eml", raw_message(mark, b"many\n"))]
    for i in range(120):
        words += ["--to", "r%d@example.com" % i]
    sent = rig.send(ep, *words)
    need_ok(sent)
    need([r["address"] for r in sent.recipients] == [
        "r%d@example.com" % i for i in range(120)], "rows in another order")
    rig.server.mail.take("other", mark, 120)
    said = rig.server.session_since(at)
    need(said is None or (said["mail"], said["rcpt"]) == (1, 120),
         "the server heard %s", said)
    rig.count(ep, "-", 120)


@case("relay")
def many_recipients_in_the_header(rig, ep):
    mark = rig.mark()
    people = [("Nr. %d, Größe" % i if i % 2 else "", "h%d@example.com" % i)
              for i in range(60)]
    words = ["--from", SENDER, "--subject", "x" * 300 + " ü " + "y" * 1200,
             "--text", "x", "--header", "X-Interop: " + mark]
    for name, address in people:
        words += ["--to", '"%s" <%s>' % (name, address) if name else address]
    need_ok(rig.send(ep, *words))
    [(_, got), *_] = rig.server.mail.take("other", mark, 60)
    why = compare.built_difference(
        {"to": people, "text": "x",
         "subject": "x" * 300 + " ü " + "y" * 1200}, got)
    need(why is None, "%s", why)
    rig.count(ep, "-")


@case("relay", "LIB-C-5")
def twice_the_same_is_two_rows(rig, ep):
    mark = rig.mark()
    path = rig.file("raw.eml", raw_message(mark, b"twice\n"))
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--to", TESTER,
                    "--to", USER, "--raw", path)
    need_ok(sent)
    need([r["address"] for r in sent.recipients] in (
        [USER, TESTER, USER], [USER, TESTER]), "rows %s", sent.recipients)
    for who in ("user", "tester"):
        rig.server.mail.take(who, mark)
    rig.count(ep, "-", 2)


@case("relay", "R6531-3.2-2")
def domain_in_another_script(rig, ep):
    """Goes as A-label; the refusal of that domain shows it."""
    rig.mark()
    sent = rig.send(ep, "--from", SENDER, "--to", "user@bücher.example",
                    "--text", "x")
    need(sent.status == "REFUSED" and sent.code == 554, "%s %d",
         sent.status, sent.code)
    need("<user@xn--bcher-kva.example>" in sent.text, "text %r", sent.text)
    need("SMTPUTF8" not in re.sub(r"(?m)^S:.*", "", sent.err),
         "SMTPUTF8 was asked for")


@case("login bare")
def local_part_in_another_script(rig, ep):
    """With SMTPUTF8, or not at all (RFC 6531 section 3.2)."""
    mark = rig.mark()
    message = raw_message(mark, b"x\n")
    sent = rig.send(ep, "--from", SENDER, "--to", "用户@example.com",
                    "--raw", rig.file("raw.eml", message))
    if sent.exit == 0:
        need(re.search(r"C: MAIL FROM:.* SMTPUTF8", sent.err), "no SMTPUTF8")
        [(_, got)] = rig.server.mail.take("other", mark)
        need(got == compare.to_crlf(message), "the message is another")
        rig.count(ep, "-" if "login" not in ep.traits else "automatic")
        return "delivered"
    need(sent.status in ("UNSUPPORTED", "ARGUMENT"), "%s", sent.status)
    need("C: RCPT" not in sent.err, "it was said")
    return sent.status


@case("relay")
def name_in_EHLO(rig, ep):
    mark = rig.mark()
    message = raw_message(mark, b"x\n")
    need_ok(rig.send(ep, "--from", SENDER, "--to", USER, "--raw",
                     rig.file("raw.eml", message), helo=None))
    [(head, got)] = rig.server.mail.take("user", mark)
    said = compare.field(head, "Received").split()[1]
    need(said in ("[127.0.0.1]", "[IPv6:::1]"), "it said %s", said)
    rig.count(ep, "-")


@case("few")
def more_recipients_than_it_takes(rig, ep):
    """The rest goes in further transactions, or is told to be LATER."""
    mark = rig.mark()
    at = rig.server.log_end()
    few = int(ep.values["few"])
    message = raw_message(mark, b"few\n")
    words = ["--from", SENDER, "--raw", rig.file("raw.eml", message)]
    for i in range(2 * few + 1):
        words += ["--to", "r%d@example.com" % i]
    sent = rig.send(ep, *words)
    rows = [r[0] for r in sent.rows()]
    if sent.status == "PARTIAL":
        need(rows == ["OK"] * few + ["LATER"] * (few + 1), "rows %s", rows)
        rig.server.mail.take("other", mark, few)
        rig.count(ep, "-", few)
        return "PARTIAL"
    need_ok(sent)
    need(rows == ["OK"] * (2 * few + 1), "rows %s", rows)
    for _, got in rig.server.mail.take("other", mark, 2 * few + 1):
        need(got == compare.to_crlf(message), "the message is another")
    said = rig.server.session_since(at)
    if said is not None:
        need(said["mail"] == 3, "the server heard %s", said)
        rig.show_item("R5321-4.5.3.1.8-1", True)
    rig.count(ep, "-", 2 * few + 1)
    return "in several transactions"


#
# What the envelope asks of the server, and what becomes of it.
#

def offers(keyword):
    """Once, where the server has that extension."""
    return lambda rig, ep: [()] if keyword in rig.server.extensions.split() \
        and rig.has(keyword) else []


def need_report(report, action, recipient, envid):
    """A report of delivery as RFC 3464 has it."""
    message = email.message_from_bytes(report, policy=email.policy.default)
    need(message.get_content_type() == "multipart/report", "the report is %s",
         message.get_content_type())
    [status] = [p for p in message.walk()
                if p.get_content_type() == "message/delivery-status"]
    whole, *each = status.get_payload()
    # Exim leaves it encoded
    need(whole["Original-Envelope-Id"] in (envid, envid.replace(
        "+", "+2B").replace("=", "+3D")), "the envelope was %s",
        whole["Original-Envelope-Id"])
    need(len(each) == 1, "%d recipients", len(each))
    need(str(each[0]["Action"]).split()[0] == action, "it says %s",
         each[0]["Action"])
    for name in ("Final-Recipient", "Original-Recipient"):
        said = str(each[0][name]).replace(" ", "").lower()
        need(said == "rfc822;" + recipient, "%s is %s", name, said)


def notifies(rig, ep):
    if not offers("DSN")(rig, ep):
        return []
    rows = [("SUCCESS", USER, "delivered"),
            ("SUCCESS,FAILURE,DELAY", USER, "delivered"),
            ("FAILURE", USER, None), ("NEVER", USER, None)]
    if "fails" in rig.server.facts:
        rows += [("FAILURE", rig.server.fails, "failed"),
                 ("NEVER", rig.server.fails, None)]
    return rows


@case("login", each=notifies)
def report_of_delivery(rig, ep, when, recipient, action):
    mark = rig.mark()
    at = rig.server.log_end()
    message = raw_message(mark, b"a body of words\n")
    envid = "Id+=" + mark
    need_ok(rig.send(ep, "--from", TESTER, "--to", recipient, "--notify",
                     when, "--ret", "HDRS", "--envid", envid,
                     "--raw", rig.file("raw.eml", message)))
    if action != "failed" and recipient == USER:
        [(_, got)] = rig.server.mail.take("user", mark)
        need(got == compare.to_crlf(message), "the message is another")
        rig.count(ep, "automatic")
    reports = rig.server.facts.get("reports")
    if reports is None:
        said = "".join(rig.server.log_since(at, "envelope_log"))
        for word in ("HDRS", envid, *when.split(",")):
            need(word in said, "the server heard %s", said)
        need(("rfc822;" + recipient in said) == (when != "NEVER"),
             "the server heard %s", said)
    elif action:
        [(_, report)] = rig.server.mail.take("tester", None)
        need(recipient.encode() in report, "it is not about %s", recipient)
        need(b"a body of words" not in report, "the content came back")
        if reports == "rfc3464":
            need_report(report, action, recipient, envid)
    # what came and should not have, nothing_else_came() finds
    return recipient


@case("login", each=offers("PRDR"))
def each_has_a_verdict_about_the_content(rig, ep):
    mark = rig.mark()
    message = raw_message(mark, b"of each\n")
    path = rig.file("raw.eml", message)
    words = ["--from", SENDER, "--raw", path]
    for address in (USER, rig.server.refuses_content, rig.server.reject,
                    TESTER):
        words += ["--to", address]
    sent = rig.send(ep, *words)
    need(sent.exit == 1 and sent.status == "PARTIAL", "%s", sent.status)
    need([r[:2] for r in sent.rows()] == [
        ("OK", 250), ("REFUSED", 550), ("REFUSED", 550), ("OK", 250)],
        "rows %s", sent.rows())
    for who in ("user", "tester"):
        [(_, got)] = rig.server.mail.take(who, mark)
        need(got == compare.to_crlf(message), "the message is another")
    rig.count(ep, "automatic", 2)


@case("login", each=lambda rig, ep: offers("CHUNKING")(rig, ep) and [
    (name, RAW[name]) for name in ("dots", "empty body", "3 MiB")])
def ready_without_chunks(rig, ep, name, body):
    mark = rig.mark()
    message = raw_message(mark, body)
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--raw",
                    rig.file("raw.eml", message), "--option", "chunking=no")
    need_ok(sent)
    need("C: BDAT" not in sent.err, "BDAT was said")
    [(_, got)] = rig.server.mail.take("user", mark)
    need(got == compare.to_crlf(message), "the message is another")
    rig.count(ep, "automatic")


@case("login", each=offers("REQUIRETLS"))
def tls_on_each_hop(rig, ep):
    mark = rig.mark()
    at = rig.server.log_end()
    message = raw_message(mark, b"secret\n")
    need_ok(rig.send(ep, "--from", SENDER, "--to", USER, "--require-tls",
                     "--raw", rig.file("raw.eml", message)))
    [(_, got)] = rig.server.mail.take("user", mark)
    need(got == compare.to_crlf(message), "the message is another")
    said = "".join(rig.server.log_since(at, "envelope_log"))
    need('"requireTLS":true' in said, "the server heard %s", said)
    rig.count(ep, "automatic")


@case("login bare", each=lambda rig, ep: [
    row for row in (("DSN", "--notify", "SUCCESS"),
                    ("DSN", "--envid", "x"), ("REQUIRETLS", "--require-tls"))
    if "bare" in ep.traits or row[0] not in rig.server.extensions.split()])
def asked_for_and_not_offered(rig, ep, keyword, *words):
    rig.mark()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x", *words)
    need(sent.exit == 69 and sent.status == "UNSUPPORTED", "%s", sent.status)
    need("C: MAIL" not in sent.err, "it was said")


#
# Lines of one's own, and sessions one after another.
#

VERBS = {
    "VRFY": ("VRFY " + USER, "OK", (250, 252)),
    "HELP": ("HELP", "OK", (211, 214, 250)),
    # it would, if it had a queue for that host
    "ETRN": ("ETRN example.com", "LATER", (458, 459)),
}


@case("login", each=lambda rig, ep: [
    (verb,) for verb in VERBS if offers(verb)(rig, ep)])
def line_of_ones_own(rig, ep, verb):
    line, status, codes = VERBS[verb]
    [reply, noop], _ = rig.say(ep, line, "NOOP")
    need(reply[0] == status and reply[1] in codes, "%s", reply)
    need(reply[3], "no words: %s", reply)
    need(noop[:2] == ("OK", 250), "NOOP: %s", noop)


@case("login short")
def tls_is_resumed(rig, ep):
    """At the second session with the same options, if these do not say no
    and the server does it."""
    does = "resumes" in rig.server.facts
    for options, wanted in ((), does), (("tls-resumption=no",), False):
        at = rig.server.log_end()
        _, trace = rig.say(ep, "NOOP", sessions=2, options=options)
        seen = re.findall(r"(?m)^\*: TLS(, resumed)?: ", trace)
        need([bool(s) for s in seen] == [False, wanted],
             "resumed: %s", seen)
        if "resumed_log" in rig.server.facts:
            log = rig.server.log_since(at, "resumed_log", wanted, 1)
            need(len(log) == wanted, "the server says %s", log)


@case("login", each=offers("LIMITS"))
def limits_are_kept(rig, ep):
    mark = rig.mark()
    mails, recipients = (int(n) for n in rig.server.limits.split())
    message = raw_message(mark, b"limits\n")
    path = rig.file("raw.eml", message)
    number = mails + 2
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--raw", path,
                    "--count", str(number))
    need_ok(sent, number)
    need(len(re.findall("(?m)^C: EHLO", sent.err)) == (
        2 if ep.url.startswith("smtps") else 4), "sessions")
    words = ["--from", SENDER, "--raw", path]
    many = 2 * recipients + 1
    for i in range(many):
        words += ["--to", "r%d@example.com" % i]
    sent = rig.send(ep, *words)
    need_ok(sent)
    need([r["address"] for r in sent.recipients] == [
        "r%d@example.com" % i for i in range(many)], "rows")
    need(len(re.findall("(?m)^C: MAIL", sent.err)) == 3, "transactions")
    for who, n in (("user", number), ("other", many)):
        for _, got in rig.server.mail.take(who, mark, n):
            need(got == compare.to_crlf(message), "the message is another")
    rig.count(ep, "automatic", number + many)
    rig.used.add("LIMITS")


@case("login", each=lambda rig, ep: [("right",), ("wrong",)])
def diagnosis(rig, ep, which):
    rig.mark()
    sent = rig.diagnose(ep, rig.server.password if which == "right"
                        else "wrong=Secret")
    steps = {s["step"]: s["result"] for s in sent["steps"]}
    need(steps["auth"] == ("OK" if which == "right" else "FAILED"), "%s",
         steps)
    need(sent["status"] == ("OK" if which == "right" else "AUTH"), "%s",
         sent["status"])


@case("login", "R5322-3.6.3-1 R5321-7.2-1")
def bcc_is_in_the_envelope_only(rig, ep):
    mark = rig.mark()
    need_ok(rig.send(
        ep, "--from", SENDER, "--to", USER, "--cc", TESTER, "--bcc", THIRD,
        "--subject", "copies", "--text", "x",
        "--header", "X-Interop: " + mark))
    for who in ("user", "tester", "third"):
        [(_, got)] = rig.server.mail.take(who, mark)
        need(b"third" not in got, "the blind copy is in the message")
        need(b"\r\nbcc:" not in got.lower(), "a Bcc field")
        why = compare.built_difference(
            {"to": [("", USER)], "cc": [("", TESTER)], "text": "x"}, got)
        need(why is None, "%s", why)
    rig.count(ep, "automatic", 3)


@case("login", "R5321-B-2")
def bcc_alone(rig, ep):
    mark = rig.mark()
    need_ok(rig.send(ep, "--from", SENDER, "--bcc", THIRD, "--text", "x",
                     "--header", "X-Interop: " + mark))
    [(_, got)] = rig.server.mail.take("third", mark)
    need(b"third" not in got, "the blind copy is in the message")
    head = got.split(b"\r\n\r\n")[0].lower()
    need(re.search(rb"\r\nto: *undisclosed-recipients: *;|\r\nbcc: *(\r\n|$)",
                   head), "no destination field")
    rig.count(ep, "automatic")


@case("login bare lmtp")
def null_sender(rig, ep):
    mark = rig.mark()
    message = raw_message(mark, b"bounce\n")
    need_ok(rig.send(ep, "--from", "", "--to", USER,
                     "--raw", rig.file("raw.eml", message)))
    [(head, got)] = mailbox_of(rig, ep).take("user", mark)
    need(compare.field(head, "Return-Path") in (
        [None] if "null_path" in rig.server.facts else
        ["<>", "<MAILER-DAEMON>"]), "the sender is %s",
        compare.field(head, "Return-Path"))
    need(got == compare.to_crlf(message), "the message is another")
    rig.count(ep, "automatic" if "login" in ep.traits else "-")


@case("login", "R5321-4.1.1.2-1")
def null_recipient_is_refused(rig, ep):
    sent = rig.send(ep, "--from", "", "--to", "", "--raw",
                    rig.file("raw.eml", raw_message(rig.mark(), b"x\n")))
    need(sent.exit in (64, 65), "exit status %d", sent.exit)
    # the other half of the rule: the null path is for MAIL
    null_sender(rig, ep)


@case("relay", "R5321-2.4-1 R5321-2.3.11-1", each=lambda rig, ep: [
    (a,) for a in ("UsEr+Tag@EXAMPLE.com", "a+b%c@example.com",
                   "!#$&'*-/=?^_`{|}~@example.com",
                   '"a b"@example.com', '"a@b"@example.com')])
def local_part_is_left_alone(rig, ep, address):
    mark = rig.mark()
    message = raw_message(mark, b"local part\n")
    need_ok(rig.send(ep, "--from", SENDER, "--to", address,
                     "--raw", rig.file("raw.eml", message)))
    [(head, got)] = rig.server.mail.take("other", mark)
    to = compare.field(head, "X-Original-To")
    need(to.rpartition("@")[0] == address.rpartition("@")[0],
         "it came for %s", to)
    rig.count(ep, "-")


#
# Several messages on one connection.
#

@case("login relay bare lmtp")
def five_on_one_connection(rig, ep):
    mark = rig.mark()
    at = rig.server.log_end()
    message = raw_message(mark, RAW["dots"])
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--count", "5",
                    "--raw", rig.file("raw.eml", message))
    need_ok(sent, 5)
    for _, got in mailbox_of(rig, ep).take("user", mark, 5):
        why = compare.raw_difference(compare.to_crlf(message), got)
        need(why is None, "%s", why)
    rig.count(ep, "automatic" if "login" in ep.traits else "-", 5)
    said = None if ep.lmtp else rig.server.session_since(at)
    if said is not None:
        need(said["mail"] == 5 and said["quit"] == 1
             and said.get("data", 0) + said.get("bdat", 0) >= 5
             and said.get("auth", 0) == ("login" in ep.traits),
             "the server heard %s", said)
        for item in ("R5321-4.1.4-6", "R4954-4-15", "R4954-4-16"):
            rig.show_item(item, True)
        return " ".join("%s=%d" % i for i in said.items())


@case("login relay lmtp", each=lambda rig, ep: [(2,), (8,), (32,)])
def many_in_flight(rig, ep, window):
    """A window of mails, and nobody waits for a delayed acknowledgement:
    one by one takes no less time than many at once. Noise is there once; what
    is delayed each time is delayed in all rounds."""
    mark, number, sent = rig.mark(), 48, 0
    message = raw_message(mark, RAW["dots"])
    words = ["--from", SENDER, "--to", USER, "--raw",
             rig.file("raw.eml", message), "--count", str(number)]
    alone = together = float("inf")

    def seconds(*way):
        nonlocal sent
        began = time.monotonic()
        need_ok(rig.send(ep, *words, *way), number)
        sent += number
        return time.monotonic() - began

    for _ in range(6):
        alone = min(alone, seconds())
        together = min(together, seconds("--window", str(window)))
        if together < 1.5 * alone + 0.2:
            break
    for _, got in mailbox_of(rig, ep).take("user", mark, sent):
        why = compare.raw_difference(compare.to_crlf(message), got)
        need(why is None, "%s", why)
    rig.count(ep, "automatic" if "login" in ep.traits else "-", sent)
    need(together < 1.5 * alone + 0.2, "%.2f s together, %.2f s one by one",
         together, alone)
    return "%.2f s, one by one %.2f" % (together, alone)


LOOPS = "poll_loop", "epoll_loop", "libuv_loop"


@case("login", each=lambda rig, ep: [
    (name,) for name in LOOPS if rig.server.name == "postfix"])
def in_an_event_loop(rig, ep, name):
    """Three sessions at once, which do not block."""
    who = "user", "tester", "third"
    mark = "Mark " + rig.mark() + "."
    rig.loop(ep, name, mark + "\n", *("%s@example.com" % w for w in who))
    box, end = mailbox_of(rig, ep), time.monotonic() + 20
    while who:
        box.scan()
        for (to, key), mails in list(box.waiting.items()):
            mine = [m for m in mails if mark.encode() in m[1]]
            for m in mine:
                mails.remove(m)
            if not mails:
                del box.waiting[to, key]
            need(len(mine) < 2, "%d mails for %s", len(mine), to)
            who = tuple(w for w in who if not mine or w != to)
        need(time.monotonic() < end, "nothing came for %s", " ".join(who))
        time.sleep(0.02)
    rig.count(ep, "automatic", 3)


@case("login")
def five_built_on_one_connection(rig, ep):
    mark = rig.mark()
    words, wanted = built_words(rig, mark, **SHAPES["text and files"])
    need_ok(rig.send(ep, *words, "--count", "5"), 5)
    for _, got in rig.server.mail.take("user", mark, 5):
        why = compare.built_difference(wanted, got)
        need(why is None, "%s", why)
    rig.count(ep, "automatic", 5)


@case("login bare")
def refusals_do_not_end_the_session(rig, ep):
    mark = rig.mark()
    at = rig.server.log_end()
    path = rig.file("raw.eml", raw_message(mark, b"x\n"))
    sent = rig.send(ep, "--from", SENDER, "--to", rig.server.reject,
                    "--raw", path, "--count", "3")
    need(sent.exit == 69 and len(sent.objects) == 3, "%d objects, exit %d",
         len(sent.objects), sent.exit)
    for i in range(3):
        need(sent.rows(i) == [("REFUSED", 550, "5.1.1")], "rows %s",
             sent.rows(i))
    said = rig.server.session_since(at)
    if said is not None:
        need(said["mail"] == 3 and said.get("rset", 0) >= 2,
             "the server heard %s", said)
        rig.show_item("R5321-4.1.1.5-1", True)


#
# Logins that fail.
#

@case("login auth", "R4954-4-11 LIB-H-1", each=lambda rig, ep: [
    (m,) for m in ["automatic"] + common(rig, PASSWORD_MECHANISMS)])
def wrong_password(rig, ep, name):
    rig.mark()
    at = rig.server.log_end()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x",
                    secret="wrong=Secret",
                    mechanism=None if name == "automatic" else name)
    need(sent.exit == 77 and sent.status == "AUTH", "%s", sent.status)
    need(sent.cause == "AUTH" and sent.phase == "auth" and sent.code == 535,
         "%s in %s, %d", sent.cause, sent.phase, sent.code)
    tried = rig.server.log_since(at, "refused_log", 2, 0.4)
    need(len(tried) == 1, "%d attempts: %s", len(tried), tried)
    rig.refused.add(name)


@case("login auth", each=lambda rig, ep: [
    (m,) for m in ["automatic"] + common(rig, TOKEN_MECHANISMS)
    if "token" in rig.server.facts])
def expired_token(rig, ep, name):
    rig.mark()
    at = rig.server.log_end()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x",
                    login="token", secret=rig.server.expired_token,
                    mechanism=None if name == "automatic" else name)
    need(sent.exit == 77 and sent.status == "AUTH", "%s", sent.status)
    need(sent.code == 535, "code %d", sent.code)
    tried = rig.server.log_since(at, "refused_log", 2, 0.4)
    need(len(tried) == 1, "%d attempts: %s", len(tried), tried)
    rig.refused.add(name)


@case("login")
def password_is_no_token(rig, ep):
    rig.mark()
    for login, mechanism in (("password", "XOAUTH2"), ("token", "PLAIN")):
        at = rig.server.log_end()
        sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x",
                        login=login, mechanism=mechanism,
                        secret=rig.server.facts.get(login, "none"))
        need(sent.exit in (64, 65, 69, 77), "%s with a %s: exit status %d",
             mechanism, login, sent.exit)
        tried = rig.server.log_since(at, "refused_log", 1, 0.2) \
            + rig.server.log_since(at, "method_log", 1, 0.2)
        need(not tried, "it was tried: %s", tried)


@case("login")
def without_login(rig, ep):
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x",
                    login=None)
    need(sent.exit == 69 and sent.status == "REFUSED", "%s", sent.status)
    need(sent.code in range(500, 560), "code %d", sent.code)


@case("bare", "R4954-9-1 LIB-G-1", each=lambda rig, ep: [
    (m, how) for how in ("smtp+plaintext", "smtp+opportunistic")
    for m in ("PLAIN", "LOGIN", "XOAUTH2")])
def secret_is_not_shown_without_TLS(rig, ep, mechanism, scheme):
    rig.mark()
    at = rig.server.log_end()
    there = ep.url.split(":", 1)[1]
    clear = type(ep)(ep.server, ep.name, scheme + ":" + there, ["login"])
    sent = rig.send(clear, "--from", SENDER, "--to", USER, "--text", "x",
                    login="token" if mechanism == "XOAUTH2" else "password",
                    mechanism=mechanism)
    need(sent.exit == 77, "exit status %d, %s", sent.exit, sent.status)
    said = rig.server.session_since(at)
    need(said is None or "auth" not in said, "the server heard %s", said)


@case("bare")
def opportunistic_never_logs_in(rig, ep):
    rig.mark()
    at = rig.server.log_end()
    there = ep.url.split(":", 1)[1]
    clear = type(ep)(ep.server, ep.name, "smtp+opportunistic:" + there,
                     ["login"])
    sent = rig.send(clear, "--from", SENDER, "--to", USER, "--text", "x")
    need(sent.exit not in (0, 1, 2), "exit status %d", sent.exit)
    said = rig.server.session_since(at)
    need(said is None or "auth" not in said, "the server heard %s", said)


@case("bare", each=lambda rig, ep: [
    ("CRAM-MD5 by itself", None, [], "CRAM-MD5"),
    ("PLAIN when told so", "PLAIN", ["--allow-plaintext-auth"], "PLAIN"),
    ("LOGIN when told so", "LOGIN", ["--allow-plaintext-auth"], "LOGIN")])
def login_without_TLS(rig, ep, name, mechanism, words, used):
    mark = rig.mark()
    at = rig.server.log_end()
    clear = type(ep)(ep.server, ep.name, ep.url, ["login"])
    message = raw_message(mark, b"x\n")
    need_ok(rig.send(clear, "--from", SENDER, "--to", USER, "--raw",
                     rig.file("raw.eml", message), *words,
                     mechanism=mechanism))
    [(_, got)] = rig.server.mail.take("user", mark)
    need(got == compare.to_crlf(message), "the message is another")
    log = rig.server.log_since(at, "method_log")
    need(log in ([used], ["SCRAM-SHA-256"]), "%s was used", log)
    rig.count(ep, log[0])


#
# TLS.
#

HINTS = {}
GOOD = set()            # endpoints that behaved as their certificates ask for
SHOWN_BY_ENDPOINTS = {
    "LIB-G-2": {"expired", "notyet", "selfsigned", "stranger", "nochain",
                "chain"},
    "R9525-6.3-1": {"capitals"},
    "R9525-6.3-3": {"onlycn", "nosan"},
    "R9525-6.4-1": {"dnsip", "address"},
}


@case("untrusted", "R8314-5.2-1")
def certificate_is_refused(rig, ep):
    rig.mark()
    at = rig.server.log_end()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x")
    need(sent.exit == 76 and sent.status == "CERTIFICATE", "%s: %s",
         sent.status, sent.err[-300:])
    need(sent.hint, "no hint")
    need(not rig.server.log_since(at, "method_log", 1, 0.1),
         "a login was tried")
    HINTS[ep.name] = sent.hint
    GOOD.add(ep.name)
    return sent.hint


@case("login", "LIB-G-3")
def unknown_authority(rig, ep):
    rig.mark()
    at = rig.server.log_end()
    for how in ({"ca": rig.server.other_ca}, {"ca": os.devnull}):
        sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x",
                        **how)
        if how["ca"] == os.devnull:
            need(sent.exit in (65, 66, 76), "%s", sent.status)
        else:
            need(sent.exit == 76 and sent.status == "CERTIFICATE", "%s",
                 sent.status)
            need(sent.cause == "CERTIFICATE" and sent.phase == "tls",
                 "%s in %s", sent.cause, sent.phase)
            HINTS["unknown authority"] = sent.hint
    need(not rig.server.log_since(at, "method_log", 1, 0.1),
         "a login was tried")


def hints_differ(rig, ep):
    """Wrong name, expired and unknown authority are told apart."""
    told = [HINTS[n] for n in ("wrongname", "expired", "unknown authority")]
    need(len(set(told)) == 3, "%s", told)


@case("notls")
def no_TLS_no_mail(rig, ep):
    rig.mark()
    at = rig.server.log_end()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x")
    need(sent.exit == 76 and sent.cause == "TLS", "%s, %s", sent.status,
         sent.cause)
    need(sent.hint or "hint" not in ep.traits, "no hint")
    said = rig.server.session_since(at)
    need(said is None or not {"auth", "mail"} & set(said),
         "the server heard %s", said)


@case("silent")
def no_greeting_no_mail(rig, ep):
    rig.mark()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x",
                    seconds=2)
    need(sent.exit == 75 and sent.cause == "TIMEOUT"
         and sent.phase == "greeting", "%s, %s in %s", sent.status,
         sent.cause, sent.phase)
    need(sent.hint, "no hint")


@case("relay")
def opportunistic_means_TLS_if_there(rig, ep):
    for ca in (rig.server.ca, rig.server.other_ca):
        mark = rig.mark()
        message = raw_message(mark, b"x\n")
        need_ok(rig.send(ep, "--from", SENDER, "--to", USER, "--raw",
                         rig.file("raw.eml", message), ca=ca))
        [(head, got)] = rig.server.mail.take("user", mark)
        need(got == compare.to_crlf(message), "the message is another")
        need((b"using TLSv1." in head) == ("tls" in ep.traits),
             "the server says %s", compare.field(head, "Received"))
        rig.count(ep, "-")


@case("relay")
def nobody_listens(rig, ep):
    rig.mark()
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = "smtp+plaintext://127.0.0.1:%d" % held.getsockname()[1]
        sent = rig.send(type(ep)(ep.server, ep.name, url, ["relay"]),
                        "--from", SENDER, "--to", USER, "--text", "x")
    need(sent.exit == 74 and sent.cause == "CONNECT", "%s", sent.status)


#
# Servers that do not want, or take their time.
#

@case("greeting")
def greeting_is_a_refusal(rig, ep):
    rig.mark()
    at = rig.server.log_end()
    code = int(ep.values["greeting"])
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x")
    need(sent.status == ("REFUSED" if code >= 500 else "LATER"), "%s",
         sent.status)
    need((sent.cause, sent.phase, sent.code) == ("REPLY", "greeting", code),
         "%s in %s, %d", sent.cause, sent.phase, sent.code)
    said = rig.server.session_since(at)
    need(said is None or not {"ehlo", "mail"} & set(said),
         "the server heard %s", said)
    if code < 500:
        rig.show_item("R5321-4.3.2-1", True)
    elif said is not None:
        need(said.get("quit") == 1, "the server heard %s", said)
        rig.show_item("R5321-3.1-1", True)


@case("slowgreet", "R5321-4.3.1-1")
def greeting_is_awaited(rig, ep):
    at = rig.server.log_end()
    sent = raw_arrives(rig, ep, "ready", RAW["dots"])
    need(not rig.server.log_since(at, "early_log", 1, 0.2),
         "the client spoke first")
    rig.count(ep, "-")


@case("data")
def data_is_refused(rig, ep):
    mark = rig.mark()
    at = rig.server.log_end()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--to", TESTER,
                    "--to", rig.server.defer, "--count", "2", "--raw",
                    rig.file("raw.eml", raw_message(mark, b"x\n")))
    code = int(ep.values["data"])
    for i in range(2):
        rows = sent.rows(i)
        need([r[:2] for r in rows] == [("REFUSED", code)] * 2
             + [("LATER", 450)], "rows %s", rows)
    need(sent.exit == 75 and sent.status == "LATER", "%s", sent.status)
    said = rig.server.session_since(at)
    need(said is None or said["mail"] == 2, "the server heard %s", said)


@case("end", "R5321-4.2.5-2")
def the_end_is_refused(rig, ep):
    mark = rig.mark()
    at = rig.server.log_end()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--to",
                    rig.server.reject, "--to", TESTER, "--count", "2",
                    "--raw", rig.file("raw.eml", raw_message(
                        mark, RAW["dots everywhere"])))
    code = int(ep.values["end"])
    status = "REFUSED" if code >= 500 else "LATER"
    need(len(sent.objects) == 2, "%d objects", len(sent.objects))
    for i in range(2):
        rows = sent.rows(i)
        need([r[:2] for r in rows] == [
            (status, code), ("REFUSED", 550), (status, code)],
            "rows %s", rows)
    # With BDAT a chunk that is too much is refused before the last one.
    need((sent.status, sent.cause, sent.code) == (status, "REPLY", code) and
         sent.phase in ("content", "final"), "%s, %s in %s, %d", sent.status,
         sent.cause, sent.phase, sent.code)
    said = rig.server.session_since(at)
    need(said is None or said["mail"] == 2, "the server heard %s", said)


@case("sender", "R2920-3.1-4 R5321-4.5.4.1-2")
def the_sender_is_refused(rig, ep):
    mark = rig.mark()
    at = rig.server.log_end()
    sent = rig.send(ep, "--from", "bad@example.com", "--to", USER, "--to",
                    TESTER, "--count", "2", "--raw", rig.file(
                        "raw.eml", raw_message(mark, b"x\n")))
    need(sent.exit == 69 and len(sent.objects) == 2, "exit status %d",
         sent.exit)
    for o in sent.objects:
        need((o["status"], o["code"], o["enhanced"], o["phase"]) == (
            "REFUSED", 550, "5.1.7", "mail"), "%s", o)
    said = rig.server.session_since(at)
    need(said is None or said["mail"] == 2, "the server heard %s", said)


@case("slowdata", "R5321-3.8-3 LIB-K-4",
      each=lambda rig, ep: [("timeout", 2, 90), ("deadline", 20, 2)])
def lost_before_the_content(rig, ep, name, seconds, deadline):
    mark = rig.mark()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--raw",
                    rig.file("raw.eml", raw_message(mark, b"x\n")),
                    "--option", "chunking=no", seconds=seconds,
                    deadline=deadline)
    need(sent.exit == 75 and sent.status == "LATER", "%s", sent.status)
    need((sent.cause, sent.phase) == ("TIMEOUT", "data"), "%s in %s",
         sent.cause, sent.phase)
    need([r[0] for r in sent.rows()] == ["LATER"], "rows %s", sent.rows())


@case("impatient")
def the_server_closes_within_the_content(rig, ep):
    mark = rig.mark()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--to", TESTER,
                    "--text", "x", "--header", "X-Interop: " + mark,
                    "--attach", rig.pipe([
                        BINARY * 2, 5, BINARY * 10, 0.5, b"the end\n"]))
    need(sent.exit == 75 and sent.status == "LATER", "%s", sent.status)
    need([r[0] for r in sent.rows()] == ["LATER"] * 2, "rows %s", sent.rows())
    need(sent.cause in ("REPLY", "CLOSED"), "cause %s", sent.cause)
    if sent.cause == "REPLY":
        need(sent.code == 421, "code %d", sent.code)
        rig.show_item("LIB-F-4", True)
    return "%s %d in %s" % (sent.cause, sent.code, sent.phase)


@case("impatient")
def a_slow_source_is_fine(rig, ep):
    mark = rig.mark()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--text", "x",
                    "--header", "X-Interop: " + mark, "--attach", rig.pipe(
                        [BINARY[:4000], 1, BINARY[4000:30000], 1,
                         BINARY[30000:]]) + ",name=slow.bin")
    need_ok(sent)
    need(not re.search(r"C: MAIL FROM:.* SIZE=", sent.err),
         "a size that nobody knows")
    rig.show_item("R1870-6-2", True)
    [(_, got)] = rig.server.mail.take("user", mark)
    why = compare.built_difference({"text": "x", "attachments": [
        ("slow.bin", "application/octet-stream", BINARY)]}, got)
    need(why is None, "%s", why)
    rig.count(ep, "-")


@case("slowend", "R5321-4.5.3.2.6-1",
      each=lambda rig, ep: [("DATA", "chunking=no"),
                            ("BDAT", "bdat-one-flight=no")])
def lost_after_the_end_is_unknown(rig, ep, name, option):
    mark = rig.mark()
    sent = rig.send(ep, "--from", SENDER, "--to", USER, "--to", TESTER,
                    "--to", rig.server.reject, "--raw",
                    rig.file("raw.eml", raw_message(mark, b"x\n")),
                    "--option", option, seconds=2)
    need(sent.exit == 2 and sent.status == "UNKNOWN", "%s", sent.status)
    need((sent.cause, sent.phase) == ("TIMEOUT", "final"), "%s in %s",
         sent.cause, sent.phase)
    need([r[0] for r in sent.rows()] == ["UNKNOWN", "UNKNOWN", "REFUSED"],
         "rows %s", sent.rows())
    # and it was the truth to say so: the server did take it
    for who in ("user", "tester"):
        rig.server.mail.take(who, mark)
    rig.count(ep, "-", 2)


#
# LMTP: one verdict for each recipient.
#

def lmtp_send(rig, ep, addresses, *more, **how):
    mark = rig.mark()
    message = raw_message(mark, RAW["dots"])
    words = ["--from", SENDER, "--raw", rig.file("raw.eml", message)]
    for address in addresses:
        words += ["--to", address]
    return mark, compare.to_crlf(message), rig.send(ep, *words, *more, **how)


@case("lmtp")
def one_of_two_is_unknown(rig, ep):
    mark, message, sent = lmtp_send(
        rig, ep, [USER, rig.server.lmtp_reject])
    need(sent.exit == 1 and sent.status == "PARTIAL", "%s", sent.status)
    rows = sent.rows()
    need(rows[0][:2] == ("OK", 250) and rows[1] == (
        "REFUSED", 550, "5.1.1"), "rows %s", rows)
    [(_, got)] = rig.server.lmtp_mail.take("user", mark)
    need(got == message, "the message is another")
    rig.count(ep, "-")


@case("lmtp")
def name_in_LHLO(rig, ep):
    mark = rig.mark()
    message = raw_message(mark, b"x\n")
    need_ok(rig.send(ep, "--from", SENDER, "--to", USER, "--raw",
                     rig.file("raw.eml", message), helo=None))
    [(head, _)] = rig.server.lmtp_mail.take("user", mark)
    said = compare.field(head, "Received").split()[1]
    need(said in (("localhost",) if "+unix:" in ep.url else
                  ("[127.0.0.1]", "[IPv6:::1]")), "it said %s", said)
    rig.count(ep, "-")


@case("lmtp", "R2033-4.2-1")
def each_has_a_verdict_after_the_data(rig, ep):
    mark, message, sent = lmtp_send(
        rig, ep, [USER, rig.server.lmtp_reject, rig.server.full, TESTER])
    need(sent.exit == 1 and sent.status == "PARTIAL", "%s", sent.status)
    rows = sent.rows()
    need([r[0] for r in rows[:2]] == ["OK", "REFUSED"] and rows[3][0] == "OK",
         "rows %s", rows)
    need(rows[2][0] in ("REFUSED", "LATER") and rows[2][1] in (452, 552)
         and rows[2][2][1:] == ".2.2", "rows %s", rows)
    for who in ("user", "tester"):
        [(_, got)] = rig.server.lmtp_mail.take(who, mark)
        need(got == message, "the message is another")
    rig.count(ep, "-", 2)


@case("lmtp", "R2033-4.2-2")
def twice_the_same_is_two_verdicts(rig, ep):
    mark, message, sent = lmtp_send(rig, ep, [USER, TESTER, USER],
                                    seconds=2 if "once" in ep.traits else 20)
    if "once" in ep.traits:
        need([r[0] for r in sent.rows()] == ["OK", "OK", "UNKNOWN"],
             "rows %s", sent.rows())
        for who in ("user", "tester"):
            rig.server.lmtp_mail.take(who, mark)
        return "the server has one word for both"
    need_ok(sent)
    need(len(sent.rows()) == 3, "rows %s", sent.rows())
    copies = int(rig.server.copies)
    rig.server.lmtp_mail.take("user", mark, copies)
    rig.server.lmtp_mail.take("tester", mark)
    rig.count(ep, "-", 1 + copies)


@case("lmtp", "R2033-4.2-3")
def nobody_is_known(rig, ep):
    mark, message, sent = lmtp_send(
        rig, ep, [rig.server.lmtp_reject], "--count", "2")
    need(sent.exit == 69 and len(sent.objects) == 2, "%d objects, exit %d",
         len(sent.objects), sent.exit)
    for i in range(2):
        need(sent.rows(i) == [("REFUSED", 550, "5.1.1")], "rows %s",
             sent.rows(i))


@case("lmtp")
def all_or_nothing_is_not_for_LMTP(rig, ep):
    mark, message, sent = lmtp_send(rig, ep, [USER, TESTER],
                                    "--require-all")
    need(sent.exit in (65, 69) and sent.status in (
        "ARGUMENT", "UNSUPPORTED", "REFUSED"), "%s", sent.status)


#
# At the end: nothing was left out, and nothing lies in the mailboxes that was
# never meant to.
#

def it_offers_what_was_expected(rig, ep):
    """Each mechanism and keyword is stated in NAME.sh, so that what is gone,
    and what is new and not tried, does not pass in silence."""
    for what, offered, expected in (
            ("keywords", set(rig.offered), rig.server.extensions),
            ("mechanisms", rig.offered.get("AUTH", set()),
             rig.server.mechanisms)):
        expected = set(expected.split())
        need(offered == expected, "%s: it lacks %s, and also has %s", what,
             sorted(expected - offered), sorted(offered - expected))


def all_that_it_offers_was_used(rig, ep):
    extensions = {e for e in rig.server.extensions.split() if rig.has(e)}
    need(extensions <= rig.used, "never used: %s",
         sorted(extensions - rig.used))
    mechanisms = set(common(rig, rig.server.mechanisms.split()))
    for what, seen in (
            ("carried no mail", {k[2] for k in rig.compared}),
            ("never refused a wrong secret", rig.refused | {"ANONYMOUS"})):
        need(mechanisms <= seen, "%s: %s", what, sorted(mechanisms - seen))



def nothing_else_came(rig, ep):
    rig.server.quiet()
    for mail in {rig.server.mail, rig.server.lmtp_mail}:
        mail.scan()
        need(not mail.broken, "broken line ends in %s", mail.broken)
        left = {k: len(v) for k, v in mail.waiting.items()}
        need(not left, "mails that nobody should have got: %s", left)
