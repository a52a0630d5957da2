# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remembers how running guests were started, so that an emulator started anew still knows."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..paths import run_dir
from .base import CloudInit, GuestSpec, Nic


class SpecMemo:
    """One small file per running guest, in a folder that does not outlive a reboot of the host."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or run_dir() / "guests"

    def keep(self, spec: GuestSpec) -> None:
        """Note how the guest was started."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file(spec.vmid).write_text(json.dumps(asdict(spec)), encoding="utf-8")

    def drop(self, vmid: int) -> None:
        """Forget a guest that is off on purpose."""
        self._file(vmid).unlink(missing_ok=True)

    def of(self, vmid: int) -> GuestSpec | None:
        """How the guest was started, if that is known."""
        try:
            return spec_from_data(json.loads(self._file(vmid).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def _file(self, vmid: int) -> Path:
        return self._folder / f"{vmid}.json"


def spec_from_data(data: dict[str, Any]) -> GuestSpec:
    """The inverse of ``dataclasses.asdict``, after a passage through JSON."""
    said: dict[str, Any] | None = data.pop("cloudinit")
    cloudinit = None
    if said is not None:
        listed = {key: tuple(value) for key, value in said.items() if isinstance(value, list)}
        cloudinit = CloudInit(**{**said, **listed})
    nics = tuple(Nic(**nic) for nic in data.pop("nics"))
    return GuestSpec(**data, nics=nics, cloudinit=cloudinit)
