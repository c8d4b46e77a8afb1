"""Read what is to be compared: a run directory, or the rows that a run exported."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaintbench.errors import BenchError, one_line
from inpaintbench.outside import plain_file, read_as, read_json
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.storage import tables
from inpaintbench.storage.database import find_fault_of
from inpaintbench.storage.environment import Environment
from inpaintbench.storage.rows import (
    ADDED,
    CASES,
    CELLS,
    EXPORTED,
    FRAMES,
    Provenance,
    RunRows,
    typed,
)
from inpaintbench.storage.schema import Table

if TYPE_CHECKING:
    import pandas as pd

_ROWS = Table(
    "rows",
    tuple(EXPORTED.values()),
    ("case", "variant", "metric"),
    {**tables.CASES.rules, **tables.CELLS.rules},
)
"""An exported row: its columns are those of the database, and so is what a sound one holds."""

_REPEATED = (
    (["case"], list(CASES)),
    (["variant"], ["variant", "method", "family"]),
    (["case", "variant"], [name for name in CELLS if name in EXPORTED]),
)
"""What identifies a case, a variant, a cell; and what must then be the same in all of its rows."""


def read_results(path: Path) -> RunRows:
    """Read a run directory, or a ``rows.csv`` or ``rows.parquet``.

    Exported rows hold cases, cells and scores, but no timings; where they were made is read from
    the ``provenance.json`` beside them, if `report --out` wrote one.

    Raises
    ------
    BenchError
        When there is nothing of the kind, or it holds what no run exports.
    """
    from inpaintbench.storage.runs import read_run

    if path.is_dir():
        return read_run(path)
    if not path.exists():
        raise BenchError(f"{path}: no such run directory or file")
    if path.suffix not in (".csv", ".parquet"):
        raise BenchError(f"{path}: give a run directory, a rows.csv or a rows.parquet")
    plain_file(path)
    return rows_of(path, _read_table(path))


def _read_table(path: Path) -> pd.DataFrame:
    """Read an exported table as it was written, and check every value of it."""
    import pandas as pd

    try:
        if path.suffix == ".parquet":
            import pyarrow.parquet

            names = list(pyarrow.parquet.read_schema(path).names)
        else:
            with path.open(newline="", encoding="utf-8") as file:
                names = next(csv.reader(file), [])
        twice = sorted({name for name in names if name in EXPORTED and names.count(name) > 1})
        if twice:
            raise BenchError(f"{path}: has the column {twice[0]} twice")
        missing = [name for name in EXPORTED if name not in (*ADDED, *names)]
        if missing:
            raise BenchError(
                f"{path}: not the exported rows of a run, it lacks the columns {', '.join(missing)}"
            )
        known = [name for name in EXPORTED if name in names]
        if path.suffix == ".parquet":
            table = pd.read_parquet(path, columns=known)
        else:
            table = pd.read_csv(
                path, dtype=str, keep_default_na=False, usecols=known, index_col=False
            )
            for name in known:
                table[name] = _parsed(table[name], EXPORTED[name].kind.dtype)
        table = table.assign(**{name: "" for name in EXPORTED if name not in known})
        table = table[list(EXPORTED)].reset_index(drop=True)
        fault = find_fault_of(_ROWS, table.astype(object).to_dict("records"))
    except BenchError:
        raise
    except Exception as error:  # pandas and pyarrow raise of everything where a file is damaged
        reason = one_line(error) or type(error).__name__
        raise BenchError(f"{path}: can't be read: {reason}") from error
    for key, own in _REPEATED:
        if not fault and len(table[own].drop_duplicates()) > len(table[key].drop_duplicates()):
            fault = f"rows of one {' and '.join(key)} differ in more than its scores"
    if not fault and not len(table):
        fault = "holds no row"
    if fault:
        raise BenchError(f"{path}: not the exported rows of a run: {fault}")
    return table


def _parsed(column: pd.Series[str], dtype: str) -> pd.Series[Any]:
    """Read text as it was written; what is empty isn't a number, and what is no flag stays text."""
    found: pd.Series[Any] = column
    if dtype == "bool":
        flags = {"True": True, "False": False}
        found = column.astype(object).map(lambda text: flags.get(text, text))
    elif dtype == "float64":
        found = column.where(column != "", "nan").astype("float64")
    elif dtype == "int64":
        found = column.astype("int64")
    return found


def rows_of(path: Path, table: pd.DataFrame) -> RunRows:
    """Take exported rows apart again into the tables of a run."""
    import pandas as pd

    environments, provenance = _read_provenance(path.with_name("provenance.json"))
    if len(environments) == 1 and not table["environment"].any():
        # rows of version 1: all of them were made in one environment
        table = table.assign(environment=next(iter(environments)))
    cells = table.drop_duplicates(["case", "variant"])
    variants = cells[["variant", "method", "family"]].drop_duplicates("variant")
    scores = table[table["metric"] != ""]
    variants = variants.assign(
        paper="",
        deterministic=[_deterministic(method) for method in variants["method"]],
        trained_on="",
        settings="{}",
        key="",
        sees="known",
        prompts="ignored",
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
        timings=typed("timings", pd.DataFrame(columns=list(FRAMES["timings"]))),
        metrics=typed("metrics", pd.DataFrame(metrics, columns=list(FRAMES["metrics"]))),
        planned_cells=len(cases) * len(variants),
        environments=environments,
        provenance=provenance,
    )


def _read_provenance(path: Path) -> tuple[dict[str, Environment], Provenance]:
    """Read where exported rows come from, if they were published with it.

    Raises
    ------
    BenchError
        When it isn't what `report --out` writes, or wrote for rows of version 1.
    """
    if not path.is_file():
        return {}, Provenance()
    facts = read_json(path)
    # version 1 told of one environment, beside all else, and had a text for all that isn't one
    makers = facts.get("environments", [facts]) if isinstance(facts, dict) else None
    if not isinstance(makers, list) or not all(isinstance(maker, dict) for maker in makers):
        raise BenchError(f"{path}: doesn't say where rows come from")
    found = {made.id: made for made in map(Environment.from_facts, makers)}
    told = {name: facts[name] for name in ("started", "changed") if name in facts}
    for name in ("merged", "left_out"):
        if not isinstance(facts.get(name, ""), str):
            told[name] = facts[name]
    benchmark = facts.get("benchmark")
    text = benchmark if isinstance(benchmark, str) else json.dumps(benchmark)
    known = read_as(Provenance, json.dumps(told), f"{path}:")
    made = read_as(Benchmark, text, f"{path}: benchmark") if benchmark else None
    return found, replace(known, benchmark=made)


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
        "axis": known.axis or "",
        "least": known.bounds[0],
        "most": known.bounds[1],
    }
