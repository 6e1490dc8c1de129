"""What a publication is a function of: S, the extracts, the code and the frozen history.

The same four give the same id and byte-identical Parquet; anything else that changes a figure is
another publication, with its cause in ``code_version``, ``ledger_hash`` or ``history_hash``.
"""

from __future__ import annotations

import hashlib
import subprocess
from datetime import date
from pathlib import Path

import duckdb

from orchestration.settings import PROJECT_ROOT, Settings

CODE_PATHS = (
    "orchestration",
    "models",
    "seeds",
    "dbt_project",
    "expectations",
    "dbt_project.yml",
    "profiles.yml",
    "requirements.lock",
)
"""What decides a figure or a verdict; documents and tests do not."""

_CODE_SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".csv", ".lock", ".toml"}


def publication_id(
    settings: Settings,
    as_of: date,
    ledger_hash: str,
    history_hash: str,
    *,
    code_root: Path = PROJECT_ROOT,
) -> tuple[str, str]:
    """The id of the publication of ``as_of`` and the version of the code that makes it.

    Returns ``(publication_id, code_version)``: 16 hexadecimal digits, and the git commit (with a
    hash of the sources when they differ from it, or instead of it without git). The company's
    currency and calendar are part of the figures and so of the code's identity.
    """
    version = code_version(code_root)
    lock = code_root / "requirements.lock"
    lock_hash = hashlib.sha256(lock.read_bytes()).hexdigest() if lock.exists() else "no lock file"
    parts = (
        as_of.isoformat(),
        ledger_hash,
        version,
        lock_hash,
        settings.company_currency,
        settings.company_calendar_id,
        settings.timezone,
        history_hash,
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16], version


def code_version(root: Path = PROJECT_ROOT) -> str:
    """The commit when the sources are as committed, else the commit and a hash of the sources."""
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    if commit is None:
        return f"tree-{_tree_hash(root)}"
    paths = [path for path in CODE_PATHS if (root / path).exists()]
    if _git(root, "status", "--porcelain", "--untracked-files=all", "--", *paths):
        return f"{commit}-dirty-{_tree_hash(root)}"
    return commit


def ledger_hash(build_path: Path) -> str:
    """The hash of all extracts in use up to S, from ``raw.extracts`` of the build file.

    An extract counts by entity, source, date and sha256; where it lay does not matter.
    """
    with duckdb.connect(str(build_path), read_only=True) as connection:
        rows = connection.execute(
            """
            select entity, source_system, cast(extract_date as varchar), file_id
            from raw.extracts
            order by all
            """
        ).fetchall()
    lines = "\n".join("\t".join(str(value) for value in row) for row in rows)
    return hashlib.sha256(lines.encode()).hexdigest()


def _git(root: Path, *arguments: str) -> str | None:
    """Git's answer, or None where ``root`` is not the top of a repository or git is missing."""
    if not (root / ".git").exists():
        return None
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _tree_hash(root: Path) -> str:
    digest = hashlib.sha256()
    for name in CODE_PATHS:
        top = root / name
        files = [top] if top.is_file() else sorted(top.rglob("*"))
        for path in files:
            if path.is_file() and path.suffix in _CODE_SUFFIXES:
                digest.update(f"{path.relative_to(root)}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:12]
