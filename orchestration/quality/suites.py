"""Suites: the reviewed rules in ``expectations/*.yml``, read strictly.

A suite that cannot be run as written must be found when it is loaded, by name, and not pass in
silence: an unknown expectation, a column the table does not have, a rule without owner or text in
both languages, a table without a suite or without a rule on its number of rows are all refused.
``expectations/README.md`` describes the format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from orchestration.quality.months import MONTHLY_TABLES
from orchestration.quality.owners import OWNERS_FILE, load_owners
from orchestration.settings import PROJECT_ROOT

SUITES_FOLDER = PROJECT_ROOT / "expectations"
DELIVERY_SUITE = "_delivery"
"""The suite on the ingest ledger; it is judged on the ledger of the run, not on a mart."""

AUDIT_TABLES = (
    "publication",
    "data_quality_results",
    "data_quality_trend",
    "ingest_ledger",
    "quarantine",
)
"""The tables the audit writes itself; they have no suite, because they are the verdict."""

ROW_COUNT = "expect_table_row_count_to_be_between"
PREVIOUS = "previous"
"""The name under which a rule from day to day reads the release of an earlier S."""

CUSTOM_SQL = "unexpected_rows_expectation"
ROW_CHECKS = frozenset(
    {
        "expect_column_values_to_not_be_null",
        "expect_column_values_to_be_in_set",
        "expect_column_values_to_be_between",
        "expect_column_pair_values_a_to_be_greater_than_b",
    }
)
"""Expectations that look at one row at a time, unless they are content with most of them."""

SEVERITIES = ("critical", "warning")

NAME_KEYS = ("name_en", "name_sv", "rows_en", "rows_sv")
_REQUIRED = ("id", "type", "owner", "severity", "source", "reason", "text_en", "text_sv")
_OPTIONAL = ("kwargs", "when_delivered", "needs_previous", "by_month")
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}: \S")
_COLUMN_KEYS = ("column", "column_A", "column_B")
_COLUMN_LIST_KEYS = ("column_list", "column_set")


class SuiteError(ValueError):
    """A suite that cannot be used as written; the text names file, rule and what to do."""


@dataclass(frozen=True)
class Rule:
    """One reviewed rule on one published table.

    ``kwargs`` are those of the GX expectation ``type``; ``{"$PARAMETER": "as_of"}`` stands for S.
    ``when_delivered`` names the entities that the rule needs: where the company delivers none of
    them, the rule does not apply. ``needs_previous`` is for rules from day to day: they read the
    release of an earlier S as ``previous.<table>``, and do not apply before there is one.
    ``by_month`` says of a query that its rows of one booking month decide alone.
    """

    id: str
    table: str
    type: str
    owner: str
    severity: str
    source: str
    reason: str
    text_en: str
    text_sv: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    when_delivered: tuple[str, ...] = ()
    needs_previous: bool = False
    by_month: bool = False

    @property
    def is_by_month(self) -> bool:
        """Whether the rows of one booking month decide alone whether it holds for them."""
        is_row_check = (
            self.table in MONTHLY_TABLES and self.type in ROW_CHECKS and "mostly" not in self.kwargs
        )
        return self.by_month or is_row_check

    @property
    def words(self) -> frozenset[str]:
        """All words of its query, and with them the names of the tables of the release it reads."""
        query = str(self.kwargs.get("unexpected_rows_query", ""))
        return frozenset(re.findall(r"(?<!previous\.)\b\w+", query))

    def expectation(self):
        """The GX expectation of this rule. Raises ``SuiteError`` where GX refuses it."""
        from great_expectations.exceptions import ExpectationNotFoundError
        from great_expectations.expectations.registry import get_expectation_impl

        try:
            implementation = get_expectation_impl(self.type)
        except ExpectationNotFoundError:
            raise SuiteError(
                f"Rule {self.id}: Great Expectations has no {self.type!r}. "
                "Use the snake-case name of one of its expectations."
            ) from None
        try:
            return implementation(**self.kwargs, severity=self.severity, meta={"rule_id": self.id})
        except (TypeError, ValueError) as error:
            raise SuiteError(f"Rule {self.id}: {self.type} refuses its kwargs: {error}") from error


@dataclass(frozen=True)
class Suite:
    """The rules of one table, in the order of the file."""

    table: str
    rules: tuple[Rule, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    """What a reader calls the table and its rows: ``name_en``, ``name_sv``, ``rows_en`` …"""


def load_suites(
    columns: Mapping[str, Iterable[str]], folder: Path = SUITES_FOLDER
) -> dict[str, Suite]:
    """Read one suite per table of ``columns`` (table → its column names, as a reader sees them).

    The five tables of the audit need no suite. Returns table → suite, and the suite on deliveries
    under ``DELIVERY_SUITE``. Raises ``SuiteError`` on anything that could let a check vanish.
    """
    import great_expectations.expectations  # noqa: F401  registers the expectations by name

    known = {table: set(names) for table, names in columns.items() if table not in AUDIT_TABLES}
    suites: dict[str, Suite] = {}
    seen: dict[str, str] = {}
    for path in suite_files(folder):
        suite = read_suite(path)
        for rule in suite.rules:
            if rule.id in seen:
                raise SuiteError(
                    f"{path.name}: rule id {rule.id} is also used in {seen[rule.id]}. "
                    "Give each rule an id of its own; results are followed by it over time."
                )
            seen[rule.id] = path.name
        suites[suite.table] = suite
        if suite.table == DELIVERY_SUITE:
            continue
        if suite.table not in known:
            raise SuiteError(
                f"{path.name}: there is no published table {suite.table!r}. "
                f"Published are: {', '.join(sorted(known))}."
            )
        _check_columns(path, suite, known[suite.table])
        for rule in suite.rules:
            rule.expectation()
    missing = sorted(set(known) - set(suites))
    if missing:
        raise SuiteError(
            f"No suite for {', '.join(missing)}: write expectations/{missing[0]}.yml. "
            "A table that nobody judges is not published."
        )
    return suites


def suite_files(folder: Path = SUITES_FOLDER) -> list[Path]:
    """The files of a folder that hold a suite, by name."""
    return sorted(path for path in folder.glob("*.yml") if path.name != OWNERS_FILE.name)


def read_suite(path: Path) -> Suite:
    """Read one file, without looking at the table. Raises ``SuiteError``."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise SuiteError(f"{path.name} is not valid YAML: {error}") from error
    optional = {"may_be_empty", *NAME_KEYS}
    if not isinstance(content, dict) or set(content) - optional != {"table", "rules"}:
        raise SuiteError(
            f"{path.name}: expected the keys `table` and `rules`, what the report calls them "
            f"({', '.join(NAME_KEYS)}), and `may_be_empty` with a dated reason where there may "
            "rightly be no row."
        )
    table = content["table"]
    if table != path.stem:
        raise SuiteError(f"{path.name}: `table: {table}` must be the name of the file.")
    rules = tuple(_read_rule(path, table, raw) for raw in content["rules"] or ())
    may_be_empty = content.get("may_be_empty")
    if may_be_empty is not None and not _DATED.match(str(may_be_empty)):
        raise SuiteError(f"{path.name}: `may_be_empty` must be a dated reason, 2026-03-02: ….")
    if not (table == DELIVERY_SUITE or may_be_empty or any(map(_demands_rows, rules))):
        raise SuiteError(
            f"{path.name}: no critical {ROW_COUNT} with min_value of at least 1. "
            "An empty table passes nearly every other check."
        )
    for number, rule in enumerate(rules):
        for twin in rules[:number]:
            if (rule.type, rule.kwargs) == (twin.type, twin.kwargs):
                raise SuiteError(
                    f"{path.name}: rules {twin.id} and {rule.id} check the same thing. "
                    "Great Expectations runs equal rules once and one would have no result."
                )
    names = {key: str(content[key]) for key in NAME_KEYS if content.get(key)}
    return Suite(table, rules, names)


def _read_rule(path: Path, table: str, raw: Any) -> Rule:
    if not isinstance(raw, dict) or not raw.get("id"):
        raise SuiteError(f"{path.name}: a rule without id: {raw!r}")
    name = f"{path.name}, rule {raw['id']}"
    missing = [key for key in _REQUIRED if not str(raw.get(key) or "").strip()]
    if missing:
        raise SuiteError(f"{name}: {', '.join(missing)} missing or empty.")
    unknown = sorted(set(raw) - set(_REQUIRED) - set(_OPTIONAL))
    if unknown:
        raise SuiteError(f"{name}: unknown key {', '.join(unknown)}.")
    if not _DATED.match(str(raw["reason"])):
        raise SuiteError(
            f"{name}: `reason` must begin with the date it was decided, 2026-03-02: …; a threshold "
            "nobody can date cannot be doubted either."
        )
    if raw["owner"] not in load_owners():
        raise SuiteError(
            f"{name}: nobody is called {raw['owner']!r}; name an owner of {OWNERS_FILE.name} or "
            "add one there, so that the report can say who puts it right."
        )
    if raw["severity"] not in SEVERITIES:
        raise SuiteError(f"{name}: severity must be one of {', '.join(SEVERITIES)}.")
    kwargs = raw.get("kwargs") or {}
    if raw["type"] == CUSTOM_SQL and "{batch}" not in str(kwargs.get("unexpected_rows_query")):
        raise SuiteError(f"{name}: the query must read {{batch}}, the table under judgement.")
    reads_previous = bool(raw.get("needs_previous"))
    if reads_previous != (f"{PREVIOUS}." in str(kwargs.get("unexpected_rows_query", ""))):
        raise SuiteError(
            f"{name}: `needs_previous: true` belongs to a query that reads {PREVIOUS}.<table>, the "
            "release of the day before, and to no other rule."
        )
    by_month = bool(raw.get("by_month"))
    if by_month and not (table in MONTHLY_TABLES and raw["type"] == CUSTOM_SQL):
        raise SuiteError(
            f"{name}: `by_month: true` belongs to a query on {' or '.join(MONTHLY_TABLES)}; checks "
            "of single rows are by month without it."
        )
    return Rule(
        table=table,
        kwargs=kwargs,
        when_delivered=tuple(raw.get("when_delivered") or ()),
        needs_previous=reads_previous,
        by_month=by_month,
        **{key: str(raw[key]).strip() for key in _REQUIRED},
    )


def _demands_rows(rule: Rule) -> bool:
    return (
        rule.type == ROW_COUNT
        and rule.severity == "critical"
        and isinstance(rule.kwargs.get("min_value"), int)
        and rule.kwargs["min_value"] >= 1
    )


def _check_columns(path: Path, suite: Suite, columns: set[str]) -> None:
    for rule in suite.rules:
        named = [rule.kwargs[key] for key in _COLUMN_KEYS if key in rule.kwargs]
        for key in _COLUMN_LIST_KEYS:
            named.extend(rule.kwargs.get(key, ()))
        unknown = sorted(set(named) - columns)
        if unknown:
            raise SuiteError(
                f"{path.name}, rule {rule.id}: {suite.table} has no column {', '.join(unknown)}."
            )
