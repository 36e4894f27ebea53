# SPDX-License-Identifier: MIT
"""The same in the loop of asyncio, where nothing blocks.

usage: send_async.py url user from to... < attachment       (from a pipe)
"""
import asyncio
import sys
from ctypes import byref, c_int, c_uint64

from send import P, UNKNOWN, compose, env, lib

WANT_READ, WANT_WRITE, WANT_SOURCE = 1, 2, 8    # enum smtp_want
for name, result, *arguments in (
        ("fd", c_int, P), ("quit", c_int, P),
        ("due_ms", c_uint64, P), ("now_ms", c_uint64)):
    function = getattr(lib, "smtp_" + name)
    function.restype, function.argtypes = result, arguments


async def finish(smtp, rc, source=None, stream=None):
    """Go on with what was begun, and return its status."""
    loop, data = asyncio.get_running_loop(), b""
    while rc > 0:
        moved, fd = asyncio.Event(), lib.smtp_fd(smtp)
        left = (lib.smtp_due_ms(smtp) - lib.smtp_now_ms()) / 1000
        if fd >= 0 and rc & WANT_READ:
            loop.add_reader(fd, moved.set)
        if fd >= 0 and rc & WANT_WRITE:
            loop.add_writer(fd, moved.set)
        try:
            if rc & WANT_SOURCE:
                data = await asyncio.wait_for(stream.read(65536), left)
                lib.smtp_give(source, data, len(data))
            else:
                await asyncio.wait_for(moved.wait(), left)
        except asyncio.TimeoutError:
            pass
        finally:
            if fd >= 0:
                loop.remove_reader(fd)
                loop.remove_writer(fd)
        rc = lib.smtp_step(smtp)
    return rc


async def main(url, user, *mail):
    stream, smtp, options = asyncio.StreamReader(), P(), lib.smtp_options_new()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), sys.stdin)
    source = lib.smtp_source_given(UNKNOWN)     # belongs to the message
    message = compose(source, *mail)
    lib.smtp_options_set(options, b"blocking", b"no")
    lib.smtp_options_set(options, b"ca-file", env(b"SMTP_CA_FILE"))
    try:
        rc = lib.smtp_open(byref(smtp), url.encode(), options)
        rc = await finish(smtp, rc) or await finish(
            smtp, lib.smtp_auth(smtp, user.encode(), env(b"SMTP_PASSWORD")))
        rc = rc or await finish(smtp, lib.smtp_send(smtp, message), source,
                                stream)
        if rc:
            return lib.smtp_error(smtp).decode()
        await finish(smtp, lib.smtp_quit(smtp))
    finally:
        print(lib.smtp_message_rows(message).decode(), end="")
        lib.smtp_close(smtp)            # says nothing, since nothing may block
        lib.smtp_message_free(message)
        lib.smtp_options_free(options)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
