"""The author's loop in a clone in which nothing has been run yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from orchestration.settings import PROJECT_ROOT


def test_the_first_loop_of_a_clone_shows_figures_and_evidence(tmp_path: Path):
    """Seeds that dbt has loaded once lay in DuckDB's log only, where no company saw them."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.oracle.author", "bt_signed_volume", "--rows", "3"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "UTFALL_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "outcomes of company" in done.stdout
    assert "outcome_evidence of company" in done.stdout
    assert "Every figure of the company is the oracle's." in done.stdout
