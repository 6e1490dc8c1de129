"""Every figure of random companies is what an independent reading of the definitions says.

``UTFALL_ORACLE_COMPANIES`` is how many companies are looked at (200). A company that differs is
shrunk to a small data set and printed with the rows behind its first differing figure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from orchestration.registry import load_budget_types
from tests.oracle.company import random_company
from tests.oracle.compare import (
    COMPARED,
    differences,
    evidence_differences,
    report,
    shrunk,
)
from tests.oracle.types import load_types
from tests.support.compiled import Warehouse, read_project

COMPANIES = int(os.environ.get("UTFALL_ORACLE_COMPANIES", "200"))
PROCESSES = 2
SHOWN = 3

_warehouse: list[Warehouse] = []


def _open(compiled: Path) -> None:
    _warehouse.append(Warehouse(read_project(compiled, COMPARED)))


def _wrong_types(seed: int) -> tuple[int, set[str], list[str]]:
    """Types on whose figures oracle and models differ, and figures that evidence does not give."""
    company, warehouse = random_company(seed), _warehouse[0]
    wrong = {found.place.budget_type_id for found in differences(warehouse, company)}
    return seed, wrong, [str(found) for found in evidence_differences(warehouse, company)]


@pytest.fixture(scope="module")
def results(compiled: Path) -> list[tuple[int, set[str], list[str]]]:
    """What was found in each company."""
    with ProcessPoolExecutor(
        PROCESSES, get_context("spawn"), initializer=_open, initargs=(compiled,)
    ) as pool:
        return list(pool.map(_wrong_types, range(COMPANIES), chunksize=5))


def test_every_budget_type_has_an_oracle():
    assert load_types().keys() == {t.budget_type_id for t in load_budget_types()}


def test_every_figure_is_what_the_oracle_says(results, compiled: Path):
    def first_failures() -> Iterator[tuple[str, int]]:
        seen: set[str] = set()
        for seed, wrong, _ in results:
            for budget_type_id in sorted(wrong - seen):
                seen.add(budget_type_id)
                yield budget_type_id, seed

    failures = list(first_failures())
    if failures:
        _open(compiled)
        texts = []
        for budget_type_id, seed in failures[:SHOWN]:
            small = shrunk(_warehouse[-1], random_company(seed), budget_type_id)
            texts.append(report(_warehouse[-1], small, budget_type_id))
        pytest.fail(
            f"{len(failures)} types differ: {', '.join(name for name, _ in failures)}.\n\n"
            + "\n\n".join(texts),
            pytrace=False,
        )


def test_every_figure_of_a_rep_follows_from_its_evidence_alone(results):
    wrong = [f"company {seed}: {text}" for seed, _, texts in results for text in texts]
    assert not wrong, "\n".join(wrong[:20])
