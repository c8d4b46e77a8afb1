"""The table of faults in docs/faults.md, filled in by the tests that cause them.

``INPAINTBENCH_FAULT_TABLE=docs/faults.md python -m pytest tests`` writes it anew.
"""

from __future__ import annotations

import os
from pathlib import Path

STAGES = (
    "the quality pass",
    "scoring",
    "timing",
    "a report",
    "a site",
    "a merge",
    "a history",
    "training",
    "a download",
)

ENDS = ("raises", "exits", "crashes", "hangs")

FAULTS = (
    "SIGKILL of the main process, at random moments",
    *(f"{fault} in {stage}" for fault in ("SIGKILL", "SIGTERM") for stage in STAGES),
    *(f"Full disk in {stage}" for stage in STAGES),
    "File size limit",
    "Read-only output folder",
    "Two processes on one run directory",
    "Power cut: outputs that never reached the disk",
    "SIGKILL of a method's process",
    "SIGKILL of a Dask worker",
    "SIGKILL of the Dask scheduler",
    "Method edited while a Dask worker lives",
    "Segmentation fault in a method",
    "Method stuck in C code",
    "Method that allocates without end",
    "Method that ruins its own process",
    "Method that ruins its own process, in an environment of its own",
    "Environment of a method that can't be built",
    "SIGKILL while the environment of a method is built",
    "Methods that change what others stand on",
    "Two methods with helpers of one name",
    "Set-up that fails by chance",
    *(f"Method whose set-up {end}" for end in ENDS),
    "Every method crashes",
    *(f"Dataset that {end} at a picture" for end in ENDS),
    *(f"Mask suite that {end} at a picture" for end in ENDS),
    *(f"Metric that {end}" for end in ENDS),
    *(f"Metric whose set-up {end}" for end in ENDS),
    "Installed plugin that exits when imported",
    "Database truncated to half",
    "Database made to do harm",
    "Exported rows, benchmarks and histories made to do harm",
    "Outputs deleted or damaged",
    "Pictures of the data moved away",
    "A person's own files among the results",
    "Run of an earlier version",
    "Runs that name files of code",
    "Output in another encoding",
    "Text with markup",
)

HEAD = "| fault | times | what happens | lost |\n|---|---|---|---|\n"


def record(fault: str, times: int, happens: str, lost: str) -> None:
    """Put what a test saw into the table, where one is asked for.

    Parameters
    ----------
    fault : str
        One of `FAULTS`.
    times : int
        How often it was caused.
    happens : str
        What the run did.
    lost : str
        Which results had to be made again.
    """
    assert fault in FAULTS
    if file := os.environ.get("INPAINTBENCH_FAULT_TABLE"):
        path = Path(file)
        before, rows, after = read(path.read_text(encoding="utf-8"))
        rows[fault] = f"| {fault} | {times} | {happens} | {lost} |\n"
        ordered = "".join(rows[name] for name in FAULTS if name in rows)
        path.write_text(before + HEAD + ordered + after, encoding="utf-8")


def read(text: str) -> tuple[str, dict[str, str], str]:
    """Split a document into what comes before the table, its rows by fault, and what follows."""
    before, _, rest = text.partition(HEAD)
    lines = rest.splitlines(keepends=True)
    length = next((n for n, line in enumerate(lines) if not line.startswith("|")), len(lines))
    rows = {line.split("|")[1].strip(): line for line in lines[:length]}
    return before, rows, "".join(lines[length:])
