"""The figures of the reps once more, from what is published of their evidence and nothing else.

Read are the rows of ``outcome_evidence``, the periods that ``outcomes`` names, and the types' own
definitions. Rows are added up and counted in SQL; the value, or the reason why there is none, is
found as the oracle finds it. A standing figure of a period that has ended is proven by the release
of its last night.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from orchestration.registry import load_budget_types
from tests.oracle.figures import Figure, Part, figure
from tests.support.nights import published, rows

OUTCOMES = """
select
    budget_type_id, parameter_set_id, node_id, basis, period_type, period_start, campaign_id,
    numerator, denominator, value, reason_code
from outcomes
where node_level = 'rep'
"""

PARTS = """
with periods as (
    select distinct
        outcomes.budget_type_id, outcomes.period_type, outcomes.period_start, outcomes.period_end,
        outcomes.campaign_id, budget_types.time_shape,
        -- A rolling window ends with the period.
        coalesce(
            cast(outcomes.period_end - to_months(budget_types.rolling_months) as date),
            outcomes.period_start
        ) as window_start
    from outcomes
    inner join budget_types using (budget_type_id)
),

bases as (
    select unnest(['reported', 'restated']) as basis
),

counted as (
    select
        evidence.*, bases.basis, periods.period_type as counted_in,
        periods.period_start as counted_from, periods.campaign_id as counted_for
    from all_evidence as evidence
    cross join bases
    inner join periods
        on
            evidence.budget_type_id = periods.budget_type_id
            and if(bases.basis = 'reported', evidence.booking_date, evidence.event_date)
            between periods.window_start and periods.period_end - 1
            and (periods.period_type <> 'campaign' or evidence.campaign_id = periods.campaign_id)
    where periods.time_shape = 'flow'

    union all

    select evidence.*, bases.basis, periods.period_type, periods.period_start, periods.campaign_id
    from all_evidence as evidence
    cross join bases
    inner join periods
        on
            evidence.budget_type_id = periods.budget_type_id
            and evidence.period_type = periods.period_type
            and evidence.period_start = periods.period_start
            and (periods.period_type <> 'campaign' or evidence.campaign_id = periods.campaign_id)
    where periods.time_shape = 'period'

    union all

    select evidence.*, bases.basis, periods.period_type, periods.period_start, periods.campaign_id
    from all_evidence as evidence
    cross join bases
    inner join periods
        on
            evidence.budget_type_id = periods.budget_type_id
            and evidence.period_type = 'snapshot'
            and evidence.period_start between periods.period_start and periods.period_end - 1
    where periods.time_shape = 'snapshot'
),

-- What was counted and withdrawn later stays in the months as reported, where late rows of one day
-- cancel out; it counts for nothing with today's knowledge.
comings as (
    select
        budget_type_id, parameter_set_id, rep_id, basis, counted_in, counted_from, counted_for,
        part, distinct_key,
        if(basis = 'reported', booking_date, null) as came_on,
        basis = 'reported' and event_date < booking_date as is_late,
        sum(amount) as amount
    from counted
    where distinct_key is not null
    group by all
),

keys as (
    select
        budget_type_id, parameter_set_id, rep_id, basis, counted_in, counted_from, counted_for,
        part, distinct_key,
        bool_or(amount > 0) as is_counted
    from comings
    group by all
)

select
    budget_type_id, parameter_set_id, rep_id, basis, counted_in, counted_from, counted_for,
    part, null as keys, sum(amount) as amount, count(*) > count(amount) as is_unknown
from counted
group by all

union all

select
    budget_type_id, parameter_set_id, rep_id, basis, counted_in, counted_from, counted_for,
    part, count(*) filter (is_counted) as keys, null as amount, false as is_unknown
from keys
group by all
"""


@dataclass(frozen=True, order=True)
class Place:
    """Where a figure of a rep stands in ``outcomes``."""

    budget_type_id: str
    parameter_set_id: str
    rep_id: str
    basis: str
    period_type: str
    period_start: date
    campaign_id: str | None


def published_figures(release: Path) -> dict[Place, Figure]:
    """The figures of all reps in ``outcomes``."""
    with published(release) as connection:
        return {Place(*row[:7]): Figure(*row[7:]) for row in rows(connection, OUTCOMES)}


def figures_from_evidence(release: Path) -> dict[Place, Figure]:
    """The figures of all reps from the evidence of a release."""
    types = {budget_type.budget_type_id: budget_type for budget_type in load_budget_types()}
    parts: dict[Place, dict[str, Part]] = {}
    with published(release) as connection:
        for *place, part, keys, amount, is_unknown in rows(connection, PARTS):
            here = parts.setdefault(Place(*place), {})
            is_distinct = types[place[0]].parts[part]["over_reps"] == "distinct"
            if is_distinct == (keys is not None):
                here[part] = Part(Decimal(keys if is_distinct else amount or 0), is_unknown)
    return {
        place: figure(
            types[place.budget_type_id],
            {name: found.get(name, Part()) for name in types[place.budget_type_id].parts},
        )
        for place, found in parts.items()
    }
