# SPDX-License-Identifier: MIT
"""Send a mail with an attachment that is read from a stream of Python.

usage: send.py url user from to... < attachment
SMTP_PASSWORD, SMTP_CA_FILE; LIBSMTP is the library if it is not installed.
Prints a row for each recipient: its address, status, code and words.
"""
import ctypes
import os
import sys
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_void_p

FAILED = -2                      # SMTP_SOURCE_FAILED
UNKNOWN = 2 ** 64 - 1            # SMTP_SIZE_UNKNOWN
READ = ctypes.CFUNCTYPE(ctypes.c_ssize_t, c_void_p, c_void_p, c_size_t)

lib = ctypes.CDLL(os.environ.get("LIBSMTP", "libsmtp.so.0"))
for name, result, *arguments in (
        ("options_new", c_void_p), ("options_free", None, c_void_p),
        ("options_set", c_int, c_void_p, c_char_p, c_char_p),
        ("open", c_int, POINTER(c_void_p), c_char_p, c_void_p),
        ("auth", c_int, c_void_p, c_char_p, c_char_p),
        ("send", c_int, c_void_p, c_void_p), ("close", c_int, c_void_p),
        ("error", c_char_p, c_void_p), ("status_name", c_char_p, c_int),
        ("message_new", c_void_p), ("message_free", None, c_void_p),
        ("message_set_from", c_int, c_void_p, c_char_p),
        ("message_add_to", c_int, c_void_p, c_char_p),
        ("message_set_subject", c_int, c_void_p, c_char_p),
        ("message_set_text", c_int, c_void_p, c_char_p),
        ("message_attach", c_int, c_void_p, c_void_p, c_char_p, c_char_p),
        ("source_callback", c_void_p, READ, c_void_p, c_void_p, c_void_p,
         ctypes.c_uint64),
        ("message_recipient_count", c_size_t, c_void_p),
        ("message_recipient_address", c_char_p, c_void_p, c_size_t),
        ("message_recipient_status", c_int, c_void_p, c_size_t),
        ("message_recipient_code", c_int, c_void_p, c_size_t),
        ("message_recipient_text", c_char_p, c_void_p, c_size_t)):
    function = getattr(lib, "smtp_" + name)
    function.restype, function.argtypes = result, arguments


def source(stream):
    """A source over a stream, and what has to live as long as it does."""
    def read(_, p, n):
        try:
            data = stream.read(n)
            ctypes.memmove(p, data, len(data))
            return len(data)
        except BaseException:    # ctypes would return 0, which is the end
            return FAILED
    callback = READ(read)
    return lib.smtp_source_callback(callback, None, None, None,
                                    UNKNOWN), callback


def rows(message):
    for i in range(lib.smtp_message_recipient_count(message)):
        status = lib.smtp_message_recipient_status(message, i)
        yield " ".join((
            lib.smtp_message_recipient_address(message, i).decode(),
            lib.smtp_status_name(status).decode(),
            str(lib.smtp_message_recipient_code(message, i)),
            lib.smtp_message_recipient_text(message, i).decode(
                "utf-8", "backslashreplace")))


def main(url, user, sender, *recipients):
    options, smtp = lib.smtp_options_new(), c_void_p()
    lib.smtp_options_set(options, b"ca-file",
                         os.environb.get(b"SMTP_CA_FILE"))
    message = lib.smtp_message_new()
    lib.smtp_message_set_from(message, sender.encode())
    for recipient in recipients:
        lib.smtp_message_add_to(message, recipient.encode())
    lib.smtp_message_set_subject(message, "Grüße aus Python".encode())
    lib.smtp_message_set_text(message, b"Attached.\n")
    attachment, keep = source(sys.stdin.buffer)
    lib.smtp_message_attach(message, attachment, None, b"stream.bin")
    try:
        rc = lib.smtp_open(byref(smtp), url.encode(), options)
        rc = rc or lib.smtp_auth(smtp, user.encode(),
                                 os.environb.get(b"SMTP_PASSWORD"))
        rc = rc or lib.smtp_send(smtp, message)
        if rc:
            print("send.py:", lib.smtp_error(smtp).decode(), file=sys.stderr)
        for row in rows(message):
            print(row)
    finally:
        lib.smtp_close(smtp)
        lib.smtp_message_free(message)
        lib.smtp_options_free(options)
    return 0 if rc == 0 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
