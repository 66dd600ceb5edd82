"""Opens what `sae` writes with the packages that the layouts belong to, and compares outputs.

Every architecture that `sae train` knows is trained for some steps, and converted to every layout that
can hold it. For each, our latents (`sae encode`) are compared with those of the peer's own class: the
same support, values and reconstruction to 1e-5 of the largest. Three more are written by SAELens and sparsify, converted by us, and opened again.
"""

import importlib.metadata
import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import torch
from safetensors.numpy import load_file, save_file

warnings.filterwarnings("ignore")

TOLERANCE = 1e-5
WIDTH, LATENTS, K, TOKENS = 64, 256, 8, 4096


class Sae:
    """Our command."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __call__(self, *arguments: object) -> str:
        done = subprocess.run(
            [self.path, *map(str, arguments)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"sae {' '.join(map(str, arguments))}: {done.stderr.strip()}")
        return done.stdout

    def latents(self, sae: pathlib.Path, activations: pathlib.Path, out: pathlib.Path) -> np.ndarray:
        self("encode", "--sae", sae, "--activations", activations, "--out", out)
        file = load_file(out)
        dense = np.zeros(tuple(file["shape"]), np.float32)
        rows = np.repeat(np.arange(dense.shape[0]), np.diff(file["row_offsets"]))
        dense[rows, file["indices"]] = file["values"]
        out.unlink()
        return dense


def synthetic(seed: int) -> np.ndarray:
    """Sums of few directions with noise, away from a mean of zero."""
    random = np.random.default_rng(seed)
    directions = random.normal(size=(2 * WIDTH, WIDTH))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    active = random.random((TOKENS, 2 * WIDTH)) < 6 / (2 * WIDTH)
    code = active * random.exponential(size=active.shape)
    noise = 0.02 * random.normal(size=(TOKENS, WIDTH))
    return (3 * (code @ directions + noise + 0.3)).astype(np.float32)


def saelens(path: pathlib.Path, x: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    from sae_lens import SAE

    sae = SAE.load_from_disk(str(path), device="cpu")
    with torch.no_grad():
        z = sae.encode(x)
        return z.numpy(), sae.decode(z).numpy()


def gemma_scope(path: pathlib.Path, x: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """SAELens' loader takes its files from a hub; what it does with the arrays is this."""
    from sae_lens import JumpReLUSAE, JumpReLUSAEConfig

    arrays = np.load(path / "params.npz")
    width, latents = arrays["W_enc"].shape
    sae = JumpReLUSAE(
        JumpReLUSAEConfig(d_in=width, d_sae=latents, apply_b_dec_to_input=False, device="cpu")
    )
    sae.load_state_dict({name: torch.from_numpy(arrays[name]) for name in arrays.files})
    with torch.no_grad():
        z = sae.encode(x)
        return z.numpy(), sae.decode(z).numpy()


def sparsify(path: pathlib.Path, x: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    from sparsify import SparseCoder

    sae = SparseCoder.load_from_disk(str(path), device="cpu")
    with torch.no_grad():
        found = sae.encode(x)
        dense = torch.zeros(x.shape[0], sae.num_latents)
        dense.scatter_(1, found.top_indices, found.top_acts)
        # Its decoder is a sum of rows; the fused kernel beside it needs a GPU.
        return dense.numpy(), (dense @ sae.W_dec + sae.b_dec).numpy()


PEERS = {"saelens": saelens, "gemma-scope": gemma_scope, "sparsify": sparsify}


def differences(ours: np.ndarray, theirs: np.ndarray, recon: np.ndarray) -> tuple[int, float, float]:
    """Entries of the support that differ, and the largest differences relative to the largest value."""
    z, y = theirs
    support = int(((ours != 0) != (z != 0)).sum())
    both = (ours != 0) & (z != 0)
    value = float(np.abs(ours - z)[both].max() / np.abs(z).max()) if both.any() else 0.0
    return support, value, float(np.abs(recon - y).max() / np.abs(y).max())


def decoded(path: pathlib.Path, latents: np.ndarray) -> np.ndarray:
    """Our latents through the decoder of the directory that they were made with, in float64."""
    if (path / "params.npz").exists():
        weights = dict(np.load(path / "params.npz"))
    else:
        weights = load_file(next(path.glob("*.safetensors")))
        if json.loads((path / "cfg.json").read_text()).get("rescale_acts_by_decoder_norm"):
            latents = latents / np.linalg.norm(weights["W_dec"], axis=1)
    return latents.astype(np.float64) @ weights["W_dec"] + weights["b_dec"]


def main() -> int:
    sae = Sae(sys.argv[1])
    for package in ("sae-lens", "eai-sparsify", "torch", "safetensors", "numpy"):
        print(f"{package} {importlib.metadata.version(package)}")
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        activations = folder / "activations.safetensors"
        x = synthetic(0)
        save_file({"activations": x}, activations)
        tensor = torch.from_numpy(x)
        directories = {}
        for architecture in ("topk", "batchtopk", "matryoshka", "jumprelu", "gated", "relu"):
            out = folder / architecture
            sae("train", "--activations", activations, "--out", out, "--latents", LATENTS, "--k", K,
                "--steps", 200, "--batch", 512, "--lr", "3e-3", "--architecture", architecture)
            directories[architecture] = out
        directories.update(written_by_peers(folder))
        print(f"{'written by, layout':34}{'L0':>8}{'support':>10}{'latents':>11}{'reconstruction':>17}")
        for architecture, source in directories.items():
            for layout, peer in PEERS.items():
                out = folder / f"{architecture}-{layout}"
                try:
                    sae("convert", source, out, "--to", layout)
                except RuntimeError as error:
                    if "cannot hold" not in str(error):
                        raise
                    continue
                ours = sae.latents(out, activations, folder / "latents.safetensors")
                support, value, recon = differences(ours, peer(out, tensor), decoded(out, ours))
                good = support == 0 and value <= TOLERANCE and recon <= TOLERANCE
                failures += not good
                print(f"{architecture + ', ' + layout:34}{(ours != 0).sum(1).mean():8.2f}{support:10}"
                      f"{value:11.1e}{recon:17.1e}{'' if good else '  differs'}")
    print(f"{failures} of them differ" if failures else "all agree")
    return 1 if failures else 0


def written_by_peers(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """Autoencoders of random weights that SAELens and sparsify save themselves."""
    from sae_lens import StandardSAE, StandardSAEConfig, TopKSAE, TopKSAEConfig
    from sparsify import SparseCoder, SparseCoderConfig

    torch.manual_seed(0)
    common = {"d_in": WIDTH, "d_sae": LATENTS, "device": "cpu"}
    coder = SparseCoder(WIDTH, SparseCoderConfig(num_latents=LATENTS, k=K), device="cpu")
    written = {
        "by SAELens, standard": StandardSAE(StandardSAEConfig(**common)),
        "by SAELens, topk": TopKSAE(TopKSAEConfig(k=K, **common)),
    }
    for autoencoder in [*written.values(), coder]:
        with torch.no_grad():
            for parameter in autoencoder.parameters():
                parameter.copy_(torch.randn_like(parameter) / WIDTH**0.5)
    paths = {}
    for index, (label, autoencoder) in enumerate(written.items()):
        paths[label] = folder / f"peer{index}"
        autoencoder.save_model(str(paths[label]))
    paths["by sparsify, topk"] = folder / "sparsify"
    coder.save_to_disk(str(paths["by sparsify, topk"]))
    return paths


if __name__ == "__main__":
    sys.exit(main())
