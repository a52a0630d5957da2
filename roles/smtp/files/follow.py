#!/usr/bin/env python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the logs of both classes of mail say: messages taken and refused, deliveries and their delay."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14400.0, 86400.0)
"""Delays, in seconds, up to which deliveries are counted apart."""

_LINE = re.compile(
    r" postfix(?:-notify)?(?:/(?P<service>proxied|handover))?/(?P<program>\w+)\[\d+\]: (?P<text>.*)"
)
_DELIVERY = re.compile(r"\bdelay=(?P<delay>[\d.]+),.* dsn=(?P<dsn>[\d.]+), status=(?P<status>[a-z]+)")
_TAKEN = re.compile(r"[0-9A-Za-z]+: from=<.*, nrcpt=\d+ \(queue active\)")
_STATUSES = {"sent", "deferred", "bounced", "expired"}


@dataclass
class Figures:
    """The sums of one class of mail since the start."""

    deliveries: Counter[str] = field(default_factory=Counter)
    delays: Counter[float] = field(default_factory=Counter)
    delay_sum: float = 0.0
    taken: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    milter_failures: int = 0

    def add(self, line: str) -> None:
        """Count one line of the log."""
        found = _LINE.search(line)
        if not found:
            return
        program, text = found["program"], found["text"]
        if found["service"] == "handover":
            self.deliveries["handed_over"] += "status=sent" in text
        elif program in ("smtp", "error", "discard"):
            self._add_delivery(program, text)
        elif program == "cleanup" and ": message-id=" in text:
            self.taken += 1
        elif program in ("smtpd", "cleanup") and "reject: " in text:
            self._add_refusal(text)
        elif "milter" in text.lower() and program == "smtpd" and "warning: " in text:
            self.milter_failures += 1

    def _add_delivery(self, program: str, text: str) -> None:
        found = _DELIVERY.search(text)
        if not found or found["status"] not in _STATUSES:
            return
        status = "dropped" if program == "discard" else found["status"]
        self.deliveries[status] += 1
        if status == "sent":
            delay = float(found["delay"])
            self.delays[next((bound for bound in BUCKETS if delay <= bound), float("inf"))] += 1
            self.delay_sum += delay

    def _add_refusal(self, text: str) -> None:
        code = re.search(r": ([45])[\d.]+ ", text)
        if code:
            self.refused["lasting" if code[1] == "5" else "passing"] += 1


class Log:
    """A log that is followed from its end, through its rotations."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._half = ""
        self._open(from_start=False)

    def _open(self, *, from_start: bool) -> None:
        try:
            self._file = self._path.open(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        if not from_start:
            self._file.seek(0, os.SEEK_END)

    def lines(self) -> Iterator[str]:
        """The lines that are new, those before a rotation first."""
        if self._file:
            yield from self._rest(self._file)
        if self._rotated():
            if self._file:
                self._file.close()
            self._half = ""
            self._open(from_start=True)
            if self._file:
                yield from self._rest(self._file)

    def _rest(self, file: TextIO) -> Iterator[str]:
        for line in file:
            if line.endswith("\n"):
                yield self._half + line
                self._half = ""
            else:
                self._half += line

    def _rotated(self) -> bool:
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return False
        return self._file is None or now.st_ino != os.fstat(self._file.fileno()).st_ino
