"""The build file: a copy of the last green one (or an empty file) with the raw views of this S."""

import contextlib
import json
import shutil
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import psutil

from orchestration.assets.night import BACKFILL_POLICY, POOL, Night, in_words
from orchestration.manifest import building_path
from orchestration.settings import Settings

CHILD_FILE = "dbt.pid"
ORPHAN_SECONDS = 10


def build_file_asset(
    entities: Iterable[str], partitions: dg.PartitionsDefinition
) -> dg.AssetsDefinition:
    """Return the asset ``build_file``, which follows every ingest asset."""

    @dg.asset(
        name="build_file",
        group_name="raw",
        deps=[["raw", entity] for entity in entities],
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
        pool=POOL,
        kinds={"duckdb"},
        description="The DuckDB file a night is built in, and the plan: full or incremental.",
    )
    def build_file(night: dg.ResourceParam[Night]) -> dg.MaterializeResult:
        from orchestration.postgres.night import lost_base
        from orchestration.warehouse import base_build_file, prepare_warehouse

        with in_words():
            lost = lost_base(night.settings, base_build_file(night.settings))
            plan = prepare_warehouse(
                night.settings,
                night.as_of,
                night.short_id,
                mode="full" if lost else "auto",
                full_because=lost,
            )
        night.leave("build_file", path=plan.path, is_full=plan.is_full, reason=plan.reason)
        write_plan(plan)
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(plan.path)),
                "is_full": plan.is_full,
                "base_as_of": str(plan.base_as_of or ""),
                "changed_extracts": len(plan.changed),
                "reason": plan.reason,
            }
        )

    return build_file


def open_build(settings: Settings, build_file: Path) -> Path:
    """Make the build file reachable under the path that is the same every night; return that path.

    dbt uses its saved parse only while the connection is unchanged, and DuckDB's views name the
    catalog, which is the file's name: under one name, a view of an earlier night is still valid.
    The file keeps its unique name too, and its write-ahead log lies in a folder of this run's own,
    so no log of another night can ever be replayed into it. What other runs left is removed.
    """
    path = building_path(settings)
    folder = settings.work / f"{build_file.stem}.building"
    for left in settings.work.glob("*.building"):
        if left != folder:
            _end_orphan(left)
            shutil.rmtree(left)
    folder.mkdir(exist_ok=True)
    if not (folder / path.name).exists():
        (folder / path.name).hardlink_to(build_file)
    draft = settings.work / f"{build_file.stem}.link"
    draft.unlink(missing_ok=True)
    draft.symlink_to(folder.name)
    draft.replace(path.parent)
    return path


def remember_child(opened: Path, pid: int) -> None:
    """Note which process writes the opened build file, for a run that finds it left behind."""
    (opened.parent / CHILD_FILE).write_text(str(pid))


def _end_orphan(folder: Path) -> None:
    """End the dbt of a run that was killed: it goes on writing, and would take the next file."""
    note = folder / CHILD_FILE
    if not note.is_file():
        return
    with contextlib.suppress(psutil.Error, ValueError):
        child = psutil.Process(int(note.read_text()))
        # A pid is used again after a while; only a dbt older than the note is the one noted.
        is_dbt = any(Path(part).name == "dbt" for part in child.cmdline()[:2])
        if is_dbt and child.create_time() <= note.stat().st_mtime + 1:
            child.kill()
            child.wait(ORPHAN_SECONDS)


def close_build(settings: Settings) -> None:
    """Take the second name of the build file away when the night is done with it."""
    link = building_path(settings).parent
    if link.is_symlink():
        shutil.rmtree(link.resolve(), ignore_errors=True)
        link.unlink()


def plan_path(build_file: Path) -> Path:
    """Return where the plan of a build file lies: beside it, under its name."""
    return build_file.with_suffix(".plan.json")


def write_plan(plan: Any) -> None:
    """Keep a ``BuildPlan`` for the stage that marks the build green, maybe in another process."""
    plan_path(plan.path).write_text(json.dumps(asdict(plan), default=str))


def read_plan(build_file: Path) -> Any:
    """Return the ``BuildPlan`` that ``write_plan`` kept."""
    from orchestration.warehouse import BuildPlan, Extract

    kept = json.loads(plan_path(build_file).read_text())
    day = date.fromisoformat
    return BuildPlan(
        **{
            **kept,
            "path": build_file,
            "as_of": day(kept["as_of"]),
            "base_as_of": day(kept["base_as_of"]) if kept["base_as_of"] else None,
            "changed": [(entity, source, day(on)) for entity, source, on in kept["changed"]],
            "rebuilt": tuple(kept["rebuilt"]),
            "extracts": tuple(
                Extract(**{**extract, "extract_date": day(extract["extract_date"])})
                for extract in kept["extracts"]
            ),
        }
    )
