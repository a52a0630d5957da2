# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One NetBox for all the tests: they only read it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.netbox_options import NetboxSettings
from tests.netbox.install import say
from tests.netbox.running import Running, running_netbox
from tests.netbox.seed import Seed, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A NetBox with devices and networks, and the tokens to read it with."""

    running: Running
    tokens: Tokens

    def settings(self, **changes: Any) -> NetboxSettings:
        usual = {"url": self.running.url, "token": self.tokens.reader, "ca_file": str(self.running.ca_file)}
        return NetboxSettings(**(usual | changes))


def pytest_configure() -> None:
    """Let an end by a signal be one like Ctrl-C, so that everything that was started is ended."""

    def interrupt(number: int, _frame: object) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)


@pytest.fixture(scope="session")
def netbox() -> Iterator[Filled]:
    with running_netbox() as running:
        tokens = Seed(running).fill()
        say("NetBox is ready")
        yield Filled(running=running, tokens=tokens)
