# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client works with the files of its tenant over NFSv4, with no others, and while the disk grows."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import testinfra
import yaml

SCENARIO = Path(__file__).parents[1]
ADDRESS = "10.84.0.71"
MIB = 2**20


@pytest.fixture(scope="module")
def server() -> Any:
    return testinfra.get_host("podman://storage-server")


@pytest.fixture(scope="module")
def client() -> Any:
    return testinfra.get_host("podman://storage-client")


@pytest.fixture(scope="module", autouse=True)
def emptied(server: Any) -> None:
    """The client writes no file that exists: what an earlier verification left would be in its way."""
    server.check_output("find /srv/storage -type f -delete")


def url(path: str) -> str:
    return f"'nfs://{ADDRESS}/srv/storage/{path}?version=4'"


def save(client: Any, path: str, text: str) -> Any:
    """Write a file as a client would, with the ids of an unknown user."""
    client.check_output(f"printf %s '{text}' > /tmp/saved")
    return client.run(f"nfs-cp /tmp/saved {url(path)}")


def play(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the role once more."""
    return subprocess.run(
        [
            "ansible-playbook",
            "-i",
            os.environ["MOLECULE_INVENTORY_FILE"],
            *options,
            SCENARIO / "converge.yml",
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"},
    )


def converge(*options: str) -> str:
    """Run the role once more and expect it to succeed; its output, with single spaces."""
    done = play(*options)
    assert done.returncode == 0, done.stdout + done.stderr
    return " ".join(done.stdout.split())


def size_of(server: Any) -> int:
    return int(server.check_output("stat --file-system --format='%b %S' /srv/storage").split()[0]) * 4096


@contextmanager
def reading(path: str, text: str) -> Iterator[list[str]]:
    """Read a file again and again meanwhile; yields what was read instead of the text."""
    client, wrong, reads, over = testinfra.get_host("podman://storage-client"), [], [], threading.Event()

    def read() -> None:
        while not over.is_set():
            result = client.run(f"nfs-cat {url(path)}")
            reads.append(time.monotonic())
            if result.rc or result.stdout != text:
                wrong.append(f"{result.rc} {result.stdout!r} {result.stderr}")

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield wrong
    finally:
        over.set()
        reader.join()
    assert len(reads) > 3


def test_a_client_reads_what_it_wrote(client: Any, server: Any) -> None:
    assert save(client, "eure/letter.txt", "Bonjour").rc == 0
    assert client.check_output(f"nfs-cat {url('eure/letter.txt')}") == "Bonjour"
    assert "letter.txt" in client.check_output(f"nfs-ls {url('eure')}")
    file = server.file("/srv/storage/eure/letter.txt")
    assert file.content_string == "Bonjour"
    assert (file.uid, file.gid) == (6500, 6500)


def test_files_of_another_network_are_not_there(client: Any, server: Any) -> None:
    assert save(client, "haut_rhin/x", "x").rc != 0
    assert client.run(f"nfs-ls {url('haut_rhin')}").rc != 0
    assert server.file("/srv/storage/haut_rhin").listdir() == []


def test_an_archive_can_be_read_and_not_written(client: Any, server: Any) -> None:
    server.check_output("install -o 6500 -m 0640 /etc/hostname /srv/storage/eure-2024/name")
    assert client.check_output(f"nfs-cat {url('eure-2024/name')}") == "storage-server"
    refused = save(client, "eure-2024/more", "x")
    assert "ROFS" in refused.stderr + refused.stdout
    assert not server.file("/srv/storage/eure-2024/more").exists


def test_older_versions_and_other_doors_are_closed(client: Any, server: Any) -> None:
    assert client.run(f"nfs-ls 'nfs://{ADDRESS}/srv/storage/eure?version=3'").rc != 0
    ports = {line.split()[4].rpartition(":")[2] for line in server.check_output("ss -Hlntu").splitlines()}
    assert ports == {"22", "2049"}


def test_the_disk_has_nothing_between_it_and_its_file_system(server: Any) -> None:
    mount = server.mount_point("/srv/storage")
    assert (mount.filesystem, mount.device) == ("xfs", "/dev/renfort-data")
    assert "noatime" in mount.options
    uuid = server.check_output("blkid --match-tag UUID --output value /dev/renfort-data")
    assert f"UUID={uuid} /srv/storage xfs" in server.file("/etc/fstab").content_string


def test_a_tenant_cannot_take_more_than_its_limit(client: Any, server: Any) -> None:
    if "prjquota" not in server.mount_point("/srv/storage").options:
        pytest.skip("this kernel has no quotas for XFS; the role has said so")
    client.check_output("truncate --size=1100M /tmp/large")
    assert client.run(f"nfs-cp /tmp/large {url('eure/large')}").rc != 0


def test_the_server_waits_for_its_disk(server: Any) -> None:
    shown = server.check_output("systemctl show nfs-ganesha --property=RequiresMountsFor,Asserts")
    assert "/srv/storage" in shown
    assert "AssertPathIsMountPoint=/srv/storage" in server.check_output("systemctl cat nfs-ganesha")


def test_the_server_runs_with_the_rights_that_it_needs(server: Any) -> None:
    status = server.check_output("cat /proc/$(pidof ganesha.nfsd)/status")
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff"))
    assert int(effective, 16) & (1 << 21) == 0  # CAP_SYS_ADMIN
    assert "NoNewPrivs:\t1" in status


def test_a_disk_that_has_grown_is_followed_while_clients_read(client: Any, server: Any) -> None:
    assert save(client, "eure/kept.txt", "here all the time").rc == 0
    before, pid = size_of(server), server.check_output("pidof ganesha.nfsd")
    disk = int(server.check_output("blockdev --getsize64 /dev/renfort-data")) // MIB + 400
    server.check_output(f"data-disk grow renfort-data {disk}M")
    with reading("eure/kept.txt", "here all the time") as wrong:
        said = converge("--tags", "storage")
    assert wrong == []
    assert size_of(server) - before > 300 * MIB
    assert "of a disk of" in said
    assert server.check_output("pidof ganesha.nfsd") == pid
    assert "changed=0" in converge("--tags", "storage_disk")


def test_an_export_comes_and_goes_without_the_others_noticing(client: Any, server: Any) -> None:
    scenario = yaml.safe_load(Path(os.environ["MOLECULE_FILE"]).read_text(encoding="utf-8"))
    own = scenario["provisioner"]["inventory"]["host_vars"]["storage-server"]["storage_exports"]
    more = json.dumps({"storage_exports": [*own, {"tenant": "marne", "networks": ["10.84.0.72"]}]})
    assert save(client, "eure/still.txt", "still here").rc == 0
    pid = server.check_output("pidof ganesha.nfsd")
    with reading("eure/still.txt", "still here") as wrong:
        converge("--extra-vars", more)
        assert save(client, "marne/new.txt", "new").rc == 0
        converge()
        assert save(client, "marne/newer.txt", "newer").rc != 0
    assert wrong == []
    assert server.check_output("pidof ganesha.nfsd") == pid
    assert server.file("/srv/storage/marne/new.txt").content_string == "new"


@pytest.mark.parametrize(
    ("how", "held"),
    [
        ("mkfs.ext4 -q /dev/other", "ext4"),
        ("mkfs.xfs -q -L theirs /dev/other", "xfs labelled theirs"),
        ("printf 'label: gpt\\n,,\\n' | sfdisk --quiet /dev/other", "gpt"),
        (
            "printf 'raw' | dd of=/dev/other seek=24 conv=notrunc status=none",
            "without a known signature",
        ),
    ],
    ids=["ext4", "xfs of others", "partitions", "unknown data"],
)
def test_a_disk_that_holds_something_is_refused(server: Any, how: str, held: str) -> None:
    server.check_output("data-disk attach other 320M")
    server.check_output(how)
    first_bytes = "head --bytes=4M /dev/other | sha256sum"
    before = server.check_output(first_bytes)
    try:
        done = play(
            *("--extra-vars", "storage_device=/dev/other storage_mount=/srv/other"),
            *("--tags", "storage_preflight,storage_disk"),
        )
        # Molecule has failures told on the other output.
        said = " ".join((done.stdout + done.stderr).split())
        assert done.returncode == 2, said
        assert held in said
        assert "Nothing was changed" in said
        assert server.check_output(first_bytes) == before
        assert not server.mount_point("/srv/other").exists
    finally:
        server.check_output("losetup --detach /dev/other && rm /dev/other /srv/other.img")
