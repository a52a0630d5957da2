# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A service of the CAS in small: it keeps what the CAS tells it, and shows it at /recorded."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

RECORDED: dict[str, list[Any]] = {"callbacks": [], "logouts": []}


class Handler(BaseHTTPRequestHandler):
    """Answers everything with 200."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "pgtId" in query:
            RECORDED["callbacks"].append({"iou": query["pgtIou"][0], "id": query["pgtId"][0]})
        self._answer(json.dumps(RECORDED) if self.path == "/recorded" else "portal")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        RECORDED["logouts"] += parse_qs(body).get("logoutRequest", [])
        self._answer("noted")

    def _answer(self, text: str) -> None:
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep tickets out of the log."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", 9000), Handler).serve_forever()
