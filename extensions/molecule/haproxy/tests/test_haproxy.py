# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The load balancer as users, operators and other roles meet it, on a real machine."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

SCENARIO = Path(__file__).parents[1]
CONFIG = "/etc/haproxy/haproxy.cfg"
FRAGMENTS = "/etc/haproxy/fragments"
HEALTH_CHECK_SECONDS = 3.0
"""One interval of 1 s, two more checks half a second apart, and a second for a busy host."""


def curl(host: Host, url: str, *headers: str) -> str:
    options = " ".join(f"-H '{header}'" for header in headers)
    return host.check_output(f"curl --silent --show-error --include --max-time 10 {options} {url}")


def runtime(host: Host, command: str) -> str:
    """What the Runtime API answers."""
    program = (
        "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect('/run/haproxy/admin.sock'); "
        "s.sendall(sys.argv[1].encode()+b'\\n'); print(b''.join(iter(lambda: s.recv(65536), b'')).decode())"
    )
    return host.check_output("python3 -c %s %s", program, command)


def server_status(host: Host, name: str) -> str:
    for line in runtime(host, "show stat").splitlines():
        columns = line.split(",")
        if columns[:2] == ["eure", name]:
            return columns[17]
    raise AssertionError(f"no server {name}")


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition becomes true in a time."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.2)
    return True


def load(host: Host, seconds: float, *command: str) -> dict[str, Any]:
    script = "/usr/local/lib/renfort-test/load.py"
    result: dict[str, Any] = json.loads(
        host.check_output(f"python3 {script} eure.ent.example {seconds} 8 {' '.join(command)}")
    )
    assert result["incident"]["status"] == 0, result["incident"]
    return result


@pytest.fixture
def servers(host: Host) -> Iterator[None]:
    """Both servers run and are in service, before and after."""
    yield
    host.check_output("systemctl start standin@8081 standin@8082")
    assert until(lambda: {server_status(host, n) for n in ("standin-8081", "standin-8082")} == {"UP"}, 10)


def test_haproxy_runs_and_starts_at_boot(host: Host) -> None:
    service = host.service("haproxy")
    assert service.is_running
    assert service.is_enabled


def test_a_portal_is_answered_by_both_servers(host: Host) -> None:
    machines: set[str] = set()

    def both() -> bool:
        text = curl(host, "http://127.0.0.1/", "Host: eure.ent.example")
        machines.update(line.split()[1] for line in text.splitlines() if "x-renfort-machine" in line)
        return machines == {"standin-8081", "standin-8082"}

    assert until(both, 15), machines


def test_the_host_decides_of_the_backend_whatever_its_case_and_port(host: Host) -> None:
    assert " 200 " in curl(host, "http://127.0.0.1/", "Host: EURE.ent.example:80").splitlines()[0]
    other = curl(host, "http://127.0.0.1/", "Host: haut-rhin.ent.example")
    assert "x-renfort-machine: standin-8082" in other


def test_what_a_client_claims_is_not_handed_on(host: Host) -> None:
    text = curl(
        host,
        "http://127.0.0.1/",
        "Host: eure.ent.example",
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-Proto: https",
        "X-Renfort-Profile: staff",
    )
    headers = json.loads(text.rsplit("\n", 1)[-1])["headers"]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert "x-renfort-profile" not in headers


def test_an_unknown_host_gets_a_page_that_says_so(host: Host) -> None:
    text = curl(host, "http://127.0.0.1/", "Host: nobody.example")
    assert " 421 " in text.splitlines()[0]
    assert "Adresse inconnue" in text
    assert "Unknown address" in text


def test_a_portal_without_a_server_gets_a_page_in_both_languages(host: Host) -> None:
    text = curl(host, "http://127.0.0.1/", "Host: empty.ent.example")
    assert " 503 " in text.splitlines()[0]
    assert "retry-after: 30" in text.lower()
    assert "Service momentanément indisponible" in text
    assert "Service temporarily unavailable" in text


def test_the_runtime_api_answers_its_group_and_no_other(host: Host) -> None:
    assert "Name: HAProxy" in runtime(host, "show info")
    socket = host.file("/run/haproxy/admin.sock")
    assert (socket.user, socket.group, socket.mode) == ("root", "haproxy", 0o660)
    refused = host.run(
        "setpriv --reuid=nobody --regid=nogroup --clear-groups python3 -c "
        "\"import socket; socket.socket(socket.AF_UNIX).connect('/run/haproxy/admin.sock')\""
    )
    assert refused.rc != 0
    assert "PermissionError" in refused.stderr


def test_metrics_and_statistics_are_for_the_networks_listed(host: Host) -> None:
    assert 'haproxy_backend_active_servers{proxy="eure"' in curl(host, "http://127.0.0.1:8404/metrics")
    assert "Statistics Report for HAProxy" in curl(host, "http://127.0.0.1:8404/stats")
    own = host.check_output("hostname -I").split()[0]
    assert " 403 " in curl(host, f"http://{own}:8404/metrics").splitlines()[0]
    assert " 403 " in curl(host, f"http://{own}:8404/stats").splitlines()[0]
    assert " 200 " in curl(host, f"http://{own}:8404/healthz").splitlines()[0]


def test_what_is_served_is_what_is_written(host: Host) -> None:
    served = curl(host, "http://127.0.0.1:8404/healthz").splitlines()[-1]
    assert f"str({served})" in host.file(CONFIG).content_string


def test_connections_fit_the_open_files_that_the_process_may_have(host: Host) -> None:
    info = dict(line.split(": ", 1) for line in runtime(host, "show info").splitlines() if ": " in line)
    assert int(info["Maxconn"]) >= 1000
    assert 2 * int(info["Maxconn"]) < int(info["Ulimit-n"])


def test_the_role_removes_its_stale_fragments_and_keeps_those_of_others(host: Host) -> None:
    names = set(host.file(FRAGMENTS).listdir())
    assert {"000-haproxy-global.cfg", "400-haproxy-eure.cfg", "310-haproxy-robots.cfg"} <= names
    assert "400-haproxy-gone.cfg" not in names
    assert "320-shield-rules.cfg" in names
    assert " 429 " in curl(host, "http://127.0.0.1/shielded", "Host: eure.ent.example").splitlines()[0]


def test_a_fragment_can_add_rules_inside_the_portals_frontend(host: Host) -> None:
    assert " 403 " in curl(host, "http://127.0.0.1/robots.txt", "Host: eure.ent.example").splitlines()[0]


@pytest.mark.usefixtures("servers")
def test_a_dead_server_loses_no_request_longer_than_its_health_check(host: Host) -> None:
    result = load(host, 4.5, "systemctl", "kill", "--signal=KILL", "standin@8081")
    late = [failure for failure in result["failures"] if failure["at"] > 1 + HEALTH_CHECK_SECONDS]
    assert late == []
    assert result["failures"] == [], "a request that found the server dead was not tried on the other one"
    assert result["answered"]["standin-8082"] > 100
    assert until(lambda: server_status(host, "standin-8081") == "DOWN", 5)


@pytest.mark.usefixtures("servers")
def test_a_server_that_comes_back_is_used_again(host: Host) -> None:
    host.check_output("systemctl stop standin@8081")
    assert until(lambda: server_status(host, "standin-8081") == "DOWN", 10)
    host.check_output("systemctl start standin@8081")
    assert until(lambda: server_status(host, "standin-8081") == "UP", 10)


def test_a_reload_drops_no_connection(host: Host) -> None:
    worker = runtime(host, "show info").split("Pid: ")[1].splitlines()[0]
    result = load(host, 2.5, "systemctl", "reload", "haproxy")
    assert result["failures"] == []
    assert sum(result["answered"].values()) > 200
    assert runtime(host, "show info").split("Pid: ")[1].splitlines()[0] != worker


def test_a_request_under_way_survives_a_reload(host: Host) -> None:
    text = host.check_output(
        "(sleep 0.5; systemctl reload haproxy) & "
        "curl --silent --show-error --max-time 10 -w '%{http_code}' -o /dev/null "
        "-H 'Host: eure.ent.example' http://127.0.0.1/slow; wait"
    )
    assert text == "200"


def test_a_bad_fragment_never_reaches_the_live_file(host: Host) -> None:
    name = host.backend.get_hostname()
    before = (host.file(CONFIG).sha256sum, sorted(host.file(FRAGMENTS).listdir()))
    done = subprocess.run(
        [
            "ansible-playbook",
            "--inventory",
            os.environ["MOLECULE_INVENTORY_FILE"],
            "--limit",
            name,
            "--tags",
            "haproxy_configure",
            str(SCENARIO / "bad_fragment.yml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert "500-haproxy-worse.cfg:2" in said, said
    assert "unknown keyword 'blance'" in said, said
    assert (host.file(CONFIG).sha256sum, sorted(host.file(FRAGMENTS).listdir())) == before
    assert " 200 " in curl(host, "http://127.0.0.1/", "Host: eure.ent.example").splitlines()[0]
