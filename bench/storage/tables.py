"""The tables of a run."""

from __future__ import annotations

import json
import sqlite3

from inpaintbench.images.types import MOST_PIXELS
from inpaintbench.storage.environment import Environment
from inpaintbench.storage.outcome import FAILURES
from inpaintbench.storage.schema import Schema, declare

_DECLARED = f"""
meta: key
  key              text       what is told of the run
  value            text       what it is

environments: id
  id               id         digest of the rest
  processor        text       model of the processor
  cores            count      logical cores that could be used
  memory_bytes     count      memory of the machine
  device           text       cpu, or model of the accelerator
  system           text       operating system
  python           text       version of Python
  inpaintbench     text       version of inpaintbench
  code             text       commit of the checkout, or empty
  libraries        text       versions of libraries, as JSON
  lock             text       digest of the lock file of an environment, or empty

variants: key
  key              id         digest of source, imports, settings, weights and library versions
  variant          text       method with its parameters: telea[radius=5]
  method           text       name of the method
  family           text       family of the method
  paper            text       publication
  deterministic    flag       whether equal inputs give equal outputs
  trained_on       text       datasets a learned method has seen, separated by commas
  settings         text       every parameter with its value, as JSON
  specification    text       what makes the method again
  sees             text       known: the hole was empty; input: it saw the object to remove
  prompts          text       whether it takes prompts: ignored, optional or required

plan_variants: position
  position         count      place in the plan, from 0
  key              id         digest that names the variant

plan_cases: position
  position         count      place in the plan, from 0
  case             id         id of the case: digest of dataset, sample, suite, index and seed
  dataset          text       dataset as specified, with its parameters
  sample           text       sample id in the dataset
  suite            text       mask suite as specified, with its parameters
  mask_index       count      index of the mask among those of the sample
  seed             whole      seed of the run

plan_metrics: position
  position         count      place in the plan, from 0
  metric           text       metric id, its whole definition
  name             text       name on the command line
  label            text       short name for table heads and axes
  unit             text       unit, or empty
  higher_is_better flag       direction
  worst            number?    worst value the metric can take
  missing          text       why it could not be computed and what to do, or empty
  key              id?        digest of the source of a metric from outside
  axis             text       perception or fidelity, whichever rank it counts for; or empty
  least            number?    least score there can be; NaN where that isn't known
  most             number?    largest score there can be; NaN where that isn't known

cases: case
  case             id         id of the case: digest of dataset, sample, suite, index and seed
  suite_version    count      version of the mask suite
  kind             text       kind of hole drawn
  height           count      pixels; 0 for a case that isn't made
  width            count      pixels
  channels         count      1 or 3
  dtype            dtype?     uint8 or uint16
  coverage         amount?    hole area / image area
  thickness        amount?    radius in pixels of the largest disc inside the hole
  border_contact   flag       whether the hole touches the image border
  image_sha256     digest?    digest of the image's shape, dtype and pixels
  mask_sha256      digest?    digest of the mask's shape and pixels
  input_sha256     digest?    digest of what methods are given, where that isn't the image; or empty
  effect_sha256    digest?    digest of where the object shows outside the hole; or empty
  prompt           text       what to paint, in words; or empty
  failure          failure?   dataset or mask suite, where it could not be made
  message          text       reason of a failure, in a line
  location         text       file and line of a failure, or empty
  traceback        text       traceback of a failure, or empty

cells: case key
  case             reference  id of the case
  key              reference  digest that names the variant
  status           status     done, failed or skipped
  failure          failure?   {", ".join(FAILURES)}; or empty
  message          text       reason of a failure or skip, in a line
  location         text       file and line of a failure, or empty
  traceback        text       traceback of a failure, or empty
  stderr           text       last lines that were printed before a failure
  output_sha256    digest?    digest of the output, which names its file; empty unless done
  output_bytes     count      size of the output's file; 0 where unknown
  seconds          amount?    wall time of the call beside other work; not for tables
  environment      reference  id of the environment that made it

scores: case output_sha256 metric
  case             reference  id of the case
  output_sha256    reference  digest of the output
  metric           text       metric id, its whole definition
  value            number?    score of the composite; NaN where the metric isn't defined
  key              id?        digest of the source of a metric from outside
  reason           text       why the metric failed on it, or empty
  environment      reference  id of the environment that made it

timings: case key environment repeat
  case             reference  id of the case
  key              reference  digest that names the variant
  environment      reference  id of the environment that made it
  repeat           count      number of the repeat, from 0
  seconds          amount     wall time of the call, alone on the machine
  contended        flag       other processes kept the machine busy; left out of tables
  threads          count      threads that libraries were held to
  setup_seconds    amount?    wall time of setup, once for the process
  first_seconds    amount?    wall time of the first call in the process: the cold start
  peak_bytes       change?    peak memory of the process over its baseline before setup

timing_failures: case key environment
  case             reference  id of the case
  key              reference  digest that names the variant
  environment      reference  id of the environment that made it
  failure          failure?   kind of failure
  message          text       reason, in a line
  location         text       file and line of a failure, or empty
  traceback        text       traceback of a failure, or empty
  stderr           text       last lines that were printed before a failure
"""
"""The tables and their primary keys; their columns, each with its kind and what it means."""

_RULES = {
    "cases": {
        "its facts aren't those of an image and a mask": (
            "failure <> '' OR (height > 0 AND width > 0 AND channels IN (1, 3) AND dtype <> '' "
            "AND image_sha256 <> '' AND mask_sha256 <> '')"
        ),
        "its image is too large": (
            f"height <= {MOST_PIXELS} AND width <= {MOST_PIXELS} / max(1, height)"
        ),
    },
    "cells": {
        "only done cells have an output": "(status = 'done') = (output_sha256 <> '')",
        "only failed cells have a kind of failure": "(status = 'failed') = (failure <> '')",
    },
}

TABLES = declare(_DECLARED, _RULES)
META, ENVIRONMENTS, VARIANTS, PLAN_VARIANTS, PLAN_CASES, PLAN_METRICS, *_ = TABLES
RESULTS = CASES, CELLS, SCORES, TIMINGS, TIMING_FAILURES = TABLES[6:]

_CROSSED = {
    "cells: one is done whose case isn't measured": (
        "SELECT 1 FROM cells JOIN plan_cases USING (\"case\") WHERE status = 'done' "
        'AND "case" NOT IN (SELECT "case" FROM cases WHERE failure = \'\')'
    ),
    **{
        f"{table.name}: its positions aren't 0, 1, 2, …": (
            f"SELECT 1 FROM (SELECT max(position) AS last, count(*) AS number FROM {table.name}) "
            "WHERE last <> number - 1"
        )
        for table in (PLAN_VARIANTS, PLAN_CASES, PLAN_METRICS)
    },
    "plan_variants: names a variant that isn't there": (
        "SELECT 1 FROM plan_variants WHERE key NOT IN (SELECT key FROM variants)"
    ),
    "plan_variants: two of its variants have the same name": (
        "SELECT 1 FROM plan_variants JOIN variants USING (key) GROUP BY variant HAVING count(*) > 1"
    ),
    **{
        f"{table}: {column} isn't JSON of names and values": (
            f"SELECT 1 FROM (SELECT DISTINCT {column} AS text FROM {table}) "
            "WHERE NOT is_json_object(text)"
        )
        for table, column in (("variants", "settings"), ("environments", "libraries"))
    },
}

_VIEWS = (
    # Every cell of the plan. Its status is NULL until it is reached; where its case could not be
    # made, it has failed as the case has.
    """
    CREATE TEMP VIEW planned AS
    SELECT p.position AS case_position, o.position AS variant_position, p."case", o.key, v.variant,
        p.dataset || '/' || p.sample || ', ' || p.suite AS place,
        coalesce(f.failure = '', 0) AS made,
        coalesce(c.status, CASE WHEN f.failure <> '' THEN 'failed' END) AS status,
        coalesce(c.failure, f.failure) AS failure, coalesce(c.message, f.message) AS message,
        coalesce(c.location, f.location) AS location,
        c.output_sha256, c.output_bytes, c.seconds, c.environment
    FROM plan_cases p LEFT JOIN cases f ON f."case" = p."case" CROSS JOIN plan_variants o
        LEFT JOIN variants v ON v.key = o.key
        LEFT JOIN cells c ON c."case" = p."case" AND c.key = o.key
    """,
    # Every score of a cell of the plan, by the metric as the plan has it.
    """
    CREATE TEMP VIEW planned_scores AS
    SELECT c.case_position, c.variant_position, m.position AS metric_position, c."case", c.variant,
        c.place, m.label, s.output_sha256, s.metric, s.value, s.reason, s.environment
    FROM planned c JOIN scores s ON s."case" = c."case" AND s.output_sha256 = c.output_sha256
        JOIN plan_metrics m ON m.metric = s.metric AND m.key = s.key
    WHERE c.status = 'done'
    """,
    # What of the plan has no answer: why, where, and what orders it.
    """
    CREATE TEMP VIEW gaps AS
    SELECT 1 AS kind, 'not made' AS what, failure || ': ' || message AS why, position,
        dataset || '/' || sample || ', ' || suite AS place
    FROM plan_cases JOIN cases USING ("case") WHERE failure <> ''
    UNION ALL SELECT 2, 'not run', variant, variant_position, place
    FROM planned WHERE status IS NULL
    UNION ALL SELECT 3, 'environment failed', variant || ': ' || p.message, variant_position, place
    FROM cells c JOIN planned p ON p."case" = c."case" AND p.key = c.key
    WHERE c.failure = 'environment'
    UNION ALL SELECT 4, 'metric missing', label || ': ' || missing, position, ''
    FROM plan_metrics WHERE missing <> ''
    UNION ALL SELECT 5, 'not scored', label || ': ' || reason, position, place FROM (
        SELECT DISTINCT m.position, label, reason, s."case", s.output_sha256, place
        FROM scores s JOIN plan_metrics m USING (metric, key)
            JOIN planned p ON p."case" = s."case" AND p.output_sha256 = s.output_sha256
        WHERE reason <> '')
    UNION ALL SELECT 6, 'not timed', variant || ': ' || t.failure || ': ' || t.message,
        variant_position, place
    FROM timing_failures t JOIN planned p ON p."case" = t."case" AND p.key = t.key
    """,
)


def _upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Complete what was copied from an earlier version."""
    if version < 2:
        _add_environment(connection)
    connection.execute(f"UPDATE {VARIANTS.name} SET sees = 'known', prompts = 'ignored'")
    if version < 3:
        # the metrics of then that don't count for the rank by fidelity
        connection.execute(
            f"UPDATE {PLAN_METRICS.name} SET least = NULL, most = NULL, axis = CASE "
            "WHEN name = 'lpips' THEN 'perception' WHEN name IN ('known-change', 'seam') THEN '' "
            "ELSE 'fidelity' END"
        )


def _add_environment(connection: sqlite3.Connection) -> None:
    """Give all that version 1 holds its environment, of which the run told then."""
    meta = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    maker = Environment.from_facts(meta)
    connection.execute(ENVIRONMENTS.insert(), maker.row)
    for table in (CELLS, SCORES, TIMINGS):
        connection.execute(f"UPDATE {table.name} SET environment = ?", (maker.id,))
    connection.execute(
        "DELETE FROM meta WHERE key NOT IN ('name', 'changed', 'started', 'benchmark')"
    )
    try:
        parts = json.loads(meta.get("merged", "[]"))
        names = [str(part.get("run")) for part in parts if isinstance(part, dict)]
    except (ValueError, TypeError, RecursionError):
        return
    connection.execute(META.insert(), {"key": "merged", "value": json.dumps(names)})


RUN = Schema(
    of="a run",
    remedy="restore it from a copy, or start anew with --fresh",
    otherwise="use another directory or --fresh",
    version=4,
    tables=TABLES,
    older={
        1: "fbca0454fea965d4a10dd6276b94af0262f610727bcc90fcef639dc479395581",
        2: "6a6bfe384ee1f0e5b46f1f1bda33fd4e2752fbe7749bce1c37fcde669f28ca9d",
        3: "e465d385365c0142a72cf1ae8359c8cb2cedb4283010c1e2f757af9980310fca",
    },
    upgrade=_upgrade,
    crossed=_CROSSED,
    views=_VIEWS,
)
"""The database of a run."""
