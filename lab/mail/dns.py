# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The DNS of the internet's mail: every domain has a mail server; a dead one has it at an empty address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from .behaviour import Book

TTL = 5
MX_PREFIX = "mx."


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """Where mail servers are: the living, and the dead (empty: at the address of the living)."""

    address: str
    dead_address: str
    book: Book

    def answer(self, question: bytes) -> bytes:
        """The answer to a question, both in the wire format.

        Raises:
            dns.exception.DNSException: it is no question.
        """
        asked = dns.message.from_wire(question)
        reply = dns.message.make_response(asked)
        reply.flags |= dns.flags.AA | dns.flags.RA
        if not asked.question:
            reply.set_rcode(dns.rcode.FORMERR)
            return reply.to_wire()
        name, kind = asked.question[0].name, asked.question[0].rdtype
        domain = name.to_text(omit_final_dot=True).lower()
        if kind == dns.rdatatype.MX and not domain.startswith(MX_PREFIX):
            reply.answer.append(dns.rrset.from_text(name, TTL, "IN", "MX", f"10 {MX_PREFIX}{domain}."))
        elif kind == dns.rdatatype.A:
            reply.answer.append(dns.rrset.from_text(name, TTL, "IN", "A", self._place(domain)))
        return reply.to_wire()

    def _place(self, name: str) -> str:
        dead = self.book.of(name.removeprefix(MX_PREFIX)).kind == "dead"
        return (self.dead_address if dead else "") or self.address


class Responder(asyncio.DatagramProtocol):
    """Answers over UDP; what is no question gets no answer."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are sent through."""
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer a question."""
        try:
            reply = self._zone.answer(data)
        except dns.exception.DNSException:
            return
        if self._transport:
            self._transport.sendto(reply, addr)
