# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What arrived: an append-only file of JSON lines, and an index over it in memory."""

from __future__ import annotations

import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message that was taken; ``received`` in seconds since 1970, ``raw`` when bodies are kept."""

    message_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    dkim: bool
    client: str
    received: float
    size: int
    raw: str = ""


@dataclass(slots=True)
class Tally:
    """What a domain's servers did: messages and refusals counted, and the most transactions at once."""

    accepted: int = 0
    deferred: int = 0
    rejected: int = 0
    duplicates: int = 0
    open_now: int = 0
    most_at_once: int = 0


@dataclass(slots=True)
class _Index:
    messages: list[Message] = field(default_factory=list)
    by_recipient: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    seen: Counter[tuple[str, str]] = field(default_factory=Counter)
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))


class Store:
    """Messages of a directory; what an earlier process took is read again."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._file = directory / "messages.jsonl"
        self._lock = threading.Lock()
        self._index = _Index()
        if self._file.exists():
            self._read()
        self._log = self._file.open("a", encoding="utf-8")

    def _read(self) -> None:
        text = self._file.read_bytes()
        # A process that was killed may have left half a line: its sender was never told "taken".
        whole = text[: text.rfind(b"\n") + 1]
        if len(whole) < len(text):
            self._file.write_bytes(whole)
        for line in whole.splitlines():
            row = json.loads(line)
            self._remember(Message(**{**row, "recipients": tuple(row["recipients"])}))

    def add(self, message: Message) -> None:
        """Keep a message, on disk before its sender is told."""
        with self._lock:
            self._log.write(json.dumps(asdict(message), ensure_ascii=False) + "\n")
            self._log.flush()
            self._remember(message)

    def _remember(self, message: Message) -> None:
        index = self._index
        index.messages.append(message)
        for recipient in message.recipients:
            tally = index.tallies[domain_of(recipient)]
            tally.accepted += 1
            key = (message.message_id, recipient.lower())
            index.seen[key] += 1
            tally.duplicates += index.seen[key] > 1
            index.by_recipient[recipient.lower()].append(len(index.messages) - 1)

    def refuse(self, domain: str, *, lasting: bool) -> None:
        """Count a recipient that was turned away, for now or for good."""
        with self._lock:
            tally = self._index.tallies[domain]
            if lasting:
                tally.rejected += 1
            else:
                tally.deferred += 1

    def opened(self, domain: str) -> None:
        """Count a transaction with a domain that begins."""
        with self._lock:
            tally = self._index.tallies[domain]
            tally.open_now += 1
            tally.most_at_once = max(tally.most_at_once, tally.open_now)

    def closed(self, domain: str) -> None:
        """Count one that ends."""
        with self._lock:
            self._index.tallies[domain].open_now -= 1

    def counts(self) -> dict[str, Any]:
        """The tally of each domain, and of all as ``total``."""
        with self._lock:
            domains = {name: asdict(tally) for name, tally in sorted(self._index.tallies.items())}
            return {"total": len(self._index.messages), "domains": domains}

    def find(self, wanted: dict[str, str], *, limit: int, raw: bool = False) -> list[dict[str, Any]]:
        """The newest messages that fit: ``to``, ``from`` and ``id`` whole; ``domain``; ``since``."""
        with self._lock:
            found = [asdict(message) for message in self._matching(wanted, limit)]
        return found if raw else [{key: row[key] for key in row if key != "raw"} for row in found]

    def _matching(self, wanted: dict[str, str], limit: int) -> Iterator[Message]:
        index = self._index
        if "to" in wanted:
            numbers = index.by_recipient.get(wanted["to"].lower(), [])
            candidates = (index.messages[number] for number in reversed(numbers))
        else:
            candidates = (message for message in reversed(index.messages))
        found = 0
        for message in candidates:
            if found >= limit:
                return
            if _fits(message, wanted):
                found += 1
                yield message

    def close(self) -> None:
        """End writing."""
        self._log.close()


def _fits(message: Message, wanted: dict[str, str]) -> bool:
    return (
        wanted.get("from", message.sender).lower() == message.sender.lower()
        and wanted.get("id", message.message_id) == message.message_id
        and message.received >= float(wanted.get("since", 0))
        and ("domain" not in wanted or wanted["domain"].lower() in map(domain_of, message.recipients))
    )


def domain_of(address: str) -> str:
    """The domain of an address, in lower case."""
    return address.rpartition("@")[2].lower()
