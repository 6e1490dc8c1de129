"""Judge a release candidate: one result per rule, and one verdict that decides what is published.

Severity ``critical`` blocks, ``warning`` publishes with a visible mark, and a check that could not
run blocks whatever its severity: not knowing is not the same as being right.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import duckdb

from orchestration.quality.deliveries import in_words
from orchestration.quality.months import Answered, answered_by, only_months
from orchestration.quality.owners import owner_of_source
from orchestration.quality.suites import (
    AUDIT_TABLES,
    CUSTOM_SQL,
    DELIVERY_SUITE,
    PREVIOUS,
    SUITES_FOLDER,
    Rule,
    Suite,
    SuiteError,
    load_suites,
)
from orchestration.schema import load_delivered
from orchestration.settings import PROJECT_ROOT, Settings

READS_SEED = PROJECT_ROOT / "seeds" / "registry" / "budget_type_reads.csv"

INGEST_TABLE = "ingest_ledger"
DATABASES = ("utfall.duckdb", "utfall_restricted.duckdb")
"""The files of a candidate, open and restricted; the latter is missing in no real one."""


class DeliveryProblem(Protocol):
    """What ingest reports about one delivery."""

    entity: str
    source: str
    severity: str
    code: str
    text: str


@dataclass(frozen=True)
class RuleResult:
    """The outcome of one rule on one candidate.

    ``checked`` and ``unexpected`` count rows (None where the rule does not count);
    ``amount_at_stake`` is in company currency, where the rule states it; ``observed`` says in words
    what was seen, or why the check could not run. ``budget_type_ids`` are the types whose figures
    the failing rows concern; where there are none, all of the table is concerned.
    """

    rule_id: str
    table: str
    severity: str
    owner: str
    source: str
    success: bool
    could_not_run: bool
    checked: int | None
    unexpected: int | None
    amount_at_stake: Decimal | None
    text_en: str
    text_sv: str
    observed: str = ""
    budget_type_ids: tuple[str, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether this result alone keeps the release from being published."""
        return self.could_not_run or (not self.success and self.severity != "warning")

    def to_json(self) -> dict[str, Any]:
        """The result as JSON types; the amount is text, so that no digit is lost."""
        values = asdict(self)
        if self.amount_at_stake is not None:
            values["amount_at_stake"] = str(self.amount_at_stake)
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> RuleResult:
        """The reverse of :meth:`to_json`."""
        amount = values.get("amount_at_stake")
        return cls(
            **{
                **values,
                "amount_at_stake": None if amount is None else Decimal(amount),
                "budget_type_ids": tuple(values.get("budget_type_ids", ())),
            }
        )


@dataclass(frozen=True)
class Verdict:
    """All results on one candidate."""

    results: tuple[RuleResult, ...]

    @property
    def is_green(self) -> bool:
        """True when at least one rule was run and none blocks."""
        return bool(self.results) and not self.blocking

    @property
    def blocking(self) -> tuple[RuleResult, ...]:
        """The results that keep the release from being published."""
        return tuple(result for result in self.results if result.blocks)

    @property
    def warnings(self) -> tuple[RuleResult, ...]:
        """Failed rules that publish with a mark."""
        return tuple(r for r in self.results if not r.success and not r.blocks)

    def summary(self) -> str:
        """The verdict in one line, with the rules that block named."""
        n = len(self.warnings)
        failed = f"{n or 'no'} warning{'' if n == 1 else 's'}"
        if self.is_green:
            return f"green: {len(self.results)} rules, {failed}"
        if not self.results:
            return "red: no rule was run"
        named = ", ".join(result.rule_id for result in self.blocking[:5])
        more = len(self.blocking) - 5
        return f"red: {len(self.blocking)} of {len(self.results)} rules block ({named}" + (
            f" and {more} more)" if more > 0 else ")"
        )


def judge(
    settings: Settings,
    release: Path,
    suites: Mapping[str, Suite] | Path = SUITES_FOLDER,
    *,
    as_of: date,
    extra_results: Iterable[DeliveryProblem] = (),
) -> Verdict:
    """Judge the candidate in folder ``release`` (see ``publication.build_release``), read-only.

    ``suites`` is what ``load_suites`` returns or the folder to load from; suites that cannot be
    loaded are a blocking result, not an exception, so that the quality report can say so. The
    delivery suite is judged on ``release/audit/ingest_ledger.parquet``; ``extra_results`` are the
    problems ingest found.
    """
    reads = types_by_entity()
    results = _once_each(_problem_result(problem, reads) for problem in extra_results)
    found = {
        path: published_columns(path) for name in DATABASES if (path := release / name).exists()
    }
    # A table that the restricted file repeats, with a column more, is judged where it is open.
    columns: dict[str, list[str]] = {}
    judged_in: dict[Path, list[str]] = {}
    for path, tables in found.items():
        judged_in[path] = [t for t in tables if t not in columns and t not in AUDIT_TABLES]
        columns.update({table: tables[table] for table in tables if table not in columns})
    if isinstance(suites, Path):
        try:
            suites = load_suites(columns, suites)
        except SuiteError as error:
            results.append(_broken_suites(str(error)))
            return Verdict(tuple(results))
    delivered = _delivered_entities(release)
    results.extend(judge_deliveries(release, suites.get(DELIVERY_SUITE), as_of, reads))
    previous = previous_release(settings, as_of)
    answered = answered_by(previous, release)
    for path, tables in judged_in.items():
        results.extend(
            judge_tables(
                path,
                tables,
                suites,
                as_of,
                delivered=delivered,
                previous=previous and previous / DATABASES[0],
                answered=answered,
                memory_limit=settings.gate_memory_limit,
            )
        )
    return Verdict(tuple(results))


def published_columns(database: Path) -> dict[str, list[str]]:
    """The views of schema ``main`` in the release file and their columns, by table name."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            """
            select table_name, list(column_name order by column_index)
            from duckdb_columns()
            where schema_name = 'main' and not internal
            group by table_name
            order by table_name
            """
        ).fetchall()
    return dict(rows)


def previous_release(settings: Settings, as_of: date) -> Path | None:
    """The release that readers have now, where it is of an S before ``as_of``; else None."""
    current = settings.published / "current"
    if not (current / "manifest.json").exists():
        return None
    folder = current.resolve()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    is_earlier = date.fromisoformat(manifest["as_of"]) < as_of
    return folder if is_earlier else None


def judge_tables(
    path: Path,
    tables: Sequence[str],
    suites: Mapping[str, Suite],
    as_of: date,
    *,
    delivered: set[str] | None = None,
    previous: Path | None = None,
    answered: Answered | None = None,
    memory_limit: str | None = None,
) -> list[RuleResult]:
    """Run the suites of ``tables`` on the DuckDB file ``path``.

    ``delivered`` are the entities with rows (None: all), ``previous`` the file of the release
    before, which rules from day to day compare with, ``answered`` what it answers for (None:
    nothing), ``memory_limit`` DuckDB's.
    """
    from orchestration.quality.duckdb_gx import open_datasource

    results: list[RuleResult] = []
    attached = {} if previous is None else {PREVIOUS: previous}
    with open_datasource(path, attached, memory_limit) as datasource:
        for table in tables:
            suite = suites.get(table)
            if suite is None or not suite.rules:
                results.append(
                    _broken_suites(f"No suite judges {table}: write expectations/{table}.yml.")
                )
                continue
            due = [
                rule
                for rule in suite.rules
                if _applies(rule, delivered) and (previous is not None or not rule.needs_previous)
            ]
            judged: dict[str, RuleResult] = {}
            for rules, shown in _by_what_they_see(due, answered):
                with _showing(datasource, tables, shown):
                    judged.update(_judge_rules(datasource, table, rules, as_of))
            results.extend(judged.get(rule.id) or _not_applicable(rule) for rule in suite.rules)
    return results


def _by_what_they_see(
    rules: Sequence[Rule], answered: Answered | None
) -> Iterable[tuple[list[Rule], Collection[date] | None]]:
    """The rules that look at all rows (None), and those that look at some booking months alone."""
    by_month = [
        rule
        for rule in rules
        if answered and rule.is_by_month and answered.covers(rule.id, rule.words)
    ]
    whole = [rule for rule in rules if rule not in by_month]
    groups = ((whole, None), (by_month, answered and answered.months))
    return [(some, shown) for some, shown in groups if some]


@contextmanager
def _showing(
    datasource, tables: Collection[str], months: Collection[date] | None
) -> Generator[None, None, None]:
    """Show the monthly tables of ``tables`` with ``months`` alone (None: as they are)."""
    if months is None:
        yield
        return
    with (
        datasource.get_execution_engine().get_connection() as connection,
        only_months(connection, tables, months),
    ):
        yield


def _judge_rules(
    datasource, table: str, rules: Sequence[Rule], as_of: date
) -> dict[str, RuleResult]:
    outcome = _validate(datasource, table, rules, as_of)
    results = {rule.id: _rule_result(rule, outcome[rule.id]) for rule in rules}
    for rule in rules:
        result = results[rule.id]
        if rule.type == CUSTOM_SQL and not result.success and not result.could_not_run:
            results[rule.id] = _with_stakes(datasource, rule, result)
    return results


def _validate(
    datasource, table: str, rules: Sequence[Rule], as_of: date
) -> dict[str, Mapping[str, Any] | Exception]:
    """Run the rules of one table; each rule's id → GX's result as a dict, or what went wrong."""
    import great_expectations as gx

    outcome: dict[str, Any] = {}
    # GX keeps names apart, and a table may be looked at twice: whole, and some months of it.
    name = f"{table}: {rules[0].id}"
    suite = gx.ExpectationSuite(name=name)
    for rule in rules:
        try:
            suite.add_expectation(rule.expectation())
        except SuiteError as error:
            outcome[rule.id] = error
    try:
        asset = datasource.add_table_asset(name, table_name=table)
        batch = asset.add_batch_definition_whole_table("whole").get_batch()
        validation = batch.validate(
            suite,
            result_format={"result_format": "BASIC", "partial_unexpected_count": 0},
            expectation_parameters={"as_of": as_of.isoformat()},
        )
    except Exception as error:
        return {rule.id: outcome.get(rule.id, error) for rule in rules}
    for result in validation.results:
        outcome[result.expectation_config.meta["rule_id"]] = {
            "success": result.success,
            "result": result.result,
            "error": _error_text(result.exception_info),
        }
    lost = RuntimeError("Great Expectations returned no result for this rule.")
    return {rule.id: outcome.get(rule.id, lost) for rule in rules}


def _error_text(exception_info: Mapping[str, Any] | None) -> str | None:
    """The message of a check that raised; GX nests it by metric, or not, depending on where."""
    if not exception_info:
        return None
    nested = exception_info.values() if "raised_exception" not in exception_info else ()
    for info in (exception_info, *nested):
        if isinstance(info, Mapping) and info.get("raised_exception"):
            return str(info.get("exception_message") or "the check raised an error")
    return None


def _rule_result(rule: Rule, outcome: Mapping[str, Any] | Exception) -> RuleResult:
    if isinstance(outcome, Exception):
        return _could_not_run(rule, str(outcome))
    if outcome["error"]:
        return _could_not_run(rule, outcome["error"])
    values = outcome["result"]
    observed = values.get("observed_value")
    checked = values.get("element_count")
    unexpected = values.get("unexpected_count")
    if rule.type == CUSTOM_SQL:
        if not isinstance(observed, int):
            return _could_not_run(rule, f"the query returned no count but {observed!r}")
        unexpected = observed
    elif rule.type.startswith("expect_table_row_count"):
        checked = observed
    return RuleResult(
        **_identity(rule),
        success=bool(outcome["success"]),
        could_not_run=False,
        checked=checked,
        unexpected=unexpected,
        amount_at_stake=None,
        observed="" if observed is None else f"observed {observed}",
    )


def _with_stakes(datasource, rule: Rule, result: RuleResult) -> RuleResult:
    """Read from all failing rows of a custom query what they concern.

    The sum of its column ``amount_at_stake`` and the ids in ``budget_type_id``, where it has them.
    """
    import sqlalchemy as sa

    query = rule.kwargs["unexpected_rows_query"].format(batch=rule.table)
    with datasource.get_execution_engine().get_connection() as connection:

        def ask(select: str):
            return connection.execute(sa.text(f"select {select} from ({query}) as failing"))

        columns = set(ask("*").keys())
        amount, types = None, ()
        if "amount_at_stake" in columns:
            amount = ask("sum(amount_at_stake)").scalar()
        if "budget_type_id" in columns:
            found = ask("distinct budget_type_id").scalars().all()
            types = tuple(sorted(name for name in found if name is not None))
    return replace(
        result,
        amount_at_stake=None if amount is None else Decimal(str(amount)),
        budget_type_ids=types,
    )


def types_by_entity() -> dict[str, set[str]]:
    """Which budget types read which entity, from the registry's seed."""
    with READS_SEED.open(encoding="utf-8", newline="") as file:
        found: dict[str, set[str]] = {}
        for row in csv.DictReader(file):
            found.setdefault(row["entity"], set()).add(row["budget_type_id"])
    return found


def judge_deliveries(
    release: Path, suite: Suite | None, as_of: date, reads: Mapping[str, set[str]]
) -> list[RuleResult]:
    """Judge the ledger: each rule's query must return no row (``{batch}``, ``{as_of}``).

    Where the rows name their ``entity``, the types that read it are concerned.
    """
    if suite is None:
        return []
    ledger = release / "audit" / "ingest_ledger.parquet"
    results = []
    with duckdb.connect() as connection:
        for rule in suite.rules:
            query = rule.kwargs["unexpected_rows_query"].format(
                batch=f"read_parquet('{ledger}')", as_of=f"date '{as_of}'"
            )
            try:
                (checked,) = connection.execute(
                    f"select count(*) from read_parquet('{ledger}')"
                ).fetchone()
                failing = connection.execute(f"select * from ({query}) as failing")
                names = [column[0] for column in failing.description]
                rows = failing.fetchall()
            except duckdb.Error as error:
                results.append(_could_not_run(rule, str(error)))
                continue
            results.append(
                RuleResult(
                    **_identity(rule),
                    success=not rows,
                    could_not_run=False,
                    checked=checked,
                    unexpected=len(rows),
                    amount_at_stake=None,
                    budget_type_ids=_types_of(names, rows, reads),
                )
            )
    return results


def _types_of(
    names: Sequence[str], rows: Sequence[Sequence[Any]], reads: Mapping[str, set[str]]
) -> tuple[str, ...]:
    if "entity" not in names:
        return ()
    entities = {row[names.index("entity")] for row in rows}
    return tuple(sorted(set().union(*(reads.get(entity, ()) for entity in entities))))


def _delivered_entities(release: Path) -> set[str] | None:
    """Entities with at least one loaded row; None when the run kept no ledger (all rules apply)."""
    ledger = release / "audit" / "ingest_ledger.parquet"
    if not ledger.exists():
        return None
    rows = duckdb.execute(
        f"select distinct entity from read_parquet('{ledger}') where rows_loaded > 0"
    ).fetchall()
    known = load_delivered()
    return {
        entity
        for (name,) in rows
        for entity in (name, *(known[name].feeds if name in known else ()))
    }


def _applies(rule: Rule, delivered: set[str] | None) -> bool:
    return (
        not rule.when_delivered
        or delivered is None
        or not delivered.isdisjoint(rule.when_delivered)
    )


def _identity(rule: Rule) -> dict[str, str]:
    return {
        "rule_id": rule.id,
        "table": INGEST_TABLE if rule.table == DELIVERY_SUITE else rule.table,
        "severity": rule.severity,
        "owner": rule.owner,
        "source": rule.source,
        "text_en": rule.text_en,
        "text_sv": rule.text_sv,
    }


def _could_not_run(rule: Rule, why: str) -> RuleResult:
    return RuleResult(
        **_identity(rule),
        success=False,
        could_not_run=True,
        checked=None,
        unexpected=None,
        amount_at_stake=None,
        observed=f"could not run: {why}",
    )


def _not_applicable(rule: Rule) -> RuleResult:
    return RuleResult(
        **_identity(rule),
        success=True,
        could_not_run=False,
        checked=0,
        unexpected=0,
        amount_at_stake=None,
        observed="does not apply: "
        + (
            "there is no release of an earlier day"
            if rule.needs_previous
            else f"{', '.join(rule.when_delivered)} is not delivered"
        ),
    )


def _once_each(results: Iterable[RuleResult]) -> list[RuleResult]:
    """One result per rule: several broken files of one delivery are one, with the others told."""
    found: dict[str, list[RuleResult]] = {}
    for result in results:
        found.setdefault(result.rule_id, []).append(result)
    return [
        replace(
            min(group, key=lambda result: result.severity),
            text_en=" ".join(result.text_en for result in group),
            unexpected=len(group),
        )
        for group in found.values()
    ]


def _problem_result(problem: DeliveryProblem, reads: Mapping[str, set[str]]) -> RuleResult:
    return RuleResult(
        rule_id=f"delivery.{problem.code}.{problem.source}.{problem.entity}",
        table=INGEST_TABLE,
        severity=problem.severity,
        owner=owner_of_source(problem.source),
        source=problem.source,
        success=False,
        could_not_run=False,
        checked=None,
        unexpected=None,
        amount_at_stake=None,
        text_en=problem.text,
        text_sv=in_words(problem.code, problem.source, problem.entity, "sv"),
        budget_type_ids=tuple(sorted(reads.get(problem.entity, ()))),
    )


def _broken_suites(text: str) -> RuleResult:
    return RuleResult(
        rule_id="gate.suites",
        table="(all)",
        severity="critical",
        owner="data-engineering",
        source="utfall",
        success=False,
        could_not_run=True,
        checked=None,
        unexpected=None,
        amount_at_stake=None,
        text_en=text,
        text_sv=f"Reglerna kunde inte köras: {text}",
        observed="could not run: " + text,
    )
