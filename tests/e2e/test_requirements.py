"""The requirements on volume and invoicing, shown on what was published and what was delivered.

Each test is named by the requirement's id. What a contract should come to is read from the raw
files alone; what it came to, from the release.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.conftest import SECOND_NIGHT, TwoNights
from tests.support.nights import published, rows, see_delivered

CHANNELS = {"new", "renewal", "upsell", "win_back"}

SIGNED = """
create temp view signed as
select
    lines.contract_line_id,
    contracts.contract_id,
    contracts.customer_id,
    contracts.renews_contract_id,
    lines.product_category,
    contracts.currency,
    greatest(
        cast(contracts.created_recorded_at as timestamp),
        cast(lines.created_recorded_at as timestamp)
    ) as created_on,
    cast(contracts.signed_at as date) as signed_at,
    cast(contracts.start_date as date) as start_date,
    cast(contracts.end_date as date) as end_date,
    cast(contracts.term_months as integer) as term_months,
    contracts.termination_effective_date is not null as is_terminated,
    coalesce(cast(contracts.auto_renewal as boolean), false) as rolls_on,
    cast(lines.annual_value as decimal(18, 4)) as annual_value,
    cast(lines.annual_value as decimal(18, 4))
        + coalesce(cast(lines.one_off_value as decimal(18, 4)), 0) as first_year
from delivered_contract_lines as lines
inner join delivered_contracts as contracts using (contract_id)
where contracts.status not in ('draft', 'void')
"""

VOLUME = """
create temp view volume as
select record_id as contract_line_id, event_date, booking_date, rep_id, channel, credit_type, amount
from all_evidence
where budget_type_id = 'signed_volume'
"""

INVOICED = """
create temp view invoiced as
select
    lines.contract_line_id,
    cast(date_trunc('month', evidence.event_date) as date) as month,
    sum(evidence.amount) as amount
from all_evidence as evidence
inner join delivered_invoice_lines as lines on evidence.record_id = lines.source_id
where
    evidence.budget_type_id = 'invoiced_revenue'
    and evidence.credit_type = 'revenue'
    and lines.contract_line_id is not null
group by 1, 2
"""


@pytest.fixture(scope="module")
def company(two_nights: TwoNights) -> Iterator[duckdb.DuckDBPyConnection]:
    """The second night's release with the delivered contracts and invoices beside it."""
    with published(two_nights.releases[1]) as connection:
        for entity in ("contracts", "contract_lines", "invoices", "invoice_lines", "products"):
            see_delivered(connection, two_nights.company, entity, SECOND_NIGHT)
        for view in (SIGNED, VOLUME, INVOICED):
            connection.execute(view)
        yield connection


def test_c1_volume_and_invoicing_are_told_apart_and_nothing_is_called_sales(
    company, two_nights: TwoNights
):
    for connection in (company, two_nights.company.quality()):
        columns = {
            name.lower() for (name,) in rows(connection, "select column_name from duckdb_columns()")
        }
        assert len(columns) > 20
        assert not columns & {"sales", "sale", "försäljning", "forsaljning"}
    measured = dict(rows(company, "select measures, count(*) from budget_types group by 1"))
    assert measured["volume"] >= 5 and measured["invoicing"] >= 5


def test_c2_volume_arises_the_day_the_customer_signs(company):
    ((counted, on_the_day),) = rows(
        company,
        "select count(*), count(*) filter (first_day = signed_at) from ("
        "select signed.signed_at, min(volume.event_date) as first_day from signed "
        "inner join volume using (contract_line_id) group by contract_line_id, signed.signed_at)",
    )
    assert (counted > 200, on_the_day) == (True, counted)


def test_c2_what_was_recorded_in_time_is_reported_in_the_month_of_the_signature(company):
    ((counted, in_the_month),) = rows(
        company,
        """
        select count(*), count(*) filter (date_trunc('month', booked_on) = signed_month)
        from (
            select
                date_trunc('month', signed.signed_at) as signed_month,
                min(volume.booking_date) as booked_on
            from signed
            inner join volume
                on
                    signed.contract_line_id = volume.contract_line_id
                    and signed.signed_at = volume.event_date
            where date_trunc('month', signed.created_on) = date_trunc('month', signed.signed_at)
            group by signed.contract_line_id, signed.signed_at
        )
        """,
    )
    assert (counted > 100, in_the_month) == (True, counted)


def test_c3_volume_is_what_the_contract_says_and_not_what_was_invoiced(company):
    found = rows(
        company,
        "select contract_line_id, first_year, (select sum(amount) from volume where "
        "volume.contract_line_id = signed.contract_line_id and event_date = signed_at and "
        "credit_type = 'revenue') from signed where currency = 'SEK' "
        "and coalesce(term_months, 12) >= 12",
    )
    assert len(found) > 100
    assert not [row for row in found if row[1] != row[2]]


def test_c4_the_whole_credit_falls_on_the_signature_also_when_reps_share_it(company):
    shared = rows(
        company,
        "select contract_line_id, any_value(first_year), sum(amount), "
        "count(distinct volume.event_date) from signed inner join volume using (contract_line_id) "
        "where credit_type = 'revenue' and event_date = signed_at and currency = 'SEK' "
        "and coalesce(term_months, 12) >= 12 "
        "group by 1 having count(distinct rep_id) > 1",
    )
    assert shared
    assert all(total == expected and days == 1 for _, expected, total, days in shared)


CONTRACT_AND_ITS_TWELFTHS = """
select signed.contract_line_id, signed.annual_value, signed.signed_at
from signed
inner join invoiced using (contract_line_id)
inner join (
    -- Booked the month it was signed: a contract that was recorded late is another case.
    select contract_line_id
    from volume
    group by contract_line_id
    having
        date_trunc('month', min(booking_date)) = date_trunc('month', min(event_date))
) as booked_at_once using (contract_line_id)
where
    signed.currency = 'SEK'
    and signed.first_year = signed.annual_value
    and coalesce(signed.term_months, 12) >= 12
group by all
having count(*) >= 12 and max(abs(invoiced.amount - signed.annual_value / 12)) < 0.01
order by signed.signed_at desc, signed.contract_line_id
limit 1
"""


def test_c6_a_year_is_volume_at_once_and_in_full(company):
    ((line, annual_value, signed_at),) = rows(company, CONTRACT_AND_ITS_TWELFTHS)
    by_month = rows(
        company,
        "select cast(date_trunc('month', booking_date) as date), sum(amount) from volume "
        "where contract_line_id = ? and credit_type = 'revenue' "
        "and booking_date < cast(? as date) + interval 1 year group by 1",
        [line, signed_at],
    )
    assert by_month == [(signed_at.replace(day=1), annual_value)]
    ((value,),) = rows(
        company,
        "select value from outcomes where budget_type_id = 'signed_volume' and basis = 'reported' "
        "and node_level = 'company' and period_type = 'month' and period_start = ?",
        [signed_at.replace(day=1)],
    )
    assert value >= annual_value


def test_c7_the_same_contract_is_invoiced_a_twelfth_a_month(company):
    ((line, annual_value, _),) = rows(company, CONTRACT_AND_ITS_TWELFTHS)
    months = rows(
        company, "select month, amount from invoiced where contract_line_id = ? order by 1", [line]
    )
    twelfth = round(annual_value / 12, 2)
    assert {amount for _, amount in months[:12]} == {twelfth}
    assert len({month for month, _ in months[:12]}) == 12
    assert abs(sum(amount for _, amount in months[:12]) - annual_value) < 1


def test_c10_a_contract_over_several_years_is_one_row_per_contract_year(company):
    contracts = rows(
        company,
        f"""
        select
            term_months,
            (
                select list((event_date, channel, amount) order by event_date) from (
                    select event_date, channel, sum(amount) as amount from volume
                    where
                        volume.contract_line_id = signed.contract_line_id
                        and credit_type = 'revenue'
                    group by event_date, channel
                    having sum(amount) <> 0
                )
            ),
            [
                (cast(signed_at + to_months(12 * k) as date), if(k = 0, first_year, annual_value))
                for k in range(term_months // 12)
                if signed_at + to_months(12 * k) < date '{SECOND_NIGHT}'
            ]
        from signed
        where
            currency = 'SEK' and term_months in (24, 36, 48, 60)
            and not is_terminated and not rolls_on
            and contract_id not in (
                select renews_contract_id from delivered_contracts
                where renews_contract_id is not null
            )
        """,
    )
    assert {term for term, _, _ in contracts} >= {24, 36}
    for _, counted, expected in contracts:
        assert [(day, amount) for day, _, amount in counted] == expected
        assert {channel for _, channel, _ in counted[1:]} <= {"renewal"}
    assert (
        rows(
            company,
            "select count(*) from volume_vs_invoicing group by contract_id, contract_year "
            "having count(*) > 1",
        )
        == []
    )


def test_c11_volume_is_never_trued_up_to_what_was_invoiced(company, two_nights: TwoNights):
    ((finished, off),) = rows(
        company,
        "select count(*), count(*) filter (abs(invoiced / signed_volume - 1) > 0.02) "
        "from volume_vs_invoicing where status = 'finished' and signed_volume > 0",
    )
    assert finished > 50 and off > 10, "years whose invoicing differs, and whose volume stands"
    yesterday = two_nights.releases[0] / "parquet" / "volume_vs_invoicing.parquet"
    ((invoiced_since, volume_changed),) = rows(
        company,
        "select count(*), count(*) filter (before.signed_volume <> now.signed_volume) "
        f"from read_parquet('{yesterday}') as before inner join volume_vs_invoicing as now "
        "using (contract_id, contract_year) where before.invoiced <> now.invoiced",
    )
    assert (invoiced_since > 0, volume_changed) == (True, 0)


def test_c12_every_row_of_volume_and_invoicing_has_one_of_four_channels(company):
    found = rows(
        company,
        "select distinct budget_type_id, channel from all_evidence "
        "where budget_type_id in ('signed_volume', 'invoiced_revenue')",
    )
    assert set(found) == {
        (budget_type_id, channel)
        for budget_type_id in ("signed_volume", "invoiced_revenue")
        for channel in CHANNELS
    }


def test_c13_a_contract_that_rolls_on_is_renewal_also_at_another_price(company):
    found = rows(
        company,
        """
        select
            volume.channel,
            count(*),
            count(*) filter (signed.annual_value <> former.annual_value)
        from signed
        inner join signed as former
            on
                signed.renews_contract_id = former.contract_id
                and signed.product_category = former.product_category
        inner join volume
            on
                signed.contract_line_id = volume.contract_line_id
                and signed.signed_at = volume.event_date
        where former.end_date > signed.signed_at
        group by 1
        """,
    )
    assert [channel for channel, _, _ in found] == ["renewal"]
    assert found[0][2] > 20, "renewals at another price"


def test_c14_what_an_existing_customer_never_bought_before_is_upsell(company):
    found = rows(
        company,
        """
        select volume.channel, count(*)
        from signed
        inner join volume
            on
                signed.contract_line_id = volume.contract_line_id
                and signed.signed_at = volume.event_date
        where
            exists (
                select 1 from signed as running
                where
                    running.customer_id = signed.customer_id
                    and running.signed_at < signed.signed_at
                    and running.end_date > signed.signed_at
            )
            and not exists (
                select 1 from signed as earlier
                where
                    earlier.customer_id = signed.customer_id
                    and earlier.product_category = signed.product_category
                    and earlier.signed_at < signed.signed_at
            )
            and not exists (
                select 1 from delivered_invoices as invoices
                inner join delivered_invoice_lines as lines using (invoice_id)
                inner join delivered_products as products using (product_id)
                where
                    invoices.customer_id = signed.customer_id
                    and products.product_category = signed.product_category
                    and cast(invoices.invoice_date as date) < signed.signed_at
            )
        group by 1
        """,
    )
    assert [channel for channel, _ in found] == ["upsell"]
    assert found[0][1] > 5


def test_c17_the_four_channels_are_the_total_to_the_ore_at_every_node_and_month(company):
    sums = rows(
        company,
        """
        select
            node_level,
            count(*),
            count(*) filter (channels = 4 and volume = total_volume and invoicing = total_invoicing)
        from (
            select
                node_level,
                count(*) filter (channel in ('new', 'renewal', 'upsell', 'win_back')) as channels,
                sum(volume) filter (channel <> 'total') as volume,
                sum(volume) filter (channel = 'total') as total_volume,
                sum(invoicing) filter (channel <> 'total') as invoicing,
                sum(invoicing) filter (channel = 'total') as total_invoicing
            from channel_sales
            group by node_level, node_id, month
        )
        group by node_level
        """,
    )
    assert {level for level, _, _ in sums} == {"rep", "team", "region", "company"}
    assert all(counted > 30 and exact == counted for _, counted, exact in sums), sums


@pytest.mark.parametrize(
    ("budget_type_id", "measure"), [("signed_volume", "volume"), ("invoiced_revenue", "invoicing")]
)
def test_c17_the_total_is_the_published_outcome(company, budget_type_id: str, measure: str):
    ((compared, differing),) = rows(
        company,
        f"select count(*), count(*) filter (outcomes.value <> channel_sales.{measure}) "
        "from outcomes inner join channel_sales on outcomes.node_level = channel_sales.node_level "
        "and outcomes.node_id = channel_sales.node_id and outcomes.period_start = month "
        "and channel = 'total' where budget_type_id = ? and basis = 'reported' "
        "and period_type = 'month' and outcomes.node_level <> 'rep'",
        [budget_type_id],
    )
    assert (compared > 100, differing) == (True, 0)
