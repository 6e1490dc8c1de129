"""``make test``: every check and test group, and the minutes each took.

Usage: ``python tests/run_all.py [group ...]``; without groups all are run. Groups run side by side,
as many as the machine has cores for, the long ones first; what a group says is printed as a whole
when it has ended, and as it comes where it runs alone. Nothing is skipped when a group fails: one
run tells everything that is wrong, and the exit code is 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTHON = [sys.executable]
OF_PYTEST = ("unit", "dbt", "graph", "oracle", "postgres", "e2e", "faults")
LONG_FIRST = ("e2e", "postgres", "faults", "oracle", "unit", "sqlfluff", "dbt", "graph")
MOST_LANES = 4
"""A night takes 1.5 GB of memory, so a large machine does not run all groups at once."""

GROUPS: dict[str, list[str]] = {
    "types": [*PYTHON, "-m", "orchestration.registry", "--check"],
    "ruff": [str(BIN / "ruff"), "check", "."],
    "format": [str(BIN / "ruff"), "format", "--check", "."],
    "parse": [str(BIN / "dbt"), "--quiet", "parse"],
    "sqlfluff": [str(BIN / "sqlfluff"), "lint", "models", "dbt_project"],
} | {
    name: [*PYTHON, "-m", "pytest", f"tests/{name}", "--durations=10", "--durations-min=5"]
    for name in OF_PYTEST
}


@dataclass(frozen=True)
class Result:
    """A group that has ended."""

    name: str
    minutes: float
    passed: bool
    said: str


def lanes() -> int:
    """How many groups run at a time: ``UTFALL_TEST_LANES``, else one per core."""
    return int(os.environ.get("UTFALL_TEST_LANES") or min(os.cpu_count() or 1, MOST_LANES))


def environment(group: str, scratch: Path) -> dict[str, str]:
    """Return the environment of a group: what only compiles needs no build file on disk, and keeps
    what it writes to itself."""
    if group not in ("parse", "sqlfluff"):
        return dict(os.environ)
    return {
        **os.environ,
        "UTFALL_BUILD_FILE": ":memory:",
        "DBT_TARGET_PATH": str(scratch / group / "target"),
        "DBT_LOG_PATH": str(scratch / group / "logs"),
    }


def run(name: str, scratch: Path, *, is_alone: bool) -> Result:
    """Run a group to its end; unless it is alone, keep what it says, errors among the rest."""
    started = time.monotonic()
    with TemporaryFile() as output:
        done = subprocess.run(
            GROUPS[name],
            cwd=ROOT,
            env=environment(name, scratch),
            stdin=subprocess.DEVNULL,
            stdout=None if is_alone else output,
            stderr=None if is_alone else subprocess.STDOUT,
            check=False,
        )
        output.seek(0)
        said = output.read().decode("utf-8", "replace").strip()
    return Result(name, (time.monotonic() - started) / 60, done.returncode == 0, said)


def in_order(wanted: list[str]) -> list[str]:
    """The groups in the order they begin: the long ones first, so that none is left alone."""
    first = [name for name in LONG_FIRST if name in wanted]
    return first + [name for name in wanted if name not in first]


def main(wanted: list[str]) -> int:
    """Run the groups and return 0 when all passed."""
    unknown = [name for name in wanted if name not in GROUPS]
    if unknown:
        print(f"No such group: {', '.join(unknown)}; there are {', '.join(GROUPS)}.")
        return 2
    chosen = in_order(wanted or list(GROUPS))
    is_alone = min(lanes(), len(chosen)) == 1
    started = time.monotonic()
    results: list[Result] = []
    saying = threading.Lock()

    def begin(name: str) -> Result:
        with saying:
            print(f"\n── {name} has begun", flush=True)
        return run(name, Path(scratch), is_alone=is_alone)

    with (
        TemporaryDirectory(prefix="utfall-tests-") as scratch,
        ThreadPoolExecutor(max_workers=lanes()) as pool,
    ):
        for future in as_completed([pool.submit(begin, name) for name in chosen]):
            result = future.result()
            results.append(result)
            with saying:
                verdict = "passed" if result.passed else "FAILED"
                print(f"\n── {result.name} {verdict} ".ljust(66, "─"))
                print(result.said, flush=True)
    print("\nMinutes per group")
    for result in sorted(results, key=lambda result: -result.minutes):
        verdict = "passed" if result.passed else "FAILED"
        print(f"  {result.name:<10} {result.minutes:6.2f}  {verdict}")
    print(f"  {'in all':<10} {(time.monotonic() - started) / 60:6.2f}  side by side")
    failed = [result.name for result in results if not result.passed]
    print("All groups passed." if not failed else f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
