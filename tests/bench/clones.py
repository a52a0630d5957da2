# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A hundred guests on an emulated cluster with the lock times of a real one, run by `make bench-clones`.

First the cloning alone: how near it comes to what the storage's locks permit, on storages of the hypervisors
and on one of the cluster. For the latter that is what a simulation of the lock comes to, at the best fixed
number of clones at once: a good deal more than the time for which the lock is held, and no strict bound.

Then the whole provisioning as a playbook, beside a playbook that loops over community.proxmox's proxmox_kvm
(clone, update, start) on another such cluster.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.inputs import write_plan
from ansible_collections.ent.renfort.plugins.module_utils.provision import Outcome, Provisioner, Request
from ansible_collections.ent.renfort.plugins.module_utils.provision_changes import Access
from ansible_collections.ent.renfort.plugins.module_utils.proxmox import Client
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_cluster import Guest, read_guests
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_options import ApiSettings
from lab.pve.storage.config import DEFAULT_LOCK_S
from tests.bench.emulated import ROOT, Emulated, emulated
from tests.bench.lock_bound import asked_for_every_second, handed_over_at_once

PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ops@bench"

GUESTS = 100
HYPERVISORS = 2
MIN_PERCENT = 85.0
LIST_LAG_S = 15.0
MIN_CPU_RATIO = 5.0


def datacentre(*, shared: bool) -> dict[str, Any]:
    """Two hypervisors with a template each on storages of their own, or one template on a shared storage."""
    names = [f"pve{number}" for number in range(1, HYPERVISORS + 1)]
    template = {"image": "debian-13", "storage": "vm", "bridge": "vmbr0", "disk_gib": 4}
    owners = names[:1] if shared else names
    return {
        "cluster": "bench",
        "nodes": {name: {"cores": 64, "memory_mib": 1024 * 1024} for name in names},
        "bridges": {"vmbr0": {"subnet": "10.20.0.0/16", "gateway": "10.20.0.1"}},
        "pools": ["renfort"],
        "storages": {
            "vm": {
                "type": "nfs" if shared else "dir",
                "shared": shared,
                "content": ["images"],
                "size_gib": 20_000,
            }
        },
        "templates": [
            {"vmid": 9001 + number, "name": f"template-{number}", "node": name, **template}
            for number, name in enumerate(owners)
        ],
    }


def machines(*, shared: bool) -> tuple[Machine, ...]:
    """The guests, shared out over the hypervisors in turn."""
    return tuple(
        Machine(
            name=f"eure-web-{number:03d}",
            vmid=2000 + number,
            tier="web",
            tenant="eure",
            hypervisor=f"pve{1 + number % HYPERVISORS}",
            template=9001 if shared else 9001 + number % HYPERVISORS,
            cores=2,
            memory_mib=2048,
            disk_gib=8,
            storage="vm",
            bridge="vmbr0",
            address=f"10.20.1.{1 + number}/16",
            gateway="10.20.0.1",
            nameservers=("10.20.0.1",),
            pool="renfort",
            reason="bench",
        )
        for number in range(GUESTS)
    )


class TimedClient(Client):
    """Notes when the first clone was asked for and when the last one had ended, in monotonic seconds."""

    first = 0.0
    last = 0.0

    def post(self, path: str, *, doing: str, **data: Any) -> Any:
        """Write; the first clone starts the clock."""
        if path.endswith("/clone"):
            self.first = self.first or time.monotonic()
        return super().post(path, doing=doing, **data)

    def wait(self, upid: str, *, doing: str, timeout_s: float) -> None:
        """Wait; every clone that ends moves the clock."""
        super().wait(upid, doing=doing, timeout_s=timeout_s)
        if ":qmclone:" in upid:
            self.last = time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloned:
    """How long the clones took together (seconds), and how many guests failed."""

    seconds: float
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a playbook took: elapsed and the controller's processor seconds, calls, and guests that run."""

    elapsed_s: float
    processor_s: float
    calls: int
    running: int


def in_cluster(folder: Path, *, shared: bool) -> AbstractContextManager[Emulated]:
    """An emulated cluster of its own."""
    folder.mkdir()
    return emulated(folder, datacentre(shared=shared), lambda _cluster: None)


def clone_all(folder: Path, *, shared: bool) -> Cloned:
    """Provision all guests and time the clones among it."""
    with in_cluster(folder, shared=shared) as cluster:
        client = TimedClient(cluster.settings)
        request = Request(
            machines=machines(shared=shared),
            access=Access(user="ops", ssh_keys=(KEY,)),
            known_hosts_file=str(folder / "known_hosts"),
        )
        outcome: Outcome = Provisioner(client, request, lambda _line: None).run()
        for name, error in outcome.failures.items():
            print(f"  {name}: {error}")
        return Cloned(seconds=client.last - client.first, failures=len(outcome.failures))


def run_playbook(folder: Path, tasks: list[dict[str, Any]], cluster: Emulated) -> Taken:
    """Run tasks on this machine as a playbook and tell what that took."""
    play = {"name": "Bench", "hosts": "localhost", "gather_facts": False, "tasks": tasks}
    path = folder / "play.yml"
    path.write_text(yaml.safe_dump([play], sort_keys=False))
    python = f"ansible_python_interpreter={sys.executable}"
    before, calls = resource.getrusage(resource.RUSAGE_CHILDREN), sum(cluster.counters().values())
    began = time.perf_counter()
    done = subprocess.run(
        [str(PLAYBOOK), "-i", "localhost,", "-c", "local", "-e", python, str(path)],
        cwd=ROOT,
        env={**os.environ, "REQUESTS_CA_BUNDLE": cluster.settings.ca_file, "RENFORT_JOURNAL": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    elapsed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    for message in sorted({line.strip() for line in done.stdout.splitlines() if " msg: " in line})[:3]:
        print(f"  {message}")
    calls = sum(cluster.counters().values()) - calls
    guests = read_guests(Client(cluster.settings))
    wanted = {machine.vmid for machine in machines(shared=False)}
    while time.perf_counter() < began + elapsed + LIST_LAG_S and not _all_run(guests, wanted):
        time.sleep(1)
        guests = read_guests(Client(cluster.settings))
    return Taken(
        elapsed_s=elapsed,
        processor_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        calls=calls,
        running=sum(1 for guest in guests if guest.vmid in wanted and guest.status == "running"),
    )


def _all_run(guests: tuple[Guest, ...], wanted: set[int]) -> bool:
    return wanted <= {guest.vmid for guest in guests if guest.status == "running"}


def ours(folder: Path) -> Taken:
    """The provisioning as operators run it."""
    with in_cluster(folder, shared=False) as cluster:
        plan = folder / "fleet.yml"
        write_plan(plan, Plan.of(machines=machines(shared=False)))
        settings: ApiSettings = cluster.settings
        options = {
            "plan_file": str(plan),
            "ssh_public_keys": [KEY],
            "known_hosts_file": str(folder / "known_hosts"),
            "api_host": settings.host,
            "api_port": settings.port,
            "api_user": settings.user,
            "api_token_id": settings.token_id,
            "api_token_secret": settings.token_secret,
            "ca_file": settings.ca_file,
            "probe_addresses": False,
        }
        return run_playbook(folder, [{"name": "Provision", "ent.renfort.pve_guests": options}], cluster)


def peer(folder: Path) -> Taken:
    """The same guests by a loop over community.proxmox: cloned, configured (disks not grown), started."""
    with in_cluster(folder, shared=False) as cluster:
        settings = cluster.settings
        api = {
            "api_host": settings.host,
            "api_port": settings.port,
            "api_user": settings.user,
            "api_token_id": settings.token_id,
            "api_token_secret": settings.token_secret,
            "validate_certs": True,
        }
        rows = [asdict(machine) for machine in machines(shared=False)]
        return run_playbook(folder, [_looped(name, {**api, **what}, rows) for name, what in _PEER], cluster)


def _looped(name: str, options: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": name,
        "community.proxmox.proxmox_kvm": dict(options),
        "loop": rows,
        "loop_control": {"label": "{{ item.name }}"},
        "ignore_errors": True,
    }


_PEER: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "Clone",
        {
            "node": "{{ item.hypervisor }}",
            "clone": "template",
            "vmid": "{{ item.template }}",
            "newid": "{{ item.vmid }}",
            "name": "{{ item.name }}",
            "pool": "{{ item.pool }}",
            "full": False,
            "timeout": 300,
        },
    ),
    (
        "Update",
        {
            "node": "{{ item.hypervisor }}",
            "vmid": "{{ item.vmid }}",
            "update": True,
            "cores": "{{ item.cores }}",
            "memory": "{{ item.memory_mib }}",
            "ciuser": "ops",
            "sshkeys": KEY,
            "ipconfig": {"ipconfig0": "ip={{ item.address }},gw={{ item.gateway }}"},
            "nameservers": ["10.20.0.1"],
            "tags": ["renfort", "tier-web", "tenant-eure"],
        },
    ),
    (
        "Start",
        {
            "node": "{{ item.hypervisor }}",
            "vmid": "{{ item.vmid }}",
            "state": "started",
            "timeout": 300,
        },
    ),
)


def figure(value: float, target: str = "", *, met: bool = True) -> dict[str, Any]:
    """A figure of the last line."""
    return {"value": round(value, 2), "target": target, "met": met}


def main() -> int:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as path:
        folder = Path(path)
        held = {
            "own": handed_over_at_once(GUESTS // HYPERVISORS, DEFAULT_LOCK_S),
            "shared": handed_over_at_once(GUESTS, DEFAULT_LOCK_S),
        }
        bounds = held | {"shared": asked_for_every_second(GUESTS, DEFAULT_LOCK_S)}
        failures = 0
        for kind, bound in bounds.items():
            cloned = clone_all(folder / kind, shared=kind == "shared")
            percent = 100 * bound / cloned.seconds
            failures += cloned.failures
            print(
                f"{GUESTS} clones, {kind} storages: {cloned.seconds:.1f} s; the locks permit {bound:.1f} s "
                f"({percent:.0f} %) and are held for {held[kind]:.1f} s; {cloned.failures} failures",
                flush=True,
            )
            figures[f"{kind}_storage_lock_bound_optimum_s"] = figure(bound)
            figures[f"{kind}_storage_lock_held_s"] = figure(held[kind])
            figures[f"{kind}_storage_of_optimum_percent"] = figure(
                percent, f"≥ {MIN_PERCENT:g}", met=percent >= MIN_PERCENT
            )
        mine = ours(folder / "ours")
        print(f"renfort:     {_words(mine)}", flush=True)
        theirs = peer(folder / "peer")
        print(f"proxmox_kvm: {_words(theirs)}", flush=True)
    failures += GUESTS - mine.running
    ratio = theirs.processor_s / mine.processor_s
    figures |= {
        "failures": figure(failures, "= 0", met=failures == 0),
        "peer_failures": figure(GUESTS - theirs.running),
        "elapsed_s": figure(mine.elapsed_s),
        "peer_elapsed_s": figure(theirs.elapsed_s),
        "peer_elapsed_ratio": figure(theirs.elapsed_s / mine.elapsed_s),
        "peer_controller_processor_ratio": figure(ratio, f"≥ {MIN_CPU_RATIO:g}", met=ratio >= MIN_CPU_RATIO),
    }
    print(json.dumps({"bench": "clones", "figures": figures}, ensure_ascii=False))
    return 0 if all(item["met"] for item in figures.values()) else 1


def _words(taken: Taken) -> str:
    return (
        f"{taken.running} guests run after {taken.elapsed_s:.1f} s, {taken.processor_s:.1f} s of the "
        f"controller's processor, {taken.calls} calls"
    )


if __name__ == "__main__":
    sys.exit(main())
