"""dbt's manifest: parsed explicitly, and only when a file it was parsed from has changed.

Dagster builds its asset graph from the manifest when code is loaded. dagster-dbt parses by itself
only under ``dagster dev``; everywhere else a missing manifest fails at import and an old one is
silently stale. So every process that loads the definitions calls ``ensure_manifest`` first.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from filelock import FileLock

from orchestration.settings import PROJECT_ROOT, Settings, load_settings

TARGET = PROJECT_ROOT / "target"
MANIFEST, FINGERPRINT = "manifest.json", "manifest.fingerprint"
DBT_EXECUTABLE = Path(sys.executable).parent / "dbt"
"""dbt of the running interpreter's environment, so that nobody has to activate it."""

PARSED_FOLDERS = ("models", "seeds", "dbt_project")
PARSED_FILES = ("dbt_project.yml", "profiles.yml")


def building_path(settings: Settings) -> Path:
    """Return the path under which dbt finds the build file of the running night.

    It is the same every night, because dbt throws its saved parse away when the connection
    changes; ``building`` is a link to a folder of the run's own.
    """
    return settings.work / "building" / "utfall.duckdb"


class ManifestError(RuntimeError):
    """dbt could not parse the project; the text repeats what dbt said."""


def parsed_files(root: Path) -> list[Path]:
    """Return every file dbt reads while parsing, in a stable order."""
    files = [root / name for name in PARSED_FILES if (root / name).is_file()]
    for folder in PARSED_FOLDERS:
        files += [path for path in (root / folder).rglob("*") if path.is_file()]
    return sorted(files)


def fingerprint(root: Path, files: Iterable[Path]) -> str:
    """Return a hash over the names and contents of ``files`` (a few hundred small files)."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(os.fsencode(path.relative_to(root)) + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def parsed_folder() -> Path:
    """Return the folder of the manifest and the saved parse.

    There is one per engine, because another engine's macros are other code, and a night on one of
    them may run beside a night on the other.
    """
    return TARGET / load_settings().target


def is_current() -> bool:
    """Say whether the manifest on disk was parsed from exactly the files that lie there now."""
    manifest, mark = parsed_folder() / MANIFEST, parsed_folder() / FINGERPRINT
    return manifest.is_file() and mark.is_file() and mark.read_text() == _fingerprint()


def _fingerprint() -> str:
    return fingerprint(PROJECT_ROOT, parsed_files(PROJECT_ROOT))


def ensure_manifest(*, force: bool = False) -> Path:
    """Parse the dbt project where the manifest is missing or stale, and return the manifest's path.

    Safe in several processes at once (webserver, daemon and code server load the definitions at
    the same moment). Raises ``ManifestError`` with dbt's own message where the project is broken.
    """
    folder = parsed_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "manifest.lock"):
        if force or not is_current():
            mark = _fingerprint()
            _parse(folder)
            (folder / FINGERPRINT).write_text(mark)
    return folder / MANIFEST


def _parse(folder: Path) -> None:
    (folder / FINGERPRINT).unlink(missing_ok=True)
    if not DBT_EXECUTABLE.is_file():
        raise ManifestError(
            f"dbt is not installed beside {sys.executable}; run `make setup` and start again."
        )
    command = [os.fspath(DBT_EXECUTABLE), "--quiet", "--no-use-colors", "parse"]
    done = subprocess.run(
        [*command, "--target-path", os.fspath(folder)],
        cwd=PROJECT_ROOT,
        env={**os.environ, "UTFALL_BUILD_FILE": os.fspath(building_path(load_settings()))},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not (folder / MANIFEST).is_file():
        said = (done.stdout + done.stderr).strip()
        raise ManifestError(
            "dbt could not read the models, so no job can start; correct what it names and run "
            f"again. dbt said: {said}"
        )


@lru_cache(maxsize=1)
def _load(path: Path, stamp: int) -> dict:
    return json.loads(path.read_bytes())


def load_manifest() -> dict:
    """Return the current manifest, parsed by dbt and by Python at most once per process."""
    path = ensure_manifest()
    return _load(path, path.stat().st_mtime_ns)


RUN_TYPES = ("model", "seed", "test", "snapshot")


def expected_nodes(manifest: dict, *, with_seeds: bool = True) -> set[str]:
    """Return the unique ids a whole night must run: models, seeds and data tests, no unit tests.

    A night that starts from a base with the same seeds does not load them again.

    Ephemeral models are left out, because dbt compiles them into others and reports no result.
    """
    return {
        unique_id
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in RUN_TYPES
        and (with_seeds or node["resource_type"] != "seed")
        and node["config"].get("enabled", True)
        and node["config"].get("materialized") != "ephemeral"
    }
