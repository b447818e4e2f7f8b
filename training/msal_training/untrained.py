"""Seeded untrained networks with realistic scores: `python -m msal_training.untrained tiny out/tiny.onnx`.

For tests and benchmarks. Batch norm statistics are set on seeded pictures of flat rectangles, then the class head is
scaled so that a few anchors score above one half, as on a real picture.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor

from .export import export_onnx, largest_difference
from .manifest import write_manifest
from .model import MODEL_SIZES, Detector, ModelSize, batch_norms

LOGIT_MEAN = -5.5
LOGIT_DEVIATION = 1.3


def rectangles(count: int, side: int, seed: int) -> Tensor:
    """Normalised pictures [count, 3, side, side] of a dozen flat rectangles on a flat ground, with noise."""
    random = torch.Generator().manual_seed(seed)
    pictures = 0.5 * torch.randn(count, 3, 1, 1, generator=random).expand(count, 3, side, side)
    pictures = pictures.clone()
    for picture in pictures:
        for _ in range(12):
            x, y = (torch.rand(2, generator=random) * side * 0.9).int().tolist()
            width, height = (torch.rand(2, generator=random) * side * 0.3 + 8).int().tolist()
            picture[:, y : y + height, x : x + width] = torch.randn(3, 1, 1, generator=random)
    return pictures + 0.1 * torch.randn(pictures.shape, generator=random)


@torch.no_grad()
def untrained_detector(size: ModelSize, seed: int) -> Detector:
    torch.manual_seed(seed)
    model = Detector(size)
    pictures = rectangles(12, size.input_size, seed)
    norms = batch_norms(model)
    for norm in norms:
        norm.momentum = None
    model.eval()
    for norm in norms:  # only these: random depth would spoil the statistics
        norm.train()
    model(pictures)
    model.eval()
    logits = torch.cat([level.flatten() for level in model(pictures)[0]])
    predict = model.class_net.predict.conv_pw
    scale = LOGIT_DEVIATION / logits.std()
    predict.bias.copy_((predict.bias - logits.mean()) * scale + LOGIT_MEAN)
    predict.weight.mul_(scale)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", choices=sorted(MODEL_SIZES))
    parser.add_argument("onnx", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    size = MODEL_SIZES[arguments.size]
    model = untrained_detector(size, arguments.seed)
    reference = export_onnx(model, arguments.onnx)
    difference = largest_difference(reference, arguments.onnx, rectangles(3, size.input_size, arguments.seed + 1))
    if difference > 1e-4:
        raise SystemExit(f"{arguments.onnx} differs from PyTorch by {difference:.2e}, more than 1e-4")
    provenance = {"recipe": "untrained", "seed": arguments.seed, "largestDifferenceFromPytorch": difference}
    write_manifest(arguments.onnx, model, ["rgb"], provenance)
    print(f"{arguments.onnx}: {arguments.onnx.stat().st_size} bytes, differs from PyTorch by {difference:.1e}")


if __name__ == "__main__":
    main()
