"""The leaderboard site: whole, self-contained, escaped, and true to the run."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import shlex
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from synthetic_run import PSNR, SyntheticPictures, synthetic_run

from inpaintbench.errors import BenchError
from inpaintbench.folder import SITE_FILES, Folder
from inpaintbench.masks.statistics import COVERAGE_EDGES, THICKNESS_EDGES, bin_labels
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.report.summary import Summary
from inpaintbench.site.addresses import page_names
from inpaintbench.site.building import write_site
from inpaintbench.site.facets import facets
from inpaintbench.site.highlights import cells_with_pictures, highlights
from inpaintbench.site.pictures import write_cases
from inpaintbench.site.plots import write_plots
from inpaintbench.site.reproduction import public_name, run_command
from inpaintbench.storage.rows import Provenance, RunRows

HOSTILE = '<script>alert("x")</script>'
QUOTES = 'it\'s[a="b"]&amp;'
METHODS = ["mean-fill", "telea[radius=5]", "slow", HOSTILE, QUOTES]


@pytest.fixture(scope="module")
def rows() -> RunRows:
    return synthetic_run(
        METHODS,
        datasets=("photos[size=128]", "textures"),
        images=3,
        unfinished={"slow": 0.6, HOSTILE: 0.05},
        failure="crash",
        trained_on={QUOTES: "photos/train"},
    )


@pytest.fixture(scope="module")
def site(rows: RunRows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site") / "site"
    write_site(Summary(rows), directory, SyntheticPictures(rows), runs=[Path("results/my run")])
    return directory


class _Page(HTMLParser):
    """What a page holds: references, ids, scripts and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.references: list[str] = []
        self.ids: list[str] = []
        self.scripts: list[dict[str, str | None]] = []
        self.handlers: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "script":
            self.scripts.append(attributes)
        if tag == "img":
            self.images.append(attributes)
        self.handlers += [name for name in attributes if name.startswith("on")]
        self.ids += [value for name, value in attrs if name == "id" and value]
        names = ("src", "href", "data-file", "data-result", "data-error", "data-ssim")
        self.references += [value for name, value in attrs if name in names and value]

    def handle_data(self, data: str) -> None:
        self.text += data


def pages(site: Path) -> Iterator[tuple[Path, _Page]]:
    for path in sorted(site.rglob("*.html")):
        yield path, _Page(path)


def test_a_page_for_every_method_and_case_and_every_link_leads_somewhere(
    site: Path, rows: RunRows
) -> None:
    assert len(list((site / "methods").iterdir())) == len(METHODS)
    assert len(list((site / "cases").iterdir())) == len(rows.cases)
    for path, page in pages(site):
        assert len(page.ids) == len(set(page.ids)), path
        for reference in page.references:
            parts = urlsplit(reference)
            assert not parts.scheme, (path, reference)
            assert not parts.netloc, (path, reference)
            target = path.parent / unquote(parts.path) if parts.path else path
            assert target.is_file(), (path, reference)
            if parts.fragment:
                assert parts.fragment in _Page(target).ids, (path, reference)


def test_nothing_names_another_host(site: Path) -> None:
    for path in site.rglob("*"):
        if path.suffix in (".html", ".css", ".js", ".svg"):
            text = path.read_text(encoding="utf-8")
            # what is left are the names of XML namespaces
            text = re.sub(r'xmlns(:\w+)?="[^"]*"|<!DOCTYPE svg[^>]*>', "", text)
            assert not re.search(r"""https?:|["'(]//""", text), path


def test_names_are_text_wherever_they_stand(site: Path) -> None:
    for path, page in pages(site):
        assert all(script.get("src") for script in page.scripts), path
        assert not page.handlers, path
        assert "<script>alert" not in path.read_text(encoding="utf-8"), path
    front = _Page(site / "index.html")
    assert HOSTILE in front.text
    assert QUOTES in front.text


@given(st.lists(st.text(min_size=1), unique=True, max_size=8))
def test_page_names_are_safe_and_stay_apart(names: list[str]) -> None:
    found = page_names("methods", names)
    assert len({page.casefold() for page in found.values()}) == len(names)
    for page in found.values():
        assert re.fullmatch(r"methods/[a-z0-9-]+\.html", page)
        assert len(page) < 80


def _run_data(site: Path) -> dict[str, object]:
    text = (site / "data/run.js").read_text()
    found = re.fullmatch(r"inpaintbench\.run = JSON\.parse\((.*)\);\n", text)
    assert found
    data: dict[str, object] = json.loads(json.loads(found[1]))
    return data


def test_the_browser_gets_every_score_and_every_finished_cell(site: Path, rows: RunRows) -> None:
    summary = Summary(rows)
    data = _run_data(site)
    variants = data["variants"]
    assert variants == [entry.variant for entry in summary.overall.entries]
    shape = (len(rows.cases), len(METHODS))
    done = np.frombuffer(base64.b64decode(str(data["done"])), np.uint8).reshape(shape)
    np.testing.assert_array_equal(done.astype(bool), summary.scores.done[variants])
    for metric, described in zip(summary.scores.metrics, data["metrics"], strict=True):  # type: ignore[call-overload]
        text = (site / described["file"]).read_text()
        packed = base64.b64decode(text.split('"')[1])
        values = np.frombuffer(packed, "<f4").reshape(shape)
        expected = summary.scores.values[metric.id][variants].to_numpy(np.float32)
        np.testing.assert_array_equal(values, expected)


def test_bins_are_those_of_the_mask_statistics(rows: RunRows) -> None:
    cases = rows.cases.set_index("case")
    found = {facet.key: facet for facet in facets(cases)}
    for key, edges in (("coverage", COVERAGE_EDGES), ("thickness", THICKNESS_EDGES)):
        named = [found[key].values[code] for code in found[key].codes]
        assert named == list(pd.cut(cases[key], edges, labels=bin_labels(edges)))
    assert [found["suite"].values[code] for code in found["suite"].codes] == list(cases["suite"])


def test_failures_are_shown_with_their_reasons(site: Path, rows: RunRows) -> None:
    page = page_names("methods", METHODS)["slow"]
    text = " ".join(_Page(site / page).text.split())
    failed = ((rows.cells["variant"] == "slow") & (rows.cells["status"] == "failed")).sum()
    assert "not ranked" in text
    assert f"crash{failed}ended after 60 s" in text
    front = (site / "index.html").read_text()
    row = re.search(r'<tr[^>]*data-name="slow".*?</tr>', front, re.DOTALL)
    assert row
    assert f'title="{failed} crash"' in row[0]
    assert 'class="aside"' in row[0]


def test_a_method_trained_on_the_data_is_flagged(site: Path) -> None:
    front = (site / "index.html").read_text()
    flagged = re.findall(r'data-name="([^"]*)"(?:(?!</tr>).)*class="flag"', front, re.DOTALL)
    assert len(flagged) == 1
    assert "it" in flagged[0]


def test_examples_are_the_best_median_and_worst(rows: RunRows) -> None:
    summary = Summary(rows)
    (metric,) = summary.scores.main_metrics([PSNR])
    chosen = highlights(summary, metric)
    table = summary.scores.values[PSNR]
    suites = summary.scores.cases["suite"]
    for variant, found in chosen.items():
        for suite in summary.scores.suites():
            own = table.loc[suites == suite, variant].dropna()
            values = {h.word: h.value for h in found if h.suite == suite}
            assert values["best"] == own.max()
            if len(own) >= 3:
                assert values["worst"] == own.min()
                lower = sorted(own, reverse=True)[(len(own) - 1) // 2]
                assert values["median"] == lower


@pytest.mark.parametrize("most", [0, 1, 7, 40, 10_000])
def test_pictures_keep_to_their_number(rows: RunRows, most: int) -> None:
    summary = Summary(rows)
    chosen = highlights(summary, *summary.scores.main_metrics([PSNR]))
    cells = cells_with_pictures(summary, chosen, most)
    count = sum(map(len, cells.values()))
    assert count <= most
    done = summary.scores.done
    assert all(done.loc[case, variants].all() for case, variants in cells.items())
    if most == 10_000:
        assert count == done.to_numpy().sum()


def test_pictures_show_the_composite_and_where_it_is_wrong(rows: RunRows, tmp_path: Path) -> None:
    pictures = SyntheticPictures(rows)
    case = str(rows.cases["case"].iloc[0])
    found = write_cases(Folder(tmp_path, SITE_FILES), pictures, {case: ["mean-fill"]}).of[case]
    reference, mask = pictures.reference(case), pictures.mask(case)
    original = np.asarray(Pillow.open(tmp_path / found.original))
    np.testing.assert_array_equal(original, reference)
    result = np.asarray(Pillow.open(tmp_path / found.results["mean-fill"].result))
    np.testing.assert_array_equal(result[~mask], reference[~mask])
    np.testing.assert_array_equal(result[mask], pictures.output(case, "mean-fill")[mask])
    error = np.asarray(Pillow.open(tmp_path / found.results["mean-fill"].error))
    assert not error[~mask].any()
    difference = np.abs(result.astype(float) - reference).mean(axis=2)
    np.testing.assert_allclose(error, np.minimum(difference / found.brightest, 1) * 63, atol=0.51)
    ssim = np.asarray(Pillow.open(tmp_path / found.results["mean-fill"].ssim))
    assert ssim.shape == mask.shape
    assert ssim.any()


def test_the_same_run_gives_the_same_site_and_leftovers_go(
    site: Path, rows: RunRows, tmp_path: Path
) -> None:
    again = tmp_path / "site"
    written = write_site(
        Summary(rows), again, SyntheticPictures(rows), runs=[Path("results/my run")]
    )
    names = {path.relative_to(again) for path in written}
    hidden = site / ".inpaintbench-site"
    files = {path for path in site.rglob("*") if path.is_file() and path != hidden}
    assert names == {path.relative_to(site) for path in files}
    for name in names:
        assert (site / name).read_bytes() == (again / name).read_bytes(), name
    own = again / "CNAME"
    own.write_text("leaderboard.example")
    fewer = synthetic_run(2, datasets=("photos",), images=1)
    written = write_site(Summary(fewer), again, None)
    left = {path for path in again.rglob("*") if path.is_file()}
    assert left == {*written, own, again / ".inpaintbench-site"}


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(BenchError, match="not a site"):
        write_site(Summary(synthetic_run(2)), tmp_path, None)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    "run",
    [
        synthetic_run(1, datasets=("photos",), suites=("textures",), images=1),
        synthetic_run(2, images=2, unfinished={"telea": 1.0}, timings=False),
        synthetic_run(2, images=2, unfinished={"telea": 1.0, "mean-fill": 1.0}),
        synthetic_run(3, images=2, missing_lpips="its weights can't be had"),
    ],
    ids=["one method, one case", "one without results", "no results", "without LPIPS"],
)
def test_a_run_with_little_in_it_has_a_site(run: RunRows, tmp_path: Path) -> None:
    write_site(Summary(run), tmp_path / "site", SyntheticPictures(run))
    assert (tmp_path / "site" / "index.html").is_file()


def test_figures_for_dark_pages_differ_in_colours_only(site: Path) -> None:
    for light in (site / "figures").glob("*.svg"):
        if light.stem.endswith("-dark"):
            continue
        dark = light.with_name(f"{light.stem}-dark.svg").read_text()
        colours = re.compile(r' ?fill="#d9dde3"|#[0-9a-f]{6}\b')
        assert colours.sub("", dark) == colours.sub("", light.read_text())
        assert "#1a1a1a" not in dark


def test_the_command_that_reproduces_is_one_that_the_program_knows() -> None:
    from inpaintbench.cli.application import application

    benchmark = Benchmark(
        name="some",
        methods=("telea[radius=5]", './my methods/mine.py[name="it\'s"]'),
        datasets=("photos[size=128]",),
        masks=("small-holes",),
        metrics=("psnr[region=hole]",),
        limit=5,
        masks_per_sample=2,
        seed=7,
        timeout=60.0,
    )
    unknown = synthetic_run(["telea[radius=5]", 'mine[name="it\'s"]'], images=1)
    variants = unknown.variants.assign(specification=benchmark.methods)
    provenance = Provenance(benchmark=benchmark)
    rows = dataclasses.replace(unknown, provenance=provenance, variants=variants)
    command = run_command(rows, "telea[radius=5]")
    words = shlex.split(command)
    assert words[:4] == ["inpaintbench", "run", "--method", "telea[radius=5]"]
    run = typer.main.get_command(application).commands["run"]  # type: ignore[attr-defined]
    context = run.make_context("run", words[2:])
    assert context.params["dataset"] == ["photos[size=128]"]
    assert context.params["limit"] == 5
    assert context.params["count"] == 2
    assert context.params["subset_seed"] is None
    assert context.params["timeout"] == 60.0
    mine = shlex.split(run_command(rows, 'mine[name="it\'s"]'))
    assert mine[3] == benchmark.methods[1]
    assert run_command(unknown, "telea") == ""


def test_pages_name_no_path_of_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert public_name(Path("results/runs/quick")) == "results/runs/quick"
    assert public_name(tmp_path / "results/runs/quick") == "results/runs/quick"
    assert public_name(Path("../elsewhere/quick")) == "quick"
    assert public_name(Path("/scratch/me/quick")) == "quick"


def test_every_picture_waits_until_it_is_seen(site: Path) -> None:
    for path, page in pages(site):
        for image in page.images:
            if "pictures/" in (image.get("src") or ""):
                assert image.get("loading") == "lazy", path
                assert image.get("width"), path


def test_plots_that_a_run_cannot_fill_are_named(tmp_path: Path) -> None:
    from inpaintbench.site.pictures import SitePictures
    from inpaintbench.site.site import Site

    rows = synthetic_run(3, images=2, timings=False)
    write_plots(Site(Summary(rows), Folder(tmp_path, SITE_FILES), "t", SitePictures(), ()))
    assert "Quality and runtime: not drawn" in (tmp_path / "plots.html").read_text()
