# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters against the schema."""

from __future__ import annotations

from typing import Any

import pytest

from lab.pve.errors import ParameterError
from lab.pve.formats import CHECKS
from lab.pve.schema import Schema, compiled, default_schema
from lab.pve.verify import MISSING, UNDEFINED, Verifier

SCHEMA = default_schema()
CREATE = SCHEMA.methods["POST", "/nodes/{node}/qemu"]
FORMAT = "invalid format - format error\n"
BAD_MAC = "invalid format - value does not look like a valid unicast MAC address"


def errors(**params: Any) -> dict[str, str]:
    """The complaints about a guest's creation with these parameters."""
    known = {"node": "pve1", "vmid": "100"}
    with pytest.raises(ParameterError) as caught:
        Verifier(SCHEMA).verify(CREATE, known | {key.replace("_", "-"): v for key, v in params.items()})
    return caught.value.errors or {}


def accepted(**params: Any) -> dict[str, Any]:
    """The typed parameters."""
    return Verifier(SCHEMA).verify(CREATE, {"node": "pve1", "vmid": "100"} | params)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"cores": "many"}, "type check ('integer') failed - got 'many'"),
        ({"cores": " 2"}, "type check ('integer') failed - got ' 2'"),
        ({"cores": "0"}, "value must have a minimum value of 1"),
        ({"onboot": "true"}, "type check ('boolean') failed - got 'true'"),
        ({"name": ["a", "b"]}, "type check ('string') failed - got ARRAY"),
        ({"name": {"a": "b"}}, "type check ('string') failed - got HASH"),
        ({"name": "under_score"}, "invalid format - value does not look like a valid DNS name\n"),
        ({"colour": "red"}, UNDEFINED),
        ({"description": "x" * 8193}, "value may only be 8192 characters long"),
        ({"tags": "good;b!d"}, "invalid format - invalid characters in tag\n"),
        ({"memory": "lots"}, f"{FORMAT}memory.current: type check ('integer') failed - got 'lots'\n"),
        ({"net0": "virtio,bridge="}, "invalid format - missing key in comma-separated list property\n"),
        ({"net0": "virtio,tag=5000"}, f"{FORMAT}net0.tag: value must have a maximum value of 4094\n"),
        ({"ipconfig0": "address=10.0.0.5/24"}, f"{FORMAT}ipconfig0.address: {UNDEFINED}\n"),
        ({"scsi0": "size=4G"}, f"{FORMAT}scsi0.file: {MISSING}\n"),
        (
            {"net0": "virtio=00:11:22,bridge=vmbr0"},
            f"{FORMAT}net0.macaddr: {BAD_MAC}\n\n",
        ),
        (
            {"ipconfig0": "gw=10.0.0.1"},
            f"{FORMAT}ipconfig0.ip: missing property - 'ipconfig0.gw' requires this property\n",
        ),
        (
            {"cpu": "warp9"},
            "invalid format - Built-in cputype 'warp9' is not defined (missing 'custom-' prefix?)\n",
        ),
        (
            {"net0": "virtio,e1000=BC:24:11:00:00:01"},
            "invalid format - key alias 'model' is already defined\n",
        ),
        ({"startup": "first"}, "invalid format - unable to parse startup options\n"),
        ({"sshkeys": "ssh-ed25519 A"}, "invalid format - invalid urlencoded string: ssh-ed25519 A\n"),
    ],
)
def test_wrong_values_get_the_recorded_complaint(params: dict[str, Any], text: str) -> None:
    assert errors(**params) == {next(iter(params)): text}


def test_every_wrong_parameter_is_named() -> None:
    assert set(errors(cores="x", memory="y", colour="red")) == {"cores", "memory", "colour"}


def test_missing_parameter() -> None:
    with pytest.raises(ParameterError) as caught:
        Verifier(SCHEMA).verify(CREATE, {"node": "pve1"})
    assert caught.value.errors == {"vmid": MISSING}


@pytest.mark.parametrize("number", ["99", "09000", "9999999999"])
def test_vmid_has_a_format_of_its_own(number: str) -> None:
    method = SCHEMA.methods["GET", "/cluster/nextid"]
    with pytest.raises(ParameterError) as caught:
        Verifier(SCHEMA).verify(method, {"vmid": number})
    assert caught.value.errors == {"vmid": "invalid format - value does not look like a valid VM ID\n"}


def test_values_get_their_types() -> None:
    values = accepted(cores="4", onboot="0", memory="2048", cpulimit="1.5")
    assert values == {
        "node": "pve1",
        "vmid": 100,
        "cores": 4,
        "onboot": 0,
        "memory": "2048",
        "cpulimit": 1.5,
    }


def test_a_form_may_repeat_a_key_where_a_list_is_meant() -> None:
    assert accepted(tags=["a", "b"])["tags"] == "a,b"


def test_one_value_stands_for_an_array() -> None:
    method = SCHEMA.methods["POST", "/nodes/{node}/qemu/{vmid}/agent/exec"]
    values = Verifier(SCHEMA).verify(method, {"node": "pve1", "vmid": "100", "command": "/bin/true"})
    assert values["command"] == ["/bin/true"]


@pytest.mark.parametrize(
    "params",
    [
        {"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=on,tag=7"},
        {"net0": "bridge=vmbr0,model=virtio,macaddr=BC:24:11:00:00:01"},
        {"scsi0": "vmdata:8,discard=on,ssd=1"},
        {"ide2": "none,media=cdrom"},
        {"ipconfig0": "ip=10.0.0.5/24,gw=10.0.0.1,ip6=auto"},
        {"boot": "order=scsi0;net0"},
        {"boot": "cdn"},
        {"hotplug": "network,disk"},
        {"startup": "order=1,up=30"},
        {"cpu": "host,flags=+aes"},
        {"agent": "1,fstrim_cloned_disks=1"},
        {"tags": ""},
    ],
)
def test_right_values_pass_unchanged(params: dict[str, str]) -> None:
    assert accepted(**params).items() >= params.items()


def test_numbered_options_end_where_the_release_ends_them() -> None:
    assert accepted(scsi30="vmdata:1")["scsi30"] == "vmdata:1"
    assert errors(scsi31="vmdata:1") == {"scsi31": UNDEFINED}


def test_the_last_part_of_a_volume_path_holds_slashes() -> None:
    match = SCHEMA.find("GET", "/nodes/pve1/storage/vmdata/content/vmdata:9/vm-9-disk-0.raw")
    assert match is not None
    assert match.params["volume"] == "vmdata:9/vm-9-disk-0.raw"


def test_unknown_paths_and_verbs_are_not_found() -> None:
    assert SCHEMA.find("GET", "/nope") is None
    assert SCHEMA.find("DELETE", "/version") is None
    assert SCHEMA.find("GET", "//version/") is not None


def test_perl_patterns_become_python_ones() -> None:
    assert compiled("(?^i:[a-z]+);x").match("ABC;x")
    assert not compiled("(?^:[a-z]+)").match("ABC")


def test_another_schema_can_be_put_in_place() -> None:
    description = {
        "/moon": {"GET": {"parameters": {"additionalProperties": 0}, "permissions": {"user": "all"}}}
    }
    supplement = {"formats": {}, "cpu_models": [], "indexes": {}, "rest": [], "methods": {}}
    other = Schema(description, supplement)
    assert other.find("GET", "/moon") is not None
    assert other.find("GET", "/version") is None


def test_every_format_of_the_schema_is_known() -> None:
    names = {
        schema["format"]
        for method in SCHEMA.methods.values()
        for schema in method.properties.values()
        if isinstance(schema.get("format"), str)
    }
    stems = {name.removesuffix("-list").removesuffix("-opt") for name in names - SCHEMA.formats.keys()}
    assert stems <= CHECKS.keys()
