"""A year of nights, each reading what the nights before it froze: what was shown never changes.

Scores are made by a formula that Python knows too; everything that is made of them is dbt's SQL. A
night that was red publishes nothing, and the next one goes on from the last that did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from orchestration.publication.history import SCORE_COLUMNS
from tests.support.compiled import Warehouse, read_project, read_tests

FIRST, LAST, AFTER = date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)
NIGHTLY = ("int_core__context", "int_scoring__nights", "int_scoring__score_days", "scores")
NOW_AND_THEN = (
    "int_scoring__parameters",
    "int_scoring__judged_forecasts",
    "int_scoring__forecast_errors",
    "int_scoring__trend_lines",
    "int_scoring__trend_segments",
    "int_scoring__trend",
    "kpi_trend",
    "forecast_accuracy",
)
K12 = "k12_every_user_has_every_admitted_kpi_once"
K13 = "k13_what_was_shown_stays_as_it_was"
PACE = {"R1": Decimal("0.8"), "R2": Decimal("1.0"), "R3": Decimal("1.3")}
TARGET = Decimal(1000)
CLOSES_AFTER = timedelta(days=7)
EMPTY = {name: "null" for name in SCORE_COLUMNS}


def quarter(day: date) -> tuple[date, date]:
    """The quarter of a day, its end exclusive."""
    month = 1 + 3 * ((day.month - 1) // 3)
    return date(day.year, month, 1), date(day.year + month // 10, (month + 2) % 12 + 1, 1)


def is_green(day: date) -> bool:
    return day.toordinal() % 17 != 0


def share(day: date, start: date, end: date) -> Decimal:
    gone = Decimal((min(day, end) - start).days) / (end - start).days
    return gone.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def ratio(part: int, whole: int) -> Decimal:
    return (Decimal(part) / whole).quantize(Decimal("1e-10"), ROUND_HALF_UP)


@dataclass(frozen=True)
class Score:
    """What the formula says of a subject at a rep on a night."""

    subject: tuple[str, str]
    rep: str
    period: tuple[date, date]
    value: Decimal
    score: Decimal | None
    is_rolling: bool
    forecast: Decimal
    elapsed: Decimal
    is_closed: bool

    def sql(self) -> str:
        """The row of ``int_scoring__scores``."""
        kind, name = self.subject
        start, end = self.period
        given = {
            "subject_type": f"'{kind}'",
            "subject_id": f"'{name}'",
            "kpi_id": f"'{name}'" if kind == "kpi" else "null",
            "budget_id": "null" if self.is_rolling else f"'B{start}'",
            "node_level": "'rep'",
            "node_id": f"'{self.rep}'",
            "budget_type_id": "'meetings_planned_14d'" if self.is_rolling else "'signed_volume'",
            "definition_version": "1",
            "period_start": f"date '{start}'",
            "period_end": f"date '{end}'",
            "is_rolling": str(self.is_rolling),
            "value": str(self.value),
            "target": str(TARGET),
            "score": "null" if self.score is None else str(self.score),
            "elapsed_share": str(self.elapsed),
            "expected_to_date": "null" if self.is_rolling else str(TARGET * self.elapsed),
            "forecast": str(self.forecast),
            "forecast_method": "'final'" if self.elapsed == 1 else "'run_rate'",
            "status": "'not_scored'" if self.score is None else "'on_track'",
            "is_closed": str(self.is_closed),
        }
        return ", ".join(
            f"cast({(EMPTY | given)[name]} as {kind}) as {name}"
            for name, kind in SCORE_COLUMNS.items()
            if name not in ("as_of", "publication_id", "value_yesterday", "days_met_share")
        )


def scores_of(day: date, *, late: Decimal = Decimal(0)) -> list[Score]:
    """The scores of a night; ``late`` is what a correction adds to everybody."""
    found = []
    for rep, pace in PACE.items():
        for kind in ("kpi", "budget"):
            periods = [quarter(day)]
            before = quarter(periods[0][0] - timedelta(days=1))
            if kind == "budget" and (day - before[1]).days < 31:
                periods.append(before)
            for start, end in periods:
                elapsed = share(day, start, end)
                value = TARGET * pace * elapsed + late
                # The nearer the end, the less it wavers.
                wave = Decimal((day.toordinal() * 7 + len(found)) % 11 - 5) / 50 * (1 - elapsed)
                found.append(
                    Score(
                        (kind, "K1" if kind == "kpi" else f"B{start}"),
                        rep,
                        (start, end),
                        value,
                        value / TARGET,
                        False,
                        value if elapsed == 1 else TARGET * pace * (1 + wave),
                        elapsed,
                        day >= end + CLOSES_AFTER,
                    )
                )
        planned = Decimal((day.toordinal() * (2 + len(rep + kind))) % 23)
        start, end = quarter(day)
        score = None if planned == 7 else planned / 10
        found.append(
            Score(
                ("kpi", "K2"), rep, (start, end), planned, score, True, planned, Decimal(0), False
            )
        )
    return found


class Year:
    """Nights one after the other in one DuckDB, and what they published."""

    def __init__(self, compiled: Path) -> None:
        project = read_project(compiled, ["scores", "kpi_trend", "forecast_accuracy"])
        self.warehouse = Warehouse(project)
        self.warehouse.deliver({}, FIRST, [])
        self.warehouse.build()
        self.run = self.warehouse.connection.execute
        self.tests = read_tests(compiled, (K12, K13))
        self.run(
            "create or replace table scoring.int_scoring__rep_profiles as "
            f"select unnest({list(PACE)}) as rep_id, 'sales' as profile_id"
        )
        self.run(
            "create or replace table scoring.int_scoring__admission as select * from (values "
            "('sales', 'K1', true), ('sales', 'K2', true), ('sales', 'K3', false)"
            ") as admission(profile_id, kpi_id, is_admitted)"
        )
        self.run("create table published as from raw.history_scores")
        self.shown: dict[date, list[Score]] = {}

    def night(self, day: date, scores: list[Score], *names: str) -> None:
        """Build the night of ``day``."""
        self.run("update raw.run_context set as_of = ?", [day])
        rows = " union all ".join(f"select {score.sql()}" for score in scores)
        self.run(f"create or replace table scoring.int_scoring__scores as {rows}")
        self.warehouse.build_again({*NIGHTLY, *names})

    def publish(self, day: date, scores: list[Score]) -> None:
        """Freeze what the night shows, as publication does."""
        self.run(
            "insert into raw.history_scores by name select * replace "
            f"('p-' || as_of as publication_id) from marts.scores where as_of = date '{day}'"
        )
        self.run(f"insert into published from raw.history_scores where as_of = date '{day}'")
        self.shown[day] = scores

    def rows(self, query: str) -> list[tuple]:
        return self.warehouse.rows(query)

    def changed(self) -> int:
        """Published rows that the table does not show, or not as they were."""
        ((rows,),) = self.rows("select count(*) from (from published except from marts.scores)")
        return rows

    def wrong(self, test: str) -> list[tuple]:
        return self.rows(self.tests[test])


@pytest.fixture(scope="module")
def year(compiled: Path) -> Iterator[Year]:
    built = Year(compiled)
    yield built
    built.warehouse.connection.close()


def test_a_year_of_nights_never_changes_a_published_row(year: Year) -> None:
    """K12 and K13 hold every night, and each night says what the one before it showed."""
    day = FIRST
    while day <= LAST:
        scores = scores_of(day)
        year.night(day, scores)
        assert not year.changed(), day
        assert not year.wrong(K12) and not year.wrong(K13), day
        before = {(s.subject, s.rep): s for s in year.shown[max(year.shown)]} if year.shown else {}
        found = year.rows(
            "select subject_type, subject_id, node_id, value_yesterday, days_met_share "
            f"from marts.scores where as_of = date '{day}'"
        )
        assert len(found) == len(scores)
        for kind, name, rep, yesterday, days_met in found:
            (tonight,) = (s for s in scores if (s.subject, s.rep) == ((kind, name), rep))
            earlier = before.get(((kind, name), rep))
            assert yesterday == (earlier and earlier.value), (day, name, rep)
            assert days_met == expected_days_met(year, tonight), (day, name, rep)
        if is_green(day):
            year.publish(day, scores)
        day += timedelta(days=1)
    nights = sum(is_green(FIRST + timedelta(days=n)) for n in range(365))
    assert year.rows(
        "select count(distinct as_of) from marts.scores where as_of < '2026-12-31'"
    ) == [(nights - is_green(LAST),)]


def expected_days_met(year: Year, tonight: Score) -> Decimal | None:
    if not tonight.is_rolling:
        return None
    frozen = [
        score
        for day, scores in year.shown.items()
        if day >= tonight.period[0]
        for score in scores
        if (score.subject, score.rep) == (tonight.subject, tonight.rep)
    ]
    scored = [score.score for score in [*frozen, tonight] if score.score is not None]
    return ratio(sum(score >= 1 for score in scored), len(scored)) if scored else None


def test_an_older_night_that_is_run_again_shows_what_it_would_and_changes_nothing(
    year: Year,
) -> None:
    """It reads only the nights before it; what it shows otherwise is for the restatement."""
    day = date(2026, 7, 15)
    kept = year.rows("from raw.history_scores order by all")
    late = [row for row in kept if row[0] >= day]
    year.run("delete from raw.history_scores where as_of >= ?", [day])
    try:
        year.night(day, scores_of(day))
        same = "select * exclude (publication_id) from {} where as_of = date '2026-07-15'"
        both = f"({same.format('marts.scores')} except {same.format('published')})"
        assert year.rows(f"select count(*) from {both}") == [(0,)]
        year.night(day, scores_of(day, late=Decimal(5)))
        assert year.rows(f"select count(*) from {both}") == [(9,)]
        assert not year.wrong(K13)
    finally:
        year.warehouse.connection.executemany(
            f"insert into raw.history_scores values ({', '.join('?' * len(SCORE_COLUMNS))})", late
        )
    assert year.rows("from raw.history_scores order by all") == kept


def test_forecasts_of_closed_budgets_are_judged(year: Year) -> None:
    """The same errors as Python finds in what was published."""
    year.night(AFTER, scores_of(AFTER), *NOW_AND_THEN)
    errors: dict[Decimal, list[Decimal]] = {}
    finals = {
        (s.subject, s.rep): s.value
        for scores in year.shown.values()
        for s in scores
        if s.subject[0] == "budget" and s.is_closed
    }
    for judged in (Decimal("0.25"), Decimal("0.5"), Decimal("0.75")):
        for key, final in finals.items():
            offers = [
                s
                for day in sorted(year.shown)
                for s in year.shown[day]
                if (s.subject, s.rep) == key
                and judged <= s.elapsed < judged + Decimal("0.05")
                and day < s.period[1]
            ]
            if offers:
                errors.setdefault(judged, []).append(abs(offers[0].forecast - final) / final)
    found = year.rows(
        "select elapsed_share, mape, n, reason_code from marts.forecast_accuracy "
        "where budget_type_id = 'signed_volume' order by elapsed_share"
    )
    assert len(errors) == 3 and all(len(values) == 9 for values in errors.values())
    for (judged, mape, n, reason), values in zip(found, errors.values(), strict=True):
        assert (n, reason) == (len(values), None)
        assert abs(mape - sum(values) / len(values)) < Decimal("1e-9"), judged
    ((others,),) = year.rows(
        "select count(*) from marts.forecast_accuracy where budget_type_id <> 'signed_volume' "
        "and (mape is not null or n > 0 or reason_code <> 'no_closed_period')"
    )
    assert others == 0


def test_the_graph_shows_what_was_published_and_an_interval_from_the_errors(year: Year) -> None:
    day = date(2026, 11, 20)
    late = year.rows("from raw.history_scores where as_of >= '2026-11-20' order by all")
    year.run("delete from raw.history_scores where as_of >= ?", [day])
    try:
        year.night(day, scores_of(day), *NOW_AND_THEN)
    finally:
        year.warehouse.connection.executemany(
            f"insert into raw.history_scores values ({', '.join('?' * len(SCORE_COLUMNS))})", late
        )
    start, end = quarter(day)
    shown = {
        (night, s.rep): s.value
        for night, scores in year.shown.items()
        for s in scores
        if s.subject == ("kpi", "K1") and start <= night < day
    }
    tonight = {s.rep: s for s in scores_of(day) if s.subject == ("kpi", "K1")}
    graph = year.rows(
        "select day, node_id, actual_cum, expected_cum, forecast_cum, forecast_low, forecast_high "
        "from marts.kpi_trend where kpi_id = 'K1' order by 2, 1"
    )
    days = (end - start).days + 1
    assert len(graph) == 3 * days
    (mape,) = (
        row[0]
        for row in year.rows(
            "select mape from scoring.int_scoring__forecast_errors where elapsed_share = 0.5"
        )
    )
    last: dict[str, Decimal] = {}
    for at, rep, actual, expected, forecast, low, high in graph:
        if at < day:
            assert (actual, forecast) == (shown.get((at, rep)), None), (at, rep)
            assert (expected is None) == (not is_green(at))
        elif at == day:
            assert actual == forecast == low == high == tonight[rep].value
            last[rep] = forecast
        else:
            assert actual is None and low <= forecast <= high
            assert forecast >= last[rep], "who has reached more by the end goes up on the way"
            last[rep] = forecast
        if at == end:
            assert expected == TARGET and forecast == tonight[rep].forecast
            assert abs(forecast - low - forecast * mape) < Decimal("0.01")
            assert abs(high - forecast - forecast * mape) < Decimal("0.01")


def test_a_night_that_is_lost_or_altered_is_noticed(year: Year) -> None:
    day = date(2026, 11, 20)
    year.night(AFTER, scores_of(AFTER))
    assert not year.wrong(K13)
    for defect in (
        f"delete from marts.scores where as_of = date '{day}' and node_id = 'R1'",
        f"update marts.scores set value = value + 1 where as_of = date '{day}' and node_id = 'R1'",
        f"update marts.scores set publication_id = 'other' where as_of = date '{day}'",
        f"delete from marts.scores where as_of = date '{day}'",
    ):
        year.warehouse.build_again({"scores"})
        assert not year.wrong(K13)
        year.run(defect)
        assert {row[0] for row in year.wrong(K13)} == {day}, defect


@pytest.mark.parametrize(
    "defect",
    [
        "delete from marts.scores where kpi_id = 'K2' and node_id = 'R1' and as_of = '2027-01-01'",
        "insert into marts.scores select * from marts.scores "
        "where kpi_id = 'K2' and node_id = 'R1' and as_of = '2027-01-01'",
        "update marts.scores set kpi_id = 'K3' "
        "where kpi_id = 'K2' and node_id = 'R1' and as_of = '2027-01-01'",
    ],
)
def test_a_user_without_a_kpi_with_two_or_with_a_refused_one_is_noticed(
    year: Year, defect: str
) -> None:
    year.night(AFTER, scores_of(AFTER))
    assert not year.wrong(K12)
    year.run(defect)
    assert {row[0] for row in year.wrong(K12)} == {"R1"}
