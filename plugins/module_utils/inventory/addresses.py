# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a cluster's API may be reached: several addresses, since any node answers for all of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..core.fields import Fields

_ADDRESS = re.compile(
    r"(?:https://)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+|[0-9A-Fa-f]*(?::[0-9A-Fa-f.]*){2,})"
    r"(?::(?P<port>\d{1,5}))?/?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A node's API."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The address for messages."""
        return f"https://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def addresses_of(texts: Iterable[object], fields: Fields, port: int) -> tuple[Address, ...]:
    """Return the addresses in their order, each once; ``port`` is for those that name none.

    Raises:
        InputError: one of them is no address.
    """
    found: dict[Address, None] = {}
    for text in texts:
        match = _ADDRESS.fullmatch(str(text).strip())
        if match is None or int(match["port"] or port) > 65535:
            raise fields.error(
                "api_hosts" if fields.data.get("api_host") != text else "api_host",
                f'"{text}" is no address of an API',
                "a name or an address, with a port where it is another one: pve1.example.net, 10.83.0.2:443",
            )
        found[Address(host=match["host"].strip("[]"), port=int(match["port"] or port))] = None
    return tuple(found)
