# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The refusals that a Proxmox VE server answers with."""

from __future__ import annotations

from collections.abc import Mapping


class ApiError(Exception):
    """A refusal: HTTP status, the message (its first line is the reason phrase), and `errors`."""

    def __init__(self, status: int, message: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = dict(errors) if errors else None


class ServerError(ApiError):
    """What Perl's ``die`` becomes: 500, the text with a newline at its end in the body."""

    def __init__(self, message: str) -> None:
        super().__init__(500, f"{message}\n")


class ParameterError(ApiError):
    """One or more parameters are wrong: 400 with the map of parameter to text."""

    def __init__(self, errors: Mapping[str, str], message: str = "Parameter verification failed.") -> None:
        super().__init__(400, f"{message}\n", errors)


class ForbiddenError(ApiError):
    """The caller lacks a privilege: 403, no newline cut."""

    def __init__(self, message: str) -> None:
        super().__init__(403, f"{message}\n")
