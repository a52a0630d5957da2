# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Prometheus scrapes, from machines of the inventory. Values only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Any

from .core.errors import RenfortError

LABELS = {
    "tier": "renfort_tier",
    "tenant": "renfort_tenant",
    "rack": "renfort_rack",
    "hypervisor": "renfort_hypervisor",
}
"""Label → variable of the inventory that it comes from. A variable that is empty or not there gives none."""

JOB_NAME = re.compile(r"[a-z][a-z0-9_-]*")
LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
RESERVED_JOBS = frozenset({"prometheus", "alertmanager", "blackbox"})
"""Jobs that the role makes itself."""


class TargetError(RenfortError):
    """Targets cannot be made from the inventory."""


def machine_targets(
    machines: Iterable[str], hostvars: Any, *, without: Collection[str] = ()
) -> list[dict[str, Any]]:
    """One target for each machine, sorted by name.

    Args:
        machines: names of machines; one that is named twice is one target.
        hostvars: machine name → variables; ``ansible_host`` is the address.
        without: machines that are on their way out, which nobody shall be called for.

    Returns:
        Mappings with ``address`` and ``labels``: ``machine``, and where known ``tier``, ``tenant``,
        ``rack`` and ``hypervisor``.

    Raises:
        TargetError: naming the machine that has no address.
    """
    targets = []
    for name in sorted(set(machines) - set(without)):
        try:
            variables = hostvars[name]
            address = variables["ansible_host"]
        except KeyError:
            raise TargetError(
                f"The machine {name} has no ansible_host in the inventory, so it cannot be watched.",
                hint="The inventory plugin reads it from the guest's ip- tag: run the provisioning again.",
            ) from None
        known = {label: variables.get(variable) for label, variable in LABELS.items()}
        labels = {label: str(value) for label, value in known.items() if value}
        targets.append({"address": str(address), "labels": {"machine": name, **labels}})
    return targets


def file_sd(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The targets of one job as Prometheus reads them from a file.

    Args:
        job: ``targets``: mappings with ``address`` and, if any, ``labels``, ``hostname`` (the name that
            a probe asks for and verifies, at that address); ``port`` is added to addresses without one.

    Returns:
        Mappings with ``targets`` (a list of one) and ``labels``, in the order of the job.
    """
    groups = []
    for target in job.get("targets") or ():
        labels = {name: str(value) for name, value in (target.get("labels") or {}).items()}
        if target.get("hostname"):
            labels["__param_hostname"] = str(target["hostname"])
        groups.append({"targets": [_with_port(str(target["address"]), job.get("port"))], "labels": labels})
    return groups


def _with_port(address: str, port: int | str | None) -> str:
    """The address with the job's port, unless it is a URL, has a port of its own or there is none."""
    try:
        is_ipv6 = isinstance(ip_address(address), IPv6Address)
    except ValueError:
        is_ipv6 = False
    if "/" in address or (":" in address and not is_ipv6) or not port:
        return address
    return f"[{address}]:{port}" if is_ipv6 else f"{address}:{port}"


def job_problems(
    jobs: Sequence[Mapping[str, Any]], *, probes: bool = False, taken: Iterable[str] = ()
) -> list[str]:
    """What is wrong with jobs, one sentence each; empty when all is well.

    Args:
        jobs: what the inventory asks for, ``monitoring_jobs`` or ``monitoring_probes``.
        probes: whether these are probes, which need no port and a target of which may be a URL.
        taken: names that other jobs have.
    """
    names = [str(job.get("name", "")) for job in jobs]
    problems = [
        f"the name {name!r} is not made of a small letter, then small letters, digits, - and _"
        for name in names
        if not JOB_NAME.fullmatch(name)
    ]
    problems += [f"two jobs are named {name}" for name in sorted({it for it in names if names.count(it) > 1})]
    problems += [f"the name {name} is one of the role's own" for name in names if name in RESERVED_JOBS]
    problems += [f"a job and a probe are named {name}" for name in sorted(set(names).intersection(taken))]
    for job in jobs:
        problems.extend(f"{job.get('name')}: {problem}" for problem in _target_problems(job, probes=probes))
    return problems


def _target_problems(job: Mapping[str, Any], *, probes: bool) -> list[str]:
    """What is wrong with the targets of one job."""
    port = job.get("port")
    problems = []
    if port is None and not probes:
        problems.append("a port is missing")
    if port is not None and not 1 <= int(port) <= 65535:
        problems.append(f"the port {port} is not between 1 and 65535")
    addresses = [str(target.get("address") or "") for target in job.get("targets") or ()]
    if "" in addresses:
        problems.append("a target has no address")
    twice = sorted({it for it in addresses if it and addresses.count(it) > 1})
    # The same address may be asked for several names.
    problems += [] if probes else [f"two targets have the address {address}" for address in twice]
    labels = {name for target in job.get("targets") or () for name in target.get("labels") or {}}
    problems += [
        f"the label {name!r} is not a name that Prometheus accepts"
        for name in sorted(labels)
        if not LABEL_NAME.fullmatch(str(name)) or str(name).startswith("__")
    ]
    return problems


def secrets(
    jobs: Iterable[Mapping[str, Any]], receivers: Iterable[Mapping[str, Any]], client_password: str = ""
) -> dict[str, str]:
    """The passwords and tokens that go into files of their own.

    Args:
        jobs: a job with a ``password`` gives the file ``job-<name>``.
        receivers: the webhook number n with a ``token`` gives ``receiver-<name>-<n>``, from zero.
        client_password: what monitoring machines are to each other gives ``client``.

    Returns:
        File name → secret.
    """
    found = {f"job-{job['name']}": str(job["password"]) for job in jobs if job.get("password")}
    for receiver in receivers:
        for number, webhook in enumerate(receiver.get("webhooks") or ()):
            if webhook.get("token"):
                found[f"receiver-{receiver['name']}-{number}"] = str(webhook["token"])
    return found | ({"client": client_password} if client_password else {})
