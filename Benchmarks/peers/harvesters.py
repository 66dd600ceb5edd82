"""Hugging Face's Gemma-2 run up to a layer on pieces of a stream of tokens."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

CONTEXT = 255


def prepare(job: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """A prepared model; every call runs the next ``pieces`` sequences, ``sequences`` at a time.

    As in a harvest, each sequence begins with the beginning-of-sequence token, whose activation is
    left out. Layers behind the one wanted are removed, and so is the final norm.
    """
    import numpy
    import torch
    import transformers

    model = transformers.AutoModel.from_pretrained(
        job["model"],
        dtype=getattr(torch, job.get("dtype", "float32")),
        attn_implementation=job["attention"],
    ).eval()
    model.layers = model.layers[: job["layer"] + 1]
    model.norm = torch.nn.Identity()
    stream = numpy.load(job["tokens"], mmap_mode="r")
    tokens, first = job["pieces"] * CONTEXT, 0

    def run_batch(begin: int, end: int) -> torch.Tensor:
        pieces = torch.from_numpy(stream[begin:end].astype("int64")).view(-1, CONTEXT)
        prefix = torch.full((len(pieces), 1), model.config.bos_token_id)
        ids = torch.cat([prefix, pieces], dim=1)
        return model(input_ids=ids, use_cache=False).last_hidden_state[:, 1:].flatten(0, 1)

    @torch.inference_mode()
    def run() -> dict[str, Any]:
        nonlocal first
        if first + tokens > len(stream):
            first = 0
        step = job["sequences"] * CONTEXT
        start = time.perf_counter()
        for begin in range(first, first + tokens, step):
            rows = run_batch(begin, min(begin + step, first + tokens))
        seconds = time.perf_counter() - start
        first += tokens
        norm = rows.float().norm(dim=1).mean().item()
        return {"seconds": seconds, "tokens": tokens, "mean_norm": norm}

    return run
