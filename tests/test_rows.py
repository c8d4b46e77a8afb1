"""The documented schema is the schema."""

from __future__ import annotations

from pathlib import Path

from inpaintbench.storage.rows import schema_markdown

DOCS = Path(__file__).resolve().parent.parent / "docs"


def test_the_documentation_lists_the_columns_as_they_are() -> None:
    assert schema_markdown() in (DOCS / "running.md").read_text(encoding="utf-8")
