"""What a comparison prints: the circumstances, then a table aligned for reading or in Markdown."""

from __future__ import annotations

import datetime
import os
import pathlib
import platform
import shlex
import subprocess
import sys

Row = list[str]


def number(value: float | None, form: str = ".0f", unit: str = "") -> str:
    """A value for a cell; a dash for what was not measured."""
    return "–" if value is None else f"{value:{form}}{unit}"


def ratio(value: float | None, base: float | None) -> float | None:
    """value / base where both were measured."""
    return value / base if value is not None and base else None


def render(header: Row, rows: list[Row], markdown: bool) -> str:
    """A table whose columns are as wide as their longest cell; all but the first to the right."""
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]

    def line(cells: Row) -> str:
        first, *rest = zip(cells, widths)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
        return "| " + " | ".join(padded) + " |" if markdown else "  ".join(padded).rstrip()

    right = ":" if markdown else "-"
    rule = ["-" * widths[0], *("-" * (width - 1) + right for width in widths[1:])]
    return "\n".join([line(header), line(rule), *map(line, rows)])


def circumstances(sides: dict[str, dict[str, object]]) -> list[str]:
    """Machine, date, commit, command, and what each side says of itself."""
    lines = [
        f"machine: {_processor()}, {os.cpu_count()} cores, {platform.system()}",
        f"date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC",
        f"commit: {_commit()}",
        f"command: Benchmarks/peers/run.sh {shlex.join(sys.argv[1:])}",
    ]
    for side, facts in sides.items():
        known = ", ".join(f"{name} {value}" for name, value in facts.items() if value is not None)
        lines.append(f"{side}: {known}")
    return lines


def _processor() -> str:
    try:
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()


def _commit() -> str:
    here = str(pathlib.Path(__file__).parent)
    commit = _output("git", "-C", here, "rev-parse", "--short", "HEAD")
    changes = _output("git", "-C", here, "status", "--porcelain", "--untracked-files=no")
    return f"{commit} with uncommitted changes" if commit and changes else commit or "unknown"


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
