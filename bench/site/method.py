"""The page of a method."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from inpaintbench.report import notes
from inpaintbench.site.highlights import Highlight
from inpaintbench.site.reproduction import replay_command, run_command
from inpaintbench.site.site import Site
from inpaintbench.statistics.standings import Entry
from inpaintbench.storage.rows import main_environment


def write_method(site: Site, entry: Entry, chosen: list[Highlight]) -> None:
    """Write the page of a method; `chosen` are its best, median and worst cases by suite."""
    summary, here, rows = site.summary, site.summary.overall, site.summary.rows
    variant = summary.scores.variants.loc[entry.variant].to_dict()
    own = rows.timings[rows.timings["variant"] == entry.variant]
    site.page(
        "method.html",
        site.method_pages[entry.variant],
        section="methods",
        here=here,
        entry=entry,
        variant=variant,
        settings=_settings(str(variant["settings"])),
        metrics=[metric for metric in here.metrics if metric.id in entry.qualities],
        suites=[
            (name, found.support, next(e for e in found.entries if e.variant == entry.variant))
            for name, found in [("All cases", here)] + [(s.suite, s) for s in summary.suites]
        ],
        ranks=list(here.rankings),
        runtime=here.runtimes.of.get(entry.variant),
        setup=own["setup_seconds"].median(),
        first=own["first_seconds"].median(),
        examples=[(suite, list(cases)) for suite, cases in groupby(chosen, lambda one: one.suite)],
        failures=[one for one in site.unfinished if one.variant == entry.variant],
        command=run_command(rows, entry.variant),
        replay=replay_command(rows, site.runs[0], chosen[0].case, entry.variant)
        if len(site.runs) == 1 and chosen
        else "",
        provenance=[
            ("run", rows.name),
            ("output key", variant["key"]),
            *notes.made_with(main_environment(rows)),
        ],
    )


def _settings(text: str) -> list[tuple[str, str]]:
    try:
        values: dict[str, Any] = json.loads(text)
    except ValueError:
        return [("settings", text)]
    return [(key, json.dumps(value).strip('"')) for key, value in values.items()]
