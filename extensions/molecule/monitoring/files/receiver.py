# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who is called: keeps each message of Alertmanager as a line of /var/log/renfort-calls.jsonl."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CALLS = Path("/var/log/renfort-calls.jsonl")


class Receiver(BaseHTTPRequestHandler):
    """Takes messages with the right token only."""

    def do_POST(self) -> None:
        """Keep one message."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        known = self.headers.get("Authorization") == "Bearer shibboleth"
        if known:
            with CALLS.open("a", encoding="utf-8") as calls:
                calls.write(json.dumps({"received": time.time(), **json.loads(body)}) + "\n")
        self.send_response(200 if known else 401)
        self.end_headers()

    def do_GET(self) -> None:
        """Answer as a portal does, to the name of the portal only."""
        self.send_response(200 if self.headers.get("Host", "").startswith("eure.ent.example") else 421)
        self.end_headers()
        self.wfile.write(b"portal\n")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the file says it all."""


if __name__ == "__main__":
    ThreadingHTTPServer(("", 9999), Receiver).serve_forever()
