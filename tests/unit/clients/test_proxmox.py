# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from ansible_collections.ent.renfort.plugins.module_utils import proxmox_errors as errors
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.proxmox import LOCK_TRIES, Client

if TYPE_CHECKING:
    from .conftest import Told

LOCKED = "can't lock file '/var/lock/qemu-server/lock-906.conf' - got timeout"
UPID = "UPID:pve2:0000097D:0005D73C:6B04681D:qmclone:9000:renfort@pve!ops:"


def refusal(told: Told, **fields: object) -> RenfortError:
    """The exception of one read that is refused."""
    client = told.client(told.answer(**fields))
    with pytest.raises(RenfortError) as caught:
        client.get("cluster/resources", doing="list the guests")
    return caught.value


def test_a_read_sends_the_token_and_returns_the_data(told: Told) -> None:
    client = told.client(told.answer(data=[{"vmid": 1}]))

    assert client.get("cluster/resources", doing="list the guests", type="vm") == [{"vmid": 1}]

    asked = told.server.asked[0]
    assert (asked.verb, asked.path) == ("GET", "/api2/json/cluster/resources?type=vm")
    assert asked.authorization == "PVEAPIToken=renfort@pve!ops=s3cret"
    assert (client.reads, client.writes) == (1, 0)


def test_ssh_keys_stay_percent_encoded_inside_the_form(told: Told) -> None:
    client = told.client(told.answer())

    client.put("nodes/pve1/qemu/1/config", doing="configure", sshkeys="ssh-ed25519%20AAAA%2B")

    assert parse_qs(told.server.asked[0].body) == {"sshkeys": ["ssh-ed25519%20AAAA%2B"]}
    assert (client.reads, client.writes) == (0, 1)


@pytest.mark.parametrize(
    ("fields", "kind", "words"),
    [
        (
            {"status": 401, "reason": "invalid token value!"},
            errors.AuthError,
            ["list the guests", "refuses the API token: invalid token value!", "api_token_id"],
        ),
        (
            {"status": 401, "reason": "no such token 'x' for user 'renfort@pve'"},
            errors.AuthError,
            ["no such token 'x'"],
        ),
        (
            {"status": 403, "reason": "Permission check failed (/vms/9000, VM.Clone)"},
            errors.PrivilegeError,
            ["lacks VM.Clone on /vms/9000", "privileges.md"],
        ),
        (
            {
                "status": 403,
                "reason": "Permission check failed (/vms/1, VM.Config.Cloudinit|VM.Config.Network)",
            },
            errors.PrivilegeError,
            ["lacks VM.Config.Cloudinit, VM.Config.Network on /vms/1 (one of them is enough)"],
        ),
        (
            {"status": 403, "reason": "Permission check failed"},
            errors.PrivilegeError,
            ["Permission check failed", "privileges.md"],
        ),
        (
            {
                "status": 400,
                "reason": "Parameter verification failed.",
                "errors": {"name": "invalid format - value does not look like a valid DNS name\n"},
            },
            errors.ParametersError,
            ["name: invalid format - value does not look like a valid DNS name"],
        ),
        ({"status": 500, "reason": LOCKED}, errors.LockBusyError, ["lock-906.conf"]),
        (
            {"status": 500, "reason": "unable to create VM 901: config file already exists"},
            errors.ExistsError,
            ["901", "plan again"],
        ),
        (
            {"status": 500, "reason": "got no worker upid - start worker failed"},
            errors.OutcomeUnknownError,
            ["start worker failed"],
        ),
        (
            {"status": 500, "reason": "Configuration file 'nodes/pve1/qemu-server/9.conf' does not exist"},
            errors.GuestMissingError,
            ["nodes/pve1/qemu-server/9.conf"],
        ),
        ({"status": 500, "reason": "QEMU guest agent is not running"}, errors.AgentSilentError, ["agent"]),
        (
            {
                "status": 500,
                "reason": "Agent error: failed to open file '/x' (mode: 'r'): No such file or directory",
            },
            errors.FileMissingError,
            ["/x"],
        ),
        ({"status": 595, "reason": "No route to host"}, errors.HypervisorSilentError, ["cannot reach"]),
        (
            {"status": 501, "reason": "Method 'GET /x' not implemented"},
            errors.ProxmoxError,
            ["not implemented"],
        ),
    ],
)
def test_a_refusal_says_what_was_attempted_why_it_failed_and_what_to_do(
    told: Told, fields: dict[str, object], kind: type[RenfortError], words: list[str]
) -> None:
    error = refusal(told, **fields)

    assert type(error) is kind
    assert str(error).startswith("Could not list the guests: ")
    assert [word for word in words if word not in str(error)] == []
    assert error.hint


def test_the_secret_is_in_no_message_and_no_representation(told: Told) -> None:
    error = refusal(told, status=401, reason="invalid token value!")

    assert "s3cret" not in str(error)
    assert "s3cret" not in repr(told.settings())


def test_an_unknown_authority_is_refused_and_named(told: Told) -> None:
    with pytest.raises(errors.TlsError, match=r"does not verify.*ca_file"):
        told.client(told.answer(), ca_file="").get("version", doing="ask")
    assert told.server.asked == []


def test_a_certificate_for_another_name_is_refused_and_the_name_is_asked_for(told: Told) -> None:
    with pytest.raises(errors.TlsError, match=r"'localhost'\. Set api_host to a name"):
        told.client(told.answer(), host="localhost").get("version", doing="ask")


def test_an_environment_variable_does_not_replace_the_authority(
    told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "other.pem"
    empty.write_text("")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(empty))

    assert told.client(told.answer(data={"version": "8.4"})).get("version", doing="ask") == {"version": "8.4"}


def test_a_server_that_does_not_run_is_unreachable(told: Told) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(
        errors.UnreachableError, match=rf"https://127.0.0.1:{port} cannot be reached: .*refused"
    ):
        told.client(told.answer(), port=port).get("version", doing="ask")


def test_a_name_that_does_not_exist_is_unreachable(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(errors.UnreachableError, match=r"nowhere\.example.*Name or service not known"):
        told.client(told.answer(), host="nowhere.example").get("version", doing="ask")


def test_a_read_that_is_cut_is_tried_once_more(told: Told) -> None:
    client = told.client(told.answer(cut=True), told.answer(data=7))

    assert client.get("version", doing="ask") == 7


def test_a_write_that_is_cut_is_not_repeated(told: Told) -> None:
    client = told.client(told.answer(cut=True), told.answer(data=7))

    with pytest.raises(errors.OutcomeUnknownError, match="cut before the answer came"):
        client.post("nodes/pve1/qemu/1/clone", doing="clone")
    assert len(told.server.asked) == 1


def test_a_server_that_does_not_answer_in_time_leaves_the_outcome_open(told: Told) -> None:
    client = told.client(told.answer(after_s=30), timeout_s=0.2)

    with pytest.raises(errors.OutcomeUnknownError, match="did not answer"):
        client.post("nodes/pve1/qemu/1/clone", doing="clone")


def test_a_dry_run_sends_no_write(told: Told) -> None:
    client = told.client(told.answer(), read_only=True)

    with pytest.raises(RenfortError, match="dry run"):
        client.put("nodes/pve1/qemu/1/config", doing="configure")
    assert told.server.asked == []


def test_a_task_is_waited_for_on_its_own_hypervisor_with_growing_pauses(told: Told) -> None:
    running, ended = (
        told.answer(data={"status": "running"}),
        told.answer(data={"status": "stopped", "exitstatus": "OK"}),
    )
    client = told.client(*[running] * 9, ended)

    client.wait(UPID, doing="clone", timeout_s=60)

    assert {asked.path for asked in told.server.asked} == {f"/api2/json/nodes/pve2/tasks/{UPID}/status"}
    assert told.slept == sorted(told.slept)
    assert told.slept[0] < told.slept[-1] == 2.0


def test_a_task_that_ends_with_warnings_has_succeeded(told: Told) -> None:
    client = told.client(told.answer(data={"status": "stopped", "exitstatus": "WARNINGS: 1"}))

    client.wait(UPID, doing="start", timeout_s=1)

    assert client.reads == 1


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ("shrinking disks is not supported", errors.TaskFailedError),
        (LOCKED, errors.LockBusyError),
        ("403 Permission check failed (/storage/vmdata, Datastore.AllocateSpace)", errors.PrivilegeError),
    ],
)
def test_a_failed_task_is_told_by_its_text(told: Told, end: str, kind: type[RenfortError]) -> None:
    client = told.client(told.answer(data={"status": "stopped", "exitstatus": end}), told.answer(data=[]))

    with pytest.raises(errors.ProxmoxError) as caught:
        client.wait(UPID, doing="resize", timeout_s=1)
    assert type(caught.value) is kind


def test_the_last_lines_of_a_failed_task_s_log_are_told(told: Told) -> None:
    lines = ["generating cloud-init ISO", "bridge 'vmbr7' does not exist", "TASK ERROR: start failed"]
    client = told.client(
        told.answer(data={"status": "stopped", "exitstatus": "start failed"}),
        told.answer(data=[{"n": number, "t": line} for number, line in enumerate(lines, start=1)]),
    )

    words = r"Could not start: start failed \(generating cloud-init ISO \| bridge 'vmbr7' does not exist\)"
    with pytest.raises(errors.TaskFailedError, match=words):
        client.wait(UPID, doing="start", timeout_s=1)


def test_a_task_that_does_not_end_is_named_and_goes_on(told: Told) -> None:
    client = told.client(told.answer(data={"status": "running"}))

    with pytest.raises(errors.TaskTimeoutError, match="qmclone"):
        client.wait(UPID, doing="clone", timeout_s=0)


def test_a_busy_lock_is_tried_again_and_then_given_up(told: Told) -> None:
    client = told.client(
        told.answer(status=500, reason=LOCKED),
        told.answer(status=500, reason=LOCKED),
        told.answer(data="done"),
    )

    assert client.retry_lock(lambda: _write(client)) == "done"
    assert len(told.slept) == 2

    told.server.answers = [told.answer(status=500, reason=LOCKED)]
    told.server.asked.clear()
    with pytest.raises(errors.LockBusyError):
        client.retry_lock(lambda: _write(client))
    assert len(told.server.asked) == LOCK_TRIES


def _write(client: Client) -> object:
    return client.put("nodes/pve1/qemu/1/config", doing="configure", cores=2)
