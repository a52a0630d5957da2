# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated cluster: everything that a handler may need, in one place."""

from __future__ import annotations

from dataclasses import dataclass

from lab.guests.base import GuestBackend

from .clock import Clock
from .faults import Faults
from .locks import Locks
from .permissions import Access
from .store import Store
from .tasks import Tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """State, time, rights, faults and the guests' back end of one emulated cluster."""

    store: Store
    clock: Clock
    access: Access
    faults: Faults
    backend: GuestBackend
    tasks: Tasks
    locks: Locks
