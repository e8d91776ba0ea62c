"""Writes each `<!-- snippet: name, given a: A, b: B -->` of Markdown files as a Swift function of that name, word for word.

What is given are the function's parameters. Whatever one block of a page imports is imported for all of its blocks.

usage: extract.py FOLDER README.md …
"""

import pathlib
import re
import shutil
import sys

folder, pages = pathlib.Path(sys.argv[1]), [pathlib.Path(name) for name in sys.argv[2:]]
shutil.rmtree(folder, ignore_errors=True)
folder.mkdir(parents=True)
names: set[str] = set()
for page in pages:
    snippets = re.findall(r"<!-- snippet: (\w+)(?:, given (.*?))? -->\n```swift\n(.*?)```", page.read_text(), re.S)
    if len(snippets) != page.read_text().count("```swift"):
        sys.exit(f"{page}: a Swift block without a name would not be compiled")
    lines = [line for _, _, code in snippets for line in code.splitlines()]
    imports = sorted({line for line in lines if line.startswith("import ")})
    for name, given, code in snippets:
        if name in names:
            sys.exit(f"{page}: there are two snippets {name}")
        names.add(name)
        parameters = ", ".join(f"_ {parameter}" for parameter in given.split(", ")) if given else ""
        body = [f"    {line}" if line else "" for line in code.splitlines() if not line.startswith("import ")]
        head = [f"// Made from {page.name} by extract.py.", *imports, "", f"func {name}({parameters}) async throws {{"]
        (folder / f"{name}.swift").write_text("\n".join([*head, *body, "}", ""]))
