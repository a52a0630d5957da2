# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""YAML and JSON files as Ansible reads them: the configuration, and the variables beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from .needs import NeedsAnsible

EXTENSIONS = (".yml", ".yaml", ".json")
"""What the names of files with variables may end in; they may have no ending too."""

OTHER_RULES = ("ANSIBLE_HASH_BEHAVIOUR", "ANSIBLE_VARS_ENABLED", "ANSIBLE_YAML_FILENAME_EXT")
"""Environment variables that change which variables Ansible exports."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_plain(path: Path) -> Any:
    """Return what a file holds.

    Raises:
        NeedsAnsible: it is encrypted, has Ansible's own tags or keys, or is not valid.
        OSError: it cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    if text.startswith("$ANSIBLE_VAULT"):
        raise NeedsAnsible(f"the encrypted file {path}")
    if "__ansible_" in text:
        raise NeedsAnsible(f"a key of Ansible's own in {path}")
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError) as error:
        problem = " ".join(str(getattr(error, "problem", None) or error).split())
        raise NeedsAnsible(f"{path}, which is not plain YAML: {problem}") from error


def refuse_other_rules(environment: Mapping[str, str]) -> None:
    """Find out whether Ansible is told to read or combine variables in another way than by default.

    Raises:
        NeedsAnsible: it is.
    """
    for name in OTHER_RULES:
        if environment.get(name):
            raise NeedsAnsible(f"the environment variable {name}")


def entity_vars(folder: Path, names: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the variables of the hosts or groups that a folder ``host_vars`` or ``group_vars`` knows.

    Raises:
        NeedsAnsible: a file of them can only be read by Ansible.
    """
    if not folder.is_dir():
        return {}
    stems = {part for path in folder.iterdir() for part in (path.name, path.stem)}
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        values: dict[str, Any] = {}
        for path in _files(folder, name) if name in stems else ():
            values |= _mapping(path)
        if values:
            found[name] = values
    return found


def _files(folder: Path, name: str) -> list[Path]:
    """Return the files of one host or group: a folder or one file, the first that is there."""
    for extension in ("", *EXTENSIONS):
        path = folder / f"{name}{extension}"
        if path.is_dir():
            return _files_within(path)
        if path.exists():
            return [path]
    return []


def _files_within(folder: Path) -> list[Path]:
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name.endswith("~"):
            continue
        if path.is_dir():
            found += _files_within(path) if not path.suffix else []
        elif not path.suffix or path.suffix in EXTENSIONS:
            found.append(path)
    return found


def _mapping(path: Path) -> dict[str, Any]:
    try:
        data = load_plain(path)
    except OSError as error:
        raise NeedsAnsible(f"{path}, which cannot be read: {error.strerror}") from error
    if not data:
        return {}
    if not isinstance(data, dict):
        raise NeedsAnsible(f"{path}, which is no mapping")
    return {key: _plain(value, path) for key, value in _keys(data, path)}


def _keys(data: dict[Any, Any], path: Path) -> Iterable[tuple[str, Any]]:
    for key, value in data.items():
        if type(key) is not str:
            raise NeedsAnsible(f"the key {key!r} in {path}, which is no text")
        yield key, value


def _plain(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item, path) for key, item in _keys(value, path)}
    if isinstance(value, list):
        return [_plain(item, path) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise NeedsAnsible(f"a {type(value).__name__} in {path}")
