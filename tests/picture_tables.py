"""The tables of files in docs/datasets.md, made by the tests that read them.

``INPAINTBENCH_PICTURE_TABLE=docs/datasets.md python -m pytest tests/test_pictures.py`` writes them
anew.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "datasets.md"


def check(name: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Compare a table with the document's, or write it there where that is asked for."""
    lines = [head, ["---"] * len(head), *rows]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
    asked = os.environ.get("INPAINTBENCH_PICTURE_TABLE")
    path = Path(asked) if asked else DOCUMENT
    start, end = f"<!-- {name}: start -->\n", f"<!-- {name}: end -->\n"
    before, _, rest = path.read_text(encoding="utf-8").partition(start)
    present, _, after = rest.partition(end)
    if asked:
        path.write_text(before + start + table + end + after, encoding="utf-8")
    else:
        assert present == table, f"make {name} anew: see picture_tables.py"
