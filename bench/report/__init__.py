"""Tables and figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inpaintbench.report.pictures import Pictures
    from inpaintbench.rows import RunRows


def write_report(rows: RunRows, directory: Path, pictures: Pictures | None) -> list[Path]:
    """Write every table and figure of a run, as `writing.write_report` says."""
    from inpaintbench.report import writing

    return writing.write_report(rows, directory, pictures)
