# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of implemented methods: schema path and verb to handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .call import Call

Handler = Callable[["Call"], Awaitable[Any]]

HANDLERS: dict[tuple[str, str], Handler] = {}
"""(verb, path template as in the schema) to the coroutine that answers it with its `data`."""


def endpoint(verb: str, path: str) -> Callable[[Handler], Handler]:
    """Register a handler for a method of the schema, such as ``endpoint("GET", "/nodes/{node}/qemu")``.

    The parameters have been verified against the schema, and the schema's declarative permission
    checked, before the handler runs; rules that only code can state are the handler's own.
    """

    def register(handler: Handler) -> Handler:
        HANDLERS[verb, path] = handler
        return handler

    return register
