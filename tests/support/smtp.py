"""A mail server for tests, on a loopback port, that behaves as the file FOLDER/mode says at each mail.

accept   takes the mail            refuse   550 to the recipient       defer  451 to the recipient
policy   550 to the sender         stall    never answers the content  die    hangs up after the content
flood    451 with an endless text

Each mail that reached the end of its content lies in FOLDER as NNNN.eml beside NNNN.json (envelope, and whether the
sender was told that it was taken). Prints "ready PORT" once it listens; ends when its standard input does.
"""

import argparse
import asyncio
import itertools
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    def __init__(self, folder):
        self.folder = folder
        self.numbers = itertools.count(len(list(folder.glob("*.json"))))

    @property
    def mode(self):
        return (self.folder / "mode").read_text().strip()

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.mode == "policy":
            return "550 5.7.1 we do not take mail from you"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.mode == "refuse":
            return f"550 5.1.1 <{address}>: nobody of that name here"
        if self.mode == "defer":
            return "451 4.7.1 greylisted, come back later"
        if self.mode == "flood":
            return "451 4.0.0 " + "\x1b[31m come back later" * 15
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mode = self.mode
        number = next(self.numbers)
        (self.folder / f"{number:04}.eml").write_bytes(envelope.original_content)
        seen = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": server.transport.get_extra_info("sslcontext") is not None,
            "user": (session.auth_data or b"").decode() if session.authenticated else None,
            "taken": mode == "accept",
            "connection": session.peer[1],
        }
        # Whole before it has its name: a test may look at any moment.
        part = self.folder / f"{number:04}.part"
        part.write_text(json.dumps(seen))
        part.rename(part.with_suffix(".json"))
        if mode == "stall":
            await asyncio.sleep(3600)
        if mode == "die":
            server.transport.abort()
            return None
        return "250 2.0.0 queued"


def authenticator(login):
    def check(server, session, envelope, mechanism, data):
        given = f"{data.login.decode()}:{data.password.decode()}"
        return AuthResult(success=given == login, auth_data=data.login, handled=False)

    return check


async def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--tls", choices=["none", "starttls", "implicit"], default="none")
    arguments.add_argument("--login")
    options = arguments.parse_args()
    context = None
    if options.tls != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.folder / "server.pem", options.folder / "server.key")
    handler = Handler(options.folder)
    settings = {"hostname": "mail.test", "enable_SMTPUTF8": False, "data_size_limit": 64 * 1024 * 1024}
    if options.tls == "starttls":
        settings |= {"tls_context": context, "require_starttls": True}
    if options.login:
        settings |= {"authenticator": authenticator(options.login), "auth_required": True}
        settings |= {"auth_require_tls": options.tls != "none"}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(handler, **settings),
        "127.0.0.1",
        options.port,
        ssl=context if options.tls == "implicit" else None,
    )
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
