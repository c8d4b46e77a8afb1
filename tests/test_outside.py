"""What comes from elsewhere is checked at the door: damage is one line, whatever its shape."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from fault_table import record
from synthetic_run import synthetic_run

from inpaintbench.errors import BenchError
from inpaintbench.images.errors import DataError
from inpaintbench.images.reading import read_image
from inpaintbench.masks.manifest import read_manifest
from inpaintbench.outside import read_json, read_text
from inpaintbench.planning import benchmark
from inpaintbench.regression.history import read_benchmark_json
from inpaintbench.regression.reading import read_results
from inpaintbench.standalone.mask_export import verify_manifest
from inpaintbench.storage.history import Entry, History
from inpaintbench.storage.rows import EXPORTED, long_rows

DEEP = "[" * 100_000 + "]" * 100_000
HUGE = "9" * 5000


def refused(read: Callable[[Path], object], path: Path) -> str:
    """Read, and return the one line that says why not."""
    with pytest.raises((BenchError, DataError)) as caught:
        read(path)
    said = str(caught.value)
    assert len(said.splitlines()) == 1
    assert len(said) < 1000
    return said


def a_history(path: Path) -> None:
    with History.open(path):
        pass


READERS: dict[str, Callable[[Path], object]] = {
    "rows.csv": read_results,
    "rows.parquet": read_results,
    "bench.toml": lambda path: benchmark.read(str(path)),
    "manifest.json": read_manifest,
    "bench.json": read_benchmark_json,
    "history.db": a_history,
    "image.png": read_image,
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("kind", ["pipe", "folder", "missing", "empty", "bytes", "zeros"])
def test_what_is_no_such_file_is_refused_and_nothing_is_waited_for(
    tmp_path: Path, name: str, kind: str
) -> None:
    path = tmp_path / name
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes({"empty": b"", "bytes": bytes(range(256)) * 9, "zeros": bytes(99)}[kind])
    refused(READERS[name], path)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return long_rows(synthetic_run(2, images=1, unfinished={"telea": 0.4}))


def write(table: pd.DataFrame, path: Path) -> Path:
    table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_parquet(path)
    return path


BIT = "a" * 64

CHANGES: dict[str, dict[str, object]] = {
    "no such dtype": {"dtype": "float32"},
    "a negative height": {"height": -1},
    "an image without end": {"height": 2**40, "width": 2**40},
    "two channels": {"channels": 2},
    "coverage below 0": {"coverage": -0.1},
    "an infinite coverage": {"coverage": float("inf")},
    "no digest": {"image_sha256": "../../etc/passwd"},
    "a digest in capitals": {"mask_sha256": BIT.upper()},
    "a long digest": {"output_sha256": BIT + "a"},
    "a status": {"status": "well done"},
    "a kind of failure": {"failure": "bad luck"},
    "done without an output": {"status": "done", "failure": "", "output_sha256": ""},
    "a case that isn't an id": {"case": "../x"},
    "text with NUL": {"message": "a\0b"},
    "a text without end": {"message": "x" * (5 << 20)},
    "no metric of ours": {"metric": "nobody-knows[x]"},
    "suite version": {"suite_version": -3},
    "seconds": {"seconds": float("-inf")},
}


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("change", CHANGES)
def test_every_value_of_exported_rows_is_checked(
    tmp_path: Path, table: pd.DataFrame, change: str, suffix: str
) -> None:
    damaged = table.copy()
    row = damaged.index[damaged["status"] == "done"][3]
    for name, value in CHANGES[change].items():
        damaged.loc[row, name] = value
    refused(read_results, write(damaged, tmp_path / f"rows{suffix}"))


WHOLE: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "rows twice": lambda t: pd.concat([t, t]),
    "one row twice": lambda t: pd.concat([t, t.iloc[:1].assign(value=0.0)]),
    "no rows": lambda t: t.iloc[:0],
    "a method of two names": lambda t: t.assign(method=[f"m{i % 2}" for i in range(len(t))]),
    "a case of two sizes": lambda t: t.assign(width=[96 + i % 2 for i in range(len(t))]),
    "numbers as text": lambda t: t.assign(height="tall"),
    "numbers as dates": lambda t: t.assign(coverage=pd.Timestamp("2020-01-01")),
    "bytes for text": lambda t: t.assign(variant=b"\xff\xfe"),
    "lists for numbers": lambda t: t.assign(height=[[1]] * len(t)),
    "flags as text": lambda t: t.assign(border_contact="maybe"),
    "values as text": lambda t: t.assign(value="good"),
    "nothing for text": lambda t: t.assign(variant=None),
    "fractions of pixels": lambda t: t.assign(width=96.5),
    **{f"no {name}": (lambda t, name=name: t.drop(columns=name)) for name in list(EXPORTED)[:24:6]},
}


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("damage", WHOLE)
def test_every_column_of_exported_rows_is_checked(
    tmp_path: Path, table: pd.DataFrame, damage: str, suffix: str
) -> None:
    refused(read_results, write(WHOLE[damage](table), tmp_path / f"rows{suffix}"))


def test_numbers_and_columns_that_only_a_csv_can_hold(tmp_path: Path, table: pd.DataFrame) -> None:
    text = write(table, tmp_path / "rows.csv").read_text()
    head, _, rest = text.partition("\n")
    for number, damaged in enumerate(
        (
            text.replace(",96,96,", f",{HUGE},96,", 1),
            text.replace(",96,96,", ",9e9,96,", 1),
            f"{head},case\n" + rest.replace("\n", ",x\n"),
            f"{head}\n{rest[: len(rest) // 2]}",
            text.encode("utf-16").decode("latin-1"),
            head.replace(",", ";") + "\n" + rest,
            text + '"never closed',
        )
    ):
        path = tmp_path / f"{number}.csv"
        path.write_text(damaged)
        refused(read_results, path)


def test_sound_rows_pass_with_their_provenance(tmp_path: Path, table: pd.DataFrame) -> None:
    path = write(table.drop(columns="environment"), tmp_path / "rows.csv")
    assert len(read_results(path).scores)
    known = {"processor": "p", "device": "cpu", "libraries": '{"numpy": "2"}', "started": "2020"}
    (tmp_path / "provenance.json").write_text(json.dumps(known))
    rows = read_results(path)
    assert [made.processor for made in rows.environments.values()] == ["p"]
    assert rows.cells["environment"].unique().tolist() == list(rows.environments)
    assert rows.provenance.started == "2020"


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "3", "{", DEEP, '{"environments": 3}', '{"environments": [3]}',
        '{"started": []}', '{"benchmark": "{"}', '{"benchmark": {"name": "x"}}', '{"merged": 4}',
        '{"left_out": [1]}', '{"cores": NaN}', "\ufeff[", f'{{"a": {HUGE}}}',
    ],
)  # fmt: skip
def test_where_rows_come_from_is_checked(tmp_path: Path, table: pd.DataFrame, text: str) -> None:
    (tmp_path / "provenance.json").write_text(text)
    refused(read_results, write(table, tmp_path / "rows.csv"))


TOML = 'datasets = ["photos"]\nmasks = ["small-holes"]\nmethods = ["telea"]\nmetrics = ["psnr"]\n'


@pytest.mark.parametrize(
    "line",
    [
        f"limit = {HUGE}", f"seed = {2**64}", "limit = 0", "timeout = nan", "timeout = inf",
        "timeout = -1", "setup_timeout = 0", "masks_per_sample = 10000000000", "limit = true",
        "timing = 3", "[timing]\nthreads = 0", "[timing]\nseconds = nan", "[timing]\nwarmup = -1",
        "[timing]\ncases = 99999999999", 'name = "../../x"', 'name = ""', 'name = "a\\u0000b"',
        'name = "a\\nb"', "name = 3", "what = 1", f"x = {DEEP}", "seed = 1\nseed = 2",
        "description = [1]", "subset_seed = 1.5",
    ],
)  # fmt: skip
def test_every_value_of_a_benchmark_is_checked(tmp_path: Path, line: str) -> None:
    path = tmp_path / "bench.toml"
    path.write_text(TOML)
    assert benchmark.read(str(path)).name == "bench"
    path.write_text(TOML + line)
    refused(lambda path: benchmark.read(str(path)), path)


MASK = {
    "file": "a.png", "sample": "a", "index": 0, "kind": "default", "height": 4, "width": 4,
    "sha256": BIT, "image_sha256": BIT, "coverage": 0.5, "thickness": 1.0, "border_contact": True,
}  # fmt: skip
MANIFEST = {
    "format": 1, "package_version": "0", "suite": "s", "suite_version": 1, "suite_parameters": {},
    "dataset": "d", "dataset_version": 1, "dataset_parameters": {}, "seed": 0, "masks": [MASK],
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sha256", "x"), ("sha256", BIT.upper()), ("image_sha256", ""), ("index", -1),
        ("index", True), ("height", 0), ("width", 2**40), ("coverage", 2), ("thickness", -1),
        ("border_contact", 1), ("file", "a\0.png"), ("file", 3), ("sample", None), ("kind", []),
    ],
)  # fmt: skip
def test_every_value_of_a_mask_is_checked(tmp_path: Path, field: str, value: object) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(MANIFEST))
    assert len(read_manifest(path).masks) == 1
    path.write_text(json.dumps({**MANIFEST, "masks": [{**MASK, field: value}]}))
    refused(read_manifest, path)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({**MANIFEST, "masks": [MASK, MASK]}),
        json.dumps({**MANIFEST, "masks": [3]}),
        json.dumps({**MANIFEST, "seed": 2**70}),
        json.dumps({**MANIFEST, "suite_parameters": []}),
        json.dumps({**MANIFEST, "masks": [{**MASK, "coverage": float("nan")}]}),
        json.dumps(MANIFEST).replace('"seed": 0', f'"seed": {HUGE}'),
        json.dumps(MANIFEST).replace('"seed": 0', f'"seed": {DEEP}'),
        json.dumps(MANIFEST).replace("0.5", "1e999"),
    ],
)
def test_every_manifest_is_checked(tmp_path: Path, content: str) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(content)
    refused(read_manifest, path)


def test_a_mask_that_claims_to_be_huge_takes_no_memory(tmp_path: Path) -> None:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(30_001 * 100))
    picture = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
    (tmp_path / "a.png").write_bytes(picture)
    os.mkfifo(tmp_path / "b.png")
    masks = [MASK, {**MASK, "file": "b.png"}]
    (tmp_path / "manifest.json").write_text(json.dumps({**MANIFEST, "masks": masks}))
    found = verify_manifest(tmp_path).mismatches
    assert found[0] == "a.png: 30000 x 30000 instead of 4 x 4 (rows x columns)"
    assert found[1] == "b.png: isn't a file"


SPEED: dict[str, Any] = {
    "machine_info": {"machine": "m", "cpu": {"brand_raw": "p"}},
    "commit_info": {"id": "c", "dirty": False},
    "datetime": "2026-01-01",
    "benchmarks": [{"fullname": "f", "name": "n", "stats": {"median": 1.0}}],
}


@pytest.mark.parametrize(
    "change",
    [
        {"benchmarks": 3}, {"benchmarks": [3]}, {"benchmarks": SPEED["benchmarks"] * 2},
        {"benchmarks": [{"fullname": 3, "name": "n", "stats": {"median": 1.0}}]},
        {"benchmarks": [{"fullname": "f", "name": "n", "stats": {"median": "fast"}}]},
        {"benchmarks": [{"fullname": "f", "name": "n", "stats": {"median": -1.0}}]},
        {"benchmarks": [{"fullname": "f", "name": "n", "stats": {"median": 10**400}}]},
        {"benchmarks": [{"fullname": "f", "name": "n", "stats": {"median": float("nan")}}]},
        {"datetime": 3}, {"machine_info": []}, {"machine_info": {"cpu": 3}}, {"commit_info": None},
    ],
)  # fmt: skip
def test_runtimes_of_pytest_benchmark_are_checked(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(SPEED))
    assert len(read_benchmark_json(path)[1]) == 1
    path.write_text(json.dumps({**SPEED, **change}))
    refused(read_benchmark_json, path)


@pytest.mark.parametrize("text", [DEEP, f"[{HUGE}]", "[1e999]", "[NaN]", "[Infinity]", "\xff"])
def test_odd_json_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(text.encode("latin-1"))
    refused(read_json, path)


def test_a_text_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    with path.open("wb") as file:
        file.truncate(10 << 30)
    assert "is longer than" in refused(read_text, path)


@pytest.mark.parametrize(
    "damage",
    [
        "PRAGMA user_version=9",
        "DROP TABLE figures",
        "CREATE TABLE more (x)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM figures; END",
        "UPDATE runs SET date = x'ff'",
        "UPDATE runs SET \"commit\" = x'00'",
        "UPDATE figures SET value = 9e999",
        "UPDATE figures SET value = 'good'",
        "UPDATE figures SET higher_is_better = 7",
        "UPDATE figures SET run = 99",
        "UPDATE figures SET variant = CAST(x'ff' AS TEXT)",
        "UPDATE figures SET label = x'ff'",
    ],
)
def test_a_damaged_history_is_one_line(tmp_path: Path, damage: str) -> None:
    from inpaintbench.regression.trends import read_trends

    path, speed = tmp_path / "history.db", tmp_path / "bench.json"
    speed.write_text(json.dumps(SPEED))
    entry, figures = read_benchmark_json(speed)
    assert isinstance(entry, Entry)
    with History.open(path, create=True) as history:
        history.add(entry, figures)
    before = path.read_bytes()
    with History.open(path) as history:
        assert read_trends(history, ["runtime"], [])
    assert path.read_bytes() == before
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(damage)
        connection.commit()

    def read(path: Path) -> object:
        with History.open(path) as history:
            return read_trends(history, ["runtime"], [])

    refused(read, path)


def test_a_finished_history_is_read_without_being_written(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with History.open(path, create=True):
        pass
    os.utime(path, (1, 1))
    with History.open(path):
        pass
    assert path.stat().st_mtime == 1
    assert np.array_equal([p.name for p in tmp_path.iterdir()], ["history.db"])


def test_all_this_harm_is_in_the_table_of_faults(request: pytest.FixtureRequest) -> None:
    record(
        "Exported rows, benchmarks and histories made to do harm",
        sum(test.path == request.path for test in request.session.items),
        "refused in one line, whatever its size or shape",
        "nothing",
    )
