# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lab import kernel
from lab.errors import LabError
from lab.foreign import MARK, chains_that_drop, marked_rules
from lab.host import host_resolver, nameservers, require_host
from lab.network import TABLE, Bridge, link_of_bridge, link_of_cable, ruleset


def test_names_of_links_fit_the_kernel_and_say_whose_they_are() -> None:
    names = [link_of_bridge("vmbr0"), link_of_bridge("a-very-long-bridge-name"), link_of_cable("x" * 80, 31)]
    assert names[0] == "rf-vmbr0"
    assert all(name.startswith("rf-") and len(name) <= 15 for name in names)
    assert link_of_cable("renfort-2000", 0) != link_of_cable("renfort-2001", 0)


def test_a_bridges_host_address_has_the_subnets_prefix() -> None:
    assert Bridge(name="b", subnet="10.83.0.0/22", gateway="10.83.0.1").host_address == "10.83.0.1/22"


def test_guests_keep_their_address_among_themselves_and_lose_it_outside() -> None:
    text = ruleset([("10.2.0.0/24", "10.2.0.1"), ("10.1.0.0/24", "10.1.0.1")], "192.0.2.53")
    subnets = "{ 10.1.0.0/24, 10.2.0.0/24 }"
    assert f"ip saddr {subnets} ip daddr != {subnets} masquerade" in text
    assert 'iifname "rf-*" ip daddr { 10.1.0.1, 10.2.0.1 } udp dport 53 dnat to 192.0.2.53' in text


def test_no_bridge_leaves_no_table() -> None:
    assert ruleset([], "") == f"table ip {TABLE}\ndelete table ip {TABLE}\n"


def _chain(**changes: Any) -> dict[str, Any]:
    chain = {"family": "ip", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "drop"}
    return {"chain": chain | changes}


def test_only_others_forward_chains_that_drop_are_opened() -> None:
    listing = {
        "nftables": [
            {"metainfo": {}},
            _chain(),
            _chain(name="ACCEPTING", policy="accept"),
            _chain(name="INPUT", hook="input"),
            _chain(family="ip6"),
            _chain(table=TABLE),
            _chain(family="inet", table="firewall", name="fwd"),
        ]
    }
    assert chains_that_drop(listing, TABLE) == [("ip", "filter", "FORWARD"), ("inet", "firewall", "fwd")]


def test_the_labs_own_rules_are_found_again_by_their_mark() -> None:
    rule = {"family": "ip", "table": "filter", "chain": "FORWARD", "handle": 7, "comment": MARK}
    listing = {"nftables": [{"rule": rule}, {"rule": {**rule, "comment": "mine"}}]}
    assert marked_rules(listing) == [("ip", "filter", "FORWARD", 7)]


def test_kernel_settings_rise_only_where_too_low_and_come_back(tmp_path: Path) -> None:
    root, saved = tmp_path / "sys", tmp_path / "run" / "saved.json"
    root.mkdir()
    (root / "low").write_text("128\n")
    (root / "high").write_text("9000\n")
    for _ in range(2):
        kernel.raise_settings({"low": 8192, "high": 8192}, root=root, saved=saved)
    assert ((root / "low").read_text(), (root / "high").read_text()) == ("8192", "9000\n")
    kernel.restore_settings(root=root, saved=saved)
    assert (root / "low").read_text() == "128"
    assert not saved.exists()


def test_settings_raised_later_do_not_hide_what_was_first(tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    (tmp_path / "a").write_text("1")
    kernel.raise_settings({"a": 5}, root=tmp_path, saved=saved)
    kernel.raise_settings({"a": 9}, root=tmp_path, saved=saved)
    kernel.restore_settings(root=tmp_path, saved=saved)
    assert (tmp_path / "a").read_text() == "1"


def test_resolvers_are_read_from_resolv_conf() -> None:
    text = "# nameserver 192.0.2.1\nsearch example\nnameserver fe80::1%eth0\nnameserver 192.0.2.53\n"
    assert nameservers(text) == ["192.0.2.53"]


def test_a_real_resolver_is_preferred_to_a_local_stub(tmp_path: Path) -> None:
    stub, real = tmp_path / "stub", tmp_path / "real"
    stub.write_text("nameserver 127.0.0.53\n")
    real.write_text("nameserver 192.0.2.53\n")
    assert host_resolver((stub, real)) == "192.0.2.53"
    assert host_resolver((stub, tmp_path / "absent")) == "127.0.0.53"


def test_a_host_without_resolver_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="names no IPv4 resolver"):
        host_resolver((tmp_path / "absent",))


def test_all_missing_programs_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    with pytest.raises(LabError, match=r"needs podman, nft.*apt-get install nftables podman"):
        require_host(which=lambda name: None if name in ("podman", "nft") else f"/usr/bin/{name}")


def test_no_root_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match=r"needs root.*sudo"):
        require_host()
