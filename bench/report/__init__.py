"""Tables and figures."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from inpaintbench.images.files import write_whole

if TYPE_CHECKING:
    from inpaintbench.report.pictures import Pictures
    from inpaintbench.report.summary import Summary
    from inpaintbench.storage.rows import RunRows


def write_report(
    summary: Summary, directory: Path, pictures: Pictures | None, state: str = ""
) -> list[Path]:
    """Write every table and figure of a run, as `writing.write_report` says."""
    from inpaintbench.report import writing

    return writing.write_report(summary, directory, pictures, state)


def write_provenance(rows: RunRows, directory: Path) -> Path:
    """Write where a run's rows come from into ``provenance.json`` beside them."""
    path = directory / "provenance.json"
    known = asdict(rows.provenance)
    content = {
        "name": rows.name,
        **{name: value for name, value in known.items() if value},
        "environments": [{"id": id} | asdict(made) for id, made in rows.environments.items()],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False)
    write_whole(path, text + "\n")
    return path
