"""The audit record: verdicts bound to the content they were passed on.

A blocking check in Dagster blocks only inside its own run. So the record names every file of the
judged candidate by sha256, and publish compares: what was not judged, or changed after it was
judged, is not published, whoever asks for it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from orchestration.publication.files import sha256_of, write_json
from orchestration.publication.release import read_manifest
from orchestration.quality.judge import RuleResult, Verdict
from orchestration.quality.suites import AUDIT_TABLES
from orchestration.settings import Settings


class PublicationRefused(RuntimeError):
    """What was asked for is not published; the text says why in one or two sentences."""


@dataclass(frozen=True)
class Audit:
    """An audit record as read back from disk."""

    run_id: str
    as_of: str
    publication_id: str
    judged_at: str
    release_sha: str
    files: Mapping[str, str]
    verdict: Verdict


def hash_release(release: Path) -> dict[str, str]:
    """Every file of a candidate by its path in the folder, with its sha256."""
    paths = sorted(path for path in release.rglob("*") if path.is_file() or path.is_symlink())
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        hashes = list(pool.map(sha256_of, paths))
    return {str(p.relative_to(release)): sha for p, sha in zip(paths, hashes, strict=True)}


def release_sha(files: Mapping[str, str]) -> str:
    """One hash over the sorted list of files and their hashes."""
    lines = "\n".join(f"{path}\t{sha256}" for path, sha256 in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def audit_path(settings: Settings, run_id: str) -> Path:
    """Where the audit record of a run lies."""
    return settings.audit / f"{run_id}.json"


def write_audit(settings: Settings, release: Path, verdict: Verdict, run_id: str) -> Path:
    """Write down the verdict on exactly the files that lie in ``release`` now.

    Returns the path of the record. Green or red, it is written: a red run leaves its reasons.
    """
    manifest = read_manifest(release)
    files = hash_release(release)
    path = audit_path(settings, run_id)
    write_json(
        path,
        {
            "run_id": run_id,
            "as_of": manifest["as_of"],
            "publication_id": manifest["publication_id"],
            "judged_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "verdict": "green" if verdict.is_green else "red",
            "release_sha": release_sha(files),
            "files": files,
            "results": [result.to_json() for result in verdict.results],
        },
    )
    return path


def read_audit(path: Path) -> Audit:
    """Read an audit record. Raises ``PublicationRefused`` when there is none or it is no record."""
    if not path.exists():
        raise PublicationRefused(
            f"There is no audit record {path}: nobody has judged this release. "
            "Run the gate first (`make nightly`)."
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        verdict = Verdict(tuple(RuleResult.from_json(result) for result in values["results"]))
        return Audit(
            verdict=verdict,
            **{key: values[key] for key in Audit.__dataclass_fields__ if key != "verdict"},
        )
    except (ValueError, KeyError, TypeError) as error:
        raise PublicationRefused(
            f"The audit record {path} cannot be read ({error}); judge the release again."
        ) from error


def prove(release: Path, audit: Audit) -> None:
    """Show that ``audit`` is a green verdict on exactly what lies in ``release``.

    Raises ``PublicationRefused`` where it is red, judged something else, or left a table out. The
    verdict is drawn again from the results, and the hashes from the files.
    """
    if not audit.verdict.is_green:
        raise PublicationRefused(
            f"The gate is {audit.verdict.summary()}. The last publication stands; the reasons are "
            "in published/quality/current."
        )
    if not (release / "manifest.json").exists():
        raise PublicationRefused(f"{release} is no release: it has no manifest.json.")
    manifest = read_manifest(release)
    for key in ("as_of", "publication_id"):
        if manifest[key] != getattr(audit, key):
            raise PublicationRefused(
                f"The audit judged {key} {getattr(audit, key)}, but the release says "
                f"{manifest[key]}. Judge this release before publishing it."
            )
    files = hash_release(release)
    if files != dict(audit.files) or release_sha(files) != audit.release_sha:
        differing = sorted(
            path for path in {*files, *audit.files} if files.get(path) != audit.files.get(path)
        )
        named = ", ".join(differing[:3]) or "the list itself"
        raise PublicationRefused(
            f"The release is not what was judged: {named} changed, came or went after the gate "
            f"({len(differing)} files in all). Build and judge it again."
        )
    judged = {result.table for result in audit.verdict.results}
    tables = {*manifest["tables"], *manifest["restricted"]["tables"]}
    unjudged = sorted(tables - judged - set(AUDIT_TABLES))
    if unjudged:
        raise PublicationRefused(
            f"No rule judged {', '.join(unjudged)}; a table that nobody judged is not published."
        )
