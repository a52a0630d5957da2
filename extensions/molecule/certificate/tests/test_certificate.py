# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates as clients and daemons meet them, and what becomes of them with time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from testinfra.host import Host

DIRECTORY = "/etc/renfort/tls"
UTILS = Path(__file__).parents[2] / "utils"


def run_again(host: Host, *options: str) -> str:
    """Apply the role to this machine once more; what Ansible said."""
    done = subprocess.run(
        [
            "ansible-playbook",
            "--inventory",
            os.environ["MOLECULE_INVENTORY_FILE"],
            "--limit",
            host.backend.get_hostname(),
            *options,
            str(UTILS / "converge.yml"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MOLECULE_SCENARIO_NAME": "certificate"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def fingerprint(host: Host, name: str) -> str:
    return host.check_output(f"openssl x509 -in {DIRECTORY}/{name}.crt -noout -fingerprint -sha256")


def reloads(host: Host) -> int:
    log = host.file("/var/log/reloads")
    return log.content_string.count("reloaded") if log.exists else 0


def test_a_certificate_is_what_clients_who_trust_the_authority_accept(host: Host) -> None:
    for name in ("plain", "portal"):
        options = f"-x509_strict -purpose sslserver -CAfile {DIRECTORY}/ca.crt"
        verified = host.check_output(f"openssl verify {options} {DIRECTORY}/{name}.crt")
        assert verified.endswith(": OK")


def test_names_and_usages_are_those_asked_for(host: Host) -> None:
    own = host.backend.get_hostname()
    extensions = "subjectAltName,extendedKeyUsage,keyUsage,basicConstraints"
    plain = host.check_output(f"openssl x509 -in {DIRECTORY}/plain.crt -noout -subject -ext {extensions}")
    assert f"CN = {own}" in plain or f"CN={own}" in plain
    assert f"DNS:{own}" in plain
    assert "TLS Web Server Authentication, TLS Web Client Authentication" in plain
    portal = host.check_output(f"openssl x509 -in {DIRECTORY}/portal.crt -noout -ext {extensions}")
    assert "DNS:portal.ent.example, DNS:localhost, IP Address:127.0.0.1" in portal
    assert "TLS Web Client Authentication" not in portal
    assert "CA:FALSE" in portal


def test_keys_are_for_those_who_may_read_them(host: Host) -> None:
    plain = host.file(f"{DIRECTORY}/plain.key")
    assert (plain.user, plain.group, plain.mode) == ("root", "ssl-cert", 0o640)
    for name in ("portal.key", "portal.pem"):
        file = host.file(f"{DIRECTORY}/{name}")
        assert (file.user, file.group, file.mode) == ("daemon", "daemon", 0o600)
    assert host.file(f"{DIRECTORY}/portal.crt").mode == 0o644
    assert not host.file(f"{DIRECTORY}/plain.pem").exists


def test_the_key_belongs_to_the_certificate(host: Host) -> None:
    for name, key in (("plain", "plain.key"), ("portal", "portal.pem")):
        certified = host.check_output(f"openssl x509 -in {DIRECTORY}/{name}.crt -noout -pubkey")
        assert host.check_output(f"openssl pkey -in {DIRECTORY}/{key} -pubout") == certified
        assert "prime256v1" in host.check_output(f"openssl pkey -in {DIRECTORY}/{key} -noout -text")


def test_a_server_with_these_files_is_believed_by_a_client_with_the_authority(host: Host) -> None:
    server = f"openssl s_server -accept 4433 -www -cert {DIRECTORY}/portal.pem -key {DIRECTORY}/portal.pem"
    host.check_output(f"systemd-run --unit=tls-server --quiet {server}")
    try:
        answer = host.check_output(
            "curl --silent --show-error --retry 20 --retry-connrefused --retry-delay 1 "
            f"--cacert {DIRECTORY}/ca.crt --output /dev/null --write-out '%{{http_code}}' https://localhost:4433/"
        )
        assert answer == "200"
    finally:
        host.check_output("systemctl stop tls-server")


def test_a_certificate_near_its_end_is_renewed_and_its_daemon_reloaded(host: Host) -> None:
    reloaded = reloads(host)
    assert reloaded, "not reloaded when the certificate was installed"
    before = {name: fingerprint(host, name) for name in ("plain", "portal")}
    key = host.file(f"{DIRECTORY}/portal.key").sha256sum
    renewing = ("--extra-vars", "certificate_renewal_days=90 certificate_validity_days=120")

    rehearsed = run_again(host, "--check", "--diff", *renewing)
    assert "-----BEGIN CERTIFICATE-----" in rehearsed
    assert "PRIVATE KEY" not in rehearsed
    assert {name: fingerprint(host, name) for name in before} == before

    said = run_again(host, "--diff", *renewing)
    assert "PRIVATE KEY" not in said
    assert all(fingerprint(host, name) != former for name, former in before.items())
    assert reloads(host) == reloaded + 1
    assert host.file(f"{DIRECTORY}/portal.key").sha256sum == key
    assert fingerprint(host, "portal") == host.check_output(
        f"openssl x509 -in {DIRECTORY}/portal.pem -noout -fingerprint -sha256"
    )

    assert "changed=0" in run_again(host, *renewing)
    assert reloads(host) == reloaded + 1
    assert not host.file("/var/log/reloads-while-stopped").exists, "a daemon at rest is left at rest"
