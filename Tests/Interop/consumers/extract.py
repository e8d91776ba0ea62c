"""Writes each `<!-- snippet: name -->` of a Markdown file as a Swift function of that name, word for word.

usage: extract.py README.md FOLDER
"""

import pathlib
import re
import sys

page, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
snippets = re.findall(r"<!-- snippet: (\w+) -->\n```swift\n(.*?)```", page.read_text(), re.S)
if len(snippets) != page.read_text().count("```swift"):
    sys.exit(f"{page}: a Swift block without a name would not be compiled")
for name, code in snippets:
    lines = code.splitlines()
    imports = [line for line in lines if line.startswith("import ")]
    body = [f"    {line}" if line else "" for line in lines if not line.startswith("import ")]
    text = "\n".join(["// Made from the README by extract.py.", *imports, "", f"func {name}() async throws {{", *body, "}", ""])
    (folder / f"{name}.swift").write_text(text)
