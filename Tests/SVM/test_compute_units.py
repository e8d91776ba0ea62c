"""What instructions cost, against the committed table and the design's goals."""

from __future__ import annotations

import pytest
from compute_units import ADDRESS_PROOF, ADDRESS_PROOF_SYSCALL, Row, committed, measure
from market.ceilings import DEARER, REFUSAL
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
    """Without the event, and for a new request without the proof of its address."""
    missed = {row.name: (row.goal, row.judged) for row in rows if row.goal is not None and row.judged > row.goal}
    assert not missed


def test_what_proving_an_address_costs() -> None:
    """The figure by which the goal of `request_inference` is corrected: the VM's price of the hash, and instructions.

    A request that is refused for a wrong address differs from one that is refused right before by just that.
    """
    world = World()
    job = world.job()
    good = world.open_instruction(job)
    wrong = world.vm.refuse(Error.ConstraintSeeds, [world.open_instruction(job, bump=0)], [job.client])
    late = world.vm.must([good], [job.client])
    assert ADDRESS_PROOF_SYSCALL == 85 + sum(max(10, size // 2) for size in (7, 32, 32, 1, 32, 21))
    assert wrong.units < late.units - 1_000
    assert ADDRESS_PROOF_SYSCALL < ADDRESS_PROOF <= ADDRESS_PROOF_SYSCALL + 60


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"maximum_output_price": 399_999}, Error.PriceAboveCap),
        ({"maximum_fee_basis_points": 0}, Error.FeeAboveCap),
        ({"minimum_completed": 1}, Error.CriteriaNotMet),
        ({"stake": 999, "credit": 0}, Error.StakeBelowMinimumCharge),
        ({"model_id": "another/model"}, Error.ModelMismatch),
    ],
)
def test_direct_requests_that_do_not_fit_are_refused_before_anything_is_made(terms: dict, error: Error) -> None:
    """Prices, fee and record cost at most 400; what needs the clock or a hash has its ceiling."""
    world = World(fee=100)
    owner = world.provider(output_price=400_000)
    job = world.job(**terms)
    outcome = world.vm.refuse(error, [world.open_instruction(job, direct=owner)], [job.client])
    assert not any("Program 11111111111111111111111111111111 invoke" in line for line in outcome.logs)
    assert outcome.units <= (REFUSAL if error != Error.ModelMismatch else DEARER["request_inference", error][0])


def test_the_ceilings_are_near_what_is_measured() -> None:
    """A ceiling that nothing comes near would hide what became dearer."""
    assert all(most > REFUSAL for most, _ in DEARER.values())


def test_the_program_fits_into_24_kilobytes() -> None:
    assert len(program_bytes()) <= 24 * 1024
