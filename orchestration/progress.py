"""The progress display of a night: a live line per stage on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

STAGE_WORDS = {
    "prepare": "read the project",
    "demo": "demo company",
    "ingest": "extracts → raw",
    "build_file": "plan and build file",
    "dbt": "raw → marts",
    "release_candidate": "marts → candidate",
    "gate": "judge the candidate",
    "publication": "publish",
}


class StageDisplay:
    """Shows stages as Dagster's events arrive; ``seconds`` holds what each took, in order.

    Use as a context manager around the run.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}
        self._started: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            SpinnerColumn(finished_text="[green]✓[/green]"),
            TextColumn("{task.description:<20}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[count]}"),
            console=console,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> StageDisplay:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Show a stage that is not one of Dagster's steps."""
        self._begin(name)
        try:
            yield
        except BaseException:
            self._end(name, has_failed=True)
            raise
        self._end(name)

    def on_event(self, entry: Any) -> None:
        """Take one entry of Dagster's event log (an instance event listener)."""
        event = entry.dagster_event
        if event is None or event.step_key is None:
            return
        kind, stage = event.event_type_value, event.step_key
        if kind == "STEP_START":
            self._begin(stage)
        elif kind == "STEP_SUCCESS":
            self._end(stage)
        elif kind == "STEP_FAILURE":
            self._end(stage, has_failed=True)
        elif kind in ("ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION"):
            self._counts[stage] = self._counts.get(stage, 0) + 1
            if stage in self._tasks:
                self._progress.update(self._tasks[stage], count=self._counted(stage))

    def _begin(self, stage: str) -> None:
        self._started[stage] = time.monotonic()
        words = STAGE_WORDS.get(stage, stage)
        if self.console.is_terminal:
            self._tasks[stage] = self._progress.add_task(words, total=1, count="")
        else:
            self.console.print(f"{words} …", markup=False)

    def _end(self, stage: str, *, has_failed: bool = False) -> None:
        took = time.monotonic() - self._started.get(stage, time.monotonic())
        self.seconds[stage] = took
        words = STAGE_WORDS.get(stage, stage)
        mark = "failed" if has_failed else "done"
        if self.console.is_terminal:
            task = self._tasks.get(stage)
            if task is None:
                return
            if has_failed:
                self._progress.update(task, description=f"[red]{words}[/red]", count="failed")
                self._progress.stop_task(task)
            else:
                self._progress.update(task, completed=1, count=self._counted(stage))
        else:
            counted = self._counted(stage)
            self.console.print(
                f"{words} {mark} in {took:.1f} s{': ' + counted if counted else ''}", markup=False
            )

    def _counted(self, stage: str) -> str:
        number = self._counts.get(stage, 0)
        return f"{number} tables and checks" if number else ""
