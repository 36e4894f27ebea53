#!/usr/bin/env python3
"""Each switch of include/smtp/config.h off by itself, and all of them: the
tests of what is left pass, and the library is smaller.

    BUILD=build python3 tools/switches.py [doc]

The switches are those that config.h has on by default; each is a build of its
own, and so are all of them together, and all that the client can do without
(lib/client.h refuses the others). What a switch changes is compiled with it
off, into BUILD/switches, and the test programs that use it are run: those that
do without the client whenever something below them is another octet, those of
the client where they or what they call themselves is, or many switches are off.
ONLY='BDAT all' takes these builds alone, TESTS='dialogue' these programs; with
WIDE=yes those of the client are run whatever changed (over an hour).

A case that needs a switch says so: needs(SMTP_WITH_BDAT) in a test,
"Needs: BDAT" in a transcript. It is left out where that is off, and counted so,
not as passed; `#if' around a case would hide it, and is refused. A program of
the client is left out as a whole where there is none.

Printed are cases that passed and were left out, and octets of code and
constants less: of the floors text, codec, sasl and proto on a Cortex-M4, and of
the whole library here. SIZES.md has them, too: `doc' writes it anew
(tools/sizes.sh). The last line is "N passed, N failed".
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys

BUILD = os.environ.get("BUILD", "build")
WORK = os.path.join(BUILD, "switches")
JOBS = int(os.environ.get("JOBS", os.cpu_count() or 1))
ONLY = os.environ.get("ONLY", "").split()
WIDE = bool(os.environ.get("WIDE"))
PROGRAMS = os.environ.get("TESTS", "").split()
SECONDS = int(os.environ.get("SMTP_TEST_SECONDS", "300"))
CONFIG = "include/smtp/config.h"
REFUSES = "the client needs"


def ask(command, otherwise):
    """What pkg-config knows, as a list of words."""
    try:
        return subprocess.run(command.split(), check=True,
                              capture_output=True, text=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        return otherwise.split()


MBEDTLS = os.environ.get("MBEDTLS_PREFIX", "")
if MBEDTLS:
    TLS_FLAGS = ["-isystem", MBEDTLS + "/include"]
    TLS_LIBS = ["-L%s/lib" % MBEDTLS, "-Wl,-rpath,%s/lib" %
                os.path.abspath(MBEDTLS), "-lmbedtls", "-lmbedx509",
                "-lmbedcrypto"]
else:
    TLS_FLAGS = ask("pkg-config --cflags mbedtls mbedx509 mbedcrypto", "")
    TLS_LIBS = ask("pkg-config --libs mbedtls mbedx509 mbedcrypto",
                   "-lmbedtls -lmbedx509 -lmbedcrypto")
LIBS = ask("pkg-config --libs cmocka", "-lcmocka") + TLS_LIBS
WARN = "-Wall -Wextra -Werror".split()
HERE = ["gcc", "-pthread", "-Iinclude", "-Ilib", *WARN, *TLS_FLAGS]
# What the Makefile says of programs that answer in place of others.
LINK = {words[0]: ["-Wl,--wrap=" + w for w in words[1:]] for words in
        (row.split() for row in os.environ.get("WRAPPED", "").split(","))
        if words}
M4 = ("arm-none-eabi-gcc -std=c11 -Os -mthumb -mcpu=cortex-m4 -ffreestanding "
      "-ffunction-sections -fdata-sections -fno-common -Iinclude -Ilib "
      "-DSMTP_OCTETS=uint32_t").split()
FLOORS = ("lib/text/", "lib/codec/", "lib/sasl/", "lib/proto/")


def sources(folder):
    found = []
    for where, _, names in os.walk(folder):
        found += [os.path.join(where, n) for n in names if n.endswith(".c")]
    return sorted(found)


LIB = sources("lib")
SUPPORT = sources("tests/support")
TESTS = [s for s in sources("tests") if re.match(r"tests/test_\w+\.c$", s)
         and (not PROGRAMS or s[11:-2] in PROGRAMS)]


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def name_of(test):
    return re.sub(r"tests/test_(\w+)\.c", r"\1", test)


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


def must(*command):
    done = run(*command)
    if done.returncode != 0:
        sys.exit("%s\n%s" % (" ".join(command), done.stderr))
    return done.stdout


# ---- the switches, and what they change

def switches():
    with open(CONFIG) as file:
        found = re.findall(r"^#define SMTP_WITH_(\w+) 1\b", file.read(), re.M)
    if not found:
        sys.exit("switches: %s has none" % CONFIG)
    return found


def macros(flags):
    """What config.h makes of them: one switch can decide another."""
    text = must("gcc", "-E", "-dM", "-Iinclude", *flags, CONFIG)
    return dict(re.findall(r"^#define (SMTP_\w+) (.*)$", text, re.M))


def hidden_cases(test, known):
    """Cases that `#if` leaves out, so that nobody would count them."""
    found, inside = [], []
    with open(test) as file:
        for number, line in enumerate(file, 1):
            if re.match(r"#\s*if", line):
                inside.append(any("SMTP_WITH_" + s in line for s in known))
            elif re.match(r"#\s*endif", line):
                inside.pop()
            elif line.startswith("LEFT_OUT("):
                inside[-1] = False
            elif "cmocka_unit_test" in line and any(inside):
                found.append("%s:%d: say needs() in it: %s" % (
                    test, number, line.strip()))
    return found


def compiled(source, out, flags):
    os.makedirs(os.path.dirname(out), exist_ok=True)
    if source.startswith("lib/"):
        own = ["-std=c11", "-Os", "-fvisibility=hidden"]
    else:
        own = ["-std=gnu11", "-O1", "-Wno-unused", "-Itests"]
    return run(*HERE, *own, *flags, "-MMD", "-c", "-o", out, source)


def text_of(tool, objects):
    """Code and constants, by object."""
    lines = must(tool, *objects).split("\n")[1:]
    return {o: int(line.split()[0]) for o, line in zip(objects, lines)}


class Everything:
    """The library and the tests with all switches as they are."""

    def __init__(self, pool):
        self.folder = os.path.join(WORK, "default")
        self.object, self.names, self.uses, self.calls = {}, {}, {}, {}
        self.all = LIB + SUPPORT + TESTS
        for source, out in zip(self.all, pool.map(self.compile, self.all)):
            self.object[source] = out
        self.read_names()
        self.archives = archives(self.folder, self.object)
        source_of = {o: s for s, o in self.object.items()}
        for test, pulled in zip(TESTS, pool.map(self.link, TESTS)):
            self.uses[test] = {source_of[o] for o in pulled} | {test}
        self.read_calls()
        self.m4 = {s: os.path.join(WORK, "m4", s[:-2] + ".o")
                   for s in LIB if s.startswith(FLOORS)}
        list(pool.map(lambda s: on_m4(s, self.m4[s], []), self.m4))

    def compile(self, source):
        out = os.path.join(self.folder, source[:-2] + ".o")
        done = compiled(source, out, [])
        if done.returncode != 0:
            sys.exit(done.stderr)
        return out

    def link(self, test):
        done, pulled = linked(os.path.join(self.folder, "bin", name_of(test)),
                              test, self.object[test], self.archives)
        if done.returncode != 0:
            sys.exit(done.stderr)
        return pulled

    def read_names(self):
        """What each file and the headers it includes mention of config.h."""
        seen = {}
        for source in self.all:
            with open(self.object[source][:-2] + ".d") as file:
                paths = re.findall(r"\b[\w/.-]+\.[ch]\b", file.read())
            self.names[source] = set()
            for path in paths:
                if path == CONFIG or not re.match("(lib|include|tests)/",
                                                  path):
                    continue
                if path not in seen:
                    with open(path) as file:
                        seen[path] = set(re.findall(r"\bSMTP_\w+",
                                                    file.read()))
                self.names[source] |= seen[path]

    def read_calls(self):
        """Which files of the library a test calls by itself."""
        owner = {}
        for source in LIB:
            for name in must("nm", "-g", "--defined-only",
                             self.object[source]).split("\n"):
                if name:
                    owner[name.split()[-1]] = source
        for test in TESTS:
            names = must("nm", "-u", self.object[test]).split()[1::2]
            self.calls[test] = {owner[n] for n in names if n in owner}


def archives(folder, objects):
    """The library and what the tests share, of the objects that there are."""
    made = []
    for name, group in (("support.a", SUPPORT), ("lib.a", LIB)):
        path = os.path.join(folder, name)
        os.makedirs(folder, exist_ok=True)
        if os.path.exists(path):
            os.remove(path)
        must("ar", "qcsT", path, *(objects[s] for s in group
                                   if s in objects))
        made.append(path)
    return made


def linked(out, test, obj, libraries):
    os.makedirs(os.path.dirname(out), exist_ok=True)
    done = run("gcc", "-pthread", *LINK.get(name_of(test), []),
               "-Wl,--trace", "-o", out, obj, *libraries, *LIBS)
    ours = re.findall(r"(%s/\S+?/(?:lib|tests/support)/\S+\.o)" %
                      re.escape(WORK), done.stdout)
    return done, set(ours)


def on_m4(source, out, flags):
    os.makedirs(os.path.dirname(out), exist_ok=True)
    must(*M4, *flags, "-c", "-o", out, source)


# ---- one build

class Build:
    def __init__(self, name, off, whole, pool):
        self.name, self.whole, self.many = name, whole, len(off) > 1
        self.folder = os.path.join(WORK, name)
        self.flags = ["-DSMTP_WITH_%s=0" % s for s in off]
        self.objects, self.faults, self.refused = {}, [], set()
        now, was = macros(self.flags), macros([])
        changed = {k for k in was if was[k] != now.get(k)}
        touched = [s for s in whole.all if whole.names[s] & changed]
        for source, out in pool.map(self.compile, touched):
            if out is not None and contents(out) != contents(
                    whole.object[source]):
                self.objects[source] = out
        self.all = {s: self.objects.get(s, whole.object[s])
                    for s in whole.all if s not in self.refused}
        self.client = not any(s.startswith("lib/") for s in self.refused)
        m4 = [s for s in touched if s in whole.m4]
        self.m4 = dict(whole.m4)
        for source in m4:
            self.m4[source] = os.path.join(self.folder, "m4",
                                           source[:-2] + ".o")
        list(pool.map(lambda s: on_m4(s, self.m4[s], self.flags), m4))

    def compile(self, source):
        out = os.path.join(self.folder, source[:-2] + ".o")
        done = compiled(source, out, self.flags)
        if done.returncode == 0:
            return source, out
        self.refused.add(source)
        if REFUSES not in done.stderr:
            self.faults.append("%s does not compile: %s" % (source, " ".join(
                re.findall(r"error: .*", done.stderr)[:2])))
        return source, None

    def tests(self):
        """Those to run, and how many a build without the client leaves out."""
        those, without = [], 0
        for test in TESTS:
            uses = self.whole.uses[test]
            if test in self.refused:
                continue
            if uses & self.refused:
                without += 1
            elif uses & set(self.objects) and (
                    WIDE or self.many or "lib/client.c" not in uses or
                    test in self.objects or
                    self.whole.calls[test] & set(self.objects)):
                those.append(test)
        return those, without

    def run(self, test):
        """Cases that passed and that were left out, and what was wrong;
        nothing, if all of the program is left out."""
        program = os.path.join(self.folder, "bin", name_of(test))
        done, _ = linked(program, test, self.all[test], self.libraries)
        if done.returncode != 0:
            return 0, 0, ["%s does not link: %s" % (test, " ".join(re.findall(
                r"undefined reference to \S+", done.stderr)[:3]))]
        env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", LC_ALL="C",
                   BUILD=BUILD)
        env.pop("SMTP_PROVED", None)
        log = os.path.join(self.folder, name_of(test) + ".log")
        with open(log, "wb") as file:
            status = subprocess.run(
                ["timeout", "-k", "5", str(SECONDS), program], env=env,
                stdin=subprocess.DEVNULL, stdout=file,
                stderr=subprocess.STDOUT, check=False).returncode
        os.remove(program)
        text = contents(log).decode("utf-8", "replace")
        left = len(re.findall(r"^(?:not )?ok\b.*# SKIP", text, re.M))
        good = len(re.findall(r"^ok\b(?!.*# SKIP)", text, re.M))
        bad = re.findall(r"^not ok \d+ - (?!.*# SKIP)(.*)", text, re.M)
        if re.search(r"^1\.\.0 # left out: ", text, re.M):
            return None
        plan = sum(int(n) for n in re.findall(r"^1\.\.(\d+)$", text, re.M))
        wrong = ["%s: %s" % (name_of(test), b) for b in bad]
        if not wrong and (status != 0 or plan != good + left or not plan):
            wrong = ["%s: status %d, %d of %d cases" % (
                name_of(test), status, good + left, plan)]
        if left != text.count("# left out: "):
            wrong.append("%s: a case was skipped without a need" %
                         name_of(test))
        return good, left, wrong

    def smaller(self):
        def less(tool, was, now):
            return sum(text_of(tool, list(was)).values()) - \
                sum(text_of(tool, list(now)).values())
        here = "-"
        if self.client:
            here = less("size", [self.whole.object[s] for s in LIB],
                        [self.all[s] for s in LIB])
        return less("arm-none-eabi-size", self.whole.m4.values(),
                    self.m4.values()), here

    def judge(self, pool):
        self.libraries = archives(self.folder, self.all)
        those, without = self.tests()
        ran = passed = left = 0
        for done in pool.map(self.run, those):
            if done is None:
                without += 1
                continue
            good, out, wrong = done
            ran, passed, left = ran + 1, passed + good, left + out
            self.faults += wrong
        m4, here = self.smaller()
        if max(m4, here if here != "-" else 0) <= 0:
            self.faults.append("nothing is smaller")
        if not PROGRAMS and not passed:
            self.faults.append("no case passed: nothing was tested")
        print("%-12s %5d %7d %6d %6d   %6d %7s" % (
            self.name, ran, passed, left, without, m4, here),
            flush=True)
        for fault in self.faults:
            print("    FAIL  %s" % fault, flush=True)
        return passed, len(self.faults), (self.name, m4, here)


def is_refused(off):
    """Does lib/client.h say that the client needs one of these?"""
    return REFUSES in run(
        *HERE, *("-DSMTP_WITH_%s=0" % s for s in off), "-fsyntax-only",
        "-x", "c", "lib/client.h").stderr


def stands_on(known):
    """What the client cannot do without; of two that can stand in for each
    other the one that config.h has first."""
    off = []
    for switch in reversed(known):
        if not is_refused(off + [switch]):
            off.append(switch)
    return [s for s in known if s not in off]


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    known = switches()
    builds = {s: [s] for s in known}
    needed = stands_on(known)
    builds["client"] = [s for s in known if s not in needed]
    builds["all"] = known
    faults = [f for t in TESTS for f in hidden_cases(t, known)]
    for fault in faults:
        print("FAIL  " + fault)
    passed, failed, rows = 0, len(faults), []
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool, \
            concurrent.futures.ThreadPoolExecutor(2 * JOBS) as runners:
        whole = Everything(pool)
        print("%d switches; the client stands on %s, and `client' is all "
              "others off" % (len(known), " ".join(needed)))
        print("%-12s %5s %7s %6s %6s   %6s %7s" % (
            "off", "tests", "passed", "cases", "tests", "M4", "library"))
        print("%-12s %5s %7s %13s   %14s" % (
            "", "run", "", "left out", "octets less"))
        for name in builds:
            if ONLY and name not in ONLY:
                continue
            good, bad, row = Build(name, builds[name], whole,
                                   pool).judge(runners)
            passed, failed = passed + good, failed + bad
            rows.append(row)
    if not ONLY:
        failed += table(rows)
    print("\n%d passed, %d failed" % (passed, failed))
    return failed != 0


def table(rows):
    """The part of SIZES.md."""
    path = os.path.join(WORK, "table")
    built = [must(cc, "--version").split("\n")[0]
             for cc in ("arm-none-eabi-gcc", "gcc")]
    machine = must("gcc", "-dumpmachine").strip()
    with open(path, "w") as file:
        file.write("%s; %s for %s; -Os; octets\n\n" % (*built, machine))
        file.write("| off | less on Cortex-M4 | less in the library |\n")
        file.write("|---|--:|--:|\n")
        for row in rows:
            file.write("| %s | %s | %s |\n" % row)
    print(flush=True)
    return subprocess.run(["sh", "tools/sizes.sh", "switches", path,
                           *sys.argv[1:2]], check=False).returncode != 0


sys.exit(main())
