# SPDX-License-Identifier: MIT
"""The same in the loop of asyncio: nothing blocks, and nobody is called back.

usage: send_async.py url user from to... < attachment       (from a pipe)
"""
import asyncio
import os
import sys
from ctypes import byref, c_char_p, c_int, c_size_t, c_uint64, c_void_p

from send import UNKNOWN, lib, rows     # and the functions declared there

WANT_READ, WANT_WRITE, WANT_SOURCE = 1, 2, 8    # enum smtp_want

for name, result, *arguments in (
        ("step", c_int, c_void_p), ("fd", c_int, c_void_p),
        ("due_ms", c_uint64, c_void_p), ("now_ms", c_uint64),
        ("quit", c_int, c_void_p), ("source_given", c_void_p, c_uint64),
        ("give", c_int, c_void_p, c_char_p, c_size_t)):
    function = getattr(lib, "smtp_" + name)
    function.restype, function.argtypes = result, arguments


async def finish(smtp, rc, source=None, stream=None):
    """Go on with what was begun, and return its status."""
    loop, held, reading = asyncio.get_running_loop(), None, None
    while rc > 0:
        turn, fd = loop.create_future(), lib.smtp_fd(smtp)
        if rc & WANT_SOURCE and reading is None:
            reading = asyncio.ensure_future(stream.read(65536))
        if rc & WANT_READ and fd >= 0:
            loop.add_reader(fd, lambda t=turn: t.done() or t.set_result(0))
        if rc & WANT_WRITE and fd >= 0:
            loop.add_writer(fd, lambda t=turn: t.done() or t.set_result(0))
        left = lib.smtp_due_ms(smtp) - lib.smtp_now_ms()
        try:
            await asyncio.wait({turn, reading} - {None},
                               timeout=min(max(left, 0) / 1000, 3600),
                               return_when=asyncio.FIRST_COMPLETED)
        finally:
            if fd >= 0:
                loop.remove_reader(fd)
                loop.remove_writer(fd)
        if reading and reading.done():
            # Borrowed until it is wanted again, so it is held here.
            held = None if reading.exception() else reading.result()
            lib.smtp_give(source, held, len(held or b""))
            reading = None
        rc = lib.smtp_step(smtp)
    return rc


async def standard_input():
    stream = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), sys.stdin)
    return stream


async def main(url, user, sender, *recipients):
    stream = await standard_input()
    options, smtp = lib.smtp_options_new(), c_void_p()
    lib.smtp_options_set(options, b"blocking", b"no")
    lib.smtp_options_set(options, b"ca-file",
                         os.environb.get(b"SMTP_CA_FILE"))
    message, source = lib.smtp_message_new(), lib.smtp_source_given(UNKNOWN)
    lib.smtp_message_set_from(message, sender.encode())
    for recipient in recipients:
        lib.smtp_message_add_to(message, recipient.encode())
    lib.smtp_message_set_subject(message, "Grüße aus asyncio".encode())
    lib.smtp_message_set_text(message, b"Attached.\n")
    lib.smtp_message_attach(message, source, None, b"stream.bin")
    try:
        rc = await finish(smtp, lib.smtp_open(byref(smtp), url.encode(),
                                              options))
        rc = rc or await finish(smtp, lib.smtp_auth(
            smtp, user.encode(), os.environb.get(b"SMTP_PASSWORD")))
        rc = rc or await finish(smtp, lib.smtp_send(smtp, message), source,
                                stream)
        if rc:
            print("send_async.py:", lib.smtp_error(smtp).decode(),
                  file=sys.stderr)
        else:
            await finish(smtp, lib.smtp_quit(smtp))
        for row in rows(message):
            print(row)
    finally:
        lib.smtp_close(smtp)     # says nothing, since nothing may block
        lib.smtp_message_free(message)
        lib.smtp_options_free(options)
    return 0 if rc == 0 else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
