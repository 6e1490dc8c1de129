"""A changed figure has a changed definition version."""

from __future__ import annotations

from dataclasses import replace

from tests.conftest import TwoNights
from tests.support.figures import Fingerprint, changed_in_silence, figures_of, kept_figures

SAME = Fingerprint(1, "company", "aa")


def test_no_figure_of_the_demo_company_changed_in_silence(two_nights: TwoNights):
    kept, found = kept_figures(), figures_of(two_nights.releases[0])
    told = "raise definition_version where it is meant, then `python -m tests.support.figures`"
    assert changed_in_silence(kept, found) == {}, told
    assert kept == found, "the kept figures are old: run `python -m tests.support.figures`"


def test_silence_is_another_figure_with_all_else_the_same():
    kept = {"a": SAME, "b": SAME, "c": SAME, "d": SAME}
    found = {
        "a": replace(SAME, figures="bb"),
        "b": replace(SAME, figures="bb", definition_version=2),
        "c": replace(SAME, figures="bb", demo_company="another"),
        "d": SAME,
        "e": SAME,
    }
    assert list(changed_in_silence(kept, found)) == ["a"]
