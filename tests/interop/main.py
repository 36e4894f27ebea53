# SPDX-License-Identifier: MIT
"""Run the cases: main.py CLIENT WORK NAME=DIR..., a server each."""

import os
import sys
import time

import cases
import compare
import rig


def items():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "..", "requirements.txt")) as file:
        return {line.split()[0] for line in file
                if line.strip() and not line.startswith("#")}


def main():
    begin = time.monotonic()
    client, work, *servers = sys.argv[1:]
    only = os.environ.get("INTEROP_ONLY")
    run = rig.Rig(client, work, os.environ.get("INTEROP_TLS13") == "yes")

    unseen = compare.selftest()
    print("%s - damage to a mail is seen%s" % (
        "not ok" if unseen else "ok", unseen and ": %s" % unseen or ""))
    run.passed += not unseen
    run.failed += bool(unseen)

    for name, _, folder in (s.partition("=") for s in servers):
        run.server = rig.Server(name, folder)
        cases.HINTS.clear()
        cases.GOOD.clear()
        for ep in run.server.endpoints:
            for traits, proves, each, function in rig.CASES:
                if not traits & ep.traits:
                    continue
                if "tls13" in ep.traits and not run.tls13 \
                        and "tls13" not in traits:
                    continue
                if only and only not in function.__name__:
                    continue
                for values in each(run, ep) if each else [()]:
                    run.run(function, ep, proves, *values)
        if any("untrusted" in e.traits for e in run.server.endpoints) \
                and not only:
            run.run(cases.hints_differ, None, "")
        for item, names in cases.SHOWN_BY_ENDPOINTS.items():
            if names <= cases.GOOD:
                run.show_item(item, True)
        run.run(cases.nothing_else_came, None, "")

    shown = sorted(i for i, passed in run.shown.items() if passed)
    for item in sorted(set(run.shown) - items()):
        print("not ok - %s is not in tests/requirements.txt" % item)
        run.failed += 1
    if shown:
        print("proves " + " ".join(shown))

    print("\n%-10s %-14s %-28s %s" % (
        "server", "port", "mechanism", "mails compared"))
    for (server, port, mechanism), number in sorted(run.compared.items()):
        print("%-10s %-14s %-28s %5d" % (server, port, mechanism, number))
    print("\n%d mails in %d s" % (sum(run.compared.values()),
                                time.monotonic() - begin))
    print("%d passed, %d failed" % (run.passed, run.failed))
    return 0 if run.passed and not run.failed and run.compared else 1


sys.exit(main())
