"""What instructions cost, against the committed table and the design's goals."""

from __future__ import annotations

import pytest
from compute_units import Row, committed, measure
from market.errors import Error
from world import World, program_bytes


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


def test_direct_requests_that_are_refused_late(world: World) -> None:
    """What is checked against the new account costs as much as the account, and no more."""
    owner = world.provider(output_price=400_000)
    dear = world.job(maximum_output_price=399_999)
    proud = world.job(minimum_completed=1)
    for job, error in ((dear, Error.PriceAboveCap), (proud, Error.CriteriaNotMet)):
        outcome = world.vm.refuse(error, [world.open_instruction(job, direct=owner)], [job.client])
        assert outcome.units <= 2_500


def test_the_program_fits_into_24_kilobytes() -> None:
    assert len(program_bytes()) <= 24 * 1024
