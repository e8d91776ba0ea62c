"""The program in both formats of Solana's bytecode, and twice from the same sources."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from market.errors import Error
from test_toolchain import build, tool
from world import ROOT, World

__all__ = ["build", "tool"]
SOURCES = ROOT / "Sources" / "ChainferenceKit" / "MarketProgram"


@pytest.mark.parametrize("version", ["v0", "v3"])
def test_a_life_in_each_format(build, version: str) -> None:
    world = World(fee=250, elf=build(SOURCES, "--elf", version, "--optimize", "speed"))
    owner = world.provider()
    direct, opened = world.open(direct=owner), world.locked(owner)
    for job in (direct, opened):
        world.vm.refuse(Error.AmountNotVouched, world.claim_instructions(job, owner, 40_001, vouched=40_000), [owner])
        world.claim(job, owner, 40_000, vouched=40_000)
        world.vm.must([world.program.close_request(job.address, job.client.pubkey())], [job.client])
    released = world.locked(owner)
    world.vm.must([world.program.release_request(released.address, owner.pubkey(), released.client.pubkey())], [owner])
    world.vm.must([world.program.close_server(owner.pubkey(), world.treasury)], [owner])
    assert len(world.vm.svm.get_program_accounts(world.program.id)) == 2


@pytest.mark.parametrize("version", ["v0", "v3"])
def test_no_frame_is_larger_than_two_kilobytes(tool: Path, tmp_path: Path, version: str) -> None:
    """The VM gives each call 4 KiB; in version 3 a larger frame would run into its caller's."""
    output = tmp_path / "market.so"
    build = [tool, SOURCES, "--elf", version, "--optimize", "speed", "--report", "--output", output]
    report = subprocess.run(build, check=True, capture_output=True, text=True).stdout
    frames = {name: int(size) for size, name in re.findall(r"^ +\d+ code +(\d+) stack  (.+)$", report, re.MULTILINE)}
    assert frames["entrypoint"] > 0
    assert len(frames) > 20
    assert max(frames.values()) <= 2_048, frames


def test_optimized_for_size_it_is_the_same_program(build) -> None:
    world = World(elf=build(SOURCES, "--optimize", "size"))
    owner = world.provider()
    world.claimed(owner)
    assert world.server(owner).completed == 1
