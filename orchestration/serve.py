"""``make dev`` and ``make serve``: Dagster's web UI and daemon on our home and workspace.

``dev`` is both in one command for a developer. ``all`` is both as they run in production, as two
processes that end together; the systemd units start ``daemon`` and ``webserver`` one by one.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from orchestration.instance import prepare_home, workspace_path
from orchestration.manifest import ManifestError, ensure_manifest
from orchestration.settings import PROJECT_ROOT, Settings, SettingsError, load_settings

ADDRESS = "127.0.0.1"
STOP_SECONDS = 30


def command(part: str, settings: Settings) -> list[str]:
    """Return the command line of one part: ``dev``, ``daemon`` or ``webserver``.

    The web UI listens on this machine only; a company that wants it elsewhere puts its own proxy
    with a login in front.
    """
    programs = Path(sys.executable).parent
    workspace = ["-w", os.fspath(workspace_path())]
    web = ["-h", ADDRESS, "-p", str(settings.dagster_port)]
    if part == "dev":
        return [os.fspath(programs / "dagster"), "dev", *workspace, *web]
    if part == "daemon":
        return [os.fspath(programs / "dagster-daemon"), "run", *workspace]
    if part == "webserver":
        return [os.fspath(programs / "dagster-webserver"), *workspace, *web]
    raise ValueError(f"{part!r} is not one of dev, daemon, webserver")


def run_together(commands: Sequence[Sequence[str]]) -> int:
    """Run the commands side by side until one ends or we are told to stop; return the exit code.

    When one ends the others are stopped, so that a supervisor sees the failure and starts all.
    """
    children = [subprocess.Popen(list(line), cwd=PROJECT_ROOT) for line in commands]

    def stop(*_: object) -> None:
        for child in children:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while all(child.poll() is None for child in children):
        time.sleep(0.5)
    stop()
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return max(abs(child.returncode) for child in children)


def main(arguments: Sequence[str] | None = None) -> int:
    """Start the named part; returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", choices=("dev", "all", "daemon", "webserver"))
    part = parser.parse_args(arguments).part
    try:
        settings = load_settings()
        prepare_home(settings)
        ensure_manifest()
    except (SettingsError, ManifestError) as problem:
        print(problem, file=sys.stderr)
        return 1
    if part != "daemon":
        print(f"Dagster's web UI: http://{ADDRESS}:{settings.dagster_port}", flush=True)
    if part == "all":
        return run_together([command("daemon", settings), command("webserver", settings)])
    os.chdir(PROJECT_ROOT)
    line = command(part, settings)
    os.execv(line[0], line)


if __name__ == "__main__":
    sys.exit(main())
