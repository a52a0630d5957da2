# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web machine in small: answers on a port of its own and says who it is. `standin.py PORT`."""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    """Every path answers 200 with what was asked; /slow takes its time, /primary where the machine leads."""

    protocol_version = "HTTP/1.1"
    # One write for the whole answer: a server killed between head and body would have answered half,
    # which nobody can try again.
    wbufsize = 65536

    def do_GET(self) -> None:
        """Answer a request."""
        if self.path == "/slow":
            time.sleep(1.5)
        # The leader of a cluster is one of its machines.
        if self.path == "/primary" and not Path(f"/run/leader-{sys.argv[1]}").exists():
            self.send_error(503)
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.dumps({"path": self.path, "headers": headers}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Renfort-Machine", f"standin-{sys.argv[1]}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the journal is HAProxy's here."""


class Server(ThreadingHTTPServer):
    """Takes the bursts of a test without dropping connections."""

    request_queue_size = 128
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
