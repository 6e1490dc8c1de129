"""The oracle of planning gives the shares of the worked examples, to the krona."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.oracle.planning import (
    CAPS,
    FLOORS,
    LOCKS,
    NO_REP,
    Impossible,
    Sharer,
    channel_targets,
    divide,
    half_up,
    phase,
    pool_of,
)

MILLION = 1_000_000


def shares(
    weights: list[object],
    pool: int = MILLION,
    unit: int = 1_000,
    locks: dict[str, int] | None = None,
    **limits: int,
) -> list[int]:
    """Targets of A, B, C … in order."""
    sharers = [
        Sharer(
            chr(65 + n),
            Fraction(weight),
            Fraction(limits.get("floor", 0)),
            Fraction(limits["cap"]) if "cap" in limits else None,
            Fraction(locks[chr(65 + n)]) if chr(65 + n) in (locks or {}) else None,
        )
        for n, weight in enumerate(weights)
    ]
    divided = divide(sharers, Fraction(pool), Fraction(unit))
    assert sum(share.target for share in divided.values()) == pool
    return [int(divided[s.key].target) for s in sharers]


@pytest.mark.parametrize(
    ("weights", "options", "expected"),
    [
        ([1, 1, 1], {"unit": 1}, [333_334, 333_333, 333_333]),
        ([50, 35, 22], {}, [467_000, 327_000, 206_000]),
        ([6_100, 2_500, 1_400], {}, [610_000, 250_000, 140_000]),
        ([480, 390, 210], {}, [445_000, 361_000, 194_000]),
        ([420, 310, 590], {}, [318_000, 235_000, 447_000]),
        ([62, Fraction("49.6"), 31], {}, [435_000, 348_000, 217_000]),
        (
            [
                Fraction(customers, 107) / 2 + Fraction(revenue, 10_000) / 2
                for customers, revenue in ((50, 6_100), (35, 2_500), (22, 1_400))
            ],
            {},
            [539_000, 288_000, 173_000],
        ),
        ([50, 35, 22], {"locks": {"A": 450_000}}, [450_000, 338_000, 212_000]),
        ([50, 35, 22], {"floor": 250_000, "cap": 420_000}, [420_000, 330_000, 250_000]),
        ([50, 35, 22], {"pool": 1_100_000}, [514_000, 360_000, 226_000]),
        ([50, 35, 22], {"pool": 20, "unit": 1}, [9, 7, 4]),
        ([1, 1, 1], {"pool": 20, "unit": 1}, [7, 7, 6]),
        ([0, 0, 0], {"pool": 20, "unit": 1}, [7, 7, 6]),
    ],
    ids=[
        "equal",
        "customers",
        "revenue",
        "prior outcome",
        "potential",
        "working days",
        "composite",
        "lock",
        "floor and cap",
        "over-assignment",
        "counts",
        "equal counts",
        "no weights",
    ],
)
def test_a_million_is_divided_as_in_the_examples(weights, options, expected):
    assert shares(weights, **options) == expected


def test_the_pool_is_the_target_and_the_over_assignment_up_to_whole_units():
    assert pool_of(Fraction(MILLION), Fraction("0.1"), Fraction(1_000)) == 1_100_000
    assert pool_of(Fraction(999_999), Fraction(0), Fraction(1_000)) == MILLION
    assert pool_of(Fraction(7), Fraction(0), Fraction(1)) == 7


def test_the_share_before_rounding_and_what_rounding_added_are_told():
    divided = divide(
        [Sharer("A", Fraction(50)), Sharer("B", Fraction(35)), Sharer("C", Fraction(22))],
        Fraction(MILLION),
        Fraction(1_000),
    )
    assert round(divided["A"].raw, 1) == Fraction("467289.7")
    assert divided["A"].rounding_delta == 467_000 - Fraction(50 * MILLION, 107)


@pytest.mark.parametrize(
    ("sharers", "reason"),
    [
        ([], NO_REP),
        ([Sharer("A", Fraction(1), lock=Fraction(11)), Sharer("B", Fraction(1))], LOCKS),
        (
            [Sharer("A", Fraction(1), floor=Fraction(6)), Sharer("B", Fraction(1), Fraction(5))],
            FLOORS,
        ),
        ([Sharer("A", Fraction(1), cap=Fraction(9))], CAPS),
        ([Sharer("A", Fraction(1), lock=Fraction(9))], CAPS),
    ],
    ids=["nobody", "locks", "floors", "caps", "locks leave a rest"],
)
def test_an_impossible_pool_is_told_and_not_divided(sharers, reason):
    with pytest.raises(Impossible) as refused:
        divide(sharers, Fraction(10), Fraction(1))
    assert refused.value.reason == reason


def test_limits_that_are_no_multiples_of_the_unit_are_kept_and_the_sum_is_exact():
    divided = divide(
        [
            Sharer("A", Fraction(3), cap=Fraction(40)),
            Sharer("B", Fraction(1), floor=Fraction(33)),
            Sharer("C", Fraction(1), lock=Fraction(7)),
        ],
        Fraction(100),
        Fraction(10),
    )
    assert {key: share.target for key, share in divided.items()} == {"A": 40, "B": 53, "C": 7}


def test_who_has_no_weight_shares_equally_what_the_others_may_not_take():
    divided = divide(
        [
            Sharer("A", Fraction(5), cap=Fraction(4)),
            Sharer("B", Fraction(0)),
            Sharer("C", Fraction(0)),
        ],
        Fraction(10),
        Fraction(1),
    )
    assert [divided[key].target for key in "ABC"] == [4, 3, 3]


def test_an_even_year_gives_the_odd_kronor_to_the_first_months():
    months = phase(Fraction(333_334), [Fraction(1)] * 12, Fraction(1))
    assert months == [27_778] * 10 + [27_777] * 2


def test_a_seasonal_year_is_that_of_the_example():
    weights = [Fraction(p) for p in (6, 7, 8, 8, 9, 9, 4, 7, 10, 11, 11, 10)]
    months = phase(Fraction(467_000), weights, Fraction(1_000))
    assert [m / 1_000 for m in months] == [28, 33, 37, 37, 42, 42, 19, 33, 47, 51, 51, 47]
    assert [sum(months[q : q + 3]) / 1_000 for q in (0, 3, 6, 9)] == [98, 121, 99, 149]


def test_new_business_is_what_the_other_channels_leave():
    due = Fraction(7_500_000) * Fraction("0.8")
    channels = channel_targets(
        Fraction(10_000_000), Fraction(1_000), due, Fraction(1_500_000), Fraction(500_000)
    )
    assert channels == {
        "renewal": 6_000_000,
        "upsell": 1_500_000,
        "win_back": 500_000,
        "new": 2_000_000,
    }
    assert half_up(Fraction(1_500), Fraction(1_000)) == 2_000


def test_more_renewals_than_the_company_plans_leave_less_than_nothing():
    channels = channel_targets(Fraction(100), Fraction(1), Fraction(90), Fraction(20), Fraction(0))
    assert channels["new"] == -10
