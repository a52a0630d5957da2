# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is brought into a running HAProxy, against a socket that answers as HAProxy 3.0 does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.haproxy_difference import difference, parse
from ansible_collections.ent.renfort.plugins.module_utils.haproxy_live import (
    Patience,
    apply,
    compare_with_memory,
)
from ansible_collections.ent.renfort.plugins.module_utils.haproxy_runtime import Runtime, RuntimeApiError
from tests.unit.haproxy import Haproxy

MAP, LIST, PEM = (
    "/etc/haproxy/portals.map",
    "/etc/haproxy/certificates.list",
    "/etc/haproxy/certificates/a.pem",
)
CONFIG = f"""
global
    # file {"a" * 64} map {MAP}
    set-var proc.renfort_digest str(one)
backend eure
    balance roundrobin
    default-server check inter 1s
    server web-01 10.0.0.1:80
"""


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[Haproxy]:
    running = Haproxy(tmp_path / "socket")
    yield running
    running.listener.close()


@pytest.fixture
def runtime(haproxy: Haproxy, tmp_path: Path) -> Runtime:
    return Runtime(str(tmp_path / "socket"), timeout=5)


def bring(runtime: Runtime, wanted: str, files: dict[str, str], **patience: float) -> list[str]:
    """Bring a configuration into the process, which has the first one."""
    found = difference(parse(CONFIG), parse(wanted))
    assert found.reasons == ()
    return apply(
        runtime,
        found,
        parse(wanted),
        patience=Patience(**{"check": 1.0, "drain": 1.0, **patience}),
        read=files.__getitem__,
    )


def grown(**words: str) -> str:
    """The configuration with another digest and words replaced."""
    text = CONFIG.replace("str(one)", "str(two)")
    for old, new in words.items():
        text = text.replace(old, new)
    return text


NEW_SERVER = "    server web-01 10.0.0.1:80\n    server web-02 10.0.0.2:8080 weight 50\n"
MAP_TEXT = {MAP: "eure.ent.example eure\n"}


def test_a_new_server_takes_requests_after_its_check(haproxy: Haproxy, runtime: Runtime) -> None:
    wanted = grown().replace("    server web-01 10.0.0.1:80\n", NEW_SERVER)
    done = bring(runtime, wanted, MAP_TEXT)
    assert done == ["server eure/web-02: added"]
    assert haproxy.orders == [
        "add server eure/web-02 10.0.0.2:8080 check inter 1s weight 50",
        "enable health eure/web-02",
        "set server eure/web-02 state drain",
        "set server eure/web-02 state ready",
        "set var proc.renfort_digest str(two)",
    ]
    assert compare_with_memory(runtime, parse(wanted), read=MAP_TEXT.__getitem__) == []


def test_a_new_server_that_is_not_well_is_told(haproxy: Haproxy, runtime: Runtime) -> None:
    haproxy.unchecked.add("eure/web-02")
    wanted = grown().replace("    server web-01 10.0.0.1:80\n", NEW_SERVER)
    assert bring(runtime, wanted, MAP_TEXT, check=0.3) == [
        "server eure/web-02: added, its check not passed yet"
    ]


def test_a_server_goes_when_it_has_finished(haproxy: Haproxy, runtime: Runtime) -> None:
    haproxy.busy["eure/web-01"] = 3
    threading.Timer(0.4, haproxy.busy.clear).start()
    wanted = grown().replace("    server web-01 10.0.0.1:80\n", "")
    assert bring(runtime, wanted, MAP_TEXT, drain=5) == ["server eure/web-01: removed"]
    assert haproxy.servers == {}
    assert haproxy.orders[0] == "set server eure/web-01 state drain"


def test_a_server_that_does_not_finish_is_left_to_a_reload(haproxy: Haproxy, runtime: Runtime) -> None:
    haproxy.busy["eure/web-01"] = 3
    wanted = grown().replace("    server web-01 10.0.0.1:80\n", "")
    with pytest.raises(RuntimeApiError, match=r"eure/web-01 still has sessions after 0\.3 s"):
        bring(runtime, wanted, MAP_TEXT, drain=0.3)
    assert haproxy.digest == "one", "memory must not claim to be what it is not"


def test_a_map_becomes_its_file(haproxy: Haproxy, runtime: Runtime) -> None:
    haproxy.map["old.ent.example"] = "eure"
    files = {MAP: "# who\neure.ent.example vosges\nnew.ent.example eure\n"}
    bring(runtime, grown(**{"a" * 64: "b" * 64}), files)
    assert haproxy.map == {"eure.ent.example": "vosges", "new.ent.example": "eure"}


PAIR = "-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n\n-----BEGIN PRIVATE KEY-----\nAAAA\n"


def with_certificate() -> str:
    lines = f"    # file {'c' * 64} certificate {PEM}\n    # file {'d' * 64} crt-list {LIST}\n    set-var"
    return grown().replace("    set-var", lines)


def test_a_new_certificate_is_known_before_the_list_names_it(haproxy: Haproxy, runtime: Runtime) -> None:
    files = {**MAP_TEXT, PEM: PAIR, LIST: f"# list\n{PEM}\n"}
    bring(runtime, with_certificate(), files)
    assert haproxy.listed == [PEM]
    assert haproxy.certificates[PEM] == PAIR.replace("\n\n", "\n").strip()
    assert compare_with_memory(runtime, parse(with_certificate()), read=files.__getitem__) == []


@pytest.mark.parametrize("refused", ["set ssl", "commit ssl"])
def test_a_refused_certificate_leaves_nothing_behind(
    haproxy: Haproxy, runtime: Runtime, refused: str
) -> None:
    haproxy.refuse = refused
    with pytest.raises(RuntimeApiError, match="no, not this one"):
        bring(runtime, with_certificate(), {**MAP_TEXT, PEM: PAIR, LIST: PEM})
    assert haproxy.certificates == haproxy.transaction == {}
    assert haproxy.digest == "one"


def test_memory_that_differs_is_told(haproxy: Haproxy, runtime: Runtime) -> None:
    haproxy.servers["eure/web-09"] = ["10.0.0.9", "80", 0, 1]
    haproxy.servers["eure/web-01"][0] = "10.0.0.7"
    haproxy.map.clear()
    assert compare_with_memory(runtime, parse(CONFIG), read=MAP_TEXT.__getitem__) == [
        "server eure/web-09: in memory, not in the file",
        "server eure/web-01: 10.0.0.1:80 in the file, 10.0.0.7:80 in memory",
        f"map {MAP}: memory differs from the file",
    ]


def test_a_socket_that_is_not_there_says_what_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(RuntimeApiError, match=r"No HAProxy listens on .*nowhere.*systemctl status haproxy"):
        Runtime(str(tmp_path / "nowhere")).info()


def test_states_are_what_people_asked_for(haproxy: Haproxy, runtime: Runtime) -> None:
    for admin, state in ((0, "ready"), (1, "maint"), (8, "drain"), (9, "maint")):
        haproxy.servers["eure/web-01"][2] = admin
        assert runtime.servers()[0].state == state
