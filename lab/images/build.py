# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the machine images once and keeps them in the lab's store."""

from __future__ import annotations

import asyncio
import shlex
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .. import process
from ..errors import LabError
from ..paths import HERE, PODMAN
from ..podman import Podman
from .apt import carried_options, host_mirror
from .recipe import RELEASES, Recipe

Report = Callable[[str], None]
"""Receives one line of progress."""

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
    missing = [
        recipe for recipe in wanted if (await podman.attempt("image", "exists", recipe.reference)).code != 0
    ]
    if missing:
        await asyncio.gather(*(_build(recipe, report) for recipe in missing))
        for recipe in missing:
            await _forget_older(podman, recipe)
    return {recipe.name: recipe.reference for recipe in wanted}


async def find_images(podman: Podman, names: Sequence[str]) -> dict[str, str]:
    """Image names to references, building nothing.

    Raises:
        LabError: an image has not been built on this host, or its recipe has changed since.
    """
    wanted = await recipes(names)
    for recipe in wanted:
        if (await podman.attempt("image", "exists", recipe.reference)).code != 0:
            raise LabError(
                f"The machine image {recipe.name} is missing.", hint="`scripts/lab.py up` builds it."
            )
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
        ended = await process.attempt(["bash", "-o", "pipefail", "-c", f"{build} | {store}"])
    if ended.code != 0:
        said = [line for line in ended.stderr.decode(errors="replace").splitlines() if line.startswith("E: ")]
        raise LabError(
            f"Building the image {recipe.name} failed: {said[-1] if said else ended.complaint}",
            hint="Check that `apt-get update` works on this host, then run the command again.",
        )
    report(f"image {recipe.name}: ready after {time.monotonic() - begin:.0f} s")


async def _forget_older(podman: Podman, recipe: Recipe) -> None:
    """Remove earlier builds of the same image which no machine uses."""
    repository = recipe.reference.partition(":")[0]
    listed = await podman.run(
        "images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", f"reference={repository}"
    )
    for reference in listed.text.splitlines():
        if reference != recipe.reference:
            await podman.attempt("rmi", reference)
