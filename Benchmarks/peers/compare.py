"""Measures our worker and the Python peers in turn, and prints medians and their ratios.

Each figure is the median of a side's rounds; the rounds of the sides alternate, one measurement at
a time, and only one side works at any moment.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pathlib
import shlex
import subprocess
import sys
from typing import Any

import tables
from sides import Contender, NotMeasured, Side, alternate
from tables import number, ratio

HERE = pathlib.Path(__file__).resolve().parent

# An encoder, its gradients, and the square everybody quotes; m × n × k.
GEMM_SHAPES = ((4096, 16384, 768), (4096, 768, 16384), (2048, 8192, 384), (2048, 2048, 2048))
SAE_SIZE = {"width": 768, "latents": 16384, "k": 64, "batch": 4096}
# Gemma-2 caps attention's scores, for which not every implementation of attention has a way.
HARVEST_SETTINGS = (
    ("eager", "float32"),
    ("sdpa", "float32"),
    ("flex_attention", "float32"),
    ("eager", "bfloat16"),
)
HARVEST_BATCHES = (16, 64)
LIBRARIES = ("saelens", "dictionary_learning", "sparsify")
VARIANTS = ("topk", "batchtopk", "matryoshka", "jumprelu", "gated", "relu")

Facts = dict[str, dict[str, object]]
Rows = list[list[str]]


class Comparison:
    """The commands of both sides, and why some measurements are missing: each reason once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.ours_command = shlex.split(options.ours) if options.ours else built_worker()
        self.peer_command = [options.python, str(HERE / "worker.py")]
        self.rounds: int = options.rounds
        self.missing: dict[str, list[str]] = {}

    def ours(self) -> Side:
        return Side(self.ours_command)

    def peer(self, environment: dict[str, str] | None = None) -> Side:
        return Side(self.peer_command, environment)

    def facts(self) -> Facts:
        """What both sides say of themselves, from processes that measure nothing.

        Peers may be missing; without our own worker there is nothing to compare.
        """
        facts: Facts = {}
        with self.ours() as ours, self.peer() as peers:
            try:
                facts["ours"] = ours.ask(job="info")
            except NotMeasured as failure:
                sys.exit(f"compare.py: our worker does not answer: {failure}")
            try:
                facts["peers"] = peers.ask(job="info")
            except NotMeasured as failure:
                facts["peers"] = {}
                self.missing[str(failure)] = ["peers"]
        return facts

    def run(self, contenders: list[Contender], setting: str) -> None:
        """Alternates the contenders, and remembers which of them could not be measured."""
        print(setting, file=sys.stderr)
        alternate(contenders, self.rounds)
        for contender in contenders:
            if contender.failure:
                what = f"{contender.name} ({setting})"
                self.missing.setdefault(contender.failure, []).append(what)


def built_worker() -> list[str]:
    """The release build of this package's benchmarks, which must have been made before."""
    package = str(HERE.parent)
    command = ["swift", "build", "-c", "release", "--package-path", package, "--show-bin-path"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"compare.py: cannot find our build ({error}); name a worker with --ours")
    binary = pathlib.Path(found.stdout.strip()) / "sae-benchmarks"
    if not binary.exists():
        sys.exit(f"compare.py: {binary} is not built; run.sh builds it, --ours names another")
    return [str(binary), "worker"]


def has_avx512() -> bool:
    """Whether the processor says that it has AVX-512 (Linux only: that is where it matters)."""
    try:
        return " avx512f " in pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return False


def compare_gemm(comparison: Comparison, options: argparse.Namespace, facts: Facts) -> Rows:
    """float32 products: GFLOP/s of everybody, and ours against the FMA peak and the best peer.

    OpenBLAS chooses its kernels by the processor's name and does not know every recent one. Where
    it missed AVX-512, it is measured once more with those kernels forced.
    """
    kernels = facts["peers"].get("numpy_blas_kernels")
    forced = kernels not in (None, "SkylakeX", "Cooperlake", "SapphireRapids") and has_avx512()
    rows = [
        ["m × n × k", "threads", "FMA peak", "ours", "of peak", "to 1 thread", "PyTorch"]
        + [f"OpenBLAS ({kernels})" if kernels else "OpenBLAS", "to better peer"]
        + (["OpenBLAS (SkylakeX, forced)", "to best peer"] if forced else [])
    ]
    with (
        comparison.ours() as ours,
        comparison.peer() as torch,
        comparison.peer() as numpy,
        comparison.peer({"OPENBLAS_CORETYPE": "SkylakeX"}) as avx512,
    ):
        for m, n, k in GEMM_SHAPES:
            on_one_thread: float | None = None
            for threads in options.threads:
                gemm = {"job": "gemm", "m": m, "n": n, "k": k, "threads": threads}
                contenders = [
                    Contender("peak", ours, {"job": "peak", "threads": threads}),
                    Contender("ours", ours, gemm | {"library": "ours"}),
                    Contender("PyTorch", torch, gemm | {"library": "torch"}),
                    Contender("OpenBLAS", numpy, gemm | {"library": "numpy"}),
                ]
                if forced:
                    contenders.append(Contender("forced", avx512, gemm | {"library": "numpy"}))
                comparison.run(contenders, f"{m} × {n} × {k}, threads {threads}")

                peak = contenders[0].median("gflops")
                speeds = [ratio(2e-9 * m * n * k, c.median("seconds")) for c in contenders[1:]]
                our_speed, *peers = speeds
                on_one_thread = our_speed if threads == 1 else on_one_thread
                rows.append(
                    [f"{m} × {n} × {k}", str(threads), number(peak), number(our_speed)]
                    + [number(ratio(our_speed, peak), ".0%")]
                    + [number(ratio(our_speed, on_one_thread), ".2f", "×")]
                    + [number(peers[0]), number(peers[1])]
                    + [number(ratio(our_speed, best(peers[:2])), ".2f", "×")]
                )
                if forced:
                    against_all = ratio(our_speed, best(peers))
                    rows[-1] += [number(peers[2]), number(against_all, ".2f", "×")]
    return rows


def best(speeds: list[float | None]) -> float | None:
    return max((speed for speed in speeds if speed is not None), default=None)


def compare_train(comparison: Comparison, options: argparse.Namespace, facts: Facts) -> Rows:
    """Full training steps: tokens/s and peak memory, in fresh processes for every pair."""
    rows = [
        ["variant", "peer", "ours tokens/s", "peer tokens/s", "ratio", "ours L0", "peer L0"]
        + ["ours MB", "peer MB", "memory"]
    ]
    threads = facts["peers"].get("threads")
    for variant in options.variants:
        for library in options.libraries:
            job = {"job": "train", "variant": variant, "steps": options.steps, **SAE_SIZE}
            with comparison.ours() as our_side, comparison.peer() as peer_side:
                ours = Contender("ours", our_side, job | {"library": "ours", "threads": threads})
                peer = Contender(library, peer_side, job | {"library": library})
                comparison.run([ours, peer], f"{variant}, {library}")
                speeds = [tokens_per_second(ours), tokens_per_second(peer)]
                bytes_used = [peak_memory(ours), peak_memory(peer)]
            rows.append(
                [variant, library, number(speeds[0]), number(speeds[1])]
                + [number(ratio(*speeds), ".1f", "×")]
                + [number(ours.median("l0")), number(peer.median("l0"))]
                + [number(ratio(used, 1e6)) for used in bytes_used]
                + [number(ratio(*bytes_used), ".2f", "×")]
            )
    return rows


def compare_encode(comparison: Comparison, options: argparse.Namespace, facts: Facts) -> Rows:
    """The encoder alone: its product and the k largest latents of every token."""
    rows = [["encode", "ours tokens/s", "PyTorch tokens/s", "ratio", "PyTorch's product alone"]]
    job: dict[str, Any] = {"job": "encode", "threads": facts["peers"].get("threads"), **SAE_SIZE}
    with comparison.ours() as our_side, comparison.peer() as torch_side:
        ours = Contender("ours", our_side, job | {"library": "ours"})
        torch = Contender("PyTorch", torch_side, job | {"library": "torch"})
        comparison.run([ours, torch], "encode")
        speeds = [tokens_per_second(ours), tokens_per_second(torch)]
    product = ratio(SAE_SIZE["batch"], torch.median("product_seconds"))
    size = f"{SAE_SIZE['width']} → {SAE_SIZE['latents']}, k {SAE_SIZE['k']}"
    cells = [number(speeds[0]), number(speeds[1]), number(ratio(*speeds), ".2f", "×")]
    return [*rows, [size, *cells, number(product)]]


def compare_harvest(comparison: Comparison, options: argparse.Namespace, facts: Facts) -> Rows:
    """A language model up to a layer: tokens/s and peak memory, every setting in its own process.

    The mean norm of the last batch stands beside them: all sides compute the same activations.
    """
    rows = [
        ["harvest", "sequences at a time", "tokens/s", "ours to it", "peak MB"]
        + ["beyond the weights", "mean norm"]
    ]
    base: dict[str, Any] = {"job": "harvest", "layer": options.layer, "pieces": options.pieces}
    base |= {"model": str(options.model), "tokens": str(options.tokens)}
    threads = facts["peers"].get("threads")
    with contextlib.ExitStack() as stack:
        job = base | {"library": "ours", "sequences": options.sequences, "threads": threads}
        ours = Contender("ours", stack.enter_context(comparison.ours()), job)
        contenders = [ours]
        for attention, dtype in HARVEST_SETTINGS:
            for sequences in HARVEST_BATCHES:
                job = base | {"library": "transformers", "sequences": sequences}
                job |= {"attention": attention, "dtype": dtype}
                name = f"transformers, {attention}, {dtype}"
                contenders.append(Contender(name, stack.enter_context(comparison.peer()), job))
        comparison.run(contenders, f"layer {options.layer}")
        for contender in contenders:
            if contender.failure:
                continue
            speed, used = tokens_per_second(contender), peak_memory(contender)
            weights = contender.median("weight_bytes")
            beyond = used - weights if used is not None and weights is not None else None
            rows.append(
                [contender.name, str(contender.job["sequences"]), number(speed)]
                + [number(ratio(tokens_per_second(ours), speed), ".2f", "×")]
                + [number(ratio(used, 1e6)), number(ratio(beyond, 1e6))]
                + [number(contender.median("mean_norm"), ".2f")]
            )
    return rows


def compare_tokenize(comparison: Comparison, options: argparse.Namespace, facts: Facts) -> Rows:
    """Documents taken apart: tokens/s on as many threads; both sides must find as many tokens."""
    rows = [["tokenize", "threads", "ours tokens/s", "tokenizers tokens/s", "ratio", "ours MB/s"]]
    job: dict[str, Any] = {"job": "tokenize", "model": str(options.model)}
    for threads in options.threads:
        job |= {"tokens": str(options.tokens), "threads": threads}
        with comparison.ours() as our_side, comparison.peer() as peer_side:
            ours = Contender("ours", our_side, job | {"library": "ours"})
            peer = Contender("tokenizers", peer_side, job | {"library": "tokenizers"})
            comparison.run([ours, peer], f"threads {threads}")
        counts_found = {c.median("tokens") for c in (ours, peer) if not c.failure}
        if len(counts_found) > 1:
            sys.exit(f"compare.py: the sides found {counts_found} tokens")
        speeds = [tokens_per_second(ours), tokens_per_second(peer)]
        rows.append(
            [options.tokens.name, str(threads), number(speeds[0]), number(speeds[1])]
            + [number(ratio(*speeds), ".2f", "×")]
            + [number(ratio(ratio(ours.median("bytes"), ours.median("seconds")), 1e6), ".1f")]
        )
    return rows


def tokens_per_second(contender: Contender) -> float | None:
    return ratio(contender.median("tokens"), contender.median("seconds"))


def peak_memory(contender: Contender) -> float | None:
    """Peak resident memory in bytes of a process that did nothing but this contender's job."""
    try:
        return None if contender.failure else contender.side.ask(job="memory")["bytes"]
    except NotMeasured:
        return None


def names(text: str) -> list[str]:
    return text.split(",")


def counts(text: str) -> list[int]:
    return [int(count) for count in names(text)]


def parse() -> argparse.Namespace:
    """The command line. Lists are given with commas."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--ours", metavar="COMMAND", help="our worker (default: the release build)")
    shared.add_argument("--markdown", action="store_true", help="print a Markdown table")
    venv = HERE / ".venv" / "bin" / "python"
    python = str(venv) if venv.exists() else sys.executable
    shared.add_argument("--python", default=python, help="the Python that has the peers")

    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(required=True)
    gemm = commands.add_parser("gemm", parents=[shared], help="float32 matrix products")
    gemm.add_argument("--rounds", type=int, default=7)
    gemm.add_argument("--threads", type=counts, default=[1, 2])
    gemm.set_defaults(compare=compare_gemm, unit="GFLOP/s")
    train = commands.add_parser("train", parents=[shared], help="training steps and peak memory")
    train.add_argument("--rounds", type=int, default=3)
    train.add_argument("--steps", type=int, default=1, help="training steps in one measurement")
    train.add_argument("--variants", type=names, default=["topk"])
    train.add_argument("--libraries", type=names, default=list(LIBRARIES))
    train.set_defaults(compare=compare_train, unit="tokens/s, one full training step")
    encode = commands.add_parser("encode", parents=[shared], help="the encoder alone")
    encode.add_argument("--rounds", type=int, default=7)
    encode.set_defaults(compare=compare_encode, unit="tokens/s, product and selection")

    lab = pathlib.Path(os.environ.get("SAE_LAB", HERE.parent.parent.parent / "shared" / "lab"))
    harvest = commands.add_parser("harvest", parents=[shared], help="a language model to a layer")
    harvest.add_argument("--rounds", type=int, default=5)
    harvest.add_argument("--model", type=pathlib.Path, default=lab / "model")
    harvest.add_argument("--tokens", type=pathlib.Path, default=lab / "tokens" / "med_dev.npy")
    harvest.add_argument("--layer", type=int, default=4)
    harvest.add_argument("--sequences", type=int, default=16, help="ours runs at a time")
    harvest.add_argument("--pieces", type=int, default=64, help="sequences in one measurement")
    harvest.set_defaults(compare=compare_harvest, unit="tokens/s, sequences of 255 tokens and one")

    tokenize = commands.add_parser("tokenize", parents=[shared], help="texts to tokens")
    tokenize.add_argument("--rounds", type=int, default=7)
    tokenize.add_argument("--model", type=pathlib.Path, default=lab / "model")
    tokenize.add_argument("--tokens", type=pathlib.Path, default=lab / "tokens" / "med_dev.npy")
    tokenize.add_argument("--threads", type=counts, default=[1, 2])
    tokenize.set_defaults(compare=compare_tokenize, unit="tokens/s, texts already in memory")

    options = parser.parse_args()
    for name, known in (("variants", VARIANTS), ("libraries", LIBRARIES)):
        for value in getattr(options, name, []):
            if value not in known:
                parser.error(f"--{name}: {value!r} is none of {', '.join(known)}")
    if options.rounds < 1:
        parser.error("--rounds: expected at least 1")
    return options


def main() -> None:
    options = parse()
    comparison = Comparison(options)
    facts = comparison.facts()
    header, *rows = options.compare(comparison, options, facts)
    bullet = "- " if options.markdown else ""
    print("\n".join(bullet + line for line in tables.circumstances(facts)))
    print(f"{bullet}figures: {options.unit}, medians of {options.rounds} alternated rounds\n")
    print(tables.render(header, rows, options.markdown))
    for reason, what in comparison.missing.items():
        print(f"\n{bullet}not measured: {', '.join(what)}: {reason}")


if __name__ == "__main__":
    main()
