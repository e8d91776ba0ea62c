"""The specification, the program's sources and the client of this suite say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from market.errors import Error
from market.instructions import MarketProgram
from market.wire import discriminator
from solders.pubkey import Pubkey
from world import ROOT

PAGE = (ROOT / "Documentation" / "market-program.md").read_text()
SOURCES = ROOT / "Sources" / "ChainferenceKit" / "MarketProgram"


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def constants(path: Path, enumeration: str) -> dict[str, int]:
    """The integer constants of a Swift enumeration."""
    body = re.search(rf"public enum {enumeration}\b.*?\n\}}", path.read_text(), re.DOTALL)
    assert body, enumeration
    found = re.findall(r"static let (\w+) = ([\d_]+)\n", body[0])
    return {snake(name): int(value.replace("_", "")) for name, value in found}


def table(heading: str) -> dict[str, int]:
    """The offsets of the first table behind a heading."""
    section = PAGE[PAGE.index(heading) :]
    rows = section[section.index("| offset |") :].split("\n\n")[0]
    return {name: int(offset) for offset, name in re.findall(r"^\| (\d+) \| [^|]+ \| `(\w+)` \|", rows, re.MULTILINE)}


@pytest.mark.parametrize(
    ("heading", "file", "enumeration"),
    [
        ("### `Market`", "MarketLayout", "MarketLayout"),
        ("### `Server`", "ServerLayout", "ServerLayout"),
        ("A listing, 64 bytes", "ServerLayout", "ListingLayout"),
        ("### `InferenceRequest`", "RequestLayout", "RequestLayout"),
    ],
)
def test_layouts(heading: str, file: str, enumeration: str) -> None:
    source = constants(SOURCES / "Layout" / f"{file}.swift", enumeration)
    source.pop("size", None)
    assert table(heading) == source


def test_error_codes() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| (.+) \|$", PAGE, re.MULTILINE)
    page = {name: int(code) for code, name, _ in rows if code.isdigit() and len(code) <= 4 and int(code) >= 100}
    page = {name: code for name, code in page.items() if name[0].isupper()}
    source = re.findall(r"case (\w+) = ([\d_]+)", (SOURCES / "ErrorCode.swift").read_text())
    swift = {name[0].upper() + name[1:]: int(code.replace("_", "")) for name, code in source}
    renamed = {"ModelIDInvalid": "ModelIdInvalid", "InvalidProgramID": "InvalidProgramId"}
    swift = {renamed.get(name, name): code for name, code in swift.items()}
    assert page == swift == {error.name: error.value for error in Error}


def test_discriminators_of_instructions() -> None:
    sections = dict(re.findall(r"^### `(\w+)`\n\n`([0-9a-f]{16})`", PAGE, re.MULTILINE))
    assert len(sections) == 20
    for name, digits in sections.items():
        assert bytes.fromhex(digits) == discriminator("global", name)


def test_discriminators_of_accounts_and_events() -> None:
    accounts = re.findall(r"^\| `(\w+)` \| `\[.*\]` \| `([0-9a-f]{16})`", PAGE, re.MULTILINE)
    assert [name for name, _ in accounts] == ["Market", "Server", "InferenceRequest"]
    events = re.findall(r"^\| `(\w+)` \| `([0-9a-f]{16})` \|", PAGE, re.MULTILINE)
    assert len(events) == 20
    for namespace, rows in (("account", accounts), ("event", events)):
        for name, digits in rows:
            assert bytes.fromhex(digits) == discriminator(namespace, name)


def test_arguments_and_accounts_of_instructions() -> None:
    """Each instruction's table in the page is the one in its source file."""
    for path in sorted((SOURCES / "Instructions").glob("*.swift")):
        text = path.read_text()
        block = re.search(r"/// ```text\n(.*?)\n/// ```", text, re.DOTALL)
        assert block, path.name
        lines = "\n".join(line[4:] if line.startswith("/// ") else "" for line in block[1].split("\n"))
        section = PAGE[PAGE.index(f"### `{snake(path.stem)}`") :]
        assert section.split("```text\n")[1].split("\n```")[0] == lines, path.name
        offsets = dict(re.findall(r"static let (\w+) = (\d+)$", text, re.MULTILINE))
        stated = {name: offset for offset, name in re.findall(r"^ +(\d+)  (?:\[u8; 32\]|\S+) (\w+)", lines, re.MULTILINE)}
        for name, offset in offsets.items():
            known = stated.get(snake(name).replace("model_i_d", "model_id"), offset if name == "end" else None)
            assert known == offset, (path.name, name)


def test_every_instruction_of_the_client_is_in_the_page() -> None:
    builders = {name for name in vars(MarketProgram) if f"### `{name}`" in PAGE}
    assert len(builders) == 20


def test_the_addresses_that_the_program_knows() -> None:
    """Its words for the sysvar, the precompile and the loader are those of the addresses."""
    text = "\n".join(path.read_text() for path in SOURCES.rglob("*.swift"))
    words = re.findall(r"isKey\(\s*key,((?:\s*0x[0-9a-f_]+,?){4})", text)
    keys = {b"".join(int(word.replace("_", ""), 16).to_bytes(8, "little") for word in each.split(",") if word.strip()) for each in words}
    names = (
        "Sysvar1nstructions1111111111111111111111111",
        "Ed25519SigVerify111111111111111111111111111",
        "BPFLoaderUpgradeab1e11111111111111111111111",
    )
    assert keys == {bytes(Pubkey.from_string(name)) for name in names}
