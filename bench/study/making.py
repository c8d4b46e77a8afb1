"""Make a study: its page for raters, which gives nothing away, and its key."""

from __future__ import annotations

import json
import secrets
import struct
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inpaintbench.errors import BenchError
from inpaintbench.folder import SITE_FILES, Folder
from inpaintbench.images.png import encode_png
from inpaintbench.images.types import Image, Mask
from inpaintbench.methods.mean_fill import MeanFill
from inpaintbench.report.figures.pictures import HOLE
from inpaintbench.report.pictures import PictureMissing, Pictures, composite, error_map
from inpaintbench.statistics.scores import has_reference, read_scores
from inpaintbench.storage.rows import RunRows
from inpaintbench.study.design import balanced, parts, rounds
from inpaintbench.study.key import (
    FLOOR,
    KEY,
    TRUTH,
    KeyPair,
    Look,
    Pair,
    StudyCase,
    StudyKey,
    write_key,
)
from inpaintbench.study.votes import FEWEST_TRIVIAL

PAGE = "page"
"""Name of the folder that raters get."""

_EASY_SHARE = 3
"""Trivial pairs are drawn from this part of the cases: those whose floor is furthest from truth."""

_LOOKED_AT = 60
"""Cases with large holes among which those are looked for."""


@dataclass(frozen=True)
class Field:
    """What pairs are drawn from: methods with their keys, and cases that all of them finished."""

    methods: dict[str, str]
    cases: tuple[StudyCase, ...]
    left_out: int = 0  # cases that not every method finished


def read_field(rows: RunRows) -> Field:
    """Find the methods and cases of a run that can be compared.

    Raises
    ------
    BenchError
        When there are fewer than two methods or no case.
    """
    scores = read_scores(rows)
    if len(scores.variants) < 2:
        raise BenchError("a study needs two methods at least")
    done = scores.done.all(axis=1)
    cases = tuple(
        StudyCase(
            case=str(case),
            dataset=row["dataset"],
            sample=row["sample"],
            suite=row["suite"],
            coverage=float(row["coverage"]),
            has_reference=has_reference(row["dataset"]),
        )
        for case, row in scores.cases[done].iterrows()
    )
    if not cases:
        raise BenchError("no case was finished by all of these methods; choose others: --methods")
    return Field(scores.variants["key"].to_dict(), cases, int((~done).sum()))


def draw_study(
    field: Field,
    pictures: Pictures,
    number: int,
    size: int,
    checks: int,
    seed: int,
    wanted: Sequence[tuple[str, str]] = (),
    shown: Iterable[Pair] = (),
) -> list[list[Pair]]:
    """Draw the pairs of a study, a list for each part.

    Parameters
    ----------
    number : int
        Pairs without the checks, at most; no pair of methods is on a case twice.
    size, checks : int
        As in `parts`.
    wanted : sequence of (str, str)
        Pairs of methods to show; empty shows all equally often.
    shown : iterable of Pair
        As in `balanced`.

    Raises
    ------
    BenchError
        When the checks are too few to tell whether a rater looks, or no case has a known truth.
    """
    if 0 < checks < FEWEST_TRIVIAL:
        raise BenchError(
            f"--checks must be 0 or at least {FEWEST_TRIVIAL}, not {checks}: "
            "raters with fewer trivial pairs are left out"
        )
    random = np.random.default_rng(seed)
    methods = list(field.methods)
    number = min(number, len(field.cases) * len(methods) * (len(methods) - 1) // 2)
    source = iter(wanted) if wanted else rounds(methods, random)
    pairs = balanced(source, field.cases, number, random, shown)
    easy = _easy(field, {pair.case for pair in pairs}, pictures, checks) if checks else []
    return parts(pairs, size, checks, easy, random)


def _easy(field: Field, used: set[str], pictures: Pictures, wanted: int) -> list[str]:
    """Choose the cases of trivial pairs: where the floor is furthest from the truth.

    They are cases of counted pairs too: a case of its own would give a trivial pair away.
    """
    known = [case for case in field.cases if case.case in used and case.has_reference]
    if not known:
        raise BenchError(
            "the truth isn't known in these cases, so there are no trivial pairs; "
            "make the study without checks: --checks 0"
        )
    known.sort(key=lambda case: -case.coverage)
    far = {}
    for case in known[:_LOOKED_AT]:
        reference, mask = pictures.reference(case.case), pictures.mask(case.case)
        far[case.case] = float(error_map(_floor(reference, mask), reference).mean())
    most = max(wanted, len(known) // _EASY_SHARE)
    return sorted(far, key=lambda case: -far[case])[:most]


def write_study(
    directory: Path,
    field: Field,
    design: Sequence[Sequence[Pair]],
    pictures: Pictures,
    look: Look,
    *,
    run: Path,
    seed: int,
) -> StudyKey:
    """Write a study: ``page/``, which raters get, and ``key.json``, which they don't.

    The names of pictures and the order of the list are drawn from the system's source of chance,
    so that nobody who knows the run and the seed can find them again. A picture that is in two
    pairs is two files; all files of a case are of one size, filled up with random bytes.

    Raises
    ------
    BenchError
        When the folder holds a study already, or a picture is missing.
    """
    if (directory / KEY).exists():
        raise BenchError(
            f"{directory}: holds a study already, and votes need its key; choose another folder"
        )
    folder = Folder(directory / PAGE, SITE_FILES, "a study")
    key = StudyKey(
        format="inpaintbench-study",
        version=1,
        study=secrets.token_hex(8),
        run=str(run.resolve()),
        look=look,
        seed=seed,
        methods=field.methods,
        cases=field.cases,
        pairs=tuple(
            KeyPair(
                token=secrets.token_hex(8),
                part=number,
                **asdict(pair),
                left_token=secrets.token_hex(8),
                right_token=secrets.token_hex(8),
            )
            for number, part in enumerate(design)
            for pair in sorted(part, key=lambda _: secrets.randbits(64))
        ),
    )
    shown = _write_pictures(folder, key, pictures, look.original)
    _write_page(folder, key, look, shown)
    folder.finish()
    # last, so that what has a key is whole
    write_key(directory, key)
    return key


@dataclass(frozen=True)
class _Shown:
    """A case on the page: names of its pictures, and its size in pixels."""

    masked: str
    original: str
    width: int
    height: int


def _write_pictures(
    folder: Folder, key: StudyKey, pictures: Pictures, original: bool
) -> dict[str, _Shown]:
    """Write every picture under its name; return what belongs to each case."""
    wanted: dict[str, dict[str, str]] = defaultdict(dict)
    for pair in key.pairs:
        wanted[pair.case] |= {pair.left_token: pair.left, pair.right_token: pair.right}
    known = {case.case for case in key.cases if case.has_reference}
    shown = {}
    for case in sorted(wanted, key=lambda _: secrets.randbits(64)):
        reference, mask = pictures.reference(case), pictures.mask(case)
        drawn = _drawn(reference, mask, set(wanted[case].values()), case, pictures)
        data = {token: drawn[name] for token, name in wanted[case].items()}
        hole = (np.array(HOLE) * 255).astype(np.uint8)
        seen = _eight_bits(reference)
        colour = np.repeat(seen, 3, axis=2) if seen.shape[2] == 1 else seen
        masked, original_token = secrets.token_hex(8), ""
        data[masked] = encode_png(np.where(mask[..., None], hole, colour))
        if original and case in known:
            original_token = secrets.token_hex(8)
            data[original_token] = encode_png(seen)
        size = max(map(len, data.values())) + 32
        for token in sorted(data):
            folder.data(f"pictures/{token}.png", filled_up(data[token], size))
        shown[case] = _Shown(masked, original_token, mask.shape[1], mask.shape[0])
    return shown


def _drawn(
    reference: Image, mask: Mask, names: set[str], case: str, pictures: Pictures
) -> dict[str, bytes]:
    """Encode the results of a case, known pixels pasted back."""

    def result(name: str) -> Image:
        if name == TRUTH:
            return reference
        if name == FLOOR:
            return _floor(reference, mask)
        try:
            return composite(pictures.output(case, name), reference, mask)
        except KeyError as error:
            raise PictureMissing(f"{name} has no result on case {case}") from error

    return {name: encode_png(_eight_bits(result(name))) for name in names}


def _floor(reference: Image, mask: Mask) -> Image:
    filled = np.rint(MeanFill().inpaint(reference, mask)).astype(reference.dtype)
    return composite(filled, reference, mask)


def _eight_bits(image: Image) -> NDArray[np.uint8]:
    if image.dtype == np.uint8:
        return image.astype(np.uint8, copy=False)
    return np.rint(image.astype(np.float64) / 257).astype(np.uint8)


def filled_up(png: bytes, size: int) -> bytes:
    """Make a PNG `size` bytes long, 12 more than it is at least, by a chunk of random bytes.

    The chunk is ancillary, so that every reader passes over it.
    """
    body = b"raNd" + secrets.token_bytes(size - len(png) - 12)
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    end = len(png) - 12  # IEND
    return png[:end] + chunk + png[end:]


def _write_page(folder: Folder, key: StudyKey, look: Look, shown: dict[str, _Shown]) -> None:
    """Write the page, and the list of pairs, which says of each no more than what it shows."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    parts: dict[int, list[dict[str, object]]] = defaultdict(list)
    for pair in key.pairs:
        facts = {"pair": pair.token, "left": pair.left_token, "right": pair.right_token}
        parts[pair.part].append(facts | asdict(shown[pair.case]))
    data = {"study": key.study, "parts": list(parts.values())}
    text = json.dumps(data, separators=(",", ":"))
    folder.text("study-data.js", f'"use strict";\nconst study = {text};\n')
    environment = Environment(
        loader=PackageLoader("inpaintbench.study", "page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    count = max(len(part) for part in parts.values())
    page = environment.get_template("index.html").render(look=look, count=count)
    folder.text("index.html", page)
    for name in ("study.js", "study.css"):
        folder.data(name, (files("inpaintbench.study") / "page" / name).read_bytes())
