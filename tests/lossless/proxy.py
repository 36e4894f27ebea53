# SPDX-License-Identifier: MIT
"""A way to a server that is not to be relied upon.

It passes octets on in pieces of any size and after waits of any length, and
breaks off: after some octets in one direction the connection is reset, ended
or left standing, and what was on its way is passed on or not. All of it comes
from a seed.
"""

import asyncio
import random
import socket
import struct


class Way:
    def __init__(self, host, port, seed):
        self.host, self.port = host, port
        self.random = random.Random(seed)
        self.connections = self.broken = 0

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        self.connections += 1
        mine = random.Random(self.random.random())
        try:
            there = await asyncio.open_connection(self.host, self.port)
        except OSError:
            writer.transport.abort()
            return
        # Where it breaks: octets of this direction, and how.
        plan = {}
        if mine.random() < 0.8:
            forth = mine.random() < 0.6
            # Replies are short: a few hundred octets are several of them.
            plan[forth] = (mine.randrange(40, 60000 if forth else 3000),
                           mine.choice(("reset", "end", "stand", "deaf")))
            self.broken += 1
        broken = asyncio.Event()
        await asyncio.gather(
            self.carry(reader, there[1], mine, plan.get(True), broken),
            self.carry(there[0], writer, mine, plan.get(False), broken),
            return_exceptions=True)
        for end in (writer, there[1]):
            end.close()

    async def carry(self, reader, writer, mine, plan, broken):
        left, how = plan or (None, None)
        quick = mine.random() < 0.5
        while True:
            data = await self.read(reader, broken)
            if not data:
                break
            cut = left is not None and len(data) >= left
            if cut:
                data = data[:left]
            for piece in self.pieces(data, mine):
                if not quick and mine.random() < 0.2:
                    await asyncio.sleep(mine.random() * 0.01)
                writer.write(piece)
                await writer.drain()
            if cut:
                await self.break_off(writer, how, mine)
                broken.set()
                return
            if left is not None:
                left -= len(data)
        if writer.can_write_eof():
            writer.write_eof()

    async def read(self, reader, broken):
        """What comes next; nothing once the other direction is broken."""
        reading = asyncio.ensure_future(reader.read(4096))
        ending = asyncio.ensure_future(broken.wait())
        try:
            await asyncio.wait((reading, ending),
                               return_when=asyncio.FIRST_COMPLETED)
            return reading.result() if reading.done() else b""
        finally:
            reading.cancel()
            ending.cancel()

    @staticmethod
    def pieces(data, mine):
        while data:
            n = mine.choice((1, 2, 7, 100, len(data)))
            yield data[:n]
            data = data[n:]

    @staticmethod
    async def break_off(writer, how, mine):
        if how == "stand":
            await asyncio.sleep(2.5)
        elif how == "deaf":
            await asyncio.sleep(mine.random() * 0.05)
        if how == "reset":
            writer.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER,
                struct.pack("ii", 1, 0))
            writer.transport.abort()
