"""Fixtures of the market's tests. Each test has a machine of its own."""

from __future__ import annotations

import pytest
from vm.comparison import Comparison
from world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def fee_world() -> World:
    """A market that takes 2.5 % and compares charges from 10,000 lamports."""
    return World(fee=250, minimum=10_000)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    count, refusals = Comparison.instructions, Comparison.refusals
    if count:
        terminalreporter.write_line(
            f"{count:,} instructions of the market ran natively and in the VM with equal results ({refusals:,} refusals)"
        )
