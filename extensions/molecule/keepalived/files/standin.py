# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A web machine in small: answers at once, and /trickle for a minute, a line each fifth of a second."""

from __future__ import annotations

import contextlib
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Every path answers 200."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a request."""
        lines = 300 if self.path == "/trickle" else 1
        self.send_response(200)
        self.send_header("Content-Length", str(lines * 6))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for line in range(lines):
                self.wfile.write(f"{line:05d}\n".encode())
                if lines > 1:
                    time.sleep(0.2)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Takes the bursts of a test without dropping connections."""

    request_queue_size = 256
    daemon_threads = True


Server(("", int(sys.argv[1])), Handler).serve_forever()
