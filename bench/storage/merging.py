"""Make one run out of several machines' runs of the same benchmark, naming every conflict."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pandas as pd

from inpaintbench.errors import BenchError, one_line
from inpaintbench.images.png import read_file
from inpaintbench.planning.benchmark import SAME_CASES
from inpaintbench.planning.case import Content
from inpaintbench.storage import tables
from inpaintbench.storage.outputs import output_path
from inpaintbench.storage.rows import RunRows, is_close
from inpaintbench.storage.runs import read_rows
from inpaintbench.storage.schema import Table
from inpaintbench.storage.store import Store


@dataclass(frozen=True)
class Merged:
    """What a merged run holds, and in words what was left out on the way."""

    cells: int
    variants: int
    notes: tuple[str, ...]


class Conflicts(BenchError):
    """Why runs can't be one, a line each."""


@dataclass(frozen=True, eq=False)
class _Part:
    """A run to be merged; `keys` of its variants by name."""

    store: Store
    rows: RunRows
    keys: dict[str, str]


def merge(directories: Sequence[Path], out: Path) -> Merged:
    """Merge runs of the same benchmark cases into a new run directory.

    Methods, cells, scores and runtimes are united, and each keeps the environment that made it.
    Where several runs hold a cell, the first that finished it counts. Nothing is written outside
    of `out`, which must not exist or be empty, and no link is followed.

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
        parts = []
        for store in (stack.enter_context(Store.read(path)) for path in directories):
            rows = read_rows(store)
            keys = dict(zip(rows.variants["variant"], rows.variants["key"], strict=True))
            parts.append(_Part(store, rows, keys))
        conflicts = list(_other_benchmarks(parts)) or list(_conflicts(parts))
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


def _other_benchmarks(parts: Sequence[_Part]) -> Iterator[str]:
    """Name the runs that aren't of the first one's benchmark."""
    first = parts[0]
    for part in parts[1:]:
        both = f"{first.store.directory} and {part.store.directory}"
        for name in SAME_CASES:
            one, other = (getattr(p.rows.benchmark, name) for p in (first, part))
            if one != other:
                yield f"{both} aren't of the same benchmark: {name} is {one}, {other}"
                break
        else:
            if not first.rows.cases["case"].equals(part.rows.cases["case"]):
                yield (
                    f"{both} aren't of the same cases: another version of a dataset or mask "
                    "suite, or other files"
                )


def _conflicts(parts: Sequence[_Part]) -> Iterator[str]:
    """Name what two runs have and tell differently."""
    cases = [part.rows.cases[part.rows.cases["image_sha256"] != ""] for part in parts]
    content = [field.name for field in fields(Content)]
    for row in _differing(parts, cases, ["case"], content):
        first, second = (Content(*(row[name + end] for name in content)) for end in ("", "_2"))
        yield (
            f"case {row['case']} ({row['dataset']}/{row['sample']}, {row['suite']}): the "
            f"{first.differs(second)} of {row['run']} isn't that of {row['run_2']}"
        )
    told = ["name", "label", "unit", "higher_is_better", "worst", "axis", "least", "most"]
    for row in _differing(parts, [part.rows.metrics for part in parts], ["metric"], told):
        yield f"metric {row['metric']}: {row['run']} and {row['run_2']} describe it differently"
    fixed = [
        p.rows.cells.query("status == 'done'").merge(
            p.rows.variants.query("deterministic"), on="variant"
        )
        for p in parts
    ]
    for row in _differing(parts, fixed, ["case", "variant"], ["output_sha256"]):
        yield (
            f"{row['variant']} on case {row['case']}: its output in {row['run']} isn't that in "
            f"{row['run_2']}"
        )
    compared = _pairs(parts, fixed, ["case", "variant"])[["variant", "run", "run_2"]]
    shown = set(compared.itertuples(index=False, name=None))
    variants = [part.rows.variants for part in parts]
    for row in _differing(parts, variants, ["variant"], ["key"]):
        if (row["variant"], row["run"], row["run_2"]) not in shown:
            yield (
                f"{row['variant']}: its code, weights or libraries in {row['run']} aren't those "
                f"in {row['run_2']}, and no output shows that they do the same"
            )
    names = ["case", "output_sha256", "metric", "key", "reason", "value"]
    scores = [
        pd.DataFrame(part.store.records(tables.SCORES), columns=names).astype({"value": float})
        for part in parts
    ]
    for row in _differing(parts, scores, names[:5], ["value"]):
        yield (
            f"{row['metric']} on case {row['case']}, output {row['output_sha256'][:12]}…: "
            f"{row['value']:.6g} in {row['run']}, {row['value_2']:.6g} in {row['run_2']}"
        )


def _pairs(parts: Sequence[_Part], frames: Sequence[pd.DataFrame], key: list[str]) -> pd.DataFrame:
    """Pair the rows of one key of every two runs; the later run's columns end in ``_2``."""
    named = [
        frame.assign(run=str(part.store.directory))
        for part, frame in zip(parts, frames, strict=True)
    ]
    return pd.concat(
        [
            first.merge(second, on=key, suffixes=("", "_2"))
            for i, second in enumerate(named)
            for first in named[:i]
        ]
    )


def _differing(
    parts: Sequence[_Part], frames: Sequence[pd.DataFrame], key: list[str], told: list[str]
) -> Iterator[dict[Any, Any]]:
    """Yield the pairs of rows of which not all that is told is the same."""
    for row in _pairs(parts, frames, key).to_dict("records"):
        if not all(is_close(row[name], row[f"{name}_2"]) for name in told):
            yield row


def _write(parts: Sequence[_Part], directory: Path) -> Merged:
    """Write the united run: of rows that several parts have, the first sound one."""
    keys: dict[str, str] = {}
    metrics: dict[str, dict[str, Any]] = {}
    for part in parts:
        keys = keys | part.keys | keys  # the first part that has a variant gives its key
        for row in part.store.records(tables.PLAN_METRICS):
            # a metric is missing only where no part could compute it
            if row["metric"] not in metrics or not row["missing"]:
                metrics[row["metric"]] = row
    benchmarks = [part.rows.benchmark for part in parts]
    benchmark = replace(
        benchmarks[0],
        methods=tuple(dict.fromkeys(text for one in benchmarks for text in one.methods)),
        metrics=tuple(dict.fromkeys(text for one in benchmarks for text in one.metrics)),
    )
    plan: dict[Table, Iterable[dict[str, Any]]] = {
        tables.PLAN_CASES: parts[0].store.records(tables.PLAN_CASES),
        tables.PLAN_VARIANTS: [{"key": key} for key in keys.values()],
        tables.PLAN_METRICS: metrics.values(),
    }
    names = json.dumps([part.store.directory.resolve().name for part in parts])
    with Store.write(directory) as store, store.transaction():
        for table in (tables.ENVIRONMENTS, tables.VARIANTS, *tables.RESULTS):
            for faulty in (False, True):
                for part in parts:
                    rows = _own(part, table, keys)
                    store.add_records(table, (row for row in rows if _is_faulty(row) == faulty))
        started = parts[0].rows.provenance.started
        store.write_plan(benchmark, plan, started=started, merged=names)
        cells = _copy_outputs(parts, store)
    return Merged(cells, len(keys), tuple(_notes(parts)))


def _own(part: _Part, table: Table, keys: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of a part; those of variants of its plan only, by their united keys."""
    united = {key: keys[variant] for variant, key in part.keys.items()}
    for row in part.store.records(table):
        if table not in (tables.CELLS, tables.TIMINGS, tables.TIMING_FAILURES):
            yield row
        elif row["key"] in united:
            yield row | {"key": united[row["key"]]}


def _is_faulty(row: dict[str, Any]) -> bool:
    """Whether a row of another part that is sound counts more."""
    return row.get("status", "done") != "done" or bool(row.get("failure") or row.get("reason"))


def _notes(parts: Sequence[_Part]) -> Iterator[str]:
    """Say what was left out."""
    cells = pd.concat([part.rows.cells for part in parts])
    done = (cells["status"] == "done").groupby([cells["case"], cells["variant"]])
    if failed := int((done.nunique() > 1).sum()):
        yield f"{failed} cells finished in one run and not in another; the finished ones count"


def _copy_outputs(parts: Sequence[_Part], store: Store) -> int:
    """Copy the outputs of the united run as they are, if they are files; count its cells."""
    cells = [row["output_sha256"] for row in store.records(tables.CELLS)]
    left = set(cells) - {""}
    for part in parts:
        held = left & {row["output_sha256"] for row in part.store.records(tables.CELLS)}
        for path in map(output_path, sorted(held)):
            try:
                content = read_file(part.store.directory / path)
            except (OSError, ValueError) as error:
                raise BenchError(
                    f"{part.store.directory / path}: the output is gone or isn't a file "
                    f"({one_line(error)}); inpaintbench verify names all that are"
                ) from error
            (store.directory / path).parent.mkdir(parents=True, exist_ok=True)
            (store.directory / path).write_bytes(content)
        left -= held
    return len(cells)
