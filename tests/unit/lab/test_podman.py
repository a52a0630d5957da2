# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.errors import LabError
from lab.guests.base import CloudInit, GuestSpec, Nic
from lab.guests.boot import HOUSEKEEPING, network_file, prepare_script
from lab.guests.container import Container, create_arguments
from lab.guests.memo import SpecMemo
from lab.guests.meter import Meter, container_group
from lab.guests.podman import osinfo
from lab.machines import BRIDGE, Platform, container_of, parse_platforms
from lab.paths import cache_dir, run_dir, state_dir

NIC = Nic(mac="BC:24:11:00:00:01", bridge="vmbr0")
CLOUDINIT = CloudInit(
    user="ops",
    ssh_keys=("ssh-ed25519 AAAA it's me",),
    password_hash="$6$salt$hash",
    hostname="haproxy-01",
    ipconfigs=("ip=10.83.0.11/24,gw=10.83.0.1",),
    nameservers=("10.83.0.1",),
    searchdomain="ent.example",
)
SPEC = GuestSpec(
    vmid=2000, name="haproxy-01", node="pve1", image="debian-13", nics=(NIC,), cloudinit=CLOUDINIT
)


def test_a_static_address_becomes_a_networkd_file() -> None:
    assert network_file("BC:24:11:00:00:01", "ip=10.83.0.11/24,gw=10.83.0.1").splitlines() == [
        "[Match]",
        "MACAddress=bc:24:11:00:00:01",
        "",
        "[Network]",
        "LinkLocalAddressing=no",
        "Address=10.83.0.11/24",
        "Gateway=10.83.0.1",
    ]


@pytest.mark.parametrize(
    ("ipconfig", "line"), [("ip=dhcp", "DHCP=ipv4"), ("ip6=fd00::2/64,gw6=fd00::1", "Gateway=fd00::1")]
)
def test_other_forms_of_ipconfig(ipconfig: str, line: str) -> None:
    assert line in network_file("bc:24:11:00:00:01", ipconfig).splitlines()


def test_a_card_without_configuration_stays_without_address() -> None:
    assert "\nAddress=" not in network_file("bc:24:11:00:00:01", "")


def test_the_script_is_valid_shell_whatever_the_values_hold() -> None:
    odd = CloudInit(
        user="o'ps", ssh_keys=('ssh-rsa AAAA "$(reboot)" `x`',), hostname="a;b", password_hash="$1'"
    )
    ended = subprocess.run(["sh", "-n"], input=prepare_script(odd, (NIC,)).encode(), check=False)
    assert ended.returncode == 0


def test_a_guest_without_cloud_init_drive_is_only_kept_in_its_bounds() -> None:
    assert prepare_script(None, (NIC,)) == HOUSEKEEPING


def test_an_unchanged_configuration_is_the_same_instance_and_a_changed_one_another() -> None:
    other = CloudInit(user="ops", hostname="haproxy-02")
    assert prepare_script(CLOUDINIT, (NIC,)) == prepare_script(CLOUDINIT, (NIC,))
    marks = {
        line
        for script in (prepare_script(CLOUDINIT, (NIC,)), prepare_script(other, (NIC,)))
        for line in script.splitlines()
        if line.startswith('if [ "$(cat "$seen"')
    }
    assert len(marks) == 2


def test_root_needs_neither_account_nor_sudo() -> None:
    script = prepare_script(CloudInit(user="root", ssh_keys=("ssh-ed25519 AAAA",)), ())
    assert "useradd" not in script
    assert "sudoers" not in script


def test_a_container_boots_systemd_without_a_network_of_the_engine() -> None:
    arguments = create_arguments(Container(name="x", image="i"), open_files=20000, label="guest")
    assert arguments[-2:] == ["i", "/sbin/init"]
    assert {"--network=none", "--systemd=always", "--cgroupns=private", "--label=renfort=guest"} <= set(
        arguments
    )


def test_how_a_guest_was_started_survives_the_emulator(tmp_path: Path) -> None:
    SpecMemo(tmp_path).keep(SPEC)
    memo = SpecMemo(tmp_path)
    assert memo.of(2000) == SPEC
    memo.drop(2000)
    memo.drop(2000)
    assert memo.of(2000) is None


def test_cpu_share_is_time_used_between_two_questions() -> None:
    times = iter([100.0, 110.0])
    meter = Meter(clock=lambda: next(times))
    assert meter.share(1, 5.0) == 0.0
    assert meter.share(1, 10.0) == 0.5


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("0::/libpod_parent/libpod-abc/init.scope\n", "libpod_parent/libpod-abc"),
        (
            "7:memory:/x\n0::/machine.slice/libpod-abc.scope/container/init.scope\n",
            "machine.slice/libpod-abc.scope",
        ),
        ("0::/user.slice\n", ""),
    ],
)
def test_the_containers_control_group_is_found(text: str, group: str) -> None:
    assert container_group(text) == group


def test_osinfo_is_read_from_os_release() -> None:
    text = 'ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nMACHINE=x86_64\n'
    found = osinfo(text)
    assert (found["id"], found["version-id"], found["machine"]) == ("debian", "13", "x86_64")
    assert found["pretty-name"] == "Debian GNU/Linux 13 (trixie)"


def test_platforms_get_a_stable_address_and_the_bridges_gateway() -> None:
    rows = [{"name": "web-13", "image": "debian-13"}, {"name": "web-12", "address": "10.84.0.22"}]
    first, second = parse_platforms(rows)
    assert parse_platforms(rows)[0].address == first.address
    assert second == Platform(name="web-12", image="debian-13", address="10.84.0.22")
    cloudinit = container_of(second, "ref").cloudinit
    assert cloudinit is not None
    assert cloudinit.ipconfigs == (f"ip=10.84.0.22/24,gw={BRIDGE.gateway}",)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ({"name": "x"}, "not a list"),
        ([{"image": "debian-13"}], "not a list"),
        ([{"name": "x", "address": "10.84.0.1"}], "has the address 10.84.0.1"),
        ([{"name": "x", "address": "192.0.2.1"}], "Choose one of 10.84.0.0/24"),
        ([{"name": "x", "address": "10.84.0.9"}, {"name": "y", "address": "10.84.0.9"}], "another one has"),
    ],
)
def test_wrong_platforms_are_refused(rows: object, message: str) -> None:
    with pytest.raises(LabError, match=message):
        parse_platforms(rows)


def test_folders_follow_the_environment() -> None:
    assert state_dir({"HOME": "/h"}) == Path("/h/.local/state/renfort/lab")
    assert state_dir({"HOME": "/h", "XDG_STATE_HOME": "/s"}) == Path("/s/renfort/lab")
    assert state_dir({"HOME": "/h", "RENFORT_LAB_STATE": "/mine"}) == Path("/mine")
    assert cache_dir({"HOME": "/h", "XDG_CACHE_HOME": ""}) == Path("/h/.cache/renfort")
    assert run_dir({"RENFORT_LAB_RUN": "/r"}) == Path("/r")


def test_a_machine_makes_itself_known_to_each_of_its_gateways() -> None:
    script = prepare_script(
        CloudInit(user="ops", ipconfigs=("ip=10.83.0.11/24,gw=10.83.0.1", "ip=10.84.0.2/24")), []
    )

    assert "until echo > /dev/udp/10.83.0.1/9; do" in script
    assert script.count("/dev/udp/") == 1


def test_a_machine_without_a_gateway_has_nobody_to_tell() -> None:
    assert "/dev/udp/" not in prepare_script(CloudInit(user="ops", ipconfigs=("ip=10.84.0.2/24",)), [])
