# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the golden template through the API alone; killed at any moment, it goes on where it was."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .core.template import (
    DISK,
    SEED_DRIVE,
    Found,
    Step,
    Template,
    TemplateError,
    as_text,
    check_template,
    creation,
    steps,
    update,
    wanted_text,
)
from .proxmox import Client
from .proxmox_cluster import ClusterView, read_cluster
from .proxmox_errors import GuestMissingError, PrivilegeError, TaskFailedError
from .template_boot import FirstBootError, FirstBootWatch
from .template_seed import Seed, seed_prefix

LOCK_WAIT_S = 600.0
"""How long the creation by an earlier run, which the hypervisor goes on with, is waited for, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for. ``patience_s`` bounds each task and the first boot, in seconds."""

    template: Template
    seed: Seed
    patience_s: float = 1800.0
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The steps that were taken, or would be in a dry run; before and after as text."""

    steps: tuple[Step, ...]
    before: str
    after: str
    reads: int
    writes: int


class _Upload(io.BytesIO):
    """A file in memory, by the name under which it is uploaded."""

    def __init__(self, seed: Seed) -> None:
        super().__init__(seed.disc)
        self.name = seed.name


class TemplateMaker:
    """One run. ``tell`` receives each line for people."""

    def __init__(self, client: Client, request: Request, tell: Callable[[str], None]) -> None:
        self._client = client
        self._request = request
        self._template = request.template
        self._tell = tell
        self._guest = f"nodes/{request.template.node}/qemu/{request.template.vmid}"
        self._images = f"nodes/{request.template.node}/storage/{request.template.images}"
        self._who = f"{request.template.name} ({request.template.vmid})"

    def run(self) -> Outcome:
        """Look, decide, act unless this is a dry run.

        Raises:
            RenfortError: the options cannot be right, the id is somebody else's, or a step failed; run again,
                the next run goes on from there.
        """
        check_template(self._template)
        found = self._look()
        left = steps(self._template, found)
        outcome = Outcome(
            steps=left,
            before=as_text(found.config),
            after=wanted_text(self._template, found),
            reads=0,
            writes=0,
        )
        if not self._request.dry_run:
            for step in left:
                self._tell(f"{self._who}: {_DOING[step]}")
                self._take(step)
        return _counted(outcome, self._client)

    def _look(self) -> Found:
        """The guest and the files, once no earlier call for it is at work any more."""
        view = read_cluster(self._client)
        check_storages(self._template, view)
        guest = view.guest(self._template.vmid)
        files = self._files()
        if guest is None:
            return Found(files=files)
        if guest.node != self._template.node:
            raise TemplateError(
                f"The id {self._template.vmid} is that of {guest.name or 'a guest'} on {guest.node}, not on "
                f"{self._template.node}.",
                hint="Name that hypervisor as node, or choose another id.",
            )
        config = self._config_without_lock()
        if config is None:
            return Found(files=files)
        return Found(config=config, files=files)

    def _runs(self) -> bool:
        status = self._client.get(f"{self._guest}/status/current", doing=f"see whether {self._who} runs")
        return bool(status["status"] == "running")

    def _files(self) -> frozenset[str]:
        rows = self._client.get(
            f"{self._images}/content", doing=f"list the files of the storage {self._template.images}"
        )
        return frozenset(str(row["volid"]) for row in rows)

    def _config_without_lock(self) -> Mapping[str, Any] | None:
        """The guest's configuration; None when it vanished, as a guest does whose creation failed."""
        deadline = time.monotonic() + LOCK_WAIT_S
        told = False
        while True:
            try:
                config: dict[str, Any] = self._client.get(f"{self._guest}/config", doing=f"read {self._who}")
            except GuestMissingError:
                return None
            if "lock" not in config:
                return config
            if config["lock"] != "create" or time.monotonic() > deadline:
                raise TemplateError(
                    f"{self._who} is locked ({config['lock']}): another task works on it or was cut off.",
                    hint="Wait for that task. If there is none, an administrator runs qm unlock.",
                )
            if not told:
                self._tell(f"{self._who}: an earlier run's creation is still at work: waiting")
                told = True
            self._client.sleep(2.0)

    def _take(self, step: Step) -> None:
        actions: dict[Step, Callable[[], None]] = {
            Step.FETCH: self._fetch,
            Step.SEED: self._upload,
            Step.CREATE: self._create,
            Step.RESEED: self._reseed,
            Step.GROW: self._grow,
            Step.BOOT: self._boot,
            Step.FINISH: self._finish,
            Step.TIDY: self._tidy,
            Step.CONVERT: self._convert,
            Step.UPDATE: self._update,
        }
        actions[step]()

    def _fetch(self) -> None:
        template = self._template
        doing = f"fetch {template.image} to {template.images} on {template.node}"
        try:
            self._wait(self._download(doing), doing)
        except TaskFailedError:
            # An earlier run's task, which went on, may have been faster.
            if template.image_volume not in self._files():
                raise

    def _download(self, doing: str) -> str:
        template = self._template
        try:
            upid = self._client.post(
                f"{self._images}/download-url",
                doing=doing,
                content="import",
                filename=template.image_file,
                url=template.image,
                **{"checksum": template.digits, "checksum-algorithm": template.algorithm},
            )
        except PrivilegeError as error:
            if "lacks" in error.message:
                raise
            # Either of two privileges would do here, so the server names none.
            lacking = f"Sys.AccessNetwork on /nodes/{template.node}"
            raise PrivilegeError(
                f"Could not {doing}: the API token lacks {lacking}.", hint=error.hint
            ) from error
        return str(upid)

    def _upload(self) -> None:
        doing = f"upload the seed to {self._template.images}"
        upid = self._client.post(
            f"{self._images}/upload", doing=doing, content="iso", filename=_Upload(self._request.seed)
        )
        self._wait(upid, doing)

    def _create(self) -> None:
        doing = f"make {self._who} from the image"
        self._task(
            lambda: self._client.post(
                f"nodes/{self._template.node}/qemu", doing=doing, **creation(self._template)
            ),
            doing,
        )

    def _reseed(self) -> None:
        self._stop()
        self._configure(
            f"give {self._who} another seed", **{SEED_DRIVE: f"{self._template.seed_volume},media=cdrom"}
        )

    def _grow(self) -> None:
        config = self._client.get(f"{self._guest}/config", doing=f"read {self._who}")
        if Found(config=config).disk_gib >= self._template.disk_gib:
            return
        doing = f"grow the disk of {self._who} to {self._template.disk_gib} GiB"
        size = f"{self._template.disk_gib}G"
        self._task(
            lambda: self._client.put(f"{self._guest}/resize", doing=doing, disk=DISK, size=size), doing
        )

    def _boot(self) -> None:
        if not self._runs():
            doing = f"start {self._who}"
            self._task(lambda: self._client.post(f"{self._guest}/status/start", doing=doing), doing)
        watch = FirstBootWatch(self._client, self._guest, self._who, self._tell, self._request.patience_s)
        try:
            watch.wait_and_forget()
        except FirstBootError:
            self._stop()
            raise
        self._stop()

    def _finish(self) -> None:
        drive = f"{self._template.storage}:cloudinit"
        self._configure(f"give {self._who} its cloud-init drive", **{SEED_DRIVE: drive})

    def _tidy(self) -> None:
        """Remove the image and every seed of this template, this run's and earlier ones'."""
        seeds = f"{self._template.images}:iso/{seed_prefix(self._template.vmid)}"
        for volume in sorted(self._files()):
            if volume == self._template.image_volume or volume.startswith(seeds):
                doing = f"remove {volume}"
                upid = self._client.delete(f"{self._images}/content/{volume}", doing=doing)
                if upid:
                    self._wait(upid, doing)

    def _convert(self) -> None:
        doing = f"turn {self._who} into a template"
        self._task(lambda: self._client.post(f"{self._guest}/template", doing=doing), doing)

    def _update(self) -> None:
        config = self._client.get(f"{self._guest}/config", doing=f"read {self._who}")
        self._configure(f"change {self._who}", **update(self._template, config))

    def _stop(self) -> None:
        """Shut the guest down, or cut its power when it does not go by itself; nothing when it is off."""
        if not self._runs():
            return
        doing = f"shut {self._who} down"
        self._task(
            lambda: self._client.post(
                f"{self._guest}/status/shutdown", doing=doing, timeout=120, forceStop=1
            ),
            doing,
        )

    def _configure(self, doing: str, **settings: Any) -> None:
        self._client.retry_lock(lambda: self._client.put(f"{self._guest}/config", doing=doing, **settings))

    def _task(self, call: Callable[[], Any], doing: str) -> None:
        """Make a call that starts a task, and wait for its end; again while a lock is busy."""

        def attempt() -> None:
            upid = call()
            if upid:
                self._wait(upid, doing)

        self._client.retry_lock(attempt)

    def _wait(self, upid: str, doing: str) -> None:
        self._client.wait(upid, doing=doing, timeout_s=self._request.patience_s)


def check_storages(template: Template, view: ClusterView) -> None:
    """Refuse storages which the list shows and which cannot hold what they must.

    Raises:
        TemplateError: with the storage, what it lacks and how it is added.
    """
    wanted = {template.images: ("import", "iso"), template.storage: ("images",)}
    shown = {row.name: row for row in view.storages if row.node == template.node}
    for name, contents in wanted.items():
        if name in shown and (lacking := [kind for kind in contents if kind not in shown[name].content]):
            held = ",".join((*shown[name].content, *lacking))
            raise TemplateError(
                f"The storage {name} is not meant for content of the kind {' and '.join(lacking)}.",
                hint=f"An administrator adds it: pvesm set {name} --content {held}",
            )
    if template.images not in shown:
        raise TemplateError(
            f"There is no storage {template.images} on {template.node} that this account may see "
            f"(Datastore.Audit on /storage/{template.images}).",
            hint="Check images and node, or give the account its privileges with playbooks/privileges.yml.",
        )


def _counted(outcome: Outcome, client: Client) -> Outcome:
    return Outcome(
        steps=outcome.steps,
        before=outcome.before,
        after=outcome.after,
        reads=client.reads,
        writes=client.writes,
    )


_DOING: Mapping[Step, str] = {
    Step.FETCH: "the hypervisor fetches the image and checks its checksum",
    Step.SEED: "uploading the seed of the first boot",
    Step.CREATE: "making the guest, its disk a copy of the image",
    Step.RESEED: "changing the seed of the first boot",
    Step.GROW: "growing the disk",
    Step.BOOT: "first boot: cloud-init installs the guest agent; this takes a minute or more",
    Step.FINISH: "replacing the seed by a cloud-init drive",
    Step.TIDY: "removing the image and the seed from the storage",
    Step.CONVERT: "turning it into a template",
    Step.UPDATE: "changing what differs",
}
"""What people read before each step."""
