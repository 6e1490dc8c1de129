"""What all stages of a night share: the day partitions, the run's guard, and the handover.

The handover is one small JSON file per S in the work folder. A stage writes there what the next
one needs and what the summary prints, so that a stage can also be run alone in a later process.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from orchestration.alerts import is_sentence
from orchestration.settings import Settings

POOL = "warehouse"
"""Everything that opens the warehouse shares this pool, whose limit is 1."""

BACKFILL_POLICY = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
"""A backfill runs one day per run; the run queue takes them one at a time, in ascending order."""

LAYERS = (
    "raw",
    "seeds",
    "staging",
    "core",
    "budget_types",
    "outcomes",
    "planning",
    "scoring",
    "marts",
    "publication",
)


def day_partitions(start: date, timezone: str) -> dg.DailyPartitionsDefinition:
    """Return the partitions: one key per S, today included (S is today, not yesterday)."""
    return dg.DailyPartitionsDefinition(
        start_date=start.isoformat(), timezone=timezone, end_offset=1
    )


class Night:
    """A running night: its settings, S, Dagster's run id and the handover between its stages."""

    def __init__(self, settings: Settings, as_of: date, run_id: str) -> None:
        self.settings = settings
        self.as_of = as_of
        self.run_id = run_id

    @property
    def short_id(self) -> str:
        """The first eight characters of the run id: what file names carry."""
        return self.run_id[:8]

    @property
    def handover_path(self) -> Path:
        """Where the stages of this S leave what the next one needs."""
        return handover_path(self.settings, self.as_of)

    def leave(self, stage: str, **facts: Any) -> None:
        """Write the facts of a stage; dates and paths become text. Replaces the stage's former."""
        handover = read_handover(self.settings, self.as_of)
        handover[stage] = facts
        self.handover_path.parent.mkdir(parents=True, exist_ok=True)
        draft = self.handover_path.with_suffix(".tmp")
        draft.write_text(json.dumps(handover, default=str, ensure_ascii=False, indent=1))
        draft.replace(self.handover_path)

    def start(self) -> None:
        """Forget what an earlier run for this S left, and what builds that are gone have left."""
        self.handover_path.unlink(missing_ok=True)
        for path in self.settings.work.glob("*.handover.json"):
            build = json.loads(path.read_text()).get("build_file", {}).get("path")
            if build is None or not Path(build).exists():
                path.unlink()
        for plan in self.settings.work.glob("*.plan.json"):
            if not plan.with_name(plan.name.replace(".plan.json", ".duckdb")).exists():
                plan.unlink()

    def take(self, stage: str) -> dict[str, Any]:
        """Return the facts an earlier stage left for this S; fail in words where it left none."""
        facts = read_handover(self.settings, self.as_of).get(stage)
        if facts is None:
            raise dg.Failure(
                f"The stage {stage} has not been run for S = {self.as_of}; run the whole job with "
                f"`make nightly AS_OF={self.as_of}`.",
                allow_retries=False,
            )
        return facts


def handover_path(settings: Settings, as_of: date) -> Path:
    """Return the file in which the stages for one S leave their facts."""
    return settings.work / f"{as_of}.handover.json"


def read_handover(settings: Settings, as_of: date) -> dict[str, dict[str, Any]]:
    """Return all facts left for one S, by stage; empty where no stage has run."""
    path = handover_path(settings, as_of)
    return json.loads(path.read_text()) if path.is_file() else {}


@contextmanager
def in_words() -> Iterator[None]:
    """Hand errors that the project wrote as sentences to Dagster as failures with that sentence.

    Dagster would wrap them in an error of its own; ``dg.Failure`` keeps the text as the step's
    description, which is what the alert and the command line show.
    """
    try:
        yield
    except Exception as problem:
        if is_sentence(problem):
            raise dg.Failure(str(problem), allow_retries=False) from problem
        raise


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set environment variables for a child process that takes them from nowhere else."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
