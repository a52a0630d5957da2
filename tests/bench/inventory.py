# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory beside community.proxmox's on one emulated cluster, run by `make bench-inventory`.

Each command runs as a process of its own, as people and AWX start it, and asks the same emulator, which is
another process; the fastest of a few runs counts. The peer learns a machine's address from its facts
only, with several calls a guest, one after the other: that is what "the same usable hosts" costs there.
With facts it is measured at 700 guests only, since 10,000 take minutes. The guests do not run, which
spares the peer's question to each guest agent its answer.

The emulator answers a call in a millisecond or less. A real server takes longer, see `PACE_S`, so 700 guests
are measured once more with an emulator that answers no faster than that; this is what the target is for.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab.pve.cluster import Cluster
from lab.pve.qemu.guests import row_of
from tests.bench.emulated import Emulated, emulated

ROOT = Path(__file__).resolve().parents[2]
ANSIBLE_INVENTORY = Path(sys.executable).with_name("ansible-inventory")

FEW, MANY = 700, 10_000

TENANTS = 40

PACE_S = 0.014
"""What one call for a guest's facts was measured to take on a genuine Proxmox VE 8.4, in seconds."""

ROUNDS = 5
"""How often each command runs; the peer with facts runs once."""

MIN_TIMES_FASTER = 50
MAX_MANY_S = 2.0
MAX_CALLS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one command took: seconds, MiB at its peak, calls; and how many hosts have an address."""

    seconds: float
    memory_mib: float
    calls: int
    hosts: int


def fleet_of(count: int) -> Callable[[Cluster], None]:
    """Return what fills a cluster with so many guests of ours."""

    def fill(cluster: Cluster) -> None:
        nodes = list(cluster.nodes)
        for number in range(count):
            address = f"10.{100 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
            tenant, vmid = f"tenant{number % TENANTS}", 100_000 + number
            config = {
                "name": f"{tenant}-web-{number:05d}",
                "memory": "2048",
                "cores": 2,
                "agent": "enabled=1",
                "tags": f"ip-{address};renfort;tenant-{tenant};tier-web",
                "ipconfig0": f"ip={address}/8,gw=10.0.0.1",
                "net0": "virtio=BC:24:11:79:04:81,bridge=vmbr0",
                "scsi0": f"vmdata:{vmid}/vm-{vmid}-disk-0.raw,size=8G",
            }
            node = nodes[number % len(nodes)]
            cluster.guests[str(vmid)] = row_of(vmid, node, config, image="debian-13")

    return fill


def write_configurations(folder: Path, cluster: Emulated) -> None:
    """Write what each of the inventories reads: ours, the peer's without and with facts."""
    there = cluster.settings
    ours = {
        "plugin": "ent.renfort.fleet",
        "api_host": there.host,
        "api_port": there.port,
        "api_user": there.user,
        "api_token_id": there.token_id,
        "api_token_secret": there.token_secret,
        "ca_file": there.ca_file,
        "state_dir": str(folder / "state"),
    }
    theirs = {
        "plugin": "community.proxmox.proxmox",
        "url": there.where,
        "user": there.user,
        "token_id": there.token_id,
        "token_secret": there.token_secret,
        "exclude_nodes": True,
    }
    facts = {"want_facts": True, "compose": {"ansible_host": "proxmox_ipconfig0.ip.split('/')[0]"}}
    for name, config in {
        "ours.fleet.yml": ours,
        "plain.proxmox.yml": theirs,
        "facts.proxmox.yml": theirs | facts,
    }.items():
        (folder / name).write_text(yaml.safe_dump(config))
    (folder / "ansible.cfg").write_text(
        f"[defaults]\ncollections_path = {ROOT / 'collections'}\n"
        "[inventory]\nenable_plugins = ent.renfort.fleet, community.proxmox.proxmox\n"
        "any_unparsed_is_failed = true\n"
    )


def measured(command: list[str], folder: Path, cluster: Emulated) -> Taken:
    """Run a command that prints an inventory."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RENFORT_")}
    environment |= {
        "ANSIBLE_CONFIG": str(folder / "ansible.cfg"),
        "REQUESTS_CA_BUNDLE": cluster.settings.ca_file,
    }
    before = cluster.counters()["reads"]
    with (folder / "printed.json").open("wb") as printed:
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=printed, cwd=folder, env=environment)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"bench: {' '.join(command)} ended with {process.returncode}")
    hostvars: Mapping[str, Any] = json.loads((folder / "printed.json").read_bytes())["_meta"]["hostvars"]
    return Taken(
        seconds=seconds,
        memory_mib=usage.ru_maxrss / 1024,
        calls=cluster.counters()["reads"] - before,
        hosts=sum("ansible_host" in variables for variables in hostvars.values()),
    )


def best(command: list[str], folder: Path, cluster: Emulated, *, rounds: int = ROUNDS) -> Taken:
    """Return the fastest of several runs."""
    runs = [measured(command, folder, cluster) for _ in range(rounds)]
    return min(runs, key=lambda taken: taken.seconds)


def slow_down(cluster: Emulated, seconds: float) -> None:
    """Let every answer come that much later."""
    rule = json.dumps({"action": "delay", "seconds": seconds}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{cluster.admin_port}/faults", data=rule)
    urllib.request.urlopen(request).close()


def measure(count: int, *, with_facts: bool, pace_s: float = 0.0) -> dict[str, Taken]:
    """Measure every inventory of a fleet of this size, and show each."""
    datacentre = yaml.safe_load((ROOT / "lab" / "datacentre.yml").read_text(encoding="utf-8"))
    script = [sys.executable, str(ROOT / "scripts" / "inventory.py"), "--list", "--config"]
    plugin = [str(ANSIBLE_INVENTORY), "--list", "--export", "-i"]
    found: dict[str, Taken] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with emulated(folder, datacentre, fleet_of(count)) as cluster:
            write_configurations(folder, cluster)
            if pace_s:
                slow_down(cluster, pace_s)
            found["script"] = best([*script, str(folder / "ours.fleet.yml")], folder, cluster)
            printed = (folder / "printed.json").read_bytes()
            found["plugin"] = best([*plugin, str(folder / "ours.fleet.yml")], folder, cluster)
            if (folder / "printed.json").read_bytes() != printed:
                raise SystemExit("bench: the script and the plugin print different inventories")
            found["peer"] = best([*plugin, str(folder / "plain.proxmox.yml")], folder, cluster, rounds=2)
            if with_facts:
                command = [*plugin, str(folder / "facts.proxmox.yml")]
                found["peer with facts"] = best(command, folder, cluster, rounds=1)
    where = f"{count} guests, {pace_s * 1000:.0f} ms a call" if pace_s else f"{count} guests"
    for title, taken in found.items():
        print(
            f"{where:25} {title:16} {taken.calls:5} calls {taken.seconds:7.2f} s "
            f"{taken.memory_mib:5.0f} MiB {taken.hosts:6} hosts with an address",
            flush=True,
        )
    return found


def figure(value: float, target: str = "", *, met: bool = True) -> dict[str, Any]:
    """One figure of the result."""
    return {"value": value, "target": target, "met": met}


def times_faster(found: Mapping[str, Taken], suffix: str, *, target: float) -> dict[str, Any]:
    """How many times faster than the peer with facts ours are; a ``target`` of 0 is none."""
    figures = {}
    for name in ("script", "plugin"):
        times = found["peer with facts"].seconds / found[name].seconds
        text = f"≥ {target:.0f}" if target else ""
        figures[f"{name}_times_faster_than_peer_with_facts_{suffix}"] = figure(
            round(times, 1), text, met=times >= target
        )
    return figures


def figures_of(found: Mapping[str, Taken], suffix: str, *, limit_s: float = 0.0) -> dict[str, Any]:
    """Seconds, MiB and calls of each inventory; ``limit_s`` is for ours, 0 for none."""
    figures = {}
    for name, taken in found.items():
        key, ours = f"{name.replace(' ', '_')}_{suffix}", not name.startswith("peer")
        limit, calls = (limit_s, f"≤ {MAX_CALLS}") if ours else (0.0, "")
        met = not limit or taken.seconds <= limit
        figures[f"{key}_s"] = figure(round(taken.seconds, 3), f"≤ {limit:.0f}" if limit else "", met=met)
        figures[f"{key}_mib"] = figure(round(taken.memory_mib))
        figures[f"{key}_calls"] = figure(taken.calls, calls, met=not ours or taken.calls <= MAX_CALLS)
    return figures


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    few = measure(FEW, with_facts=True)
    paced = measure(FEW, with_facts=True, pace_s=PACE_S)
    many = measure(MANY, with_facts=False)
    usable = {name: few[name].hosts for name in ("script", "plugin", "peer with facts")}
    if set(usable.values()) != {FEW}:
        raise SystemExit(f"bench: not all of the {FEW} hosts have an address everywhere: {usable}")
    figures = {
        **times_faster(paced, "at_700_paced", target=MIN_TIMES_FASTER),
        **times_faster(few, "at_700", target=0),
        **figures_of(few, "at_700"),
        **figures_of(paced, "at_700_paced"),
        **figures_of(many, "at_10000", limit_s=MAX_MANY_S),
    }
    print(json.dumps({"bench": "inventory", "figures": figures}, ensure_ascii=False))


if __name__ == "__main__":
    main()
