# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan tells besides the machines: who is served how far, what is missing, what to order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """Machines of one tier and tenant that find no place.

    ``missing`` counts them, ``memory_mib`` is what they need together, ``reason`` says what stands
    against them and ``advice`` what to do besides ordering, when there is something. ``until`` is the
    date (ISO) at which announced deliveries will have closed the shortage, "unknown" when they will at a
    date that nobody knows, empty when they will not.
    """

    tier: str
    tenant: str
    missing: int
    memory_mib: int
    reason: str
    advice: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """The part of a tenant's demand that is served, in percent, and the tier that bounds it."""

    tenant: str
    percent: float
    bound_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The plan once deliveries have arrived.

    ``when`` is the latest date (ISO) of what arrives, or "unknown"; ``earliest`` its earliest one.
    ``served`` are the tenants below 100 % with their percentages; ``missing`` counts the machines that
    still find no place.
    """

    when: str
    earliest: str
    arrives: tuple[str, ...]
    served: Mapping[str, float]
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to order, as the smallest set of models.

    ``closes`` is "now" for what would close the whole shortage at once, "rest" for what is still
    missing when everything announced with a date has arrived. ``price`` is that of all the servers.
    """

    closes: str
    model: str
    servers: int
    cores: int
    memory_mib: int
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SpareIds:
    """The guest ids that may be given out, both ends included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpareNetwork:
    """A network of guests: the addresses of its ``ranges`` may be given out but those ``reserved``.

    Each is written as one address, ``first-last`` or a smaller network.
    """

    name: str
    cidr: str
    ranges: tuple[str, ...]
    reserved: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two plans: ``action`` is add, adopt, change or remove.

    ``machine`` is the name of a machine, or of a server that becomes a hypervisor.
    """

    action: str
    machine: str
    reason: str
