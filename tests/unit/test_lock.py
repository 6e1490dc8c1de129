"""One pipeline at a time, refused with the holder's name."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.lock import PipelineBusy, current_holder, single_writer
from orchestration.settings import PROJECT_ROOT
from tests.publication_support import settings_for

HOLD = """
import sys, time
from tests.publication_support import settings_for
from orchestration.lock import single_writer
from pathlib import Path
with single_writer(settings_for(Path(sys.argv[1])), "other-run", as_of="2026-03-03"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other_process(tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=PROJECT_ROOT,
    )
    assert process.stdout.readline().strip() == "held"
    yield process
    process.kill()
    process.wait()


def test_a_second_run_is_refused_with_the_holders_name(tmp_path, other_process):
    settings = settings_for(tmp_path)
    with pytest.raises(PipelineBusy) as refused, single_writer(settings, "mine"):
        pass
    text = str(refused.value)
    assert "other-run" in text and "2026-03-03" in text and str(other_process.pid) in text
    assert "Wait for it to end" in text


def test_a_dead_holder_frees_its_lock(tmp_path, other_process):
    settings = settings_for(tmp_path)
    os.kill(other_process.pid, signal.SIGKILL)
    other_process.wait()
    assert current_holder(settings) is None
    with single_writer(settings, "mine") as holder:
        assert holder.run_id == "mine"


def test_the_holder_is_shown_without_disturbing_it(tmp_path):
    settings = settings_for(tmp_path)
    assert current_holder(settings) is None
    with single_writer(settings, "mine", as_of="2026-03-04"):
        shown = current_holder(settings)
        assert (shown.run_id, shown.as_of, shown.pid) == ("mine", "2026-03-04", os.getpid())
    assert current_holder(settings) is None


def test_a_failed_run_frees_its_lock(tmp_path):
    settings = settings_for(tmp_path)
    with pytest.raises(RuntimeError, match="broken"), single_writer(settings, "mine"):
        raise RuntimeError("broken")
    with single_writer(settings, "next"):
        pass


def test_the_second_block_in_one_process_is_refused_too(tmp_path):
    settings = settings_for(tmp_path)
    started = time.monotonic()
    with (
        single_writer(settings, "first"),
        pytest.raises(PipelineBusy, match="first"),
        single_writer(settings, "second"),
    ):
        pass
    assert time.monotonic() - started < 5
