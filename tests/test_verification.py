"""Verifying and replaying runs: an honest one passes, each way to cheat is named."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
import typer
from conftest import Command
from fault_table import record
from onnx import TensorProto, helper
from small_runs import Quiet, small_run, write_nudged
from typer.testing import CliRunner

from inpaintbench.audit.replay import replay
from inpaintbench.audit.verification import Verification, verify
from inpaintbench.cli import verify as commands
from inpaintbench.errors import BenchError
from inpaintbench.images.png import read_png, write_png
from inpaintbench.planning.case import array_sha256
from inpaintbench.plugins import registry
from inpaintbench.storage.outputs import output_path
from inpaintbench.storage.runs import read_run

pytestmark = pytest.mark.waits


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("honest")
    method = write_nudged(folder / "nudged.py", 100)
    small_run(folder / "run", "telea", method, limit=2, masks=("small-holes",))
    return folder / "run"


@pytest.fixture
def run(honest: Path, tmp_path: Path) -> Path:
    shutil.copytree(honest, tmp_path / "run")
    return tmp_path / "run"


def sql(run: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(run / "run.db") as connection:
        assert connection.execute(statement, values).rowcount > 0


def checked(run: Path) -> Verification:
    return verify(run, 1, Quiet())


def first_output(run: Path) -> tuple[str, Path]:
    cell = read_run(run).cells.iloc[0]
    return cell["output_sha256"], run / output_path(cell["output_sha256"])


def test_an_honest_run_is_what_it_claims(honest: Path) -> None:
    before = (honest / "run.db").read_bytes()
    found = checked(honest)
    assert (found.cases, found.outputs, found.scores) == (2, 4, 8)
    assert not found.mismatches
    assert (honest / "run.db").read_bytes() == before


def better_score(run: Path) -> None:
    sql(run, "UPDATE scores SET value = value + 0.001 WHERE metric LIKE 'psnr%'")


def dropped_score(run: Path) -> None:
    worst = "(SELECT min(value) FROM scores WHERE metric LIKE 'psnr%')"
    sql(run, f"DELETE FROM scores WHERE value = {worst}")


def edited_output(run: Path) -> None:
    _, path = first_output(run)
    picture = read_png(path.read_bytes())
    picture[0, 0] ^= 1
    write_png(path, picture)


def swapped_output(run: Path) -> None:
    """Put a better picture in place, under its own digest, and keep the old scores."""
    sha256, path = first_output(run)
    picture = np.zeros_like(read_png(path.read_bytes()))
    other = array_sha256(picture)
    (run / output_path(other)).parent.mkdir(exist_ok=True)
    write_png(run / output_path(other), picture)
    for table in ("cells", "scores"):
        sql(run, f"UPDATE {table} SET output_sha256 = ? WHERE output_sha256 = ?", other, sha256)


def lost_output(run: Path) -> None:
    first_output(run)[1].unlink()


def easier_mask(run: Path) -> None:
    sql(run, "UPDATE cases SET mask_sha256 = ?, coverage = coverage / 2", "0" * 64)


def left_out_case(run: Path) -> None:
    sql(run, "DELETE FROM plan_cases WHERE position = 1")


def other_case(run: Path) -> None:
    sql(run, "UPDATE plan_cases SET mask_index = 7 WHERE position = 1")


def rows_embellished(run: Path) -> None:
    table = pd.read_csv(run / "rows.csv", dtype=str, keep_default_na=False)
    table.loc[0, "value"] = "99.0"
    table.to_csv(run / "rows.csv", index=False)


@pytest.mark.parametrize(
    ("cheat", "named"),
    [
        (better_score, "the run says"),
        (dropped_score, "psnr[dtype-range] is left out"),
        (edited_output, "isn't the output whose digest it bears"),
        (swapped_output, "psnr[dtype-range] is "),
        (lost_output, "can't be read"),
        (easier_mask, "mask_sha256 is "),
        (left_out_case, "1 of the 2 cases of the benchmark were left out"),
        (other_case, "its id belongs to another case"),
        (rows_embellished, "not as in run.db"),
    ],
)
def test_each_way_to_cheat_is_named(run: Path, cheat: Callable[[Path], None], named: str) -> None:
    cheat(run)
    mismatches = checked(run).mismatches
    assert mismatches
    assert any(named in str(mismatch) for mismatch in mismatches)


def test_a_run_that_bears_the_name_of_a_preset_says_how_it_differs(run: Path) -> None:
    sql(run, """UPDATE meta SET value = replace(value, '"small"', '"quick"')""")
    notes = checked(run).notes
    assert "not the preset quick: masks_per_sample" not in " ".join(notes)
    assert any(note.startswith("not the preset quick: limit is 2") for note in notes)


def test_a_row_computed_again_is_the_same(honest: Path) -> None:
    cell = read_run(honest).cells.iloc[0]
    found = replay(honest, cell["case"][:8], "telea")
    assert found.found.output_sha256 == cell["output_sha256"]
    assert len(found.scores) == 2
    assert not found.mismatches
    assert not found.notes


def test_a_row_of_an_edited_method_is_not_the_same(honest: Path, tmp_path: Path) -> None:
    case = read_run(honest).cells.iloc[0]["case"]
    edited = write_nudged(tmp_path / "nudged.py", 101)
    found = replay(honest, case, "nudged", method=edited)
    assert any(text.startswith("the output is") for text in found.mismatches)
    assert any(text.startswith("psnr[dtype-range] is") for text in found.mismatches)
    assert "the method's code, weights or libraries aren't those of the run" in found.notes
    (tmp_path / "failing").mkdir()
    failing = write_nudged(tmp_path / "failing" / "nudged.py", 0).replace("nudged.py", "bad.py")
    Path(failing).write_text(
        (tmp_path / "nudged.py").read_text().replace("return filled", "raise ValueError('no')")
    )
    found = replay(honest, case, "nudged", method=failing)
    assert found.mismatches == (
        "the cell ended as failed: exception (ValueError: no), the run says done",
    )


def test_a_metric_of_a_network_is_left_out_where_no_code_may_run(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["composite"], ["score"])],
        "mean",
        [helper.make_tensor_value_info("composite", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, None)],
    )
    opsets = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), tmp_path / "own.onnx")
    own = f"network-score[file={tmp_path / 'own.onnx'}]"
    small_run(tmp_path / "run", "telea", metrics=("psnr", own), masks=("small-holes",), limit=1)
    with registry.code_refused(True):
        found = checked(tmp_path / "run")
    assert not found.mismatches
    assert any("own.onnx]: not checked" in one and "--run-code" in one for one in found.notes)


def test_what_is_not_there_is_said(honest: Path, tmp_path: Path) -> None:
    case = read_run(honest).cells.iloc[0]["case"]
    with pytest.raises(BenchError, match="did you mean 'telea'"):
        replay(honest, case, "tela")
    for prefix in ("", "zz"):
        with pytest.raises(BenchError, match="whose id begins with"):
            replay(honest, prefix, "telea")
    with pytest.raises(BenchError, match="holds no run"):
        checked(tmp_path)


def test_the_commands_exit_by_what_they_find(run: Path) -> None:
    application = typer.Typer()
    application.command()(commands.verify)
    application.command()(commands.replay)
    words = CliRunner()
    assert "is what it claims" in words.invoke(application, ["verify", str(run)]).output
    case = read_run(run).cells.iloc[0]["case"]
    again = words.invoke(application, ["replay", str(run), case, "telea"])
    assert again.exit_code == 0, again.output
    assert "the same as in the run" in again.output
    better_score(run)
    failed = words.invoke(application, ["verify", str(run)])
    assert failed.exit_code == 1
    assert "is not what it claims: " in failed.output
    assert words.invoke(application, ["replay", str(run), case, "telea"]).exit_code == 1


OWN_DATASET = """
from pathlib import Path

import numpy as np
from inpaintbench.datasets.base import Dataset, Sample

Path({mark!r}).touch()


class Own(Dataset):
    \"\"\"One grey picture.\"\"\"

    preparation = "none"

    def ids(self):
        return ["a"]

    def load(self, sample_id):
        return Sample(sample_id, np.full((64, 64, 3), 90, np.uint8))
"""


@pytest.mark.slow
def test_code_that_a_run_names_runs_only_when_a_person_says_so(
    command: Command, tmp_path: Path
) -> None:
    mark = tmp_path / "loaded"
    (tmp_path / "own.py").write_text(OWN_DATASET.format(mark=str(mark)))
    method = write_nudged(tmp_path / "nudged.py", 100)
    own = (str(tmp_path / "own.py"),)
    rows = small_run(
        tmp_path / "run", "telea", method, datasets=own, masks=("large-regions",), limit=1
    )
    write_nudged(tmp_path / "nudged.py", 101)
    commands: dict[str, tuple[str, ...]] = {
        "report": ("report", "run"),
        "leaderboard": ("leaderboard", "run"),
        "verify": ("verify", "run", "--jobs", "1"),
        "replay": ("replay", "run", str(rows.cells["case"].iloc[0]), "telea"),
    }
    for name, words in commands.items():
        mark.unlink(missing_ok=True)
        ran = command(*words)
        assert not mark.exists(), name
        assert ran.returncode == (name in ("verify", "replay")), ran.stderr
        assert "Traceback" not in ran.stderr
        assert "own.py: code that the run names, which only runs with --run-code" in (
            ran.stdout + ran.stderr
        ), name
        if name != "report":
            ran = command(*words, "--run-code")
            assert mark.exists(), name
            assert ran.returncode == 0, ran.stdout + ran.stderr
        if name == "verify":
            assert "nudged: its code, weights or libraries here aren't those" in ran.stdout
    record(
        "Runs that name files of code",
        len(commands),
        "read without loading one, unless `--run-code` is said; `verify` notes edited methods",
        "pictures, checks",
    )
