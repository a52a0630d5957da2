# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the discs from which cloud-init configures a machine at its first boot."""

from __future__ import annotations

import io
from typing import Any

import yaml
from pycdlib import PyCdlib
from pycdlib.pycdlibexception import PyCdlibException

LABEL = "cidata"


def read(content: bytes) -> dict[str, Any] | None:
    """The user data of a seed; None for a disc that cloud-init would not take for one."""
    disc = PyCdlib()
    try:
        disc.open_fp(io.BytesIO(content))
    except PyCdlibException:
        return None
    try:
        label = disc.pvd.volume_identifier.decode("ascii", "replace").strip()
        user_data, meta_data = (_file(disc, name) for name in ("user-data", "meta-data"))
    except PyCdlibException:
        return None
    finally:
        disc.close()
    if (
        label.lower() != LABEL
        or not user_data.startswith("#cloud-config\n")
        or "instance-id" not in meta_data
    ):
        return None
    parsed = yaml.safe_load(user_data)
    return parsed if isinstance(parsed, dict) else None


def _file(disc: PyCdlib, name: str) -> str:
    """A file by its Rock Ridge name, as Linux shows it."""
    written = io.BytesIO()
    disc.get_file_from_iso_fp(written, rr_path=f"/{name}")
    return written.getvalue().decode()
