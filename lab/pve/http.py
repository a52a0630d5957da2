# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTTP/1.1 server whose answers carry any reason phrase, and which can cut a connection.

Proxmox VE puts its error texts into the reason phrase; ASGI has no place for one.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import cast

import httptools

MAX_BUFFERED = 64 * 1024 * 1024
"""Bytes of a body that are accepted at all; the application may refuse far earlier."""

_PHRASES: Mapping[int, str] = {status.value: status.phrase for status in HTTPStatus}


@dataclass(slots=True, kw_only=True)
class Request:
    """A request that has been read completely; header names are lower case."""

    verb: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer; ``reason`` may be any one-line text. ``close`` ends the connection after it."""

    status: int = 200
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    close: bool = False
    extra: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The bytes on the wire."""
        reason = self.reason or _PHRASES.get(self.status, "Unknown")
        lines = [f"HTTP/1.1 {self.status} {reason}"]
        lines.extend(f"{name}: {value}" for name, value in self.headers)
        lines.extend(f"{name}: {value}" for name, value in self.extra.items())
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("utf-8", "replace") + self.body


Application = Callable[[Request], Awaitable[Response | None]]
"""Answers a request; None cuts the connection without an answer."""


class _Connection(asyncio.Protocol):
    """One client; its requests are answered one after the other."""

    def __init__(self, application: Application, open_connections: set[_Connection]) -> None:
        self._application = application
        self._open = open_connections
        self._parser = httptools.HttpRequestParser(self)
        self._queue: list[Request] = []
        self._worker: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None
        self._start()

    def _start(self) -> None:
        self._url = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        # The call goes on without its client, as in a forking server.
        self._transport = None
        self._open.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.close()
        except httptools.HttpParserError:
            if self._transport is not None:
                self._transport.write(Response(status=400, reason="bad request", close=True).encode())
            self.close()

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("utf-8", "replace")

    def on_headers_complete(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue" and self._transport is not None:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._size += len(body)
        if self._size <= MAX_BUFFERED:
            self._body.append(body)

    def on_message_complete(self) -> None:
        path, _, query = self._url.decode("utf-8", "replace").partition("?")
        self._queue.append(
            Request(
                verb=self._parser.get_method().decode("latin-1"),
                path=path,
                query=query.partition("#")[0],
                headers=self._headers,
                body=b"".join(self._body),
            )
        )
        keep_alive = self._parser.should_keep_alive()
        self._start()
        if self._worker is None:
            self._worker = asyncio.get_running_loop().create_task(self._work(keep_alive))

    async def _work(self, keep_alive: bool) -> None:
        try:
            while self._queue:
                response = await self._application(self._queue.pop(0))
                if self._transport is None:
                    return
                if response is None:
                    self._transport.abort()
                    return
                self._transport.write(response.encode())
                if response.close or not keep_alive:
                    self._transport.close()
                    return
        finally:
            self._worker = None


class Server:
    """A listening server."""

    def __init__(self, server: asyncio.Server, connections: set[_Connection]) -> None:
        self._server = server
        self._connections = connections

    @property
    def port(self) -> int:
        """The port it listens on, also when any free one was asked for."""
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Listen no more and end what connections there are."""
        self._server.close()
        for connection in list(self._connections):
            connection.close()
        await self._server.wait_closed()


async def serve(
    application: Application, *, host: str, port: int, tls: ssl.SSLContext | None = None
) -> Server:
    """Listen on an address; port 0 takes any free one."""
    connections: set[_Connection] = set()
    server = await asyncio.get_running_loop().create_server(
        lambda: _Connection(application, connections), host, port, ssl=tls, backlog=512
    )
    return Server(server, connections)
