# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An application that writes: several connections commit numbered rows until the time is over.

Arguments: connection string, seconds, connections. Prints one JSON object: the numbers that were
acknowledged, their times, and the failures with theirs.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time

import psycopg2

dsn, seconds, writers = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
begin = time.time()
acknowledged: list[tuple[int, float]] = []
failures: list[tuple[float, str]] = []
numbers = itertools.count(1)
lock = threading.Lock()


def write() -> None:
    """Commit one row after another; after a failure the same number is not tried again."""
    connection = None
    while time.time() - begin < seconds:
        with lock:
            number = next(numbers)
        try:
            if connection is None:
                connection = psycopg2.connect(dsn, connect_timeout=3)
            with connection, connection.cursor() as cursor:
                cursor.execute("INSERT INTO drill (number) VALUES (%s)", (number,))
            with lock:
                acknowledged.append((number, time.time()))
        except psycopg2.Error as error:
            with lock:
                failures.append((time.time(), str(error).strip().splitlines()[0]))
            if connection is not None:
                connection.close()
                connection = None
            time.sleep(0.1)
        time.sleep(0.01)


threads = [threading.Thread(target=write) for _ in range(writers)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({"acknowledged": acknowledged, "failures": failures}))
