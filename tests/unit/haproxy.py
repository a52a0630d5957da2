# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A socket that answers as HAProxy 3.0 does."""

from __future__ import annotations

import re
import socket
import threading
from pathlib import Path

from ansible_collections.ent.renfort.plugins.module_utils.haproxy_live import fingerprint

STATE = "1\n# be_name srv_name srv_addr srv_admin_state srv_uweight srv_port srv_op_state\n"


class Haproxy:
    """Servers, a map, certificates and a variable behind a socket; every order is kept.

    ``servers`` holds address, port, administrative state and weight; ``busy`` the sessions of each.
    """

    def __init__(self, path: Path) -> None:
        self.servers = {"eure/web-01": ["10.0.0.1", "80", 0, 1]}
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
            f"{path.replace('/', ' ')} {address} {admin} {weight} {port} 2"
            for path, (address, port, admin, weight) in self.servers.items()
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
        self.servers[words[0]] = [address, port, 1, 1]
        return "[6]: New server registered."

    def del_server(self, words: list[str], payload: str) -> str:
        if self.servers[words[0]][2] != 1:
            return "[3]: Only servers in maintenance mode can be deleted."
        del self.servers[words[0]]
        return "[6]: Server deleted."

    def set_server(self, words: list[str], payload: str) -> str:
        if words[1] == "weight":
            self.servers[words[0]][3] = int(words[2])
        else:
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
