"""``inpaintbench masks``: what it writes equals what a run uses, and what it checks is checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from click.testing import Result
from mask_cases import Formula
from typer.testing import CliRunner

from inpaintbench.cli.masks import masks
from inpaintbench.datasets.base import Sample
from inpaintbench.errors import BenchError
from inpaintbench.masks.manifest import Manifest, read_manifest
from inpaintbench.masks.statistics import mask_statistics
from inpaintbench.planning.case import array_sha256, draw_mask, load, make_cases
from inpaintbench.plugins import registry
from inpaintbench.standalone.mask_export import export_masks, verify_manifest
from inpaintbench.standalone.suite_table import END, START

APPLICATION = typer.Typer()
APPLICATION.command()(masks)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(APPLICATION, [str(part) for part in arguments])


def export(directory: Path, suite: str = "small-holes", *more: str) -> Manifest:
    options = ("--dataset", "photos", "--size", "64", "--limit", "3", "-o", str(directory))
    done = run(suite, *options, *more)
    assert done.exit_code == 0, done.output
    return read_manifest(directory / "manifest.json")


def test_writes_the_masks_of_a_run_with_a_manifest_and_a_contact_sheet(tmp_path: Path) -> None:
    manifest = export(tmp_path, "small-holes[max_radius=9]", "--count", "2", "--seed", "5")
    dataset = registry.datasets().make("photos[size=64]")
    suite = registry.masks().make("small-holes[max_radius=9]")
    cases = list(
        make_cases(("photos[size=64]", dataset), dataset.ids()[:3], (manifest.suite, suite), 2, 5)
    )
    assert len(manifest.masks) == len(cases) == 6
    for record, case in zip(manifest.masks, cases, strict=True):
        loaded = load(case)
        written = cv2.imread(str(tmp_path / record.file), cv2.IMREAD_UNCHANGED)
        assert written.dtype == np.uint8
        assert np.array_equal(written, loaded.mask * np.uint8(255))
        assert (record.sample, record.index, record.kind) == (case.sample, case.index, loaded.kind)
        assert record.sha256 == array_sha256(loaded.mask)
        assert record.image_sha256 == array_sha256(loaded.image)
        assert record.statistics == mask_statistics(loaded.mask)
    assert (manifest.suite, manifest.suite_version, manifest.seed) == (case.suite, 1, 5)
    assert manifest.suite_parameters["max_radius"] == 9
    assert manifest.dataset_parameters == {"size": 64}
    assert cv2.imread(str(tmp_path / "contact-sheet.png")).shape[1] > 600


def test_the_exported_folder_serves_as_a_suite(tmp_path: Path) -> None:
    export(tmp_path, "object-shapes")
    dataset = registry.datasets().make("photos[size=64]")
    own, suite = (
        registry.masks().make(f'folder[path="{tmp_path}"]'),
        registry.masks().make("object-shapes"),
    )
    for name in dataset.ids()[:3]:
        sample = dataset.load(name)
        drawn = draw_mask(dataset, sample, suite, 0, 0)
        assert np.array_equal(draw_mask(dataset, sample, own, 0, 99), drawn)


def test_a_second_export_writes_the_same_bytes(tmp_path: Path) -> None:
    export(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    export(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_masks_of_another_suite_are_not_overwritten(tmp_path: Path) -> None:
    export(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = run("large-regions", "--size", "64", "--limit", "1", "-o", tmp_path)
    assert isinstance(done.exception, BenchError)
    assert "holds other masks already" in str(done.exception)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_verify_finds_nothing_wrong_in_an_export(tmp_path: Path) -> None:
    export(tmp_path, "textures", "--count", "4")
    for place in (tmp_path, tmp_path / "manifest.json"):
        done = run("--verify", place)
        assert done.exit_code == 0
        assert done.output == "12 masks checked, 12 drawn again, no mismatches\n"


def test_verify_names_each_mismatch_in_a_line(tmp_path: Path) -> None:
    export(tmp_path, "small-holes")
    pixels = cv2.imread(str(tmp_path / "astronaut_mask.png"), cv2.IMREAD_UNCHANGED)
    pixels[0, 0] ^= 255
    cv2.imwrite(str(tmp_path / "astronaut_mask.png"), pixels)
    (tmp_path / "chelsea_mask.png").unlink()
    cv2.imwrite(str(tmp_path / "coffee_mask.png"), np.full((64, 64), 90, np.uint8))
    done = run("--verify", tmp_path)
    assert done.exit_code == 1
    assert done.output.splitlines() == [
        "astronaut_mask.png: other pixels",
        "chelsea_mask.png: can't be read: No such file or directory",
        "coffee_mask.png: not a mask of 0 and 255",
        "3 masks checked, 3 drawn again, 3 mismatches",
    ]


def changed(tmp_path: Path, **fields: object) -> list[str]:
    """Export, change the manifest's first mask, and return what verifying says."""
    export(tmp_path)
    path = tmp_path / "manifest.json"
    content = json.loads(path.read_text())
    content["masks"][0].update(fields)
    path.write_text(json.dumps(content))
    return verify_manifest(path).mismatches


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"sha256": "0" * 64}, "other pixels"),
        ({"coverage": 0.5}, "the manifest says"),
        ({"thickness": 1.0}, "the manifest says"),
        ({"kind": "nothing"}, "of another kind"),
        ({"index": 3}, "drawn again, it has other pixels"),
        ({"sample": "nobody"}, "photos has no sample nobody"),
        ({"image_sha256": "0" * 64}, "the image astronaut has other pixels"),
        ({"file": "../astronaut_mask.png"}, "lies outside"),
        ({"file": "/etc/passwd"}, "lies outside"),
    ],
)
def test_verify_checks_everything_that_the_manifest_says(
    tmp_path: Path, fields: dict[str, object], message: str
) -> None:
    assert any(message in line for line in changed(tmp_path, **fields))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"suite": "no-suite"}, "no mask suite is called 'no-suite'"),
        ({"suite_version": 9}, "small-holes is version 1 here, not 9"),
        ({"suite_parameters": {"min_radius": 3}}, "small-holes has other parameters here"),
        ({"dataset": "nothing"}, "no dataset is called 'nothing'"),
    ],
)
def test_verify_says_why_masks_are_not_drawn_again(
    tmp_path: Path, fields: dict[str, object], message: str
) -> None:
    export(tmp_path)
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))
    done = run("--verify", path)
    assert done.exit_code == 0, "the files themselves are right"
    assert f"not drawn again: {message}" in done.output
    assert "3 masks checked, 0 drawn again, no mismatches" in done.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "can't be read"),
        ("{", "isn't JSON"),
        ("[]", "not a manifest"),
        ('{"format": 99}', "another format"),
        ('{"format": 1}', "not a manifest"),
        ('{"format": 1, "masks": [{"file": 3}]}', "not a manifest"),
        ('{"format": 1, "masks": 7}', "not a manifest"),
    ],
)
def test_what_is_no_manifest_is_refused_in_a_line(
    tmp_path: Path, content: str | None, message: str
) -> None:
    path = tmp_path / "manifest.json"
    if content is not None:
        path.write_text(content)
    done = run("--verify", path)
    assert isinstance(done.exception, BenchError)
    assert message in str(done.exception)
    assert "\n" not in str(done.exception)


@dataclass(frozen=True)
class Named(Formula):
    """Images whose names differ in their endings, or look as if they had one."""

    def ids(self) -> list[str]:
        return ["deep/cat.jpg", "deep/cat.png", "deep/dog.png", "day.1", "day.2"]

    def load(self, sample_id: str) -> Sample:
        return Sample(sample_id, super().load("00").image)


def test_verify_goes_on_where_a_mask_of_your_own_is_gone(tmp_path: Path) -> None:
    own = tmp_path / "own"
    first = run("small-holes", "--limit", "2", "--size", "32", "--out", own)
    assert first.exit_code == 0, first.output
    copy = tmp_path / "copy"
    suite = f"folder[path={own}]"
    again = run(suite, "--limit", "2", "--size", "32", "--out", copy)
    assert again.exit_code == 0, again.output
    sorted(own.glob("*_mask.png"))[0].unlink()
    done = run("--verify", copy)
    assert done.exit_code == 1
    assert "can't be drawn again: " in done.output
    assert "2 masks checked, 1 drawn again, 1 mismatch" in done.output


def test_samples_of_one_stem_get_files_of_their_own(tmp_path: Path) -> None:
    dataset, suite = Named(), registry.masks().make("small-holes")
    manifest = export_masks(dataset, suite, dataset.ids(), 1, 0, tmp_path)
    assert [record.file for record in manifest.masks] == [
        "deep/cat.jpg_mask.png",
        "deep/cat.png_mask.png",
        "deep/dog_mask.png",
        "day.1_mask.png",
        "day.2_mask.png",
    ]
    assert all((tmp_path / record.file).is_file() for record in manifest.masks)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a mask suite"),
        (("small-hole",), "did you mean 'small-holes'"),
        (("small-holes", "--dataset", "photo"), "did you mean 'photos'"),
        (("small-holes", "--dataset", "cifar10", "--size", "9"), "have no size to choose"),
    ],
)
def test_bad_arguments_are_refused_in_a_line_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*arguments)
    assert isinstance(done.exception, BenchError)
    assert message in str(done.exception)
    assert not list(tmp_path.iterdir())


PLUGIN = """
import numpy as np
from inpaintbench.{package}.base import {base}, Sample


class Own({base}):
    def ids(self):
        return ["a", "b"]

    def load(self, sample_id):
        if sample_id == "a":
            return Sample("a", np.zeros((32, 32, 3), np.uint8))
        {deed}

    def draw(self, sample, kind, random):
        {deed}
"""


@pytest.mark.parametrize(
    ("deed", "of_dataset", "of_suite"),
    [
        ("raise ValueError('boom')", "ValueError: boom", "ValueError: boom"),
        ("return None", "load must return a Sample, not None", "drew None, wanted bool (32, 32)"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--statistics",)])
def test_what_a_plugin_does_is_said_in_a_line_and_nothing_is_written(
    tmp_path: Path, deed: str, of_dataset: str, of_suite: str, more: tuple[str, ...]
) -> None:
    data, suite, out = tmp_path / "data.py", tmp_path / "suite.py", tmp_path / "out"
    data.write_text(PLUGIN.format(package="datasets", base="Dataset", deed=deed))
    suite.write_text(PLUGIN.format(package="masks", base="MaskSuite", deed=deed))
    done = run("large-regions", "-d", data, *more, *(() if more else ("-o", out)))
    assert str(done.exception) == f"dataset own, b: {of_dataset}"
    done = run(suite, "-d", "photos[size=32]", *more, *(() if more else ("-o", out)))
    assert str(done.exception).startswith("mask suite own (default) on ")
    assert str(done.exception).endswith(f": {of_suite}")
    assert not out.exists()


def test_statistics_are_a_markdown_table_of_every_kind(tmp_path: Path) -> None:
    done = run("large-regions", "--statistics", "--size", "64", "--limit", "2", "--count", "20")
    head, rule, *rows = done.output.splitlines()
    assert head.startswith("| suite | kind | coverage % |")
    assert head.count("|") == rule.count("|") == rows[0].count("|")
    suite = registry.masks().make("large-regions")
    assert [row.split("|")[2].strip() for row in rows] == list(suite.kinds)
    assert rows[0].startswith("| `large-regions` |")
    assert rows[1].startswith("|  |")
    assert rows[2].split("|")[3:5] == [" 50.0 ", " 50.0 to 50.0 "]


def test_statistics_renew_the_table_of_a_document(tmp_path: Path) -> None:
    document = tmp_path / "suites.md"
    document.write_text(f"before\n{START}\nold\n{END}\nafter\n")
    options = ("--statistics", "--size", "32", "--limit", "1", "--count", "2", "-o", document)
    assert run("pixel-dropout", *options).exit_code == 0
    text = document.read_text()
    assert text.startswith(f"before\n{START}\n")
    assert text.endswith(f"\n{END}\nafter\n")
    assert "old" not in text
    assert "| `pixel-dropout` |  | 80.0 | 80.0 to 80.0 |" in text
    document.write_text("no marks")
    assert "there is no" in str(run("pixel-dropout", *options).exception)
