"""A TLS server on OpenSSL that says what it saw of each connection.

usage: tls_server.py PEM [--min V] [--max V] [--ciphers LIST] [--no-ticket]
                     [--own-order] [--clients PEM]
                     [--no-extended-master] [--starttls]

Prints "port N", and for each handshake one line of words "name=value"; an
empty value is "-". Then it greets, and answers lines as a mail server would.
"""
import argparse
import os
import socket
import ssl
import sys
import threading

parser = argparse.ArgumentParser()
parser.add_argument("pem")
parser.add_argument("--min", default="1.2")
parser.add_argument("--max", default="1.3")
parser.add_argument("--ciphers")
parser.add_argument("--no-ticket", action="store_true")
parser.add_argument("--no-extended-master", action="store_true")
parser.add_argument("--own-order", action="store_true")
parser.add_argument("--clients")
parser.add_argument("--starttls", action="store_true")
args = parser.parse_args()

versions = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(args.pem)
context.minimum_version = versions[args.min]
context.maximum_version = versions[args.max]
if args.ciphers:
    context.set_ciphers(args.ciphers)
if args.no_ticket:
    context.options |= ssl.OP_NO_TICKET
if args.no_extended_master:
    context.options |= 1  # SSL_OP_NO_EXTENDED_MASTER_SECRET
if args.own_order:
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
else:
    context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
if args.clients:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(args.clients)


def say(*words):
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


def describe(conn):
    unique = None
    if conn.version() == "TLSv1.2":
        unique = conn.get_channel_binding("tls-unique")
    peer = conn.getpeercert() if args.clients else None
    say("session", "version=" + conn.version(),
        "resumed=" + ("yes" if conn.session_reused else "no"),
        "suite=" + conn.cipher()[0],
        "client=" + (peer["subject"][0][0][1] if peer else "-"),
        "unique=" + (unique.hex() if unique else "-"))


def talk(conn, lines):
    """Greeting and replies; True where STARTTLS was asked for."""
    for line in lines:
        word = line.split()[0].upper() if line.split() else b""
        if word in (b"EHLO", b"LHLO"):
            conn.sendall(b"250-test\r\n250 STARTTLS\r\n" if args.starttls
                         and not isinstance(conn, ssl.SSLSocket)
                         else b"250 test\r\n")
        elif word == b"STARTTLS":
            conn.sendall(b"220 go on\r\n")
            return True
        elif word == b"QUIT":
            conn.sendall(b"221 bye\r\n")
            return False
        elif word == b"DATA":
            conn.sendall(b"354 go on\r\n")
            for content in lines:
                if content == b".\r\n":
                    break
            conn.sendall(b"250 taken\r\n")
        else:
            conn.sendall(b"250 ok\r\n")
    return False


def serve(plain):
    try:
        if args.starttls:
            plain.sendall(b"220 test\r\n")
            # unbuffered: what follows STARTTLS belongs to TLS
            if not talk(plain, plain.makefile("rb", buffering=0)):
                return
        conn = context.wrap_socket(plain, server_side=True)
    except (ssl.SSLError, OSError) as error:
        say("failed", str(getattr(error, "reason", error)).replace(" ", "_"))
        plain.close()
        return
    try:
        describe(conn)
        if not args.starttls:
            conn.sendall(b"220 test\r\n")
        talk(conn, conn.makefile("rb"))
        conn.unwrap()
    except (ssl.SSLError, OSError):
        pass
    conn.close()


def leave_with_the_test():
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=leave_with_the_test, daemon=True).start()
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(20)
say("port", str(listener.getsockname()[1]))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],),
                     daemon=True).start()
