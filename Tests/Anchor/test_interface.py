"""The two forms of the IDL, read by strangers' software and compared with each other; no cluster is needed."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from anchorpy.coder.coder import Coder
from anchorpy.error import LangErrorMessage, _LangErrorCode
from anchorpy.program.core import _parse_idl_errors
from cluster import ROOT
from pyheck import shouty_snake, snake, upper_camel
from world import FORMS, load_idl

SPECIFICATION: dict[str, Any] = json.loads(FORMS["specification"].read_text())
LEGACY: dict[str, Any] = json.loads(FORMS["legacy"].read_text())
DOCUMENT = (ROOT / "Documentation" / "market-program.md").read_text()


def simplified(kind: Any) -> Any:
    """A type of the specification in the legacy form."""
    match kind:
        case "pubkey":
            return "publicKey"
        case str():
            return kind
        case {"vec": inner}:
            return {"vec": simplified(inner)}
        case {"array": [inner, count]}:
            return {"array": [simplified(inner), count]}
        case {"defined": {"name": name}}:
            return {"defined": name}
    raise AssertionError(kind)


def fields(rows: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    return [(snake(row["name"]), simplified(row["type"])) for row in rows]


def test_both_forms_describe_the_same_instructions() -> None:
    assert len(SPECIFICATION["instructions"]) == len(LEGACY["instructions"]) == 20
    for new, old in zip(SPECIFICATION["instructions"], LEGACY["instructions"]):
        assert new["name"] == snake(old["name"])
        assert fields(new["args"]) == [(snake(row["name"]), row["type"]) for row in old["args"]]
        assert [
            (row["name"], row.get("writable", False), row.get("signer", False), row.get("optional", False))
            for row in new["accounts"]
        ] == [
            (snake(row["name"]), row["isMut"], row["isSigner"], row.get("isOptional", False)) for row in old["accounts"]
        ]


def test_both_forms_describe_the_same_data() -> None:
    types = {row["name"]: row["type"] for row in SPECIFICATION["types"]}
    old = {row["name"]: row["type"] for row in LEGACY["accounts"] + LEGACY["types"]}
    old |= {row["name"]: {"kind": "struct", "fields": row["fields"]} for row in LEGACY["events"]}
    assert types.keys() == old.keys()
    for name, kind in types.items():
        assert kind["kind"] == old[name]["kind"]
        if kind["kind"] == "enum":
            assert kind["variants"] == old[name]["variants"]
        else:
            assert fields(kind["fields"]) == [(snake(row["name"]), row["type"]) for row in old[name]["fields"]]
    assert SPECIFICATION["errors"] == LEGACY["errors"]
    assert SPECIFICATION["address"] == LEGACY["metadata"]["address"]


@pytest.mark.parametrize(
    ("section", "prefix"), [("instructions", "global"), ("accounts", "account"), ("events", "event")]
)
def test_discriminators_are_those_that_anchor_would_derive(section: str, prefix: str) -> None:
    for row in SPECIFICATION[section]:
        digest = hashlib.sha256(f"{prefix}:{row['name']}".encode()).digest()
        assert bytes(row["discriminator"]) == digest[:8]
        assert f"`{digest[:8].hex()}`" in DOCUMENT


def test_anchorpy_has_the_discriminators_of_the_specification() -> None:
    coder = Coder(load_idl())
    for row in SPECIFICATION["instructions"]:
        assert coder.instruction.sighashes[row["name"]] == bytes(row["discriminator"])
    for row in SPECIFICATION["accounts"]:
        assert coder.accounts.acc_name_to_discriminator[row["name"]] == bytes(row["discriminator"])
    events = {name: discriminator for discriminator, name in coder.events.discriminators.items()}
    assert events == {row["name"]: bytes(row["discriminator"]) for row in SPECIFICATION["events"]}


def test_names_survive_the_ways_in_which_tools_spell_them() -> None:
    """Anchor's tools turn names into camel, Pascal and snake case and back."""
    names = [row["name"] for row in SPECIFICATION["instructions"]]
    for row in SPECIFICATION["instructions"]:
        names += [item["name"] for item in row["accounts"] + row["args"]]
    for row in SPECIFICATION["types"]:
        names += [field["name"] for field in row["type"].get("fields", [])]
        assert upper_camel(snake(row["name"])) == row["name"]
    for name in names:
        assert snake(upper_camel(name)) == name == shouty_snake(name).lower()


def test_every_error_has_a_name() -> None:
    """The program's own by the IDL, the framework's by anchorpy's own table, under Anchor's own names."""
    documented = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+) \|$", DOCUMENT, re.MULTILINE)
    assert len(documented) == 68
    messages = _parse_idl_errors(load_idl())
    own = {(row["code"], row["name"]) for row in SPECIFICATION["errors"]}
    for number, name, message in documented:
        code = int(number)
        if code >= 6_000:
            assert (code, name) in own
            assert messages[code] == message
        else:
            assert _LangErrorCode(code).name == name
            assert LangErrorMessage[code]
    assert len(own) == sum(int(number) >= 6_000 for number, _, _ in documented)
