# SPDX-License-Identifier: MIT
"""Runs smtp-send against one server and watches what becomes of the mail.

A case is a function marked with @case: the traits of endpoints that it is
meant for, and the items of requirements.txt that it shows. It fails by
raising Failed, and may run once for each of several parameters.
"""

import base64
import json
import os
import re
import subprocess
import sys
import threading
import time

import compare

EXIT = {"OK": 0, "PARTIAL": 1, "UNKNOWN": 2, "ARGUMENT": 65, "SOURCE": 66,
        "RESOLVE": 68, "REFUSED": 69, "UNSUPPORTED": 69, "STATE": 70,
        "MEMORY": 71, "SPACE": 71, "CONNECT": 74, "CLOSED": 74, "LATER": 75,
        "TIMEOUT": 75, "CANCELLED": 75, "PROTOCOL": 76, "TLS": 76,
        "CERTIFICATE": 76, "AUTH": 77}
PHASES = ("resolve connect tls greeting ehlo starttls auth mail rcpt data "
          "content final quit").split()
CAUSES = set(EXIT) - {"PARTIAL", "LATER", "REFUSED", "UNKNOWN"} | {"REPLY"}

LOCAL = {"ARGUMENT", "STATE", "SPACE", "MEMORY", "UNSUPPORTED", "SOURCE"}

# The words of smtp_features() are the keywords and mechanisms in small
# letters, but for these; None: no build is without it.
FEATURES = {"STARTTLS": "tls", "AUTH": "plain", **dict.fromkeys(
    "ENHANCEDSTATUSCODES DSN REQUIRETLS LIMITS VRFY ETRN HELP CHUNKING "
    "BINARYMIME PRDR".split())}

# What in a command shows that an extension was used.
SHOWN_BY = {
    "STARTTLS": r"STARTTLS$", "AUTH": r"AUTH ", "CHUNKING": r"BDAT ",
    "SIZE": r"MAIL .* SIZE=", "8BITMIME": r"MAIL .* BODY=8BITMIME",
    "BINARYMIME": r"MAIL .* BODY=BINARYMIME",
    "SMTPUTF8": r"MAIL .* SMTPUTF8", "PRDR": r"MAIL .* PRDR",
    "DSN": r"MAIL .* (RET|ENVID)=|RCPT .* (NOTIFY|ORCPT)=",
    "REQUIRETLS": r"MAIL .* REQUIRETLS", "DELIVERBY": r"MAIL .* BY=",
    "MT-PRIORITY": r"MAIL .* MT-PRIORITY=",
    "FUTURERELEASE": r"MAIL .* HOLD(FOR|UNTIL)=",
    "VRFY": r"VRFY ", "ETRN": r"ETRN ", "HELP": r"HELP",
}


class Failed(Exception):
    pass


def need(condition, text, *values):
    if not condition:
        raise Failed(text % values if values else text)


class Endpoint:
    def __init__(self, server, name, url, traits):
        self.server, self.name, self.url = server, name, url
        # `few=3` is a trait with a value
        self.traits = {t.partition("=")[0] for t in traits}
        self.values = dict(t.split("=") for t in traits if "=" in t)

    @property
    def lmtp(self):
        return self.url.startswith("lmtp")


class Mailboxes:
    """Maildirs below one folder; each mail carries its mark in X-Interop."""

    def __init__(self, folder, line_ends, adds=""):
        self.folder, self.line_ends = folder, line_ends
        self.adds = adds.split()
        self.seen = set()
        self.waiting = {}           # (who, mark): [(head, message)]
        self.broken = []

    def scan(self):
        for who in os.listdir(self.folder):
            new = os.path.join(self.folder, who, "new")
            if not os.path.isdir(new):
                continue
            # names begin with the time of delivery
            for name in sorted(os.listdir(new), key=lambda n: [
                    int(d) for d in re.findall(r"\d+", n.split(",")[0])]):
                path = os.path.join(new, name)
                if path in self.seen:
                    continue
                self.seen.add(path)
                with open(path, "rb") as file:
                    octets = compare.from_store(file.read(), self.line_ends)
                if octets is None:
                    self.broken.append(path)
                    continue
                head, message = compare.take_off(octets)
                message = compare.take_out(message, self.adds)
                mark = compare.field(message.split(b"\r\n\r\n")[0],
                                     "X-Interop")
                self.waiting.setdefault((who, mark), []).append(
                    (head, message))

    def take(self, who, mark, number=1, seconds=20):
        """The mails with that mark; waits until they are there."""
        end = time.monotonic() + seconds
        while True:
            self.scan()
            need(not self.broken, "line ends are broken: %s", self.broken)
            if len(self.waiting.get((who, mark), [])) >= number:
                break
            need(time.monotonic() < end, "%d of %d mails for %s came",
                 len(self.waiting.get((who, mark), [])), number, who)
            time.sleep(0.02)
        found = self.waiting.pop((who, mark))
        need(len(found) == number, "%d mails for %s instead of %d",
             len(found), who, number)
        return found


class Server:
    def __init__(self, name, folder):
        self.name, self.facts, self.endpoints = name, {}, []
        with open(os.path.join(folder, "env")) as file:
            for line in file:
                key, _, value = line.rstrip("\n").partition(" ")
                if key == "endpoint":
                    name, url, *traits = value.split()
                    self.endpoints.append(Endpoint(self, name, url, traits))
                else:
                    self.facts[key] = value
        self.mail = Mailboxes(self.facts["mailboxes"],
                              self.facts["line_ends"],
                              self.facts.get("adds", ""))
        self.lmtp_mail = Mailboxes(
            self.facts["lmtp_mailboxes"], self.facts["lmtp_line_ends"]) \
            if "lmtp_mailboxes" in self.facts else self.mail

    def __getattr__(self, name):
        return self.facts[name]

    def log_end(self, seconds=3):
        """Where the log ends, once it has the end of every session."""
        end = time.monotonic() + seconds
        while True:
            with open(self.facts["log"], "rb") as file:
                text = file.read().decode("utf-8", "replace")
                at = file.tell()
            if "session_log" not in self.facts or time.monotonic() > end:
                return at
            begun, ended = (len(re.findall("(?m)" + self.facts[which], text))
                            for which in ("begin_log", "session_log"))
            if begun <= ended:
                return at
            time.sleep(0.02)

    def log_since(self, at, which, number=1, seconds=5):
        """What the pattern `which` found; waits for `number` of them."""
        end = time.monotonic() + seconds
        while True:
            with open(self.facts["log"], "rb") as file:
                file.seek(at)
                text = file.read().decode("utf-8", "replace")
            found = re.findall("(?m)" + self.facts[which], text)
            if len(found) >= number or time.monotonic() >= end:
                return found
            time.sleep(0.02)

    def session_since(self, at):
        """{"mail": 1, ...} of the sessions that ended since; None if this
        server does not tell. A refused command counts, too."""
        if "session_log" not in self.facts:
            return None
        found = self.log_since(at, "session_log")
        need(found, "the server logged no end of a session")
        total = {}
        for line in found:
            for word in line.split():
                verb, _, number = word.partition("=")
                number = number.split("/")[-1]
                if number.isdigit():
                    total[verb] = total.get(verb, 0) + int(number)
        return total

    def quiet(self, seconds=10):
        """Wait until nothing is on its way to a mailbox."""
        end = time.monotonic() + seconds
        calm = 0
        while calm < 5:
            files = [f for folder in self.queue.split()
                     for _, _, names in os.walk(folder) for f in names]
            calm = 0 if files else calm + 1
            need(time.monotonic() < end, "the queue stays full: %s", files)
            time.sleep(0.05)


def used_in(trace):
    """The extensions that commands show, and several at once."""
    said = re.findall(r"(?m)^C: (.*)$", trace)
    found = {keyword for keyword, pattern in SHOWN_BY.items()
             if any(re.match(pattern, line) for line in said)}
    if re.search(r"(?m)^C: (MAIL|RCPT).*\nC: ", trace):
        found.add("PIPELINING")
    return found


class Sent:
    """One run of smtp-send."""

    def __init__(self, command, run):
        self.command, self.exit = command, run.returncode
        self.out = run.stdout.decode("utf-8", "replace")
        self.err = run.stderr.decode("utf-8", "replace")
        self.objects, at = [], 0
        text = self.out.strip()
        while at < len(text):
            try:
                value, at = json.JSONDecoder().raw_decode(text, at)
            except ValueError as error:
                raise Failed("no JSON on stdout: %s" % error)
            self.objects.append(value)
            while at < len(text) and text[at].isspace():
                at += 1

    def __getattr__(self, name):
        need(self.objects, "no JSON object on stdout")
        return self.objects[0][name]

    def rows(self, index=0):
        return [(r["status"], r["code"], r["enhanced"])
                for r in self.objects[index]["recipients"]]

    def offered(self):
        """{keyword: words behind it} of each EHLO that was answered."""
        found = {}
        for reply in re.findall(r"(?m)^C: [EL]HLO .*\n((?:S: 250-.*\n)*"
                                r"S: 250 .*)$", self.err):
            for line in reply.split("\n")[1:]:
                # AUTH=PLAIN is how it was written before RFC 2554
                words = re.sub("^AUTH=", "AUTH ", line[7:]).split()
                if words:
                    found.setdefault(words[0].upper(), set()).update(words[1:])
        return found

    def used(self):
        found = used_in(self.err)
        if any(r["enhanced"] for o in self.objects for r in o["recipients"]):
            found.add("ENHANCEDSTATUSCODES")
        return found

    def show(self):
        lines = ["$ " + " ".join(
            "'%s'" % w if re.search(r"[^\w@%+=:,./-]", w) else w or "''"
            for w in self.command), "exit status %d" % self.exit]
        for text in (self.out, self.err):
            kept = [l if len(l) < 300 else l[:300] + "..."
                    for l in text.splitlines()]
            if len(kept) > 60:
                kept = kept[:40] + ["..."] + kept[-20:]
            lines += kept
        return lines


class Rig:
    def __init__(self, client, work, tls13):
        self.client, self.work, self.tls13 = client, work, tls13
        told = subprocess.run([client, "--version"], stdout=subprocess.PIPE,
                              check=True, timeout=60).stdout.decode()
        self.features = set(told[told.index("(") + 1:told.index(")")].split())
        self.passed = self.failed = self.marks = 0
        self.compared = {}          # (server, port, mechanism): mails
        self.shown = {}             # item: every case that named it passed
        self.offered = {}           # keyword: words behind it, on any port
        self.used = set()           # extensions, in a mail that was taken
        self.refused = set()        # mechanisms that refused a wrong secret
        self.last = None
        self.server = None

    def has(self, name):
        """Is it in this build: a mechanism, or an extension by keyword?"""
        word = FEATURES.get(name, name.lower())
        return word is None or word in self.features

    def mark(self):
        self.marks += 1
        return "%s-%d" % (self.server.name, self.marks)

    def file(self, name, octets):
        folder = os.path.join(self.work, "files", str(self.marks))
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(octets)
        return path

    def send(self, ep, *words, login="password", secret=None, mechanism=None,
             ca=None, stdin=None, seconds=20, user=None, deadline=90,
             helo="client.example.com"):
        """Run smtp-send once. `login` is password, token or None."""
        server = self.server
        if login == "password" and not ep.traits & {"login", "auth", "short",
                                                    "untrusted", "notls",
                                                    "silent"}:
            login = None
        command = [self.client, "--url", ep.url, "--json", "--trace",
                   "--ca-file", ca or server.ca,
                   "--timeout", str(seconds), "--deadline", str(deadline)]
        if helo is not None:
            command += ["--helo", helo]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C",
                       **{k: v for k, v in os.environ.items() if k.startswith(
                           ("ASAN_", "UBSAN_", "LD_LIBRARY"))}}
        if login is not None:
            secret = secret or getattr(server, login)
            command += ["--user", user or server.user]
            if self.marks % 2:
                environment["SMTP_" + login.upper()] = secret
            else:
                command += ["--%s-file" % login,
                            self.file("secret", secret.encode() + b"\n")]
        if mechanism is not None:
            command += ["--mechanism", mechanism]
        command += words
        try:
            run = subprocess.run(
                command, input=stdin or b"", stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=environment, timeout=120)
        except subprocess.TimeoutExpired:
            raise Failed("smtp-send did not end: " + " ".join(command))
        self.last = sent = Sent(command, run)
        need(sent.exit >= 0, "smtp-send died of signal %d", -sent.exit)
        need("Sanitizer" not in sent.err, "a sanitizer complains")
        if sent.exit != 64:
            self.check_shape(sent)
        for keyword, words in sent.offered().items():
            self.offered.setdefault(keyword, set()).update(words)
        if sent.exit in (0, 1):
            self.used |= sent.used()
        if login is not None:
            self.check_secrets(sent, secret, user or server.user)
        return sent

    def say(self, ep, *lines, sessions=1, user=None, options=()):
        """[(status, code, enhanced, [text, ...])] of lines said to the
        server, in all sessions, and the trace."""
        tool = os.path.join(os.path.dirname(self.client), "..", "tools", "say")
        server = self.server
        command = [tool, str(sessions), ep.url,
                   server.user if user is None else user,
                   "ca-file=" + server.ca, "ehlo-name=client.example.com",
                   *options, "--", *lines]
        run = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, timeout=60, env={
                **os.environ, "SMTP_PASSWORD": server.password})
        out, trace = (t.decode("utf-8", "replace")
                      for t in (run.stdout, run.stderr))
        need(run.returncode == 0, "say ended with status %d: %s",
             run.returncode, trace[-300:])
        replies = []
        for line in out.splitlines():
            if line.startswith("\t"):
                replies[-1][3].append(line[1:])
            elif not line.startswith("session "):
                status, code, *enhanced = line.split()
                replies.append((status, int(code), "".join(enhanced), []))
        self.used |= used_in(trace)
        return replies, trace

    def loop(self, ep, name, text, *to):
        """Run one of the examples of event loops, a session for each."""
        program = os.path.join(os.path.dirname(self.client), name)
        run = subprocess.run(
            [program, ep.url, self.server.user, self.server.user, *to],
            input=text.encode(), stdout=subprocess.PIPE, timeout=60,
            stderr=subprocess.PIPE, env={
                **os.environ, "SMTP_PASSWORD": self.server.password,
                "SMTP_CA_FILE": self.server.ca})
        need(run.returncode == 0, "%s ended with status %d: %s", name,
             run.returncode, run.stderr.decode("utf-8", "replace")[-300:])

    def diagnose(self, ep, password):
        run = subprocess.run(
            [self.client, "--diagnose", "--json", "--url", ep.url,
             "--user", self.server.user, "--ca-file", self.server.ca],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60,
            stderr=subprocess.PIPE,
            env={**os.environ, "SMTP_PASSWORD": password})
        told = json.loads(run.stdout.decode())
        need(run.returncode == EXIT[told["status"]], "exit status %d, %s",
             run.returncode, told["status"])
        need(password not in run.stdout.decode(), "a secret is shown")
        return told

    def pipe(self, pieces):
        """A named pipe that gives octets, and waits the seconds between."""
        path = self.file("pipe", b"")
        os.unlink(path)
        os.mkfifo(path)

        def feed():
            try:
                with open(path, "wb", buffering=0) as pipe:
                    for piece in pieces:
                        if isinstance(piece, bytes):
                            pipe.write(piece)
                        else:
                            time.sleep(piece)
            except BrokenPipeError:
                pass
        threading.Thread(target=feed, daemon=True).start()
        return path

    def dry_run(self, *words):
        """What smtp-send would send."""
        run = subprocess.run([self.client, "--dry-run", *words],
                             stdin=subprocess.DEVNULL, timeout=60,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        need(run.returncode == 0, "--dry-run: exit status %d: %s",
             run.returncode, run.stderr.decode("utf-8", "replace"))
        return run.stdout

    def check_shape(self, sent):
        need(sent.objects, "no JSON object on stdout")
        for o in sent.objects:
            for key, kind in (("status", str), ("cause", str), ("phase", str),
                              ("code", int), ("enhanced", str), ("text", str),
                              ("queue_id", str), ("message_id", str),
                              ("hint", str), ("recipients", list)):
                need(isinstance(o.get(key), kind), "%s is %r", key, o.get(key))
            need(o["status"] in EXIT, "status %r", o["status"])
            need(o["cause"] in CAUSES, "cause %r", o["cause"])
            need(o["phase"] in PHASES or o["phase"] == ""
                 and o["status"] in LOCAL, "phase %r", o["phase"])
            for row in o["recipients"]:
                need(row["status"] in EXIT, "status %r", row["status"])
                need(set(row) >= {"address", "status", "code", "enhanced",
                                  "text"}, "a row has %s", sorted(row))
        codes = [EXIT[o["status"]] for o in sent.objects]
        need(sent.exit in codes, "exit status %d with %s", sent.exit,
             [o["status"] for o in sent.objects])
        need(sent.exit or not any(codes), "exit status 0 with %s",
             [o["status"] for o in sent.objects])

    def check_secrets(self, sent, secret, user):
        def b64(text):
            return base64.b64encode(text.encode()).decode()
        for form in (secret, b64(secret), b64("\0%s\0%s" % (user, secret)),
                     b64("user=%s\1auth=Bearer %s\1\1" % (user, secret))):
            need(form not in sent.err and form not in sent.out,
                 "a secret is shown")
        self.show_item("LIB-H-2", True)

    def count(self, ep, mechanism, number=1):
        key = (self.server.name, ep.name, mechanism)
        self.compared[key] = self.compared.get(key, 0) + number

    def show_item(self, item, passed):
        self.shown[item] = self.shown.get(item, True) and passed

    def run(self, function, ep, items, *values):
        name = " ".join([self.server.name, ep.name if ep else "-",
                         function.__name__.replace("_", " ")]
                        + [str(v) for v in values[:1]])
        self.last = None
        before = dict(self.shown)
        begin = time.monotonic()
        try:
            extra = function(self, ep, *values) or ""
        except (Failed, KeyError, IndexError, OSError, ValueError,
                TypeError, AttributeError) as error:
            why = str(error) if isinstance(error, Failed) else repr(error)
            print("not ok - %s: %s" % (name, why))
            for line in self.last.show() if self.last else []:
                print("      | " + line)
            self.failed += 1
            passed = False
        else:
            took = time.monotonic() - begin
            print("ok - %s%s%s" % (name, extra and ": " + extra,
                                   " (%.1f s)" % took if took > 2 else ""))
            self.passed += 1
            passed = True
        sys.stdout.flush()
        for item in items.split():
            self.show_item(item, passed)


CASES = []


def case(traits, proves="", each=None):
    """`each(rig, endpoint)` gives the parameters, a tuple for each run."""
    def mark(function):
        CASES.append((set(traits.split()), proves, each, function))
        return function
    return mark
