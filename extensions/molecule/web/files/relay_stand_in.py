# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""As much of a mail relay as the portal sees: each mail becomes a line of JSON, or is refused or put off."""

from __future__ import annotations

import email
import email.policy
import json
import socketserver
from pathlib import Path

KEPT = Path("/var/lib/relay-stand-in/mails.jsonl")
LATER = Path("/var/lib/relay-stand-in/later")
"""While it exists, everything is put off."""


class Handler(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        self.say("220 relay")
        recipients: list[str] = []
        while line := self.rfile.readline():
            verb = line[:4].upper().decode("ascii", "replace")
            if verb in ("EHLO", "HELO", "MAIL", "RSET", "NOOP"):
                recipients = [] if verb == "MAIL" else recipients
                self.say("250 ok")
            elif verb == "RCPT":
                address = line.decode().partition("<")[2].partition(">")[0]
                recipients.append(address)
                self.say("451 later" if LATER.exists() else "550 nobody" if "nobody" in address else "250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                self.keep(recipients)
                self.say("250 taken")
            else:
                self.say("221 bye" if verb == "QUIT" else "500 what")
                if verb == "QUIT":
                    return

    def keep(self, recipients: list[str]) -> None:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        mail = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        body = mail.get_body()
        kept = {
            "to": recipients,
            "headers": {name: str(value) for name, value in mail.items()},
            "text": body.get_content() if body else "",
        }
        with KEPT.open("a", encoding="utf-8") as file:
            file.write(json.dumps(kept) + "\n")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class Server(socketserver.ThreadingTCPServer):
    """Listens where the portal hands its mail over."""

    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    Server(("0.0.0.0", 2525), Handler).serve_forever()
