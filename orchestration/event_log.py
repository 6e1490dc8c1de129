"""Dagster's event log on SQLite, with its connections kept open.

Dagster's own storage makes a new SQLAlchemy engine and connection for every event, compiles its
statements again, and waits for the disk after each: for the 1,300 events of a night that was 12 of
19 CPU seconds and most of the waiting. For every event it also asks whether its own tables and
columns are there. Tables, files and formats stay Dagster's; what differs is that a file's engine is
kept, that what was found in it once is not looked for again, and that a commit is safe against a
crash of the process and not against a loss of power within the last moments of a log, which no
figure rests on.

Dagster loads this class by its name in ``dagster.yaml``.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Any

import sqlalchemy as sa
from dagster._core.storage.event_log import SqliteEventLogStorage

INDEX_SHARD = "index"
MOST_ENGINES = 8
"""Index and the newest runs; a webserver that is asked for old runs closes the others again."""
BUSY_SECONDS = 60


class KeptOpenEventLog(SqliteEventLogStorage):
    """``SqliteEventLogStorage`` that opens each of its files once."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._engines: OrderedDict[str, sa.Engine] = OrderedDict()
        self._engines_lock = Lock()
        self._tables: set[str] = set()
        self._asset_columns: set[str] = set()
        super().__init__(*args, **kwargs)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Mapping[str, Any]) -> KeptOpenEventLog:
        """Make the storage from ``dagster.yaml``; Dagster's own would make one of its own class."""
        return cls(inst_data=inst_data, **config_value)

    def run_connection(self, run_id: str | None = None) -> AbstractContextManager[sa.Connection]:
        """A transaction on the file of one run."""
        return self._transaction(
            str(run_id), lambda: SqliteEventLogStorage.run_connection(self, run_id)
        )

    def index_connection(self) -> AbstractContextManager[sa.Connection]:
        """A transaction on the file of what is asked across runs."""
        return self._transaction(INDEX_SHARD, lambda: SqliteEventLogStorage.index_connection(self))

    def has_table(self, table_name: str) -> bool:
        """Whether a table is there; one that was there once is not looked for again."""
        if table_name not in self._tables:
            with self.index_connection() as connection:
                if not sa.inspect(connection).has_table(table_name):
                    return False
            self._tables.add(table_name)
        return True

    def _has_asset_key_col_on_connection(self, conn: sa.Connection, column_name: str) -> bool:
        if column_name not in self._asset_columns:
            if not super()._has_asset_key_col_on_connection(conn, column_name):
                return False
            self._asset_columns.add(column_name)
        return True

    def dispose(self) -> None:
        """Close all files."""
        with self._engines_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()

    @contextmanager
    def _transaction(
        self, shard: str, opened_by_dagster: Callable[[], AbstractContextManager[Any]]
    ) -> Iterator[sa.Connection]:
        with self._engine(shard, opened_by_dagster).connect() as connection, connection.begin():
            yield connection

    def _engine(
        self, shard: str, opened_by_dagster: Callable[[], AbstractContextManager[Any]]
    ) -> sa.Engine:
        with self._engines_lock:
            engine = self._engines.get(shard)
            if engine is None:
                # Dagster makes the tables of a new file, or brings an older one up to date.
                with opened_by_dagster():
                    pass
                engine = sa.create_engine(
                    self.conn_string_for_shard(shard), connect_args={"timeout": BUSY_SECONDS}
                )
                sa.event.listen(engine, "connect", _commit_without_waiting)
                self._engines[shard] = engine
            self._engines.move_to_end(shard)
            if len(self._engines) > MOST_ENGINES:
                oldest = next(name for name in self._engines if name != INDEX_SHARD)
                self._engines.pop(oldest).dispose()
            return engine


def _commit_without_waiting(connection: Any, _: Any) -> None:
    connection.execute("pragma synchronous = normal")
