# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SMTP side: aiosmtpd, with the behaviour of each recipient's domain."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from email.message import Message as Parsed
from email.parser import BytesHeaderParser
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from .behaviour import Behaviour, Book
from .store import Message, Store, domain_of

SIZE_LIMIT = 40 * 2**20
RECIPIENTS = 1000


class Handler:
    """Decides on recipients and takes messages."""

    def __init__(self, store: Store, book: Book, *, bodies: bool = False) -> None:
        self._store = store
        self._book = book
        self._bodies = bodies
        self._first_seen: dict[tuple[str, str], float] = {}
        self._connections: Counter[str] = Counter()

    async def handle_RCPT(  # noqa: N802 # aiosmtpd finds its hooks by these names
        self, server: Server, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take, put off or refuse a recipient."""
        domain = domain_of(address)
        behaviour = self._book.of(domain)
        refusal = self._refusal(server, behaviour, domain, (envelope.mail_from or "", address.lower()))
        if behaviour.kind == "dead" and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        if refusal:
            self._store.refuse(domain, lasting=refusal.startswith("5"))
            return refusal
        if domain not in server.domains:
            server.domains.append(domain)
            self._store.opened(domain)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    def _refusal(self, server: Server, behaviour: Behaviour, domain: str, pair: tuple[str, str]) -> str:
        """What a recipient is turned away with; empty: it is taken."""
        match behaviour.kind:
            case "dead":
                return "421 4.3.2 Nobody is here"
            case "reject":
                return "550 5.1.1 No such mailbox"
            case "tempfail":
                return "451 4.7.1 Come back later"
            case "greylist":
                since = self._first_seen.setdefault(pair, time.monotonic())
                early = time.monotonic() - since < behaviour.seconds
                return "451 4.7.1 Greylisted, come back later" if early else ""
            case "limit":
                return self._over_limit(server, behaviour, domain)
        return ""

    def _over_limit(self, server: Server, behaviour: Behaviour, domain: str) -> str:
        if domain not in server.counted:
            if behaviour.connections and self._connections[domain] >= behaviour.connections:
                return "421 4.7.0 Too many connections of yours"
            server.counted.append(domain)
            self._connections[domain] += 1
        if behaviour.messages and server.taken >= behaviour.messages:
            return "421 4.7.0 Too many messages in this connection"
        return ""

    async def handle_DATA(self, server: Server, session: Session, envelope: Envelope) -> str:  # noqa: N802 # as above
        """Take a message, as slowly as the slowest of its domains."""
        await asyncio.sleep(self.pause(server.domains))
        content = envelope.original_content or b""
        headers: Parsed = BytesHeaderParser().parsebytes(content)
        self._store.add(
            Message(
                message_id=str(headers.get("Message-ID", "")).strip(),
                # aiosmtpd hands the sender of a bounce on as it is written.
                sender=(envelope.mail_from or "").strip("<>"),
                recipients=tuple(envelope.rcpt_tos),
                subject=str(headers.get("Subject", "")),
                dkim="DKIM-Signature" in headers,
                client=session.peer[0] if session.peer else "",
                received=time.time(),
                size=len(content),
                raw=content.decode("latin-1") if self._bodies else "",
            )
        )
        server.taken += 1
        server.close_transaction()
        return "250 2.0.0 Taken"

    def pause(self, domains: list[str]) -> float:
        """Seconds that a message for the domains takes."""
        slow = [self._book.of(domain) for domain in domains]
        return max((item.seconds for item in slow if item.kind == "slow"), default=0.0)

    def opened_less(self, domain: str) -> None:
        """Note that a transaction with a domain has ended."""
        self._store.closed(domain)

    def disconnected(self, domains: list[str]) -> None:
        """Note that a counted connection has ended."""
        self._connections.subtract(domains)


class Server(SMTP):
    """One connection: aiosmtpd's, which knows the domains of its transaction."""

    def __init__(self, handler: Handler, name: str) -> None:
        super().__init__(
            handler, hostname=name, ident="mail of the internet", data_size_limit=SIZE_LIMIT, timeout=300
        )
        self._handler = handler
        self.domains: list[str] = []
        self.counted: list[str] = []
        self.taken = 0

    def close_transaction(self) -> None:
        """Note that the transaction is over."""
        for domain in self.domains:
            self._handler.opened_less(domain)
        self.domains = []

    def _set_rset_state(self) -> None:
        """Forget the transaction, as MAIL, RSET and the end of a message do."""
        super()._set_rset_state()  # type: ignore[no-untyped-call]  # published without types
        if hasattr(self, "domains"):
            self.close_transaction()

    def connection_lost(self, error: Exception | None) -> None:
        """Note that everything of this connection is over."""
        super().connection_lost(error)
        self.close_transaction()
        self._handler.disconnected(self.counted)
        self.counted = []


async def listen(handler: Handler, *, address: str, port: int, name: str) -> asyncio.Server:
    """Listen for SMTP; port 0 takes a free one."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: Server(handler, name), address, port, backlog=512, reuse_address=True
    )


def port_of(server: Any) -> int:
    """The port that a server listens on."""
    return int(server.sockets[0].getsockname()[1])
