# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What arrived, told over HTTP as JSON: ``/messages``, ``/counts``, ``/behaviours``, ``/healthz``."""

from __future__ import annotations

import json
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .behaviour import Book, parse_behaviours
from .store import Store

LIMIT = 100
FILTERS = {"to", "from", "id", "domain", "since", "limit", "raw"}


class Teller(ThreadingHTTPServer):
    """The HTTP server; port 0 takes a free one."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], store: Store, book: Book) -> None:
        super().__init__(address, _Request)
        self.store = store
        self.book = book

    def answer(self, path: str) -> tuple[int, Any]:
        """The status and the answer to a GET."""
        parts = urlsplit(path)
        wanted = dict(parse_qsl(parts.query))
        match parts.path:
            case "/healthz":
                return 200, {"status": "ok"}
            case "/counts":
                return 200, self.store.counts()
            case "/behaviours":
                return 200, {name: asdict(item) for name, item in self.book.behaviours.items()}
            case "/messages" if set(wanted) - FILTERS:
                return 400, {"error": f"there are these filters: {', '.join(sorted(FILTERS))}"}
            case "/messages":
                limit = int(wanted.pop("limit", LIMIT))
                raw = wanted.pop("raw", "0") == "1"
                return 200, self.store.find(wanted, limit=limit, raw=raw)
        return 404, {"error": "there are /messages, /counts, /behaviours and /healthz"}

    def change(self, path: str, body: bytes) -> tuple[int, Any]:
        """The status and the answer to a PUT, which only /behaviours takes."""
        if path != "/behaviours":
            return 405, {"error": "only /behaviours can be put"}
        self.book.behaviours = parse_behaviours(json.loads(body))
        return 200, {"behaviours": len(self.book.behaviours)}


class _Request(BaseHTTPRequestHandler):
    server: Teller
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        try:
            self._reply(*self.server.answer(self.path))
        except ValueError as error:
            self._reply(400, {"error": str(error)})

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            self._reply(*self.server.change(self.path, body))
        except ValueError as error:
            self._reply(400, {"error": str(error)})

    def _reply(self, status: int, answer: Any) -> None:
        text = json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the answers are the log."""
