"""How a target is divided, a second time: plain Python with fractions, from the rules in words.

Nothing here knows the models. The order of the rules is that of a plan: the company's target is
divided on channels, a channel's on reps, a rep's on months, and at every step the parts add up to
the whole exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor

NO_REP, LOCKS, FLOORS, CAPS = (
    "no_eligible_rep",
    "locks_exceed_pool",
    "floors_exceed_pool",
    "caps_below_pool",
)
"""Why a pool cannot be divided."""


class Impossible(Exception):
    """The pool cannot be divided without breaking a limit; ``reason`` names it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Sharer:
    """One who gets a share: a rep of a budget, with what limits the share."""

    key: str
    weight: Fraction
    floor: Fraction = Fraction(0)
    cap: Fraction | None = None
    lock: Fraction | None = None


@dataclass(frozen=True)
class Share:
    """A share, what it was before rounding, and what rounding added."""

    target: Fraction
    raw: Fraction
    is_locked: bool

    @property
    def rounding_delta(self) -> Fraction:
        """What rounding added, negative where it took."""
        return self.target - self.raw


def pool_of(target: Fraction, over_assignment: Fraction, unit: Fraction) -> Fraction:
    """What is divided: the target and the over-assignment, up to a whole number of units."""
    return ceil(target * (1 + over_assignment) / unit) * unit


def half_up(amount: Fraction, unit: Fraction) -> Fraction:
    """``amount`` to the nearest multiple of ``unit``, halves upwards."""
    return floor(amount / unit + Fraction(1, 2)) * unit


def level(sharers: Sequence[Sharer], amount: Fraction) -> dict[str, Fraction]:
    """Shares before rounding: in proportion to the weights, none outside its floor and cap.

    The water level λ at which Σ clamp(λ · weight, floor, cap) is the amount. The sum grows in
    straight lines between the levels at which somebody leaves the floor or meets the cap, so the
    level is found between two neighbouring ones. Who has no weight stays on the floor.
    """

    def at(water: Fraction) -> dict[str, Fraction]:
        return {s.key: _clamped(water * s.weight, s) for s in sharers}

    weighted = [s for s in sharers if s.weight > 0]
    bounds = {s.floor / s.weight for s in weighted}
    bounds |= {s.cap / s.weight for s in weighted if s.cap is not None}
    steps = sorted({Fraction(0), *bounds})
    low = max((b for b in steps if sum(at(b).values()) <= amount), default=Fraction(0))
    spread = amount - sum(at(low).values())
    rising = [s for s in weighted if s.floor <= low * s.weight and _has_room(low * s.weight, s)]
    if spread == 0:
        return at(low)
    return at(low + spread / sum(s.weight for s in rising))


def equals_where_weights_end(sharers: Sequence[Sharer], amount: Fraction) -> list[Sharer]:
    """The sharers as they are, or as equals where the weights cannot place the whole amount: those
    with a weight then keep their caps, and those without share what is left as if all weighed one.
    Without any weight all are equal."""
    weighted = [s for s in sharers if s.weight > 0]
    idle = sum(s.floor for s in sharers if s.weight == 0)
    if any(s.cap is None for s in weighted) or idle + sum(s.cap for s in weighted) >= amount:
        return list(sharers)
    return [
        replace(s, weight=Fraction(0), floor=s.cap) if s.weight else replace(s, weight=Fraction(1))
        for s in sharers
    ]


def _clamped(amount: Fraction, sharer: Sharer) -> Fraction:
    amount = max(amount, sharer.floor)
    return amount if sharer.cap is None else min(amount, sharer.cap)


def _has_room(amount: Fraction, sharer: Sharer) -> bool:
    return sharer.cap is None or amount < sharer.cap


def divide(sharers: Iterable[Sharer], pool: Fraction, unit: Fraction) -> dict[str, Share]:
    """Divide ``pool`` in whole units; raises :class:`Impossible` where a limit forbids it."""
    everyone = sorted(sharers, key=lambda s: s.key)
    if not everyone:
        raise Impossible(NO_REP)
    locked = {s.key: s.lock for s in everyone if s.lock is not None}
    free = [s for s in everyone if s.lock is None]
    rest = pool - sum(locked.values())
    if rest < 0:
        raise Impossible(LOCKS)
    if sum(s.floor for s in free) > rest:
        raise Impossible(FLOORS)
    if all(s.cap is not None for s in free) and sum(s.cap for s in free) < rest:
        raise Impossible(CAPS)
    free = equals_where_weights_end(free, rest)
    raw = level(free, rest)
    rounded = largest_remainder(free, raw, rest, unit)
    shares = {key: Share(lock, lock, True) for key, lock in locked.items()}
    return shares | {key: Share(rounded[key], raw[key], False) for key in raw}


def largest_remainder(
    sharers: Sequence[Sharer], raw: Mapping[str, Fraction], total: Fraction, unit: Fraction
) -> dict[str, Fraction]:
    """Whole units of every share, and the missing ones to the largest remainders, one each.

    Among equal remainders the larger weight comes first, then the smaller key. A share whose whole
    units are below its floor is on its floor, and a unit that would break a cap goes to the next.
    What is left then goes to the first who has room for it, before those who were given a unit; is
    it more than anybody has room for, to one after the other.
    """
    rounded = {s.key: max(floor(raw[s.key] / unit) * unit, s.floor) for s in sharers}
    order = sorted(sharers, key=lambda s: (rounded[s.key] - raw[s.key], -s.weight, s.key))
    missing = total - sum(rounded.values())
    given = set()
    for sharer in order:
        if missing >= unit and (sharer.cap is None or rounded[sharer.key] + unit <= sharer.cap):
            rounded[sharer.key] += unit
            missing -= unit
            given.add(sharer.key)
    order.sort(key=lambda s: s.key in given)
    room = {s.key: missing if s.cap is None else s.cap - rounded[s.key] for s in order}
    if missing < unit:
        order.sort(key=lambda s: room[s.key] < missing)
    for sharer in order:
        more = min(room[sharer.key], missing)
        rounded[sharer.key] += more
        missing -= more
    return rounded


def phase(target: Fraction, weights: Sequence[Fraction], unit: Fraction) -> list[Fraction]:
    """A target on its months, in proportion to their weights; among equal remainders the heavier
    month comes first, then the earlier one."""
    named = {f"{n:06d}": weight for n, weight in enumerate(weights)}
    shares = share_out(named, target, unit)
    return [shares[name] for name in named]


def share_out(
    weights: Mapping[str, Fraction], amount: Fraction, unit: Fraction
) -> dict[str, Fraction]:
    """An amount in proportion to weights, without limits; without any weight all are equal."""
    sharers = equals_where_weights_end([Sharer(k, w) for k, w in weights.items()], amount)
    return largest_remainder(sharers, level(sharers, amount), amount, unit)


def channel_targets(
    company: Fraction, unit: Fraction, renewal: Fraction, upsell: Fraction, win_back: Fraction
) -> dict[str, Fraction]:
    """The company's target on four channels: new business is what the other three leave."""
    rounded = {
        "renewal": half_up(renewal, unit),
        "upsell": half_up(upsell, unit),
        "win_back": half_up(win_back, unit),
    }
    return rounded | {"new": company - sum(rounded.values())}
