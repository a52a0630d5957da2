# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's disks and cloud-init drive."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..call import Call
from ..errors import ServerError
from ..qemu import cloudinit, disk_calls, guests, spec, update
from ..registry import endpoint

_GUEST = "/nodes/{node}/qemu/{vmid}"


@endpoint("PUT", f"{_GUEST}/resize")
async def resize(call: Call) -> Any:
    """Grow a disk."""
    return disk_calls.resize(call)


@endpoint("POST", f"{_GUEST}/move_disk")
async def move(call: Call) -> Any:
    """Move a disk to another storage or format."""
    return disk_calls.move(call)


@endpoint("PUT", f"{_GUEST}/unlink")
async def unlink(call: Call) -> Any:
    """Take disks off the guest."""
    return await update.update(replace(call, params=disk_calls.unlink(call)), asynchronous=False)


@endpoint("POST", f"{_GUEST}/template")
async def template(call: Call) -> Any:
    """Turn the guest into a template."""
    return disk_calls.template(call)


@endpoint("GET", f"{_GUEST}/feature")
async def feature(call: Call) -> Any:
    """Whether the guest's disks allow snapshots, linked clones or copies."""
    return disk_calls.features(call)


def _row(call: Call) -> guests.Row:
    return guests.load(call.cluster, call.params["node"], int(call.params["vmid"]))


@endpoint("GET", f"{_GUEST}/cloudinit")
async def cloudinit_pending(call: Call) -> Any:
    """The options that the cloud-init drive is made from."""
    row = _row(call)
    return cloudinit.pending(row["config"] | row["pending"])


@endpoint("PUT", f"{_GUEST}/cloudinit")
async def cloudinit_update(call: Call) -> Any:
    """Make the cloud-init drive anew."""
    if not spec.has_cloudinit(_row(call)["config"]):
        raise ServerError("no cloudinit drive")


@endpoint("GET", f"{_GUEST}/cloudinit/dump")
async def cloudinit_dump(call: Call) -> Any:
    """A part of the cloud-init drive's content."""
    row, part = _row(call), call.params["type"]
    config = row["config"]
    described = spec.cloudinit(call.cluster, row)
    user, network = cloudinit.user_data(config, described), cloudinit.network_data(config, described)
    return {"user": user, "network": network, "meta": cloudinit.meta_data(user, network)}[part]
