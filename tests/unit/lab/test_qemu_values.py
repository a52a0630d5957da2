# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configuration values: parsing, normal forms, hashes."""

from __future__ import annotations

import pytest

from lab.pve.errors import ServerError
from lab.pve.qemu import credentials, values
from lab.pve.qemu.properties import Drive, Net, format_size, human_size, parse_size
from lab.pve.upid import Upid

KEY = "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl%20ops%40lab"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("bridge=vmbr0,model=virtio,macaddr=bc:24:11:00:00:01", "virtio=bc:24:11:00:00:01,bridge=vmbr0"),
        ("e1000=BC:24:11:AA:BB:CC,link_down=1,bridge=b", "e1000=BC:24:11:AA:BB:CC,bridge=b,link_down=1"),
    ],
)
def test_a_card_with_a_mac_keeps_it_and_gets_its_normal_order(sent, kept):
    assert values.complete_net(sent) == kept


def test_a_card_without_a_mac_gets_a_new_one_each_time():
    first, second = (values.complete_net("virtio,bridge=vmbr0,tag=7,firewall=0") for _ in range(2))
    assert first != second
    assert Net.parse(first).mac.startswith("BC:24:11:")
    assert first.endswith(",bridge=vmbr0,firewall=0,tag=7")


@pytest.mark.parametrize(
    ("size", "text"),
    [(1073741824, "1G"), (540672, "528K"), (1257242624, "1199M"), (512, "512"), (1024**4, "1T")],
)
def test_sizes_are_printed_exactly_and_read_back(size, text):
    assert format_size(size) == text
    assert parse_size(text) == size


def test_sizes_for_people_have_one_decimal():
    assert human_size(4 * 1024**3) == "4.0 GiB"
    assert human_size(0) == "0.0 B"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("Prod;web", "prod;web"), ("web prod", "prod;web"), ("B;a,C", "a;b;c"), ("a;;b", "a;b"), ("x;X", "x")],
)
def test_tags_are_lowered_sorted_and_unique(sent, kept):
    assert values.normalise_tags(sent) == kept


def test_a_drive_knows_what_it_is():
    wanted = Drive.parse("vmdata:8,format=qcow2")
    assert wanted.new_disk == ("vmdata", 8.0)
    linked = Drive.parse("vmdata:9000/base-9000-disk-0.raw/2003/vm-2003-disk-0.qcow2,size=8G")
    assert (linked.storage, linked.size, linked.is_cdrom) == ("vmdata", 8 * 1024**3, False)
    assert Drive.parse("vmdata:cloudinit").is_cloudinit
    assert Drive.parse("vmdata:9/vm-9-cloudinit.qcow2,media=cdrom").is_cloudinit
    assert Drive.parse("none,media=cdrom").is_cdrom


def test_the_default_boot_order_takes_one_device_of_a_kind():
    config = {
        "ide2": "local:iso/x.iso,media=cdrom",
        "scsi1": "a:9/vm-9-disk-1.raw",
        "virtio0": "a:9/vm-9-disk-0.raw",
        "net1": "virtio=a",
        "net0": "virtio=b",
    }
    assert values.default_boot(config) == "order=scsi1;ide2;net0"
    assert values.default_boot({}) == " "


def test_a_digest_is_of_the_content_not_of_its_order():
    assert values.digest({"a": 1, "b": "2"}) == values.digest({"b": "2", "a": 1})
    assert values.digest({"a": 1}) != values.digest({"a": 2})
    assert values.digest({"a": 1}, {"b": 1}) != values.digest({"a": 1, "b": 1})


def test_a_password_hash_is_the_one_of_crypt():
    # The known answer of the algorithm's published description.
    expected = "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"
    assert credentials.hash_password("Hello world!", "saltstring") == expected
    assert credentials.hash_password(expected) == expected


def test_only_public_keys_pass_as_public_keys():
    credentials.check_keys(KEY)
    for wrong in ("not%20a%20key", "ssh-ed25519%20AAAA", ""):
        with pytest.raises(ServerError, match="SSH public key validation error"):
            credentials.check_keys(wrong)


def test_a_upid_survives_printing_and_parsing():
    text = "UPID:pve1:000004A2:000495D4:6B0464E6:qmconfig:900:root@pam!eval:"
    upid = Upid.parse(text)
    assert upid is not None
    assert (upid.node, upid.type, upid.id, upid.user, upid.token) == (
        "pve1",
        "qmconfig",
        "900",
        "root@pam",
        "eval",
    )
    assert str(upid) == text
    assert Upid.parse("nonsense") is None
