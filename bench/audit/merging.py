"""Make one run out of several machines' runs of the same benchmark, naming every conflict."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inpaintbench.audit.verification import close, recorded_benchmark
from inpaintbench.errors import BenchError
from inpaintbench.storage.rows import RunRows, output_path
from inpaintbench.storage.runs import read_rows
from inpaintbench.storage.store import Store

# What makes two benchmarks the same: the rest may differ between the runs that are merged.
_SAME = ("datasets", "masks", "limit", "subset_seed", "masks_per_sample", "seed")


@dataclass(frozen=True)
class Merged:
    """What a merged run holds, and what was left out on the way.

    Parameters
    ----------
    cells, variants : int
        What the new run holds.
    notes : tuple of str
        What was left out, in words.
    """

    cells: int
    variants: int
    notes: tuple[str, ...]


class Conflicts(BenchError):
    """Why runs can't be one, a line each."""


@dataclass(frozen=True, eq=False)
class _Part:
    """A run to be merged."""

    store: Store
    rows: RunRows
    keys: dict[str, str]

    @property
    def name(self) -> str:
        return str(self.store.directory)

    def table(self, sql: str, *values: str) -> list[tuple[Any, ...]]:
        """Read rows."""
        return self.store.connection.execute(sql, values).fetchall()


def merge(directories: Sequence[Path], out: Path) -> Merged:
    """Merge runs of the same benchmark cases into a new run directory.

    Methods, cells and scores are united. Where several runs hold a cell, the first that finished
    it counts. Runtimes come from machines like the first run's only.

    Parameters
    ----------
    directories : sequence of Path
        Run directories; they are left as they are.
    out : Path
        Where to write; must not exist, or be empty.

    Raises
    ------
    Conflicts
        When they aren't of the same benchmark, a case has other images or masks, a deterministic
        method another output, or an output another score: nothing is written.
    BenchError
        When a directory can't be read or written.
    """
    if len({path.resolve() for path in directories}) < 2:
        raise BenchError("give two or more runs to merge")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BenchError(f"{out}: exists already; choose a new directory with --out")
    with ExitStack() as stack:
        parts = [_read(stack.enter_context(Store.read(path))) for path in directories]
        conflicts = [
            conflict
            for i, part in enumerate(parts[1:], 1)
            for earlier in parts[:i]
            for conflict in _conflicts(earlier, part)
        ]
        if conflicts:
            raise Conflicts("can't be merged:\n" + "\n".join(dict.fromkeys(conflicts)))
        partial = out.with_name(f".{out.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            merged = _write(parts, partial)
            if out.exists():
                out.rmdir()
            partial.rename(out)
        except OSError as error:
            raise BenchError(f"{out}: can't be written: {error.strerror}") from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return merged


def _read(store: Store) -> _Part:
    rows = read_rows(store)
    keys = dict(zip(rows.variants["variant"], rows.variants["key"], strict=True))
    return _Part(store, rows, keys)


def _conflicts(first: _Part, second: _Part) -> list[str]:
    """Name what stops two runs from being one."""
    both = f"{first.name} and {second.name}"
    benchmarks = [recorded_benchmark(part.rows) for part in (first, second)]
    for name in _SAME:
        one, other = (getattr(benchmark, name) for benchmark in benchmarks)
        if one != other:
            return [f"{both} aren't of the same benchmark: {name} is {one}, {other}"]
    plans = [
        part.table('SELECT "case" FROM plan_cases ORDER BY position') for part in (first, second)
    ]
    if plans[0] != plans[1]:
        return [
            f"{both} aren't of the same cases: another version of a dataset or mask suite, or "
            "other files"
        ]
    return [
        *_case_conflicts(first, second),
        *_metric_conflicts(first, second),
        *_cell_conflicts(first, second),
        *_score_conflicts(first, second),
    ]


def _case_conflicts(first: _Part, second: _Part) -> list[str]:
    pairs = first.rows.cases.merge(second.rows.cases, on="case")
    found = []
    for what in ("image", "mask"):
        differ = pairs[pairs[f"{what}_sha256_x"] != pairs[f"{what}_sha256_y"]]
        found += [
            f"case {row.case} ({row.dataset_x}/{row.sample_x}, {row.suite_x}): the {what} of "
            f"{first.name} isn't that of {second.name}"
            for row in differ.itertuples()
        ]
    return found


def _metric_conflicts(first: _Part, second: _Part) -> list[str]:
    names = ["name", "label", "unit", "higher_is_better", "worst"]
    pairs = first.rows.metrics.merge(second.rows.metrics, on="metric")
    return [
        f"metric {row['metric']}: {first.name} and {second.name} describe it differently"
        for row in pairs.to_dict("records")
        if any(row[f"{name}_x"] != row[f"{name}_y"] for name in names)
    ]


def _cell_conflicts(first: _Part, second: _Part) -> list[str]:
    """Compare the outputs of deterministic methods, and the code of methods never compared."""
    pairs = first.rows.cells.merge(second.rows.cells, on=["case", "variant"])
    pairs = pairs[(pairs["status_x"] == "done") & (pairs["status_y"] == "done")]
    deterministic = first.rows.variants.merge(second.rows.variants, on="variant")
    fixed = set(
        deterministic.loc[
            deterministic["deterministic_x"] & deterministic["deterministic_y"], "variant"
        ]
    )
    differ = pairs[pairs["variant"].isin(fixed)]
    differ = differ[differ["output_sha256_x"] != differ["output_sha256_y"]]
    found = [
        f"{row.variant} on case {row.case}: its output in {first.name} isn't that in {second.name}"
        for row in differ.itertuples()
    ]
    compared = set(pairs.loc[pairs["variant"].isin(fixed), "variant"])
    for variant, key in first.keys.items():
        if variant in second.keys and second.keys[variant] != key and variant not in compared:
            found.append(
                f"{variant}: its code, weights or libraries in {first.name} aren't those in "
                f"{second.name}, and no output shows that they do the same"
            )
    return found


def _score_conflicts(first: _Part, second: _Part) -> list[str]:
    sql = 'SELECT "case", output_sha256, metric, value FROM scores'
    nan = float("nan")
    known = {row[:3]: nan if row[3] is None else row[3] for row in first.table(sql)}
    return [
        f"{metric} on case {case}, output {output[:12]}…: {known[case, output, metric]:.6g} in "
        f"{first.name}, {nan if value is None else value:.6g} in {second.name}"
        for case, output, metric, value in second.table(sql)
        if (case, output, metric) in known
        and not close(known[case, output, metric], nan if value is None else value)
    ]


def _write(parts: Sequence[_Part], directory: Path) -> Merged:
    """Write the united run."""
    first = parts[0]
    variants: dict[str, str] = {}
    for part in parts:
        for variant, key in part.keys.items():
            variants.setdefault(variant, key)
    with Store.write(directory) as store:
        with store.transaction():
            _write_plan(parts, variants, store)
            notes = _write_cells(parts, variants, store)
            for key, value in {**first.store.meta(), **_provenance(parts)}.items():
                store.set_meta(key, value)
        cells = store.count("SELECT count(*) FROM cells")
    return Merged(cells, len(variants), tuple(notes))


def _write_plan(parts: Sequence[_Part], variants: dict[str, str], store: Store) -> None:
    """Write cases, variants and metrics; the first part that has one describes it."""
    for part in parts:
        for table in ("cases", "variants", "plan_cases"):
            _copy(store, table, part.table(f"SELECT * FROM {table}"))
    store.connection.executemany(
        "INSERT INTO plan_variants VALUES (?, ?)", list(enumerate(variants.values()))
    )
    metrics: dict[str, tuple[Any, ...]] = {}
    for part in parts:
        for _, metric, *described, missing in part.table(
            "SELECT * FROM plan_metrics ORDER BY position"
        ):
            # a metric is missing only where no part could compute it
            if metric not in metrics or not missing:
                metrics[metric] = (*described, missing)
    store.connection.executemany(
        "INSERT INTO plan_metrics VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(i, metric, *described) for i, (metric, described) in enumerate(metrics.items())],
    )


def _write_cells(parts: Sequence[_Part], variants: dict[str, str], store: Store) -> list[str]:
    """Write cells, scores, timings and outputs; return what was left out."""
    notes = []
    machine = [_machine(part) for part in parts]
    for part, own in zip(parts, machine, strict=True):
        timed = part.table("SELECT count(*) FROM timings")[0][0]
        if own != machine[0] and timed:
            notes.append(
                f"runtimes of {part.name} are left out: {own} isn't the {machine[0]} of "
                f"{parts[0].name}"
            )
        failed = 0
        for variant, key in part.keys.items():
            for case, _, *cell in part.table("SELECT * FROM cells WHERE key = ?", key):
                place = (case, variants[variant])
                known = store.connection.execute(
                    'SELECT status FROM cells WHERE "case" = ? AND key = ?', place
                ).fetchone()
                if known is not None and (known[0] == "done" or cell[0] != "done"):
                    failed += known[0] == "done" and cell[0] != "done"
                    continue
                failed += known is not None
                _copy(store, "cells", [(*place, *cell)], replace=True)
                if cell[0] == "done":
                    _copy_output(part, store, cell[5])
            if own == machine[0]:
                rows = part.table("SELECT * FROM timings WHERE key = ?", key)
                rows = [(case, variants[variant], *rest) for case, _, *rest in rows]
                _copy(store, "timings", rows)
        if failed:
            notes.append(
                f"{failed} cells finished in one run and not in another; the finished ones count"
            )
        _copy(store, "scores", part.table("SELECT * FROM scores"))
    return notes


def _copy(store: Store, table: str, rows: list[tuple[Any, ...]], *, replace: bool = False) -> None:
    """Insert rows; of those already there the first stay, unless they are to be replaced."""
    if not rows:
        return
    marks = ", ".join("?" * len(rows[0]))
    verb = "REPLACE" if replace else "IGNORE"
    store.connection.executemany(f"INSERT OR {verb} INTO {table} VALUES ({marks})", rows)


def _copy_output(part: _Part, store: Store, sha256: str) -> None:
    source = part.store.directory / output_path(sha256)
    target = store.directory / output_path(sha256)
    if not source.is_file():
        raise BenchError(f"{source}: the output is gone; inpaintbench verify names all that are")
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _machine(part: _Part) -> str:
    """Name what runtimes depend on."""
    facts = part.store.meta()
    return f"{facts.get('processor', 'unknown')} ({facts.get('device', 'unknown')})"


def _provenance(parts: Sequence[_Part]) -> dict[str, str]:
    """Describe the merged benchmark, and where each part came from."""
    benchmark = json.loads(parts[0].store.meta()["benchmark"])
    for name in ("methods", "metrics"):
        texts = [t for p in parts for t in json.loads(p.store.meta()["benchmark"])[name]]
        benchmark[name] = list(dict.fromkeys(texts))
    sources = [
        {"run": part.store.directory.name, **part.store.meta(), "benchmark": ""} for part in parts
    ]
    return {"benchmark": json.dumps(benchmark), "merged": json.dumps(sources)}
