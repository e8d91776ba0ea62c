"""What instructions cost, against the committed table and the design's goals."""

from __future__ import annotations

import pytest
from compute_units import Row, committed, measure
from world import program_bytes


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return measure()


def test_no_instruction_became_dearer_than_the_table_says(rows: list[Row]) -> None:
    table = committed()
    assert {row.name for row in rows} == set(table), "run Tests/SVM/compute_units.py --write"
    dearer = {row.name: (table[row.name], row.units) for row in rows if row.units > table[row.name] * 1.05}
    assert not dearer


def test_the_goals_are_met(rows: list[Row]) -> None:
    missed = {row.name: (row.goal, row.own) for row in rows if row.goal is not None and row.own > row.goal}
    assert not missed


def test_the_program_fits_into_24_kilobytes() -> None:
    assert len(program_bytes()) <= 24 * 1024
