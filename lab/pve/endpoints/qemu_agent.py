# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest agent."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..qemu import agent
from ..registry import Handler, endpoint

_AGENT = "/nodes/{node}/qemu/{vmid}/agent"
_POSTED = frozenset(
    (
        "fsfreeze-freeze",
        "fsfreeze-status",
        "fsfreeze-thaw",
        "fstrim",
        "ping",
        "shutdown",
        "suspend-disk",
        "suspend-hybrid",
        "suspend-ram",
    )
)


@endpoint("GET", _AGENT)
async def index(call: Call) -> Any:
    """The agent's commands."""
    return [{"name": name} for name in agent.INDEX]


@endpoint("POST", _AGENT)
async def any_command(call: Call) -> Any:
    """Carry out one of the agent's simple commands."""
    return await agent.command(call, call.params["command"])


def _handler(name: str) -> Handler:
    async def answer(call: Call) -> Any:
        return await agent.command(call, name)

    return answer


for _name in agent.COMMANDS:
    endpoint("POST" if _name in _POSTED else "GET", f"{_AGENT}/{_name}")(_handler(_name))


@endpoint("POST", f"{_AGENT}/exec")
async def execute(call: Call) -> Any:
    """Start a command in the guest."""
    return await agent.execute(call)


@endpoint("GET", f"{_AGENT}/exec-status")
async def exec_status(call: Call) -> Any:
    """How a command in the guest stands."""
    return await agent.exec_status(call)


@endpoint("GET", f"{_AGENT}/file-read")
async def file_read(call: Call) -> Any:
    """Read a file of the guest."""
    return await agent.file_read(call)


@endpoint("POST", f"{_AGENT}/file-write")
async def file_write(call: Call) -> Any:
    """Write a file of the guest."""
    return await agent.file_write(call)


@endpoint("POST", f"{_AGENT}/set-user-password")
async def set_password(call: Call) -> Any:
    """Set a user's password in the guest."""
    return await agent.set_password(call)
