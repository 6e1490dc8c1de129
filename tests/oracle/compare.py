"""Compare the models with the oracle on random companies, and shrink what differs.

``python -m tests.oracle.compare --types signed_volume --companies 0:20`` is the author's loop: the
first difference of each type is printed with the rows behind it on both sides.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.oracle.company import Company, random_company
from tests.oracle.components import Component
from tests.oracle.figures import Figure, Place, figures, nodes_of
from tests.oracle.types import load_types
from tests.oracle.world import World
from tests.support.compiled import Warehouse, compile_project, read_project

COMPARED = ("outcomes", "outcome_evidence")
VALUES = """
select
    budget_type_id, node_level, node_id, basis, period_type, period_start, campaign_id,
    numerator, denominator, value, reason_code
from outcomes.int_outcomes__values
where parameter_set_id = 'default'
"""


EVIDENCE = """
select
    budget_type_id, part, rep_id, event_date, booking_date, amount, distinct_key, campaign_id,
    credit_type, record_id, period_type, period_start
from marts.outcome_evidence
where parameter_set_id = 'default'
"""
PUBLISHED = """
select
    budget_type_id, node_level, node_id, basis, period_type, period_start,
    coalesce(campaign_id, '') as campaign_id, numerator, denominator, value, reason_code
from marts.outcomes
where parameter_set_id = 'default' and node_level = 'rep'
"""


@dataclass(frozen=True)
class Difference:
    """A figure on which oracle and models do not agree; None: it is not there."""

    place: Place
    oracle: Figure | None
    model: Figure | None

    def __str__(self) -> str:
        where = " ".join(str(part) for part in self.place)
        return f"{where}\n  oracle {_words(self.oracle)}\n  models {_words(self.model)}"


def _words(figure: Figure | None) -> str:
    if figure is None:
        return "no row"
    return (
        f"{figure.numerator} / {figure.denominator} = {figure.value} ({figure.reason_code or 'ok'})"
    )


def differences(
    warehouse: Warehouse, company: Company, wanted: Iterable[str] = ()
) -> list[Difference]:
    """Build the company and compare every figure of the wanted types (default: all of the
    registry). A type without an oracle is an error."""
    warehouse.deliver(company.tables, company.as_of, company.delivered)
    warehouse.build()
    world, types = company.world(), load_types()
    expected: dict[Place, Figure] = {}
    chosen = set(wanted) or set(world.types)
    for budget_type_id in sorted(chosen):
        budget_type = world.types[budget_type_id]
        expected |= figures(world, budget_type, types[budget_type_id](world))
    found = {
        Place(*row[:7]): Figure(*row[7:]) for row in warehouse.rows(VALUES) if row[0] in chosen
    }
    return [
        Difference(place, expected.get(place), found.get(place))
        for place in sorted(expected.keys() | found.keys(), key=_simplest_first)
        if not _agree(place, expected.get(place), found.get(place))
    ]


def evidence_differences(warehouse: Warehouse, company: Company) -> list[Difference]:
    """Published figures of reps that do not follow from ``outcome_evidence`` and the registry.

    The company must have been built last. ``oracle`` is here what the evidence rows alone give.
    """
    world = company.world()
    rows: dict[str, list[Component]] = {name: [] for name in world.types}
    for row in warehouse.rows(EVIDENCE):
        (part, rep, event, booking, amount, key, campaign, credit, record, kind, start) = row[1:]
        rows[row[0]].append(
            Component(
                part,
                rep,
                event or company.as_of,
                amount,
                distinct_key=key,
                campaign_id=campaign,
                credit_type=credit,
                record_id=record,
                period_type=kind,
                period_start=start,
                booking_date=booking,
            )
        )
    expected: dict[Place, Figure] = {}
    for name, budget_type in world.types.items():
        own = figures(world, budget_type, rows[name])
        expected |= {place: value for place, value in own.items() if place.node_level == "rep"}
    found = {Place(*row[:7]): Figure(*row[7:]) for row in warehouse.rows(PUBLISHED)}
    return [
        Difference(place, expected.get(place), found.get(place))
        for place in sorted(expected.keys() | found.keys(), key=_simplest_first)
        if not _agree(place, expected.get(place), found.get(place))
    ]


def _agree(place: Place, oracle: Figure | None, model: Figure | None) -> bool:
    """Below the company no row is nothing counted: what was counted and taken back may have one."""
    if oracle is not None and model is not None:
        return oracle == model
    lone = oracle or model
    return (
        place.node_level != "company"
        and lone is not None
        and not (lone.numerator or lone.denominator or lone.reason_code == "missing_rate")
    )


def _simplest_first(place: Place) -> tuple[Any, ...]:
    return (
        place.budget_type_id,
        place.basis != "restated",
        place.node_level != "company",
        place.period_type != "month",
        place.period_start,
        place,
    )


def shrunk(
    warehouse: Warehouse, company: Company, budget_type_id: str, rounds: int = 400
) -> Company:
    """Drop records while the type still differs: whole entities first, then halves, then rows."""

    def differs(tables: dict[str, list[dict[str, Any]]]) -> bool:
        nonlocal rounds
        rounds -= 1
        try:
            return bool(differences(warehouse, replace(company, tables=tables), [budget_type_id]))
        except (AssertionError, TypeError, KeyError, ValueError):
            return False  # The smaller company has lost what the oracle or the models rest on.

    warehouse = Warehouse(warehouse.project.of_types([budget_type_id]))
    tables = dict(company.tables)
    for entity in sorted(tables, key=lambda name: len(tables[name])):
        less = {**tables, entity: []}
        if tables[entity] and rounds > 0 and differs(less):
            tables = less
    for entity in sorted(tables, key=lambda name: -len(tables[name])):
        size = (len(tables[entity]) + 1) // 2
        while size and rounds > 0:
            start = 0
            while start < len(tables[entity]) and rounds > 0:
                rest = tables[entity][:start] + tables[entity][start + size :]
                if differs({**tables, entity: rest}):
                    tables[entity] = rest
                else:
                    start += size
            size = size // 2
    return replace(company, tables=tables)


def report(warehouse: Warehouse, company: Company, budget_type_id: str) -> str:
    """The differing figures of a type, the rows behind the first on both sides, and the data."""
    found = differences(warehouse, company, [budget_type_id])
    if not found:
        return f"{budget_type_id}: no difference"
    world = company.world()
    place = found[0].place
    lines = [f"Company {company.seed} as of {company.as_of}: {len(found)} figures differ."]
    lines += [str(difference) for difference in found[:8]]
    lines += [f"\nBehind {place.node_id} ({place.period_type} {place.period_start}), oracle:"]
    lines += [f"  {line}" for line in sorted(_behind(world, place))]
    lines += ["models:"]
    rows = warehouse.rows(
        "select part, record_id, rep_id, event_date, booking_date, amount, distinct_key, channel, "
        "credit_type, period_type, period_start "
        f"from budget_types.bt_{budget_type_id} order by all"
    )
    lines += [f"  {' '.join(str(value) for value in row)}" for row in rows]
    lines += ["", "Data:"]
    for entity, table in company.tables.items():
        for row in table:
            told = {k: str(v) for k, v in row.items() if v is not None and k != "extracted_at"}
            lines.append(f"  {entity}: " + ", ".join(f"{k}={v}" for k, v in told.items()))
    return "\n".join(lines)


def _behind(world: World, place: Place) -> list[str]:
    components: list[Component] = load_types()[place.budget_type_id](world)
    return [
        f"{c.part} {c.record_id} {c.rep_id} {c.event_date} {c.booking_date} {c.amount} "
        f"{c.distinct_key} {c.channel} {c.credit_type} {c.period_type} {c.period_start} "
        f"{'' if c.period_start else nodes_of(world, c)[1:3]}"
        for c in components
    ]


def main() -> None:
    """Print, per type, how many companies agree, and the shrunk first difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--types", nargs="*", default=[], help="budget types; default: all")
    parser.add_argument("--companies", default="0:20", help="seeds, first:last")
    parser.add_argument("--compiled", type=Path, help="use what an earlier run compiled here")
    arguments = parser.parse_args()
    folder = arguments.compiled or Path(tempfile.mkdtemp())
    if not (folder / "target" / "manifest.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        compile_project(folder)
    project = read_project(folder, COMPARED)
    wanted = arguments.types or sorted(load_types())
    warehouse = Warehouse(project.of_types(wanted))
    first, last = (int(seed) for seed in arguments.companies.split(":"))
    agree: Counter[tuple[str, bool]] = Counter()
    failing: dict[str, Company] = {}
    for seed in range(first, last):
        company = random_company(seed)
        found = differences(warehouse, company, wanted)
        wrong = {difference.place.budget_type_id for difference in found}
        for budget_type_id in wanted:
            agree[budget_type_id, budget_type_id not in wrong] += 1
        for budget_type_id in wrong:
            failing.setdefault(budget_type_id, company)
    for budget_type_id in wanted:
        print(f"{budget_type_id}: {agree[budget_type_id, True]} of {last - first} companies agree")
    for budget_type_id, company in failing.items():
        print(f"\n── {budget_type_id} " + "─" * 60)
        small = shrunk(warehouse, company, budget_type_id)
        print(report(warehouse, small, budget_type_id))


if __name__ == "__main__":
    main()
