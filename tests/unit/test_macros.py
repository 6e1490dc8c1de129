"""The portable macros, compiled by dbt and run by DuckDB, against Python's exact arithmetic."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, localcontext
from fractions import Fraction

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.dbt_harness import compile_sql

STATEMENTS = {
    "ratio": "select {{ ratio('n', 'd') }} as r from t",
    "ratio_of_sums": "select {{ ratio('sum(n)', 'count(*)') }} as r from t",
    "ratio_of_amounts": "select {{ ratio('n', 'd', decimals=4) }} as r from t",
    "formula": "select {{ calculated(calculated('a', '*', 'b'), '-', 'c') }} as r from t",
    "ratio_scale_2": "select {{ ratio('n', 'd', 2) }} as r from t",
    "int_div": "select {{ int_div('n', 'd') }} as r from t",
    "money_mul": "select {{ money_mul('n', 'd') }} as r from t",
    "floor_muldiv": "select {{ floor_muldiv('w', 'c', 't') }} as r from t",
    "days_between": "select {{ days_between('a', 'b') }} as r from t",
    "add_days": "select {{ add_days('d', 'n') }} as r from t",
    "add_months": "select {{ add_months('d', 'n') }} as r from t",
    "months_between": "select {{ months_between('a', 'b') }} as r from t",
    "trunc_week": "select {{ trunc_date('week', 'd') }} as r from t",
    "trunc_month": "select {{ trunc_date('month', 'd') }} as r from t",
    "trunc_quarter": "select {{ trunc_date('quarter', 'd') }} as r from t",
    "trunc_year": "select {{ trunc_date('year', 'd') }} as r from t",
    "iso_weekday": "select {{ iso_weekday('d') }} as r from t",
    "local_date": "select {{ local_date('ts') }} as r from t",
    "local_midnight_utc": "select {{ local_midnight_utc('d') }} as r from t",
    "minutes_between": "select {{ minutes_between('a', 'b') }} as r from t",
    "agg_list": "select {{ agg_list('x', 'o desc', ' / ') }} as r from t",
    "hash_key": "select {{ hash_key(['a', 'b']) }} as r from t",
    "known_at": "select {{ known_at('t', 'm') }} as r from t",
    **{
        f"to_{kind}": f"select {{{{ to_{kind}('x') }}}} as r from t"
        for kind in ("text", "int", "decimal", "share", "date", "timestamp", "bool")
    },
    "fault": """
        select {{ first_fault([
            missing_key('k'), cast_fault('date', 'd'), not_allowed('v', ['a', 'b'])
        ]) }} as r
        from t
    """,
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_sql(STATEMENTS, tmp_path_factory.mktemp("macros"))


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'America/New_York'")
        yield con


@pytest.fixture(scope="module")
def run(compiled, connection):
    """run('ratio', 'n decimal(18,4), d int', [(1, 3), …]) → the results in order.

    The session's own time zone is neither UTC nor the company's: a macro must not depend on it.
    """

    def call(name: str, columns: str, rows: list[tuple]) -> list:
        connection.execute(f"create or replace temp table t ({columns})")
        connection.executemany(f"insert into t values ({', '.join('?' * len(rows[0]))})", rows)
        return [row[0] for row in connection.execute(compiled[name]).fetchall()]

    call.type_of = lambda name: connection.execute(
        f"select column_type from (describe ({compiled[name]}))"
    ).fetchall()[0][0]
    call.error = duckdb.Error
    return call


def half_up(value: Fraction, scale: int = 10) -> Decimal:
    """``value`` rounded half away from zero, without passing through a float."""
    units = abs(value) * 10**scale
    whole = (2 * units.numerator + units.denominator) // (2 * units.denominator)
    with localcontext() as context:
        context.prec = 60
        return Decimal(whole if value >= 0 else -whole).scaleb(-scale)


@pytest.mark.parametrize(
    ("num", "den", "expected"),
    [
        ("1", "3", "0.3333333333"),
        ("2", "3", "0.6666666667"),
        ("-2", "3", "-0.6666666667"),
        ("2", "-3", "-0.6666666667"),
        ("-2", "-3", "0.6666666667"),
        ("0", "7", "0"),
        ("1200000", "12", "100000"),
        # a double would give 0.30000000000000004 / 0.1 and lose the last digits of large money
        ("0.3", "0.1", "3"),
        ("12345678901234567.8901", "0.9999999999", "12345678902469135.7803469136"),
    ],
)
def test_ratio_is_exact_in_every_sign(run, num, den, expected):
    columns = "n decimal(27,10), d decimal(27,10)"
    assert run("ratio", columns, [(Decimal(num), Decimal(den))]) == [Decimal(expected)]


def test_ratio_is_null_without_a_denominator_and_never_infinite(run):
    rows = [(1, 0), (0, 0), (None, 1), (1, None)]
    assert run("ratio", "n decimal(18,4), d decimal(18,4)", rows) == [None] * 4


def test_ratio_of_amounts_takes_wider_ones(run):
    columns = "n decimal(28,4), d decimal(28,4)"
    rows = [
        (Decimal("50000000"), Decimal("15000")),
        (Decimal("99999999999999999999999.9999"), Decimal("99999999.9999")),
        (Decimal("-2"), Decimal("3")),
        (Decimal("1"), Decimal("0")),
    ]
    assert run("ratio_of_amounts", columns, rows) == [
        Decimal("3333.3333333333"),
        half_up(Fraction(rows[1][0]) / Fraction(rows[1][1])),
        Decimal("-0.6666666667"),
        None,
    ]


def test_a_formula_is_exact_and_rounds_each_step_away_from_zero(run):
    columns = "a decimal(28,4), b decimal(28,4), c decimal(28,4)"
    rows = [
        (Decimal("50"), Decimal("123456789012.3456"), Decimal("0.0001")),
        (Decimal("0.0050"), Decimal("0.0500"), Decimal("0")),
        (Decimal("-0.0050"), Decimal("0.0500"), Decimal("0")),
        (Decimal("900000000000000"), Decimal("900000000"), Decimal("0")),
        (None, Decimal("1"), Decimal("1")),
    ]
    assert run("formula", columns, rows) == [
        Decimal("6172839450617.2799"),
        Decimal("0.0003"),
        Decimal("-0.0003"),
        Decimal("810000000000000000000000"),
        None,
    ]


def test_ratio_rounds_ties_away_from_zero(run):
    rows = [(1, 8), (-1, 8), (1, 40), (-1, 40), (5, 1000), (4999, 1000000)]
    got = run("ratio_scale_2", "n int, d int", rows)
    expected = ["0.13", "-0.13", "0.03", "-0.03", "0.01", "0.00"]
    assert got == [Decimal(text) for text in expected]


def test_ratio_has_its_stated_type_whatever_comes_in(run):
    run("ratio", "n bigint, d decimal(18,4)", [(1, 1)])
    assert run.type_of("ratio") == "DECIMAL(28,10)"
    assert run.type_of("ratio_scale_2") == "DECIMAL(28,2)"
    run("ratio_of_sums", "n decimal(18,4)", [(1,), (2,)])
    assert run.type_of("ratio_of_sums") == "DECIMAL(28,10)"


def test_ratio_of_an_aggregate(run):
    assert run("ratio_of_sums", "n decimal(18,4)", [(1,), (1,), (0,)]) == [Decimal("0.6666666667")]


def test_ratio_beyond_its_range_is_an_error_not_a_figure(run):
    with pytest.raises(run.error):
        run("ratio", "n decimal(38,10), d decimal(38,10)", [(Decimal(10**17), 1)])


money = st.decimals(min_value=-(10**13), max_value=10**13, places=4, allow_nan=False)
in_range = st.tuples(money, money).filter(
    lambda pair: not pair[1] or abs(Fraction(pair[0]) / Fraction(pair[1])) < 5 * 10**16
)


@settings(max_examples=25, deadline=None)
@given(st.lists(in_range, min_size=20, max_size=60))
def test_ratio_equals_exact_fractions(run, pairs):
    got = run("ratio", "n decimal(18,4), d decimal(18,4)", pairs)
    expected = [half_up(Fraction(n) / Fraction(d)) if d else None for n, d in pairs]
    assert got == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [(7, 2, 3), (-7, 2, -3), (7, -2, -3), (6, 2, 3), (7, 0, None), (None, 2, None)],
)
def test_int_div_truncates_towards_zero(run, a, b, expected):
    assert run("int_div", "n int, d int", [(a, b)]) == [expected]


@pytest.mark.parametrize(
    ("amount", "factor", "expected"),
    [
        ("9000", "0.6", "5400"),
        ("9000", "11.4321000000", "102888.9"),
        ("0.0001", "0.5", "0.0001"),
        ("-0.0001", "0.5", "-0.0001"),
        ("0.0001", "0.4999999999", "0"),
        ("99999999999999.9999", "1", "99999999999999.9999"),
        ("10", None, None),
    ],
)
def test_money_mul_neither_overflows_nor_loses_an_ore(run, amount, factor, expected):
    rows = [(Decimal(amount), factor and Decimal(factor))]
    got = run("money_mul", "n decimal(18,4), d decimal(18,10)", rows)
    assert got == [expected and Decimal(expected)]
    assert run.type_of("money_mul") == "DECIMAL(18,4)"


def test_money_mul_takes_what_a_plain_product_cannot(connection):
    with pytest.raises(duckdb.Error, match="Overflow"):
        connection.execute(
            "select cast(9000 as decimal(18,4)) * cast(11.4321 as decimal(18,10))"
        ).fetchall()


@pytest.mark.parametrize(
    ("w", "c", "t", "expected"),
    [
        ("1", 20, "3", 6),
        ("2", 20, "3", 13),
        ("1", 3, "3", 1),
        ("-1", 20, "3", -7),
        ("1", -20, "3", -7),
        ("-1", -20, "-3", -7),
        ("0.1", 3, "0.3", 1),
        ("9999999.9999", 9000000000000, "9999999.9999", 9000000000000),
        ("1", 5, "0", None),
    ],
)
def test_floor_muldiv_is_the_floor_of_the_exact_quotient(run, w, c, t, expected):
    """0.1 · 3 / 0.3 is just below 1 in doubles; its floor would be 0."""
    got = run("floor_muldiv", "w decimal(27,10), c bigint, t decimal(27,10)", [(w, c, t)])
    assert got == [expected]


def test_days_between_counts_from_the_first_to_the_second(run):
    rows = [
        (date(2026, 1, 1), date(2026, 1, 31)),
        (date(2026, 3, 1), date(2026, 2, 28)),
        (date(2024, 2, 28), date(2024, 3, 1)),
        (None, date(2024, 3, 1)),
    ]
    assert run("days_between", "a date, b date", rows) == [30, -1, 2, None]
    assert run.type_of("days_between") == "INTEGER"


def test_add_days_returns_a_date(run):
    rows = [(date(2026, 2, 27), 2), (date(2026, 1, 1), -1)]
    assert run("add_days", "d date, n bigint", rows) == [date(2026, 3, 1), date(2025, 12, 31)]
    assert run.type_of("add_days") == "DATE"


def test_add_months_clamps_to_the_end_of_the_month(run):
    rows = [
        (date(2026, 1, 31), 1),
        (date(2024, 1, 31), 1),
        (date(2026, 3, 31), -1),
        (date(2026, 2, 28), 12),
        (date(2025, 11, 30), 3),
    ]
    assert run("add_months", "d date, n int", rows) == [
        date(2026, 2, 28),
        date(2024, 2, 29),
        date(2026, 2, 28),
        date(2027, 2, 28),
        date(2026, 2, 28),
    ]
    assert run.type_of("add_months") == "DATE"


def test_months_between_ignores_the_days(run):
    """2024-03-31 → 2026-02-28 is 23; datediff gives 24 on one engine."""
    rows = [
        (date(2024, 3, 31), date(2026, 2, 28)),
        (date(2026, 1, 31), date(2026, 2, 1)),
        (date(2026, 2, 1), date(2025, 12, 31)),
    ]
    assert run("months_between", "a date, b date", rows) == [23, 1, -2]
    assert run.type_of("months_between") == "INTEGER"


@pytest.mark.parametrize(
    ("part", "day", "expected"),
    [
        ("week", date(2026, 1, 1), date(2025, 12, 29)),
        ("week", date(2026, 3, 1), date(2026, 2, 23)),
        ("week", date(2026, 3, 2), date(2026, 3, 2)),
        ("month", date(2026, 2, 28), date(2026, 2, 1)),
        ("quarter", date(2026, 6, 30), date(2026, 4, 1)),
        ("year", date(2026, 12, 31), date(2026, 1, 1)),
    ],
)
def test_trunc_date_returns_the_first_day_and_weeks_begin_on_monday(run, part, day, expected):
    assert run(f"trunc_{part}", "d date", [(day,)]) == [expected]
    assert run.type_of(f"trunc_{part}") == "DATE"


def test_iso_weekday_runs_from_monday_1_to_sunday_7(run):
    rows = [(date(2026, 3, 2),), (date(2026, 3, 8),)]
    assert run("iso_weekday", "d date", rows) == [1, 7]


def test_local_date_follows_the_clock_change(run):
    rows = [
        (datetime(2026, 1, 31, 22, 59),),
        (datetime(2026, 1, 31, 23, 0),),
        (datetime(2026, 6, 30, 21, 59),),
        (datetime(2026, 6, 30, 22, 0),),
    ]
    assert run("local_date", "ts timestamp", rows) == [
        date(2026, 1, 31),
        date(2026, 2, 1),
        date(2026, 6, 30),
        date(2026, 7, 1),
    ]


def test_local_midnight_utc_is_the_cut_off(run):
    rows = [(date(2026, 3, 3),), (date(2026, 3, 29),), (date(2026, 3, 30),), (date(2026, 10, 26),)]
    assert run("local_midnight_utc", "d date", rows) == [
        datetime(2026, 3, 2, 23, 0),
        datetime(2026, 3, 28, 23, 0),
        datetime(2026, 3, 29, 22, 0),
        datetime(2026, 10, 25, 23, 0),
    ]


def test_minutes_between_counts_whole_minutes_and_knows_no_negative_ones(run):
    nine = datetime(2026, 3, 3, 9)
    rows = [
        (nine, datetime(2026, 3, 3, 9, 14, 59)),
        (nine, datetime(2026, 3, 3, 9, 15)),
        (nine, nine),
        (nine, datetime(2026, 3, 4, 9)),
        (nine, datetime(2026, 3, 3, 8, 59)),
        (nine, None),
    ]
    assert run("minutes_between", "a timestamp, b timestamp", rows) == [14, 15, 0, 1440, None, None]


def test_agg_list_has_a_stated_order(run):
    rows = [("b", 1), ("a", 3), (None, 2), ("c", 2)]
    assert run("agg_list", "x varchar, o int", rows) == ["a / c / b"]


def test_hash_key_tells_null_from_empty_and_one_split_from_another(run):
    rows = [("a", "bc"), ("ab", "c"), ("", None), (None, ""), (None, None)]
    assert len(set(run("hash_key", "a varchar, b varchar", rows))) == len(rows)
    assert run("hash_key", "a int, b date", [(1, date(2026, 1, 1))]) == run(
        "hash_key", "a varchar, b varchar", [("1", "2026-01-01")]
    )


def test_known_at_is_open_below_and_closed_above(run):
    """What was recorded at the cut-off itself is not known yet; its predecessor still is."""
    cut_off = datetime(2026, 3, 2, 23)
    later = datetime(9999, 12, 31)
    rows = [
        (datetime(2026, 1, 1), cut_off, cut_off),
        (cut_off, later, cut_off),
        (datetime(2026, 1, 1), datetime(2026, 2, 1), cut_off),
    ]
    got = run("known_at", "known_from timestamp, known_to timestamp, m timestamp", rows)
    assert got == [True, False, False]


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("text", "  a b ", "a b"),
        ("text", " ", None),
        ("text", "", None),
        ("int", " -7 ", -7),
        ("int", "+7", 7),
        ("decimal", "1.23455", Decimal("1.2346")),
        ("decimal", "-1.23455", Decimal("-1.2346")),
        ("decimal", " 12 ", Decimal("12.0000")),
        ("share", "1e-05", Decimal("0.0000100000")),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("date", " 2024-02-29", date(2024, 2, 29)),
        ("timestamp", "2026-03-02T10:00:00Z", datetime(2026, 3, 2, 10)),
        ("timestamp", "2026-03-02 10:00", datetime(2026, 3, 2, 10)),
        ("timestamp", " 2026-03-02T10:00:00.25Z ", datetime(2026, 3, 2, 10, 0, 0, 250000)),
        ("timestamp", "2026-03-02T10:00:00+01:00", datetime(2026, 3, 2, 9)),
        ("timestamp", "2026-03-02T10:00:00-0130", datetime(2026, 3, 2, 11, 30)),
        ("timestamp", "2026-03-02", datetime(2026, 3, 2)),
        ("bool", "TRUE", True),
        ("bool", " yes", True),
        ("bool", "1", True),
        ("bool", "No", False),
        ("bool", "0", False),
    ],
)
def test_casts_read_the_canonical_forms(run, kind, text, expected):
    assert run(f"to_{kind}", "x varchar", [(text,)]) == [expected]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *(("int", text) for text in ("2.5", "1e3", "1_000", "0x1F", "1 000", "seven", "9" * 20)),
        *(("decimal", text) for text in ("1,5", "1_000", "1 000.5", "NaN", "12.5 kr", "1.2.3")),
        ("decimal", "1" + "0" * 14),
        *(("share", text) for text in ("50 %", "0,5", "1000000000")),
        *(("date", text) for text in ("2026-02-30", "2026/03/02", "2026-3-2", "02-03-2026")),
        *(("date", text) for text in ("epoch", "infinity", "2026-03-02T00:00:00", "20260302")),
        *(("timestamp", text) for text in ("2026-02-30T10:00:00Z", "2026-03-02T25:00:00Z")),
        *(
            ("timestamp", text)
            for text in ("2026-03-02T10:00:00 CET", "10:00", "now", "1772445600")
        ),
        *(("bool", text) for text in ("maybe", "2", "ja")),
    ],
)
def test_casts_refuse_what_an_engine_would_let_through(run, kind, text):
    assert run(f"to_{kind}", "x varchar", [(text,)]) == [None]


def test_the_first_fault_of_a_row_names_reason_and_column(run):
    columns = "k_delivered varchar, d date, d_delivered varchar, v varchar"
    rows = [
        ("1", date(2026, 3, 2), "2026-03-02", "a"),
        (" ", None, "x", "c"),
        ("1", None, "x", "c"),
        ("1", None, " ", "c"),
        ("1", None, None, None),
    ]
    assert run("fault", columns, rows) == [
        None,
        "missing_key:k",
        "cast_date:d",
        "not_allowed:v",
        None,
    ]
