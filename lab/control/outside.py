# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab plays beyond the datacentre: the mail servers of the internet."""

from __future__ import annotations

from ..mail.process import Sink
from .datacentre import Datacentre
from .state import State


def sink(state: State, datacentre: Datacentre) -> Sink:
    """The mail servers, at the gateway of the first network, where all domains of the lab lead to."""
    return Sink(folder=state.folder / "mail", address=datacentre.bridges[0].gateway)
