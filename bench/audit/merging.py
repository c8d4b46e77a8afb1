"""Make one run out of several machines' runs of the same benchmark, naming every conflict."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from inpaintbench.audit.verification import close, recorded_benchmark
from inpaintbench.errors import BenchError, one_line
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.storage import schema
from inpaintbench.storage.imagefile import read_file
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
    cases: list[str]
    keys: dict[str, str]

    @property
    def name(self) -> str:
        return str(self.store.directory)


def merge(directories: Sequence[Path], out: Path) -> Merged:
    """Merge runs of the same benchmark cases into a new run directory.

    Methods, cells, scores and runtimes are united, and each keeps the environment that made it.
    Where several runs hold a cell, the first that finished it counts. Nothing is written outside
    of `out`, and no link is followed.

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
            merged = _write(parts, recorded_benchmark(parts[0].rows), partial)
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
    return _Part(store, rows, [case.id for case in store.cases()], keys)


def _conflicts(first: _Part, second: _Part) -> list[str]:
    """Name what stops two runs from being one."""
    both = f"{first.name} and {second.name}"
    benchmarks = [recorded_benchmark(part.rows) for part in (first, second)]
    for name in _SAME:
        one, other = (getattr(benchmark, name) for benchmark in benchmarks)
        if one != other:
            return [f"{both} aren't of the same benchmark: {name} is {one}, {other}"]
    if first.cases != second.cases:
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
    pairs = pairs[(pairs["image_sha256_x"] != "") & (pairs["image_sha256_y"] != "")]
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
    known = {_scored(row): row["value"] for row in first.store.records(schema.SCORES)}
    nan = float("nan")
    found = []
    for row in second.store.records(schema.SCORES):
        old, new = (nan if v is None else v for v in (known.get(_scored(row)), row["value"]))
        if _scored(row) in known and not close(old, new):
            found.append(
                f"{row['metric']} on case {row['case']}, output {row['output_sha256'][:12]}…: "
                f"{old:.6g} in {first.name}, {new:.6g} in {second.name}"
            )
    return found


def _scored(row: dict[str, Any]) -> tuple[str, ...]:
    """Say what a score is of; one that failed is no score."""
    return row["case"], row["output_sha256"], row["metric"], row["key"], row["reason"]


def _write(parts: Sequence[_Part], benchmark: Benchmark, directory: Path) -> Merged:
    """Write the united run."""
    variants: dict[str, str] = {}
    for part in parts:
        for variant, key in part.keys.items():
            variants.setdefault(variant, key)
    others = [recorded_benchmark(part.rows) for part in parts]
    united = replace(
        benchmark,
        methods=tuple(dict.fromkeys(text for other in others for text in other.methods)),
        metrics=tuple(dict.fromkeys(text for other in others for text in other.metrics)),
    )
    names = tuple(part.store.directory.resolve().name for part in parts)
    told = replace(parts[0].rows.provenance, benchmark=united, merged=names)
    with Store.write(directory) as store, store.transaction():
        _write_plan(parts, variants, store)
        notes = _write_cells(parts, variants, store)
        store.set_provenance(parts[0].rows.name, told)
        cells = sum(1 for _ in store.records(schema.CELLS))
    return Merged(cells, len(variants), tuple(notes))


def _write_plan(parts: Sequence[_Part], variants: dict[str, str], store: Store) -> None:
    """Write cases, variants and metrics; the first part that has one describes it."""
    metrics: dict[str, dict[str, Any]] = {}
    for part in parts:
        for table in (schema.VARIANTS, schema.ENVIRONMENTS):
            store.add_records(table, part.store.records(table))
        for row in part.store.records(schema.PLAN_METRICS):
            # a metric is missing only where no part could compute it
            if row["metric"] not in metrics or not row["missing"]:
                metrics[row["metric"]] = row
    _add_best(parts, schema.CASES, "failure", store)
    store.write_plan(
        {
            schema.PLAN_CASES: parts[0].store.records(schema.PLAN_CASES),
            schema.PLAN_VARIANTS: [
                {"position": i, "key": key} for i, key in enumerate(variants.values())
            ],
            schema.PLAN_METRICS: [row | {"position": i} for i, row in enumerate(metrics.values())],
        }
    )


def _write_cells(parts: Sequence[_Part], variants: dict[str, str], store: Store) -> list[str]:
    """Write cells, scores, timings and outputs; return what was left out."""
    notes = []
    status: dict[tuple[str, str], str] = {}
    for part in parts:
        # a variant has one key in the united run
        keys = {key: variants[variant] for variant, key in part.keys.items()}
        chosen, failed = [], 0
        for row in _own(part, schema.CELLS, keys):
            place = (row["case"], row["key"])
            known, done = status.get(place), row["status"] == "done"
            failed += known is not None and (known == "done") is not done
            if known is None or (done and known != "done"):
                status[place] = row["status"]
                chosen.append(row)
                if done:
                    _copy_output(part, store, row["output_sha256"])
        store.add_records(schema.CELLS, chosen, replace=True)
        for table in (schema.TIMINGS, schema.TIMING_FAILURES):
            store.add_records(table, _own(part, table, keys))
        if failed:
            notes.append(
                f"{failed} cells finished in one run and not in another; the finished ones count"
            )
    _add_best(parts, schema.SCORES, "reason", store)
    return notes


def _add_best(parts: Sequence[_Part], table: schema.Table, fault: str, store: Store) -> None:
    """Write the rows of all parts: of equal ones the first without a fault, else the first."""
    for faulty in (False, True):
        for part in parts:
            rows = (row for row in part.store.records(table) if bool(row[fault]) is faulty)
            store.add_records(table, rows)


def _own(part: _Part, table: schema.Table, keys: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of variants of the plan, under their keys in the united run."""
    for row in part.store.records(table):
        if row["key"] in keys:
            yield row | {"key": keys[row["key"]]}


def _copy_output(part: _Part, store: Store, sha256: str) -> None:
    """Copy an output as it is, if it is a file."""
    source, target = (own.directory / output_path(sha256) for own in (part.store, store))
    if target.exists():
        return
    try:
        content = read_file(source)
    except (OSError, ValueError) as error:
        raise BenchError(
            f"{source}: the output is gone or isn't a file ({one_line(error)}); inpaintbench "
            "verify names all that are"
        ) from error
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
