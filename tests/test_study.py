"""Making a study: balanced, blind, whole; and reading votes that anybody may have written."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Command
from study_votes import at_random, ballot, by_quality, write_ballots
from synthetic_run import SyntheticPictures, synthetic_run

from inpaintbench.errors import BenchError
from inpaintbench.images.png import read_png
from inpaintbench.storage.rows import RunRows
from inpaintbench.study.key import FLOOR, TRUTH, Look, Pair, PairKind, StudyKey, read_key
from inpaintbench.study.making import draw_study, read_field, write_study
from inpaintbench.study.results import fit
from inpaintbench.study.votes import collect

METHODS = ["telea[radius=5]", "navier-stokes", "criminisi", "shiftmap"]


@pytest.fixture(scope="module")
def rows() -> RunRows:
    return synthetic_run(METHODS, datasets=("photos[size=128]", "textures"), images=4)


@pytest.fixture(scope="module")
def design(rows: RunRows) -> list[list[Pair]]:
    return draw_study(read_field(rows), SyntheticPictures(rows), 96, 24, 8, seed=3)


@pytest.fixture(scope="module")
def study(rows: RunRows, design: list[list[Pair]], tmp_path_factory: Any) -> Path:
    folder = tmp_path_factory.mktemp("study") / "study"
    write(folder, rows, design)
    return folder


def write(
    folder: Path, rows: RunRows, design: list[list[Pair]], look: Look | None = None
) -> StudyKey:
    look = look or Look(original=True)
    pictures = SyntheticPictures(rows)
    return write_study(
        folder, read_field(rows), design, pictures, look, run=Path("run-of-mine"), seed=3
    )


def test_pairs_are_balanced(rows: RunRows, design: list[list[Pair]]) -> None:
    counted = [pair for part in design for pair in part if pair.kind is PairKind.counted]
    assert len(counted) == 96
    methods = Counter(frozenset((pair.left, pair.right)) for pair in counted)
    assert set(methods.values()) == {16}  # 96 over the 6 pairs of 4 methods
    cases = Counter(pair.case for pair in counted)
    assert set(cases.values()) == {4}  # over 24 cases
    assert len({(p.case, frozenset((p.left, p.right))) for p in counted}) == 96
    left = Counter(pair.left for pair in counted)
    assert set(left.values()) == {24}
    assert {Counter((p.left, p.right) for p in counted)[k] for k in left_right(counted)} == {8}
    for part in design:
        kinds = Counter(pair.kind for pair in part)
        assert kinds == {PairKind.counted: 24, PairKind.repeated: 8, PairKind.trivial: 8}
        shown = Counter(frozenset((p.left, p.right)) for p in part if p.kind is PairKind.counted)
        assert set(shown.values()) == {4}
        for pair in part:
            if pair.kind is PairKind.repeated:
                assert dataclasses.replace(pair.turned, kind=PairKind.counted) in part
        truth = Counter(p.left for p in part if p.kind is PairKind.trivial)
        assert truth == {TRUTH: 4, FLOOR: 4}
    again = draw_study(read_field(rows), SyntheticPictures(rows), 96, 24, 8, seed=3)
    assert again == design
    assert draw_study(read_field(rows), SyntheticPictures(rows), 96, 24, 8, seed=4) != design


def left_right(pairs: list[Pair]) -> set[tuple[str, str]]:
    return {(pair.left, pair.right) for pair in pairs}


def test_no_more_pairs_than_there_are(rows: RunRows) -> None:
    made = draw_study(read_field(rows), SyntheticPictures(rows), 10_000, 1000, 0, seed=0)
    assert [len(part) for part in made] == [24 * 6]


def test_the_page_gives_nothing_away(rows: RunRows, study: Path) -> None:
    key = read_key(study)
    page = study / "page"
    files = [path for path in page.rglob("*") if path.is_file()]
    words = {*METHODS, *(name.split("[")[0] for name in METHODS)}
    words |= set(rows.cases["case"]) | {"photos", "image-0", "run-of-mine", TRUTH, FLOOR}
    words |= set(rows.cells["output_sha256"]) | set(rows.cases["image_sha256"]) | {str(study)}
    everything = b"".join(path.name.encode() + path.read_bytes() for path in files).lower()
    assert {word for word in words if word.lower().encode() in everything} == set()
    text = (page / "study-data.js").read_text()
    parts = json.loads(text[text.index("{") : text.rindex("}") + 1])["parts"]
    fields = {field for part in parts for pair in part for field in pair}
    assert fields == {"pair", "left", "right", "masked", "original", "width", "height"}
    assert [len(part) for part in parts] == [40] * 4
    # no picture is on two places, no two files are equal, and those of a case are of one size
    shown = [pair[side] for part in parts for pair in part for side in ("left", "right")]
    of_case = {token for part in parts for p in part for token in (p["masked"], p["original"])}
    assert len(set(shown)) == len(shown) == 2 * 40 * 4
    pictures = {path.stem: path.read_bytes() for path in (page / "pictures").iterdir()}
    assert set(pictures) == {*shown, *of_case}
    assert len(set(pictures.values())) == len(pictures)
    assert all(re.fullmatch("[0-9a-f]{16}", name) for name in pictures)
    sizes = defaultdict(set)
    for part in parts:
        for pair in part:
            tokens = [pair[name] for name in ("masked", "original", "left", "right")]
            sizes[pair["masked"]] |= {len(pictures[token]) for token in tokens}
    assert {len(found) for found in sizes.values()} == {1}
    for data in pictures.values():
        assert re.findall(b"IHDR|IDAT|IEND|PLTE|tEXt|zTXt|iTXt|tIME|eXIf|pHYs|raNd", data) == [
            *(b"IHDR", b"IDAT", b"raNd", b"IEND")
        ]
    # the order of the list follows from nothing that the pairs are
    by_token = key.by_token
    kinds = [by_token[pair["pair"]].kind for part in parts for pair in part]
    assert sum(one is not other for one, other in pairwise(kinds)) > 30


def test_the_same_seed_gives_the_same_pairs_under_other_names(
    rows: RunRows, design: list[list[Pair]], study: Path, tmp_path: Path
) -> None:
    key, other = read_key(study), write(tmp_path / "other", rows, design)
    plain = [
        Counter(str(Pair(p.kind, p.case, p.left, p.right)) for p in one.pairs)
        for one in (key, other)
    ]
    assert plain[0] == plain[1]
    assert not {p.left_token for p in key.pairs} & {p.left_token for p in other.pairs}
    order = [[(p.case, p.left, p.right) for p in one.pairs[:40]] for one in (key, other)]
    assert order[0] != order[1]


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_the_results_without_loss(channels: int, tmp_path: Path) -> None:
    rows = synthetic_run(METHODS[:2], datasets=("textures",), images=2, channels=channels)
    rows = dataclasses.replace(rows, cases=rows.cases.assign(dtype="uint16"))
    source = SyntheticPictures(rows)
    design = draw_study(read_field(rows), source, 6, 6, 4, seed=0)
    key = write(tmp_path, rows, design)
    for pair in key.pairs:
        reference, mask = source.reference(pair.case), source.mask(pair.case)
        for name, token in ((pair.left, pair.left_token), (pair.right, pair.right_token)):
            shown = read_png((tmp_path / "page" / "pictures" / f"{token}.png").read_bytes())
            known = np.rint(reference / 257)
            assert (shown[~mask] == known[~mask]).all()
            if name == TRUTH:
                assert (shown == known).all()
            elif name == FLOOR:
                assert len(np.unique(shown[mask], axis=0)) == 1
            else:
                expected = np.rint(source.output(pair.case, name) / 257)
                assert (shown[mask] == expected[mask]).all()


def test_a_study_is_written_whole_and_never_over_another(
    rows: RunRows, design: list[list[Pair]], tmp_path: Path
) -> None:
    class Failing(SyntheticPictures):
        def mask(self, case: str) -> Any:
            raise BenchError("gone")

    look, field = Look(), read_field(rows)
    with pytest.raises(BenchError, match="gone"):
        write_study(tmp_path, field, design, Failing(rows), look, run=Path("run"), seed=0)
    with pytest.raises(BenchError, match="holds no study"):
        read_key(tmp_path)
    write(tmp_path, rows, design)
    known = {token for p in read_key(tmp_path).pairs for token in (p.left_token, p.right_token)}
    assert known <= {path.stem for path in (tmp_path / "page" / "pictures").iterdir()}
    with pytest.raises(BenchError, match="holds a study already"):
        write(tmp_path, rows, design)


def test_what_cannot_be_compared_is_refused(rows: RunRows) -> None:
    with pytest.raises(BenchError, match="two methods"):
        read_field(synthetic_run(1))
    failed = synthetic_run(["a", "b"], unfinished={"a": 1.0})
    with pytest.raises(BenchError, match="finished by all"):
        read_field(failed)
    field = read_field(rows)
    unknown = dataclasses.replace(
        field, cases=tuple(dataclasses.replace(c, has_reference=False) for c in field.cases)
    )
    with pytest.raises(BenchError, match="--checks 0"):
        draw_study(unknown, SyntheticPictures(rows), 10, 10, 4, seed=0)
    assert draw_study(unknown, SyntheticPictures(rows), 10, 10, 0, seed=0)


def test_too_few_checks_to_keep_a_rater_are_refused(rows: RunRows) -> None:
    field, pictures = read_field(rows), SyntheticPictures(rows)
    for checks in (1, 2, 3):
        with pytest.raises(BenchError, match="--checks must be 0 or at least 4"):
            draw_study(field, pictures, 20, 10, checks, seed=0)
    # a single case to draw trivial pairs from is shown again
    one = dataclasses.replace(field, cases=field.cases[:1])
    (part,) = draw_study(one, pictures, 20, 10, 4, seed=0)
    assert sum(pair.kind is PairKind.trivial for pair in part) == 4


def good(study: Path) -> dict[str, Any]:
    return ballot(read_key(study), 0, lambda _: 1)


def change(votes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return votes | changes


HOSTILE = {
    "not JSON": (lambda v: "{", "JSON"),
    "a list": (lambda v: [v], "object"),
    "a number too many": (lambda v: v | {"version": 2}, "version"),
    "another format": (lambda v: v | {"format": "x"}, "format"),
    "an unknown key": (lambda v: v | {"methods": ["lama"]}, "unknown key 'methods'"),
    "no rater": (lambda v: {k: v[k] for k in v if k != "rater"}, "rater must be set"),
    "a path for a rater": (lambda v: v | {"rater": "../../etc/passwd"}, "16 hexadecimal"),
    "a rater of other digits": (lambda v: v | {"rater": "٣" * 16}, "16 hexadecimal"),
    "an endless name": (lambda v: v | {"name": "x" * 10**6}, "60 characters"),
    "another study": (lambda v: v | {"study": "\x1b[31m\n" * 9}, "another study"),
    "an unknown pair": (lambda v: vote(v, pair="\n<script>"), "has no pair"),
    "a picture of another pair": (lambda v: vote(v, left=v["votes"][1]["left"]), "no picture"),
    "an unknown choice": (lambda v: vote(v, choice="both"), "choice"),
    "a choice of two": (lambda v: vote(v, choice=["left"]), "choice"),
    "negative seconds": (lambda v: vote(v, seconds=-1), "seconds"),
    "endless seconds": (lambda v: vote(v, seconds=1e300), "seconds"),
    "seconds that are no number": (lambda v: vote(v, seconds=float("nan")), ""),
    "a pair twice": (lambda v: v | {"votes": v["votes"] * 2}, "votes twice"),
    "a key twice": (lambda v: '{"rater": "' + "0" * 16 + '", ' + json.dumps(v)[1:], "'rater' is"),
    "a key of a vote twice": (
        lambda v: json.dumps(v).replace('"choice"', '"choice": "tie", "choice"', 1),
        "'choice' is there twice",
    ),
    "a nested bomb": (lambda v: "[" * 100_000, ""),
}


def vote(votes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(votes)
    changed["votes"][0] |= changes
    return changed


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_votes_are_refused_in_a_line(study: Path, tmp_path: Path, name: str) -> None:
    spoil, said = HOSTILE[name]
    content = spoil(good(study))
    path = tmp_path / "votes.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    with pytest.raises(BenchError) as refused:
        collect([study, path])
    line = str(refused.value)
    assert line.startswith(str(path))
    assert said in line
    assert "\n" not in line
    assert len(line) < 500


def test_votes_on_two_parts_are_refused(study: Path, tmp_path: Path) -> None:
    key = read_key(study)
    votes = ballot(key, 0, lambda _: 1)
    votes["votes"] += ballot(key, 2, lambda _: 1)["votes"]
    (tmp_path / "votes.json").write_text(json.dumps(votes))
    with pytest.raises(BenchError, match="several parts"):
        collect([study, tmp_path / "votes.json"])


def test_of_one_rater_the_longest_file_counts(study: Path, tmp_path: Path) -> None:
    votes = good(study)
    paths = [tmp_path / name for name in ("all.json", "part.json", "again.json")]
    for path, kept in zip(paths, (votes["votes"], votes["votes"][:5], votes["votes"]), strict=True):
        path.write_text(json.dumps(votes | {"votes": kept}))
    collected = collect([study, *paths])
    assert [len(rater.answers) for rater in collected.raters] == [len(votes["votes"])]
    assert collected.superseded == ("part.json", "all.json")


def test_careless_raters_are_found(study: Path, tmp_path: Path) -> None:
    key = read_key(study)
    place = {name: i for i, name in enumerate(METHODS)}
    careful = [by_quality(lambda _, m: place[m], seed) for seed in range(30)]
    careless = [at_random(seed) for seed in range(30)]
    on_the_left = ballot(key, 0, lambda _: 1)
    paths = write_ballots(tmp_path, key, [*careful, *careless])
    collected = collect([study, *paths])
    out = [bool(rater.left_out) for rater in collected.raters]
    assert sum(out[:30]) <= 3
    assert sum(out[30:]) >= 27  # 4 % choose seven of eight truths by chance
    (tmp_path / "left.json").write_text(json.dumps(on_the_left))
    short = on_the_left | {"votes": on_the_left["votes"][:2], "rater": "f" * 16}
    (tmp_path / "short.json").write_text(json.dumps(short))
    reasons = [r.left_out for r in collect([study, *tmp_path.glob("[ls]*.json")]).raters]
    assert any("truth in 4 of 8" in reason for reason in reasons)
    assert any(re.match(r"saw \d trivial", reason) for reason in reasons)
    with pytest.raises(BenchError, match="no votes are left"):
        fit(collect([study, tmp_path / "left.json"]))


def test_who_contradicts_themselves_is_left_out(study: Path, tmp_path: Path) -> None:
    key = read_key(study)

    def choose(pair: Any) -> int:
        if TRUTH in (pair.left, pair.right):
            return 1 if pair.left == TRUTH else -1
        return 1  # of other pairs the left, whatever it shows

    (tmp_path / "votes.json").write_text(json.dumps(ballot(key, 0, choose)))
    (rater,) = collect([study, tmp_path / "votes.json"]).raters
    assert (rater.right, rater.trivial) == (8, 8)
    assert rater.left_out == "contradicted themselves on 8 of 8 repeated pairs"


def test_errors_of_the_command_are_a_line(command: Command, study: Path, tmp_path: Path) -> None:
    (tmp_path / "votes.json").write_text("{}")
    for arguments in (
        ("fit", study, "votes.json"),
        ("fit", "votes.json", "votes.json"),
        ("next", study, study),
        ("agreement", study, tmp_path, "votes.json"),
    ):
        ran = command("study", *arguments)
        assert ran.returncode == 1, arguments
        assert ran.stderr.startswith("inpaintbench: ")
        assert ran.stderr.count("\n") == 1, ran.stderr
    assert not (study / "results").exists()
