# SPDX-License-Identifier: MIT
"""Run the cases: main.py CLIENT WORK NAME=DIR..., a server each.

A few servers are talked to at a time, each by a process of its own, whose
words are printed when it has ended. A server that takes too long is a failure
of its own.
"""

import json
import os
import re
import signal
import sys
import time

import cases
import compare
import rig

JOBS = int(os.environ.get("INTEROP_JOBS", "4"))
SECONDS = int(os.environ.get("INTEROP_SERVER_SECONDS", "240"))


def items():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "..", "requirements.txt")) as file:
        return {line.split()[0] for line in file
                if line.strip() and not line.startswith("#")}


def run_endpoint(run, ep, only):
    for traits, proves, each, function in rig.CASES:
        if not traits & ep.traits:
            continue
        if "tls13" in ep.traits and not run.tls13 and "tls13" not in traits:
            continue
        if only and not re.search(only, function.__name__):
            continue
        for values in each(run, ep) if each else [()]:
            run.run(function, ep, proves, *values)


def run_server(client, work, name, folder):
    """All that is to be done with one server; what came of it."""
    only = os.environ.get("INTEROP_ONLY")
    run = rig.Rig(client, os.path.join(work, "sent-" + name),
                  os.environ.get("INTEROP_TLS13") == "yes")
    run.server = rig.Server(name, folder)
    for ep in run.server.endpoints:
        run_endpoint(run, ep, only)
    if any("untrusted" in e.traits for e in run.server.endpoints) \
            and not only:
        run.run(cases.hints_differ, None, "")
    for item, names in cases.SHOWN_BY_ENDPOINTS.items():
        if names <= cases.GOOD:
            run.show_item(item, True)
    if not only:
        run.run(cases.it_offers_what_was_expected, None, "")
        run.run(cases.all_that_it_offers_was_used, None, "")
    run.run(cases.nothing_else_came, None, "")
    return {"passed": run.passed, "failed": run.failed, "shown": run.shown,
            "compared": [[*k, v] for k, v in run.compared.items()],
            "used": sorted(run.used)}


class Child:
    """One server, in a process of its own."""

    def __init__(self, client, work, name, folder):
        self.name, self.end = name, time.monotonic() + SECONDS
        self.out = os.path.join(work, name + ".out")
        self.result = os.path.join(work, name + ".result")
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid:
            return
        status = 1
        try:
            with open(self.out, "wb") as file:
                os.dup2(file.fileno(), 1)
            found = run_server(client, work, name, folder)
            with open(self.result, "w") as file:
                json.dump(found, file)
            status = 0
        finally:
            sys.stdout.flush()
            os._exit(status)

    def over(self):
        """What came of it, or None as long as it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        why = None
        if not pid and time.monotonic() < self.end:
            return None
        if not pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            why = "not done after %d s" % SECONDS
        elif status:
            why = "its process ended with status %d" % status
        with open(self.out) as file:
            text = file.read()
        sys.stdout.write(text)
        if why is None:
            with open(self.result) as file:
                return json.load(file)
        print("not ok - %s: %s" % (self.name, why))
        return {"passed": text.count("\nok - "), "used": [], "shown": {},
                "failed": 1 + text.count("\nnot ok - "), "compared": []}


def run_all(client, work, servers):
    waiting, running, found = list(servers), [], {}
    while waiting or running:
        while waiting and len(running) < JOBS:
            name, _, folder = waiting.pop(0).partition("=")
            running.append(Child(client, work, name, folder))
        for child in list(running):
            result = child.over()
            if result is not None:
                running.remove(child)
                found[child.name] = result
                sys.stdout.flush()
        time.sleep(0.05)
    return found


def print_tables(found):
    print("\n%-13s %-14s %-28s %s" % (
        "server", "port", "mechanism", "mails compared"))
    for _, result in sorted(found.items()):
        for server, port, mechanism, number in sorted(result["compared"]):
            print("%-13s %-14s %-28s %5d" % (server, port, mechanism, number))
    print("\n%-13s %s" % ("server", "extensions used"))
    for name, result in sorted(found.items()):
        print("%-13s %s" % (name, " ".join(result["used"])))


def main():
    begin = time.monotonic()
    client, work, *servers = sys.argv[1:]

    unseen = compare.selftest()
    print("%s - damage to a mail is seen%s" % (
        "not ok" if unseen else "ok", unseen and ": %s" % unseen or ""))
    found = run_all(client, work, servers)
    passed = sum(r["passed"] for r in found.values()) + (not unseen)
    failed = sum(r["failed"] for r in found.values()) + bool(unseen)

    shown = {}
    for result in found.values():
        for item, good in result["shown"].items():
            shown[item] = shown.get(item, True) and good
    for item in sorted(set(shown) - items()):
        print("not ok - %s is not in tests/requirements.txt" % item)
        failed += 1
    good = sorted(i for i, passed in shown.items() if passed)
    if good:
        print("proves " + " ".join(good))

    print_tables(found)
    mails = sum(row[3] for r in found.values() for row in r["compared"])
    print("\n%d mails in %d s" % (mails, time.monotonic() - begin))
    print("%d passed, %d failed" % (passed, failed))
    return 0 if passed and not failed and mails else 1


sys.exit(main())
