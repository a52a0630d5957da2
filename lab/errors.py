# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own failure: one message, and what to do about it."""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot go on.

    Args:
        message: what was tried, on what, and why it failed.
        hint: what the reader can do next; empty when nothing useful can be said.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".rstrip())
        self.message = message
        self.hint = hint
