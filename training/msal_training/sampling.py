"""Which pictures a training step sees: a pure function of seed and step, so that a resumed run continues exactly."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .augment import training_sample
from .config import Stage
from .data import Split
from .losses import AnchorLabeler, Labels


class BatchSource:
    """Batches drawn from several splits (one per spectrum; a spectrum named twice is drawn twice as often) in turn."""

    def __init__(self, splits: list[Split], seed: int):
        self.splits = splits
        self.seed = seed
        self.epoch_length = sum(len(split) for split in splits)

    def batch(
        self, step: int, stage: Stage, labeler: AnchorLabeler, rank: int, ranks: int
    ) -> tuple[Tensor, Labels]:
        """(inputs [batch/ranks, 3, S, S] in channels-last memory, labels) of this process."""
        images, targets = [], []
        for position in range(rank, stage.batch, ranks):
            drawn = step * stage.batch + position
            turn = drawn % len(self.splits)
            split = self.splits[turn]
            random = np.random.default_rng((self.seed, drawn))
            image, target = training_sample(
                split[self._index(turn, drawn // len(self.splits))], stage.side, stage.augmentation, random
            )
            images.append(image)
            targets.append(target)
        return torch.stack(images).contiguous(memory_format=torch.channels_last), labeler.batch(targets)

    def _index(self, turn: int, drawn: int) -> int:
        """Goes through the split in a new random order every epoch."""
        split = self.splits[turn]
        epoch, position = divmod(drawn, len(split))
        key = (split.spectrum, epoch)
        if getattr(split, "order_key", None) != key:
            seed = (self.seed, epoch, sum(split.spectrum.encode()), turn)
            split.order, split.order_key = np.random.default_rng(seed).permutation(len(split)), key
        return int(split.order[position])
