# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data disk of a guest: /dev/renfort-data, on a sparse file of its container, which it ends with."""

from __future__ import annotations

import shlex

from ..paths import HERE

FILES = HERE / "disks"
"""How a machine of the lab comes by a disk; shared with the machines that test roles."""

NAME = "renfort-data"

UNIT = f"data-disk@{NAME}.service"

WANTED = f"/etc/systemd/system/local-fs.target.wants/{UNIT}"


def boot_script(size: int | None) -> str:
    """What gives a guest a data disk of so many bytes at the boot that comes.

    0 takes away what it was given before, but for the file; None is for machines that see to it themselves.
    """
    if size is None:
        return ""
    return _described(size) if size else f"rm -f {WANTED}\n"


def plug_script(size: int) -> str:
    """What gives a guest that runs its data disk, or lets it grow, as a hypervisor would."""
    return (
        "set -eu\n"
        + _described(size)
        + f"if [ -b /dev/{NAME} ]; then exec /usr/local/sbin/data-disk grow {NAME} {size}; fi\n"
        + f"systemctl daemon-reload\nsystemctl start {UNIT}\n"
    )


def _described(size: int) -> str:
    return (
        _copy("data-disk", "/usr/local/sbin/data-disk", "0755")
        + _copy("data-disk@.service", "/etc/systemd/system/data-disk@.service", "0644")
        + f"echo SIZE={size} > /etc/data-disk-{NAME}\n"
        + f"mkdir -p {WANTED.rpartition('/')[0]}\nln -sf ../data-disk@.service {WANTED}\n"
    )


def _copy(name: str, path: str, mode: str) -> str:
    content = shlex.quote((FILES / name).read_text(encoding="utf-8"))
    return f"printf %s {content} > {path}\nchmod {mode} {path}\n"
