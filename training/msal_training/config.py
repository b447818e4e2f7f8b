"""Training recipes.

`study` is the recipe of the study behind this project. It assumes a GPU and pretrained weights. `quick` and
`quick-finetune` train the shipped models on two CPU cores in little time: their schedules follow the clock.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from .augment import NO_AUGMENTATION, Augmentation
from .losses import LossWeights


@dataclass(frozen=True)
class Stage:
    """A part of a training run.

    share: of the whole run. side: input side in pixels. batch: pictures per step, over all processes.
    """

    share: float
    side: int
    batch: int
    augmentation: Augmentation


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    epochs: length of the run, unless `minutes` (of training time on this machine) is set; a run measured in minutes is
    resumable but depends on the machine's speed. schedule: "step" divides the learning rate by ten after each third of
    the run; "cosine" anneals it to one hundredth. backbone_rate: factor on the learning rate of the backbone.
    frozen_stages: the first stages of the backbone (stem included) that are not trained. fold_backbone: batch norms of
    the backbone are folded into its convolutions before training (only sensible from pretrained weights).
    frozen_norms: batch norms keep their statistics, so that training computes what the finished network does; for a parent
    whose statistics are good, and for batches too small to have their own. initial: "random" or "lite0". anchor_scale: side of the smallest anchor in strides of its level; 4 is EfficientDet's,
    smaller fits smaller objects. ema: decay of the averaged weights that are evaluated and exported; 0 means none.
    """

    name: str
    stages: tuple[Stage, ...]
    epochs: int = 30
    minutes: float | None = None
    size: str = "d0"
    optimizer: str = "adamw"
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    schedule: str = "cosine"
    warmup_share: float = 0.03
    backbone_rate: float = 1.0
    frozen_stages: int = 0
    fold_backbone: bool = False
    frozen_norms: bool = False
    initial: str = "random"
    prior: float = 0.01
    ema: float = 0.0
    gradient_clip: float = 10.0
    norm_momentum: float = 0.01
    drop_path: float = 0.2
    best_anchors: int = 5
    anchor_scale: float = 4.0
    loss: LossWeights = field(default_factory=LossWeights)
    seed: int = 1

    def changed(self, **changes: object) -> "Recipe":
        return dataclasses.replace(self, **changes)


STUDY = Recipe(
    name="study",
    stages=(Stage(1.0, 512, 8, Augmentation(zoom=1.0, gain=0.0, offset=0.0, gamma=0.0, grey=0.0)),),
    epochs=30,
    optimizer="adam",
    learning_rate=1e-3,
    weight_decay=0.0,
    schedule="step",
    warmup_share=0.0,
    gradient_clip=0.0,
)

QUICK = Recipe(
    name="quick",
    stages=(
        Stage(0.62, 256, 8, Augmentation(crop=True)),
        Stage(0.38, 512, 4, Augmentation(crop=False)),
    ),
    minutes=60,
    learning_rate=1.5e-3,
    backbone_rate=0.15,
    frozen_stages=3,
    fold_backbone=True,
    initial="lite0",
    ema=0.99,
    norm_momentum=0.03,
    drop_path=0.0,
    anchor_scale=2.0,
)

QUICK_FINETUNE = QUICK.changed(
    name="quick-finetune",
    stages=(Stage(1.0, 512, 4, Augmentation(crop=False)),),
    minutes=6,
    learning_rate=4e-4,
    warmup_share=0.05,
    ema=0.98,
)

#: Goes on from released networks (`--parent ../models/*.onnx`).
QUICK_CONTINUE = QUICK.changed(
    name="quick-continue",
    stages=(
        Stage(0.55, 256, 8, Augmentation(crop=True)),
        Stage(0.45, 512, 4, Augmentation(crop=False)),
    ),
    frozen_norms=True,
    learning_rate=8e-4,
    ema=0.995,
)

QUICK_CONTINUE_FINETUNE = QUICK_FINETUNE.changed(name="quick-continue-finetune", frozen_norms=True, learning_rate=2e-4)

SMOKE = Recipe(
    name="smoke",
    stages=(
        Stage(0.5, 128, 4, Augmentation(letterbox_side=256, crop=True)),
        Stage(0.5, 128, 4, NO_AUGMENTATION),
    ),
    epochs=2,
    size="tiny",
    ema=0.9,
    drop_path=0.0,
)

RECIPES = {recipe.name: recipe for recipe in (STUDY, QUICK, QUICK_FINETUNE, QUICK_CONTINUE, QUICK_CONTINUE_FINETUNE, SMOKE)}
