"""Checks that no source names what a floor above its own declares, where memory is touched, and that tests
mirror the sources.

    python3 Tests/Floors/check.py

Floors are listed from the ground. A file may name what is declared on its own floor and below; folders that
share a floor may not name each other. Declarations are told by the types and protocols at a file's
top level, uses by words of the code outside comments and texts.
"""

import collections
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
ROOT = TESTS.parent / "Sources"

FLOORS = [
    ["SAEKernels"],
    ["SAEKernelsAVX2", "SAEKernelsAVX512"],
    ["SAETensor"],
    ["SAEFormats"],
    ["SAECore/Activations"],
    ["SAECore/Layouts"],
    ["SAECore/Variants"],
    ["SAECore/Training"],
    ["SAECore/Conventions"],
    ["SAEMetrics", "SAEModels"],
]
# Files at a target's top belong to no floor: its version, and what it re-exports.
FREE = {"Version.swift", "Exports.swift"}

# The folders whose files may say `unsafe`, and how often all but the kernels' may.
UNSAFE = ["SAEKernels", "SAEKernelsAVX2", "SAEKernelsAVX512", "SAETensor", "SAEFormats/System"]
UNSAFE_LIMIT = 250

# The modules that tests of a floor may import besides it. Kernels run by the table of `SAETensor`.
TESTED = {
    "SAETensorTests": {"SAEKernels"},
    "SAEFormatsTests": {"SAETensor"},
    "SAECoreTests": {"SAEKernels", "SAETensor", "SAEFormats"},
    "SAEMetricsTests": {"SAECore", "SAEModels"},
    "SAEModelsTests": {"SAECore"},
}
# Their folders that mirror none: what tests share, and records of bits, which cross the floors.
UNMIRRORED = {"Support", "Recorded"}

DECLARATION = re.compile(
    r"^(?:@\w+(?:\([^)]*\))? )*(?:(?:public|package|internal|final|indirect|nonisolated) )*"
    r"(?:struct|class|enum|protocol|actor|typealias) (\w+)", re.M)
NESTED_TEXT = re.compile(r"\\\(([^()]*(?:\([^()]*\)[^()]*)*)\)")


def code(text):
    """The text without comments and string literals, but with what is interpolated in these."""
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"//[^\n]*", " ", text)
    literal = re.compile(r'"""(.*?)"""|"((?:[^"\\\n]|\\.)*)"', re.S)
    return literal.sub(
        lambda match: " ".join(NESTED_TEXT.findall(match.group(1) or match.group(2) or "")), text)


def floor(path):
    """The number of a file's floor and its folder there; None for what belongs to none."""
    for number, folders in enumerate(FLOORS):
        for folder in folders:
            if path.startswith(folder + "/"):
                return number, folder
    return None


def misplaced_tests():
    """What tests import from above, and their folders that are none of the sources'."""
    for target, below in TESTED.items():
        module = target.removesuffix("Tests")
        for file in sorted((TESTS / target).rglob("*.swift")):
            path = file.relative_to(TESTS / target)
            for name in re.findall(r"^(?:@testable )?import (SAE\w+)", file.read_text("utf-8"), re.M):
                if name not in below | {module, "SAETestSupport"}:
                    yield f"Tests/{target}/{path} imports {name}"
            folder = path.parent.as_posix().removeprefix("Kernels")
            source = module if path.parts[0] != "Kernels" else "SAEKernels"
            if path.parts[0] not in UNMIRRORED and not (ROOT / source / folder.strip("/")).is_dir():
                yield f"Tests/{target}/{path}: no such folder in Sources/{source}"


def main():
    sources = {}
    failures = []
    for file in sorted(ROOT.rglob("*.swift")):
        path = file.relative_to(ROOT).as_posix()
        text = code(file.read_text(encoding="utf-8"))
        sources[path] = text
        if floor(path) is None and file.name not in FREE:
            failures.append(f"Sources/{path}: on no floor")
    owners = collections.defaultdict(set)
    for path, text in sources.items():
        for name in DECLARATION.findall(text):
            if floor(path):
                owners[name].add(path)
    for path, text in sources.items():
        if not (here := floor(path)):
            continue
        for name in sorted(set(re.findall(r"(?<![.\w])[A-Za-z_]\w*", text)) & owners.keys()):
            places = [(floor(owner), owner) for owner in owners[name]]
            # A name that several floors declare means the one that can be seen.
            if any(there[0] < here[0] or there == here for there, _ in places):
                continue
            for there, owner in places:
                failures.append(f"Sources/{path} names {name} of Sources/{owner}: "
                                f"{there[1]} is not below {here[1]}")
    total = 0
    for path, text in sources.items():
        count = len(re.findall(r"\bunsafe\b", text))
        if count and not any(path.startswith(folder + "/") for folder in UNSAFE):
            failures.append(f"Sources/{path}: {count} times unsafe, which stands in "
                            f"{', '.join(UNSAFE[2:])} and kernels alone")
        if not path.startswith("SAEKernels"):
            total += count
    if total >= UNSAFE_LIMIT:
        failures.append(f"{total} times unsafe outside kernels, expected fewer than {UNSAFE_LIMIT}")
    failures += misplaced_tests()
    for failure in failures:
        print(failure)
    if not sources or failures:
        sys.exit(f"{len(failures)} failures in {len(sources)} files")
    print(f"{len(sources)} files on {len(FLOORS)} floors; unsafe {total} times outside kernels")


main()
