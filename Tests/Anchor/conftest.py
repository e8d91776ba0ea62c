from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from anchorpy.error import ProgramError
from cluster import MACHINES, running
from world import World


def refuse_a_strangers_market(world: World) -> None:
    """The one error that can only come before there is a market."""
    authority, world.authority = world.authority, world.keypair()
    with pytest.raises(ProgramError) as caught:
        world.initialize_market()
    assert caught.value.code == 6_000
    world.provoked.add(caught.value.code)
    world.authority = authority


@pytest.fixture(scope="session", params=MACHINES)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """One cluster of each kind for all tests; each of them brings its own wallets."""
    with running(request.param) as endpoints, asyncio.Runner() as runner:
        world = World(endpoints, runner)
        # The machine in the VM leaves this to anchorpy; the other one is born with a market.
        if not world.exists(world.market):
            refuse_a_strangers_market(world)
            world.initialize_market()
        world.update_market()
        yield world
        runner.run(world.client.close())
