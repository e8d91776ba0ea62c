from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from cluster import running
from world import World


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """One cluster for all tests; each of them brings its own wallets."""
    with running() as endpoints, asyncio.Runner() as runner:
        world = World(endpoints, runner)
        world.update_market()
        yield world
        runner.run(world.client.close())
