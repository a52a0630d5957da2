#!/usr/bin/env python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queues of both classes of mail, read from the names of their files: quick however long they are."""

from __future__ import annotations

import os
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SPOOLS = {"people": Path("/var/spool/postfix"), "notification": Path("/var/spool/postfix-notify")}
QUEUES = ("incoming", "active", "deferred", "hold")

# Postfix writes the second in which a message came with these digits, in front of a long queue id.
DIGITS = {digit: value for value, digit in enumerate("0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz")}
BASE = len(DIGITS)
SECOND_DIGITS = 6
SHORT_ID = frozenset(string.hexdigits.upper())


@dataclass(frozen=True)
class Queue:
    """One queue of a class: messages in it, and when the oldest came (seconds since 1970; 0: empty)."""

    messages: int
    oldest: int


def read_queue(folder: Path) -> Queue:
    """Count a queue and find its oldest message."""
    messages, oldest = 0, 0
    for name in names(folder):
        messages += 1
        came = second_of(name)
        if came and (not oldest or came < oldest):
            oldest = came
    return Queue(messages, oldest)


def names(folder: Path | str) -> Iterator[str]:
    """The ids in a queue, those in its subfolders included; what goes away meanwhile is passed over."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    yield from names(entry.path)
                else:
                    yield entry.name
    except FileNotFoundError:
        return


def second_of(name: str) -> int:
    """The second of a long queue id; 0 when it is a short one, which does not tell."""
    head = name[:SECOND_DIGITS]
    if len(name) <= SECOND_DIGITS or set(name) <= SHORT_ID or not set(head) <= DIGITS.keys():
        return 0
    value = 0
    for digit in head:
        value = value * BASE + DIGITS[digit]
    return value


def read_all() -> dict[str, dict[str, Queue]]:
    """Class → queue → what is in it."""
    return {name: {queue: read_queue(spool / queue) for queue in QUEUES} for name, spool in SPOOLS.items()}
