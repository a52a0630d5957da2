# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replays the recordings in their order against an emulator that starts like the recorded server."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from lab.pve.auth import hash_token
from lab.pve.qemu import guests
from lab.pve.reports import PERIOD_S
from lab.pve.server import Emulator, Options, start

from .client import ROOT_PASSWORD, Answer, Client
from .compare import differences, texts

HERE = Path(__file__).parent
SPEED = 10.0
BOOT_S = 20.0
"""Emulated seconds that a guest takes to boot."""
PATIENCE_S = 1.0
"""Real seconds that a task may take until the recorded state is there."""

_UPID = re.compile(r"UPID:[^:\s\"/]+:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:\s]+:[^:\s]*:[^:\s]+:")
_GENERATED = re.compile(
    r"^(?:[0-9a-f]{40}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|UPID:.*:)$", re.IGNORECASE
)
_MAC = re.compile(r"(?:[0-9A-F]{2}:){5}[0-9A-F]{2}")
_ROLE = re.compile(r"^-- role (?P<role>\S+) now has: (?P<privs>\S+)$")
_GRANT = re.compile(r"^-- granted (?P<role>\S+) on (?P<path>\S+) \(now in effect\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A recorded request with its answer."""

    file: str
    index: int
    data: dict[str, Any]

    @property
    def name(self) -> str:
        """The exchange's name."""
        return str(self.data["name"])

    @property
    def is_http(self) -> bool:
        """Whether it is a request at all, and not a note between requests."""
        return "method" in self.data

    @property
    def label(self) -> str:
        """File, number and name."""
        return f"{self.file}#{self.index} {self.name}"

    @property
    def path(self) -> str:
        """The path without the API's prefix."""
        return str(self.data["path"]).removeprefix("/api2/json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one exchange ended: out of scope (with the reason), the same, or different."""

    exchange: Exchange
    out_of_scope: str = ""
    differences: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


def recordings() -> list[str]:
    """The recordings' names, in order."""
    return sorted(path.stem for path in (HERE / "recordings").glob("*.json"))


def exchanges(file: str) -> Iterator[Exchange]:
    """The exchanges of one recording."""
    for index, data in enumerate(json.loads((HERE / "recordings" / f"{file}.json").read_text())):
        yield Exchange(file=file, index=index, data=data)


def unreported(file: str) -> Iterator[str]:
    """The labels of the changes which a node had not reported when the resources were asked for."""
    change = None
    for exchange in exchanges(file):
        if not exchange.is_http:
            continue
        if exchange.data["method"] != "GET":
            change = exchange
        elif change and '"status": "unknown"' in json.dumps(exchange.data["body"]):
            yield change.label


@dataclass(slots=True)
class Scope:
    """What is not compared, and what happened on the recorded server between two exchanges."""

    paths: list[tuple[re.Pattern[str], str]]
    named: dict[str, str]
    unrecorded: dict[str, list[dict[str, Any]]]
    running: frozenset[str]

    @classmethod
    def load(cls) -> Scope:
        """Read the data files."""
        scope = yaml.safe_load((HERE / "scope.yml").read_text())
        steps = yaml.safe_load((HERE / "unrecorded.yml").read_text())
        return cls(
            paths=[(re.compile(item["path"]), item["reason"]) for item in scope["paths"]],
            named={item["exchange"]: item["reason"] for item in scope["exchanges"]},
            unrecorded={item["before"]: item["steps"] for item in steps["steps"]},
            running=frozenset(steps["running"]),
        )

    def reason(self, exchange: Exchange) -> str:
        """Why the exchange is not compared; empty when it is."""
        if not exchange.is_http:
            return "a note between exchanges, not a request"
        if exchange.data.get("artifact"):
            return f"artifact: {exchange.data['artifact']}"
        key = f"{exchange.file}#{exchange.index}"
        if key in self.named:
            return self.named[key]
        for pattern, reason in self.paths:
            if pattern.search(exchange.path):
                return reason
        return ""


class Background:
    """An emulator in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        datacentre = yaml.safe_load((HERE / "seed.yml").read_text())
        options = Options(speed=SPEED, root_password=ROOT_PASSWORD, boot_s=BOOT_S / SPEED)
        self.emulator: Emulator = self.run(start(options, datacentre))

    def run(self, work: Any) -> Any:
        """Run a coroutine in the emulator's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        """End it."""
        self.run(self.emulator.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@dataclass(slots=True)
class Replay:
    """One run through the recordings."""

    background: Background
    client: Client
    scope: Scope
    known: dict[str, str] = field(default_factory=dict)
    """What the recorded server generated to what the emulator did instead."""
    pids: dict[int, int] = field(default_factory=dict)
    """Process ids of the guest agent, likewise."""
    granted: set[tuple[str, str]] = field(default_factory=set)
    unreported: frozenset[str] = frozenset()
    """The changes after which the recordings show that no node has reported yet."""
    watched: set[str] = field(default_factory=set)
    """UPIDs that the recordings show running: their end is not waited for."""

    @classmethod
    def begin(cls) -> Replay:
        """Start an emulator with the users of the recorded server."""
        background = Background()
        replay = cls(background, Client(background.emulator.server.port), Scope.load())
        background.run(replay._seed_users())
        replay.client.log_in()
        replay.unreported = frozenset(label for file in recordings() for label in unreported(file))
        for file in recordings():
            for exchange in exchanges(file):
                body = exchange.data.get("body")
                data = body.get("data") if isinstance(body, dict) else None
                if isinstance(data, dict) and data.get("status") == "running" and "upid" in data:
                    replay.watched.add(data["upid"])
        return replay

    async def _seed_users(self) -> None:
        store = self.background.emulator.cluster.store
        for user, comment in (("nobody@pve", "no privileges"), ("prov@pve", "restricted user")):
            store.table("users")[user] = {"enable": 1, "expire": 0, "email": "", "comment": comment}
        for token, privsep in (("root@pam!eval", 0), ("root@pam!sep", 1), ("nobody@pve!t1", 0)):
            secret = f"secret-of-{token.partition('!')[2]}"
            self.client.secrets[token] = secret
            row = {"privsep": privsep, "expire": 0, "secret": hash_token(secret)}
            store.table("tokens")[token] = row

    def play(self, file: str) -> list[Outcome]:
        """Replay one recording; those before it must have been."""
        return [self._one(exchange) for exchange in exchanges(file)]

    def _one(self, exchange: Exchange) -> Outcome:
        for step in self.scope.unrecorded.get(f"{exchange.file}#{exchange.index}", ()):
            self._step(step, exchange)
        reason = self.scope.reason(exchange)
        if not exchange.is_http:
            self._note(exchange.name)
            return Outcome(exchange=exchange, out_of_scope=reason)
        if exchange.label in self.unreported:
            self._await_report()
        answer = self._send(exchange)
        found = [] if reason else differences(exchange.data, answer, exchange.path)
        deadline = time.monotonic() + PATIENCE_S
        while found and self._may_change(exchange) and time.monotonic() < deadline:
            time.sleep(0.05)
            answer = self._send(exchange)
            found = differences(exchange.data, answer, exchange.path)
        self._learn(exchange, answer)
        return Outcome(
            exchange=exchange,
            out_of_scope=reason,
            differences=tuple(found),
            texts=() if reason else tuple(texts(exchange.data, answer)),
        )

    def _await_report(self) -> None:
        """Wait for the nodes' next report, so that the one after it is as far away as can be."""
        clock = self.background.emulator.cluster.clock
        time.sleep((PERIOD_S - clock.now() % PERIOD_S) / SPEED)

    def _may_change(self, exchange: Exchange) -> bool:
        """Whether asking again can give the recorded answer: nobody knows when it was asked."""
        return (
            exchange.data["method"] == "GET"
            and exchange.data["status"] == 200
            and not exchange.path.endswith("/exec-status")
        )

    def _send(self, exchange: Exchange) -> Answer:
        data = exchange.data
        headers = self.client.headers(data["auth"], exchange.name)
        extra = {
            key: value
            for key, value in (data.get("request_headers") or {}).items()
            if key not in ("Authorization", "Accept-Encoding", "Cookie")
        }
        path = self._translate(data["path"])
        if "raw_request_body" in data:
            return self._send_raw(data, path, headers | extra)
        params = json.loads(self._translate(json.dumps(data["params"]))) if data["params"] else data["params"]
        params = self._expanded(params)
        if exchange.path.endswith("/agent/exec-status"):
            params["pid"] = self.pids.get(params["pid"], params["pid"])
        encoding = data.get("request_encoding") or "application/x-www-form-urlencoded"
        if data["method"] == "PATCH":
            return self.client.send("PATCH", path, headers=headers)
        return self.client.call(data["method"], path, params, headers | extra, encoding=encoding)

    def _send_raw(self, data: dict[str, Any], path: str, headers: dict[str, str]) -> Answer:
        text = re.sub(r"<(\d+) x (.)>", lambda m: m[2] * int(m[1]), self._translate(data["raw_request_body"]))
        encoding = data.get("request_encoding")
        if encoding and encoding != "none" and "Content-Type" not in headers:
            headers = headers | {"Content-Type": encoding}
        return self.client.send(data["method"], path, headers=headers, body=text.encode())

    def _expanded(self, params: Any) -> Any:
        """Write out the values which the recordings abbreviate."""
        if not isinstance(params, dict):
            return params
        expanded = {}
        for key, value in params.items():
            if isinstance(value, str):
                if match := re.fullmatch(r"(.) \* (\d+)", value):
                    value = match[1] * int(match[2])
                elif value.startswith("<the ticket"):
                    value = self.client.root_ticket
            expanded[key] = value
        return expanded

    def _translate(self, text: str) -> str:
        for recorded, own in self.known.items():
            for write in (str, lambda name: quote(name, safe="")):
                if write(recorded) in text:
                    text = text.replace(write(recorded), write(own))
        return text

    def _learn(self, exchange: Exchange, answer: Answer) -> None:
        body = exchange.data["body"]
        if isinstance(body, dict) and isinstance(answer.body, dict):
            if exchange.path.endswith("/agent/exec") and body.get("data") and answer.body.get("data"):
                self.pids[body["data"]["pid"]] = answer.body["data"]["pid"]
            self._pair(body.get("data"), answer.body.get("data"))
        data = answer.body.get("data") if isinstance(answer.body, dict) else None
        if isinstance(data, dict) and "full-tokenid" in data:
            self.client.secrets[data["full-tokenid"]] = data["value"]
        if isinstance(data, str) and _UPID.fullmatch(data):
            recorded = body.get("data") if isinstance(body, dict) else None
            key = f"{exchange.file}#{exchange.index}"
            if recorded not in self.watched and key not in self.scope.running:
                self._wait(data)

    def _wait(self, upid: str) -> None:
        tasks = self.background.emulator.cluster.tasks
        self.background.run(asyncio.wait_for(tasks.wait(upid), 30))

    def _pair(self, recorded: Any, own: Any) -> None:
        """Remember what both servers generated in the same place."""
        if isinstance(recorded, dict) and isinstance(own, dict):
            for key in set(recorded) & set(own):
                self._pair(recorded[key], own[key])
        elif isinstance(recorded, list) and isinstance(own, list):
            if len(recorded) == len(own) and not all(isinstance(item, dict) for item in recorded):
                for one, other in zip(recorded, own, strict=True):
                    self._pair(one, other)
        elif isinstance(recorded, str) and isinstance(own, str) and recorded != own:
            if _GENERATED.match(recorded):
                self.known[recorded] = own
            for one, other in zip(_MAC.findall(recorded), _MAC.findall(own), strict=False):
                self.known[one] = other

    def _note(self, name: str) -> None:
        """Carry out what a note says was done."""
        if match := _ROLE.match(name):
            if self.client.as_root("GET", f"/access/roles/{match['role']}").status != 200:
                self.client.as_root("POST", "/access/roles", {"roleid": match["role"]})
            self.client.as_root("PUT", f"/access/roles/{match['role']}", {"privs": match["privs"]})
        elif match := _GRANT.match(name):
            grant = (match["role"], match["path"])
            params = {"roles": match["role"], "path": match["path"], "users": "prov@pve"}
            if grant in self.granted:
                params["delete"] = "1"
            self.granted ^= {grant}
            self.client.as_root("PUT", "/access/acl", params)

    def _step(self, step: dict[str, Any], exchange: Exchange) -> None:
        if "verb" in step:
            self._unrecorded_call(step, exchange)
        elif "learn" in step:
            answer = self.client.as_root("GET", step["path"])
            self.known[step["learn"]] = answer.body["data"]["digest"]
        elif "sleep" in step:
            time.sleep(step["sleep"] / SPEED)
        else:
            self.background.run(self._by_hand(step))

    async def _by_hand(self, step: dict[str, Any]) -> None:
        """What was done in the file system of the recorded server."""
        cluster = self.background.emulator.cluster
        if "guest_elsewhere" in step:
            vmid = step["guest_elsewhere"]
            cluster.guests[str(vmid)] = guests.row_of(vmid, step["node"], {})
        elif "forget_guest" in step:
            del cluster.guests[str(step["forget_guest"])]
        elif "forget_volume" in step:
            volumes = cluster.store.table("volumes")
            for key in [key for key in volumes if key.endswith(step["forget_volume"])]:
                del volumes[key]

    def _unrecorded_call(self, step: dict[str, Any], exchange: Exchange) -> None:
        headers = self.client.headers("root token", "")
        path = self._translate(f"/api2/json{step['path']}")
        answer = self.client.call(step["verb"], path, step.get("params"), headers)
        if answer.status != 200:
            raise AssertionError(
                f"the unrecorded step {step} before {exchange.label} failed: {answer.status} {answer.reason}"
                f" {answer.body}"
            )
        if isinstance(answer.body, dict) and isinstance(answer.body.get("data"), str):
            upid = answer.body["data"]
            if _UPID.fullmatch(upid):
                self._wait(upid)
