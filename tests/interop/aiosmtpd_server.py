# SPDX-License-Identifier: MIT
"""aiosmtpd with accounts, refusals and Maildirs:

    aiosmtpd_server.py DIR CERTIFICATES SUBMISSION SUBMISSIONS LMTP
"""

import asyncio
import base64
import hmac
import json
import os
import ssl
import sys

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, auth_mechanism

REFUSALS = {"reject": "550 5.1.1 No such user here",
            "defer": "450 4.2.1 Try again later",
            "nobody": "550 5.1.1 No such user here"}
KNOWN = ("user", "tester", "third")


class Handler:
    def __init__(self, folder):
        self.folder, self.count = folder, 0
        with open(os.path.join(folder, "accounts")) as file:
            self.accounts = json.load(file)

    def log(self, *words):
        with open(os.path.join(self.folder, "serverlog"), "a") as file:
            print(*words, file=file)

    def verdict(self, method, user, good):
        self.log("login" if good else "refused", method, user)
        return AuthResult(success=good, handled=False, auth_data=user)

    def authenticate(self, server, session, envelope, method, data):
        assert isinstance(data, LoginPassword)
        user = data.login.decode()
        return self.verdict(method, user, data.password.decode()
                            == self.accounts["passwords"].get(user))

    @auth_mechanism("CRAM-MD5")
    async def auth_cram_md5(self, server, args):
        challenge = "<%s@mail.example.com>" % os.urandom(8).hex()
        answer = await server.challenge_auth(challenge)
        if not isinstance(answer, bytes):
            return AuthResult(success=False)
        user, _, digest = answer.decode().rpartition(" ")
        secret = self.accounts["passwords"].get(user, "")
        return self.verdict("CRAM-MD5", user, hmac.compare_digest(
            digest, hmac.new(secret.encode(), challenge.encode(),
                             "md5").hexdigest()))

    async def auth_XOAUTH2(self, server, args):
        answer = base64.b64decode(args[1]) if len(args) > 1 \
            else await server.challenge_auth("")
        if not isinstance(answer, bytes):
            return AuthResult(success=False)
        said = dict(field.partition("=")[::2]
                    for field in answer.decode().split("\1"))
        user = said.get("user")
        good = said.get("auth") == "Bearer " + self.accounts["token"] \
            and user in self.accounts["passwords"]
        if not good:
            await server.challenge_auth('{"status":"401"}')
        return self.verdict("XOAUTH2", user, good)

    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.rpartition("@")[0]
        if local in REFUSALS:
            return REFUSALS[local]
        if "@" not in address:
            return "501 5.1.3 No domain"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 For " + local

    def store(self, who, octets):
        self.count += 1
        name = "%d.mail" % self.count
        for part in ("tmp", "new"):
            os.makedirs(os.path.join(self.folder, "mail", who, part),
                        exist_ok=True)
        path = os.path.join(self.folder, "mail", who, "%s", name)
        with open(path % "tmp", "wb") as file:
            file.write(octets)
        os.rename(path % "tmp", path % "new")

    async def handle_DATA(self, server, session, envelope):
        content = envelope.original_content
        replies = []
        for n, address in enumerate(envelope.rcpt_tos):
            local = address.rpartition("@")[0]
            if local == "full" and isinstance(server, LMTP):
                replies.append("552 5.2.2 Quota exceeded")
                continue
            replies.append("250 2.0.0 queued as M%d" % (self.count + 1))
            if address in envelope.rcpt_tos[:n] \
                    and not isinstance(server, LMTP):
                continue
            self.store(local if local in KNOWN else "other", (
                "Return-Path: <%s>\r\nX-Original-To: %s\r\n"
                "Received: from %s\r\n\tby mail.example.com\r\n" % (
                    (envelope.mail_from or "").strip("<>"), address,
                    session.host_name)).encode() + content)
        return "\r\n".join(replies if isinstance(server, LMTP)
                           else replies[:1])


async def main():
    folder, certificates, *ports = sys.argv[1:]
    loop = asyncio.get_running_loop()
    handler = Handler(folder)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(os.path.join(certificates, "server.pem"),
                        os.path.join(certificates, "server.key"))
    both = {"hostname": "mail.example.com", "enable_SMTPUTF8": True,
            "loop": loop, "data_size_limit": 26214400}
    login = {"authenticator": handler.authenticate, "auth_required": True}

    def submission():
        return SMTP(handler, tls_context=tls, require_starttls=True, **login,
                    **both)

    def submissions():
        return SMTP(handler, auth_require_tls=False, **login, **both)

    def lmtp():
        return LMTP(handler, auth_exclude_mechanism=[
            "PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"], **both)

    await loop.create_unix_server(lmtp, os.path.join(folder, "lmtp"))
    for port, make, context in zip(ports, (submission, submissions, lmtp),
                                   (None, tls, None)):
        await loop.create_server(make, "127.0.0.1", int(port), ssl=context)
    await asyncio.Event().wait()


asyncio.run(main())
