"""When a night starts by itself: the rule on invented states, and the sensor on a real landing."""

from __future__ import annotations

import json
from datetime import date, datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from orchestration import alerts
from orchestration.as_of import NoAsOfError, choose_as_of, delivered_days, parse_day
from orchestration.instance import (
    SHORTEST_LIMIT_SECONDS,
    NightRun,
    prepare_home,
    run_limit_seconds,
)
from orchestration.sensors import Seen, build_delivery_sensor, decide, look_at_landing
from orchestration.settings import load_settings

S = date(2026, 3, 4)
STOCKHOLM = ZoneInfo("Europe/Stockholm")


def seen(**changes) -> Seen:
    values = {
        "as_of": S,
        "deliveries": "one",
        "missing": (),
        "late": (),
        "is_published": False,
    }
    return Seen(**{**values, **changes})


def run(status: str, deliveries: str = "one") -> NightRun:
    return NightRun(S.isoformat(), "0123456789ab", status, deliveries, None, None)


def test_the_last_expected_delivery_starts_the_night():
    assert decide(seen(), None).run


def test_a_missing_delivery_is_waited_for_and_named():
    decision = decide(seen(missing=("crm/contracts/2026-03-04",)), None)
    assert not decision.run
    assert "crm/contracts/2026-03-04" in decision.reason


def test_the_night_starts_without_what_is_missing_once_every_deadline_has_passed():
    missing = ("crm/contracts/2026-03-04", "erp/invoices/2026-03-04")
    assert not decide(seen(missing=missing, late=missing[:1]), None).run
    assert decide(seen(missing=missing, late=missing), None).run


def test_a_published_day_is_not_run_again_by_a_late_delivery():
    assert not decide(seen(is_published=True, deliveries="two"), run("SUCCESS")).run


def test_a_red_day_runs_again_with_a_corrected_delivery_and_only_then():
    assert not decide(seen(deliveries="one"), run("FAILURE", "one")).run
    assert decide(seen(deliveries="two"), run("FAILURE", "one")).run


@pytest.mark.parametrize("status", ["QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING"])
def test_nothing_starts_beside_a_run_of_the_same_day(status):
    assert not decide(seen(deliveries="two"), run(status, "one")).run


def make_settings(tmp_path, **more):
    return load_settings(
        {
            "UTFALL_HOME": str(tmp_path / "home"),
            "UTFALL_LANDING": str(tmp_path / "landing"),
            **more,
        }
    )


def deliver(settings, source: str, entity: str, day: date, *, done: bool = True) -> None:
    folder = settings.landing / source / entity / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "part.jsonl").write_text(json.dumps({"rep_id": "r1"}) + "\n")
    if done:
        (folder / "_SUCCESS").touch()


def test_extracts_dated_tomorrow_wait_for_their_day(tmp_path):
    settings = make_settings(tmp_path)
    deliver(settings, "crm", "reps", S)
    deliver(settings, "crm", "reps", date(2026, 3, 5))
    found = look_at_landing(settings, datetime(2026, 3, 4, 3, tzinfo=STOCKHOLM))
    assert found is not None
    assert found.as_of == S
    assert not found.is_published


def test_an_empty_landing_starts_nothing(tmp_path):
    settings = make_settings(tmp_path)
    assert look_at_landing(settings, datetime(2026, 3, 4, 3, tzinfo=STOCKHOLM)) is None


def test_a_corrected_file_changes_the_fingerprint(tmp_path):
    settings = make_settings(tmp_path)
    deliver(settings, "crm", "reps", S)
    now = datetime(2026, 3, 4, 3, tzinfo=STOCKHOLM)
    before = look_at_landing(settings, now)
    part = settings.landing / "crm" / "reps" / S.isoformat() / "part.jsonl"
    part.write_text(part.read_text() * 2)
    after = look_at_landing(settings, now)
    assert before.deliveries != after.deliveries


@pytest.fixture
def nightly_job():
    @dg.op
    def nothing(): ...

    @dg.job(
        name="nightly",
        partitions_def=dg.DailyPartitionsDefinition(
            start_date="2026-03-02", timezone="Europe/Stockholm", end_offset=1
        ),
    )
    def nightly():
        nothing()

    return nightly


def evaluate(settings, job, instance):
    context = dg.build_sensor_context(instance=instance)
    return build_delivery_sensor(settings, job)(context)


def test_the_sensor_asks_for_the_delivered_day_with_its_fingerprint(tmp_path, nightly_job):
    settings = make_settings(tmp_path)
    prepare_home(settings)
    deliver(settings, "crm", "reps", S)
    # Optional entities that never delivered are not waited for; the required ones are late by now.
    with dg.DagsterInstance.ephemeral() as instance:
        request = evaluate(settings, nightly_job, instance)
        assert isinstance(request, dg.RunRequest)
        assert request.partition_key == "2026-03-04"
        assert request.tags["utfall/deliveries"] in request.run_key


def test_the_demo_company_is_never_started_by_the_sensor(tmp_path, nightly_job):
    settings = load_settings({"UTFALL_HOME": str(tmp_path / "home")})
    with dg.DagsterInstance.ephemeral() as instance:
        assert isinstance(evaluate(settings, nightly_job, instance), dg.SkipReason)


def test_a_run_may_take_three_times_the_median_of_its_last_ten():
    ten = [1000.0, 1100, 900, 1000, 1000, 1200, 800, 1000, 1000, 1000]
    assert run_limit_seconds([*ten, 90000.0], 3.0) == 3000.0
    assert run_limit_seconds([10.0, 10.0, 10.0], 3.0) == SHORTEST_LIMIT_SECONDS
    assert run_limit_seconds([1000.0, 1000.0], 3.0) is None


def test_as_of_is_derived_from_deliveries_and_publications(tmp_path):
    landing = tmp_path / "landing"
    demo = {"demo": True, "delivered": [], "landing": landing}
    assert choose_as_of(None, published=None, **demo) == date(2026, 3, 3)
    assert choose_as_of(None, published=date(2026, 3, 9), **demo) == date(2026, 3, 10)
    assert choose_as_of("2026-03-07", published=None, **demo) == date(2026, 3, 7)
    own = {"demo": False, "published": None, "landing": landing}
    days = [date(2026, 1, 5), date(2026, 1, 9)]
    assert choose_as_of(None, delivered=days, **own) == date(2026, 1, 9)
    with pytest.raises(NoAsOfError, match="first extract"):
        choose_as_of("2026-01-01", delivered=days, **own)
    with pytest.raises(NoAsOfError, match="No extract was found"):
        choose_as_of(None, delivered=[], **own)
    with pytest.raises(NoAsOfError, match="year-month-day"):
        parse_day("3 March")


def test_folders_that_are_no_dates_are_no_days(tmp_path):
    settings = make_settings(tmp_path)
    deliver(settings, "crm", "reps", S)
    (settings.landing / "crm" / "reps" / "latest").mkdir()
    (settings.landing / "README").write_text("x")
    assert delivered_days(settings.landing) == [S]


class Cause:
    def __init__(self, cls_name, message, cause=None):
        self.cls_name, self.message, self.cause = cls_name, message, cause


def test_the_sentence_is_the_one_the_stage_wrote():
    wrapped = Cause(
        "DagsterResourceFunctionError",
        "Error executing",
        Cause("Failure", "dagster._core.definitions.events.Failure: The pipeline is busy.\n"),
    )
    name, message = alerts.innermost(wrapped)
    assert (name, message) == ("Failure", "The pipeline is busy.")
    assert alerts.failure_sentence("ingest", name, message) == "The pipeline is busy."


def test_the_sentence_wins_over_the_error_it_was_made_from():
    busy = Cause("PipelineBusy", "orchestration.lock.PipelineBusy: The pipeline is busy.")
    failure = Cause("Failure", "dagster.Failure: The pipeline is busy.", busy)
    wrapped = Cause("DagsterResourceFunctionError", "Error executing resource", failure)
    assert alerts.failure_sentence("start", *alerts.innermost(wrapped)) == "The pipeline is busy."


def test_an_unforeseen_error_gets_the_stage_and_the_next_step():
    sentence = alerts.failure_sentence("dbt", "KeyError", "'x'")
    assert sentence.startswith("The stage dbt failed (KeyError): 'x'")
    assert "make nightly" in sentence


def test_alerts_are_kept_and_a_dead_webhook_is_reported_not_raised(tmp_path, monkeypatch):
    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0.0)
    settings = make_settings(tmp_path, UTFALL_WEBHOOK_URL="http://127.0.0.1:9/hook")
    alert = alerts.Alert("2026-03-04", "dbt", "run", "2026-03-04T02:31:00+01:00", "It failed.")
    complaint = alerts.report(settings, alert)
    kept = alerts.last_alert(settings)
    assert (kept.run_id, kept.sentence) == (alert.run_id, alert.sentence)
    assert complaint is not None and "UTFALL_WEBHOOK_URL" in complaint


def test_a_webhook_that_recovers_gets_the_sentence(tmp_path, monkeypatch):
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0.0)
    bodies: list[dict] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(503 if len(bodies) < 3 else 200)
            self.end_headers()

        def log_message(self, *_): ...

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        alert = alerts.Alert("2026-03-04", "gate", "run", "now", "The gate is red.")
        assert alerts.post(f"http://127.0.0.1:{server.server_port}/", alert) is None
    finally:
        server.shutdown()
    assert len(bodies) == 3
    assert bodies[-1] == {"text": "The gate is red."}
