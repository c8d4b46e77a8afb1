"""Exported rows: as documented, and those of earlier versions still read."""

from __future__ import annotations

from pathlib import Path

from inpaintbench.regression.reading import read_results
from inpaintbench.storage.rows import EXPORTED, long_rows

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"


def test_the_documentation_lists_the_columns_as_they_are() -> None:
    lines = ["| column | dtype | meaning |", "|---|---|---|"]
    lines += [f"| `{c.name}` | {c.kind.dtype} | {c.meaning} |" for c in EXPORTED.values()]
    assert "\n".join([*lines, ""]) in (DOCS / "running.md").read_text(encoding="utf-8")


def test_rows_of_version_1_are_read_with_the_one_environment_that_made_them() -> None:
    rows = read_results(HERE / "old_rows_1" / "rows.parquet")
    (made,) = rows.environments.values()
    assert made.code == "894e42702c60-dirty"
    assert made.machine.startswith("AMD EPYC, 2 cores, 24 GiB, cpu, Linux")
    assert set(rows.cells["environment"]) == {made.id}
    assert set(rows.cells["location"]) == {""}
    assert rows.provenance.benchmark is not None
    assert rows.provenance.benchmark.name == "classical"
    assert list(long_rows(rows)) == list(EXPORTED)
