# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application in small: says which release it is, and needs a second to start. `application.py PORT`."""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RELEASE = Path("RELEASE").read_text(encoding="utf-8")


class Handler(BaseHTTPRequestHandler):
    """Every path answers with the release; /slow takes its time."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a request."""
        if self.path == "/slow":
            time.sleep(1.5)
        self.send_response(200)
        self.send_header("Content-Length", str(len(RELEASE)))
        self.end_headers()
        self.wfile.write(RELEASE.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: nginx writes a log."""


class Server(ThreadingHTTPServer):
    """Takes the bursts of a test without dropping connections."""

    request_queue_size = 128
    daemon_threads = True


if RELEASE == "broken":
    sys.exit("this release does not start")
time.sleep(1)
Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
