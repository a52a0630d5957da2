# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster of the scenario as tests ask it and harm it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import testinfra
from testinfra.host import Host

ADDRESSES = {f"database-{number}": f"10.84.0.5{number}" for number in (1, 2, 3)}
CLIENT = "database-client"
AUTHORITY = "/etc/renfort/tls/ca.crt"
PLAYBOOKS = Path(__file__).parents[4] / "playbooks"
SECRETS = Path(os.environ.get("MOLECULE_EPHEMERAL_DIRECTORY", "/nonexistent")) / "secrets"


def machine(name: str) -> Host:
    return testinfra.get_host(f"podman://{name}")


def secret(name: str) -> str:
    return (SECRETS / name).read_text(encoding="utf-8").strip()


def patroni(name: str, path: str) -> tuple[int, Any]:
    """What the REST API of a machine answers to somebody without a certificate."""
    command = f"curl --silent --max-time 5 --cacert {AUTHORITY} --write-out '\\n%{{http_code}}'"
    text, _, status = (
        machine(CLIENT).run(f"{command} https://{ADDRESSES[name]}:8008/{path}").stdout.rpartition("\n")
    )
    return int(status), json.loads(text) if text.startswith("{") else text


def members() -> dict[str, dict[str, Any]]:
    for name in ADDRESSES:
        status, answer = patroni(name, "cluster")
        if status == 200:
            return {row["name"]: row for row in answer["members"]}
    raise AssertionError("no machine of the cluster answers")


def leader() -> str:
    return next(name for name in ADDRESSES if patroni(name, "primary")[0] == 200)


def whole() -> bool:
    """Whether there are a leader and two replicas that follow it, one of them for every commit."""
    found = {name: (row["role"], row["state"], row.get("lag", 0)) for name, row in members().items()}
    roles = sorted(role for role, state, _ in found.values() if state in {"running", "streaming"})
    return roles == ["leader", "replica", "sync_standby"] and all(lag == 0 for *_, lag in found.values())


def until(condition: Callable[[], bool], seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(1)
    return True


def dsn(user: str, password: str, database: str, /, **options: Any) -> str:
    """Through the load balancer, with the server verified, unless options say otherwise."""
    values = {
        "host": "10.84.0.54",
        "port": 5432,
        "user": user,
        "password": secret(password),
        "dbname": database,
        "sslmode": "verify-full",
        "sslrootcert": AUTHORITY,
        "connect_timeout": 10,
    } | options
    return " ".join(f"{key}={value}" for key, value in values.items())


EURE = ("eure_portal", "eure", "eure_portal")
HAUT_RHIN = ("haut_rhin_portal", "haut_rhin", "haut_rhin_portal")


def sql(connection: str, statement: str) -> Any:
    """What a statement of an application on the client machine answers; with its failure."""
    return machine(CLIENT).run("psql --no-psqlrc -At -v ON_ERROR_STOP=1 -c %s %s", statement, connection)


def answer(connection: str, statement: str) -> str:
    done = sql(connection, statement)
    assert done.rc == 0, done.stderr
    return str(done.stdout).strip()


def as_postgres(name: str, statement: str, database: str = "postgres") -> str:
    command = "su postgres -s /bin/sh -c %s"
    query = f'psql --no-psqlrc -At -h /run/postgresql -d {database} -c "{statement}"'
    return str(machine(name).check_output(command, query)).strip()


def playbook(name: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run one of the project's playbooks on the machines of the scenario."""
    return subprocess.run(
        [
            "ansible-playbook",
            "--inventory",
            os.environ["MOLECULE_INVENTORY_FILE"],
            "--extra-vars",
            json.dumps(variables),
            str(PLAYBOOKS / name),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
