# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storages, their volumes, pools and the list of resources, through the API."""

from __future__ import annotations

import http.server
import threading
from functools import partial

import pytest

from lab.pve.reports import PERIOD_S, Reports
from tests.unit.lab.world import World, play

NODE = "/nodes/pve1"


def test_a_storage_is_defined_changed_and_forgotten():
    async def scenario(world: World) -> None:
        made = await world.call("POST", "/storage", storage="extra", type="dir", path="/srv/x")
        assert made.data == {"storage": "extra", "type": "dir"}
        again = await world.call("POST", "/storage", storage="extra", type="dir", path="/srv/x")
        assert again.reason == "create storage failed: storage ID 'extra' already defined"
        await world.call("PUT", "/storage/extra", content="images", nodes="pve2")
        row = await world.get("/storage/extra")
        assert (row["content"], row["nodes"]) == ("images", "pve2")
        assert "extra" not in [entry["storage"] for entry in await world.get(f"{NODE}/storage")]
        assert (await world.call("DELETE", "/storage/extra")).status == 200
        gone = await world.call("DELETE", "/storage/extra")
        assert gone.reason == "delete storage failed: storage 'extra' does not exist"

    play(scenario)


def test_a_storage_without_what_its_type_needs_is_refused():
    async def scenario(world: World) -> None:
        answer = await world.call("POST", "/storage", storage="extra", type="nfs", server="192.0.2.1")
        assert (answer.status, answer.reason) == (500, "missing value for required option 'export'")

    play(scenario)


def test_a_change_that_was_decided_on_another_content_is_refused():
    async def scenario(world: World) -> None:
        old = (await world.get("/storage/fast"))["digest"]
        await world.call("PUT", "/storage/fast", content="images,rootdir")
        answer = await world.call("PUT", "/storage/fast", content="images", digest=old)
        expected = "detected modified configuration - file changed by other user? Try again."
        assert answer.reason == f"update storage failed: {expected}"

    play(scenario)


def test_a_volume_is_made_shown_and_removed():
    async def scenario(world: World) -> None:
        path = f"{NODE}/storage/fast/content"
        params = {"vmid": 950, "filename": "vm-950-disk-0.qcow2", "size": "1G", "format": "qcow2"}
        made = await world.call("POST", path, **params)
        assert made.data == "fast:950/vm-950-disk-0.qcow2"
        again = await world.call("POST", path, **params)
        assert again.reason == "disk image '/srv/fast/images/950/vm-950-disk-0.qcow2' already exists"
        shown = await world.get(f"{path}/{made.data}")
        assert (shown["size"], shown["path"]) == (1024**3, "/srv/fast/images/950/vm-950-disk-0.qcow2")
        lines = await world.log("DELETE", f"{path}/{made.data}")
        assert lines == ["Removed volume 'fast:950/vm-950-disk-0.qcow2'", "TASK OK"]

    play(scenario)


def test_volumes_of_a_local_storage_are_their_node_s_own():
    async def scenario(world: World) -> None:
        await world.task("POST", "/nodes/pve1/qemu", vmid=100, scsi0="fast:1")
        await world.task("POST", "/nodes/pve1/qemu", vmid=101, scsi0="vmdata:1")
        assert len(await world.get("/nodes/pve1/storage/fast/content")) == 1
        assert await world.get("/nodes/pve2/storage/fast/content") == []
        assert len(await world.get("/nodes/pve2/storage/vmdata/content", vmid=101)) == 1

    play(scenario)


def test_unknown_and_disabled_storages_say_so():
    async def scenario(world: World) -> None:
        status = await world.call("GET", f"{NODE}/storage/nope/status")
        assert (status.status, status.errors) == (400, {"storage": "No such storage."})
        content = await world.call("GET", f"{NODE}/storage/off/content")
        assert (content.status, content.reason) == (500, "storage 'off' is disabled")

    play(scenario)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def site(tmp_path):
    """A web server on the loopback with one file, and its address."""
    (tmp_path / "small.iso").write_bytes(b"x" * 700)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_download_ends_as_a_volume_of_the_file_s_size(site):
    async def scenario(world: World) -> None:
        path = f"{NODE}/storage/local/download-url"
        params = {"url": f"{site}/small.iso", "content": "iso", "filename": "small.iso"}
        assert await world.task("POST", path, **params) == "OK"
        volume = (await world.get(f"{NODE}/storage/local/content"))[0]
        assert (volume["volid"], volume["size"]) == ("local:iso/small.iso", 700)
        again = await world.task("POST", path, **params)
        assert again == "refusing to override existing file '/var/lib/vz/template/iso/small.iso'"

    play(scenario)


def test_a_download_that_fails_says_why(site):
    async def scenario(world: World) -> None:
        path = f"{NODE}/storage/local/download-url"
        missing = await world.task("POST", path, url=f"{site}/no.iso", content="iso", filename="a.iso")
        assert missing == "download failed: ERROR 404: File not found."
        wrong = await world.task(
            "POST",
            path,
            url=f"{site}/small.iso",
            content="iso",
            filename="b.iso",
            checksum="0" * 64,
            checksum_algorithm="sha256",
        )
        assert wrong.startswith("checksum mismatch: got '")
        assert await world.get(f"{NODE}/storage/local/content") == []
        named = await world.call("POST", path, url=site, content="iso", filename="a.exe")
        assert named.errors == {"filename": "wrong file extension"}

    play(scenario)


def test_a_guest_is_in_one_pool_and_leaves_it_when_it_goes():
    async def scenario(world: World) -> None:
        await world.call("POST", "/pools", poolid="other")
        await world.task("POST", f"{NODE}/qemu", vmid=100, pool="team")
        second = await world.call("PUT", "/pools", poolid="other", vms="100")
        assert second.reason == (
            "update pools failed: VM 100 belongs already to pool 'team' and 'allow-move' is not set"
        )
        await world.call("PUT", "/pools", poolid="other", vms="100", allow_move=1)
        full = await world.call("DELETE", "/pools/other")
        assert full.reason == "delete pool failed: pool 'other' is not empty (contains VM 100)"
        await world.task("DELETE", f"{NODE}/qemu/100")
        assert (await world.call("DELETE", "/pools/other")).status == 200

    play(scenario)


def test_a_pool_lends_its_privileges_to_its_guests():
    async def scenario(world: World) -> None:
        world.grant("ops@pve", "/pool/team", "VM.Allocate", "VM.Audit")
        refused = await world.call("POST", f"{NODE}/qemu", user="ops@pve", vmid=100)
        assert (refused.status, refused.reason) == (403, "Permission check failed")
        made = await world.call("POST", f"{NODE}/qemu", user="ops@pve", vmid=100, pool="team")
        assert made.status == 200
        await world.cluster.tasks.wait(made.data)
        assert (await world.call("GET", f"{NODE}/qemu/100/config", user="ops@pve")).status == 200

    play(scenario)


class _Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time


def test_reports_show_what_was_until_the_next_one_is_due():
    clock = _Hand()
    reports = Reports(clock)
    old, new = {"vmid": 1, "status": "stopped"}, {"vmid": 1, "status": "running"}
    reports.changing(1, None)
    assert reports.last(old) is None
    clock.time += PERIOD_S
    assert reports.last(old) == old
    reports.changing(1, old)
    reports.changing(1, {"vmid": 1, "status": "a second change in the same period"})
    assert reports.last(new) == old
    clock.time += PERIOD_S
    assert reports.last(new) == new


def test_resources_know_a_new_guest_s_tags_and_pool_before_its_name():
    async def scenario(world: World) -> None:
        await world.task("POST", f"{NODE}/qemu", vmid=100, name="new", tags="renfort", pool="team")
        world.cluster.reports = Reports(_Hand())
        world.cluster.reports.changing(100, None)
        entry = await _entry(world, 100)
        assert (entry["status"], entry["tags"], entry["pool"]) == ("unknown", "renfort", "team")
        assert "name" not in entry

    play(scenario)


async def _entry(world: World, vmid: int) -> dict[str, object]:
    entries = await world.get("/cluster/resources", type="vm")
    found: dict[str, object] = next(entry for entry in entries if entry["vmid"] == vmid)
    return found


def test_resources_show_only_what_the_caller_may_see():
    async def scenario(world: World) -> None:
        await world.task("POST", f"{NODE}/qemu", vmid=100)
        world.grant("ops@pve", "/vms/100", "VM.Audit")
        seen = (await world.call("GET", "/cluster/resources", user="ops@pve")).data
        assert [entry["id"] for entry in seen if entry["type"] != "node"] == ["qemu/100"]
        assert all("maxcpu" not in entry for entry in seen if entry["type"] == "node")

    play(scenario)


def test_guests_of_a_node_that_is_off_line_are_unknown():
    async def scenario(world: World) -> None:
        await world.task("POST", "/nodes/pve2/qemu", vmid=100, name="x")
        nodes = world.cluster.store.table("nodes")
        nodes["pve2"] = nodes["pve2"] | {"online": False}
        assert (await _entry(world, 100))["status"] == "unknown"
        node = [e for e in await world.get("/cluster/resources", type="node") if e["node"] == "pve2"]
        assert node[0]["status"] == "offline"

    play(scenario)
