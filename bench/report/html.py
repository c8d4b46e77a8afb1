"""Write a table as an HTML fragment: a figure with the table and its notes."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader

from inpaintbench.report.table import Table


@cache
def environment() -> Environment:
    """Return what turns the report's templates into pages; everything in them is escaped."""
    return Environment(
        loader=PackageLoader("inpaintbench.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def write(table: Table) -> str:
    """Write the table with its caption above and its notes below."""
    return environment().get_template("table.html").render(table=table) + "\n"
