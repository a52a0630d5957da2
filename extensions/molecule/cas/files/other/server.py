# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands for a CAS that is given as an archive: it answers its health check and a login page."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PAGES = {"/cas/actuator/health": b"UP", "/cas/login": b"another CAS"}


class Handler(BaseHTTPRequestHandler):
    """Answers two addresses."""

    def do_GET(self) -> None:
        body = PAGES.get(self.path)
        self.send_response(200 if body else 404)
        self.end_headers()
        self.wfile.write(body or b"")


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 8081), Handler).serve_forever()
