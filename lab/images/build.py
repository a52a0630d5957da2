# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the machine images once and keeps them in the lab's store."""

from __future__ import annotations

import asyncio
import fcntl
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .. import process
from ..errors import LabError
from ..paths import HERE, PODMAN, cache_dir
from ..podman import Podman
from .apt import carried_options, host_mirror
from .recipe import RELEASES, Recipe

Report = Callable[[str], None]
"""Receives one line of progress."""

STAGES = (
    "I: downloading packages",
    "I: extracting archives",
    "I: installing essential",
    "I: installing remaining",
    "I: creating tarball",
)
"""What mmdebstrap says at the stages that are worth a line of progress."""

CUSTOMISE = HERE / "images" / "customise"
HOST_CERTIFICATES = Path("/usr/local/share/ca-certificates")
"""Authorities that the host's administrator added; a mirror or a proxy may rely on them."""


async def recipes(names: Sequence[str]) -> list[Recipe]:
    """The recipes of the named images on this host.

    Raises:
        LabError: a name that is no image of the lab, or no mirror to build from.
    """
    unknown = sorted(set(names) - set(RELEASES))
    if unknown:
        raise LabError(f"No image is called {', '.join(unknown)}.", hint=f"There are {', '.join(RELEASES)}.")
    dump = await process.run(["apt-config", "dump"])
    mirror = host_mirror()
    certificates = tuple(path.read_text() for path in sorted(HOST_CERTIFICATES.glob("*.crt")))
    return [
        Recipe(
            name=name,
            suite=RELEASES[name],
            mirror=mirror,
            apt_options=tuple(carried_options(dump.text)),
            customise=CUSTOMISE.read_text(encoding="utf-8"),
            certificates=certificates,
        )
        for name in names
    ]


async def ensure_images(podman: Podman, names: Sequence[str], report: Report) -> dict[str, str]:
    """Build what is missing, side by side; image names to references in the store."""
    wanted = await recipes(names)
    if await _missing(podman, wanted):
        with _one_builder(report):
            missing = await _missing(podman, wanted)
            await asyncio.gather(*(_build(recipe, report) for recipe in missing))
            for recipe in missing:
                await _forget_older(podman, recipe)
    return {recipe.name: recipe.reference for recipe in wanted}


@contextmanager
def _one_builder(report: Report) -> Iterator[None]:
    """Hold the right to build: whoever comes second finds the images made."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    with (cache_dir() / "images.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("images: waiting for another build to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


async def _missing(podman: Podman, wanted: Sequence[Recipe]) -> list[Recipe]:
    """The recipes whose image is not in the store."""
    exist = [(await podman.attempt("image", "exists", recipe.reference)).code == 0 for recipe in wanted]
    return [recipe for recipe, there in zip(wanted, exist, strict=True) if not there]


async def find_images(podman: Podman, names: Sequence[str]) -> dict[str, str]:
    """Image names to references, building nothing.

    Raises:
        LabError: an image has not been built on this host, or its recipe has changed since.
    """
    wanted = await recipes(names)
    for recipe in await _missing(podman, wanted):
        raise LabError(f"The machine image {recipe.name} is missing.", hint="`scripts/lab.py up` builds it.")
    return {recipe.name: recipe.reference for recipe in wanted}


async def _build(recipe: Recipe, report: Report) -> None:
    """Pipe mmdebstrap into podman import."""
    report(f"image {recipe.name}: building from {recipe.mirror.archive} {recipe.suite}")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="renfort-image-") as folder:
        for number, certificate in enumerate(recipe.certificates):
            Path(folder, f"host-{number}.crt").write_text(certificate)
        hook = f'{shlex.quote(str(CUSTOMISE))} "$1" {shlex.quote(folder)}'
        build = shlex.join(recipe.argv(hook))
        store = shlex.join([str(PODMAN), "import", "--quiet", "-", recipe.reference])
        code, said = await _watched(f"{build} | {store}", recipe.name, report)
    if code != 0:
        errors = [line for line in said if line.startswith("E: ")]
        raise LabError(
            f"Building the image {recipe.name} failed: {(errors or said or ['it said nothing'])[-1]}",
            hint="Check that `apt-get update` works on this host, then run the command again.",
        )
    report(f"image {recipe.name}: ready after {time.monotonic() - begin:.0f} s")


async def _watched(pipeline: str, name: str, report: Report) -> tuple[int, list[str]]:
    """Run the build, reporting its stages as they come; its status and what it said."""
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-o", "pipefail", "-c", pipeline),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    said: list[str] = []
    assert shell.stderr is not None
    async for raw in shell.stderr:
        line = raw.decode(errors="replace").strip()
        said.append(line)
        if line.startswith(STAGES):
            report(f"image {name}: {line.removeprefix('I: ').rstrip('.')}")
    return await shell.wait(), said[-20:]


async def _forget_older(podman: Podman, recipe: Recipe) -> None:
    """Remove earlier builds of the same image which no machine uses."""
    repository = recipe.reference.partition(":")[0]
    listed = await podman.run(
        "images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", f"reference={repository}"
    )
    for reference in listed.text.splitlines():
        if reference != recipe.reference:
            await podman.attempt("rmi", reference)
