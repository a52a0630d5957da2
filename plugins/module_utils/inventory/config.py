# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration file of the inventory, read without Ansible."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.errors import InputError
from .options import CONSTRUCTED, PLUGIN, Settings, settings_of
from .vars_files import load_plain, refuse_other_rules

EXPRESSIONS = frozenset({*CONSTRUCTED, "filters"})
"""Options that are evaluated for each host, or not at all: no templates."""


def settings_from_file(path: Path, environment: Mapping[str, str]) -> Settings:
    """Return the checked settings of a configuration file.

    Raises:
        InputError: the file cannot be read, or an option is wrong.
        NeedsAnsible: it has something that only Ansible reads.
    """
    refuse_other_rules(environment)
    try:
        data = load_plain(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        expected = "a *.fleet.yml file of the inventory plugin"
        raise InputError(
            file=str(path), key="", problem=f"cannot be read: {reason}", expected=expected
        ) from error
    if isinstance(data, dict):
        data = {
            name: value if name in EXPRESSIONS else _filled_in(value, environment)
            for name, value in data.items()
        }
    return settings_of(data, file=str(path), folder=path.parent, environment=environment)


def settings_from_environment(environment: Mapping[str, str]) -> Settings:
    """Return the settings when there is no configuration file.

    Raises:
        InputError: a variable is missing or wrong.
    """
    return settings_of({"plugin": PLUGIN}, file="no file", folder=Path.cwd(), environment=environment)


def _filled_in(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _filled_in(item, environment) for key, item in value.items()}
    if isinstance(value, list):
        return [_filled_in(item, environment) for item in value]
    if isinstance(value, str) and "{" in value:
        # Jinja takes longer to import than all the rest of a configuration.
        from .expressions import filled_in

        return filled_in(value)
    return value
