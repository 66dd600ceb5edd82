"""Hugging Face's tokenizers on the texts that a file of tokens decodes to."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

SEPARATOR = 2


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """A prepared tokenizer; every call takes all documents apart, without offsets, on all threads."""
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    os.environ["RAYON_NUM_THREADS"] = str(job["threads"])
    import numpy
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_file(f"{job['model']}/tokenizer.json")
    texts: list[str] = []
    document: list[int] = []
    for token in numpy.load(job["tokens"]).tolist() + [SEPARATOR]:
        if token != SEPARATOR:
            document.append(token)
        elif document:
            texts.append(tokenizer.decode(document, skip_special_tokens=False))
            document = []
    size = sum(len(text.encode()) for text in texts)

    def run() -> dict[str, Any]:
        start = time.perf_counter()
        found = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "tokens": sum(map(len, found)), "bytes": size}

    return run
