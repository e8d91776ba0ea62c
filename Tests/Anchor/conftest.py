from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from cluster import MACHINES, running
from world import World


@pytest.fixture(scope="session", params=MACHINES)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """One cluster of each kind for all tests; each of them brings its own wallets."""
    with running(request.param) as endpoints, asyncio.Runner() as runner:
        world = World(endpoints, runner)
        # The machine in the VM leaves this to anchorpy; the other one is born with a market.
        if not world.exists(world.market):
            world.initialize_market()
        world.update_market()
        yield world
        runner.run(world.client.close())
