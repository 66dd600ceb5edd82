"""The processes that are measured, and how their measurements alternate."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

# Between two measurements: thread pools keep spinning for a while after their last job (OpenMP's up
# to 200 ms), and would take time from the other side.
SETTLE_SECONDS = 0.3


class NotMeasured(Exception):
    """A side that is not installed, cannot do a job, or failed while doing it."""


class Side:
    """A worker process that answers JSON lines. It starts with its first job."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        self.command = command
        self.environment = os.environ | (environment or {})
        self.process: subprocess.Popen[str] | None = None
        self.messages = tempfile.TemporaryFile("w+")

    def __enter__(self) -> Side:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process:
            if kind:
                self.process.kill()
            self.process.communicate()
        self.messages.close()

    def ask(self, **job: Any) -> dict[str, Any]:
        """Has one job done. Raises ``NotMeasured`` with the worker's reason if it was not."""
        try:
            if self.process is None:
                self.process = subprocess.Popen(
                    self.command,
                    env=self.environment,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self.messages,
                    text=True,
                )
            assert self.process.stdin and self.process.stdout
            print(json.dumps(job), file=self.process.stdin, flush=True)
            line = self.process.stdout.readline()
            answer = json.loads(line) if line else None
        except (OSError, ValueError) as error:
            raise NotMeasured(f"{self.command[0]}: {error}") from error
        if not isinstance(answer, dict):
            raise NotMeasured(f"the process ended: {self._last_message()}")
        if "error" in answer:
            raise NotMeasured(str(answer["error"]))
        return answer

    def _last_message(self) -> str:
        self.messages.seek(0)
        lines = self.messages.read().strip().splitlines()
        return lines[-1] if lines else "without a message"


@dataclass
class Contender:
    """One column of a comparison: a side, the job it repeats, and what it answered."""

    name: str
    side: Side
    job: dict[str, Any]
    answers: list[dict[str, Any]] = field(default_factory=list)
    failure: str | None = None

    def median(self, key: str) -> float | None:
        """The median over the rounds, or nothing where the side was not measured."""
        values = [answer[key] for answer in self.answers if answer.get(key) is not None]
        return None if self.failure or not values else statistics.median(values)


def alternate(contenders: list[Contender], rounds: int) -> None:
    """Measures every contender once a round, in turn, so that a slow spell hits them all alike."""
    for turn in range(rounds):
        for contender in (c for c in contenders if not c.failure):
            time.sleep(SETTLE_SECONDS)
            try:
                contender.answers.append(contender.side.ask(**contender.job))
            except NotMeasured as failure:
                contender.failure = str(failure)
        shown = (f"{c.name} {c.failure or c.answers[-1]}" for c in contenders)
        print(f"round {turn + 1}/{rounds}: " + "  ".join(shown), file=sys.stderr)
