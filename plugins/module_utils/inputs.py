# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that people edit and the plan file: read with clear refusals, written all or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .core.errors import InputError, RenfortError
from .core.fields import did_you_mean
from .core.model import InputFiles, Inputs
from .core.plan import PLAN_KEY, Plan
from .core.validation import INPUT_KEYS, Documents, parse_inputs

LOCK_POLL_S = 0.1
"""Seconds between two tries to get the lock of a plan that another run holds."""

_HEADER = """\
---
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The plan: every machine that must exist, written by playbooks/plan.yml. Review it, commit it;
# playbooks/provision.yml makes it so. To change it, change the inputs beside it and plan again.
"""


class _Loader(yaml.CSafeLoader):
    """YAML without the silent loss of a key that is there twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return the mapping of a node, refusing a second key of the same name."""
        seen: set[object] = set()
        for key_node, _value in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f'the key "{key}" is there twice', key_node.start_mark
                )
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


class _Dumper(yaml.SafeDumper):
    """YAML with list items indented under their key, and nothing written as an alias."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's signature
        """Indent list items too."""
        super().increase_indent(flow=flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        """Write every value in full."""
        return True


def read_document(path: Path, key: str) -> object:
    """Return what a file holds under its single top key.

    Raises:
        InputError: the file is missing or unreadable, is not YAML, or has another top key.
    """
    return _under_top_key(path, key, _read_yaml(path, key))


def _read_yaml(path: Path, key: str) -> object:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            file=str(path), key=key, problem="the file does not exist", expected="a file with this top key"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            file=str(path), key=key, problem=f"the file cannot be read: {error}", expected="readable UTF-8"
        ) from error
    try:
        data: object = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _syntax_error(path, key, error) from error
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """Values from another source, such as NetBox, that stand instead of those of a file.

    ``values`` maps a top name (``stock``, ``networks``) to the keys that are replaced as a whole;
    ``source`` names where they come from, for messages.
    """

    source: str
    values: Mapping[str, Mapping[str, Any]]


def load_inputs(
    directory: Path | str,
    *,
    today: str = "",
    overlay: Overlay | None = None,
    what_if: Path | str = "",
) -> Inputs:
    """Return the checked inputs of a folder: tenants.yml, stock.yml, capacity.yml and networks.yml.

    Args:
        directory: the folder.
        today: ISO date before which no delivery can be announced; empty when that is not checked.
        overlay: values that stand instead of those of the files.
        what_if: a file of changes to the four mappings, each under its own top key: mappings are merged,
            null removes a key, all else replaces.

    Raises:
        InputError: a file is missing or wrong, or the files contradict each other.
    """
    folder = Path(directory)
    paths = {name: folder / f"{name}.yml" for name in INPUT_KEYS}
    documents = {name: read_document(path, INPUT_KEYS[name]) for name, path in paths.items()}
    labels = {name: str(path) for name, path in paths.items()}
    if overlay is not None:
        for name, values in overlay.values.items():
            documents[name] = _replaced(documents[name], values, whole=name == "networks")
            labels[name] = f"{labels[name]} with {overlay.source}"
    if what_if:
        for name, change in _what_if(Path(what_if)).items():
            documents[name] = merged(documents[name], change)
            labels[name] = f"{labels[name]} with {what_if}"
    return parse_inputs(Documents(**documents), InputFiles(**labels), today=today)


def merged(base: object, patch: object) -> object:
    """Return a value with a patch: mappings are merged, null removes a key, all else replaces."""
    if not isinstance(base, Mapping) or not isinstance(patch, Mapping):
        return patch
    result = {key: value for key, value in base.items() if key not in patch}
    for key, change in patch.items():
        if change is not None:
            result[key] = merged(base.get(key, {} if isinstance(change, Mapping) else None), change)
    return result


def _replaced(document: object, values: Mapping[str, Any], *, whole: bool) -> object:
    return values if whole or not isinstance(document, Mapping) else {**document, **values}


def _what_if(path: Path) -> dict[str, object]:
    names = {key: name for name, key in INPUT_KEYS.items()}
    data = _read_yaml(path, "renfort_stock")
    if not isinstance(data, dict) or not data:
        raise InputError(
            file=str(path), key="", problem="there is no change in it", expected=f"one of {', '.join(names)}"
        )
    for key in data:
        if key not in names:
            raise InputError(
                file=str(path),
                key=str(key),
                problem="this top key is not known here",
                expected=did_you_mean(str(key), names),
            )
    return {names[key]: change for key, change in data.items()}


def load_plan(path: Path | str, *, missing_ok: bool = False) -> Plan:
    """Return the plan of a file; with ``missing_ok`` an absent file is an empty plan.

    Raises:
        InputError: the file is missing, is not YAML, or holds no valid plan.
    """
    file = Path(path)
    if missing_ok and not file.exists():
        return Plan()
    if not file.exists():
        raise InputError(
            file=str(file),
            key=PLAN_KEY,
            problem="there is no plan yet",
            expected="the plan that playbooks/plan.yml writes; run it first: `scripts/renfort run plan`",
        )
    return Plan.from_data(read_document(file, PLAN_KEY), file=str(file))


def dump_plan(plan: Plan) -> str:
    """Return the text of a plan file: the same plan always gives the same bytes."""
    body = yaml.dump(
        {PLAN_KEY: plan.to_data()},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=96,
    )
    return _HEADER + body


@contextlib.contextmanager
def plan_lock(path: Path | str, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold the lock of a plan file, so that two operators never plan at the same time.

    ``wait_s`` is how many seconds another holder is waited for.

    The lock is a hidden file beside the plan. The system frees it when its process ends, whatever
    the way; the file itself stays, since removing it would let two holders in.

    Raises:
        RenfortError: another process holds it, or the folder cannot be written.
    """
    lock = Path(path).with_name(f".{Path(path).name}.lock")
    try:
        handle = lock.open("a", encoding="utf-8")
    except OSError as error:
        raise RenfortError(
            f"Cannot open the lock {lock} to write the plan: {error.strerror}.",
            hint="Check that the folder exists and can be written.",
        ) from error
    with handle:
        if not _locked(handle.fileno(), wait_s):
            raise RenfortError(
                f"Cannot write the plan {path}: another run holds its lock {lock}.",
                hint="Wait for the other run to end, then run this again.",
            )
        yield


def _locked(handle: int, wait_s: float) -> bool:
    """Lock an open file, trying again until it is free or the time is over; whether that succeeded."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(LOCK_POLL_S)
        else:
            return True


def write_plan(path: Path | str, plan: Plan) -> None:
    """Write a plan file: a reader sees the old text or the new one, never a part.

    Raises:
        RenfortError: the file cannot be written; the old one is still there, whole.
    """
    write_file(Path(path), dump_plan(plan).encode("utf-8"), what="the plan")


def write_file(target: Path, content: bytes, *, what: str) -> None:
    """Write a file as a whole, with the folders above it; ``what`` it is, for messages.

    Raises:
        RenfortError: the file cannot be written; the old one is still there, whole.
    """
    temporary = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        with tempfile.NamedTemporaryFile(
            "wb", dir=target.parent, prefix=f".{target.name}.", delete=False
        ) as handle:
            temporary = handle.name
            handle.write(content)
            handle.flush()
            os.fchmod(handle.fileno(), mode)
            os.fsync(handle.fileno())
        Path(temporary).replace(target)
    except OSError as error:
        raise RenfortError(
            f"Cannot write {what} {target}: {error.strerror}.",
            hint="The file was left as it was. Check the folder's permissions and free space.",
        ) from error
    finally:
        # Gone already when all went well; an interruption leaves nothing behind either.
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def _syntax_error(path: Path, key: str, error: yaml.YAMLError) -> InputError:
    mark = getattr(error, "problem_mark", None)
    where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    problem = getattr(error, "problem", None) or str(error)
    return InputError(
        file=f"{path}{where}", key=key, problem=f"not valid YAML: {problem}", expected="valid YAML"
    )


def _under_top_key(path: Path, key: str, data: object) -> object:
    if not isinstance(data, dict) or not data:
        raise InputError(
            file=str(path), key=key, problem="this top key is missing", expected=f'a mapping under "{key}"'
        )
    others = [str(name) for name in data if name != key]
    if others:
        problem = f'the top key "{others[0]}" does not belong in this file'
        expected = did_you_mean(others[0], [key]) if key not in data else f'only "{key}"'
        raise InputError(file=str(path), key=others[0], problem=problem, expected=expected)
    return data[key]
