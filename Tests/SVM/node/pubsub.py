"""The subscriptions of the WebSocket protocol."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from solders.account import Account
from solders.pubkey import Pubkey

from .encoding import account_json, matches
from .errors import METHOD_NOT_FOUND, RPCError, invalid_params
from .ledger import Ledger, Record
from .methods import VERSION, pubkey

KINDS = ("account", "logs", "program", "signature", "slot")
RANK = {"processed": 0, "confirmed": 1, "finalized": 2}
Sink = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Subscription:
    number: int
    kind: str
    # The address, the signature, or the filter.
    subject: Any
    config: dict[str, Any]
    sink: Sink


class Hub:
    """Knows who wants to hear what. A sink must not block: it puts the message into its connection's queue."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.numbers = itertools.count(1)
        self.subscriptions: dict[int, Subscription] = {}
        ledger.listeners.slot.append(self._on_slot)
        ledger.listeners.record.append(self._on_record)
        ledger.listeners.account.append(self._on_account)

    def call(self, method: str, params: list[Any], sink: Sink) -> Any:
        for kind in KINDS:
            if method == f"{kind}Subscribe":
                return self._subscribe(kind, params, sink)
            if method == f"{kind}Unsubscribe":
                if self.subscriptions.pop(params[0], None) is None:
                    raise RPCError(-32602, "Invalid subscription id.")
                return True
        if method == "ping":
            return "pong"
        raise RPCError(METHOD_NOT_FOUND, "Method not found")

    def forget(self, sink: Sink) -> None:
        """The connection is gone."""
        for number in [n for n, each in self.subscriptions.items() if each.sink is sink]:
            del self.subscriptions[number]

    def settle(self) -> None:
        """Tell those who wait for signatures that have reached their commitment by now."""
        for each in self._of("signature"):
            record = self.ledger.records.get(each.subject)
            if record is not None and self._reached(record, each):
                del self.subscriptions[each.number]
                self._send(each, {"err": record.execution.error})

    def _subscribe(self, kind: str, params: list[Any], sink: Sink) -> int:
        if kind in ("account", "program"):
            pubkey(params[0])
        if kind == "logs" and not (params and (params[0] in ("all", "allWithVotes") or "mentions" in params[0])):
            raise invalid_params("unknown filter for logs")
        subject = params[0] if params else None
        config = params[1] if len(params) > 1 and isinstance(params[1], dict) else {}
        subscription = Subscription(next(self.numbers), kind, subject, config, sink)
        self.subscriptions[subscription.number] = subscription
        return subscription.number

    def _of(self, kind: str) -> list[Subscription]:
        return [each for each in self.subscriptions.values() if each.kind == kind]

    def _reached(self, record: Record, each: Subscription) -> bool:
        wanted = each.config.get("commitment", "finalized")
        return RANK[self.ledger.commitment(record.slot)] >= RANK[wanted]

    def _send(self, each: Subscription, value: Any, bare: bool = False) -> None:
        context = {"apiVersion": VERSION, "slot": self.ledger.slot}
        result = value if bare else {"context": context, "value": value}
        each.sink(
            {
                "jsonrpc": "2.0",
                "method": f"{each.kind}Notification",
                "params": {"result": result, "subscription": each.number},
            }
        )

    def _on_slot(self, slot: int) -> None:
        for each in self._of("slot"):
            self._send(each, {"slot": slot, "parent": slot - 1, "root": max(0, slot - 32)}, bare=True)
        self.settle()

    def _on_record(self, record: Record) -> None:
        value = {"signature": record.signature, "err": record.execution.error, "logs": record.execution.logs}
        for each in self._of("logs"):
            if isinstance(each.subject, str) or set(each.subject["mentions"]) & set(record.keys):
                self._send(each, value)
        self.settle()

    def _on_account(self, key: Pubkey, account: Account) -> None:
        for each in self._of("account"):
            if each.subject == str(key):
                self._send(each, account_json(account, each.config))
        for each in self._of("program"):
            if each.subject == str(account.owner) and matches(account, each.config.get("filters")):
                self._send(each, {"pubkey": str(key), "account": account_json(account, each.config)})
