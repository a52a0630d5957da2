# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's daemons follow the settings, and its firewall lets through what it should and no more."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

RELOAD = "systemctl reload renfort-firewall"


def address(host: Any) -> str:
    """The machine's address as the scenario gives it."""
    scenario = yaml.safe_load(Path(os.environ["MOLECULE_FILE"]).read_text(encoding="utf-8"))
    name = host.backend.get_hostname()
    return next(str(it["address"]) for it in scenario["platforms"] if it["name"] == name)


def reached(host: Any, port: int) -> bool:
    """Whether a connection from outside the machine is accepted."""
    try:
        socket.create_connection((address(host), port), timeout=1.5).close()
    except TimeoutError:
        return False
    return True


def setting(host: Any, name: str) -> str:
    """What the SSH daemon makes of all its files."""
    lines = host.check_output("/usr/sbin/sshd -T").splitlines()
    return next(line.partition(" ")[2] for line in lines if line.startswith(f"{name} "))


@pytest.mark.parametrize(
    ("port", "open_"),
    [(22, True), (8001, True), (8002, False), (8003, False), (8004, True)],
    ids=["ssh", "allowed", "other network", "not allowed", "fragment of another role"],
)
def test_the_firewall_lets_through_what_is_allowed(host: Any, port: int, open_: bool) -> None:
    assert host.socket(f"tcp://0.0.0.0:{port}").is_listening
    assert reached(host, port) == open_


def test_ssh_answers_from_outside(host: Any) -> None:
    with socket.create_connection((address(host), 22), timeout=5) as connection:
        assert connection.recv(64).startswith(b"SSH-2.0")


def test_udp_rules_and_networks_of_both_families_are_in_place(host: Any) -> None:
    rules = host.check_output("nft list table inet renfort")
    assert "udp dport 5353 accept" in rules
    assert "ip saddr 192.0.2.0/24 tcp dport 8002 accept" in rules
    assert "ip6 saddr 2001:db8::/32 tcp dport 8002 accept" in rules
    assert "policy drop" in rules


def test_a_wrong_fragment_changes_nothing(host: Any) -> None:
    before = host.check_output("nft list table inet renfort")
    host.check_output("echo 'tcp dport nonsense' > /etc/renfort/firewall.d/wrong.nft")
    try:
        assert host.run(RELOAD).rc != 0
        assert host.check_output("nft list table inet renfort") == before
        assert reached(host, 22)
    finally:
        host.check_output("rm /etc/renfort/firewall.d/wrong.nft")
    host.check_output(RELOAD)


def test_a_fragment_comes_and_goes_with_a_reload(host: Any) -> None:
    host.check_output("echo 'tcp dport 8003 accept' > /etc/renfort/firewall.d/more.nft")
    host.check_output(RELOAD)
    assert reached(host, 8003)
    host.check_output("rm /etc/renfort/firewall.d/more.nft")
    host.check_output(RELOAD)
    assert not reached(host, 8003)


def test_tables_of_others_are_left_alone(host: Any) -> None:
    host.check_output("nft add table inet other")
    host.check_output("systemctl restart renfort-firewall")
    assert host.run("nft list table inet other").rc == 0
    host.check_output("nft delete table inet other")


def test_ssh_follows_the_settings(host: Any) -> None:
    assert setting(host, "passwordauthentication") == "no"
    assert setting(host, "maxauthtries") == "3"
    assert setting(host, "permitrootlogin") in ("prohibit-password", "without-password")


def test_accounts_are_as_asked(host: Any) -> None:
    assert "adm" in host.user("camille").groups
    keys = host.file("/home/camille/.ssh/authorized_keys").content_string.splitlines()
    assert [key.split()[2] for key in keys if key] == ["camille"]
    assert not host.user("former").exists


def test_only_who_may_becomes_root(host: Any) -> None:
    assert host.check_output("su camille -c 'sudo -n id -u'") == "0"
    assert host.run("su dominique -c 'sudo -n id -u'").rc != 0


def test_the_clock_is_followed_where_it_may_be_set(host: Any) -> None:
    bounding = host.check_output("sed -n 's/^CapBnd:[[:space:]]*//p' /proc/1/status")
    may_set = bool(int(bounding, 16) & 1 << 25)
    assert host.service("chrony").is_running == may_set
    assert host.service("chrony").is_enabled
    assert "pool 2.debian.pool.ntp.org iburst" in host.check_output("/usr/sbin/chronyd -p")


def test_the_journal_is_limited(host: Any) -> None:
    shown = host.check_output("systemd-analyze cat-config systemd/journald.conf")
    assert "SystemMaxUse=500M" in shown
    assert host.service("systemd-journald").is_running


def test_apt_does_nothing_by_itself(host: Any) -> None:
    shown = host.check_output("apt-config dump")
    assert 'APT::Periodic::Unattended-Upgrade "0";' in shown
    assert not host.file("/etc/apt/sources.list.d/renfort.sources").exists
    assert host.package("less").is_installed


def test_nothing_is_left_that_would_take_the_rules_back(host: Any) -> None:
    timers = host.check_output("systemctl list-timers --all --no-legend")
    assert "renfort-firewall-undo" not in timers


def test_the_firewall_comes_back_at_boot(host: Any) -> None:
    assert host.service("renfort-firewall").is_enabled


def test_names_that_no_dns_has_are_found_beside_those_that_were_there(host: Any) -> None:
    assert host.check_output("getent hosts haut-rhin.ent.example").split()[0] == "192.0.2.8"
    assert host.addr("localhost").is_resolvable
