# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS, services beside HTTP, and what changes in a running HAProxy: same process, nothing dropped."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from testinfra.host import Host

SCENARIO = Path(__file__).parents[1]
EPHEMERAL = Path(os.environ.get("MOLECULE_EPHEMERAL_DIRECTORY", "/nonexistent"))
SERVED = yaml.safe_load((SCENARIO / "molecule.yml").read_text(encoding="utf-8"))["provisioner"]["inventory"][
    "group_vars"
]["all"]
INFO = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("/run/haproxy/admin.sock")
s.sendall(sys.argv[1].encode() + b"\\n")
print(b"".join(iter(lambda: s.recv(65536), b"")).decode())
"""
GREETING = """
import socket
s = socket.create_connection(("127.0.0.1", 2525), timeout=5)
f = s.makefile("rw", newline="\\r\\n")
print(f.readline().strip())
print("EHLO x", file=f, flush=True)
print(f.readline().strip())
"""


def runtime(host: Host, command: str) -> str:
    return host.check_output("python3 -c %s %s", INFO, command)


def worker(host: Host) -> str:
    return runtime(host, "show info").split("\nPid: ")[1].splitlines()[0]


def certificates() -> list[dict[str, Any]]:
    """Those of the scenario, with the path that Molecule fills in."""
    text = json.dumps(SERVED["haproxy_certificates"])
    found: list[dict[str, Any]] = json.loads(text.replace("${MOLECULE_EPHEMERAL_DIRECTORY}", str(EPHEMERAL)))
    return found


def certify(name: str, hosts: str) -> Path:
    """A new certificate on the controller."""
    file = EPHEMERAL / name
    subprocess.run([sys.executable, str(SCENARIO / "files/certify.py"), str(file), hosts], check=True)
    return file


def apply(host: Host, **variables: Any) -> str:
    """Run the role on this machine with variables; what Ansible said."""
    done = subprocess.run(
        [
            "ansible-playbook",
            "--inventory",
            os.environ["MOLECULE_INVENTORY_FILE"],
            "--limit",
            f"{host.backend.get_hostname()}",
            "--tags",
            "haproxy_preflight,haproxy_configure,haproxy_service",
            "--extra-vars",
            json.dumps(variables),
            str(SCENARIO / "live.yml"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{done.stdout}{done.stderr}\nexit {done.returncode}"


def served_fingerprint(host: Host, name: str) -> str:
    """SHA-1 of the certificate that a client of a host name gets."""
    text = host.check_output(
        f"echo | openssl s_client -connect 127.0.0.1:443 -servername {name} 2>/dev/null "
        "| openssl x509 -noout -fingerprint -sha1"
    )
    return text.partition("=")[2].replace(":", "").strip()


def file_fingerprint(file: Path) -> str:
    text = subprocess.run(
        ["openssl", "x509", "-noout", "-fingerprint", "-sha1", "-in", str(file)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return text.partition("=")[2].replace(":", "").strip()


def test_browsers_are_held_to_tls(host: Host) -> None:
    tls = host.check_output(
        "curl -s -k -i --resolve eure.ent.example:443:127.0.0.1 https://eure.ent.example/"
    )
    assert tls.splitlines()[0].startswith("HTTP/2 200")
    assert "strict-transport-security: max-age=3600" in tls


def test_only_modern_tls_is_spoken(host: Host) -> None:
    for options, accepted in (
        ("-tls1_1 -cipher ALL:@SECLEVEL=0", False),
        ("-tls1_2 -cipher AES256-SHA", False),
        ("-tls1_2", True),
        ("-tls1_3", True),
    ):
        client = "openssl s_client -connect 127.0.0.1:443 -servername eure.ent.example"
        said = host.run(f"echo | {client} {options}").stdout
        assert ("Cipher is TLS_" in said or "Cipher is ECDHE" in said) is accepted, (options, said)


def test_each_name_gets_its_certificate(host: Host) -> None:
    assert served_fingerprint(host, "eure.ent.example") == file_fingerprint(EPHEMERAL / "eure.pem")
    assert served_fingerprint(host, "empty.ent.example") == file_fingerprint(EPHEMERAL / "others.pem")


def test_keys_are_for_root_only(host: Host) -> None:
    file = host.file("/etc/haproxy/certificates/eure.pem")
    assert (file.user, file.mode) == ("root", 0o600)
    assert host.file("/etc/haproxy/certificates").mode == 0o700


def test_a_path_of_a_portal_is_answered_by_its_own_backend(host: Host) -> None:
    ask = "curl -s -k -i --resolve eure.ent.example:443:127.0.0.1 https://eure.ent.example"
    assert "x-renfort-machine: standin-8083" in host.check_output(f"{ask}/cas/login")
    assert "x-renfort-machine: standin-8083" not in host.check_output(f"{ask}/castle")


def test_a_service_follows_the_machine_that_leads(host: Host) -> None:
    assert host.run("curl -s --max-time 3 http://127.0.0.1:5432/").rc != 0, "nobody leads yet"
    for leader in ("8081", "8083"):
        host.check_output(f"rm -f /run/leader-*; touch /run/leader-{leader}")
        host.check_output(
            "timeout 15 sh -c 'until curl -s -i --max-time 2 http://127.0.0.1:5432/"
            f" | grep -i standin-{leader}; do sleep 0.5; done'"
        )
    host.check_output("rm -f /run/leader-*")


def test_a_service_is_closed_to_other_networks(host: Host) -> None:
    own = host.check_output("hostname -I").split()[0]
    assert host.socket("tcp://0.0.0.0:5432").is_listening
    # Refused, or taken and cut: by which the client tells depends on who is faster.
    assert host.run(f"curl -s --max-time 3 http://{own}:5432/").rc in (7, 52, 56)


def test_a_relay_is_told_who_the_client_is(host: Host) -> None:
    assert host.check_output("python3 -c %s", GREETING).splitlines() == [
        "220 relay.example ESMTP",
        "250 client 127.0.0.1",
    ]


def test_servers_certificates_and_portals_change_in_the_same_process(host: Host) -> None:
    name = host.backend.get_hostname()
    before = worker(host)
    backends = copy.deepcopy(SERVED["haproxy_backends"])
    backends[0]["servers"].append({"name": "standin-8083", "address": "127.0.0.1", "port": 8083})
    backends[1]["hosts"].append("bas-rhin.ent.example")
    entries = certificates()
    entries[0]["file"] = str(certify(f"{name}-eure.pem", "eure.ent.example"))
    entries.append({"name": "new", "file": str(certify(f"{name}-new.pem", "bas-rhin.ent.example"))})
    host.check_output("rm -f /run/stop-load")
    with ThreadPoolExecutor() as pool:
        load = pool.submit(
            host.check_output, "python3 /usr/local/lib/renfort-test/load.py eure.ent.example 900 4 true"
        )
        grown = apply(host, haproxy_backends=backends, haproxy_certificates=entries)
        host.run("sleep 2; touch /run/stop-load")
        seen = json.loads(load.result())
    assert grown.endswith("exit 0"), grown
    assert worker(host) == before, grown
    assert seen["failures"] == []
    assert seen["answered"].get("standin-8083", 0) > 0, seen["answered"]
    assert served_fingerprint(host, "eure.ent.example") == file_fingerprint(Path(entries[0]["file"]))
    assert served_fingerprint(host, "bas-rhin.ent.example") == file_fingerprint(Path(entries[-1]["file"]))
    portal = "curl -s -k -i --resolve bas-rhin.ent.example:443:127.0.0.1 https://bas-rhin.ent.example/"
    assert "x-renfort-machine: standin-8082" in host.check_output(portal)

    back = apply(host)
    assert back.endswith("exit 0"), back
    assert worker(host) == before, back
    assert "bas-rhin" not in runtime(host, "show map /etc/haproxy/portals.map")
    assert "new.pem" not in runtime(host, "show ssl cert")
    assert not re.search(r" eure \d+ standin-8083 ", runtime(host, "show servers state"))
    assert not host.file("/etc/haproxy/certificates/new.pem").exists
    again = apply(host)
    assert re.search(r"changed=0 .*failed=0", again), again


def test_memory_is_told_apart_from_the_files_and_set_right(host: Host) -> None:
    before = worker(host)
    runtime(host, "del map /etc/haproxy/portals.map eure.ent.example")
    said = apply(host)
    assert said.endswith("exit 0"), said
    assert "eure.ent.example eure" in runtime(host, "show map /etc/haproxy/portals.map")
    assert worker(host) != before, "what somebody did to the memory is undone by a reload"


def test_a_certificate_for_another_host_is_refused_before_anything_is_written(host: Host) -> None:
    entries = certificates()
    entries[0]["file"] = str(EPHEMERAL / "others.pem")
    said = " ".join(apply(host, haproxy_certificates=entries).split())
    assert said.endswith("exit 2")
    assert "valid for empty.ent.example, haut-rhin.ent.example, not for eure.ent.example" in said
    assert "no certificate covers the portal eure.ent.example" in said
    assert "PRIVATE" not in said
    assert served_fingerprint(host, "eure.ent.example") == file_fingerprint(EPHEMERAL / "eure.pem")
