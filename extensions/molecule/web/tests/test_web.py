# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portal answers on the machine's port as the load balancer and its users see it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

Headers = dict[str, str]


def ask(host: Any, path: str, *options: str) -> tuple[int, Headers, str]:
    """Status, headers (lower case) and body of an answer of nginx."""
    command = " ".join(["curl -sS -i --max-time 10", *options, f"'http://127.0.0.1{path}'"])
    head, _, body = host.check_output(command).replace("\r\n", "\n").partition("\n\n")
    lines = head.splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, body


def name_of(host: Any) -> str:
    return str(host.backend.get_hostname())


def test_the_public_page_speaks_of_the_tenant(host: Any) -> None:
    status, headers, body = ask(host, "/", "-H 'Accept-Language: fr'")
    assert status == 200
    assert "Collèges &#34;de&#34; l&#39;Eure \\ 100 %" in body
    assert "56 établissements" in body
    assert headers["content-language"] == "fr"


def test_the_personal_page_is_for_whom_the_portal_believes(host: Any) -> None:
    status, headers, body = ask(host, "/home?profile=parent&lang=en")
    if name_of(host) != "web-12":
        assert (status, headers["location"]) == (303, "/login?next=/home")
        return
    assert status == 200
    assert 'id="block-timetable"' in body
    assert 'id="block-marks"' in body


@pytest.mark.parametrize(
    ("path", "status"), [("/", 200), ("/healthz", 200), ("/logout", 303), ("/nowhere", 404)]
)
def test_every_answer_names_the_machine(host: Any, path: str, status: int) -> None:
    answered, headers, _ = ask(host, path)
    assert answered == status
    assert headers["x-renfort-machine"] == name_of(host)


def test_the_version_is_that_of_the_current_release(host: Any) -> None:
    version = host.file("/opt/web-app/current/portal/VERSION").content_string.strip()
    assert json.loads(ask(host, "/version")[2]) == {"tenant": "eure", "version": version}


def test_only_nginx_is_reached_from_outside(host: Any) -> None:
    assert host.socket("tcp://0.0.0.0:80").is_listening
    assert host.socket("tcp://127.0.0.1:8080").is_listening
    assert not host.socket("tcp://0.0.0.0:8080").is_listening


def test_the_client_is_believed_from_the_proxies_alone(host: Any) -> None:
    for source, client in (("127.0.0.2", "203.0.113.7"), ("127.0.0.3", "127.0.0.3")):
        path = f"/version?from={source}"
        ask(host, path, f"--interface {source}", "-H 'X-Forwarded-For: 203.0.113.7'")
        line = host.check_output(f"grep -F '{path} ' /var/log/nginx/access.log | tail -n 1")
        assert line.split()[:2] == [client, source]


def test_connections_are_kept_open(host: Any) -> None:
    verbose = host.run("curl -sv http://127.0.0.1/healthz http://127.0.0.1/version -o /dev/null -o /dev/null")
    assert "Re-using existing connection" in verbose.stderr or "Re-using existing http" in verbose.stderr


def test_the_application_is_not_root_and_writes_in_its_directory_alone(host: Any) -> None:
    service = host.service("web-app").systemd_properties
    processes = host.process.filter(user="web-app")
    assert str(service["MainPID"]) in {str(process.pid) for process in processes}
    pid = service["MainPID"]
    attempts = {
        "/var/lib/web-app": 0,
        "/opt/web-app/current": 1,
        "/etc": 1,
        "/home": 1,
    }
    for directory, expected in attempts.items():
        inside = (
            f"nsenter --target {pid} --mount setpriv --reuid=web-app --clear-groups touch {directory}/.probe"
        )
        assert (host.run(inside).rc != 0) == bool(expected), directory


def test_the_services_are_hardened(host: Any) -> None:
    beside = [] if name_of(host) == "web-12" else ["web-app-worker", "web-app-timetables"]
    for name in ["web-app", *beside]:
        verdict = host.check_output(f"systemd-analyze security --no-pager {name}.service | tail -n 1")
        assert float(verdict.split(":")[1].split()[0]) <= 2.5, verdict


def test_secrets_are_for_root(host: Any) -> None:
    environment = host.file("/etc/renfort/web-app.env")
    assert (environment.user, environment.mode) == ("root", 0o600)


def test_an_application_that_dies_is_started_again(host: Any) -> None:
    before = host.service("web-app").systemd_properties["MainPID"]
    host.check_output("systemctl kill --signal=KILL web-app")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        now = host.service("web-app").systemd_properties["MainPID"]
        if now not in ("0", before) and ask(host, "/healthz")[0] == 200:
            break
        time.sleep(0.5)
    else:
        pytest.fail("the application is not back after 20 seconds")
    assert ask(host, "/")[0] == 200


def test_both_services_start_at_boot(host: Any) -> None:
    assert host.service("web-app").is_enabled
    assert host.service("nginx").is_enabled


def test_the_oldest_releases_are_gone_and_the_current_one_is_whole(host: Any) -> None:
    releases = host.file("/opt/web-app/releases").listdir()
    current = host.file("/opt/web-app/current").linked_to.rsplit("/", 1)[1]
    assert sorted(releases) == sorted(["0000000000002022", "0000000000002023", current])
    assert host.file("/opt/web-app/current/.renfort-complete").content_string.startswith(current)
