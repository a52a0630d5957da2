# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The small files that the inventory keeps for itself: JSON, whole or not there, for their owner alone."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from ..core.errors import RenfortError


class StateError(RenfortError):
    """A file that the inventory keeps cannot be written."""


def read_state(path: Path, *, version: int) -> dict[str, Any] | None:
    """Return what a file holds; None when it is missing, unreadable, damaged or of another version."""
    try:
        data = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and data.get("version") == version else None


def write_state(path: Path, data: dict[str, Any]) -> None:
    """Replace a file as a whole: a reader sees the old content or the new one.

    Raises:
        StateError: it cannot be written; the old one is still there.
    """
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(data, separators=(",", ":")))
        Path(temporary).replace(path)
        temporary = ""
    except OSError as error:
        raise StateError(
            f"Cannot write {path}: {error.strerror}.",
            hint="Set state_dir (or RENFORT_INVENTORY_STATE) to a folder that can be written.",
        ) from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
