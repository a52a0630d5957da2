# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steady requests through virtual addresses: `steady.py SECONDS CLIENTS ADDRESS…`.

For each address, half of the clients keep their connection and half open one for each request, and one more
reads slow answers. A file /run/stop-load ends it all early. Prints JSON: for each address how many requests
were answered and by which load balancer, what failed and when, the longest time without an answer, and what
became of the slow ones.
"""

from __future__ import annotations

import http.client
import itertools
import json
import sys
import threading
import time
from pathlib import Path

seconds, clients, addresses = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
HEADERS = {"Host": "eure.ent.example"}
STOP = Path("/run/stop-load")
begin = time.monotonic()
lock = threading.Lock()
seen: dict[str, dict[str, object]] = {}
answers: dict[str, list[float]] = {address: [begin] for address in addresses}
failed: dict[str, list[dict[str, object]]] = {address: [] for address in addresses}
balancers: dict[str, dict[str, int]] = {address: {} for address in addresses}
slow: dict[str, str] = {}


def going() -> bool:
    """Whether the load goes on."""
    return time.monotonic() - begin < seconds and not STOP.exists()


def client(address: str, keep: bool) -> None:
    """Ask one request after another until the time is over."""
    connection = None
    while going():
        connection = connection or http.client.HTTPConnection(address, 80, timeout=5)
        asked = time.monotonic()
        problem, balancer, closing = "", "none", True
        try:
            connection.request("GET", "/", headers=HEADERS)
            answer = connection.getresponse()
            answer.read()
            problem = "" if answer.status == 200 else f"status {answer.status}"
            balancer, closing = answer.headers.get("X-Balancer", "none"), answer.will_close
        except (OSError, http.client.HTTPException) as error:
            problem = repr(error)
        with lock:
            if problem:
                failed[address].append({"at": round(asked - begin, 2), "problem": problem})
            else:
                answers[address].append(time.monotonic())
                balancers[address][balancer] = balancers[address].get(balancer, 0) + 1
        if closing or not keep:
            connection.close()
            connection = None
        time.sleep(0.02)


def reader(address: str) -> None:
    """Read one slow answer after another over one connection; a reset or an early end is a cut."""
    connection = http.client.HTTPConnection(address, 80, timeout=5)
    slow[address] = "whole"
    try:
        while going():
            connection.request("GET", "/trickle", headers=HEADERS)
            answer = connection.getresponse()
            length = int(answer.headers["Content-Length"])
            while going() and length:
                part = answer.read(6)
                length -= len(part)
                if not part:
                    raise ConnectionError(f"{length} bytes are missing")
    except (OSError, http.client.HTTPException) as error:
        slow[address] = f"cut after {time.monotonic() - begin:.1f} s: {error!r}"


jobs = [(client, (address, number % 2 == 0)) for address in addresses for number in range(clients)]
threads = [threading.Thread(target=job, args=given) for job, given in jobs]
threads += [threading.Thread(target=reader, args=(address,)) for address in addresses]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for address in addresses:
    times = sorted([*answers[address], time.monotonic()])
    seen[address] = {
        "answered": len(times) - 2,
        "balancers": balancers[address],
        "failed": failed[address],
        "longest_gap_s": round(max(b - a for a, b in itertools.pairwise(times)), 2),
        "slow": slow[address],
    }
print(json.dumps(seen))
