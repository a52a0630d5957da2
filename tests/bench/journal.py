# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the journal costs: the same playbook without and with it, in turns; run by `make bench-journal`.

The worst case is measured: every task of every host changes something, so that each makes a line, and no
task does any work. A machine that does other things too disturbs the clock more than the journal does, so
the processor time of all processes decides, beside the elapsed time; of each, the fastest runs compare.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")

HOSTS, TASKS = 200, 5

ROUNDS = 5
"""How often each is run, without and with the journal in turns."""

MAX_PERCENT = 5.0
"""What the journal may cost at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What one run took: elapsed seconds, and the processor's for all its processes."""

    elapsed_s: float
    processor_s: float


def write_site(folder: Path) -> None:
    """Write an inventory of hosts that are this machine, and a playbook that only pretends to change them."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {f"host-{number:03d}": None for number in range(HOSTS)}
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": local}}))
    tasks = [
        {
            "name": f"Pretend to change thing {number}",
            "ansible.builtin.set_fact": {f"thing_{number}": number},
            "changed_when": True,
        }
        for number in range(TASKS)
    ]
    play = {"name": "Pretend", "hosts": "all", "gather_facts": False, "tasks": tasks}
    (folder / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))


def run(folder: Path, journal: str) -> Taken:
    """Run the playbook once."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [str(PLAYBOOK), "-i", str(folder / "hosts.yml"), str(folder / "play.yml")],
        cwd=ROOT,
        env={**os.environ, "RENFORT_JOURNAL": journal, "ANSIBLE_FORKS": "10"},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    elapsed, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    return Taken(elapsed_s=elapsed, processor_s=used)


def overhead(without: Sequence[float], with_it: Sequence[float]) -> float:
    """Return by how many percent the fastest run with the journal is slower than the fastest without."""
    return 100 * (min(with_it) / min(without) - 1)


def measure(folder: Path) -> dict[str, list[Taken]]:
    """Run both in turns, once unmeasured; the journal must hold every line of every run at the end."""
    write_site(folder)
    journal = folder / "journal.jsonl"
    taken: dict[str, list[Taken]] = {"without": [], "with": []}
    run(folder, "")
    for number in range(1, ROUNDS + 1):
        for kind, path in (("without", ""), ("with", str(journal))):
            taken[kind].append(run(folder, path))
        pair = taken["without"][-1], taken["with"][-1]
        print(
            f"round {number}: without {pair[0].elapsed_s:.2f} s ({pair[0].processor_s:.2f} s of processor), "
            f"with {pair[1].elapsed_s:.2f} s ({pair[1].processor_s:.2f} s)",
            flush=True,
        )
    lines = journal.read_text().count("\n")
    if lines != ROUNDS * (HOSTS * TASKS + 2):
        raise SystemExit(f"bench: {lines} lines in the journal instead of {ROUNDS * (HOSTS * TASKS + 2)}")
    return taken


def figures(taken: Mapping[str, Sequence[Taken]]) -> dict[str, object]:
    """Return the figures; the medians stand beside them."""
    elapsed = {kind: [it.elapsed_s for it in runs] for kind, runs in taken.items()}
    processor = {kind: [it.processor_s for it in runs] for kind, runs in taken.items()}
    percents = {
        "journal_overhead_elapsed_percent": overhead(elapsed["without"], elapsed["with"]),
        "journal_overhead_processor_percent": overhead(processor["without"], processor["with"]),
    }
    return {
        key: {"value": round(value, 2), "target": f"< {MAX_PERCENT:g}", "met": value < MAX_PERCENT}
        for key, value in percents.items()
    } | {
        f"median_{kind}_journal_s": {"value": round(statistics.median(values), 2), "target": "", "met": True}
        for kind, values in elapsed.items()
    }


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(f"{HOSTS} hosts × {TASKS} tasks, each of which makes a line; {ROUNDS} rounds", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        taken = measure(Path(folder))
    print(json.dumps({"bench": "journal", "figures": figures(taken)}, ensure_ascii=False))


if __name__ == "__main__":
    main()
