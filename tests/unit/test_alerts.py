"""A red night sends one message with the report's first sentence, to webhook and mailbox."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from email import message_from_string, policy
from http.server import BaseHTTPRequestHandler, HTTPServer

import duckdb
import pytest

from orchestration import alerts
from orchestration.lock import single_writer
from orchestration.publication import publish as publishing
from orchestration.publication.publish import publish_quality
from tests.publication_support import RED, S, candidate, publish_night, settings_for

NEXT = S + timedelta(days=1)
FAILED = alerts.Alert(
    str(NEXT), "ingest", "run-2", "2026-03-04T05:00:00+01:00", "The disk is full."
)


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr("orchestration.publication.identity.code_version", lambda root: "code")
    monkeypatch.setattr(alerts, "PAUSE_SECONDS", 0.0)
    return settings_for(tmp_path / "home")


@contextmanager
def webhook() -> Iterator[tuple[str, list[dict]]]:
    """A local server that takes what is posted; its address, and the bodies."""
    bodies: list[dict] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_): ...

    server = HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", bodies
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def mail_server() -> Iterator[tuple[int, list[str]]]:
    """A local server that speaks as much SMTP as one message needs; its port, and the messages."""
    messages: list[str] = []

    class Session(socketserver.StreamRequestHandler):
        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

        def handle(self) -> None:
            self.say("220 here")
            while line := self.rfile.readline().decode().strip():
                if line.upper() == "DATA":
                    self.say("354 go on")
                    lines = []
                    while (text := self.rfile.readline().decode().rstrip("\r\n")) != ".":
                        lines.append(text)
                    messages.append("\n".join(lines))
                self.say("221 bye" if line.upper() == "QUIT" else "250 ok")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1], messages
    finally:
        server.shutdown()
        server.server_close()


def quality(settings, query: str):
    path = (settings.published / "quality" / "current").resolve() / "utfall_quality.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_a_red_gate_sends_one_message_with_the_reports_first_sentence(settings):
    publish_night(settings, "a")
    built = candidate(settings, "run-2", as_of=NEXT)
    publish_quality(settings, RED, as_of=NEXT, run_id="run-2", candidate=built.folder)
    with webhook() as (url, bodies):
        listening = replace(settings, webhook_url=url, report_language="en")
        assert alerts.report(listening, replace(FAILED, stage="gate")) is None
    ((sentence,),) = quality(settings, "select sentence_en from publication")
    assert sentence.startswith("No: the figures of Wednesday 4 March 2026 are not published")
    (body,) = bodies
    assert list(body) == ["text"]
    assert body["text"].split("\n")[:2] == [sentence, "The disk is full."]
    assert len(list((settings.published / "quality").glob("2026-*"))) == 1


def test_a_night_that_failed_before_the_gate_has_a_report_too(settings):
    publish_night(settings, "a")
    with webhook() as (url, bodies):
        alerts.report(replace(settings, webhook_url=url), FAILED)
    assert bodies[0]["text"].startswith("Nej: siffrorna för onsdag 4 mars 2026")
    kept = alerts.last_alert(settings)
    assert kept.headline in bodies[0]["text"] and kept.page.endswith(f"{NEXT}-run-2.html")
    rows = quality(settings, "select rule_id, could_not_run, observed from data_quality_results")
    assert ("night.ingest", True, "The disk is full.") in rows
    assert quality(settings, "select shown_as_of, gate_verdict from publication") == [(S, "red")]


def test_a_mailbox_gets_the_sentence_and_the_page(settings):
    publish_night(settings, "a")
    with mail_server() as (port, messages):
        by_mail = replace(
            settings,
            smtp_host="127.0.0.1",
            smtp_port=port,
            smtp_tls=False,
            mail_to=("chef@example.com", "data@example.com"),
        )
        assert alerts.report(by_mail, FAILED) is None
    (raw,) = messages
    message = message_from_string(raw, policy=policy.default)
    assert message["To"] == "chef@example.com, data@example.com"
    assert "Nej: siffrorna" in message["Subject"]
    assert "The disk is full." in message.get_body().get_content()
    (page,) = message.iter_attachments()
    assert "<!doctype html>" in page.get_content()


def test_a_mail_server_that_is_down_is_said_and_not_raised(settings):
    deaf = replace(settings, smtp_host="127.0.0.1", smtp_port=9, mail_to=("x@example.com",))
    assert "UTFALL_SMTP_" in alerts.report(deaf, FAILED)


def test_a_report_that_cannot_be_written_does_not_hide_the_failure(settings, monkeypatch):
    def broken(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(publishing, "write_report", broken)
    alerts.report(settings, FAILED)
    kept = alerts.last_alert(settings)
    assert kept.sentence.startswith("The disk is full.") and "No space left" in kept.sentence


def test_a_run_refused_because_another_one_runs_writes_no_report(settings):
    with single_writer(settings, "other"):
        alerts.report(settings, FAILED)
    assert not (settings.published / "quality" / "current").exists()
    assert alerts.last_alert(settings).headline == ""


def test_a_failed_run_of_a_published_night_does_not_say_its_figures_are_missing(settings):
    publish_night(settings, "a")
    alerts.report(settings, replace(FAILED, as_of=str(S)))
    assert alerts.last_alert(settings).headline.startswith(
        "Ja: siffrorna för tisdag 3 mars 2026 står kvar"
    )
