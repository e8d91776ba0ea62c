"""One source, two machines: random lives of the market, natively and in the VM.

`VM.send` compares every transaction: results, account bytes, lamports, events; that lamports are conserved; that
refusals change nothing. A failure prints the seed, and the shortest life that fails.

    DIFFERENTIAL_SEED=7 DIFFERENTIAL_INSTRUCTIONS=100000 python -m pytest -q -s test_differential.py
"""

from __future__ import annotations

import os
import random

import pytest
from fuzzing import live, shrink
from market.wire import discriminator
from vm.comparison import Comparison

SEED = int(os.environ.get("DIFFERENTIAL_SEED", "20261122"))
INSTRUCTIONS = int(os.environ.get("DIFFERENTIAL_INSTRUCTIONS", "10000"))
STEPS = 400


def test_random_lives(capsys: pytest.CaptureFixture[str]) -> None:
    generator = random.Random(SEED)
    start, refusals, lives = Comparison.instructions, Comparison.refusals, 0
    while Comparison.instructions - start < INSTRUCTIONS:
        steps = [generator.randrange(2**32) for _ in range(STEPS)]
        fee = generator.choice([0, 1, 250, 1_000])
        lives += 1
        try:
            live(steps, fee)
        except AssertionError as error:
            shortest = shrink(steps, lambda shorter, fee=fee: fails(shorter, fee))
            raise AssertionError(f"seed {SEED}, life {lives}: live({shortest}, {fee}) fails: {error}") from error
    compared, refused = Comparison.instructions - start, Comparison.refusals - refusals
    with capsys.disabled():
        print(f"\n{compared:,} random instructions in {lives} lives, seed {SEED}: equal; {refused:,} were refused")
    # Neither only refusals nor only successes.
    assert 0.2 < refused / compared < 0.9


def fails(steps: list[int], fee: int) -> bool:
    try:
        live(steps, fee)
    except AssertionError:
        return True
    return False


def test_a_difference_would_be_found_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The net itself: a native machine that differs in one instruction is caught, and the life shrinks."""
    genuine = Comparison._run

    def different(self: Comparison, vm, message, index, states, events) -> int:
        result = genuine(self, vm, message, index, states, events)
        if result == 0 and bytes(message.instructions[index].data[:8]) == discriminator("global", "close_server"):
            events.append(b"one too many")
        return result

    monkeypatch.setattr(Comparison, "_run", different)
    generator = random.Random(1)
    for _ in range(20):
        steps = [generator.randrange(2**32) for _ in range(60)]
        if fails(steps, 0):
            assert len(shrink(steps, lambda shorter: fails(shorter, 0))) <= 2
            return
    raise AssertionError("never noticed")

