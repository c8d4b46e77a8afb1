"""Tables and figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inpaintbench.report.pictures import Pictures
    from inpaintbench.report.summary import Summary
    from inpaintbench.storage.rows import RunRows


def write_report(summary: Summary, directory: Path, pictures: Pictures | None) -> list[Path]:
    """Write every table and figure of a run, as `writing.write_report` says."""
    from inpaintbench.report import writing

    return writing.write_report(summary, directory, pictures)


def write_provenance(rows: RunRows, directory: Path) -> Path:
    """Write where a run's rows come from into ``provenance.json`` beside them."""
    path = directory / "provenance.json"
    text = json.dumps({"name": rows.name, **rows.provenance}, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")
    return path
