"""Presets and TOML files."""

from __future__ import annotations

from pathlib import Path

import pytest

from inpaintbench.errors import BenchError
from inpaintbench.planning import benchmark
from inpaintbench.plugins import registry

SMALL = """
datasets = ["photos"]
masks = ["small-holes"]
methods = ["telea"]
metrics = ["psnr"]
"""


def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", benchmark.preset_names())
def test_every_preset_reads_and_says_what_it_is(name: str) -> None:
    assert benchmark.read(name).description


@pytest.mark.parametrize("name", benchmark.preset_names())
def test_every_name_in_a_preset_is_a_plugin(name: str) -> None:
    read = benchmark.read(name)
    for kind in ("methods", "datasets", "masks", "metrics"):
        for specification in getattr(read, kind):
            getattr(registry, kind)().make(specification)


def test_a_file_is_named_by_its_stem_and_filled_with_defaults(tmp_path: Path) -> None:
    read = benchmark.read(write(tmp_path, SMALL))
    assert (read.name, read.masks_per_sample, read.limit) == ("mine", 1, None)
    assert read.timing.repeats == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SMALL.replace("datasets", "dataset"), "did you mean 'datasets'"),
        (SMALL + "limt = 3", "unknown key .limt.; did you mean .limit."),
        (SMALL + "limit = '3'", "limit should be a valid integer, not"),
        (SMALL + "limit = 0", "limit must be at least 1"),
        (SMALL + "limit = true", "limit should be a valid integer, not"),
        (SMALL + "[timing]\nrepeat = 3", "did you mean 'repeats'"),
        (SMALL + "[timing]\nrepeats = 0", "repeats must be at least 1"),
        (SMALL + "timing = 3", "timing should be an object, not 3"),
        (SMALL.replace('["telea"]', '"telea"'), "methods should be a valid array, not .telea."),
        (SMALL.replace('["telea"]', '["telea", "telea"]'), "names 'telea' twice"),
        (SMALL.replace('["telea"]', "[]"), "methods is empty"),
        ('datasets = ["photos"]', "masks, methods, metrics must be set"),
        ("datasets = [", "not valid TOML"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(BenchError, match=message) as caught:
        benchmark.read(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_unknown_presets_and_missing_files_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="did you mean 'quick'"):
        benchmark.read("quikc")
    with pytest.raises(BenchError, match="no such file"):
        benchmark.read(str(tmp_path / "none.toml"))


# Why a method of the project's that needs nothing else stands in no such benchmark.
NOT_THERE = {
    "fsr-best": "fsr-fast with ten times the time",
    "exact-mean": "knows one dataset alone",
    "exact-sample": "knows one dataset alone",
}
FOR_SMALL_IMAGES = ("autoencoder", "context-encoder", "vae", "vae-sample")
"""Learned methods for images of 32 and 128 pixels."""


def every_method() -> dict[str, str]:
    """Map the methods of the project that fill any hole as they come to their families."""
    made = {name: cls() for name, cls in registry.methods().ours.plugins.items()}
    ready = {name: method for name, method in made.items() if not method.unavailable()}
    # what sees more than the known pixels is for datasets that have more
    plain = {name: m for name, m in ready.items() if m.sees == "known"}
    return {name: m.family for name, m in plain.items() if name not in NOT_THERE}


def test_every_classical_method_is_in_the_benchmarks_that_say_so() -> None:
    classical = {name for name, family in every_method().items() if family != "learned"}
    for name in ("classical", "standard"):
        preset = benchmark.read(name)
        assert "classical method" in preset.description
        assert classical <= set(preset.methods), name
    learned = {name for name, family in every_method().items() if family == "learned"}
    assert learned - set(FOR_SMALL_IMAGES) <= set(benchmark.read("standard").methods)
    assert set(FOR_SMALL_IMAGES) - {"vae-sample"} <= set(benchmark.read("cifar10").methods)


@pytest.mark.parametrize(
    "name", ["standard", "editing", "restoration", "textures", "object-removal"]
)
def test_benchmarks_of_photographs_hold_the_best_of_every_kind(name: str) -> None:
    assert {"fsr-fast", "patchmatch", "criminisi", "deepfill"} <= set(benchmark.read(name).methods)
