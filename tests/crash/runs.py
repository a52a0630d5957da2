# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provisioning runs that are killed, disturbed or doubled, and what is wrong with the cluster afterwards."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import forkserver
from pathlib import Path
from typing import Any
from unittest import mock

from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.core.plan_records import SpareIds
from ansible_collections.ent.renfort.plugins.module_utils.hostkeys import KnownHosts
from ansible_collections.ent.renfort.plugins.module_utils.inputs import load_plan, write_plan
from ansible_collections.ent.renfort.plugins.module_utils.plan_reassign import PlanFile
from ansible_collections.ent.renfort.plugins.module_utils.provision import Outcome, Provisioner, Request
from ansible_collections.ent.renfort.plugins.module_utils.provision_changes import Access
from ansible_collections.ent.renfort.plugins.module_utils.provision_limits import Limits
from ansible_collections.ent.renfort.plugins.module_utils.proxmox import Client
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_options import ApiSettings
from tests.unit.clients.emulator import Emulator
from tests.unit.machines import machine

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ops@lab"

SPEED = 50.0
"""How much faster than on the wall time passes in the emulator, and in the pauses of the runs."""

LIMITS = Limits(task_s=20, agent_s=20, agent_pause_s=0.02, lock_s=20, lock_pause_s=0.02, workers=6)

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])


MACHINES = tuple(machine(number, cores=4, data_disk_gib=16 * (number % 2)) for number in range(1, 4))
"""The second of them has no data disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One operator's view: the API, and a folder with the plan and the known hosts."""

    settings: ApiSettings
    folder: str

    @property
    def plan(self) -> Path:
        """The operator's plan file."""
        return Path(self.folder, "fleet.yml")

    @property
    def known_hosts(self) -> Path:
        """The operator's known hosts."""
        return Path(self.folder, "known_hosts")


def work_in(folder: Path, settings: ApiSettings, machines: Iterable[Machine] = MACHINES) -> Work:
    """Write the plan into a folder of its own and return the work."""
    folder.mkdir(parents=True, exist_ok=True)
    work = Work(settings=replace(settings, timeout_s=2.0), folder=str(folder))
    write_plan(work.plan, Plan.of(machines=machines, ids=[SpareIds(first=2001, last=2099)]))
    return work


def provision(work: Work) -> Outcome:
    """Provision what the plan file says."""
    client = Client(work.settings, sleep=lambda seconds: time.sleep(seconds / SPEED))
    request = Request(
        machines=load_plan(work.plan).machines,
        access=Access(user="ops", ssh_keys=(KEY,)),
        known_hosts_file=str(work.known_hosts),
        reassign=PlanFile(work.plan).reassign,
        limits=LIMITS,
    )
    return Provisioner(client, request, lambda _line: None).run()


def _child(work: Work, go: Any) -> None:
    go.wait()
    outcome = provision(work)
    for name, error in outcome.failures.items():
        print(f"{name}: {error}", file=sys.stderr, flush=True)
    os._exit(1 if outcome.failures else 0)


@dataclass(slots=True)
class Run:
    """A provisioning in a process of its own that waits until it is released."""

    work: Work
    go: Any = field(default_factory=CONTEXT.Event)
    process: Any = None

    def __post_init__(self) -> None:
        # The server that forks the runs imports this module once, from where the tests found it.
        with mock.patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):
            forkserver.ensure_running()
        self.process = CONTEXT.Process(target=_child, args=(self.work, self.go))
        self.process.start()

    def release(self) -> None:
        """Let it begin."""
        self.go.set()

    def end(self) -> int:
        """Wait for its end and return its exit code, negative for a signal."""
        self.process.join(60)
        assert self.process.exitcode is not None, "the run does not end"
        return int(self.process.exitcode)


def kill_at_call(emulator: Emulator, work: Work, number: int) -> tuple[str, int]:
    """Run, and kill the run when its n-th call has taken effect and before it has the answer.

    Returns:
        The call, empty when the run ended before, and the exit code.
    """
    run, seen = Run(work), 0
    original: Callable[..., Any] = emulator.api._call
    label = ""

    async def counted(request: Any, target: Any, identity: Any) -> Any:
        nonlocal seen, label
        answer = await original(request, target, identity)
        seen += 1
        if seen == number:
            label = f"{request.verb} {target.path}"
            os.kill(run.process.pid, signal.SIGKILL)
        return answer

    emulator.api._call = counted  # type: ignore[method-assign]
    run.release()
    code = run.end()
    emulator.api._call = original  # type: ignore[method-assign]
    return label, code


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """The call at which a run was killed, and what was wrong after the next one."""

    number: int
    call: str
    wrong: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.number:4d}  {self.call:60s} {'; '.join(self.wrong) or 'complete'}"


def killed_at_every_call(certificate: Path, folder: Path) -> Iterator[Killed]:
    """Kill a run at its first call, another at its second, and so on until one ends before it is killed."""
    number = 0
    while True:
        number += 1
        with running(certificate) as emulator:
            work = work_in(folder / str(number), emulator.settings())
            call, code = kill_at_call(emulator, work, number)
            if code == 0:
                return
            if code != -signal.SIGKILL:
                raise RuntimeError(f"the run that was to be killed at call {number} ended with {code}")
            yield Killed(number=number, call=call, wrong=tuple(problems(emulator, work)))


@contextmanager
def running(certificate: Path) -> Iterator[Emulator]:
    """An emulator of its own for one run."""
    emulator = Emulator(certificate, speed=SPEED)
    try:
        yield emulator
    finally:
        emulator.close()


def problems(emulator: Emulator, work: Work) -> list[str]:
    """Provision to the end and return everything that is not as it must be then; empty when all is."""
    first = provision(work)
    found = [f"{name}: {error}" for name, error in first.failures.items()]
    machines = load_plan(work.plan).machines
    found += _wrong_guests(emulator, machines) + _wrong_volumes(emulator, machines)
    members = Counter(emulator.table("pools")["renfort"]["vms"])
    if members != Counter(machine.vmid for machine in machines):
        found.append(f"the pool holds {dict(members)}")
    known = KnownHosts(work.known_hosts).hosts()
    if known != {machine.ip for machine in machines}:
        found.append(f"known hosts are {sorted(known)}")
    second = provision(work)
    if second.changed or second.writes:
        found.append(f"another run would change something, and sent {second.writes} writes")
    return found


def _wrong_guests(emulator: Emulator, machines: Iterable[Machine]) -> list[str]:
    rows = {int(vmid): row for vmid, row in emulator.table("guests").items()}
    wanted = {machine.vmid: machine for machine in machines}
    found = [f"guest {vmid} is too many" for vmid in rows.keys() - wanted.keys() - {9000}]
    for vmid, planned in wanted.items():
        row = rows.get(vmid)
        if row is None:
            found.append(f"guest {vmid} is missing")
            continue
        config = row["config"]
        if row["status"] != "running" or row["node"] != planned.hypervisor:
            found.append(f"guest {vmid} is {row['status']} on {row['node']}")
        if config["name"] != planned.name or config["ipconfig0"] != f"ip={planned.address},gw=10.83.20.1":
            found.append(f"guest {vmid} is {config['name']} at {config['ipconfig0']}")
        if config.get("lock") or config.get("description") or row["pending"]:
            found.append(f"guest {vmid} is unfinished: {config} {row['pending']}")
    return found


def _wrong_volumes(emulator: Emulator, machines: Iterable[Machine]) -> list[str]:
    """Every machine has its disks and a cloud-init drive; nothing else is left on the storage."""
    owners = Counter(volume["vmid"] for volume in emulator.table("volumes").values())
    disks = {machine.vmid: 3 if machine.data_disk_gib else 2 for machine in machines}
    wanted = Counter(disks | {9000: 2})
    return [] if owners == wanted else [f"volumes by guest: {dict(owners)}"]
