# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A golden template from a cloud image, made in the emulator with the account that is for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.template import Step, Template, TemplateError
from ansible_collections.ent.renfort.plugins.module_utils.proxmox import Client
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_errors import AgentSilentError
from ansible_collections.ent.renfort.plugins.module_utils.template_make import Outcome, Request, TemplateMaker
from ansible_collections.ent.renfort.plugins.module_utils.template_seed import FirstBoot, Seed, make_seed
from lab.pve.storage import seeds
from tests.unit.clients.emulator import IMAGE_SHA512, MAKER_PRIVILEGES, Emulator

EVERYTHING = [(path, name) for path, names in MAKER_PRIVILEGES.items() for name in names]


@pytest.fixture
def emulator(certificate: Path) -> Iterator[Emulator]:
    """A cluster whose template id is free."""
    running = Emulator(certificate, speed=200.0)
    for key in [key for key in running.table("volumes") if "9000" in key]:
        running.remove("volumes", key)
    running.remove("guests", "9000")
    yield running
    running.close()


SEED = make_seed(9000, FirstBoot())


def wanted(url: str, **changes: Any) -> Template:
    template = Template(
        vmid=9000,
        name="debian-13",
        node="pve1",
        storage="vmdata",
        images="local",
        bridge="vmbr0",
        image=url,
        checksum=f"sha512:{IMAGE_SHA512}",
        seed=SEED.name,
    )
    return replace(template, **changes)


class CutError(Exception):
    """The controller's end."""


class CutClient(Client):
    """Ends with the controller right after, or right before, its n-th writing call."""

    def __init__(self, settings: Any, *, at: int, after: bool) -> None:
        super().__init__(settings, sleep=quick)
        self._at = at
        self._after = after

    def _write(self, verb: str, path: str, data: dict[str, Any], doing: str) -> Any:
        if self.writes + 1 == self._at and not self._after:
            raise CutError
        answer = super()._write(verb, path, data, doing)
        if self.writes == self._at:
            raise CutError
        return answer


def quick(seconds: float) -> None:
    time.sleep(seconds / 100)


def make(
    emulator: Emulator,
    template: Template,
    *,
    client: Client | None = None,
    seed: Seed = SEED,
    **options: Any,
) -> Outcome:
    client = client or Client(emulator.maker_settings(), read_only=options.get("dry_run", False), sleep=quick)
    return TemplateMaker(client, Request(template=template, seed=seed, **options), lambda _line: None).run()


def left_on(emulator: Emulator) -> set[str]:
    return {row["volid"] for row in emulator.table("volumes").values()}


def check_made(emulator: Emulator) -> None:
    """The template is as it must be, and nothing else is there."""
    row = emulator.table("guests")["9000"]
    config = row["config"]
    assert (row["status"], config["template"], config["agent"]) == ("stopped", 1, "enabled=1")
    assert config["scsi0"].startswith("vmdata:9000/base-9000-disk-0")
    assert "size=8G" in config["scsi0"]
    assert "vmdata:9000/vm-9000-cloudinit" in config["ide2"]
    assert row["image"] == "debian-13"
    assert len(left_on(emulator)) == 2


def test_a_template_is_made_with_its_account_and_a_second_run_writes_nothing(
    emulator: Emulator, url: str
) -> None:
    first = make(emulator, wanted(url))

    check_made(emulator)
    assert (first.before, first.steps[0], first.steps[-1]) == ("", Step.FETCH, Step.CONVERT)
    second = make(emulator, wanted(url))
    assert (second.steps, second.writes, second.before) == ((), 0, second.after)


def test_guests_of_the_template_have_the_agent(emulator: Emulator, url: str) -> None:
    make(emulator, wanted(url))
    client = Client(emulator.settings())

    clone = "nodes/pve1/qemu/9000/clone"
    client.wait(client.post(clone, doing="clone", newid=2001, pool="renfort"), doing="clone", timeout_s=30)
    client.wait(client.post("nodes/pve1/qemu/2001/status/start", doing="start"), doing="start", timeout_s=30)

    key = client.get("nodes/pve1/qemu/2001/agent/file-read", doing="read", file="/etc/os-release")
    assert "Debian GNU/Linux 13" in key["content"]


def test_a_guest_of_the_image_itself_has_no_agent(emulator: Emulator, url: str) -> None:
    client = CutClient(emulator.maker_settings(), at=4, after=True)
    with pytest.raises(CutError):
        make(emulator, wanted(url), client=client)
    assert emulator.table("guests")["9000"]["image"] == "debian-13+without-agent"
    emulator.write("options", "first-boot", {"mirror": False})
    maker = Client(emulator.maker_settings())

    maker.wait(maker.post("nodes/pve1/qemu/9000/status/start", doing="start"), doing="start", timeout_s=30)

    with pytest.raises(AgentSilentError):
        maker.post("nodes/pve1/qemu/9000/agent/ping", doing="ping")


def test_a_dry_run_tells_the_steps_and_writes_nothing(emulator: Emulator, url: str) -> None:
    outcome = make(emulator, wanted(url), dry_run=True)

    assert [str(step) for step in outcome.steps] == [
        "fetch image",
        "upload seed",
        "create",
        "grow disk",
        "first boot",
        "attach cloud-init drive",
        "remove image and seed",
        "convert",
    ]
    assert "template: 1" in outcome.after
    assert f"image: {url}" in outcome.after
    assert (outcome.writes, left_on(emulator)) == (0, set())


WRITES = 11
"""The calls of a whole run; a test below holds it to that."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, WRITES + 1))
def test_a_run_that_was_killed_is_completed_without_leftovers(
    emulator: Emulator, url: str, at: int, after: bool
) -> None:
    with pytest.raises(CutError):
        make(emulator, wanted(url), client=CutClient(emulator.maker_settings(), at=at, after=after))

    make(emulator, wanted(url))

    check_made(emulator)


def test_the_killed_runs_were_cut_at_every_write(emulator: Emulator, url: str) -> None:
    assert make(emulator, wanted(url)).writes == WRITES


@pytest.mark.parametrize(("path", "privilege"), EVERYTHING)
def test_no_listed_privilege_is_superfluous(emulator: Emulator, url: str, path: str, privilege: str) -> None:
    emulator.withdraw(path, privilege, "renfort-templates@pve")

    with pytest.raises(RenfortError) as refused:
        make(emulator, wanted(url))

    assert privilege in str(refused.value) or (path, privilege) == ("/vms/9000", "VM.Allocate")
    assert "privileges" in str(refused.value)


def test_another_image_for_a_template_that_exists_is_refused(emulator: Emulator, url: str) -> None:
    make(emulator, wanted(url))
    before = emulator.counted()["writes"]
    other = wanted(url, checksum=f"sha512:{'0' * 128}")

    with pytest.raises(TemplateError, match=r"was made from .* not touched.*Choose a new id"):
        make(emulator, other)
    assert emulator.counted()["writes"] == before


def test_a_guest_of_somebody_else_is_refused(emulator: Emulator, url: str) -> None:
    root = Client(emulator.root_settings())
    root.wait(root.post("nodes/pve1/qemu", doing="make", vmid=9000, name="web"), doing="make", timeout_s=30)

    with pytest.raises(TemplateError, match=r"that of web \(9000\), which this playbook did not make"):
        make(emulator, wanted(url))


def test_name_cores_and_memory_of_a_template_are_changed(emulator: Emulator, url: str) -> None:
    make(emulator, wanted(url))

    outcome = make(emulator, wanted(url, name="trixie", cores=4))

    assert outcome.steps == (Step.UPDATE,)
    config = emulator.table("guests")["9000"]["config"]
    assert (config["name"], config["cores"]) == ("trixie", 4)
    assert make(emulator, wanted(url, name="trixie", cores=4)).writes == 0


def test_a_wrong_checksum_stops_before_a_guest_is_made(emulator: Emulator, url: str) -> None:
    with pytest.raises(RenfortError, match=r"checksum mismatch.*check both"):
        make(emulator, wanted(url, checksum=f"sha256:{'0' * 64}"))

    assert "9000" not in emulator.table("guests")
    assert left_on(emulator) <= {f"local:iso/{SEED.name}"}


def test_a_first_boot_without_packages_is_told_and_succeeds_when_run_again(
    emulator: Emulator, url: str
) -> None:
    emulator.write("options", "first-boot", {"mirror": False})
    with pytest.raises(TemplateError, match=r"ended without the guest agent.*Debian mirror"):
        make(emulator, wanted(url))

    emulator.write("options", "first-boot", {"mirror": True})
    make(emulator, wanted(url))

    check_made(emulator)


def test_another_address_for_the_first_boot_takes_another_seed(emulator: Emulator, url: str) -> None:
    emulator.write("options", "first-boot", {"mirror": False})
    with pytest.raises(TemplateError):
        make(emulator, wanted(url))
    emulator.write("options", "first-boot", {"mirror": True})
    seed = make_seed(9000, FirstBoot(address="10.83.0.200/24", gateway="10.83.0.1"))

    outcome = make(emulator, wanted(url, seed=seed.name), seed=seed)

    assert outcome.steps[:2] == (Step.SEED, Step.RESEED)
    check_made(emulator)


def test_errors_of_cloud_init_are_told_and_the_next_run_boots_anew(emulator: Emulator, url: str) -> None:
    emulator.write("options", "first-boot", {"errors": ["('ntp', no such pool)"]})
    with pytest.raises(TemplateError, match=r"errors of cloud-init: \('ntp', no such pool\)\."):
        make(emulator, wanted(url))
    assert emulator.table("guests")["9000"]["status"] == "stopped"

    emulator.write("options", "first-boot", {})
    make(emulator, wanted(url))

    check_made(emulator)


def test_a_first_boot_that_takes_too_long_is_told(emulator: Emulator, url: str) -> None:
    emulator.write("options", "first-boot", {"seconds": 5000})

    with pytest.raises(TemplateError, match=r"takes longer than 1 s: the guest agent does not answer"):
        make(emulator, wanted(url), patience_s=1.0)


def test_a_storage_that_is_not_meant_for_images_is_told_before_anything_is_made(
    emulator: Emulator, url: str
) -> None:
    emulator.write("storages", "local", emulator.table("storages")["local"] | {"content": "iso,backup"})

    with pytest.raises(
        TemplateError, match=r"not meant for .* import.*pvesm set local --content backup,iso,import"
    ):
        make(emulator, wanted(url))
    assert emulator.counted()["writes"] == 0


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"image": "ftp://example.org/a.qcow2"}, "http or https"),
        ({"image": "https://example.org/a.img"}, r"\.qcow2"),
        ({"checksum": "md5:0"}, "sha256: and 64 digits"),
        ({"checksum": "sha512:ABC"}, "small letters"),
    ],
)
def test_what_cannot_be_an_image_is_refused_at_once(
    emulator: Emulator, url: str, changes: dict[str, str], problem: str
) -> None:
    with pytest.raises(TemplateError, match=problem):
        make(emulator, wanted(url, **changes))
    assert emulator.counted() == {"reads": 0, "writes": 0}


def test_the_seed_is_a_disc_that_cloud_init_takes() -> None:
    read = seeds.read(SEED.disc)

    assert read is not None
    assert read["packages"] == ["qemu-guest-agent"]
    assert [user["name"] for user in read["users"]] == ["root"]
    assert SEED.disc[32768 + 1 : 32768 + 6] == b"CD001"
    assert make_seed(9000, FirstBoot()).name == SEED.name
    assert make_seed(9000, FirstBoot(apt_mirror="http://deb.example")).name != SEED.name


def test_a_disc_with_another_label_is_no_seed() -> None:
    assert seeds.read(SEED.disc.replace(b"cidata ", b"tools  ")) is None
    assert seeds.read(b"no disc at all") is None
