"""Great Expectations on DuckDB, through the extension points GX offers for new databases.

GX has no DuckDB backend. Its SQLAlchemy engine closes the connection before it fetches, and DuckDB
then drops the pending result: checks fail with ``IndexError`` or, worse, pass because two empty
results are equal. One connection kept open for the life of the engine cures that. DuckDB's regular
expressions and LIKE are registered as metrics of this engine, because GX knows dialects by name.

Importing this module imports great_expectations, which costs several CPU seconds: import it inside
the function that needs it. It must be a module of its own; GX registers the classes when they are
defined.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import great_expectations as gx
import sqlalchemy as sa
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    column_condition_partial,
)
from great_expectations.expectations.metrics.metric_provider import metric_value
from great_expectations.expectations.metrics.query_metrics.query_table.query_table import (
    QueryTable,
)


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """GX's SQL engine with one connection that stays open until :meth:`close`."""

    _duckdb_connection: sa.Connection | None = None

    @contextmanager
    def get_connection(self) -> Generator[sa.Connection, None, None]:
        """Yield the engine's only connection; a failed statement is rolled back before the next."""
        if self._duckdb_connection is None:
            self._duckdb_connection = self.engine.connect()
        try:
            yield self._duckdb_connection
        except Exception:
            self._duckdb_connection.rollback()
            raise

    def close(self) -> None:
        """Close the connection, so that another process may write the file."""
        if self._duckdb_connection is not None:
            self._duckdb_connection.close()
            self._duckdb_connection = None
        self.engine.dispose()
        super().close()


class DuckDBDatasource(SQLDatasource):
    """Data source type ``duckdb``: defining it makes ``data_sources.add_duckdb`` exist."""

    type: Literal["duckdb"] = "duckdb"

    @property
    def execution_engine_type(self) -> type[SqlAlchemyExecutionEngine]:
        """The engine that GX opens for this type."""
        return DuckDBExecutionEngine


class DuckDBMatchRegex(ColumnMapMetricProvider):
    """``expect_column_values_to_match_regex`` with DuckDB's own regular expressions."""

    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column, regex, **kwargs):
        return sa.func.regexp_matches(column, regex)


class DuckDBNotMatchRegex(ColumnMapMetricProvider):
    """``expect_column_values_to_not_match_regex`` with DuckDB's own regular expressions."""

    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column, regex, **kwargs):
        return sa.not_(sa.func.regexp_matches(column, regex))


class DuckDBMatchLikePattern(ColumnMapMetricProvider):
    """``expect_column_values_to_match_like_pattern``."""

    condition_metric_name = "column_values.match_like_pattern"
    condition_value_keys = ("like_pattern", "escape")

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column, like_pattern, escape=None, **kwargs):
        return column.like(like_pattern, escape=escape)


class DuckDBUnexpectedRows(QueryTable):
    """The failing rows of a query rule, which results in format BASIC do not show.

    GX asks for them beside their number and leaves them unused, so that every such rule ran twice,
    which was half of what the gate cost. What failing rows concern, the gate asks of those that
    failed.
    """

    metric_name = "unexpected_rows_query.table"
    value_keys = ("unexpected_rows_query",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, **kwargs):
        return []


@contextmanager
def open_datasource(
    path: Path, attached: Mapping[str, Path] | None = None, memory_limit: str | None = None
) -> Generator[DuckDBDatasource, None, None]:
    """Open the DuckDB file at ``path`` read-only as a GX data source in a context of its own.

    ``attached`` are further files that checks may read, by the name they read them under;
    ``memory_limit`` is DuckDB's, such as ``6GB`` (None: its own choice). Yields the data source.
    Nothing is written to disk; progress bars are off. The files are free for a writer when the
    block ends.
    """
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    datasource = context.data_sources.add_duckdb(
        "release",
        connection_string=f"duckdb:///{path}",
        kwargs={"connect_args": {"read_only": True}},
    )
    try:
        with datasource.get_execution_engine().get_connection() as connection:
            if memory_limit:
                connection.exec_driver_sql(f"set memory_limit = '{memory_limit}'")
            for name, file in (attached or {}).items():
                quoted = str(file).replace("'", "''")
                connection.exec_driver_sql(f"attach '{quoted}' as {name} (read_only)")
        yield datasource
    finally:
        # GX tests the connection with an engine of its own, beside the one that runs the checks.
        datasource.get_execution_engine().close()
        datasource.get_engine().dispose()
