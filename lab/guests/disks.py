# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data disk of guests that keep files: /dev/renfort-data, empty at their first boot."""

from __future__ import annotations

import shlex

from ..paths import HERE

FILES = HERE / "disks"
"""How a machine of the lab comes by a disk; shared with the machines that test roles."""

NAME = "renfort-data"
SIZE = "4G"
"""As the file behind it is sparse, it takes no more room than what is written."""

TIERS = ("storage",)
"""Plans know one disk a machine, so the name of a guest says whether it has a second one."""


def data_disk_script(hostname: str) -> str:
    """What gives a guest its data disk at this boot and the next ones; nothing for one without."""
    if not hostname.startswith(tuple(f"{tier}-" for tier in TIERS)):
        return ""
    unit = f"data-disk@{NAME}.service"
    wanted = f"/etc/systemd/system/local-fs.target.wants/{unit}"
    return (
        _copy("data-disk", "/usr/local/sbin/data-disk", "0755")
        + _copy("data-disk@.service", "/etc/systemd/system/data-disk@.service", "0644")
        + f"echo SIZE={SIZE} > /etc/data-disk-{NAME}\n"
        + f"mkdir -p {wanted.rpartition('/')[0]}\nln -sf ../data-disk@.service {wanted}\n"
    )


def _copy(name: str, path: str, mode: str) -> str:
    content = shlex.quote((FILES / name).read_text(encoding="utf-8"))
    return f"printf %s {content} > {path}\nchmod {mode} {path}\n"
