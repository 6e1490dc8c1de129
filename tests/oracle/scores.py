"""Score, pace, forecast and status a second time: plain Python, day by day, by rules in words.

Nothing here knows the models. Figures are fractions, rounded half away from zero to ten decimals
where a stored figure is, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

ONE, TWO = Fraction(1), Fraction(2)
DAY = timedelta(days=1)
FULL_DAY_HOURS = 8
LEAST_ELAPSED = Fraction("0.1")
AHEAD, ON_TRACK, BEHIND = Fraction("1.05"), Fraction("0.95"), Fraction("0.8")
CAP, LEAST_WEIGHT = Fraction("1.2"), Fraction("0.6")


def rounded(number: Fraction, decimals: int = 10) -> Fraction:
    """``number`` at so many decimals, half away from zero."""
    parts = abs(number) * 10**decimals
    whole = (2 * parts.numerator + parts.denominator) // (2 * parts.denominator)
    return Fraction(whole if number >= 0 else -whole, 10**decimals)


# Score


@dataclass(frozen=True)
class Kind:
    """What the registry says of a budget type."""

    name: str
    direction: str = "higher"
    scale_min: Fraction | None = None
    adds_up: bool = False
    accumulates: bool = False
    adds_pipeline: bool = False
    at_most_customers: bool = False
    channel: str | None = None


def fault(kind: Kind, target: Fraction | None, low: Fraction | None) -> str | None:
    """Why nothing can be scored against a target."""
    if target is None or (kind.direction == "band" and low is None):
        return "no_target"
    lowest = {"higher": target > 0, "lower": target >= 0}
    lowest["band"] = low is not None and low <= target and target > 0
    lowest["scale"] = target > (kind.scale_min or 0)
    return None if lowest[kind.direction] else "zero_target"


def score(
    kind: Kind, value: Fraction | None, target: Fraction | None, low: Fraction | None
) -> Fraction | None:
    """1 is the target. None without a value or a target that can be scored against."""
    if value is None or target is None or fault(kind, target, low):
        return None
    if kind.direction == "higher":
        return max(Fraction(0), rounded(value / target))
    if kind.direction == "scale":
        floor = kind.scale_min or Fraction(0)
        return max(Fraction(0), rounded((value - floor) / (target - floor)))
    if kind.direction == "band":
        assert low is not None
        if low <= value <= target:
            return ONE
        if value < low:
            return max(Fraction(0), rounded(value / low)) if low > 0 else Fraction(0)
    elif target == 0:
        return ONE if value <= 0 else Fraction(0)
    return max(Fraction(0), TWO - rounded(value / target))


def is_met(kind: Kind, value: Fraction, target: Fraction, low: Fraction | None) -> bool:
    """Whether the target is reached."""
    if kind.direction == "lower":
        return value <= target
    return (
        value >= target if kind.direction != "band" else low is not None and low <= value <= target
    )


# What has gone of a period


@dataclass(frozen=True)
class Calendar:
    """Days of which the calendar says that they are working days or not; others are Mon to Fri."""

    days: Mapping[date, bool]

    def works(self, day: date) -> bool:
        """Whether the day is a working day."""
        return self.days.get(day, day.isoweekday() <= 5)


@dataclass(frozen=True)
class Person:
    """A rep as known at S."""

    rep_id: str
    calendar: Calendar
    fte: Fraction
    hired: date
    left_on: date
    absent_hours: Mapping[date, Fraction] = field(default_factory=dict)

    def part(self, day: date) -> Fraction:
        """How much of a full-time day the rep works that day."""
        if not (self.hired <= day < self.left_on and self.calendar.works(day)):
            return Fraction(0)
        away = rounded(self.absent_hours.get(day, Fraction(0)) / FULL_DAY_HOURS, 4)
        return max(Fraction(0), self.fte - away)


def days(start: date, end: date) -> Iterator[date]:
    """The days from ``start`` to the one before ``end``."""
    while start < end:
        yield start
        start += DAY


def months(start: date, end: date) -> list[tuple[date, date]]:
    """The months of a period as (first day, end), cut where it begins and ends."""
    cut = [day for day in days(start, end) if day.day == 1 or day == start]
    return list(zip(cut, [*cut[1:], end], strict=True))


@dataclass(frozen=True)
class Clock:
    """S, and the company's calendar."""

    today: date
    company: Calendar

    def company_days(self, start: date, end: date) -> tuple[Fraction, Fraction]:
        """Working days before S, and all; of a part without any, its days."""
        working = [day for day in days(start, end) if self.company.works(day)]
        counted = working or list(days(start, end))
        return Fraction(sum(d < self.today for d in counted)), Fraction(len(counted))

    def own_days(self, person: Person | None, start: date, end: date) -> tuple[Fraction, Fraction]:
        """What the rep works before S, and in all; the company's days where the rep works none."""
        if person is not None:
            total = sum((person.part(day) for day in days(start, end)), Fraction(0))
            if total > 0:
                gone = [person.part(day) for day in days(start, min(end, max(start, self.today)))]
                return sum(gone, Fraction(0)), total
        return self.company_days(start, end)

    def by_days(self, person: Person | None, start: date, end: date) -> Fraction:
        """e(S) of a period without month targets."""
        parts = [self.own_days(person, *month) for month in months(start, end)]
        return rounded(sum(p[0] for p in parts) / sum(p[1] for p in parts))

    def workdays(self, person: Person | None, start: date, end: date) -> tuple[int, int]:
        """Working days before S and from S on, without days of which nothing is worked."""
        if person is None:
            worked = [day for day in days(start, end) if self.company.works(day)]
        else:
            worked = [
                day
                for day in days(start, end)
                if person.hired <= day < person.left_on
                and person.calendar.works(day)
                and not (
                    person.absent_hours.get(day, 0) > 0
                    and rounded(person.absent_hours[day] / FULL_DAY_HOURS, 4) >= person.fte
                )
            ]
        return sum(d < self.today for d in worked), sum(d >= self.today for d in worked)


@dataclass(frozen=True)
class Plan:
    """The month targets of a node within a period, and those of the reps that make it up.

    ``reps``: for this month, each rep of the node (None for one whom nobody knows, and for
    `unassigned`) with the target.
    """

    by_month: Mapping[date, Fraction]
    reps: list[tuple[Person | None, Fraction]]


def planned(clock: Clock, plan: Plan, start: date, end: date) -> tuple[Fraction, Fraction]:
    """(target, what of it was to be reached before S) by the months that have targets."""
    this_month = clock.today.replace(day=1)
    expected = Fraction(0)
    for first, until in months(start, end):
        target = plan.by_month.get(first.replace(day=1))
        if target is None:
            continue
        if first.replace(day=1) < this_month:
            expected += target
        elif first.replace(day=1) == this_month:
            of_reps = Fraction(0)
            for person, amount in plan.reps:
                gone, total = clock.own_days(person, first, until)
                of_reps += rounded(amount * gone / total)
            divided = sum((amount for _, amount in plan.reps), Fraction(0))
            gone, total = clock.company_days(first, until)
            share = rounded(of_reps / divided) if divided else rounded(gone / total)
            expected += of_reps + rounded((target - divided) * share)
    return sum(plan.by_month.values(), Fraction(0)), expected


# Pace, forecast, status


@dataclass(frozen=True)
class Result:
    """One row of the scores, as far as it is worked out here."""

    elapsed_share: Fraction
    attainment: Fraction | None
    score: Fraction | None
    expected_to_date: Fraction | None
    pace: Fraction | None
    remaining_to_target: Fraction | None
    required_per_workday: Fraction | None
    forecast: Fraction | None
    forecast_run_rate: Fraction | None
    forecast_pipeline: Fraction | None
    forecast_method: str | None
    status: str
    reason_code: str | None


@dataclass(frozen=True)
class Case:
    """A measured subject at a node."""

    kind: Kind
    value: Fraction | None
    target: Fraction | None
    low: Fraction | None
    reason: str | None
    start: date
    end: date
    is_rolling: bool
    person: Person | None
    plan: Plan | None
    customers: int | None
    pipeline: Fraction | None


def result(clock: Clock, case: Case) -> Result:
    """What a row of the scores has to say."""
    kind, value, target = case.kind, case.value, case.target
    today, running = clock.today, case.start < clock.today < case.end
    phased = kind.accumulates or (kind.adds_up and not case.is_rolling)

    plan_target = plan_expected = Fraction(0)
    if today >= case.end:
        elapsed = ONE
    elif today <= case.start:
        elapsed = Fraction(0)
    else:
        elapsed = clock.by_days(case.person, case.start, case.end)
        if case.plan is not None and case.plan.by_month:
            plan_target, plan_expected = planned(clock, case.plan, case.start, case.end)
            if plan_target:
                elapsed = rounded(plan_expected / plan_target)

    expected = None
    if phased and target is not None:
        expected = plan_expected + rounded((target - plan_target) * elapsed)

    points = score(kind, value, target, case.low)
    pace = points
    if phased and points is not None:
        assert value is not None and expected is not None
        if elapsed == 0:
            pace = None
        elif expected and kind.direction == "lower":
            pace = max(Fraction(0), TWO - rounded(value / expected))
        elif expected:
            pace = rounded(value / expected)

    remaining = required = None
    if phased and value is not None and target is not None:
        remaining = max(Fraction(0), target - value)
        left = 0
        if today < case.end:
            left = clock.workdays(case.person, case.start, case.end)[1]
        if left and kind.direction != "lower":
            required = rounded(remaining / left)

    run_rate = pipeline = forecast = method = None
    early = elapsed < LEAST_ELAPSED
    if value is not None:
        if phased and target is not None:
            run_rate = target if early else rounded(value / elapsed)
            if not early and kind.accumulates:
                run_rate = min(ONE, run_rate)
            elif not early and kind.at_most_customers and case.customers is not None:
                run_rate = max(value, min(Fraction(case.customers), run_rate))
        if phased and case.pipeline is not None:
            pipeline = value + case.pipeline
        if today >= case.end:
            method, forecast, run_rate, pipeline = "final", value, None, None
        elif not phased or target is None:
            method, forecast = "current_value", value
        elif early:
            method, forecast = "too_early", target
        elif kind.accumulates:
            method, forecast = "accumulated", run_rate
        elif pipeline is not None:
            assert run_rate is not None
            blend = rounded(run_rate, 4) * elapsed + rounded(pipeline, 4) * (1 - elapsed)
            method, forecast = "blended", rounded(blend, 4)
        else:
            method, forecast = "run_rate", run_rate

    attainment = None
    if value is not None and target is not None and target > 0 and kind.direction != "band":
        attainment = rounded(value / target)
    reason = None
    if points is None:
        reason = case.reason or fault(kind, target, case.low)

    return Result(
        elapsed,
        attainment,
        points,
        expected,
        pace,
        remaining,
        required,
        forecast,
        run_rate,
        pipeline,
        method,
        _status(clock, case, points, pace, phased and not elapsed and running),
        reason,
    )


def _status(
    clock: Clock, case: Case, points: Fraction | None, pace: Fraction | None, nothing_yet: bool
) -> str:
    if points is None:
        return "not_scored"
    assert case.value is not None and case.target is not None
    met = is_met(case.kind, case.value, case.target, case.low)
    if clock.today >= case.end:
        return "met" if met else "missed"
    if clock.today <= case.start or nothing_yet:
        return "not_started"
    phased = case.kind.accumulates or (case.kind.adds_up and not case.is_rolling)
    if phased and met and case.kind.direction != "lower":
        return "met_early"
    assert pace is not None
    for least, word in ((AHEAD, "ahead"), (ON_TRACK, "on_track"), (BEHIND, "behind")):
        if pace >= least:
            return word
    return "at_risk"


# Profiles


def profile_score(
    places: Mapping[str, tuple[Fraction, Fraction | None]], scores: Mapping[str, Fraction | None]
) -> tuple[Fraction | None, Fraction | None]:
    """(share of the weight that is scored, score) of a profile: KPI → (weight, cap)."""
    whole = sum((weight for weight, _ in places.values()), Fraction(0))
    scored = weighted = Fraction(0)
    for kpi, (weight, cap) in places.items():
        points = scores.get(kpi)
        if points is not None:
            scored += weight
            weighted += rounded(min(points, CAP if cap is None else cap) * weight)
    if not whole:
        return None, None
    share = rounded(scored / whole)
    return share, rounded(weighted / scored) if share >= LEAST_WEIGHT else None
