# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the wheelhouse: an action plugin, because the work is done on the controller."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..module_utils.wheelhouse import Request, Target, prepare
from ..plugin_utils.told_action import ToldAction


class ActionModule(ToldAction):
    """Make an application's archive on the controller."""

    def spec(self) -> dict[str, dict[str, Any]]:
        return {
            "requirements": {"type": "path", "required": True},
            "sources": {"type": "list", "elements": "path", "default": []},
            "python": {"type": "str", "required": True},
            "architecture": {"type": "str", "default": "x86_64"},
            "cache": {"type": "path"},
        }

    def act(self, options: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
        request = Request(
            requirements=Path(options["requirements"]),
            sources=tuple(map(Path, options["sources"])),
            target=Target(python=options["python"], architecture=options["architecture"]),
            cache=Path(options["cache"] or default_cache()),
        )
        archive = prepare(request, dry_run=dry_run)
        return {
            "changed": archive.made,
            "path": str(archive.path),
            "digest": archive.digest,
            "present": archive.present,
        }


def default_cache() -> Path:
    """The folder of the user's cache, as the XDG base directories name it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "renfort", "wheelhouse")
