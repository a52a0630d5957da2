# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of the inventory as members of something: their names and addresses, and no more."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from .errors import RenfortError


class MemberError(RenfortError):
    """A machine of the inventory cannot be a member."""


def members(
    machines: Iterable[str], hostvars: Any, *, without: Collection[str] = (), port: int = 0
) -> list[dict[str, Any]]:
    """The machines as mappings with ``name`` and ``address``, sorted by name.

    Args:
        machines: names, such as those of a group.
        hostvars: machine name → variables; ``ansible_host`` is the address.
        without: machines that are on their way out.
        port: where given, each mapping has it as ``port``.

    Raises:
        MemberError: a machine has no address in the inventory.
    """
    return [
        {"name": name, "address": _address(name, hostvars), **({"port": port} if port else {})}
        for name in sorted(set(machines) - set(without))
    ]


def _address(name: str, hostvars: Any) -> str:
    try:
        return str(hostvars[name]["ansible_host"])
    except KeyError:
        raise MemberError(
            f"The machine {name} has no ansible_host in the inventory.",
            hint="The inventory plugin reads it from the guest's ip- tag: run the provisioning again.",
        ) from None
