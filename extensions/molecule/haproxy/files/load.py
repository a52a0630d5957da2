# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bounded load with an incident in its middle: `load.py HOST SECONDS CLIENTS COMMAND…`.

Half of the clients keep their connection, half open one for each request. The command runs after one
second; a file /run/stop-load ends it all early. Prints JSON: how many requests were answered, by whom, and
what failed, when.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from pathlib import Path

STOP = Path("/run/stop-load")
host, seconds, clients, command = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
begin = time.monotonic()
answered: dict[str, int] = {}
failures: list[dict[str, object]] = []
lock = threading.Lock()


def client(keep: bool) -> None:
    """Ask one request after another until the time is over."""
    connection = None
    while time.monotonic() - begin < seconds and not STOP.exists():
        connection = connection or http.client.HTTPConnection("127.0.0.1", 80, timeout=10)
        asked = time.monotonic() - begin
        try:
            connection.request("GET", "/", headers={"Host": host})
            answer = connection.getresponse()
            answer.read()
            problem = "" if answer.status == 200 else f"status {answer.status}"
            machine = answer.headers.get("X-Renfort-Machine", "none")
            closing = answer.will_close
        except OSError as error:
            problem, machine, closing = repr(error), "none", True
        except http.client.HTTPException as error:
            problem, machine, closing = repr(error), "none", True
        with lock:
            if problem:
                took = time.monotonic() - begin - asked
                failures.append({"at": round(asked, 3), "took": round(took, 3), "problem": problem})
            else:
                answered[machine] = answered.get(machine, 0) + 1
        if closing or not keep:
            connection.close()
            connection = None
        time.sleep(0.01)


threads = [threading.Thread(target=client, args=(number % 2 == 0,)) for number in range(clients)]
for thread in threads:
    thread.start()
time.sleep(1)
incident = subprocess.run(command, capture_output=True, text=True, check=False)
for thread in threads:
    thread.join()
print(
    json.dumps(
        {
            "answered": answered,
            "failures": failures,
            "incident": {"status": incident.returncode, "output": incident.stdout + incident.stderr},
        }
    )
)
