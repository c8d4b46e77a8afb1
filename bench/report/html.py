"""Write a table as an HTML fragment: a figure with the table and its notes."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, Template

from inpaintbench.report.table import Table


@cache
def _template() -> Template:
    loader = PackageLoader("inpaintbench.report")
    environment = Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("table.html")


def write(table: Table) -> str:
    """Write the table with its caption above and its notes below."""
    return _template().render(table=table) + "\n"
