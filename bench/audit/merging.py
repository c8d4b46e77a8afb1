"""Make one run out of several machines' runs of the same benchmark, naming every conflict."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from inpaintbench.audit.verification import close, recorded_benchmark
from inpaintbench.errors import BenchError, one_line
from inpaintbench.images.png import read_file
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.storage import schema
from inpaintbench.storage.outputs import output_path
from inpaintbench.storage.rows import RunRows
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
    benchmark: Benchmark
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
    return _Part(store, rows, recorded_benchmark(rows), keys)


def _conflicts(first: _Part, second: _Part) -> list[str]:
    """Name what stops two runs from being one."""
    both = f"{first.name} and {second.name}"
    for name in _SAME:
        one, other = (getattr(part.benchmark, name) for part in (first, second))
        if one != other:
            return [f"{both} aren't of the same benchmark: {name} is {one}, {other}"]
    if not first.rows.cases["case"].equals(second.rows.cases["case"]):
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
    variants = first.rows.variants.merge(second.rows.variants, on="variant")
    fixed = variants[variants["deterministic_x"] & variants["deterministic_y"]]["variant"]
    pairs = first.rows.cells.merge(second.rows.cells, on=["case", "variant"])
    pairs = pairs[(pairs["status_x"] == "done") & (pairs["status_y"] == "done")]
    pairs = pairs[pairs["variant"].isin(fixed)]
    differ = pairs[pairs["output_sha256_x"] != pairs["output_sha256_y"]]
    unlike = variants[variants["key_x"] != variants["key_y"]]["variant"]
    return [
        *(
            f"{row.variant} on case {row.case}: its output in {first.name} isn't that in "
            f"{second.name}"
            for row in differ.itertuples()
        ),
        *(
            f"{variant}: its code, weights or libraries in {first.name} aren't those in "
            f"{second.name}, and no output shows that they do the same"
            for variant in unlike[~unlike.isin(pairs["variant"])]
        ),
    ]


def _score_conflicts(first: _Part, second: _Part) -> list[str]:
    names = ["case", "output_sha256", "metric", "key", "reason", "value"]
    one, other = (
        pd.DataFrame(part.store.records(schema.SCORES), columns=names) for part in (first, second)
    )
    pairs = one.merge(other, on=names[:5]).astype({"value_x": float, "value_y": float})
    return [
        f"{row.metric} on case {row.case}, output {row.output_sha256[:12]}…: "
        f"{row.value_x:.6g} in {first.name}, {row.value_y:.6g} in {second.name}"
        for row in pairs.itertuples()
        if not close(row.value_x, row.value_y)
    ]


def _write(parts: Sequence[_Part], directory: Path) -> Merged:
    """Write the united run: of rows that several parts have, the first sound one."""
    keys: dict[str, str] = {}
    metrics: dict[str, dict[str, Any]] = {}
    for part in parts:
        keys = keys | part.keys | keys  # the first part that has a variant gives its key
        for row in part.store.records(schema.PLAN_METRICS):
            # a metric is missing only where no part could compute it
            if row["metric"] not in metrics or not row["missing"]:
                metrics[row["metric"]] = row
    benchmark = replace(
        parts[0].benchmark,
        methods=tuple(dict.fromkeys(text for part in parts for text in part.benchmark.methods)),
        metrics=tuple(dict.fromkeys(text for part in parts for text in part.benchmark.metrics)),
    )
    plan: dict[schema.Table, Iterable[dict[str, Any]]] = {
        schema.PLAN_CASES: parts[0].store.records(schema.PLAN_CASES),
        schema.PLAN_VARIANTS: [{"position": i, "key": key} for i, key in enumerate(keys.values())],
        schema.PLAN_METRICS: [row | {"position": i} for i, row in enumerate(metrics.values())],
    }
    names = json.dumps([part.store.directory.resolve().name for part in parts])
    with Store.write(directory) as store, store.transaction():
        for table in (schema.ENVIRONMENTS, schema.VARIANTS, *schema.RESULTS):
            for faulty in (False, True):
                for part in parts:
                    rows = _own(part, table, keys)
                    store.add_records(table, (row for row in rows if _is_faulty(row) == faulty))
        started = parts[0].rows.provenance.started
        store.write_plan(benchmark, plan, started=started, merged=names)
        _copy_outputs(parts, store)
        cells = sum(1 for _ in store.records(schema.CELLS))
    return Merged(cells, len(keys), tuple(_notes(parts)))


def _own(part: _Part, table: schema.Table, keys: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a part; those of variants of its plan only, by their united keys."""
    united = {key: keys[variant] for variant, key in part.keys.items()}
    for row in part.store.records(table):
        if table in (schema.CELLS, schema.TIMINGS, schema.TIMING_FAILURES):
            if row["key"] in united:
                yield row | {"key": united[row["key"]]}
        else:
            yield row


def _is_faulty(row: dict[str, Any]) -> bool:
    """Whether a row of another part that is sound counts more."""
    return row.get("status", "done") != "done" or bool(row.get("failure") or row.get("reason"))


def _notes(parts: Sequence[_Part]) -> Iterator[str]:
    """Say what was left out."""
    cells = pd.concat([part.rows.cells for part in parts])
    done = (cells["status"] == "done").groupby([cells["case"], cells["variant"]])
    failed = int((done.nunique() > 1).sum())
    if failed:
        yield f"{failed} cells finished in one run and not in another; the finished ones count"


def _copy_outputs(parts: Sequence[_Part], store: Store) -> None:
    """Copy the outputs of the united run as they are, if they are files."""
    own = {row["output_sha256"] for row in store.records(schema.CELLS)}
    for part in parts:
        held = {row["output_sha256"] for row in part.store.records(schema.CELLS)}
        for path in map(output_path, sorted(own & held - {""})):
            try:
                content = read_file(part.store.directory / path)
            except (OSError, ValueError) as error:
                raise BenchError(
                    f"{part.store.directory / path}: the output is gone or isn't a file "
                    f"({one_line(error)}); inpaintbench verify names all that are"
                ) from error
            (store.directory / path).parent.mkdir(parents=True, exist_ok=True)
            (store.directory / path).write_bytes(content)
        own -= held
