"""One training step of each peer, as its own trainer takes it.

The modules of a peer are imported only when that peer is asked for: a process that measures one
library should not carry the memory of the others, and a missing library should not stop the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import torch
from torch import Tensor

# Long enough that no library's warm-up or decay is over before the measurement is.
SCHEDULED_STEPS = 100_000

# Nested prefixes as shares of the latents: 1/16, 1/8, 1/4, 1/2 and all of them.
MATRYOSHKA_PREFIXES = (16, 8, 4, 2, 1)


class Unavailable(Exception):
    """A library that is not installed, or that does not train the variant asked for."""


@dataclass(frozen=True)
class Setting:
    """What is trained: sizes, the variant and whose code."""

    library: str
    variant: str
    width: int
    latents: int
    k: int
    batch: int


class Trainer(Protocol):
    """A library's training state."""

    def step(self, batch: Tensor) -> None:
        """Takes one full step: forward, backward, clipping where the library clips, Adam."""

    def encode(self, batch: Tensor) -> Tensor:
        """The latents of a batch, in any layout whose non-zero entries are the active ones."""


def make_trainer(setting: Setting) -> Trainer:
    """Builds the trainer of ``setting.library``; raises ``Unavailable`` where there is none."""
    makers = {
        "saelens": SAELensTrainer,
        "dictionary_learning": DictionaryLearningTrainer,
        "sparsify": SparsifyTrainer,
    }
    if setting.library not in makers:
        raise Unavailable(f"no library {setting.library!r}, expected one of {sorted(makers)}")
    # sparsify's own trainer sets "high"; the others leave the default alone.
    torch.set_float32_matmul_precision("high" if setting.library == "sparsify" else "highest")
    try:
        return makers[setting.library](setting)
    except ImportError as error:
        raise Unavailable(f"{setting.library} cannot be imported: {error}") from error


def _choose(setting: Setting, variants: dict[str, Any]) -> Any:
    if setting.variant not in variants:
        raise Unavailable(f"{setting.library} does not train {setting.variant!r}")
    return variants[setting.variant]


def _prefixes(latents: int) -> list[int]:
    return [latents // share for share in MATRYOSHKA_PREFIXES]


class SAELensTrainer:
    """SAELens: ``SAETrainer.step``, which its own ``fit`` calls once a batch."""

    def __init__(self, setting: Setting) -> None:
        from sae_lens import saes
        from sae_lens.config import LoggingConfig, SAETrainerConfig
        from sae_lens.training.sae_trainer import SAETrainer

        by_count = {"k": setting.k}
        config_class, sae_class, options = _choose(
            setting,
            {
                "topk": (saes.TopKTrainingSAEConfig, saes.TopKTrainingSAE, by_count),
                "batchtopk": (saes.BatchTopKTrainingSAEConfig, saes.BatchTopKTrainingSAE, by_count),
                "matryoshka": (
                    saes.MatryoshkaBatchTopKTrainingSAEConfig,
                    saes.MatryoshkaBatchTopKTrainingSAE,
                    by_count | {"matryoshka_widths": _prefixes(setting.latents)},
                ),
                "jumprelu": (saes.JumpReLUTrainingSAEConfig, saes.JumpReLUTrainingSAE, {}),
                "gated": (saes.GatedTrainingSAEConfig, saes.GatedTrainingSAE, {}),
                "relu": (saes.StandardTrainingSAEConfig, saes.StandardTrainingSAE, {}),
            },
        )
        self.sae = sae_class(config_class(d_in=setting.width, d_sae=setting.latents, **options))
        self.trainer = SAETrainer(
            cfg=SAETrainerConfig(
                total_training_samples=SCHEDULED_STEPS * setting.batch,
                train_batch_size_samples=setting.batch,
                lr_end=3e-4,
                logger=LoggingConfig(log_to_wandb=False),
            ),
            sae=self.sae,
            data_provider=iter(()),
        )

    def step(self, batch: Tensor) -> None:
        self.trainer.step(batch)
        self.trainer.n_training_steps += 1

    def encode(self, batch: Tensor) -> Tensor:
        return self.sae.encode(batch)


class DictionaryLearningTrainer:
    """dictionary_learning: ``update``, which its own ``trainSAE`` calls once a batch."""

    def __init__(self, setting: Setting) -> None:
        from dictionary_learning import trainers
        from dictionary_learning.trainers.matryoshka_batch_top_k import MatryoshkaBatchTopKTrainer

        by_count = {"k": setting.k}
        bounds = [0, *_prefixes(setting.latents)]
        groups = [(end - start) / setting.latents for start, end in pairwise(bounds)]
        trainer_class, options = _choose(
            setting,
            {
                "topk": (trainers.TopKTrainer, by_count),
                "batchtopk": (trainers.BatchTopKTrainer, by_count),
                "matryoshka": (MatryoshkaBatchTopKTrainer, by_count | {"group_fractions": groups}),
                "jumprelu": (trainers.JumpReluTrainer, {"target_l0": float(setting.k)}),
                "gated": (trainers.GatedSAETrainer, {}),
                "relu": (trainers.StandardTrainer, {}),
            },
        )
        self.trainer = trainer_class(
            steps=SCHEDULED_STEPS,
            activation_dim=setting.width,
            dict_size=setting.latents,
            layer=0,
            lm_name="synthetic",
            device="cpu",
            **options,
        )
        # At inference these two would use the running threshold, which is not set until step 1000.
        batch_selects = setting.variant in ("batchtopk", "matryoshka")
        self.encode_options = {"use_threshold": False} if batch_selects else {}
        self.steps_taken = 0

    def step(self, batch: Tensor) -> None:
        self.trainer.update(self.steps_taken, batch)
        self.steps_taken += 1

    def encode(self, batch: Tensor) -> Tensor:
        return self.trainer.ae.encode(batch, **self.encode_options)


class SparsifyTrainer:
    """sparsify: its ``SparseCoder`` and what its ``Trainer`` does with each batch.

    That trainer takes activations only from a language model's forward pass, so its steps are
    written out here, in its order and without the model: unit-norm decoder, forward, backward,
    projection of the decoder's gradient, Adam, schedule, counters.
    """

    def __init__(self, setting: Setting) -> None:
        from sparsify import SparseCoder, SparseCoderConfig
        from transformers import get_linear_schedule_with_warmup

        activation = _choose(setting, {"topk": "topk"})
        self.coder = SparseCoder(
            setting.width,
            SparseCoderConfig(activation=activation, num_latents=setting.latents, k=setting.k),
            dtype=torch.float32,
        )
        rate = 2e-4 / (setting.latents / 2**14) ** 0.5
        self.optimizer = torch.optim.Adam([{"params": self.coder.parameters(), "lr": rate}])
        self.schedule = get_linear_schedule_with_warmup(self.optimizer, 1000, SCHEDULED_STEPS)
        self.tokens_since_fired = torch.zeros(setting.latents, dtype=torch.long)
        self.has_bias = False

    def step(self, batch: Tensor) -> None:
        if not self.has_bias:
            self.coder.b_dec.data = batch.mean(0)
            self.has_bias = True
        self.coder.set_decoder_norm_to_unit_norm()
        total_variance = (batch - batch.mean(0)).pow(2).sum()
        output = self.coder(x=batch, y=batch, total_variance=total_variance)
        did_fire = torch.zeros_like(self.tokens_since_fired, dtype=torch.bool)
        did_fire[output.latent_indices.flatten()] = True
        (output.fvu + output.multi_topk_fvu / 8).backward()

        self.coder.remove_gradient_parallel_to_decoder_directions()
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.schedule.step()
        self.tokens_since_fired += len(batch)
        self.tokens_since_fired[did_fire] = 0

    def encode(self, batch: Tensor) -> Tensor:
        return self.coder.encode(batch).top_acts
