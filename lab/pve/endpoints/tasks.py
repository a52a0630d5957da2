# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks: lists, status, log, interruption."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..call import Call, Identity, Reply
from ..errors import ApiError
from ..registry import endpoint
from ..tasks import Row
from ..upid import Upid

RECENT = 25
"""How many of a node's tasks the whole cluster knows of: all that run, and the latest ended ones."""


def _own(row: Row, identity: Identity) -> bool:
    """Whether the task is the caller's: a token sees its own and its user's, a user only the latter."""
    if row["token"]:
        return identity.authid in {f"{row['user']}!{row['token']}", row["user"]}
    return bool(identity.authid == row["user"])


def _parse(text: str) -> Upid:
    upid = Upid.parse(text)
    if upid is None:
        raise ApiError(400, "Parameter verification failed.\n", {"upid": "unable to parse worker upid"})
    return upid


def _named(call: Call, privilege: str = "Sys.Audit") -> Upid:
    """The UPID of the path; others' tasks need a privilege on the node."""
    upid, node = _parse(call.params["upid"]), call.params["node"]
    owner = {"user": upid.user, "token": upid.token}
    if not _own(owner, call.identity):
        call.cluster.access.check(call.identity, f"/nodes/{node}", [privilege])
    return upid


def _row(call: Call, upid: Upid) -> Row | None:
    """The task's row; a node knows its own tasks only."""
    row = call.cluster.tasks.get(str(upid))
    return row if row is not None and row["node"] == call.params["node"] else None


def _entry(row: Row) -> dict[str, Any]:
    keys = ("upid", "node", "pid", "pstart", "starttime", "type", "id", "user")
    entry = {key: row[key] for key in keys}
    if row["endtime"] is None:
        authid = f"{row['user']}!{row['token']}" if row["token"] else row["user"]
        return entry | {"status": "RUNNING", "saved": "0", "user": authid}
    if row["token"]:
        entry["tokenid"] = row["token"]
    return entry | {"endtime": row["endtime"], "status": row["status"]}


def _state(row: Row) -> str:
    """The class by which lists are filtered: ok, warning, error, unknown."""
    status = row["status"]
    if status == "OK":
        return "ok"
    if status.startswith("WARNINGS: "):
        return "warning"
    return "unknown" if status in {"", "unexpected status"} else "error"


def _wanted(row: Row, params: dict[str, Any]) -> bool:
    running = row["endtime"] is None
    source = params.get("source", "archive")
    if (source == "archive" and running) or (source == "active" and not running):
        return False
    if params.get("errors") and (running or row["status"] == "OK"):
        return False
    states = str(params.get("statusfilter", "")).replace(",", " ").split()
    if states and (running or _state(row) not in states):
        return False
    if "vmid" in params and row["id"] != str(params["vmid"]):
        return False
    if params.get("typefilter") and params["typefilter"] not in row["type"]:
        return False
    if params.get("userfilter") and params["userfilter"].lower() not in row["user"].lower():
        return False
    since, until = params.get("since"), params.get("until")
    return not ((since and row["starttime"] < since) or (until and row["starttime"] > until))


@endpoint("GET", "/nodes/{node}/tasks")
async def list_tasks(call: Call) -> Any:
    """The node's tasks, the latest first; without a privilege only the caller's own."""
    params, node = call.params, call.params["node"]
    auditor = call.cluster.access.has(call.identity, f"/nodes/{node}", ["Sys.Audit"])
    found = [
        row
        for row in call.cluster.tasks.newest_first()
        if row["node"] == node and (auditor or _own(row, call.identity)) and _wanted(row, params)
    ]
    start, limit = int(params.get("start", 0)), int(params.get("limit", 50))
    page = found[start : start + limit] if limit else found[start:]
    total = {"total": len(found)} if found else {}
    return Reply(data=[_entry(row) for row in page], attributes=total)


@endpoint("GET", "/nodes/{node}/tasks/{upid}")
async def index(call: Call) -> Any:
    """The parts of a task."""
    return [{"name": "log"}, {"name": "status"}]


@endpoint("DELETE", "/nodes/{node}/tasks/{upid}")
async def abort(call: Call) -> Any:
    """Interrupt a task."""
    name = str(_named(call, "Sys.Modify"))
    if call.cluster.tasks.running(name):
        call.cluster.tasks.abort(name)
        await call.cluster.tasks.wait(name)


@endpoint("GET", "/nodes/{node}/tasks/{upid}/status")
async def status(call: Call) -> Any:
    """How a task stands or ended."""
    upid = _named(call)
    row = _row(call, upid)
    if row is None:
        raise ApiError(400, "Parameter verification failed.\n", {"upid": "no such task"})
    keys = ("upid", "node", "pid", "pstart", "starttime", "type", "id", "user")
    entry = {key: row[key] for key in keys}
    if row["token"]:
        entry["tokenid"] = row["token"]
    if row["endtime"] is None:
        return entry | {"status": "running"}
    return entry | {"status": "stopped", "exitstatus": row["status"]}


@endpoint("GET", "/nodes/{node}/tasks/{upid}/log")
async def log(call: Call) -> Any:
    """A task's log, a page of its lines."""
    upid, params = _named(call), call.params
    row = _row(call, upid)
    if row is None:
        missing = {"n": 1, "t": "unable to open file - No such file or directory"}
        return Reply(data=missing, attributes={"total": 1})
    lines = row["log"] or ["no content"]
    start, limit = int(params.get("start", 0)), int(params.get("limit", 50))
    page = lines[start : start + limit] if limit else lines[start:]
    data = [{"n": start + number, "t": text} for number, text in enumerate(page, 1)]
    return Reply(data=data, attributes={"total": len(lines)})


@endpoint("GET", "/cluster/tasks")
async def recent(call: Call) -> Any:
    """The tasks that every node tells the others about, the latest first."""
    access, told = call.cluster.access, _told(call.cluster.tasks.newest_first())
    auditor = {
        node: access.has(call.identity, f"/nodes/{node}", ["Sys.Audit"])
        for node in {row["node"] for row in told}
    }
    return [_summary(row) for row in told if auditor[row["node"]] or _own(row, call.identity)]


def _told(rows: Iterator[Row]) -> list[Row]:
    """Of each node all tasks that run, then ended ones until there are `RECENT`."""
    listed = list(rows)
    left = {row["node"]: RECENT for row in listed}
    for row in listed:
        left[row["node"]] -= row["endtime"] is None
    told = []
    for row in listed:
        if row["endtime"] is not None:
            if left[row["node"]] <= 0:
                continue
            left[row["node"]] -= 1
        told.append(row)
    return told


def _summary(row: Row) -> dict[str, Any]:
    keys = ("upid", "node", "starttime", "type", "id", "user")
    entry = {key: row[key] for key in keys}
    if row["token"]:
        entry["tokenid"] = row["token"]
    if row["endtime"] is None:
        return entry | {"pid": row["pid"]}
    return entry | {"endtime": row["endtime"], "status": row["status"], "saved": "1"}
