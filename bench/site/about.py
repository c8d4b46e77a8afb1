"""The page about the run: how to read it, where it comes from, and its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping

from inpaintbench.report import html, tables
from inpaintbench.report.kinds import IntervalStyle, TableKind
from inpaintbench.rows import long_rows
from inpaintbench.site.site import Site


def write_about(site: Site) -> None:
    """Write ``about.html`` and the rows and tables that it offers."""
    from markupsafe import Markup

    rows, folder = site.summary.rows, site.renderer.folder
    folder.text("tables/rows.csv", long_rows(rows).to_csv(index=False, lineterminator="\n"))
    shown = []
    for kind in (TableKind.groups, TableKind.pairs):
        table = tables.make(kind, site.summary, IntervalStyle.brackets)
        folder.text(f"tables/{kind}.csv", table.frame.to_csv(index=False, lineterminator="\n"))
        # the table comes escaped
        shown.append((str(kind), Markup(html.write(table))))
    leaderboard = tables.make(TableKind.leaderboard, site.summary, IntervalStyle.brackets)
    folder.text(
        "tables/leaderboard.csv", leaderboard.frame.to_csv(index=False, lineterminator="\n")
    )
    site.renderer.page(
        "about.html",
        "about.html",
        section="about",
        site=site,
        rows=rows,
        rules=leaderboard.notes,
        metrics=rows.metrics.to_dict("records"),
        provenance=_provenance(rows.provenance),
        tables=shown,
    )


def _provenance(provenance: Mapping[str, str]) -> list[tuple[str, str]]:
    """List what is known of the run; what is JSON is laid out."""
    found = []
    for key, value in provenance.items():
        try:
            content = json.loads(value)
        except ValueError:
            content = None
        if isinstance(content, dict):
            text = "\n".join(f"{name}: {_plain(part)}" for name, part in content.items())
        else:
            text = value
        found.append((key.replace("_", " "), text))
    return found


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{key} {part}" for key, part in value.items())
    return str(value)
