# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is brought into a running HAProxy, against a socket that answers as HAProxy 3.0 does."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.haproxy_difference import difference, parse
from ansible_collections.ent.renfort.plugins.module_utils.haproxy_live import (
    Patience,
    apply,
    compare_with_memory,
    fingerprint,
)
from ansible_collections.ent.renfort.plugins.module_utils.haproxy_runtime import Runtime, RuntimeApiError

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
STATE = "1\n# be_name srv_name srv_addr srv_admin_state srv_uweight srv_port\n"


class Haproxy:
    """Servers, a map, certificates and a variable behind a socket; every order is kept."""

    def __init__(self, path: Path) -> None:
        self.servers = {"eure/web-01": ["10.0.0.1", "80", 0]}
        self.busy: dict[str, int] = {}
        self.unchecked: set[str] = set()
        self.map = {"eure.ent.example": "eure"}
        self.certificates: dict[str, str] = {}
        self.transaction: dict[str, str] = {}
        self.listed: list[str] = []
        self.digest = "one"
        self.orders: list[str] = []
        self.refuse = ""
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                text = connection.recv(65536).decode()
                line, _, payload = text.partition("\n")
                command = line.rpartition("; ")[2].removesuffix(" <<").strip()
                connection.sendall(f"\n{self.answer(command, payload.strip())}\n\n".encode())

    def answer(self, command: str, payload: str) -> str:
        words = command.split()
        if words[0] not in ("show", "get"):
            self.orders.append(command)
            if self.refuse and re.search(self.refuse, command):
                return "[3]: no, not this one."
        handler = getattr(self, "_".join(words[:2]))
        said: str = handler(words[2:], payload)
        return said

    def show_servers(self, words: list[str], payload: str) -> str:
        rows = [
            f"{path.replace('/', ' ')} {address} {admin} 1 {port}"
            for path, (address, port, admin) in self.servers.items()
        ]
        return STATE + "\n".join(rows)

    def show_stat(self, words: list[str], payload: str) -> str:
        rows = [
            f"{path.replace('/', ',')},UP,{'L4CON' if path in self.unchecked else 'L7OK'},"
            f"{self.busy.get(path, 0)},0"
            for path in self.servers
        ]
        return "# pxname,svname,status,check_status,scur,qcur\n" + "\n".join(rows)

    def add_server(self, words: list[str], payload: str) -> str:
        address, _, port = words[1].rpartition(":")
        self.servers[words[0]] = [address, port, 1]
        return "[6]: New server registered."

    def del_server(self, words: list[str], payload: str) -> str:
        if self.servers[words[0]][2] != 1:
            return "[3]: Only servers in maintenance mode can be deleted."
        del self.servers[words[0]]
        return "[6]: Server deleted."

    def set_server(self, words: list[str], payload: str) -> str:
        self.servers[words[0]][2] = {"ready": 0, "maint": 1, "drain": 8}[words[2]]
        return ""

    def enable_health(self, words: list[str], payload: str) -> str:
        return ""

    def get_var(self, words: list[str], payload: str) -> str:
        return f"{words[0]}: type=str value=<{self.digest}>"

    def set_var(self, words: list[str], payload: str) -> str:
        self.digest = words[1].removeprefix("str(").removesuffix(")")
        return ""

    def show_map(self, words: list[str], payload: str) -> str:
        return "\n".join(f"0x1 {key} {value}" for key, value in self.map.items())

    def add_map(self, words: list[str], payload: str) -> str:
        self.map[words[1]] = words[2]
        return ""

    set_map = add_map

    def del_map(self, words: list[str], payload: str) -> str:
        del self.map[words[1]]
        return ""

    def show_ssl(self, words: list[str], payload: str) -> str:
        if words[0] == "crt-list":
            return "\n".join(["# list", *self.listed])
        if len(words) > 1:
            return f"Filename: {words[1]}\nSHA1 FingerPrint: {fingerprint(self.certificates[words[1]])}"
        return "\n".join(["# filename", *self.certificates])

    def new_ssl(self, words: list[str], payload: str) -> str:
        self.certificates[words[1]] = ""
        return "[5]: New empty certificate store!"

    def set_ssl(self, words: list[str], payload: str) -> str:
        self.transaction[words[1]] = payload
        return "[5]: Transaction created!"

    def commit_ssl(self, words: list[str], payload: str) -> str:
        self.certificates[words[1]] = self.transaction.pop(words[1])
        return "Committing\nSuccess!"

    def abort_ssl(self, words: list[str], payload: str) -> str:
        self.transaction.pop(words[1], None)
        return "[5]: Transaction aborted!"

    def add_ssl(self, words: list[str], payload: str) -> str:
        self.listed.append(words[2])
        return "Inserting\nSuccess!"

    def del_ssl(self, words: list[str], payload: str) -> str:
        if words[0] == "crt-list":
            self.listed.remove(words[2])
        else:
            del self.certificates[words[1]]
        return "[5]: deleted!"


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
    haproxy.servers["eure/web-09"] = ["10.0.0.9", "80", 0]
    haproxy.servers["eure/web-01"][0] = "10.0.0.7"
    haproxy.map.clear()
    assert compare_with_memory(runtime, parse(CONFIG), read=MAP_TEXT.__getitem__) == [
        "server eure/web-09: in memory, not in the file",
        "server eure/web-01: 10.0.0.1:80 in the file, 10.0.0.7:80 in memory",
        f"map {MAP}: memory differs from the file",
    ]


def test_a_socket_that_is_not_there_says_what_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(RuntimeApiError, match=r"'show info' through .*nowhere.*systemctl status haproxy"):
        Runtime(str(tmp_path / "nowhere")).info()


def test_states_are_what_people_asked_for(haproxy: Haproxy, runtime: Runtime) -> None:
    for admin, state in ((0, "ready"), (1, "maint"), (8, "drain"), (9, "maint")):
        haproxy.servers["eure/web-01"][2] = admin
        assert runtime.servers()[0].state == state
