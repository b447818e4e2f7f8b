"""Grad-CAM by automatic differentiation on a tiny seeded class head: `python -m msal_training.gradcam_reference <file.json>`.

A reference for the closed form in `src/perception/gradCam.ts`. For some (level, anchor, cell, class) of a head with random weights and
random features it records, with F the head features [C, h, w] and s the class probability:

    alpha[i] = 1/(w·h) Σ_u Σ_v ∂s/∂F[i, v, u]            (study, equation 2)
    usual[v][u] = ReLU(Σ_i alpha[i] F[i, v, u])          (Grad-CAM)
    study[v][u] = Σ_i ReLU(alpha[i] F[i, v, u])          (study, equation 1)
    signed[v][u] = Σ_i alpha[i] F[i, v, u]               (without the ReLU)

Cells in corners and on borders are included: there, taps of the depthwise kernel fall outside the map.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from effdet.efficientdet import SeparableConv2d
from torch import Tensor

CHANNELS, ANCHORS, CLASS_COUNT = 6, 9, 9
#: (height, width, row, column, anchor, class): corners, borders, the inside, and a map of a single cell.
CASES = (
    (4, 5, 0, 0, 0, 0),
    (4, 5, 3, 4, 8, 8),
    (4, 5, 0, 2, 4, 3),
    (4, 5, 2, 2, 2, 7),
    (4, 5, 3, 1, 6, 1),
    (1, 1, 0, 0, 5, 4),
    (2, 2, 1, 0, 3, 2),
)


def rounded(values: Tensor) -> list:
    return json.loads(json.dumps(values.tolist()), parse_float=lambda text: float(f"{float(text):.9g}"))


def head(seed: int) -> SeparableConv2d:
    """A last separable convolution of a class head, in float64, with random weights."""
    random = torch.Generator().manual_seed(seed)
    layer = SeparableConv2d(CHANNELS, ANCHORS * CLASS_COUNT, bias=True, norm_layer=None, act_layer=None, padding="same")
    with torch.no_grad():
        for parameter in layer.parameters():
            # Rounded to float32, so that the file holds the weights exactly enough.
            parameter.copy_(torch.randn(parameter.shape, generator=random) * 0.5)
    return layer.double()


def case(layer: SeparableConv2d, seed: int, height: int, width: int, row: int, column: int, anchor: int, index: int) -> dict:
    random = torch.Generator().manual_seed(seed)
    features = torch.randn(1, CHANNELS, height, width, generator=random).double().requires_grad_(True)
    score = layer(features)[0, anchor * CLASS_COUNT + index, row, column].sigmoid()
    (gradient,) = torch.autograd.grad(score, features)
    alpha = gradient[0].mean((1, 2))
    weighted = alpha[:, None, None] * features.detach()[0]
    return {
        "height": height,
        "width": width,
        "row": row,
        "column": column,
        "anchor": anchor,
        "class": index,
        "score": score.item(),
        "features": rounded(features.detach()[0]),
        "alpha": rounded(alpha),
        "usual": rounded(weighted.sum(0).relu()),
        "study": rounded(weighted.relu().sum(0)),
        "signed": rounded(weighted.sum(0)),
    }


def reference(seed: int = 1) -> dict:
    layer = head(seed)
    return {
        "comment": "Written by training/msal_training/gradcam_reference.py with PyTorch's automatic differentiation, float64",
        "seed": seed,
        "classCount": CLASS_COUNT,
        "depthwise": rounded(layer.conv_dw.weight.detach()[:, 0]),
        "pointwise": rounded(layer.conv_pw.weight.detach()[:, :, 0, 0]),
        "pointwiseBias": rounded(layer.conv_pw.bias.detach()),
        "cases": [case(layer, seed + 1 + number, *entry) for number, entry in enumerate(CASES)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(reference()) + "\n")


if __name__ == "__main__":
    main()
