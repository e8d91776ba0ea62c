"""python -m node --program market.so [--port 8899]: run in Tests/SVM, with its environment.

Deploys the program through the upgradeable loader at the address of the local cluster, initialises the market, and
serves JSON-RPC on --port and PubSub on the port after it. Prints one line when it is ready.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
from pathlib import Path

from market.instructions import MarketProgram
from vm import VM
from vm.loader import deploy
from world import seeded

from .ledger import Ledger
from .methods import Methods
from .pubsub import Hub
from .server import HTTPServer, WebSocketServer


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("node", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, type=Path, help="the market program's ELF file")
    parser.add_argument(
        "--program-keypair-seed",
        default="chainference localnet program",
        help="phrase; its SHA-256 is the seed of the program's keypair",
    )
    parser.add_argument(
        "--authority-seed",
        default="chainference localnet authority",
        help="phrase for the upgrade authority, which becomes the market's authority",
    )
    parser.add_argument("--treasury-seed", default="chainference localnet treasury", help="phrase for the treasury")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8899, help="of JSON-RPC; 0 for any free one")
    parser.add_argument("--pubsub-port", type=int, help="default: the port after --port, or any free one")
    parser.add_argument("--slot-milliseconds", type=int, default=400)
    parser.add_argument("--finalize-after", type=int, default=32, help="slots")
    parser.add_argument("--fee", type=int, default=0, help="of the market, basis points")
    parser.add_argument("--no-market", action="store_true", help="let somebody else initialise the market")
    parser.add_argument("--minimum-compared-charge", type=int, default=1_000, help="lamports")
    return parser.parse_args()


def deployed(options: argparse.Namespace) -> tuple[VM, MarketProgram]:
    """A machine with the program and, unless somebody else is to make it, an initialised market."""
    vm = VM()
    authority, program = seeded(options.authority_seed), seeded(options.program_keypair_seed)
    treasury = seeded(options.treasury_seed).pubkey()
    vm.fund(authority.pubkey(), 100_000_000_000)
    vm.fund(treasury, 1_000_000_000)
    deploy(vm, options.program.read_bytes(), program, authority)
    market = MarketProgram(program.pubkey())
    if options.no_market:
        return vm, market
    key = authority.pubkey()
    vm.must(
        [market.initialize_market(key, key, treasury, options.minimum_compared_charge, options.fee)], [authority]
    )
    return vm, market


async def tick(ledger: Ledger, milliseconds: int) -> None:
    while True:
        await asyncio.sleep(milliseconds / 1_000)
        ledger.tick()


async def run(options: argparse.Namespace) -> None:
    vm, market = deployed(options)
    ledger = Ledger(vm, finalize_after=options.finalize_after)
    hub = Hub(ledger)
    pubsub_port = options.pubsub_port
    if pubsub_port is None:
        pubsub_port = options.port + 1 if options.port else 0
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    http = await HTTPServer(Methods(ledger)).start(options.host, options.port)
    async with http, WebSocketServer(hub).start(options.host, pubsub_port) as sockets:
        rpc, pubsub = http.sockets[0].getsockname()[1], sockets.sockets[0].getsockname()[1]
        ticking = asyncio.create_task(tick(ledger, options.slot_milliseconds))
        print(
            f"ready rpc=http://{options.host}:{rpc} pubsub=ws://{options.host}:{pubsub} program={market.id}", flush=True
        )
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({ticking, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if ticking.done():
            ticking.result()
        ticking.cancel()
        stopped.cancel()


if __name__ == "__main__":
    asyncio.run(run(arguments()))
