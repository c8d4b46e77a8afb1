"""Find weights on this machine, or fetch, verify and keep them."""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaintbench.weights.file import AlteredWeights, SourceError, WeightFile

VARIABLE = "INPAINTBENCH_WEIGHTS"
"""Environment variable: folders of weights, looked at before anything else."""


class WeightsUnavailable(Exception):
    """Why weights aren't available, and the command that gets them; one line."""


def explicit_folders() -> list[Path]:
    """List the folders that the person named in the environment."""
    return [Path(part).expanduser() for part in os.getenv(VARIABLE, "").split(os.pathsep) if part]


def cache_folder() -> Path:
    """Return the user's folder of fetched weights, which need not exist."""
    from platformdirs import user_cache_path

    return user_cache_path("inpaintbench") / "weights"


def torch_hub_folders() -> list[Path]:
    """List where torch keeps the checkpoints it downloads, without importing torch."""
    cache = Path(os.getenv("XDG_CACHE_HOME") or "~/.cache").expanduser()
    home = Path(os.getenv("TORCH_HOME") or cache / "torch").expanduser()
    return [home / "hub" / "checkpoints"]


def locate(file: WeightFile) -> Path | None:
    """Return where a file lies ready on this machine, unverified, or None."""
    for folder in (*explicit_folders(), cache_folder()):
        if (folder / file.filename).is_file():
            return folder / file.filename
    return None


def load_tensors(file: WeightFile) -> dict[str, NDArray[np.generic]]:
    """Read the verified tensors of a file, fetching it where it isn't here yet.

    Raises
    ------
    WeightsUnavailable
        When the file is unavailable, or the one here is damaged or altered.
    """
    try:
        return file.read_tensors(_here(file))
    except AlteredWeights as error:
        raise WeightsUnavailable(f"{error}, then {_how_to_fetch(file)}") from error


def obtain(file: WeightFile) -> Path:
    """Return the path of a verified file, fetching it where it isn't here yet.

    Processes that ask at once wait for the one that fetches. The file appears in the cache whole
    or not at all.

    Raises
    ------
    WeightsUnavailable
        When the file is unavailable, or the one here is damaged or altered.
    """
    path = _here(file)
    try:
        file.check(path)
    except AlteredWeights as error:
        raise WeightsUnavailable(f"{error}, then {_how_to_fetch(file)}") from error
    return path


def _here(file: WeightFile) -> Path:
    """Return where a file lies, fetching it if need be; unverified."""
    from filelock import FileLock

    path = locate(file)
    if path is not None:
        return path
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / f".{file.filename}.lock"):
            return locate(file) or _fetch(file, folder)
    except OSError as error:
        raise WeightsUnavailable(
            f"{file.name} can't be kept in {folder}: {error.strerror or error}; name a folder "
            f"that holds {file.filename} in {VARIABLE}"
        ) from error


def _fetch(file: WeightFile, folder: Path) -> Path:
    """Try each source in turn; the first verified file is moved into the cache."""
    reasons = []
    prefix = f".fetching-{file.filename}-"
    for left in folder.glob(f"{glob.escape(prefix)}*"):  # by a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    for source in file.sources:
        with tempfile.TemporaryDirectory(prefix=prefix, dir=folder) as work:
            try:
                found = source.fetch(Path(work))
                file.check(found)
            except (SourceError, AlteredWeights) as error:
                reasons.append(f"{source.title}: {error}")
                continue
            return _keep(found, folder / file.filename, Path(work))
    raise WeightsUnavailable(
        f"{file.name} is unavailable ({'; '.join(reasons) or 'no source is known'}); "
        f"{_how_to_fetch(file)} where there's a network, or name a folder that holds "
        f"{file.filename} in {VARIABLE}"
    )


def _keep(found: Path, target: Path, work: Path) -> Path:
    """Put a file into the cache in one step; one that lies elsewhere is copied first."""
    if not found.is_relative_to(work):
        found = Path(shutil.copy(found, work / target.name))
    with found.open("rb") as stream:
        os.fsync(stream.fileno())
    return found.replace(target)


def _how_to_fetch(file: WeightFile) -> str:
    return f"run: inpaintbench weights --fetch {file.name}"
