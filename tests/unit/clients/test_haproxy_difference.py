# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a changed configuration of HAProxy asks for: orders, or a reload with its reason."""

from __future__ import annotations

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.haproxy_difference import difference, parse

DIGESTS = ("a" * 64, "b" * 64)
CONFIG = f"""
global
    maxconn 1000
    # file {DIGESTS[0]} map /etc/haproxy/portals.map
    # file {DIGESTS[0]} certificate /etc/haproxy/certificates/eure.pem
    set-var proc.renfort_digest str(one)
frontend portals
    bind *:80
# why it is so
backend eure
    balance roundrobin
    default-server check inter 1s
    server web-01 10.0.0.1:80
    server web-02 10.0.0.2:80 weight 50
listen leader
    mode tcp
    server db-01 10.0.0.9:6432 check
"""


def changed(*pairs: tuple[str, str], text: str = CONFIG) -> str:
    """The configuration with words replaced."""
    for old, new in (("str(one)", "str(two)"), *pairs):
        assert old in text
        text = text.replace(old, new)
    return text


def test_a_configuration_is_taken_apart() -> None:
    found = parse(CONFIG)
    assert found.digest == "one"
    assert list(found.sections) == ["global", "frontend portals", "backend eure", "listen leader"]
    web = found.servers["eure/web-02"]
    assert (web.address, web.port, web.keywords) == ("10.0.0.2", 80, ("check", "inter", "1s", "weight", "50"))
    assert found.servers["leader/db-01"].keywords == ("check",)
    assert found.files["/etc/haproxy/portals.map"] == ("map", DIGESTS[0])


def test_comments_and_spaces_are_no_difference() -> None:
    found = difference(parse(CONFIG), parse(changed(("# why it is so", "# otherwise\n\n"))))
    assert (found.reasons, found.added, found.removed, found.files) == ((), (), (), ())


def test_servers_that_come_and_go_need_no_reload() -> None:
    wanted = changed(("    server web-02 10.0.0.2:80 weight 50\n", "    server web-03 10.0.0.3:80\n"))
    found = difference(parse(CONFIG), parse(wanted))
    assert found.reasons == ()
    assert [server.path for server in found.added] == ["eure/web-03"]
    assert [server.path for server in found.removed] == ["eure/web-02"]
    assert found.added[0].keywords == ("check", "inter", "1s")


def test_a_file_that_changed_is_read_again_and_one_that_went_is_forgotten() -> None:
    wanted = changed((f"{DIGESTS[0]} map", f"{DIGESTS[1]} map"))
    wanted = wanted.replace(f"    # file {DIGESTS[0]} certificate /etc/haproxy/certificates/eure.pem\n", "")
    found = difference(parse(CONFIG), parse(wanted))
    assert found.reasons == ()
    assert found.files == (("map", "/etc/haproxy/portals.map"),)
    assert found.files_gone == (("certificate", "/etc/haproxy/certificates/eure.pem"),)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("maxconn 1000", "maxconn 2000", "section changed: global"),
        ("bind *:80", "bind *:8080", "section changed: frontend portals"),
        ("inter 1s", "inter 2s", "section changed: backend eure"),
        ("backend eure", "backend vosges", "new section: backend vosges"),
        ("10.0.0.1:80", "10.0.0.7:80", "server changed: eure/web-01"),
        ("weight 50", "weight 60", "server changed: eure/web-02"),
    ],
)
def test_all_else_needs_a_reload_and_says_why(old: str, new: str, reason: str) -> None:
    assert reason in difference(parse(CONFIG), parse(changed((old, new)))).reasons


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("balance roundrobin", "balance static-rr", "backend eure: balance static-rr fixes its servers"),
        ("balance roundrobin", "balance source", "backend eure: balance source fixes its servers"),
        (
            "balance roundrobin",
            "balance roundrobin\n    use-server web-01 if { path /x }",
            "backend eure: a rule may name a server: use-server web-01 if { path /x }",
        ),
    ],
)
def test_backends_whose_servers_are_fixed_are_reloaded(old: str, new: str, reason: str) -> None:
    running = CONFIG.replace(old, new)
    wanted = changed(("    server web-01 10.0.0.1:80\n", ""), text=running)
    assert difference(parse(running), parse(wanted)).reasons == (reason,)


def test_a_server_with_a_name_for_an_address_needs_a_reload() -> None:
    wanted = changed(
        ("server web-01 10.0.0.1:80\n", "server web-01 10.0.0.1:80\n    server w web.example:80\n")
    )
    assert difference(parse(CONFIG), parse(wanted)).reasons == (
        "backend eure: the server w has a name for an address",
    )


def test_a_hash_that_is_consistent_lets_servers_come_and_go() -> None:
    running = CONFIG.replace("balance roundrobin", "balance source\n    hash-type consistent")
    wanted = changed(("    server web-01 10.0.0.1:80\n", ""), text=running)
    assert difference(parse(running), parse(wanted)).reasons == ()
