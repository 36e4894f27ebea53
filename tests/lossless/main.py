# SPDX-License-Identifier: MIT
"""Counts what arrived against what the library said.

    main.py SENDER MAILS SEED NAME=URL,HOST,PORT,MAILBOXES,QUEUE...

Several senders at a time send through a way that breaks; then every mailbox
is read. Accepted is once, refused or later never, unknown at most once.
"""

import asyncio
import collections
import os
import random
import re
import sys
import time

from proxy import Way

NUMBER = re.compile(rb"^X-Number: (\d+)\r?$", re.M)
GOOD = ["user@example.com", "tester@example.com", "third@example.com"]
MOST = {"OK": (1, 1), "LATER": (0, 0), "REFUSED": (0, 0), "UNKNOWN": (0, 1)}
SENDERS = 4


async def send(sender, url, first, count, seed, window, addresses, said):
    """One sender; its lines go into `said`."""
    child = await asyncio.create_subprocess_exec(
        sender, url, str(first), str(count), str(seed), str(window),
        *addresses, stdout=asyncio.subprocess.PIPE)
    async for line in child.stdout:
        number, address, status = line.decode().split()
        key = int(number), address
        if key in said:
            raise SystemExit("twice in the report: %s %s" % key)
        said[key] = status
    if await child.wait() != 0:
        raise SystemExit("a sender failed")


def waiting(queue):
    return sum(len(files) for folder in queue
               for _, _, files in os.walk(folder))


def arrived(mailboxes):
    """How often each number lies in each mailbox."""
    found = collections.Counter()
    for folder, _, files in os.walk(mailboxes):
        user = os.path.relpath(folder, mailboxes).split(os.sep)[0]
        if os.path.basename(folder) not in ("new", "cur"):
            continue
        for name in files:
            with open(os.path.join(folder, name), "rb") as file:
                number = NUMBER.search(file.read(4096))
            if number:
                found[int(number.group(1)), user + "@example.com"] += 1
    return found


async def run(sender, mails, seed, name, url, host, port, mailboxes, queue,
              first, refused):
    way = Way(host, int(port), seed)
    url = url.replace("PORT", str(await way.listen()))
    said = {}
    each = mails // SENDERS
    chosen = random.Random(seed)
    await asyncio.gather(*(
        send(sender, url, first + i * each, each, seed * SENDERS + i,
             (1, 2, 8, 32)[i], GOOD + refused[:chosen.randrange(3)], said)
        for i in range(SENDERS)))
    until = time.monotonic() + 120
    while waiting(queue) and time.monotonic() < until:
        await asyncio.sleep(0.2)
    if waiting(queue):
        raise SystemExit("%s: the queue does not empty" % name)
    await asyncio.sleep(1)
    found = arrived(mailboxes)
    wrong = 0
    count = collections.Counter()
    for (number, address), status in sorted(said.items()):
        least, most = MOST.get(status, (0, 0))
        copies = found.pop((number, address), 0)
        count[status] += 1
        count[status, copies] += 1
        if not least <= copies <= most:
            wrong += 1
            print("not ok - %s: mail %d for %s is %s, and lies there %d times"
                  % (name, number, address, status, copies))
    # Nothing came that nobody sent.
    for number, address in found:
        if first <= number < first + mails:
            wrong += 1
            print("not ok - %s: mail %d for %s was not reported"
                  % (name, number, address))
    numbers = {number for number, _ in said}
    if numbers != set(range(first, first + each * SENDERS)):
        raise SystemExit("%s: a mail is not in the report" % name)
    # What never happened was not tried.
    for status in ("OK", "UNKNOWN", "REFUSED"):
        if not count[status]:
            wrong += 1
            print("not ok - %s: never %s" % (name, status))
    for copies in (0, 1):
        if mails >= 2000 and not count["UNKNOWN", copies]:
            wrong += 1
            print("not ok - %s: never unknown with %d copies"
                  % (name, copies))
    print("%s: %d mails, %d recipients over %d connections, %d of which broke"
          % (name, len(numbers), len(said), way.connections, way.broken))
    for status in sorted(k for k in count if isinstance(k, str)):
        print("    %-8s %6d%s" % (status, count[status], "" if status !=
              "UNKNOWN" else ", %d of which arrived" % count["UNKNOWN", 1]))
    return len(said) - wrong, wrong


async def main():
    sender, mails, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    passed = failed = 0
    for i, server in enumerate(sys.argv[4:]):
        name, rest = server.split("=", 1)
        url, host, port, mailboxes, queue, refused = rest.split(",")
        good, bad = await run(
            sender, mails, seed, name, url, host, port, mailboxes,
            queue.split(":") if queue else [], 1 + i * 10000000,
            refused.split(":"))
        passed, failed = passed + good, failed + bad
    print("\n%d passed, %d failed" % (passed, failed))
    sys.exit(failed > 0)


asyncio.run(main())
