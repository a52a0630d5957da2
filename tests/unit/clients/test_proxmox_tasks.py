# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many tasks that are waited for at once, and how few calls that takes."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.proxmox_errors import ProxmoxError, TaskTimeoutError
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_tasks import TaskWatch


def upid(number: int) -> str:
    return f"UPID:pve1:{number:08X}:0:0:qmclone:9000:renfort@pve!ops:"


class Server:
    """Tasks that end after so many questions of any kind; ``aged`` ones are in no list any more."""

    def __init__(self, ends: dict[str, int], *, aged: frozenset[str] = frozenset()) -> None:
        self.ends = ends
        self.aged = aged
        self.calls: list[str] = []
        self._lock = threading.Lock()

    def get(self, path: str, *, doing: str, **_params: Any) -> Any:
        assert doing
        with self._lock:
            self.calls.append(path)
            asked = len(self.calls)
        if path == "cluster/tasks":
            return [self._row(name, asked) for name in self.ends if name not in self.aged]
        name = path.split("/")[3]
        if asked > self.ends[name]:
            return {"status": "stopped", "exitstatus": "OK"}
        return {"status": "running"}

    def _row(self, name: str, asked: int) -> dict[str, Any]:
        return {"upid": name} | ({"endtime": 1, "status": "OK"} if asked > self.ends[name] else {})


def wait_for(server: Server, names: list[str], timeout_s: float = 20) -> list[str]:
    watch = TaskWatch(server, lambda _seconds: time.sleep(0.01))
    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(lambda name: watch.wait(name, doing="clone", timeout_s=timeout_s), names))


def test_one_task_is_asked_for_by_itself() -> None:
    server = Server({upid(1): 2})

    assert wait_for(server, [upid(1)]) == ["OK"]
    assert server.calls == [f"nodes/pve1/tasks/{upid(1)}/status"] * 3


def test_many_tasks_cost_one_call_at_a_time() -> None:
    names = [upid(number) for number in range(40)]
    server = Server(dict.fromkeys(names, 5))

    assert wait_for(server, names) == ["OK"] * 40

    assert len(server.calls) <= 8
    assert server.calls.count("cluster/tasks") >= 5


def test_a_task_that_the_list_has_no_room_for_is_asked_for_by_itself() -> None:
    names = [upid(1), upid(2)]
    server = Server(dict.fromkeys(names, 3), aged=frozenset(names[:1]))

    assert wait_for(server, names) == ["OK", "OK"]
    assert f"nodes/pve1/tasks/{upid(1)}/status" in server.calls


def test_a_task_that_does_not_end_in_time_is_given_up() -> None:
    server = Server({upid(1): 10**9})

    with pytest.raises(TaskTimeoutError, match="had not ended after 0 s"):
        wait_for(server, [upid(1)], timeout_s=0)


def test_an_answer_that_is_no_task_is_refused() -> None:
    with pytest.raises(ProxmoxError, match="answered 'soon' instead of a task's id"):
        wait_for(Server({}), ["soon"])


def test_when_who_asks_fails_the_others_ask_themselves() -> None:
    class Flaky(Server):
        def get(self, path: str, *, doing: str, **params: Any) -> Any:
            answer = super().get(path, doing=doing, **params)
            if len(self.calls) == 1:
                raise ProxmoxError("the connection was cut")
            return answer

    server = Flaky({upid(1): 3, upid(2): 3})
    watch = TaskWatch(server, lambda _seconds: time.sleep(0.01))
    with ThreadPoolExecutor(2) as pool:
        waits = [pool.submit(watch.wait, upid(n), doing="clone", timeout_s=20) for n in (1, 2)]
        errors = [wait.exception(timeout=20) for wait in waits]

    assert sorted(str(error) for error in errors) == ["None", "the connection was cut"]
