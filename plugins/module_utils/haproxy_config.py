# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the load balancer's configuration is computed from: backends, portal hosts, limits. Values only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .core.errors import RenfortError

RESERVED_BACKENDS = frozenset({"unknown_host", "portals", "status"})
"""Names of proxies that the role makes itself."""

KIB_PER_CONNECTION = 34
"""Two buffers of 16 KiB and about 2 KiB of structures: one request passing through, both sides."""

KIB_PER_TLS_CONNECTION = 64
"""The same with the state of one TLS session on the client's side."""

MAXCONN_BOUNDS = (1_000, 100_000)
"""A smaller machine is still useful; above, one process is no longer what to grow."""

SPARE_DESCRIPTORS = 1_000
"""Open files for what is no client's request: listeners, health checks, threads, sockets of command."""

HOST_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
URL_PATH = re.compile(r"/[^\s?#]*")
PROXY_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class BackendError(RenfortError):
    """Backends cannot be made from the tenants and the inventory."""


def _portals_of(name: str, tenant: Any) -> list[str]:
    """The portal hosts of one tenant, as written in its entry."""
    hosts = tenant.get("portals") if isinstance(tenant, Mapping) else None
    if not isinstance(hosts, Sequence) or isinstance(hosts, str) or not hosts:
        raise BackendError(
            f"renfort_tenants.{name}.portals: found {hosts!r}.",
            hint="Expected a list of at least one host name, such as [eure.ent.example].",
        )
    return [str(host) for host in hosts]


def _server(name: str, hostvars: Any, *, tenant: str, port: int) -> dict[str, Any]:
    """One machine of the inventory as a server of a backend."""
    try:
        address = hostvars[name]["ansible_host"]
    except KeyError:
        raise BackendError(
            f"The machine {name} of tenant {tenant} has no ansible_host in the inventory.",
            hint="The inventory plugin reads it from the guest's ip- tag: run the provisioning again.",
        ) from None
    return {"name": name, "address": str(address), "port": port}


def tenant_backends(
    tenants: Mapping[str, Any],
    groups: Mapping[str, Iterable[str]],
    hostvars: Any,
    *,
    tier: str = "web",
    port: int = 80,
    without: Collection[str] = (),
    suffix: str = "",
    paths: Sequence[str] = (),
    check_path: str = "",
) -> list[dict[str, Any]]:
    """One backend per tenant, sorted by name, its servers being the machines of the tier.

    Args:
        tenants: ``renfort_tenants``: name → mapping with ``portals``, the host names.
        groups: the inventory's groups: name → machine names. A tenant's group is ``tenant_<name>``.
        hostvars: machine name → variables; ``ansible_host`` is the address.
        tier: the group that the servers must also be in.
        port: the port that they answer on.
        without: machines that are on their way out and get no request any more.
        suffix: what the backend is called after the tenant's name, such as ``_cas``.
        paths: of the portals, only the paths that begin so.
        check_path: what the servers must answer, instead of the role's own path.

    Returns:
        Mappings with ``name``, ``hosts`` and ``servers`` (``name``, ``address``, ``port``), and ``paths`` and
        ``check_path`` where these are given. A tenant
        whose machines do not exist yet has no server: its portal answers the page for that case.

    Raises:
        BackendError: naming the tenant or machine and what was expected.
    """
    if not isinstance(tenants, Mapping):
        raise BackendError(
            f"renfort_tenants: found {type(tenants).__name__}.", hint="Expected a mapping of tenants by name."
        )
    of_tier = set(groups.get(tier, ())) - set(without)
    backends = []
    for name in sorted(tenants):
        machines = sorted(of_tier.intersection(groups.get(f"tenant_{name}", ())))
        backends.append(
            {
                "name": name + suffix,
                "hosts": _portals_of(name, tenants[name]),
                "servers": [_server(machine, hostvars, tenant=name, port=port) for machine in machines],
                **({"paths": list(paths)} if paths else {}),
                **({"check_path": check_path} if check_path else {}),
            }
        )
    return backends


def portal_map(backends: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Host → backend, from the hosts that each backend without paths names, sorted by host.

    Raises:
        BackendError: if two backends claim one host.
    """
    owners: dict[str, str] = {}
    for backend in backends:
        for host in () if backend.get("paths") else backend.get("hosts") or ():
            owner = owners.setdefault(host, backend["name"])
            if owner != backend["name"]:
                raise BackendError(
                    f"The host {host} is claimed by the backends {owner} and {backend['name']}.",
                    hint="A portal host belongs to one backend: take it out of one of the two.",
                )
    return dict(sorted(owners.items()))


def path_map(backends: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, str]]:
    """Host → beginning of a path → backend, from the backends that name paths, sorted.

    Raises:
        BackendError: if two backends claim one path of one host.
    """
    owners: dict[str, dict[str, str]] = {}
    for backend in backends:
        for host in backend.get("hosts") or ():
            for path in backend.get("paths") or ():
                owner = owners.setdefault(host, {}).setdefault(path, backend["name"])
                if owner != backend["name"]:
                    raise BackendError(
                        f"The path {path} of {host} is claimed by {owner} and {backend['name']}.",
                        hint="A path of a portal belongs to one backend: take it out of one of the two.",
                    )
    return {host: dict(sorted(paths.items())) for host, paths in sorted(owners.items())}


def _server_problems(backend: Mapping[str, Any]) -> list[str]:
    """What is wrong with the servers of one backend."""
    name = backend["name"]
    servers = [server["name"] for server in backend.get("servers") or ()]
    problems = [
        f"backend {name}: the server name {server!r} may only hold letters, digits and _ . -"
        for server in servers
        if not PROXY_NAME.fullmatch(server)
    ]
    twice = sorted({server for server in servers if servers.count(server) > 1})
    problems.extend(f"backend {name}: two servers are named {server}" for server in twice)
    return problems


def backend_problems(backends: Sequence[Mapping[str, Any]], portals: Mapping[str, str]) -> list[str]:
    """What is wrong with backends and the map of portal hosts, one sentence each; empty when all is well."""
    problems = []
    names = [backend["name"] for backend in backends]
    for name in sorted(set(names)):
        if names.count(name) > 1:
            problems.append(f"two backends are named {name}")
        if name in RESERVED_BACKENDS:
            problems.append(f"the backend name {name} is one of the role's own")
        if not PROXY_NAME.fullmatch(name):
            problems.append(f"the backend name {name!r} may only hold letters, digits and _ . -")
    for backend in backends:
        problems.extend(_server_problems(backend))
        problems.extend(
            f"backend {backend['name']}: the path {path!r} does not begin with / or holds spaces"
            for path in backend.get("paths") or ()
            if not URL_PATH.fullmatch(path)
        )
    for host, target in sorted(portals.items()):
        if not HOST_NAME.fullmatch(host):
            problems.append(f"the portal host {host!r} is not a host name in lower case, without port")
        if target not in names:
            problems.append(f"the portal host {host} leads to the backend {target}, which does not exist")
    return problems


def tcp_service_problems(
    services: Sequence[Mapping[str, Any]], backends: Iterable[Mapping[str, Any]]
) -> list[str]:
    """What is wrong with the services that are no HTTP, one sentence each; empty when all is well."""
    problems = []
    taken = {*RESERVED_BACKENDS, *(backend["name"] for backend in backends)}
    for service in services:
        name, check = service["name"], service.get("check") or {}
        if name in taken:
            problems.append(f"the name {name} is taken by a backend, another service or the role itself")
        if not PROXY_NAME.fullmatch(name):
            problems.append(f"the service name {name!r} may only hold letters, digits and _ . -")
        taken.add(name)
        problems.extend(text.replace("backend", "service", 1) for text in _server_problems(service))
        if check.get("tls") and not check.get("ca_file"):
            problems.append(f"service {name}: a check over TLS needs check.ca_file to verify the server by")
        if check.get("tls") and check.get("type", "tcp") not in ("http", "tcp"):
            problems.append(f"service {name}: a check of type {check['type']} cannot go over TLS")
    return problems


def maxconn(memory_kib: int, descriptors: int, *, tls: bool = False, share: float = 0.5) -> int:
    """Connections at once that a machine carries, rounded down to a thousand.

    Args:
        memory_kib: memory of the machine in KiB.
        descriptors: open files that a service may have; a connection takes two.
        tls: whether clients come over TLS.
        share: part of the memory that connections may take; the rest is the system's, the tables'
            and that of the former process, which drains beside the new one after a reload.
    """
    per_connection = KIB_PER_TLS_CONNECTION if tls else KIB_PER_CONNECTION
    low, high = MAXCONN_BOUNDS
    by_memory = min(max(int(memory_kib * share / per_connection), low), high)
    carried = min(by_memory, (descriptors - SPARE_DESCRIPTORS) // 2)
    return carried // 1000 * 1000 if carried >= low else max(carried, 1)


def section_fragments(text: str, *, prefix: str, keyword: str = "backend") -> list[dict[str, str]]:
    """Cut rendered configuration into one fragment per section, each with the comments above it.

    Args:
        text: sections that begin with ``keyword <name>`` in the first column.
        prefix: what the fragments' names begin with, such as ``400-haproxy-``.
        keyword: the kind of section.

    Returns:
        Mappings with ``name`` (``<prefix><section>.cfg``) and ``content``, in the order of the text.
    """
    head = re.compile(rf"{re.escape(keyword)}\s+(\S+)")
    fragments: list[dict[str, str]] = []
    comments: list[str] = []
    for line in text.splitlines():
        match = head.match(line)
        if match:
            fragments.append({"name": f"{prefix}{match[1]}.cfg", "content": "\n".join([*comments, line, ""])})
            comments = []
        elif not line.strip() or line.startswith("#"):
            comments += [line] if line.strip() else []
        elif fragments:
            fragments[-1]["content"] += "\n".join([*comments, line, ""])
            comments = []
        else:
            raise BackendError(
                f"The line {line!r} stands before the first {keyword} section.",
                hint=f"Begin the text with '{keyword} <name>'.",
            )
    return fragments
