"""What runs, methods, folders and exported files are called, and what a plan keeps."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import cv2
import pytest
from conftest import Command
from small_runs import small_run

from inpaintbench.errors import BenchError
from inpaintbench.planning import benchmark
from inpaintbench.planning.naming import with_options
from inpaintbench.plugins.specification import shown, split_name
from inpaintbench.site.reproduction import replay_command, run_command
from inpaintbench.storage.runs import read_run
from inpaintbench.storage.store import Store

METHOD = """
from dataclasses import dataclass
from inpaintbench.methods.base import Method


@dataclass(frozen=True)
class {name}(Method):
    \"\"\"Fill with a level.\"\"\"

    level: int = {level}

    def inpaint(self, image, mask):
        filled = image.copy()
        filled[mask] = self.level
        return filled
"""

METRIC = """
from dataclasses import dataclass
from inpaintbench.metrics.base import Metric


@dataclass(frozen=True)
class Spread(Metric):
    \"\"\"Largest value, in levels.\"\"\"

    def score(self, result):
        return float(result.composite.max())
"""

FEW = ("-d", "photos[size=64]", "--masks", "small-holes", "--limit", "2")
QUIET = ("--no-timing", "--no-report")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "my methods"
    folder.mkdir()
    for name, level in (("dark", 0), ("grey", 128), ("light", 255)):
        text = METHOD.format(name=name.title(), level=level)
        (folder / f"{name}.py").write_text(text)
    (tmp_path / "spread.py").write_text(METRIC)
    return folder


@pytest.mark.slow
def test_a_run_is_called_after_what_it_holds_and_methods_as_asked(
    command: Command, tmp_path: Path, mine: Path
) -> None:
    ran = command(*("run", "-m", f"Ours|x={mine}/grey.py"), *FEW, *QUIET, "--metric", "psnr")
    assert ran.returncode == 1
    assert "without brackets or commas" in ran.stderr

    ran = command(
        *("run", "-m", "Ours (2026)=my methods/grey.py[level=100]", "telea", *FEW, *QUIET),
        *("--metric", "psnr", "mae", "./spread.py"),
    )
    assert ran.returncode == 0, ran.stderr
    (run,) = (tmp_path / "results" / "runs").iterdir()
    assert run.name == "Ours-2026-telea-on-photos-size-64-with-small-holes-limit-2"
    rows = read_run(run)
    assert rows.name == run.name
    assert rows.benchmark.description.startswith("Ours (2026) and telea, on photos[size=64]")
    assert list(rows.variants["variant"]) == ["Ours (2026)", "telea"]
    assert list(rows.variants["method"]) == ["grey", "telea"]
    # every metric that was asked for is shown, a person's own too
    table = command("table", "leaderboard", run, "-f", "markdown").stdout
    assert all(label in table for label in ("| PSNR ↑", "| MAE ↓", "| spread ↑", "Ours (2026)"))
    assert "Ours (2026)" in command("table", "leaderboard", run, "-f", "latex").stdout
    assert command("verify", run, "--run-code").stdout.endswith("scores checked)\n")

    out = tmp_path / "pictures"
    assert command("export", run, "-m", "Ours (2026)", "-o", out).returncode == 0
    manifest = json.loads((out / "manifest.json").read_text())
    assert [one["method"] for one in manifest] == ["Ours (2026)"] * 2
    for one in manifest:
        place = out / one["file"]
        assert place.name == "Ours-2026.png"
        assert place.parent.name == "small-holes-0"
        filled, hole = cv2.imread(str(place)), cv2.imread(str(place.with_name("_mask.png")))
        assert (filled[hole == 255] == 100).all()
        original = cv2.imread(str(place.with_name("_original.png")))
        assert (filled[hole == 0] == original[hole == 0]).all()

    # another name is the same method: nothing is run again
    again = command(
        *("run", "-m", "Grey=my methods/grey.py[level=100]", "telea", *FEW, *QUIET),
        *("--metric", "psnr", "-o", run),
    )
    assert "inpainting" not in again.stderr
    assert f"note: Ours (2026) left the plan of {run}" in again.stderr
    assert list(read_run(run).variants["variant"]) == ["Grey", "telea"]


@pytest.mark.slow
def test_what_was_added_to_a_folder_stays(command: Command, tmp_path: Path, mine: Path) -> None:
    (tmp_path / "few.toml").write_text(
        'datasets = ["photos[size=64]"]\nmasks = ["small-holes"]\nlimit = 1\n'
        'methods = ["telea", "my methods/dark.py"]\nmetrics = ["psnr"]\n'
        '[names]\nBlack = "my methods/dark.py"\n'
    )

    def planned() -> list[str]:
        rows = read_run(tmp_path / "results" / "runs" / "few")
        with Store.read(rows.directory) as store:
            known = store.specifications()
        given = [split_name(text)[1] for text in rows.benchmark.methods]
        assert given == [known[key] for key in rows.variants["key"]]
        return list(rows.variants["variant"])

    for name, now in (("grey", ["grey"]), ("light", ["light", "grey"])):
        ran = command("run", "few.toml", "--add", f"./my methods/{name}.py", *QUIET)
        assert ran.returncode == 0, ran.stderr
        assert planned() == ["telea", "Black", *now]
    (mine / "grey.py").unlink()
    ran = command("run", "few.toml", "--add", "./my methods/light.py", *QUIET)
    assert "grey.py left the plan: there is no such file any more" in ran.stderr
    ran = command("run", "few.toml", *QUIET)
    assert "note: light left the plan" in ran.stderr
    assert planned() == ["telea", "Black"]


@pytest.mark.slow
def test_commands_of_a_site_can_be_pasted(
    command: Command, mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = small_run(tmp_path / "run", f"Ours={mine}/grey.py[level=7]", "telea", limit=1)
    words = shlex.split(run_command(rows, "Ours"))
    assert words[:4] == ["inpaintbench", "run", "--method", "Ours=./my methods/grey.py[level=7]"]
    assert words[-2:-1] == ["--out"]
    assert command(*words[1:], "--no-timing", "--no-report").returncode == 0
    again = read_run(tmp_path / words[-1])
    assert list(again.variants["variant"]) == ["Ours"]
    assert set(again.cells["output_sha256"]) <= set(rows.cells["output_sha256"])

    case = str(rows.cases["case"][0])
    words = shlex.split(replay_command(rows, "run", case, "Ours"))
    ran = command(*words[1:])
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.endswith("the same as in the run\n")
    (mine / "grey.py").rename(tmp_path / "grey.py")
    ran = command("replay", "run", case, "Ours")
    assert ran.stderr.endswith("where Ours has moved, give its file: --method ./grey.py\n")
    assert command("replay", "run", case, "Ours", "-m", "./grey.py").returncode == 0


def test_names_of_methods_in_a_file_must_be_of_its_methods(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = 'datasets = ["photos"]\nmasks = ["dust"]\nmethods = ["telea"]\nmetrics = ["psnr"]\n'
    path.write_text(f'{text}names = {{ Ours = "tellea" }}\n')
    with pytest.raises(BenchError, match=r"'tellea' isn't among the methods; did you mean 'telea'"):
        benchmark.read(str(path))
    path.write_text(f"names = 3\n{text}")
    with pytest.raises(BenchError, match="names must be a table"):
        benchmark.read(str(path))


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "quick"),
        ({"timeout": 5.0}, "quick"),
        ({"methods": list(benchmark.read("quick").methods)}, "quick"),
        ({"limit": 3}, "quick-limit-3"),
        ({"methods": ["telea"]}, "telea-on-quick"),
        ({"methods": ["a", "b", "c", "d"], "datasets": ["photos"]}, "4-methods-on-photos"),
        ({"datasets": ["folder[path=/home/me/x y]"]}, "quick-on-folder-path-x-y"),
        ({"metrics": ["psnr"], "main_metrics": ["psnr"]}, "quick-by-psnr"),
        ({"methods": ["/home/me/own.py[a=1]"], "seed": 7}, "own-a-1-on-quick-seed-7"),
    ],
)
def test_names_say_what_differs_from_a_preset(options: dict[str, object], name: str) -> None:
    assert with_options(benchmark.read("quick"), **options).name == name


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("folder[path=/home/me/pictures]", "folder[path=pictures]"),
        ('folder[path="/home/my user/some pictures"]', 'folder[path="some pictures"]'),
        ("folder[path=data/pictures]", "folder[path=pictures]"),
        ("/home/me/own.py[x=1]", "own.py[x=1]"),
        ("deepfill[weights=/a/b/x.pth,tile=256]", "deepfill[weights=x.pth,tile=256]"),
        ("diffusers[model=someone/model]", "diffusers[model=someone/model]"),
        ('command[run="/home/me/fill {image} {mask}"]', 'command[run="fill {image} {mask}"]'),
        ("telea[radius=5]", "telea[radius=5]"),
    ],
)
def test_labels_show_the_last_part_of_folders(text: str, label: str) -> None:
    assert shown(text) == label
