#!/usr/bin/python
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: XFS on the whole of a data disk, made once and grown with the disk."""

from __future__ import annotations

DOCUMENTATION = r"""
module: data_disk
short_description: XFS on the whole of a data disk, made once and grown with the disk
version_added: 0.1.0
author: Renfort contributors
description:
  - Makes an XFS file system on an empty disk, without partitions and without any layer between.
  - A disk that holds anything else than XFS with the given label is refused, whatever it is. There is no
    option to overwrite it.
  - Where the file system is mounted and its disk has grown, it grows online to the end of the disk.
options:
  device:
    description: The disk, by a name that survives a boot such as C(/dev/disk/by-id/…).
    type: path
    required: true
  label:
    description: Label by which the file system is known as ours; at most 12 characters.
    type: str
    required: true
  mount:
    description: Where it is, or will be, mounted. The module mounts nothing.
    type: path
    required: true
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: posix
notes:
  - Needs xfsprogs and util-linux on the machine.
"""

EXAMPLES = r"""
- name: Make the file system of the attachments
  ent.renfort.data_disk:
    device: /dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_drive-scsi1
    label: storage
    mount: /srv/storage
  register: disk
"""

RETURN = r"""
uuid:
  description: UUID of the file system; empty in check mode where it would be made.
  type: str
  returned: success
step:
  description: What the disk needed.
  type: str
  returned: success
  sample: grow
size_bytes:
  description: Size of the disk.
  type: int
  returned: success
before_bytes:
  description: Size of the file system before; 0 where it was not mounted.
  type: int
  returned: success
after_bytes:
  description: Size of the file system after; 0 where it is not mounted.
  type: int
  returned: success
"""

import os
import stat
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.core.errors import RenfortError
from ..module_utils.data_disk import (
    LABEL_LENGTH,
    Disk,
    DiskError,
    Step,
    decide,
    make_command,
    parse_file_system_bytes,
    parse_places,
    parse_signatures,
)

SPEC: dict[str, Any] = {
    "device": {"type": "path", "required": True},
    "label": {"type": "str", "required": True},
    "mount": {"type": "path", "required": True},
}
FIRST_BYTES = 2**20


def ask(module: AnsibleModule, *argv: str) -> str:
    """Run a command; what it printed.

    Raises:
        DiskError: it failed, or is not there.
    """
    path = module.get_bin_path(argv[0], opt_dirs=["/usr/sbin", "/sbin"])
    if path is None:
        raise DiskError(f"The machine has no {argv[0]}.", hint="Install xfsprogs and util-linux.")
    status, out, err = module.run_command([path, *argv[1:]])
    if status:
        raise DiskError(f"{' '.join(argv)} ended with status {status}: {(err or out).strip()}")
    return out


def look(module: AnsibleModule, device: str, mount: str) -> Disk:
    """Read everything that the decision needs; nothing is written."""
    try:
        status = os.stat(device)  # noqa: PTH116  # the device's number, behind the links of /dev/disk
    except FileNotFoundError:
        raise DiskError(
            f"There is no disk {device} on this machine.",
            hint="Attach it, or correct the name: ls -l /dev/disk/by-id shows those that there are.",
        ) from None
    if not stat.S_ISBLK(status.st_mode):
        raise DiskError(f"{device} is no block device.", hint="Name a disk, such as one of /dev/disk/by-id.")
    number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    places = parse_places(Path("/proc/self/mountinfo").read_text(encoding="utf-8"), number=number)
    with Path(device).open("rb") as disk:
        blank = not any(disk.read(FIRST_BYTES))
    size = parse_file_system_bytes(ask(module, "xfs_info", mount)) if mount in places else 0
    return Disk(
        device=device,
        size_bytes=int(ask(module, "blockdev", "--getsize64", device)),
        signatures=parse_signatures(ask(module, "wipefs", "--no-act", "--json", device)),
        blank=blank,
        mounted_at=places,
        file_system_bytes=size,
    )


def run(module: AnsibleModule) -> dict[str, Any]:
    """Look, decide, act unless in check mode; returns what the task reports."""
    device, label, mount = (module.params[name] for name in ("device", "label", "mount"))
    if not 1 <= len(label) <= LABEL_LENGTH:
        raise DiskError(f"The label {label!r} has {len(label)} characters; expected 1 to {LABEL_LENGTH}.")
    before = look(module, device, mount)
    step = decide(before, label=label, mount=mount)
    after = before
    if step is not Step.KEEP and not module.check_mode:
        command = make_command(device, label=label) if step is Step.MAKE else ["xfs_growfs", "-d", mount]
        ask(module, *command)
        after = look(module, device, mount)
    return {
        "changed": step is not Step.KEEP,
        "step": step.value,
        "uuid": after.signatures[0].uuid if after.signatures else "",
        "size_bytes": after.size_bytes,
        "before_bytes": before.file_system_bytes,
        "after_bytes": after.file_system_bytes,
        "diff": difference(step, before, label),
    }


def difference(step: Step, disk: Disk, label: str) -> dict[str, str]:
    """What diff mode shows."""
    held = f"XFS labelled {label}" if disk.signatures else "nothing"
    size = disk.file_system_bytes
    after = {
        Step.MAKE: f"XFS labelled {label}\n",
        Step.GROW: f"{held}, {disk.size_bytes} bytes at most\n",
        Step.KEEP: f"{held}{f', {size} bytes' if size else ''}\n",
    }
    return {
        "before": f"{held}{f', {size} bytes' if size else ''}\n",
        "after": after[step],
        "before_header": disk.device,
        "after_header": disk.device,
    }


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    try:
        result = run(module)
    except (RenfortError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
