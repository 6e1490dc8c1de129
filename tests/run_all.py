"""``make test``: every check and test group in turn, and the minutes each took.

Usage: ``python tests/run_all.py [group ...]``; without groups all are run. Nothing is skipped when
a group fails: one run tells everything that is wrong, and the exit code is 1.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTHON = [sys.executable]

GROUPS: dict[str, list[str]] = {
    "types": [*PYTHON, "-m", "orchestration.registry", "--check"],
    "ruff": [str(BIN / "ruff"), "check", "."],
    "format": [str(BIN / "ruff"), "format", "--check", "."],
    "parse": [str(BIN / "dbt"), "--quiet", "parse"],
    "sqlfluff": [str(BIN / "sqlfluff"), "lint", "--processes", "2", "models", "dbt_project"],
} | {
    name: [*PYTHON, "-m", "pytest", f"tests/{name}"]
    for name in ("unit", "dbt", "graph", "e2e", "faults")
}


def environment(group: str) -> dict[str, str]:
    """Return the environment of a group: what only compiles needs no build file on disk."""
    compiles = {"UTFALL_BUILD_FILE": ":memory:"} if group in ("parse", "sqlfluff") else {}
    return {**os.environ, **compiles}


def main(wanted: list[str]) -> int:
    """Run the groups and return 0 when all passed."""
    unknown = [name for name in wanted if name not in GROUPS]
    if unknown:
        print(f"No such group: {', '.join(unknown)}; there are {', '.join(GROUPS)}.")
        return 2
    results: list[tuple[str, float, bool]] = []
    for name in wanted or list(GROUPS):
        print(f"\n── {name} " + "─" * max(4, 60 - len(name)), flush=True)
        started = time.monotonic()
        done = subprocess.run(GROUPS[name], cwd=ROOT, env=environment(name), check=False)
        results.append((name, (time.monotonic() - started) / 60, done.returncode == 0))
    print("\nMinutes per group")
    for name, minutes, passed in results:
        print(f"  {name:<10} {minutes:6.2f}  {'passed' if passed else 'FAILED'}")
    print(f"  {'total':<10} {sum(minutes for _, minutes, _ in results):6.2f}")
    failed = [name for name, _, passed in results if not passed]
    print("All groups passed." if not failed else f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
