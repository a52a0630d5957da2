# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast the emulator is, beside a Starlette application on uvicorn that answers a constant.

Each server runs as a process of its own; one client keeps a few connections busy. The last line
printed is a JSON object with the figures.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "bench"
CONNECTIONS = 8
SECONDS = 4.0
GUESTS = 10_000
MIN_REQUESTS = 1000.0
MAX_RESOURCES_S = 0.3

ALTERNATIVE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
async def version(request):
    return JSONResponse({"data": {"version": "8.4.1", "release": "8.4", "repoid": "2a5fa54a8503f96d"}})
app = Starlette(routes=[Route("/api2/json/version", version)])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), http="httptools", loop="uvloop", log_level="error")
"""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """A server process, from when it listens until the block ends."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"bench: {command[0]} does not listen on port {port}") from None
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


class Connection:
    """A keep-alive connection that speaks just enough HTTP to measure a server, not a client."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def send(self, request: bytes) -> None:
        """Send a request."""
        self._socket.sendall(request)

    def receive(self) -> tuple[int, bytes]:
        """Status and body of the next answer."""
        while b"\r\n\r\n" not in self._buffer:
            self._read()
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
        length = int(lengths[0].partition(b":")[2])
        while len(rest) < length:
            self._buffer = b""
            self._read()
            rest += self._buffer
        self._buffer = rest[length:]
        return int(head.split(b" ", 2)[1]), rest[:length]

    def _read(self) -> None:
        data = self._socket.recv(1 << 20)
        if not data:
            raise SystemExit("bench: the server closed the connection")
        self._buffer += data

    def close(self) -> None:
        """End the connection."""
        self._socket.close()


def get(path: str, cookie: str = "") -> bytes:
    """The bytes of a GET request."""
    extra = f"Cookie: PVEAuthCookie={cookie}\r\n" if cookie else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{extra}\r\n".encode()


def requests_per_second(port: int, request: bytes) -> float:
    """How many small requests are answered, a few under way at any time."""
    connections = [Connection(port) for _ in range(CONNECTIONS)]
    for connection in connections:
        connection.send(request)
    answered, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < SECONDS:
        for connection in connections:
            status, _ = connection.receive()
            if status != 200:
                raise SystemExit(f"bench: status {status}")
            connection.send(request)
            answered += 1
    rate = answered / (time.perf_counter() - begin)
    for connection in connections:
        connection.close()
    return rate


def log_in(port: int) -> str:
    """A ticket of root@pam, ready for a cookie."""
    body = f"username=root@pam&password={PASSWORD}".encode()
    head = (
        "POST /api2/json/access/ticket HTTP/1.1\r\nHost: localhost\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = Connection(port)
    connection.send(head.encode() + body)
    _, answer = connection.receive()
    connection.close()
    return str(json.loads(answer)["data"]["ticket"])


def seconds_for_resources(port: int, cookie: str) -> float:
    """The median time of the whole resource list."""
    connection, times = Connection(port), []
    for _ in range(7):
        begin = time.perf_counter()
        connection.send(get("/api2/json/cluster/resources", cookie))
        status, body = connection.receive()
        times.append(time.perf_counter() - begin)
        count = sum(entry["type"] == "qemu" for entry in json.loads(body)["data"])
        if status != 200 or count != GUESTS:
            raise SystemExit(f"bench: status {status}, {count} guests instead of {GUESTS}")
    connection.close()
    return sorted(times)[len(times) // 2]


def write_state(path: Path) -> Path:
    """A state with many guests; returns the datacentre's file."""
    sys.path.insert(0, str(ROOT))
    from lab.guests.memory import MemoryBackend
    from lab.pve.clock import Clock
    from lab.pve.cluster import Cluster
    from lab.pve.qemu import guests
    from lab.pve.seed import seed

    datacentre = ROOT / "lab" / "datacentre.yml"
    cluster = Cluster.open(path, clock=Clock(), backend=MemoryBackend())
    seed(cluster, yaml.safe_load(datacentre.read_text()), root_password=PASSWORD)
    names = list(cluster.nodes)
    for number in range(GUESTS - 1):
        vmid = 100_000 + number
        config = {
            "name": f"tenant-web-{number}",
            "memory": "2048",
            "cores": 2,
            "tags": f"ip-10.{number >> 16}.{number >> 8 & 255}.{number & 255};renfort;tenant-x;tier-web",
            "scsi0": f"vmdata:{vmid}/vm-{vmid}-disk-0.raw,size=8G",
        }
        row = guests.row_of(vmid, names[number % len(names)], config, image="debian-13")
        cluster.guests[str(vmid)] = row
    cluster.store.close()
    return datacentre


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        state, password = Path(folder, "pve.sqlite"), Path(folder, "password")
        password.write_text(PASSWORD)
        datacentre = write_state(state)
        port, admin = free_port(), free_port()
        command = [sys.executable, "-m", "lab.pve", "--datacentre", str(datacentre), "--state", str(state)]
        command += ["--port", str(port), "--admin-port", str(admin), "--root-password-file", str(password)]
        with running(command, port):
            ticket = log_in(port)
            rate = requests_per_second(port, get("/api2/json/version", ticket))
            resources = seconds_for_resources(port, ticket)
    other_port = free_port()
    with running([sys.executable, "-c", ALTERNATIVE, str(other_port)], other_port):
        other = requests_per_second(other_port, get("/api2/json/version"))
    print(f"emulator, GET /version with a ticket: {rate:8.0f} requests/s")
    print(f"starlette on uvicorn, a constant:     {other:8.0f} requests/s")
    print(f"emulator, /cluster/resources of {GUESTS} guests: {resources:.3f} s")
    figures = {
        "small_requests_per_s": {
            "value": round(rate),
            "target": f"≥ {MIN_REQUESTS:.0f}",
            "met": rate >= MIN_REQUESTS,
        },
        "starlette_constant_requests_per_s": {"value": round(other), "target": "", "met": True},
        "resources_of_10000_guests_s": {
            "value": round(resources, 3),
            "target": f"≤ {MAX_RESOURCES_S}",
            "met": resources <= MAX_RESOURCES_S,
        },
    }
    print(json.dumps({"bench": "pve-emulator", "figures": figures}, ensure_ascii=False))


if __name__ == "__main__":
    main()
