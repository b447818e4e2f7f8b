"""Anchor labels and the detection loss (focal + Huber, as in EfficientDet, arXiv:1911.09070, section 5.1)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as functional
from effdet.anchors import Anchors
from torch import Tensor

from .model import Detector

BACKGROUND = -1
IGNORED = -2


@dataclass(frozen=True)
class Labels:
    """Labels of the anchors of a batch.

    classes: int64 [N, K], class index, BACKGROUND, or IGNORED (takes no part in the loss).
    boxes: float32 [P, 4], regression targets (ty, tx, th, tw) of the P anchors that have a class, in row-major order.
    """

    classes: Tensor
    boxes: Tensor

    def to(self, device: torch.device) -> "Labels":
        return Labels(self.classes.to(device), self.boxes.to(device))


class AnchorLabeler:
    """Assigns objects to anchors for one input size.

    An anchor is positive for the object that it overlaps best if IoU ≥ 0.5; the `best_anchors` best anchors of every
    object are positive for it too (so that small objects teach from the start). IoU in [0.4, 0.5) is ignored, and so
    are anchors that lie mostly inside a region marked "ignore".
    """

    def __init__(self, model: Detector, side: int, best_anchors: int = 5, ignore_from: float = 0.4):
        config = model.config
        self.anchors = Anchors(
            config.min_level,
            config.max_level,
            config.num_scales,
            config.aspect_ratios,
            config.anchor_scale,
            (side, side),
        ).boxes
        self.best_anchors = best_anchors
        self.ignore_from = ignore_from

    def label(self, boxes: Tensor, classes: Tensor, ignored_boxes: Tensor) -> tuple[Tensor, Tensor]:
        """boxes [M, 4] (y1, x1, y2, x2 in input pixels), classes [M], ignored_boxes [I, 4] → classes [K], targets [P, 4]."""
        labels = torch.full((len(self.anchors),), BACKGROUND)
        if len(ignored_boxes) > 0:
            inside = intersections(ignored_boxes, self.anchors) / areas(self.anchors)
            labels[(inside > 0.5).any(0)] = IGNORED
        if len(boxes) == 0:
            return labels, torch.zeros(0, 4)
        overlaps = intersections(boxes, self.anchors)
        overlaps = overlaps / (areas(boxes)[:, None] + areas(self.anchors)[None] - overlaps)
        best_overlap, best_object = overlaps.max(0)
        labels[(best_overlap >= self.ignore_from) & (best_overlap < 0.5)] = IGNORED
        positive = best_overlap >= 0.5
        # Smaller objects last: where two want the same anchor, the one with fewer candidates keeps it.
        best_anchors = overlaps.topk(self.best_anchors, dim=1)
        for row in areas(boxes).argsort(descending=True).tolist():
            wanted = best_anchors.indices[row][best_anchors.values[row] > 0.1]
            best_object[wanted] = row
            positive[wanted] = True
        labels[positive] = classes[best_object[positive]]
        return labels, encode(boxes[best_object[positive]], self.anchors[positive])

    def batch(self, samples: list[tuple[Tensor, Tensor, Tensor]]) -> Labels:
        labelled = [self.label(*sample) for sample in samples]
        return Labels(torch.stack([labels for labels, _ in labelled]), torch.cat([targets for _, targets in labelled]))


def areas(boxes: Tensor) -> Tensor:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])


def intersections(a: Tensor, b: Tensor) -> Tensor:
    """Areas of overlap [len(a), len(b)] of boxes (y1, x1, y2, x2)."""
    top_left = torch.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    return (bottom_right - top_left).clamp_(min=0).prod(2)


def encode(boxes: Tensor, anchors: Tensor) -> Tensor:
    """(ty, tx, th, tw): centre offset in anchor sizes, logarithm of the size ratio; the inverse of effdet's decoding."""
    anchor_size = anchors[:, 2:] - anchors[:, :2]
    size = (boxes[:, 2:] - boxes[:, :2]).clamp(min=1e-3)
    offset = (boxes[:, :2] + boxes[:, 2:] - anchors[:, :2] - anchors[:, 2:]) / 2
    return torch.cat([offset / anchor_size, (size / anchor_size).log()], 1)


def flatten_levels(levels: list[Tensor], values: int) -> Tensor:
    """Per-level maps [N, A·values, h, w] → [N, K, values], in the anchors' order."""
    return torch.cat([level.permute(0, 2, 3, 1).reshape(len(level), -1, values) for level in levels], 1)


@dataclass(frozen=True)
class LossWeights:
    alpha: float = 0.25
    gamma: float = 1.5
    huber_delta: float = 0.1
    box: float = 50.0


def detection_loss(
    class_levels: list[Tensor], box_levels: list[Tensor], labels: Labels, weights: LossWeights, class_count: int
) -> tuple[Tensor, Tensor]:
    """(class loss, weighted box loss), both divided by the number of positive anchors of the batch plus one.

    Focal loss of an anchor and class: `−α_t (1−p_t)^γ log p_t`; Huber loss with threshold δ over the four targets.
    """
    logits = flatten_levels(class_levels, class_count).float()
    positive = labels.classes >= 0
    count = positive.sum() + 1.0
    # `−log(1−p)·p^γ` for every anchor and class; then the few positive entries are corrected. Writing it so keeps the
    # big tensors down to the three that the gradient needs.
    negative = functional.softplus(logits) * logits.sigmoid().pow(weights.gamma)
    negative = (1 - weights.alpha) * negative * (labels.classes != IGNORED).unsqueeze(-1)
    chosen = logits[positive].gather(1, labels.classes[positive].unsqueeze(1))
    as_negative = (1 - weights.alpha) * functional.softplus(chosen) * chosen.sigmoid().pow(weights.gamma)
    as_positive = weights.alpha * functional.softplus(-chosen) * (-chosen).sigmoid().pow(weights.gamma)
    class_loss = (negative.sum() + (as_positive - as_negative).sum()) / count
    errors = flatten_levels(box_levels, 4)[positive].float()
    box_loss = functional.huber_loss(errors, labels.boxes, reduction="sum", delta=weights.huber_delta)
    return class_loss, weights.box * box_loss / (4 * count)
