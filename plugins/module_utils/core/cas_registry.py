# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registry of a CAS as the inventory states it: completed, and judged before a machine is touched."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

ATTRIBUTES = ("profile", "name", "mail", "school")
"""What a service can be told of a person."""

PROFILES = ("pupil", "parent", "teacher", "staff")

DEFAULTS: Mapping[str, Any] = {
    "schemes": ["https"],
    "path": "/",
    "proxy": False,
    "proxy_callback": False,
    "single_logout": True,
    "single_logout_url": "",
    "attributes": list(ATTRIBUTES),
    "profiles": [],
}
"""What a service is when the inventory does not say; name and hosts it must say."""

_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]{1,5})?")
_PATH = re.compile(r"/[A-Za-z0-9._~/-]{0,60}")


def complete(services: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each service with every key."""
    return [{**DEFAULTS, **service} for service in services]


def problems(services: Sequence[Mapping[str, Any]]) -> list[str]:
    """What is wrong with the services, each in one sentence; empty when nothing is."""
    found = [problem for number, service in enumerate(services) for problem in _of_service(number, service)]
    names = Counter(str(service.get("name")) for service in services)
    found += [f"the name {name} stands {count} times" for name, count in sorted(names.items()) if count > 1]
    places = Counter(
        (str(host), service.get("path", "/")) for service in services for host in service.get("hosts") or []
    )
    found += [
        f"{host}{path} belongs to {count} services"
        for (host, path), count in sorted(places.items())
        if count > 1
    ]
    return found


def _of_service(number: int, service: Mapping[str, Any]) -> list[str]:
    name = service.get("name") or f"entry {number + 1}"
    whole = {**DEFAULTS, **service}
    found = [] if service.get("name") else ["has no name"]
    found += [] if service.get("hosts") else ["has no hosts"]
    found += [
        f"host {host!r} is no host name in lower case, with a port or without"
        for host in whole.get("hosts") or []
        if not _HOST.fullmatch(str(host)) or len(str(host)) > 100
    ]
    found += _others("schemes", whole["schemes"], ("https", "http"), at_least_one=True)
    found += _others("attributes", whole["attributes"], ATTRIBUTES)
    found += _others("profiles", whole["profiles"], PROFILES)
    if not _PATH.fullmatch(str(whole["path"])):
        found.append(f"path {whole['path']!r} is no path of at most 60 plain characters that begins with /")
    if whole["single_logout_url"] and not str(whole["single_logout_url"]).startswith(("https://", "http://")):
        found.append(f"single_logout_url {whole['single_logout_url']!r} is no address")
    found += [f"unknown key {key}" for key in sorted(set(service) - set(DEFAULTS) - {"name", "hosts"})]
    return [f"{name}: {problem}" for problem in found]


def _others(
    key: str, values: Sequence[str], allowed: Sequence[str], *, at_least_one: bool = False
) -> list[str]:
    if at_least_one and not values:
        return [f"{key} is empty; allowed are {', '.join(allowed)}"]
    return [
        f"{key} has {value!r}; allowed are {', '.join(allowed)}" for value in values if value not in allowed
    ]
