"""Read what is to be compared: a run directory, or the rows that a run exported."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaintbench.errors import BenchError
from inpaintbench.storage.rows import CASES, CELLS, SCORES, TABLES, RunRows, typed

if TYPE_CHECKING:
    import pandas as pd

_KEPT = {**CASES, **dict(list(CELLS.items())[1:]), **dict(list(SCORES.items())[2:])}
"""Columns of the exported rows that are read, with their dtypes."""


def read_results(path: Path) -> RunRows:
    """Read a run directory, or a ``rows.csv`` or ``rows.parquet``.

    Exported rows hold cases, cells and scores, but no timings; where they were made is read from
    the ``provenance.json`` beside them, if `report --out` wrote one.

    Raises
    ------
    BenchError
        When there is nothing of the kind, or columns are missing.
    """
    from inpaintbench.storage.runs import read_run

    if path.is_dir():
        return read_run(path)
    if not path.is_file():
        raise BenchError(f"{path}: no such run directory or file")
    return rows_of(path, _read_table(path))


def _read_table(path: Path) -> pd.DataFrame:
    """Read the columns needed of an exported table as they were written."""
    import pandas as pd

    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        elif path.suffix == ".csv":
            table = pd.read_csv(path, dtype=str, keep_default_na=False)
        else:
            raise BenchError(f"{path}: give a run directory, a rows.csv or a rows.parquet")
        missing = [name for name in (*_KEPT, "method", "family") if name not in table]
        if missing:
            raise BenchError(
                f"{path}: not the exported rows of a run, it lacks the columns {', '.join(missing)}"
            )
        for name, (dtype, _) in _KEPT.items():
            if path.suffix == ".csv":
                table[name] = _parsed(table[name], dtype)
    except (OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise BenchError(f"{path}: can't be read: {reason}") from error
    return table


def _parsed(column: pd.Series[str], dtype: str) -> pd.Series[Any]:
    """Read text as it was written; what is empty isn't a number."""
    found: pd.Series[Any] = column
    if dtype == "bool":
        found = column.map({"True": True, "False": False}).astype("bool")
    elif dtype == "float64":
        found = column.where(column != "", "nan").astype("float64")
    elif dtype == "int64":
        found = column.astype("int64")
    return found


def rows_of(path: Path, table: pd.DataFrame) -> RunRows:
    """Take exported rows apart again into the tables of a run."""
    import pandas as pd

    cells = table.drop_duplicates(["case", "variant"])
    variants = cells[["variant", "method", "family"]].drop_duplicates("variant")
    scores = table[table["metric"] != ""]
    variants = variants.assign(
        paper="",
        deterministic=[_deterministic(method) for method in variants["method"]],
        trained_on="",
        settings="{}",
        key="",
    )
    cases = table.drop_duplicates("case")
    metrics = [_metric(id) for id in scores["metric"].unique()]
    return RunRows(
        name=path.stem,
        directory=path,
        cases=typed("cases", cases).reset_index(drop=True),
        variants=typed("variants", variants).reset_index(drop=True),
        cells=typed("cells", cells).reset_index(drop=True),
        scores=typed("scores", scores).reset_index(drop=True),
        timings=typed("timings", pd.DataFrame(columns=list(TABLES["timings"]))),
        metrics=typed("metrics", pd.DataFrame(metrics, columns=list(TABLES["metrics"]))),
        planned_cells=len(cases) * len(variants),
        provenance=_read_provenance(path.with_name("provenance.json")),
    )


def _read_provenance(path: Path) -> dict[str, str]:
    """Read where exported rows come from, if they were published with it."""
    if not path.is_file():
        return {}
    try:
        facts: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchError(f"{path}: can't be read: {error}") from error
    return facts


def _deterministic(method: str) -> bool:
    """Whether a method is deterministic, by its class; one that isn't installed counts as such."""
    from inpaintbench.plugins import registry

    known = registry.methods().plugins.get(method)
    return known is None or known.deterministic


def _metric(id: str) -> dict[str, str | bool | float]:
    """Describe a metric from its class, which its id begins with.

    Raises
    ------
    BenchError
        When it isn't installed, so that nobody knows its direction.
    """
    from inpaintbench.plugins import registry

    name = id.split("[", maxsplit=1)[0]
    known = registry.metrics().plugins.get(name)
    if known is None:
        raise BenchError(f"metric {id} isn't installed, so its direction isn't known")
    return {
        "metric": id,
        "name": name,
        "label": id,
        "unit": known.unit,
        "higher_is_better": known.higher_is_better,
        "worst": float("nan"),
        "missing": "",
    }
