# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exceptions of Renfort: one root, each message complete for the person who reads it."""

from __future__ import annotations


class RenfortError(Exception):
    """Root of every error that Renfort raises on purpose.

    Args:
        message: what went wrong, with what was attempted and on what.
        hint: what the reader can do next; empty when nothing useful can be said.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class InputError(RenfortError):
    """A value that people edit is missing, misspelt or impossible.

    Args:
        file: the file that holds the value.
        key: dotted path of the key inside the file, such as ``renfort_tenants.eure.accounts``; empty when
            the file as a whole is wrong.
        problem: what was found there.
        expected: what is allowed there.
    """

    def __init__(self, *, file: str, key: str, problem: str, expected: str) -> None:
        where = f"{file}: {key}" if key else file
        super().__init__(f"{where}: {problem}.", hint=f"Expected {expected}.")
        self.file = file
        self.key = key
        self.problem = problem
        self.expected = expected


class PlanError(RenfortError):
    """The inputs are valid and no plan can be made of them."""
