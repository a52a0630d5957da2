# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`lab.py up`: from nothing to three machines that answer; done again it changes nothing."""

from __future__ import annotations

import asyncio
import subprocess

from .. import network
from ..host import require_host
from ..images.build import ensure_images
from ..mail import process as mail
from ..podman import Podman
from ..portal.build import build as build_portal
from . import emulator
from .api import Api
from .certificates import ensure_certificates
from .datacentre import Datacentre, load_datacentre
from .outside import sink
from .people import ensure_people
from .seeding import Report, ensure_guests, ensure_token
from .state import DATACENTRE, State


def raise_lab(state: State, report: Report, *, speed: float = 1.0, empty: bool = False) -> bool:
    """Make what is missing of the lab; whether anything was.

    An ``empty`` one is a cluster that knows nothing of Renfort: no template, pool, account or guest.

    Raises:
        LabError: the host lacks something, or a step failed; what was made stays for `down`.
    """
    require_host()
    datacentre = load_datacentre(DATACENTRE)
    state.prepare()
    changed = asyncio.run(_ground(datacentre, report))
    changed |= ensure_certificates(state)
    changed |= _ensure_operator_key(state)
    changed |= ensure_people(state, datacentre.people)
    if mail.start(sink(state, datacentre)):
        report(f"mail: the internet's servers answer at {sink(state, datacentre).address}")
        changed = True
    build_portal()
    if emulator.start(state, speed=speed, bare=empty):
        report("emulator: answers at https://127.0.0.1:8006")
        changed = True
    if empty:
        return changed
    if ensure_token(state, datacentre):
        report("cluster: pool, roles, user and API token renfort@pve!ops are made")
        changed = True
    changed |= ensure_guests(Api(state), state, datacentre.guests, report) > 0
    return changed


async def _ground(datacentre: Datacentre, report: Report) -> bool:
    """Images and networks; whether a network was made."""
    await ensure_images(Podman(), datacentre.images, report)
    before = await network.leftovers()
    with network.exclusive():
        await network.bridges_up(datacentre.bridges)
    if await network.leftovers() == before:
        return False
    report(f"networks: {', '.join(f'{bridge.link} {bridge.subnet}' for bridge in datacentre.bridges)}")
    return True


def _ensure_operator_key(state: State) -> bool:
    if state.operator_key.exists():
        return False
    command = [
        "ssh-keygen",
        "-q",
        "-t",
        "ed25519",
        "-N",
        "",
        "-C",
        "renfort lab",
        "-f",
        str(state.operator_key),
    ]
    subprocess.run(command, check=True)
    return True
