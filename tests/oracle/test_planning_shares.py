"""A pool is divided as the rules say: the models beside the oracle, and held to the rules alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.oracle.divider import Divider, Division, Pool, by_hand, exact
from tests.oracle.planning import CAPS, FLOORS, LOCKS, NO_REP, Sharer
from tests.support.compiled import read_project

PLANS = 600
"""Random pools that models and oracle divide side by side."""

quick = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def divider(compiled: Path) -> Divider:
    return Divider(read_project(compiled, ["int_planning__shares"]))


# Random pools


def random_pool(seed: int) -> Pool:
    """A pool that goes looking for trouble: ties, no weights, limits beside unit and share."""
    draw = random.Random(seed)
    unit = Fraction(draw.choice(["1", "1", "100", "1000", "0.5", "7"]))
    amount = Fraction(draw.choice([0, 1, 7, 20, 999, draw.randint(1, 10**9)])) * unit
    if draw.random() < 0.1:
        amount += unit / 4
    size = draw.choice([0, 1, 2, 3, 5, 8, 13])
    kind = draw.choice(["few", "many", "decimals", "none"])
    weights = {
        "few": lambda: Fraction(draw.randint(0, 3)),
        "many": lambda: Fraction(draw.randint(0, 10**7)),
        "decimals": lambda: Fraction(draw.randint(0, 10**12), 10**10),
        "none": lambda: Fraction(0),
    }[kind]
    fair = amount / size if size else amount

    def limit(most: float) -> Fraction:
        share = fair * Fraction(draw.randint(0, int(most * 100)), 100)
        return share // unit * unit if draw.random() < 0.6 else Fraction(int(share * 4), 4)

    limited = draw.random()
    sharers = []
    for number in range(size):
        sharer = Sharer(f"R{number:02d}", weights())
        if limited < 0.6 and draw.random() < 0.4:
            sharer = replace(sharer, floor=limit(1.1))
        if limited < 0.6 and draw.random() < 0.5:
            sharer = replace(sharer, cap=sharer.floor + limit(2))
        if draw.random() < 0.15:
            sharer = replace(sharer, lock=limit(1.5))
        sharers.append(sharer)
    draw.shuffle(sharers)
    return Pool(amount, unit, tuple(sharers))


def differs(ours: Division, theirs: Division) -> bool:
    """Whether two divisions are not the same to the last unit."""
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours != theirs
    return ours.keys() != theirs.keys() or any(
        ours[key].target != share.target
        or ours[key].is_locked != share.is_locked
        # The share before rounding is stored with four decimals.
        or abs(ours[key].raw - share.raw) > Fraction(1, 20_000)
        for key, share in theirs.items()
    )


def smaller(pool: Pool) -> Iterator[Pool]:
    """The same pool with something left out."""
    for number, sharer in enumerate(pool.sharers):
        others = pool.sharers[:number] + pool.sharers[number + 1 :]
        yield replace(pool, sharers=others)
        for plainer in (
            replace(sharer, lock=None),
            replace(sharer, floor=Fraction(0)),
            replace(sharer, cap=None),
            replace(sharer, weight=Fraction(1)),
        ):
            if plainer != sharer:
                yield replace(
                    pool, sharers=(*pool.sharers[:number], plainer, *pool.sharers[number + 1 :])
                )
    units = pool.amount // pool.unit
    for fewer in (units // 10, units // 2, units - 1 if units < 40 else 0):
        if 0 <= fewer * pool.unit < pool.amount:
            yield replace(pool, amount=fewer * pool.unit)


def shrunk(divider: Divider, pool: Pool) -> Pool:
    """A pool on which models and oracle still differ, and on none with less in it."""
    while True:
        candidates = {str(n): p for n, p in enumerate(smaller(pool))}
        divided = divider.divide(candidates)
        wrong = [p for name, p in candidates.items() if differs(divided[name], by_hand(p))]
        if not wrong:
            return pool
        pool = wrong[0]


def story(divider: Divider, pool: Pool) -> str:
    """A pool and its two divisions, a line a rep."""
    ours, theirs = divider.divide({"it": pool})["it"], by_hand(pool)
    lines = [f"{exact(pool.amount)} in units of {exact(pool.unit)}"]
    for s in pool.sharers:
        limits = "".join(
            f", {name} {exact(value)}"
            for name, value in (("floor", s.floor or None), ("cap", s.cap), ("lock", s.lock))
            if value is not None
        )
        models, oracle = (
            d if isinstance(d, str) else exact(d[s.key].target) if s.key in d else "nothing"
            for d in (ours, theirs)
        )
        lines.append(
            f"  {s.key} weight {exact(s.weight)}{limits}: models {models}, oracle {oracle}"
        )
    return "\n".join(lines)


def test_models_and_oracle_divide_random_pools_alike(divider: Divider):
    pools = {str(seed): random_pool(seed) for seed in range(PLANS)}
    divided, expected = divider.divide(pools), {name: by_hand(p) for name, p in pools.items()}
    reasons = [reason for reason in expected.values() if isinstance(reason, str)]
    assert set(reasons) == {NO_REP, LOCKS, FLOORS, CAPS}, "the pools look for all kinds of trouble"
    assert len(reasons) < 0.6 * PLANS
    wrong = [name for name in pools if differs(divided[name], expected[name])]
    if wrong:
        texts = [story(divider, shrunk(divider, pools[name])) for name in wrong[:3]]
        pytest.fail(
            f"{len(wrong)} of {PLANS} pools differ.\n\n" + "\n\n".join(texts), pytrace=False
        )


# Rules alone

WEIGHTS = st.one_of(
    st.integers(0, 5).map(Fraction),
    st.integers(0, 10**12).map(lambda n: Fraction(n, 10**4)),
)


@st.composite
def pools(draw: st.DrawFn, limits: bool = True) -> Pool:
    """Pools that can be divided, with limits that are multiples of the unit."""
    unit = Fraction(draw(st.sampled_from(["1", "100", "1000", "0.25"])))
    size = draw(st.integers(1, 9))
    units = draw(st.integers(0, 10**6))
    sharers, least, most, open_ended = [], 0, 0, False
    for number in range(size):
        sharer = Sharer(f"R{number}", draw(WEIGHTS))
        if limits:
            low = draw(st.integers(0, units // size)) if draw(st.booleans()) else 0
            room = draw(st.integers(0, units)) if draw(st.booleans()) else None
            lock = draw(st.integers(0, units // size)) if draw(st.integers(0, 5)) == 0 else None
            if lock is not None:
                low = room = lock
                sharer = replace(sharer, lock=lock * unit)
            else:
                sharer = replace(
                    sharer,
                    floor=low * unit,
                    cap=None if room is None else (low + room) * unit,
                )
            least += low
            most += lock if lock is not None else low + (room or 0)
            open_ended |= lock is None and room is None
        sharers.append(sharer)
    assume(not limits or (least <= units and (open_ended or most >= units)))
    return Pool(units * unit, unit, tuple(sharers))


def divided(divider: Divider, pool: Pool) -> dict[str, Fraction]:
    """Targets by rep of a pool that can be divided."""
    shares = divider.divide({"it": pool})["it"]
    assert isinstance(shares, dict), f"not divided: {shares}"
    return {key: share.target for key, share in shares.items()}


@quick
@given(pools())
def test_the_sum_is_the_pool_and_nobody_is_outside_the_limits(divider: Divider, pool: Pool):
    targets = divided(divider, pool)
    assert sum(targets.values()) == pool.amount
    assert targets.keys() == {s.key for s in pool.sharers}
    for sharer in pool.sharers:
        target = targets[sharer.key]
        assert target >= 0
        if sharer.lock is not None:
            assert target == sharer.lock
        else:
            assert target >= sharer.floor
            assert sharer.cap is None or target <= sharer.cap
            assert target % pool.unit == 0


@quick
@given(pools())
def test_rounding_moves_nobody_by_a_whole_unit(divider: Divider, pool: Pool):
    shares = divider.divide({"it": pool})["it"]
    assert all(abs(share.rounding_delta) < pool.unit for share in shares.values())


@quick
@given(pools(limits=False))
def test_who_weighs_more_never_gets_less(divider: Divider, pool: Pool):
    targets = divided(divider, pool)
    by_weight = sorted(pool.sharers, key=lambda s: s.weight)
    for lighter, heavier in pairwise(by_weight):
        if lighter.weight < heavier.weight:
            assert targets[lighter.key] <= targets[heavier.key]


@quick
@given(pools(), st.integers(0, 8), st.integers(1, 10**9))
def test_a_larger_weight_never_lowers_the_own_target(
    divider: Divider, pool: Pool, who: int, more: int
):
    assume(any(s.weight for s in pool.sharers))
    chosen = pool.sharers[who % len(pool.sharers)]
    raised = replace(
        pool,
        sharers=tuple(
            replace(s, weight=s.weight + Fraction(more, 10_000)) if s is chosen else s
            for s in pool.sharers
        ),
    )
    assert divided(divider, raised)[chosen.key] >= divided(divider, pool)[chosen.key]


@quick
@given(pools(), st.randoms(use_true_random=False))
def test_neither_order_nor_names_of_the_reps_matter(
    divider: Divider, pool: Pool, shuffler: random.Random
):
    expected = divided(divider, pool)
    shuffled = list(pool.sharers)
    shuffler.shuffle(shuffled)
    assert divided(divider, replace(pool, sharers=tuple(shuffled))) == expected
    # Among equals the name decides, so only different weights may be renamed.
    assume(len({s.weight for s in pool.sharers}) == len(pool.sharers))
    names = [s.key for s in shuffled]
    renamed = {s.key: name for s, name in zip(pool.sharers, names, strict=True)}
    targets = divided(
        divider,
        replace(pool, sharers=tuple(replace(s, key=renamed[s.key]) for s in pool.sharers)),
    )
    assert targets == {renamed[key]: target for key, target in expected.items()}


@quick
@given(pools(), st.sampled_from([NO_REP, LOCKS, FLOORS, CAPS]))
def test_a_pool_that_cannot_be_divided_is_named_and_gives_no_target(
    divider: Divider, pool: Pool, reason: str
):
    first, *others = pool.sharers
    too_much = pool.amount + pool.unit
    free = replace(first, lock=None, floor=Fraction(0), cap=None)
    spoiled = {
        NO_REP: (),
        LOCKS: (replace(first, lock=too_much), *others),
        FLOORS: (
            replace(free, floor=too_much),
            *(replace(s, lock=None) for s in others),
        ),
        CAPS: tuple(
            replace(s, lock=None, floor=Fraction(0), cap=Fraction(0)) for s in pool.sharers
        ),
    }[reason]
    assume(reason != CAPS or pool.amount > 0)
    together = {"fine": pool, "spoiled": replace(pool, sharers=spoiled)}
    found = divider.divide(together)
    assert found["spoiled"] == reason
    assert isinstance(found["fine"], dict), "another budget is divided all the same"


def test_shares_do_not_depend_on_the_number_of_threads(divider: Divider, compiled: Path):
    project = read_project(compiled, ["int_planning__shares"])
    pools_ = {str(seed): random_pool(seed) for seed in range(100)}
    assert Divider(project, threads=4).divide(pools_) == divider.divide(pools_)


def test_the_largest_company_does_not_overflow(divider: Divider):
    sharers = tuple(
        Sharer(f"R{n:04d}", Fraction(10**9 - n * 7_919), Fraction(10**6)) for n in range(1_000)
    )
    pool = Pool(Fraction(10**11 - 1_000), Fraction(1_000), sharers)
    assert not differs(divider.divide({"it": pool})["it"], by_hand(pool))
