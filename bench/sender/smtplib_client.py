# SPDX-License-Identifier: MIT
"""Mails of 1 KiB by Python's smtplib: PORT MESSAGES SESSIONS [how [ca.pem]]"""
import smtplib
import ssl
import sys
import threading

HEAD = ("From: <a@example.org>\r\nTo: <b@example.org>\r\nSubject: bench\r\n"
        "Date: Sat, 01 Aug 2026 12:00:00 +0000\r\n"
        "Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n")
LINE = "abcdefghijklmnopqrstuvwxyz" * 3
MAIL = HEAD
while len(MAIL) < 1024:
    MAIL += LINE[:min(70, 1024 - len(MAIL) - 2)] + "\r\n"
MAIL = MAIL.encode()


def session(port, messages, how, ca):
    context = ssl.create_default_context(cafile=ca) if ca else None
    if how.startswith("tls"):
        s = smtplib.SMTP_SSL("127.0.0.1", port, "client.example.org",
                             context=context)
    else:
        s = smtplib.SMTP("127.0.0.1", port, "client.example.org")
    if how.startswith("starttls"):
        s.starttls(context=context)
    if ca:
        s.login("user", "secret")
    for _ in range(messages):
        s.sendmail("a@example.org", ["b@example.org"], MAIL)
    s.quit()


def main():
    port, messages, sessions = map(int, sys.argv[1:4])
    how = sys.argv[4] if len(sys.argv) > 4 else "plain"
    ca = sys.argv[5] if len(sys.argv) > 5 else None
    threads = [threading.Thread(target=session,
                                args=(port, messages, how, ca))
               for _ in range(sessions)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


main()
