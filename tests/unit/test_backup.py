"""A backup holds what cannot be made again, proves itself, and comes back whole or not at all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from orchestration import backup as backups
from orchestration.backup import BackupError, backup, main, restore
from orchestration.publication.files import sha256_of
from orchestration.publication.history import SCORES, frozen_files, nights_file
from orchestration.publication.publish import publish_quality
from tests.publication_support import GREEN, S, publish_night, settings_for

NEXT = S + timedelta(days=1)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("orchestration.publication.identity.code_version", lambda root: "code")
    settings = settings_for(tmp_path / "home")
    result = publish_night(settings, "a")
    publish_quality(settings, GREEN, as_of=S, run_id="a", result=result)
    raw = settings.raw / "contracts" / "extract_date=2026-03-03" / "a.parquet"
    raw.parent.mkdir(parents=True)
    duckdb.execute(f"copy (select 'k1' as contract_id) to '{raw}' (format parquet)")
    return settings


def files(home: Path) -> dict[str, tuple[bytes, int]]:
    """Every file that a backup keeps, with its permission."""
    return {
        str(path.relative_to(home)): (path.read_bytes(), path.stat().st_mode & 0o777)
        for name in ("raw", "history", "audit", "published")
        for path in (home / name).rglob("*")
        if path.is_file()
        and not any(parent.is_symlink() for parent in path.parents)
        and ".building" not in str(path)
    }


def test_a_backup_comes_back_as_it_was_links_and_permissions_too(settings, tmp_path):
    done = backup(settings, tmp_path / "kept.tar")
    assert done.path.stat().st_mode & 0o777 == 0o600
    empty = settings_for(tmp_path / "other")
    empty.home.mkdir()
    restore(empty, done.path)
    assert files(empty.home) == files(settings.home)
    for name in ("published/current", "published/quality/current"):
        link = empty.home / name
        assert link.is_symlink() and not link.readlink().is_absolute()
        assert link.resolve().name == (settings.home / name).resolve().name
    with duckdb.connect(str(empty.published / "current" / "utfall.duckdb"), read_only=True) as con:
        assert con.execute("select distinct as_of from reps").fetchall() == [(S,)]
    assert publish_night(empty, "a").kind == "unchanged"


def test_the_night_after_a_restore_shows_the_nights_before_as_they_were_frozen(settings, tmp_path):
    """A file that release and history shared is two after a restore, of the same bytes."""
    empty = settings_for(tmp_path / "other")
    empty.home.mkdir()
    restore(empty, backup(settings, tmp_path / "kept.tar").path)
    (kept,) = frozen_files(settings, SCORES, NEXT)
    (restored,) = frozen_files(empty, SCORES, NEXT)
    assert (restored.publication_id, restored.sha256) == (kept.publication_id, kept.sha256)
    after = publish_night(empty, "b", as_of=NEXT)
    shown = after.release / "parquet" / nights_file(SCORES, S)
    assert shown.samefile(restored.path) and sha256_of(shown) == kept.sha256


def test_a_home_that_holds_something_is_not_overwritten(settings, tmp_path):
    done = backup(settings, tmp_path / "kept.tar")
    before = files(settings.home)
    with pytest.raises(BackupError, match="already holds raw, history, audit, published"):
        restore(settings, done.path)
    assert files(settings.home) == before


@pytest.mark.parametrize("harm", ["cut", "changed", "foreign"])
def test_a_damaged_backup_restores_nothing(settings, tmp_path, harm):
    path = backup(settings, tmp_path / "kept.tar").path
    content = path.read_bytes()
    if harm == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif harm == "changed":
        at = content.rindex(b"PAR1") - 40
        path.write_bytes(content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :])
    else:
        path.write_bytes(b"not a tar")
    empty = settings_for(tmp_path / "other")
    empty.home.mkdir()
    with pytest.raises(BackupError):
        restore(empty, path)
    assert not files(empty.home) and not list(empty.home.iterdir())


def test_a_backup_that_broke_off_leaves_no_file(settings, tmp_path, monkeypatch):
    def full(_):
        raise OSError("No space left on device")

    monkeypatch.setattr(backups, "fsync_file", full)
    with pytest.raises(OSError, match="No space left"):
        backup(settings, tmp_path / "kept.tar")
    assert not list(tmp_path.glob("*.tar*")) and not list(tmp_path.glob(".kept*"))


def test_the_command_says_what_it_did_or_what_to_do(settings, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("UTFALL_HOME", str(settings.home))
    assert main(["backup", "--file", str(tmp_path / "kept.tar")]) == 0
    assert "make restore FROM=" in capsys.readouterr().out
    assert main(["restore", "--file", str(tmp_path / "kept.tar")]) == 1
    assert "HOME_DIR=" in capsys.readouterr().err
    monkeypatch.setenv("UTFALL_HOME", str(tmp_path / "nothing"))
    assert main(["backup"]) == 1
    assert "no night has been run" in capsys.readouterr().err
