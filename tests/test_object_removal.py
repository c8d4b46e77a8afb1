"""What a sample holds beside its image, and what of it methods see."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_runs import Quiet

from inpaintbench.audit.replay import replay
from inpaintbench.audit.verification import verify
from inpaintbench.errors import BenchError
from inpaintbench.execution.run import Options, run
from inpaintbench.images.png import read_png, write_png
from inpaintbench.images.types import Image
from inpaintbench.planning.benchmark import Benchmark, TimingSettings
from inpaintbench.planning.case import LoadedCase, load, read_sample
from inpaintbench.planning.plan import Plan, describe, make_plan
from inpaintbench.plugins import registry
from inpaintbench.regression.reading import read_results
from inpaintbench.report.figures import draw
from inpaintbench.report.figures.drawing import Request
from inpaintbench.report.figures.style import STYLES, applied
from inpaintbench.report.kinds import FigureKind, StyleName, TableKind
from inpaintbench.report.pictures import CheckedPictures
from inpaintbench.report.summary import Summary
from inpaintbench.report.tables import make
from inpaintbench.site.building import write_site
from inpaintbench.standalone.contact_sheet import write_contact_sheet
from inpaintbench.standalone.mask_export import DrawnMask
from inpaintbench.standalone.single import inpaint_file
from inpaintbench.storage.merging import merge
from inpaintbench.storage.rows import RunRows, long_rows
from inpaintbench.storage.runs import RunPictures, export, read_run
from inpaintbench.storage.store import Store

SCENES = '''
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inpaintbench.datasets.base import Dataset, Sample


@dataclass(frozen=True)
class Scenes(Dataset):
    """Objects of 255 on grounds of 100 and 120, with a shadow of 50, once with a prompt."""

    def ids(self):
        return ["told", "untold"]

    def load(self, sample_id):
        image = np.full((24, 24, 3), 100 if sample_id == "told" else 120, np.uint8)
        mask, effect = np.zeros((2, 24, 24), bool)
        mask[6:12, 6:12] = effect[12:16, 6:12] = True
        given = image.copy()
        given[mask], given[effect] = 255, 50
        prompt = "a grey wall, “façade”" if sample_id == "told" else ""
        {change}
        return Sample(sample_id, image, mask, given, effect, prompt)
'''
TOLD = "a grey wall, “façade”"

WITNESS = '''
import json
from pathlib import Path

from inpaintbench.methods.base import Method


class {name}(Method):
    """Write down what it is shown and told."""

    {declared}

    def inpaint(self, image, mask{prompt}):
        seen = [int(image[mask].min()), int(image[mask].max()), int(image.min()), {told}]
        with Path(__file__).with_suffix(".seen").open("a") as log:
            log.write(json.dumps(seen) + "\\n")
        return image
'''

NEEDS_ONE = 'prompts = "required"', ", prompt"
MAY_HAVE_ONE = 'sees = "input"; prompts = "optional"', ', prompt=""'


def scenes(folder: Path, change: str = "pass") -> str:
    """Write the dataset, with a change, and return its specification."""
    (folder / "scenes.py").write_text(SCENES.format(change=change))
    return str(folder / "scenes.py")


def witness(folder: Path, name: str, declared: str = "pass", prompt: str = "") -> str:
    """Write a method that notes what it sees of the hole, and its prompt."""
    told = "prompt" if prompt else "None"
    text = WITNESS.format(name=name, declared=declared, prompt=prompt, told=told)
    (folder / f"{name}.py").write_text(text)
    return str(folder / f"{name}.py")


def seen(folder: Path, name: str) -> list[tuple[object, ...]]:
    """Return what a witness saw: least and largest in the hole, least of all, prompt."""
    lines = (folder / f"{name}.seen").read_text().splitlines()
    return sorted({tuple(json.loads(line)) for line in lines}, key=str)


def plan_of(dataset: str, *methods: str, masks: str = "paired", limit: int = 2) -> Plan:
    benchmark = Benchmark("removal", (dataset,), (masks,), methods, ("psnr",), limit=limit)
    return make_plan(replace(benchmark, timing=TimingSettings(cases=1, warmup=0)))


def run_of(folder: Path, plan: Plan, timing: bool = False) -> RunRows:
    run(plan, folder, Options(timing=timing), Quiet())
    rows = read_run(folder)
    export(rows, folder)
    return rows


def first_case(dataset: str, masks: str = "paired") -> LoadedCase:
    return load(plan_of(dataset, "mean-fill", masks=masks, limit=1).cases[0])


class TestWhatMayBeSeen:
    def test_the_object_in_the_samples_own_hole(self, tmp_path: Path) -> None:
        case = first_case(scenes(tmp_path))
        assert np.array_equal(case.seen("input"), case.input)
        assert (case.input[case.mask] == 255).all()

    def test_of_the_truth_what_is_the_input_too(self, tmp_path: Path) -> None:
        """Whoever doesn't see the object sees its shadow all the same, and never what is below."""
        case = first_case(scenes(tmp_path))
        shown = case.seen("known")
        assert not shown[case.mask].any()
        assert np.array_equal(shown[~case.mask], case.input[~case.mask])
        assert case.effect is not None and (shown[case.effect] == 50).all()

    def test_nothing_in_a_hole_that_is_not_the_samples_own(self, tmp_path: Path) -> None:
        """Another hole lies on pixels of the truth, too."""
        case = first_case(scenes(tmp_path), masks="large-regions")
        assert not case.seen("input")[case.mask].any()

    @pytest.mark.parametrize("change", ["given = None; effect = None", "given[mask] = image[mask]"])
    def test_nothing_where_the_truth_is_in_the_hole(self, change: str, tmp_path: Path) -> None:
        case = first_case(scenes(tmp_path, change))
        assert not case.seen("input")[case.mask].any()

    def test_the_object_where_nobody_knows_the_truth(self, tmp_path: Path) -> None:
        told = scenes(tmp_path, "image, given, effect = given, None, None")
        path = Path(told)
        path.write_text(
            path.read_text().replace("    def ids", "    has_reference = False\n\n    def ids")
        )
        assert (first_case(told).seen("input")[6:12, 6:12] == 255).all()

    def test_nothing_on_a_dataset_without_inputs(self) -> None:
        case = first_case("photos[size=64]", masks="small-holes")
        assert not case.seen("input")[case.mask].any()


BAD = {
    "given = given[:20]": "its input is uint8 (20, 24, 3), wanted uint8 (24, 24, 3) as its ref",
    "given = given.astype('uint16')": "its input is uint16 (24, 24, 3), wanted uint8 (24, 24, 3)",
    "given = 'scene.png'": "its input is a str, wanted uint8 (24, 24, 3) as its reference is",
    "effect = effect[:20]": "its effect mask is bool (20, 24), wanted bool (24, 24)",
    "effect = effect * 255": "its effect mask is int64 (24, 24), wanted bool (24, 24)",
    "effect[:] = False; effect[:4] = True": "input and reference are the same all over its effect",
    "given = None": "has an effect mask, but no input that shows the effect",
    "prompt = None": "its prompt must be a text, not None",
    "prompt = 'a' + chr(10)": "its prompt must be a line of at most 10,000 characters",
    "prompt = 'a' * 10001": "its prompt must be a line of at most 10,000 characters",
}


@pytest.mark.parametrize("change", BAD)
def test_a_sample_that_does_not_fit_is_one_line(change: str, tmp_path: Path) -> None:
    with pytest.raises(BenchError) as caught:
        first_case(scenes(tmp_path, change))
    assert BAD[change] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("declared", "prompt", "said"),
    [
        ('prompts = "optional"', "", "inpaint takes no third argument"),
        ("pass", ', prompt=""', "inpaint takes a prompt; say prompts ="),
        ('prompts = "always"', ', prompt=""', "ignored or optional or required, not 'always'"),
        ('sees = "all"', "", "sees must be known or input, not 'all'"),
    ],
)
def test_what_a_method_declares_must_be_so(
    declared: str, prompt: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(BenchError, match=said) as caught:
        describe(witness(tmp_path, "Liar", declared, prompt))
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run three witnesses on two scenes, and time them."""
    folder = tmp_path_factory.mktemp("removal")
    methods = [
        witness(folder, "Plain"),
        witness(folder, "Remover", *MAY_HAVE_ONE),
        witness(folder, "Painter", *NEEDS_ONE),
    ]
    run_of(folder / "run", plan_of(scenes(folder), *methods), timing=True)
    return folder


class TestARun:
    def test_it_shows_and_tells_each_method_what_it_declares(self, folder: Path) -> None:
        """In the quality pass and in the timing pass."""
        assert seen(folder, "Plain") == [(0, 0, 0, None)]
        assert seen(folder, "Remover") == [(255, 255, 50, ""), (255, 255, 50, TOLD)]
        assert seen(folder, "Painter") == [(0, 0, 0, TOLD)]
        assert set(read_run(folder / "run").timings["variant"]) == {"plain", "remover", "painter"}

    def test_who_needs_a_prompt_is_skipped_where_there_is_none(self, folder: Path) -> None:
        rows = read_run(folder / "run")
        cells = rows.cells.merge(rows.cases, on="case")
        skipped = cells[cells["status"] != "done"]
        assert skipped[["variant", "sample", "status", "message"]].to_numpy().tolist() == [
            ["painter", "untold", "skipped", "needs a prompt, and the sample has none"]
        ]

    def test_it_exports_what_its_cases_hold(self, folder: Path) -> None:
        rows = read_run(folder / "run")
        by_sample = rows.cases.set_index("sample")
        content = first_case(str(folder / "scenes.py")).content
        assert by_sample["prompt"].to_dict() == {"told": TOLD, "untold": ""}
        assert by_sample.loc["told", "input_sha256"] == content.input_sha256 != content.image_sha256
        assert by_sample.loc["told", "effect_sha256"] == content.effect_sha256 != ""
        assert rows.variants["sees"].tolist() == ["known", "input", "known"]
        assert rows.variants["prompts"].tolist() == ["ignored", "optional", "required"]
        for name in ("rows.csv", "rows.parquet"):
            assert long_rows(read_results(folder / "run" / name)).equals(long_rows(rows))

    def test_a_change_is_found(self, tmp_path: Path) -> None:
        """By who verifies, who replays, who merges, and who carries on."""
        note = tmp_path / "note"
        note.write_text("")
        # the ids of the cases follow the source of a person's dataset, so a file changes
        changed = f"""
        if Path({str(note)!r}).read_text():
            given[0, 0], effect[16, 6], prompt = 254, True, "a brick wall"
        """
        told = scenes(tmp_path, changed)
        plan = plan_of(told, "mean-fill", limit=1)
        run_of(tmp_path / "run", plan)
        assert not verify(tmp_path / "run", 1, Quiet()).mismatches
        note.write_text("changed")
        found = "\n".join(verify(tmp_path / "run", 1, Quiet()).mismatches)
        assert all(f": {name}" in found for name in ("input_sha256", "effect_sha256", "prompt"))
        what = "the input and effect mask and prompt"
        again = replay(tmp_path / "run", plan.cases[0].id, "mean-fill")
        assert f"{what} isn't the one of the run" in again.mismatches
        late = run_of(tmp_path / "run", plan_of(told, "mean-fill", "telea", limit=1))
        (failed,) = late.cells.loc[late.cells["variant"] == "telea", "message"]
        assert failed.startswith(f"{what} made here isn't the one of the run")
        run_of(tmp_path / "other", plan)
        with pytest.raises(BenchError, match=f"{what} of .* isn't that of "):
            merge([tmp_path / "run", tmp_path / "other"], tmp_path / "merged")

    def test_an_ordinary_dataset_has_none_of_it(self) -> None:
        content = first_case("textures[size=32]", masks="small-holes").content
        assert (content.input_sha256, content.effect_sha256, content.prompt) == ("", "", "")


class TestPictures:
    def test_a_table_names_who_was_shown_the_object(self, folder: Path) -> None:
        table = make(TableKind.leaderboard, Summary(read_run(folder / "run")))
        assert "which is hidden from the others: remover." in " ".join(table.notes)

    def test_a_figure_shows_what_came_back_and_the_input(self, folder: Path) -> None:
        rows = read_run(folder / "run")
        with Store.read(folder / "run") as store, applied(STYLES[StyleName.web]):
            pictures = CheckedPictures(RunPictures(store), rows.cases)
            request = Request(Summary(rows), pictures=pictures, insets=False, errors=False)
            drawing = draw(FigureKind.pictures, request)
        axes = {one.get_title(): one for one in drawing.figure.axes}
        assert list(axes)[:3] == ["original", "input", "masked"]
        assert "as the methods returned them" in drawing.caption
        shown = axes["remover"].images[0].get_array()
        assert np.allclose(shown[12:16, 6:12], 50 / 255)  # the shadow, which it left

    def test_the_page_of_a_case_shows_all_that_there_is(self, folder: Path, tmp_path: Path) -> None:
        rows = read_run(folder / "run")
        with Store.read(folder / "run") as store:
            pictures = CheckedPictures(RunPictures(store), rows.cases)
            write_site(Summary(rows), tmp_path / "site", pictures, runs=[folder / "run"])
        (page,) = [
            path
            for path in (tmp_path / "site" / "cases").glob("*.html")
            if TOLD in path.read_text("utf-8")
        ]
        text = page.read_text("utf-8")
        assert all(f"<b>{name}</b>" in text for name in ("original", "input", "masked", "effect"))

        def picture(pattern: str) -> Image:
            (file,) = re.findall(pattern, text)
            return read_png((page.parent / file).read_bytes())

        assert (picture('<img src="([^"]*)" alt="input"')[6:12, 6:12] == 255).all()
        of_remover = 'data-variant="remover"[^>]*'
        assert (picture(f'{of_remover}data-raw="([^"]*)"')[12:16, 6:12] == 50).all()
        assert (picture(f'{of_remover}data-result="([^"]*)"')[12:16, 6:12] == 100).all()

    def test_a_contact_sheet_outlines_hole_and_effect(self, folder: Path, tmp_path: Path) -> None:
        dataset = registry.datasets().make(str(folder / "scenes.py"))
        sample = read_sample(dataset, "told")
        assert sample.mask is not None
        drawn = DrawnMask(sample, 0, "default", sample.mask)
        write_contact_sheet(tmp_path / "sheet.png", "scenes", [drawn])
        pixels = read_png((tmp_path / "sheet.png").read_bytes()).reshape(-1, 3)
        colours = {tuple(pixel) for pixel in pixels.tolist()}
        assert {(224, 84, 0), (0, 114, 178), (255, 255, 255)} <= colours


class TestASinglePicture:
    @pytest.fixture
    def files(self, tmp_path: Path) -> Path:
        pixels, mask = np.full((24, 24, 3), 100, np.uint8), np.zeros((24, 24, 1), np.uint8)
        pixels[6:12, 6:12], mask[6:12, 6:12] = 255, 255
        write_png(tmp_path / "image.png", pixels)
        write_png(tmp_path / "mask.png", mask)
        return tmp_path

    def fill(self, files: Path, method: str, **options: object) -> Image:
        out = files / "out.png"
        inpaint_file(files / "image.png", files / "mask.png", method, out, **options)  # type: ignore[arg-type]
        return read_png(out.read_bytes())

    def test_a_remover_sees_it_whole_where_a_person_says_so(self, files: Path) -> None:
        method = witness(files, "Remover", *MAY_HAVE_ONE)
        self.fill(files, method)
        assert seen(files, "Remover") == [(0, 0, 0, "")]
        self.fill(files, method, show_object=True, prompt=TOLD, composite=False)
        assert seen(files, "Remover")[1:] == [(255, 255, 100, TOLD)]

    @pytest.mark.parametrize(
        ("method", "options", "said"),
        [
            ("telea", {"show_object": True}, "telea never sees what is in the hole"),
            ("telea", {"prompt": "a wall"}, "telea takes no prompt: leave --prompt out"),
            (NEEDS_ONE, {}, "needs to be told what to paint: --prompt TEXT"),
        ],
    )
    def test_what_a_method_does_not_take_or_lacks_is_one_line(
        self, files: Path, method: str | tuple[str, str], options: dict[str, object], said: str
    ) -> None:
        chosen = method if isinstance(method, str) else witness(files, "Painter", *method)
        with pytest.raises(BenchError, match=said) as caught:
            self.fill(files, chosen, **options)
        assert "\n" not in str(caught.value)
        assert not (files / "out.png").exists()
