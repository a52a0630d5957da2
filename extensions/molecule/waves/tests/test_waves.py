# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases in waves under load, as users and operators see them: nobody is refused a page."""

from __future__ import annotations

import http.client
import os
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[4]
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
BALANCERS = {"waves-haproxy-1": "10.84.0.98", "waves-haproxy-2": "10.84.0.99"}
WEB = ("waves-web-1", "waves-web-2", "waves-web-3")
MARK = "/var/lib/renfort-out-of-rotation"
CLIENTS = 6


class Load:
    """Clients that ask both load balancers one page after the other; half of them keep their connection."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.answered: Counter[tuple[str, str]] = Counter()
        self._ending = threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def running(self) -> Iterator[None]:
        addresses = list(BALANCERS.values())
        threads = [
            threading.Thread(target=self._client, args=(addresses[number % 2], number % 3 > 0, number == 0))
            for number in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ending.set()
            for thread in threads:
                thread.join()

    def _client(self, address: str, keep: bool, slow: bool) -> None:
        connection = None
        while not self._ending.is_set():
            connection = connection or http.client.HTTPConnection(address, 80, timeout=15)
            try:
                connection.request("GET", "/slow" if slow else "/", headers={"Host": "eure.ent.example"})
                answer = connection.getresponse()
                release = answer.read().decode()
                problem = "" if answer.status == 200 else f"{answer.status}"
                machine, closing = answer.headers.get("X-Renfort-Machine", ""), answer.will_close
            except (OSError, http.client.HTTPException) as error:
                problem, release, machine, closing = repr(error), "", "", True
            with self._lock:
                if problem:
                    self.failures.append(f"{time.strftime('%T')} {address} {machine}: {problem}")
                else:
                    self.answered[release, machine] += 1
            if closing or not keep:
                connection.close()
                connection = None
            time.sleep(0.02)


def site(release: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the web tier of site.yml with a release of the application."""
    return subprocess.run(
        [
            "ansible-playbook",
            "--inventory",
            os.environ["MOLECULE_INVENTORY_FILE"],
            "--extra-vars",
            f"web_artifact={FOLDER}/{release}.tar.gz",
            "--tags",
            "web",
            *options,
            str(ROOT / "playbooks/site.yml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )


def inside(machine: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["podman", "exec", machine, *command], capture_output=True, text=True, check=False)


def states(balancer: str) -> dict[str, int]:
    """The administrative state of each server; 0 is in the rotation, 8 drained."""
    program = (
        "import socket; s=socket.socket(socket.AF_UNIX); s.connect('/run/haproxy/admin.sock'); "
        "s.sendall(b'show servers state eure\\n'); "
        "print(b''.join(iter(lambda: s.recv(65536), b'')).decode())"
    )
    lines = inside(balancer, "python3", "-c", program).stdout.splitlines()
    rows = [line.split() for line in lines if line[:1].isdigit() and len(line.split()) > 6]
    return {row[3]: int(row[6]) for row in rows}


def out_of_rotation() -> list[str]:
    return [machine for machine in WEB if inside(machine, "test", "-e", MARK).returncode == 0]


def release_of(machine: str) -> str:
    return inside(machine, "cat", "/opt/web-app/current/RELEASE").stdout


def test_both_load_balancers_came_to_know_every_machine() -> None:
    """In one run from nothing: they were configured before and after the machines answered."""
    for balancer in BALANCERS:
        assert states(balancer) == dict.fromkeys(WEB, 0)


def test_a_release_is_brought_out_without_a_failed_request() -> None:
    load = Load()
    with load.running():
        done = site("two")

    assert done.returncode == 0, done.stdout[-4000:]
    assert load.failures == []
    assert {release for release, _ in load.answered} == {"one", "two"}
    assert {machine for release, machine in load.answered if release == "two"} == set(WEB)
    for balancer in BALANCERS:
        assert states(balancer) == dict.fromkeys(WEB, 0)
    assert out_of_rotation() == []
    drained = done.stdout.split("Send the machine no new requests")[1:]
    assert len(drained) == 2, "the canary, then the others"
    assert "waves-web-2" not in drained[0].partition("TASK")[0].partition("RUNNING HANDLER")[0]


def test_where_nothing_changes_nobody_leaves_the_rotation() -> None:
    done = site("two")

    assert done.returncode == 0
    recap = done.stdout.partition("PLAY RECAP")[2]
    assert [line for line in recap.splitlines() if ": ok=" in line and "changed=0 " not in line] == []
    assert "Rotation |" not in done.stdout


def test_a_release_that_does_not_start_ends_with_the_canary_and_the_next_run_mends_it() -> None:
    load = Load()
    with load.running():
        broken = site("broken")
        after = {balancer: states(balancer) for balancer in BALANCERS}
        out = out_of_rotation()
        releases = [release_of(machine) for machine in WEB]
        mended = site("two", "--limit", f"@{FOLDER}/run/resume.txt")

    assert load.failures == []
    assert broken.returncode != 0
    assert "The run ends here: waves-web-1 failed, which is a whole wave of web." in broken.stdout
    for balancer in BALANCERS:
        assert after[balancer] == {"waves-web-1": 8, "waves-web-2": 0, "waves-web-3": 0}
    assert out == ["waves-web-1"]
    assert releases == ["broken", "two", "two"]
    assert mended.returncode == 0, mended.stdout[-4000:]
    for balancer in BALANCERS:
        assert states(balancer) == dict.fromkeys(WEB, 0)
    assert out_of_rotation() == []
