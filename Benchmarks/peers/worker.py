"""Measures the Python side: reads jobs as JSON lines, answers each with one JSON line.

A process that stays alive between jobs, so that a driver can alternate single measurements of this
side and another without paying for imports and warm-up each time. README.md has the protocol.
"""

from __future__ import annotations

import gc
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import resource
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, TextIO

# Nothing here needs the network; the libraries would otherwise try it on their own.
os.environ.update(HF_HUB_OFFLINE="1", WANDB_MODE="disabled", TQDM_DISABLE="1")

Job = dict[str, Any]
Answer = dict[str, Any]

# Activations are drawn once and used in turn: a step never sees the batch it has just fitted.
BATCHES = 4
# Enough rows for a mean of the active latents, few enough to leave peak memory alone.
L0_ROWS = 256


def activations(tokens: int, width: int, seed: int = 0) -> Any:
    """Tokens × width activations with known sparse structure, scaled to mean norm √width.

    Every token is a sum of 32 of 2·width random unit directions with half-normal coefficients, and
    Gaussian noise of a tenth of that signal's norm.
    """
    import torch

    random = torch.Generator().manual_seed(seed)
    directions = torch.randn(2 * width, width, generator=random)
    directions /= directions.norm(dim=1, keepdim=True)
    active = torch.randint(2 * width, (tokens, 32), generator=random)
    coefficients = torch.randn(tokens, 32, generator=random).abs()
    signal = torch.nn.functional.embedding_bag(
        active, directions, per_sample_weights=coefficients, mode="sum"
    )
    noise = torch.randn(tokens, width, generator=random)
    x = signal + noise * (0.1 * signal.norm(dim=1).mean() / width**0.5)
    return x * (width**0.5 / x.norm(dim=1).mean())


def product_with_torch(job: Job) -> Callable[[], Answer]:
    """A prepared float32 product C = A·B in PyTorch."""
    import torch

    random = torch.Generator().manual_seed(0)
    a = torch.randn(job["m"], job["k"], generator=random)
    b = torch.randn(job["k"], job["n"], generator=random)
    c = torch.empty(job["m"], job["n"])

    def run() -> Answer:
        start = time.perf_counter()
        torch.mm(a, b, out=c)
        return {"seconds": time.perf_counter() - start}

    return run


def product_with_numpy(job: Job) -> Callable[[], Answer]:
    """A prepared float32 product C = A·B in numpy, whose wheels bring OpenBLAS."""
    import numpy
    import threadpoolctl

    random = numpy.random.default_rng(0)
    a = random.standard_normal((job["m"], job["k"]), dtype=numpy.float32)
    b = random.standard_normal((job["k"], job["n"]), dtype=numpy.float32)
    c = numpy.empty((job["m"], job["n"]), dtype=numpy.float32)

    def run() -> Answer:
        with threadpoolctl.threadpool_limits(job["threads"], user_api="blas"):
            start = time.perf_counter()
            numpy.matmul(a, b, out=c)
            return {"seconds": time.perf_counter() - start}

    return run


def prepare_encoding(job: Job) -> Callable[[], Answer]:
    """A prepared dense encoder: the product with its bias, then the k largest of each row."""
    import torch

    random = torch.Generator().manual_seed(1)
    width, latents, batch, k = job["width"], job["latents"], job["batch"], job["k"]
    x = activations(batch, width)
    encoder = torch.randn(width, latents, generator=random) / width**0.5
    bias = torch.zeros(latents)

    @torch.inference_mode()
    def run() -> Answer:
        start = time.perf_counter()
        pre_activations = torch.addmm(bias, x, encoder)
        middle = time.perf_counter()
        pre_activations.topk(k, dim=-1, sorted=False)
        end = time.perf_counter()
        return {"seconds": end - start, "product_seconds": middle - start, "tokens": batch}

    return run


def prepare_tokenize(job: Job) -> Callable[[], Answer]:
    import tokenizing

    return tokenizing.prepare(job)


def prepare_harvest(job: Job) -> Callable[[], Answer]:
    """A prepared language model that is run up to a layer."""
    import harvesters

    return harvesters.prepare(job)


def prepare_training(job: Job) -> Callable[[], Answer]:
    """A prepared trainer; every call takes ``steps`` steps and says how sparse its latents are."""
    import torch

    import trainers

    torch.manual_seed(0)
    names = ("library", "variant", "width", "latents", "k", "batch")
    setting = trainers.Setting(**{name: job[name] for name in names})
    trainer = trainers.make_trainer(setting)
    batches = activations(BATCHES * setting.batch, setting.width).split(setting.batch)
    steps, taken = job.get("steps", 1), 0

    def run() -> Answer:
        nonlocal taken
        start = time.perf_counter()
        for _ in range(steps):
            trainer.step(batches[taken % BATCHES])
            taken += 1
        seconds = time.perf_counter() - start
        with torch.no_grad():
            active = trainer.encode(batches[0][:L0_ROWS]).count_nonzero().item()
        l0 = active / min(L0_ROWS, setting.batch)
        return {"seconds": seconds, "tokens": steps * setting.batch, "l0": l0}

    return run


PREPARATIONS: dict[tuple[str, str], Callable[[Job], Callable[[], Answer]]] = {
    ("gemm", "torch"): product_with_torch,
    ("gemm", "numpy"): product_with_numpy,
    ("encode", "torch"): prepare_encoding,
    ("harvest", "transformers"): prepare_harvest,
    ("tokenize", "tokenizers"): prepare_tokenize,
    ("train", "saelens"): prepare_training,
    ("train", "dictionary_learning"): prepare_training,
    ("train", "sparsify"): prepare_training,
}


class Unknown(Exception):
    """A job that this worker does not do."""


class Worker:
    """Keeps the one configuration that is being measured, and drops it for the next."""

    def __init__(self) -> None:
        self.configuration: Job | None = None
        self.run: Callable[[], Answer] | None = None
        self.default_threads: int | None = None

    def answer(self, job: Job) -> Answer:
        """Does one job. A configuration's first job prepares it and takes one untimed run."""
        if job["job"] == "info":
            return describe()
        if job["job"] == "memory":
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            return {"bytes": peak if sys.platform == "darwin" else peak * 1024}
        prepare = PREPARATIONS.get((job["job"], job.get("library", "")))
        if prepare is None:
            raise Unknown(f"no job {job['job']!r} for library {job.get('library')!r}")
        if job.get("library") != "numpy":
            self.set_torch_threads(job.get("threads"))
        if job != self.configuration or self.run is None:
            self.configuration = self.run = None
            gc.collect()
            self.run = prepare(job)
            self.configuration = job
            self.run()
        return self.run()

    def set_torch_threads(self, threads: int | None) -> None:
        """Sets PyTorch's threads, or gives back its own choice where the job names none."""
        import torch

        self.default_threads = self.default_threads or torch.get_num_threads()
        torch.set_num_threads(threads or self.default_threads)


def describe() -> Answer:
    """Versions, PyTorch's default threads, and the BLAS that numpy has loaded and PyTorch uses.

    numpy is loaded before PyTorch: OpenBLAS chooses its kernels while it is loaded, and that choice
    should be the one it makes in a program that only uses numpy.
    """
    packages = ("torch", "numpy", "transformers", "sae-lens", "dictionary-learning", "eai-sparsify")
    answer: Answer = {"python": platform.python_version()}
    for package in packages:
        try:
            answer[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            answer[package] = None
    if importlib.util.find_spec("numpy") and importlib.util.find_spec("threadpoolctl"):
        import numpy  # noqa: F401  (loads the BLAS that threadpoolctl then finds)
        import threadpoolctl

        for pool in threadpoolctl.threadpool_info():
            if pool["user_api"] == "blas":
                answer["numpy_blas"] = f"{pool['internal_api']} {pool['version']}"
                answer["numpy_blas_kernels"] = pool.get("architecture", "unknown")
    if importlib.util.find_spec("torch"):
        import torch

        built_with = torch.__config__.show()
        name = re.search(r"BLAS_INFO=(\w+)", built_with)
        version = re.search(r"Math Kernel Library Version (\S+)", built_with)
        parts = [match.group(1) for match in (name, version) if match]
        answer |= {"threads": torch.get_num_threads(), "torch_blas": " ".join(parts)}
    return answer


def serve(jobs: TextIO, answers: TextIO) -> None:
    """Answers every line of ``jobs`` until it ends."""
    worker = Worker()
    for line in jobs:
        try:
            answer = worker.answer(json.loads(line))
        except Exception as error:
            traceback.print_exc()
            answer = {"error": str(error) or type(error).__name__}
        print(json.dumps(answer), file=answers, flush=True)


def main() -> None:
    """Keeps standard output for the answers: what the libraries print goes to standard error."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    serve(sys.stdin, answers)


if __name__ == "__main__":
    main()
