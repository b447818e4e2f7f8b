"""Imports EfficientDet checkpoints of other programs: `python -m msal_training.convert zylo117 weights.pth imported.pt`.

- `zylo117`: state dicts of github.com/zylo117/Yet-Another-EfficientDet-Pytorch, which the study used. Same architecture,
  other names, and one difference in arithmetic: its max pooling pads with zeros where TensorFlow and effdet pad with −∞.
- `effdet`: state dicts of the PyPI package effdet (`tf_efficientdet_d0`… layout).

The result is a checkpoint that `train --parent`, `evaluate` and `release` read.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import torch
from torch import Tensor

from .checkpoint import save_checkpoint
from .classes import CLASSES
from .config import STUDY
from .model import MODEL_SIZES, Detector

#: zylo117's BiFPN nodes in effdet's order of nodes: (convolution, fusion weights).
NODES = (
    ("conv6_up", "p6_w1"),
    ("conv5_up", "p5_w1"),
    ("conv4_up", "p4_w1"),
    ("conv3_up", "p3_w1"),
    ("conv4_down", "p4_w2"),
    ("conv5_down", "p5_w2"),
    ("conv6_down", "p6_w2"),
    ("conv7_down", "p7_w2"),
)
#: zylo117's channel reductions of the backbone's maps → (effdet node, backbone map).
REDUCTIONS = {
    "p5_down_channel": (1, 2),
    "p4_down_channel": (2, 1),
    "p3_down_channel": (3, 0),
    "p4_down_channel_2": (4, 1),
    "p5_down_channel_2": (5, 2),
}
SEPARABLE = {"depthwise_conv.conv": "conv_dw", "pointwise_conv.conv": "conv_pw", "bn": "bn"}
EXPANDED_BLOCK = {
    "_expand_conv.conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv.conv": "conv_dw",
    "_bn1": "bn2",
    "_se_reduce.conv": "se.conv_reduce",
    "_se_expand.conv": "se.conv_expand",
    "_project_conv.conv": "conv_pwl",
    "_bn2": "bn3",
}
FIRST_STAGE_BLOCK = {**EXPANDED_BLOCK, "_bn1": "bn1", "_project_conv.conv": "conv_pw", "_bn2": "bn2"}


class CheckpointError(Exception):
    """A checkpoint does not fit; the message names the first entries that do not."""


def zylo117_prefixes(model: Detector) -> dict[str, str]:
    """zylo117's module names → effdet's, for every module that holds weights."""
    prefixes = {"backbone_net.model._conv_stem.conv": "backbone.conv_stem", "backbone_net.model._bn0": "backbone.bn1"}
    index = 0
    for stage_index, stage in enumerate(model.backbone.blocks):
        names = FIRST_STAGE_BLOCK if stage_index == 0 else EXPANDED_BLOCK
        for block_index in range(len(stage)):
            for theirs, ours in names.items():
                prefixes[f"backbone_net.model._blocks.{index}.{theirs}"] = f"backbone.blocks.{stage_index}.{block_index}.{ours}"
            index += 1
    prefixes["bifpn.0.p5_to_p6.0.conv"] = "fpn.resample.3.conv.conv"
    prefixes["bifpn.0.p5_to_p6.1"] = "fpn.resample.3.conv.bn"
    for name, (node, level) in REDUCTIONS.items():
        target = f"fpn.cell.0.fnode.{node}.combine.resample.{level}.conv"
        prefixes[f"bifpn.0.{name}.0.conv"] = f"{target}.conv"
        prefixes[f"bifpn.0.{name}.1"] = f"{target}.bn"
    for cell in range(len(model.fpn.cell)):
        for node, (convolution, _) in enumerate(NODES):
            for theirs, ours in SEPARABLE.items():
                prefixes[f"bifpn.{cell}.{convolution}.{theirs}"] = f"fpn.cell.{cell}.fnode.{node}.after_combine.conv.{ours}"
    for theirs_head, our_head in (("regressor", "box_net"), ("classifier", "class_net")):
        repeats = model.config.box_class_repeats
        for theirs, ours in SEPARABLE.items():
            for repeat in range(repeats):
                prefixes[f"{theirs_head}.conv_list.{repeat}.{theirs}"] = f"{our_head}.conv_rep.{repeat}.{ours}"
            prefixes[f"{theirs_head}.header.{theirs}"] = f"{our_head}.predict.{ours}"
        for level in range(model.config.num_levels):
            for repeat in range(repeats):
                prefixes[f"{theirs_head}.bn_list.{level}.{repeat}"] = f"{our_head}.bn_rep.{repeat}.{level}.bn"
    return prefixes


def zylo117_names(model: Detector) -> dict[str, str]:
    """effdet's state dict names → zylo117's."""
    ours_to_theirs = {ours: theirs for theirs, ours in zylo117_prefixes(model).items()}
    names = {}
    for name in model.state_dict():
        fusion = re.fullmatch(r"fpn\.cell\.(\d+)\.fnode\.(\d+)\.combine\.edge_weights", name)
        if fusion:
            names[name] = f"bifpn.{fusion[1]}.{NODES[int(fusion[2])][1]}"
        else:
            module, _, leaf = name.rpartition(".")
            names[name] = f"{ours_to_theirs[module]}.{leaf}"
    return names


def load_zylo117(model: Detector, weights: dict[str, Tensor]) -> None:
    """Fills `model` from a zylo117 state dict and gives it that program's max pooling."""
    names = zylo117_names(model)
    load_checked(model, {ours: weights[theirs] for ours, theirs in names.items() if theirs in weights}, names)
    model.pad_pooling_with_zeros()


def load_effdet(model: Detector, weights: dict[str, Tensor]) -> None:
    """Fills `model` from an effdet state dict (also one wrapped by effdet's benches)."""
    plain = {name.removeprefix("model."): value for name, value in weights.items()}
    names = {name: name for name in model.state_dict()}
    load_checked(model, {name: plain[name] for name in names if name in plain}, names)


def load_checked(model: Detector, weights: dict[str, Tensor], names: dict[str, str]) -> None:
    expected = model.state_dict()
    missing = [names[name] for name in expected if name not in weights and not name.endswith("num_batches_tracked")]
    if missing:
        raise CheckpointError(f"the checkpoint lacks {len(missing)} entries of {model.size.name}, first {missing[:3]}")
    for name, value in weights.items():
        if value.shape != expected[name].shape:
            raise CheckpointError(
                f"{names[name]} has the shape {tuple(value.shape)}, {model.size.name} with {model.config.num_classes} "
                f"classes needs {tuple(expected[name].shape)}"
            )
    model.load_state_dict(weights, strict=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("zylo117", "effdet"))
    parser.add_argument("source", type=Path, help="PyTorch file with a state dict (nothing else is unpickled)")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--size", choices=sorted(MODEL_SIZES), default="d0")
    arguments = parser.parse_args()
    document = torch.load(arguments.source, map_location="cpu", weights_only=True)
    weights = document.get("state_dict", document.get("model", document))
    model = Detector(MODEL_SIZES[arguments.size], len(CLASSES)).eval()
    try:
        {"zylo117": load_zylo117, "effdet": load_effdet}[arguments.kind](model, weights)
    except CheckpointError as error:
        raise SystemExit(f"{arguments.source}: {error}")
    state = {"weights": model.state_dict(), "averaged": None, "step": 0, "pictures": 0, "seconds": 0.0}
    save_checkpoint(arguments.checkpoint, model, STUDY.changed(size=arguments.size), state)


if __name__ == "__main__":
    main()
