"""One source, two machines: random lives of the market, natively and in the VM.

`VM.send` compares every transaction: results, account bytes, lamports, events, logs; that lamports are conserved; that
refusals change nothing. A failure prints the seed, and the shortest life that fails.

    DIFFERENTIAL_SEED=7 DIFFERENTIAL_INSTRUCTIONS=100000 python -m pytest -q -s test_differential.py
    DIFFERENTIAL_MUTANTS=all python -m pytest -q test_differential.py     all planted bugs, not two of them
"""

from __future__ import annotations

import os
import random

import shutil
from pathlib import Path

import pytest
from fuzzing import live, shrink
from market.ceilings import names
from market.wire import discriminator
from test_toolchain import build, tool
from vm.comparison import Comparison
from world import ROOT

__all__ = ["build", "tool"]
SOURCES = ROOT / "Sources" / "ChainferenceKit" / "MarketProgram"

SEED = int(os.environ.get("DIFFERENTIAL_SEED", "20261122"))
INSTRUCTIONS = int(os.environ.get("DIFFERENTIAL_INSTRUCTIONS", "10000"))
STEPS = 400


def test_random_lives(capsys: pytest.CaptureFixture[str]) -> None:
    generator = random.Random(SEED)
    start, refusals, lives = Comparison.instructions, Comparison.refusals, 0
    before = Comparison.outcomes.copy()
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
    # Neither only refusals nor only successes, of any instruction.
    assert 0.2 < refused / compared < 0.9
    outcomes = Comparison.outcomes - before
    rare = {(name, refused): outcomes[name, refused] for name in names().values() for refused in (False, True)}
    assert min(rare.values()) >= 5, rare


def fails(steps: list[int], fee: int, elf: bytes | None = None) -> bool:
    try:
        live(steps, fee, elf)
    except AssertionError:
        return True
    return False


def test_a_difference_would_be_found_and_shrunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The net itself: a native machine that differs in one instruction is caught, and the life shrinks."""
    genuine = Comparison._run

    def different(self: Comparison, vm, message, index, states, lines) -> int:
        result = genuine(self, vm, message, index, states, lines)
        if result == 0 and bytes(message.instructions[index].data[:8]) == discriminator("global", "close_server"):
            lines.append("one line too many")
        return result

    monkeypatch.setattr(Comparison, "_run", different)
    generator = random.Random(1)
    for _ in range(20):
        steps = [generator.randrange(2**32) for _ in range(60)]
        if fails(steps, 0):
            assert len(shrink(steps, lambda shorter: fails(shorter, 0))) <= 2
            return
    raise AssertionError("never noticed")



# Bugs that somebody could have written: in which file, which words, and what stands there instead.
MUTANTS = {
    "the fee is paid to the owner as well": ("Instructions/ClaimPayment.swift", "let net = amount &- fee", "let net = amount"),
    "a flag before the claim is forgotten": (
        "Instructions/ClaimPayment.swift",
        "if isFlagged { server.count(ServerLayout.flagged) }",
        "",
    ),
    "an expired lock is no failure": ("Instructions/ExpireRequest.swift", "server.count(ServerLayout.failed)", ""),
    "a lock may come in the second of the last": ("Instructions/LockRequest.swift", "now > request.lockedAt", "now >= request.lockedAt"),
    "an event says another amount": ("Instructions/ClaimPayment.swift", "setWordBehindKeys(2, refund)", "setWordBehindKeys(2, amount)"),
    "a removed listing stays in the count": ("Instructions/RemoveListing.swift", "server.listingCount = count &- 1", ""),
}


PLANTED = list(MUTANTS) if os.environ.get("DIFFERENTIAL_MUTANTS") == "all" else list(MUTANTS)[:2]


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found_and_shrunk(build, tmp_path: Path, bug: str) -> None:
    """The VM runs a program with one bug, the native machine the genuine one: the random lives find it, and shrink."""
    file, words, instead = MUTANTS[bug]
    folder = tmp_path / "mutant"
    shutil.copytree(SOURCES, folder)
    text = (folder / file).read_text()
    assert text.count(words) == 1
    (folder / file).write_text(text.replace(words, instead))
    elf = build(folder, "--optimize", "speed")
    generator = random.Random(3)
    for _ in range(40):
        steps = [generator.randrange(2**32) for _ in range(150)]
        if fails(steps, 250, elf):
            shortest = shrink(steps, lambda shorter: fails(shorter, 250, elf))
            assert len(shortest) <= 15, shortest
            assert not fails(shortest, 250), "the genuine program lives this life without a difference"
            return
    raise AssertionError("never noticed")
