"""Fails where a public declaration has no comment: coverage.py PRODUCT SYMBOLGRAPH..."""

import json
import sys


def undocumented(graph):
    for symbol in graph["symbols"]:
        if symbol["accessLevel"] not in ("public", "open"):
            continue
        if any(line["text"].strip() for line in symbol.get("docComment", {}).get("lines", [])):
            continue
        location = symbol.get("location", {"uri": "?", "position": {"line": -1}})
        path = location["uri"].partition("/Sources/")[2] or location["uri"]
        yield f"Sources/{path}:{location['position']['line'] + 1}", ".".join(
            symbol["pathComponents"])


product, *paths = sys.argv[1:]
found, count = [], 0
for path in paths:
    with open(path, encoding="utf-8") as file:
        graph = json.load(file)
    count += len(graph["symbols"])
    found += undocumented(graph)
for place, name in sorted(found):
    print(f"{place}: {name} has no documentation")
if found or count == 0:
    sys.exit(f"{product}: {len(found)} of {count} public declarations without documentation")
print(f"{product}: all {count} public declarations are documented")
