# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks: their life, their log, their lists, crashes."""

from __future__ import annotations

import asyncio

from lab.pve.call import Identity
from lab.pve.clock import Clock
from lab.pve.errors import ServerError
from lab.pve.tasks import TASK_FAULT, TaskError, TaskLog, Tasks
from tests.unit.lab.world import World, play

ROOT = Identity(user="root@pam")


async def _nothing(_: TaskLog) -> None:
    """A task without work."""


def _run(work, fault: str = "") -> dict[str, object]:
    async def scenario() -> dict[str, object]:
        tasks = Tasks({}, Clock(1000))
        TASK_FAULT.set(fault)
        upid = tasks.spawn("pve1", "qmstart", "100", ROOT, work)
        running = tasks.get(upid)
        assert running is not None
        assert running["endtime"] is None
        await tasks.wait(upid)
        row = tasks.get(upid)
        assert row is not None
        return row

    return asyncio.run(scenario())


def test_a_task_that_ends_well_says_ok():
    row = _run(_nothing)
    assert row["status"] == "OK"
    assert row["log"] == ["TASK OK"]


def test_an_error_is_the_exit_status_and_the_last_line():
    async def work(log: TaskLog) -> None:
        log("first")
        raise TaskError("shrinking disks is not supported")

    row = _run(work)
    assert row["status"] == "shrinking disks is not supported"
    assert row["log"] == ["first", "TASK ERROR: shrinking disks is not supported"]


def test_warnings_are_counted():
    async def work(log: TaskLog) -> None:
        log.warn("no efidisk configured!")

    row = _run(work)
    assert row["status"] == "WARNINGS: 1"
    assert row["log"] == ["WARN: no efidisk configured!", "TASK WARNINGS: 1"]


def test_a_worker_that_dies_ends_its_task():
    async def work(_: TaskLog) -> None:
        raise KeyError("oops")

    assert _run(work)["status"] == "KeyError: 'oops'"


def test_a_fault_fails_the_task_before_it_works():
    done: list[int] = []

    async def work(_: TaskLog) -> None:
        done.append(1)

    assert _run(work, fault="no space left")["status"] == "no space left"
    assert done == []


def test_an_interrupted_task_says_so():
    async def scenario() -> str:
        tasks = Tasks({}, Clock(1))

        async def work(_: TaskLog) -> None:
            await asyncio.sleep(60)

        upid = tasks.spawn("pve1", "qmshutdown", "100", ROOT, work)
        await asyncio.sleep(0)
        tasks.abort(upid)
        return await tasks.wait(upid)

    assert asyncio.run(scenario()) == "received interrupt"


def test_a_task_which_a_crash_cut_ends_with_an_unexpected_status():
    rows: dict[str, dict[str, object]] = {}

    async def scenario() -> str:
        tasks = Tasks(rows, Clock(1))

        async def work(_: TaskLog) -> None:
            await asyncio.sleep(60)

        upid = tasks.spawn("pve1", "qmclone", "100", ROOT, work)
        await asyncio.sleep(0)
        await tasks.close()
        return upid

    upid = asyncio.run(scenario())
    assert rows[upid]["endtime"] is None
    Tasks(rows, Clock(1))
    assert rows[upid]["status"] == "unexpected status"


def test_lists_leave_running_tasks_out_unless_asked():
    async def scenario(world: World) -> None:
        await world.task("POST", "/nodes/pve1/qemu", vmid=100)
        answer = await world.call("POST", "/nodes/pve1/qemu/100/status/start")
        archive = await world.get("/nodes/pve1/tasks")
        active = await world.get("/nodes/pve1/tasks", source="active")
        assert [row["type"] for row in archive] == ["qmcreate"]
        assert [(row["type"], row["status"]) for row in active] == [("qmstart", "RUNNING")]
        assert "exitstatus" not in await world.get(f"/nodes/pve1/tasks/{answer.data}/status")
        await world.cluster.tasks.wait(answer.data)
        failed = await world.task("POST", "/nodes/pve1/qemu/100/status/start")
        assert failed == "VM 100 already running"
        errors = await world.get("/nodes/pve1/tasks", errors=1)
        assert [row["status"] for row in errors] == ["VM 100 already running"]

    play(scenario)


def test_a_log_comes_in_pages():
    async def scenario(world: World) -> None:
        answer = await world.call("POST", "/nodes/pve1/qemu", vmid=100, scsi0="vmdata:1")
        await world.cluster.tasks.wait(answer.data)
        page = await world.call("GET", f"/nodes/pve1/tasks/{answer.data}/log", start=1, limit=1)
        assert page.body["total"] == 3
        assert [line["n"] for line in page.data] == [2]

    play(scenario)


def test_others_tasks_need_a_privilege():
    async def scenario(world: World) -> None:
        answer = await world.call("POST", "/nodes/pve1/qemu", vmid=100)
        world.grant("guest@pve", "/vms/1", "VM.Audit")
        refused = await world.call("GET", f"/nodes/pve1/tasks/{answer.data}/status", user="guest@pve")
        assert (refused.status, refused.reason) == (403, "Permission check failed (/nodes/pve1, Sys.Audit)")
        assert (await world.call("GET", "/nodes/pve1/tasks", user="guest@pve")).data == []

    play(scenario)


def test_an_unknown_task_has_a_log_but_no_status():
    async def scenario(world: World) -> None:
        path = "/nodes/pve1/tasks/UPID:pve1:00000001:00000001:6B000000:qmstart:900:root@pam:"
        status = await world.call("GET", f"{path}/status")
        assert (status.status, status.errors) == (400, {"upid": "no such task"})
        assert (await world.call("GET", f"{path}/log")).status == 200

    play(scenario)


def test_in_a_crowd_one_worker_in_75_goes_unseen_and_works_all_the_same():
    async def scenario() -> tuple[list[str], list[str]]:
        tasks, unseen = Tasks({}, Clock(1)), []
        for _ in range(160):
            try:
                tasks.spawn("pve1", "qmclone", "9000", ROOT, _nothing)
            except ServerError as refusal:
                unseen.append(refusal.message)
        for row in list(tasks.newest_first()):
            await tasks.wait(row["upid"])
        return unseen, [row["status"] for row in tasks.newest_first()]

    refusals, ends = asyncio.run(scenario())
    assert refusals == ["got no worker upid - start worker failed\n"] * 2
    assert ends == ["OK"] * 160


def test_one_after_the_other_every_worker_is_seen():
    async def scenario() -> None:
        tasks = Tasks({}, Clock(1000))
        for _ in range(300):
            await tasks.wait(tasks.spawn("pve1", "qmstart", "100", ROOT, _nothing))

    asyncio.run(scenario())


def test_the_cluster_knows_all_running_tasks_and_the_latest_ended_ones_of_each_node():
    async def scenario(world: World) -> None:
        tasks, release = world.cluster.tasks, asyncio.Event()

        async def waits(_: TaskLog) -> None:
            await release.wait()

        running = [tasks.spawn("pve1", "qmclone", str(100 + n), ROOT, waits) for n in range(30)]
        for node, count in (("pve1", 2), ("pve2", 40)):
            for number in range(count):
                await tasks.wait(tasks.spawn(node, "qmstart", str(200 + number), ROOT, _nothing))

        listed = await world.get("/cluster/tasks")

        assert {row["upid"] for row in listed if row["node"] == "pve1"} == set(running)
        assert [row["id"] for row in listed if row["node"] == "pve2"] == [str(239 - n) for n in range(25)]
        release.set()

    play(scenario)
