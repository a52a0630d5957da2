# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guest agent answers, asked from the guests' back end."""

from __future__ import annotations

import asyncio
import base64
from ipaddress import ip_interface
from typing import TYPE_CHECKING, Any

from lab.guests.base import BackendError, ExecResult, GuestInterface

from ..errors import ServerError
from . import firstboot, guests, values

if TYPE_CHECKING:
    from ..call import Call

ABSENT_S = 3.0
NOTICE_S = 0.05
READ_LIMIT = 16 * 1024**2

COMMANDS = (
    "fsfreeze-freeze",
    "fsfreeze-status",
    "fsfreeze-thaw",
    "fstrim",
    "get-fsinfo",
    "get-host-name",
    "get-memory-block-info",
    "get-memory-blocks",
    "get-osinfo",
    "get-time",
    "get-timezone",
    "get-users",
    "get-vcpus",
    "info",
    "network-get-interfaces",
    "ping",
    "shutdown",
    "suspend-disk",
    "suspend-hybrid",
    "suspend-ram",
)
_EXTRA = ("exec", "exec-status", "file-read", "file-write", "set-user-password")
INDEX = tuple(sorted([*COMMANDS, *_EXTRA]))


class AgentError(ServerError):
    """The agent refused."""

    def __init__(self, text: str) -> None:
        super().__init__(f"Agent error: {text}")


async def require(call: Call) -> guests.Row:
    """The row of a guest whose agent answers, or the complaint."""
    cluster, vmid = call.cluster, int(call.params["vmid"])
    row = guests.load(cluster, call.params["node"], vmid)
    if not values.agent_enabled(row["config"]):
        raise ServerError("No QEMU guest agent configured")
    if not guests.is_running(row):
        raise ServerError(f"VM {vmid} is not running")
    absent = row["status"] == "paused" or not firstboot.has_agent(row)
    if absent or not await cluster.backend.agent_ping(vmid):
        await cluster.clock.sleep(ABSENT_S)
        raise ServerError("QEMU guest agent is not running")
    return row


async def run(call: Call, argv: list[str], stdin: bytes = b"") -> ExecResult:
    """Run a command in the guest to its end."""
    try:
        return await call.cluster.backend.agent_exec(int(call.params["vmid"]), argv, stdin)
    except BackendError as error:
        raise AgentError(str(error)) from error


async def execute(call: Call) -> dict[str, Any]:
    """Start a command in the guest."""
    row = await require(call)
    command = call.params["command"]
    argv = [command] if isinstance(command, str) else [str(word) for word in command]
    stdin = str(call.params.get("input-data", "")).encode()
    work = call.cluster.backend.agent_exec(row["vmid"], argv, stdin)
    pid, task = call.cluster.processes.start(row["vmid"], work)
    await asyncio.wait({task}, timeout=NOTICE_S)
    if task.done() and isinstance(task.exception(), BackendError):
        call.cluster.processes.forget(row["vmid"], pid)
        raise AgentError(f"Guest agent command failed, error was '{task.exception()}'")
    return {"pid": pid}


async def exec_status(call: Call) -> dict[str, Any]:
    """How a command stands; after its end that is told once."""
    row = await require(call)
    pid = int(call.params["pid"])
    task = call.cluster.processes.get(row["vmid"], pid)
    if task is None:
        raise AgentError("Invalid parameter 'pid'")
    if not task.done():
        return {"exited": 0}
    call.cluster.processes.forget(row["vmid"], pid)
    error = task.exception()
    if error is not None:
        raise AgentError(str(error))
    return _ended(task.result())


def _ended(result: ExecResult) -> dict[str, Any]:
    answer: dict[str, Any] = {"exited": 1}
    if result.exitcode < 0:
        answer["signal"] = -result.exitcode
    else:
        answer["exitcode"] = result.exitcode
    for name, data in (("out", result.stdout), ("err", result.stderr)):
        if data:
            answer[f"{name}-data"] = data.decode(errors="replace")
            answer[f"{name}-truncated"] = 0
    return answer


async def file_read(call: Call) -> dict[str, Any]:
    """The content of a file in the guest."""
    await require(call)
    file = str(call.params["file"])
    result = await run(call, ["cat", "--", file])
    if result.exitcode:
        reason = result.stderr.decode(errors="replace").strip().rpartition(": ")[2] or "Input/output error"
        raise AgentError(f"failed to open file '{file}' (mode: 'r'): {reason}")
    data = result.stdout[:READ_LIMIT]
    answer: dict[str, Any] = {"content": data.decode("latin-1"), "bytes-read": len(data)}
    if len(result.stdout) > READ_LIMIT:
        answer["truncated"] = 1
    return answer


async def file_write(call: Call) -> None:
    """Write a file in the guest."""
    await require(call)
    file, content = str(call.params["file"]), str(call.params["content"])
    data = content.encode() if call.params.get("encode", 1) else base64.b64decode(content)
    result = await run(call, ["/bin/sh", "-c", 'cat > "$1"', "sh", file], data)
    if result.exitcode:
        reason = result.stderr.decode(errors="replace").strip().rpartition(": ")[2]
        raise AgentError(f"failed to open file '{file}' (mode: 'w'): {reason}")


async def set_password(call: Call) -> dict[str, Any]:
    """Set a user's password in the guest."""
    await require(call)
    line = f"{call.params['username']}:{call.params['password']}\n".encode()
    crypted = ["-e"] if call.params.get("crypted") else []
    if (await run(call, ["chpasswd", *crypted], line)).exitcode:
        raise AgentError("child process has failed to set user password")
    return {"result": {}}


async def interfaces(call: Call) -> list[dict[str, Any]]:
    """The guest's links as the agent shows them."""
    try:
        links = await call.cluster.backend.agent_interfaces(int(call.params["vmid"]))
    except BackendError as error:
        raise AgentError(str(error)) from error
    return [_interface(link) for link in links]


def _interface(link: GuestInterface) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": link.name, "hardware-address": link.mac.lower()}
    addresses = [ip_interface(text) for text in link.addresses]
    if addresses:
        entry["ip-addresses"] = [
            {
                "ip-address": str(address.ip),
                "ip-address-type": f"ipv{address.version}",
                "prefix": address.network.prefixlen,
            }
            for address in addresses
        ]
    kinds = ("bytes", "packets", "errs", "dropped")
    entry["statistics"] = {f"{way}-{kind}": 0 for way in ("rx", "tx") for kind in kinds}
    return entry


async def osinfo(call: Call) -> dict[str, Any]:
    """The guest's operating system."""
    try:
        return await call.cluster.backend.agent_osinfo(int(call.params["vmid"]))
    except BackendError as error:
        raise AgentError(str(error)) from error


async def command(call: Call, name: str) -> dict[str, Any]:
    """Answer one of the agent's simple commands."""
    row = await require(call)
    return {"result": await _answer(call, row, name)}


async def _answer(call: Call, row: guests.Row, name: str) -> Any:
    if name == "network-get-interfaces":
        return await interfaces(call)
    if name == "get-osinfo":
        return await osinfo(call)
    if name == "get-host-name":
        return {"host-name": str(row["config"].get("name", ""))}
    if name == "get-time":
        return int(call.cluster.clock.now() * 1e9)
    if name == "get-vcpus":
        count = values.cpu_count(row["config"])
        return [{"logical-id": n, "online": True, "can-offline": n > 0} for n in range(count)]
    if name == "get-fsinfo":
        return [_root_filesystem(row)]
    if name == "info":
        return {"version": "7.2.22", "supported_commands": _supported()}
    if name == "shutdown":
        await call.cluster.backend.shutdown(row["vmid"], 60)
    return _FIXED.get(name, {})


_FIXED: dict[str, Any] = {
    "get-timezone": {"zone": "UTC", "offset": 0},
    "get-users": [],
    "get-memory-blocks": [],
    "get-memory-block-info": {"size": 134217728},
    "fsfreeze-status": "thawed",
    "fsfreeze-freeze": 1,
    "fsfreeze-thaw": 1,
    "fstrim": {"paths": []},
}


_MORE_COMMANDS = (
    *("exec", "exec-status", "file-open", "file-close", "file-read", "file-write", "file-seek", "file-flush"),
    *("get-cpustats", "get-diskstats", "get-disks", "set-user-password", "set-time", "set-vcpus", "sync"),
    *("sync-delimited", "set-memory-blocks", "fsfreeze-freeze-list", "get-devices"),
    *("ssh-add-authorized-keys", "ssh-get-authorized-keys", "ssh-remove-authorized-keys"),
)


def _supported() -> list[dict[str, Any]]:
    names = [f"guest-{name}" for name in (*COMMANDS, *_MORE_COMMANDS)]
    return [{"name": name, "enabled": True, "success-response": True} for name in names]


def _root_filesystem(row: guests.Row) -> dict[str, Any]:
    size = values.first_disk_size(row["config"])
    return {
        "name": "sda1",
        "type": "ext4",
        "mountpoint": "/",
        "total-bytes": size,
        "used-bytes": min(size, 600 * 1024**2),
        "disk": [],
    }
