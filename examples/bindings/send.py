# SPDX-License-Identifier: MIT
"""Send a mail with an attachment that is read from a stream of Python.

usage: send.py url user from to... < attachment
SMTP_PASSWORD, SMTP_CA_FILE; LIBSMTP is the library if it is not installed.
Prints a row for each recipient: address, status, code, enhanced code, words.
"""
import os
import sys
from ctypes import (CDLL, POINTER, byref, c_char_p as S, c_int, c_size_t,
                    c_uint64, c_void_p as P)

UNKNOWN = 2 ** 64 - 1       # SMTP_SIZE_UNKNOWN
env = os.environb.get
lib = CDLL(os.environ.get("LIBSMTP", "libsmtp.so.0"))
for name, result, *arguments in (
        ("open", c_int, POINTER(P), S, P), ("auth", c_int, P, S, S),
        ("send", c_int, P, P), ("step", c_int, P), ("close", c_int, P),
        ("error", S, P), ("options_new", P), ("options_free", None, P),
        ("options_set", c_int, P, S, S), ("message_new", P),
        ("message_set", c_int, P, S, S), ("message_free", None, P),
        ("message_attach", c_int, P, P, S, S), ("message_rows", S, P),
        ("source_given", P, c_uint64), ("give", c_int, P, S, c_size_t)):
    function = getattr(lib, "smtp_" + name)
    function.restype, function.argtypes = result, arguments


def compose(source, sender, *recipients):
    message = lib.smtp_message_new()
    for name, value in (("From", sender), ("To", ", ".join(recipients)),
                        ("Subject", "Grüße aus Python"), ("text", "Hello.")):
        lib.smtp_message_set(message, name.encode(), value.encode())
    lib.smtp_message_attach(message, source, None, b"stream.bin")
    return message


def finish(smtp, rc, source, stream):
    """Read the stream when the library asks; its errors come at the end."""
    data, failed = b"", None            # lent until it is asked for again
    while rc > 0:
        try:
            data = stream.read(65536)
            lib.smtp_give(source, data, len(data))
        except Exception as error:
            failed = error
            lib.smtp_give(source, None, 0)
        rc = lib.smtp_step(smtp)
    if failed:
        raise failed
    return rc


def main(url, user, *mail):
    smtp, options = P(), lib.smtp_options_new()
    lib.smtp_options_set(options, b"ca-file", env(b"SMTP_CA_FILE"))
    source = lib.smtp_source_given(UNKNOWN)     # belongs to the message
    message = compose(source, *mail)
    try:
        rc = lib.smtp_open(byref(smtp), url.encode(), options)
        rc = rc or lib.smtp_auth(smtp, user.encode(), env(b"SMTP_PASSWORD"))
        rc = rc or finish(smtp, lib.smtp_send(smtp, message), source,
                          sys.stdin.buffer)
        return lib.smtp_error(smtp).decode() if rc else 0
    finally:
        print(lib.smtp_message_rows(message).decode(), end="")
        lib.smtp_close(smtp)
        lib.smtp_message_free(message)
        lib.smtp_options_free(options)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
