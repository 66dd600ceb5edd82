"""One symbol graph of several modules, under the name of one: merge.py PRODUCT FOLDER MODULE..."""

import glob
import json
import sys

product, folder, *modules = sys.argv[1:]
merged = None
for module in modules:
    # What a module adds to types of another one is in a graph of its own.
    for path in [f"{folder}/{module}.symbols.json", *glob.glob(f"{folder}/{module}@*.symbols.json")]:
        with open(path, encoding="utf-8") as file:
            graph = json.load(file)
        if merged is None:
            merged = graph
            merged["module"]["name"] = product
        else:
            merged["symbols"] += graph["symbols"]
            merged["relationships"] += graph["relationships"]
json.dump(merged, sys.stdout)
