"""Network outputs → boxes, as the runtime in `src/detector` does it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from effdet.anchors import decode_box_outputs
from torch import Tensor
from torchvision.ops import batched_nms

from .classes import CLASSES
from .losses import flatten_levels


@dataclass(frozen=True)
class Detections:
    """boxes float32 [D, 4] (x1 y1 x2 y2 in input pixels), scores [D] in [0, 1] descending, classes int64 [D]."""

    boxes: Tensor
    scores: Tensor
    classes: Tensor


def detections_of(
    class_levels: list[Tensor],
    box_levels: list[Tensor],
    anchors: Tensor,
    score_threshold: float = 0.01,
    iou_threshold: float = 0.5,
    candidates: int = 2000,
    limit: int = 100,
) -> list[Detections]:
    """Decodes a batch: every (anchor, class) above the threshold is a candidate; non-maximum suppression per class."""
    scores = flatten_levels(class_levels, len(CLASSES)).float().sigmoid()
    codes = flatten_levels(box_levels, 4).float()
    results = []
    for picture_scores, picture_codes in zip(scores, codes):
        flat = picture_scores.flatten()
        values, positions = flat.topk(min(candidates, len(flat)))
        positions = positions[values >= score_threshold]
        values = values[values >= score_threshold]
        rows, classes = positions // len(CLASSES), positions % len(CLASSES)
        boxes = decode_box_outputs(picture_codes[rows], anchors[rows], output_xyxy=True)
        kept = batched_nms(boxes, values, classes, iou_threshold)[:limit]
        results.append(Detections(boxes[kept], values[kept], classes[kept]))
    return results
