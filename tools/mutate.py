#!/usr/bin/env python3
"""Break one thing at a time, and see whether a test notices.

    BUILD=build MUTANTS=300 SEED=1 python3 tools/mutate.py

A mutant is one file of lib/text, lib/codec, lib/sasl or lib/proto in which one
operator, constant or statement is another. Of all that there could be, a
random sample of MUTANTS is tried. Only what the change reaches is compiled,
into BUILD/mutation; no source is written to. The tests that know the file run
until the first one fails or hangs. What still lives is run against its own
tests once more, they and the file with ASan and UBSan, as `make check' has
them.

A mutant does not count when it does not compile, or compiles to the same
octets as the source. tests/mutants.txt lists those that no test can tell from
the source, and why:

    lib/text/out.c
    - the line as it is
    + the line as it is broken
    = why both do the same

ONLY=lib/text/out.c takes them all of one file, or of a folder.
The last line is "N passed, N failed": the share that was killed must be at
least FLOOR percent, and the list may have no record of a line that is gone.
"""
import concurrent.futures
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

TREE = os.getcwd()
WORK = os.path.join(TREE, os.environ.get("BUILD", "build"), "mutation")
MUTANTS = int(os.environ.get("MUTANTS", "300"))
SEED = int(os.environ.get("SEED", "1"))
ONLY = os.environ.get("ONLY", "")
# Of few mutants chance takes more.
FLOOR = float(os.environ.get("FLOOR", "94" if MUTANTS >= 200 else "90"))
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))
EQUAL = "tests/mutants.txt"

FOLDERS = ("lib/text", "lib/codec", "lib/sasl", "lib/proto")
# Made by tools/saslprep.py, and compared with what it makes by a test.
GENERATED = ("lib/text/saslprep_table.c", "lib/text/saslprep_table.h")

# Which tests know a file: its own first, then those of its folder.
OWN = {
    "base64_avx2": "base64", "base64_lines": "base64", "clean": "out trace",
    "cram_md5": "mech digest_fails", "identity": "external",
    "login": "mech", "ntlm": "ntlm digest_fails",
    "mailbox_write": "mailbox", "plain": "mech", "rows": "engine",
    "saslprep": "saslprep scram", "scan_avx2": "scan",
    "scram": "scram digest_fails", "state": "engine",
    "stepped": "scram", "utf8": "utf8 saslprep", "xoauth2": "mech",
    "dialogue": "session engine", "bytes": "out url address",
    "ascii": "ascii", "content": "message",
}
NEAR = {
    "lib/text": "out scan utf8 mailbox punycode address field param word raw "
                "reply command trace identity url tls_hello source part qp "
                "dkim session engine message saslprep",
    "lib/codec": "base64 qp word param xtext line mech field part raw dkim "
                 "session engine source message",
    "lib/sasl": "mech external ntlm scram digest_fails secret session engine "
                "dialogue",
    "lib/proto": "reply command caps stuff session trace engine dialogue",
}
SLOW = ("dialogue",)
# What the Makefile links them with.
LINK = {"digest_fails": [
    "-Wl,--wrap=mbedtls_%s_%s%s" % (d, f, e)
    for d in ("md5", "sha1", "sha256", "sha512")
    for f in ("starts", "update", "finish") for e in ("", "_ret")] +
    ["-Wl,--wrap=mbedtls_ctr_drbg_seed"]}

PLAIN = "gcc", "-O1 -w"
CHECKED = "gcc", "-O1 -w -fsanitize=address,undefined -fno-sanitize-recover=all"


def ask(command, otherwise):
    """What pkg-config knows, as a list of words."""
    try:
        return subprocess.run(command.split(), check=True,
                              capture_output=True, text=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return otherwise.split()


# ---- what could be broken

SWAPS = {
    "<": ("<=", ">="), ">": (">=", "<="), "<=": ("<", ">"), ">=": (">", "<"),
    "==": ("!=",), "!=": ("==",), "&&": ("||",), "||": ("&&",),
    "+": ("-",), "-": ("+",), "*": ("+",), "/": ("*",), "%": ("/",),
    "&": ("|",), "|": ("&",), "^": ("|",), "<<": (">>",), ">>": ("<<",),
    "++": ("--",), "--": ("++",), "+=": ("-=",), "-=": ("+=",),
    "|=": ("&=",), "&=": ("|=",), "<<=": (">>=",), ">>=": ("<<=",),
}
OPERATOR = re.compile(r"<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||\+=|-=|"
                      r"\*=|/=|%=|&=|\|=|\^=|[-+*/%&|^~!<>]")
NUMBER = re.compile(r"(?<![\w.])(0x[0-9a-fA-F]+|[0-9]+)([uUlL]*)(?![\w.])")
WORDS = {
    "true": "false", "false": "true", "break": "", "continue": "",
    "SMTP_OK": "SMTP_E_PROTOCOL", "SMTP_E_LATER": "SMTP_E_REFUSED",
    "SMTP_E_REFUSED": "SMTP_E_LATER", "SMTP_E_ARGUMENT": "SMTP_E_STATE",
    "SMTP_E_STATE": "SMTP_E_ARGUMENT", "SMTP_E_PROTOCOL": "SMTP_E_ARGUMENT",
    "SMTP_E_UNKNOWN": "SMTP_E_LATER", "SMTP_E_SPACE": "SMTP_E_ARGUMENT",
    "SMTP_E_AUTH": "SMTP_E_PROTOCOL", "SMTP_E_CLOSED": "SMTP_E_LATER",
    "SMTP_E_UNSUPPORTED": "SMTP_E_ARGUMENT",
}
WORD = re.compile(r"\b(%s)\b" % "|".join(WORDS))
STATEMENT = re.compile(
    r"^\t+(?!(return|break|continue|goto|case|default|else|do|static|const|"
    r"struct|enum|union|extern|typedef|unsigned|signed|char|int|long|bool|"
    r"size_t|u?int\d*_t|void)\b)[\w*(].*;$")
RETURN = re.compile(r"^\t+return (.+);$")
BRANCH = re.compile(r"^\t+(?:\} )?(?:else )?if (\(.*\))( \{)?$")


def blank(text):
    """The text with comments and directives as blanks, in place, and where
    its strings and characters are."""
    out, strings = [], []
    pattern = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'
                         r"'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:\\\n|[^\n])*",
                         re.S | re.M)
    end = 0
    for m in pattern.finditer(text):
        if m.group()[0] in "\"'":
            strings.append(m)
        out.append(text[end:m.start()])
        out.append(re.sub(r"[^\n]", " ", m.group()))
        end = m.end()
    return "".join(out) + text[end:], strings


def octet(inside):
    """Another octet than the first or only one of a string or character."""
    if inside.startswith("\\"):
        return {"\\r": "\\n", "\\n": "\\r"}.get(inside[:2], "#") + \
            inside[len(re.match(r"\\(x[0-9a-fA-F]+|[0-7]+|.)",
                                inside).group()):]
    return ("$" if inside[0] == "#" else chr(ord(inside[0]) + 1)
            if inside[0] not in "!&[~" else "x") + inside[1:]


class Mutant:
    def __init__(self, path, text, start, end, new):
        self.path, self.new = path, new
        self.text = text[:start] + new + text[end:]
        self.line = text.count("\n", 0, start) + 1
        self.was = text.split("\n")[self.line - 1].strip()
        self.now = self.text.split("\n")[self.line - 1].strip()
        self.key = path, self.was, self.now

    def __str__(self):
        return "%s:%d\n    - %s\n    + %s" % (self.path, self.line, self.was,
                                            self.now)


def skipped(line):
    return re.match(r"\s*(assert|_Static_assert|static_assert)\b", line)


def mutants(path):
    """All mutants of a file, in its order."""
    with open(path) as file:
        text = file.read()
    code, strings = blank(text)
    spots = []
    for m in OPERATOR.finditer(code):
        op, start, end = m.group(), m.start(), m.end()
        spaced = code[start - 1] in " \t\n" and code[end] in " \n"
        if op in ("!", "~"):
            spots.append((start, end, ""))
        elif op in SWAPS and (spaced or op in ("++", "--")):
            spots += [(start, end, new) for new in SWAPS[op]]
    for m in NUMBER.finditer(code):
        n = int(m.group(1), 0 if m.group(1)[:2] == "0x" else 10)
        for other in [n + 1] + ([n - 1] if n > 0 else []):
            spots.append((m.start(), m.end(), "%d%s" % (other, m.group(2))))
    for m in WORD.finditer(code):
        spots.append((m.start(), m.end(), WORDS[m.group()]))
    for m in strings:
        if len(m.group()) > 2:
            spots.append((m.start() + 1, m.end() - 1,
                          octet(m.group()[1:-1])))
    at, before = 0, ""
    for line in code.split("\n"):
        m = RETURN.match(line)
        if m:
            spots.append((at + m.start(1), at + m.end(1),
                          "!(%s)" % text[at + m.start(1):at + m.end(1)]))
        m = BRANCH.match(line)
        if m:
            spots.append((at + m.start(1), at + m.end(1),
                          "(!%s)" % text[at + m.start(1):at + m.end(1)]))
        if STATEMENT.match(line) and line.count("(") == line.count(")") and \
                re.search(r"([;{}):]|\belse)$", before):
            start = at + len(line) - len(line.lstrip("\t"))
            spots.append((start, at + len(line), ";"))
        at += len(line) + 1
        before = line.rstrip() or before
    lines = text.split("\n")
    return [Mutant(path, text, *spot) for spot in sorted(spots)
            if not skipped(lines[text.count("\n", 0, spot[0])])]


# ---- how it is built

class Build:
    """The library and some tests, with one compiler and its flags."""

    def __init__(self, name, compiler):
        self.folder = os.path.join(WORK, name)
        self.cc, self.flags = compiler[0], compiler[1].split()
        self.flags += ["-DSMTP_WITH_NTLM=1", "-pthread"]
        self.flags += ask("pkg-config --cflags mbedtls mbedx509 mbedcrypto",
                          "")
        self.libs = ask("pkg-config --libs cmocka", "-lcmocka")
        self.libs += ask("pkg-config --libs mbedtls mbedx509 mbedcrypto",
                         "-lmbedtls -lmbedx509 -lmbedcrypto")
        self.lock = threading.Lock()
        self.archive = None
        self.programs, self.seconds, self.uses = {}, {}, {}
        self.measuring = {}

    def compile(self, source, out, where=TREE, fake=None):
        """One object; with fake its sources are looked for there first."""
        os.makedirs(os.path.dirname(out), exist_ok=True)
        first = [os.path.join(fake, "lib")] if fake else []
        paths = first + [os.path.join(TREE, p) for p in
                         ("lib", "include", "tests")]
        library = source.startswith("lib/")
        command = [self.cc, "-std=c11" if library else "-std=gnu11",
                   "-MMD", *self.flags, *("-I" + p for p in paths),
                   "-c", "-o", out, source]
        if library:
            command[2:2] = ["-fPIC", "-fvisibility=hidden"]
        return subprocess.run(command, cwd=where, capture_output=True,
                              text=True)

    def object(self, source):
        return os.path.join(self.folder, source[:-2] + ".o")

    def must(self, source):
        done = self.compile(source, self.object(source))
        if done.returncode != 0:
            sys.exit(done.stderr)
        return self.object(source)

    def base(self, pool):
        """The library as it is, and what the tests share."""
        lib = sources("lib")
        support = [s for s in sources("tests/support")]
        objects = list(pool.map(self.must, lib + support))
        self.archive = os.path.join(self.folder, "lib.a")
        subprocess.run(["ar", "qcs", self.archive] + objects, check=True)
        for source, path in zip(lib, objects):
            with open(path[:-2] + ".d") as file:
                self.uses[source] = set(re.findall(r"lib/[\w/]+\.h",
                                                   file.read()))

    def program(self, test):
        with self.lock:
            if test not in self.programs:
                self.programs[test] = self.must("tests/test_%s.c" % test)
        return self.programs[test]

    def run(self, test, out, objects, limit, fake=None):
        """Whether the test passes with these objects in the library's
        place; with fake it is compiled with the headers there."""
        program = self.program(test)
        if fake:
            program = out + ".o"
            done = self.compile("tests/test_%s.c" % test, program, TREE, fake)
            if done.returncode != 0:
                return False
        linked = subprocess.run(
            [self.cc, *self.flags, *LINK.get(test, []), "-o", out,
             program, *objects, self.archive, *self.libs],
            capture_output=True, text=True)
        if linked.returncode != 0:
            sys.exit(linked.stderr)
        return passes(out, limit)

    def measure(self, test):
        """How long the test takes when nothing is broken."""
        start = time.monotonic()
        out = os.path.join(self.folder, "whole-" + test)
        if not self.run(test, out, [], 300):
            sys.exit("mutate: test_%s fails with nothing broken" % test)
        os.remove(out)
        self.seconds[test] = time.monotonic() - start

    def limit(self, test):
        with self.lock:
            one = self.measuring.setdefault(test, threading.Lock())
        with one:
            if test not in self.seconds:
                self.measure(test)
        return 5 + 6 * self.seconds[test]


def sources(folder, end=".c"):
    found = []
    for where, _, names in os.walk(folder):
        found += [os.path.join(where, n) for n in names if n.endswith(end)]
    return sorted(found)


def passes(program, limit):
    """Run it, until the first case that fails."""
    def bounds():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1,) * 2)

    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="STDOUT", LC_ALL="C")
    env.pop("SMTP_PROVED", None)
    # What fails is told on stderr, which nothing holds back.
    child = subprocess.Popen([program], stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, env=env,
                             start_new_session=True, preexec_fn=bounds)

    def kill():
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    timer = threading.Timer(limit, kill)
    timer.start()
    failed = False
    for line in child.stderr:
        if b"[  FAILED  ]" in line:
            failed = True
            break
    kill() if failed else None
    child.stderr.close()
    status = child.wait()
    timer.cancel()
    return status == 0 and not failed


# ---- one mutant

def known_tests(path):
    stem = os.path.basename(path).rsplit(".", 1)[0]
    own = OWN.get(stem, stem).split()
    if path == "lib/text/plain.h":
        own = ["out"]
    own = [t for t in own if os.path.exists("tests/test_%s.c" % t)]
    near = [t for t in NEAR[os.path.dirname(path)].split() if t not in own]
    return own, own + near


def octets(path):
    with open(path, "rb") as file:
        return file.read()


def broken(build, mutant, folder, all_of_them=False):
    """The objects that the change reaches; none where it does not compile,
    or they are the same."""
    fake = os.path.join(folder, "tree")
    copy = os.path.join(fake, mutant.path)
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    with open(copy, "w") as file:
        file.write(mutant.text)
    if mutant.path.endswith(".h"):
        reached = [s for s in build.uses if mutant.path in build.uses[s]]
        for source in reached:
            there = os.path.join(fake, source)
            os.makedirs(os.path.dirname(there), exist_ok=True)
            shutil.copyfile(source, there)
    else:
        reached = [mutant.path]
    objects = []
    for source in reached:
        out = os.path.join(folder, source[:-2] + ".o")
        if build.compile(source, out, fake, fake).returncode != 0:
            return []
        if all_of_them or octets(out) != octets(build.object(source)):
            objects.append(out)
    return objects


def judge(mutant, number, plain, checked):
    """killed, lives, or nothing: it does not count."""
    folder = os.path.join(WORK, "mutant-%d" % number)
    program = os.path.join(folder, "test")
    try:
        objects = broken(plain, mutant, folder)
        if not objects:
            return "nothing"
        own, tests = known_tests(mutant.path)
        fake = os.path.join(folder, "tree")
        for test in tests:
            header = mutant.path.endswith(".h") and test in own
            if not plain.run(test, program, objects, plain.limit(test),
                             fake if header else None):
                return "killed"
        if mutant.path.endswith(".h"):
            return "lives"
        objects = broken(checked, mutant, os.path.join(folder, "checked"),
                         True)
        for test in [t for t in own or tests[:4] if t not in SLOW]:
            if not checked.run(test, program, objects, checked.limit(test)):
                return "killed"
        return "lives"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def equals():
    """The records of tests/mutants.txt: (file, was, now) and their reason."""
    found, path, was, now = {}, None, None, None
    if not os.path.exists(EQUAL):
        return found
    with open(EQUAL) as file:
        for number, line in enumerate(file, 1):
            kind, rest = line[:2], line[2:].strip()
            if line.startswith("lib/"):
                path = line.strip()
            elif kind == "- ":
                was = rest
            elif kind == "+ ":
                now = rest
            elif kind == "= " and path and was and now and rest:
                found[path, was, now] = rest
                now = None
            elif line.strip() and not line.startswith(("#", "  ")):
                sys.exit("%s:%d: not understood" % (EQUAL, number))
    return found


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    everything = []
    for folder in FOLDERS:
        for path in sources(folder) + sources(folder, ".h"):
            if path not in GENERATED:
                everything += mutants(path)
    equal = equals()
    there = {m.key for m in everything}
    stale = [key for key in equal if key not in there]
    wanted = [m for m in everything
              if m.path == ONLY or m.path.startswith(ONLY.rstrip("/") + "/")
              or not ONLY]
    if not wanted:
        sys.exit("mutate: nothing in " + ONLY)
    aim = min(MUTANTS, len(wanted))
    random.Random(SEED).shuffle(wanted)
    print("%d mutants could be made of %d files; %d are tried, seed %d" % (
        len(everything), len({m.path for m in everything}), aim, SEED),
        flush=True)

    plain, checked = Build("plain", PLAIN), Build("checked", CHECKED)
    tally = {f: {"killed": 0, "lives": 0} for f in FOLDERS}
    nothing = same = 0
    lives = []

    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        plain.base(pool)
        checked.archive = plain.archive
        coming = enumerate(wanted)
        running = {}
        done = 0

        def more():
            nonlocal same
            for number, mutant in coming:
                if mutant.key in equal:
                    same += 1
                    continue
                running[pool.submit(judge, mutant, number, plain,
                                    checked)] = mutant
                return

        for _ in range(JOBS):
            more()
        while running:
            ready, _ = concurrent.futures.wait(
                running, return_when=concurrent.futures.FIRST_COMPLETED)
            for one in ready:
                mutant, verdict = running.pop(one), one.result()
                if verdict == "nothing":
                    nothing += 1
                elif done < aim:
                    done += 1
                    tally[os.path.dirname(mutant.path)][verdict] += 1
                    if verdict == "lives":
                        lives.append(mutant)
                        print("lives %s" % mutant, flush=True)
                if done + len(running) < aim:
                    more()

    killed = sum(t["killed"] for t in tally.values())
    print("\n%-12s %6s %6s" % ("", "killed", "of"))
    for folder in FOLDERS:
        t = tally[folder]
        print("%-12s %6d %6d" % (folder, t["killed"],
                                 t["killed"] + t["lives"]))
    print("%-12s %6d %6d" % ("all", killed, done))
    print("not counted: %d that the compiler refuses or sees no change in, "
          "%d of %s" % (nothing, same, EQUAL))
    share = 100.0 * killed / done if done else 0.0
    for key in stale:
        print("stale in %s: %s" % (EQUAL, " | ".join(key)))
    good = share >= FLOOR
    print("%s %.1f %% killed, floor %.1f" % ("ok   " if good else "FAIL ",
                                             share, FLOOR))
    print("%s each record of %s is of a line that is there" % (
        "FAIL " if stale else "ok   ", EQUAL))
    print("\n%d passed, %d failed" % (good + (not stale),
                                      (not good) + bool(stale)))
    return not good or bool(stale)


sys.exit(main())
