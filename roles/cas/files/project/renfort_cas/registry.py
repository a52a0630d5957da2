# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of the settings as entries of django-cas-server's registry. Pure: values in, values out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

REST_OF_ADDRESS = r"(?:[/?#][^\x00-\x20\x7f\\]*)?\Z"
"""What may follow the host: nothing that a browser could take for another host, no blanks, no controls."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry: an expression for the addresses of one host, and what services there may do."""

    name: str
    pattern: str
    proxy: bool
    proxy_callback: bool
    single_log_out: bool
    single_log_out_callback: str
    attributes: tuple[str, ...]
    profiles: tuple[str, ...]


def entries(services: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """One entry for each host of each service, in their order."""
    return [
        Entry(
            name=f"{service['name']} ({host})",
            pattern=pattern(host, service["schemes"], service["path"]),
            proxy=service["proxy"],
            proxy_callback=service["proxy_callback"],
            single_log_out=service["single_logout"],
            single_log_out_callback=service["single_logout_url"],
            attributes=tuple(service["attributes"]),
            profiles=tuple(service["profiles"]),
        )
        for service in services
        for host in service["hosts"]
    ]


def pattern(host: str, schemes: Iterable[str], path: str) -> str:
    """The expression that matches the addresses of a host below a path, with its usual port or none."""
    bare, _, port = host.partition(":")
    usual = {"https": "443", "http": "80"}
    tail = REST_OF_ADDRESS if path == "/" else re.escape(path.rstrip("/")) + REST_OF_ADDRESS
    starts = [
        f"{scheme}://{re.escape(bare)}{f':{port}' if port else f'(?::{usual[scheme]})?'}"
        for scheme in sorted(set(schemes), reverse=True)
    ]
    return f"(?:{'|'.join(starts)}){tail}"


def profile_pattern(profiles: Iterable[str]) -> str:
    """The expression that matches exactly some profiles."""
    return f"(?:{'|'.join(sorted(map(re.escape, profiles)))})\\Z"
