"""The compiled models that divide a pool, fed with pools and weights directly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import duckdb

from tests.oracle.planning import Impossible, Share, Sharer, divide
from tests.support.compiled import CATALOG, Project

FED = {
    "int_planning__pools": (
        "pool_id varchar, basis_id varchar, amount decimal(28, 4), unit decimal(18, 4)"
    ),
    "int_planning__weights": (
        "pool_id varchar, rep_id varchar, weight decimal(28, 10), floor decimal(28, 4), "
        "cap decimal(28, 4), locked_target decimal(28, 4)"
    ),
}
DIVIDES = ("int_planning__pool_checks", "int_planning__shares")


@dataclass(frozen=True)
class Pool:
    """What is divided, in which unit, on whom."""

    amount: Fraction
    unit: Fraction
    sharers: tuple[Sharer, ...]


Division = dict[str, Share] | str
"""Shares by key, or the name of the rule that forbids to divide."""


def by_hand(pool: Pool) -> Division:
    """What the oracle makes of a pool."""
    try:
        return divide(pool.sharers, pool.amount, pool.unit)
    except Impossible as refused:
        return refused.reason


class Divider:
    """An in-memory DuckDB in which the models' inputs are tables of the test's own."""

    def __init__(self, project: Project, threads: int = 1) -> None:
        models = {model.name: model for model in project.models}
        self.connection = duckdb.connect(config={"threads": threads})
        run = self.connection.execute
        run(f"attach ':memory:' as {CATALOG}; use {CATALOG}")
        self.schema = models[DIVIDES[0]].schema
        run(f'create schema "{self.schema}"')
        for name, columns in FED.items():
            run(f'create table "{self.schema}".{name} ({columns})')
        self.models = [models[name] for name in DIVIDES]

    def divide(self, pools: Mapping[str, Pool]) -> dict[str, Division]:
        """Shares, or the reason why there are none, of every pool."""
        self._feed(pools)
        self.run()
        checks = self.connection.execute(
            f'select pool_id, rule_id from "{self.schema}".int_planning__pool_checks'
        ).fetchall()
        divided: dict[str, Division] = {
            pool_id: {} if rule is None else rule for pool_id, rule in checks
        }
        rows = self.connection.execute(
            "select pool_id, rep_id, target, raw_amount, rounding_delta, is_locked "
            f'from "{self.schema}".int_planning__shares'
        ).fetchall()
        for pool_id, key, target, raw, delta, is_locked in rows:
            shares = divided[pool_id]
            assert isinstance(shares, dict), f"{pool_id} has shares and is {shares}"
            assert key not in shares, f"{pool_id} gives {key} two shares"
            assert target - raw == delta, f"{key}: {target} is not {raw} and {delta}"
            shares[key] = Share(Fraction(target), Fraction(raw), is_locked)
        return divided

    def run(self) -> None:
        """Run the models on what was fed."""
        for model in self.models:
            self.connection.execute(
                f'create or replace table "{self.schema}"."{model.name}" as ({model.sql}\n)'
            )

    def _feed(self, pools: Mapping[str, Pool]) -> None:
        self._insert(
            "int_planning__pools",
            [(name, name, exact(p.amount), exact(p.unit)) for name, p in pools.items()],
        )
        self._insert(
            "int_planning__weights",
            [
                (name, s.key, *map(exact, (s.weight, s.floor or None, s.cap, s.lock)))
                for name, p in pools.items()
                for s in p.sharers
            ],
        )

    def _insert(self, table: str, rows: Sequence[tuple[str | None, ...]]) -> None:
        target = f'"{self.schema}".{table}'
        self.connection.execute(f"delete from {target}")
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            select = ", ".join("unnest(?::varchar[])" for _ in columns)
            self.connection.execute(f"insert into {target} select {select}", columns)


def exact(number: Fraction | None) -> str | None:
    """A fraction that is a decimal, as text; what has no end of decimals is refused."""
    if number is None:
        return None
    value = Decimal(number.numerator) / Decimal(number.denominator)
    assert Fraction(value) == number, f"{number} has no exact decimals"
    return format(value, "f")
