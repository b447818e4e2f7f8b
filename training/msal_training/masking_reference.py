"""SIDU and live RISE in NumPy, as a test reference:
`python -m msal_training.masking_reference ../test/fixtures/efficientdet-tiny.onnx ../test/fixtures/masking.json`.

An independent transcription of the study's equations 4 to 7, run on the ONNX model itself, one masked picture after the other,
with nothing composed and nothing approximated: full-size masks, boxes decoded one and all. Boxes are found again among the raw
boxes of the anchors that overlap the target most (an untrained network's stray too far otherwise). Live RISE cuts the model with
onnx.utils.extract_model at tensors that are named here.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnx.utils
import onnxruntime

WIDTH, HEIGHT = 128, 128
CONTENT_WIDTH, CONTENT_HEIGHT = 128, 96
CLASS_COUNT, LEVELS, ANCHOR_SCALE = 9, (3, 4, 5, 6, 7), 4.0
SCALES = (1.0, 2 ** (1 / 3), 2 ** (2 / 3))
ASPECTS = ((1.0, 1.0), (1.4, 0.7), (0.7, 1.4))
MEAN = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None]
STD = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]
BACKBONE_OUTPUTS = ("conv2d_14", "add_128", "conv2d_49")
SCORE_THRESHOLD, IOU_THRESHOLD, SUPPRESSION_IOU, CANDIDATES = 0.05, 0.5, 0.5, 512
SIGMA, BINARY_THRESHOLD = 0.25, 0.5
TARGET_COUNT, GRID, MASKS, PROBABILITY, SEED = 5, 5, 24, 0.5, 3
#: The maps are recorded at every so many pixels.
STEP = 7


def picture() -> np.ndarray:
    """[H, W, 3] uint8; black outside the content."""
    y, x, c = np.meshgrid(np.arange(CONTENT_HEIGHT), np.arange(CONTENT_WIDTH), np.arange(3), indexing="ij")
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[:CONTENT_HEIGHT, :CONTENT_WIDTH] = (3 * x + 5 * y + 40 * c + 60 * (((x >> 4) + (y >> 4)) & 1)) % 256
    return pixels


def normalised(pixels: np.ndarray) -> np.ndarray:
    """[3, H, W]; zero outside the content, whatever the pixels there."""
    planes = (pixels.transpose(2, 0, 1).astype(np.float32) / 255 - MEAN) / STD
    planes[:, CONTENT_HEIGHT:] = 0
    planes[:, :, CONTENT_WIDTH:] = 0
    return planes


def anchors() -> np.ndarray:
    """[count, 4]: centre y, x, height, width."""
    rows = []
    for level in LEVELS:
        stride = 2**level
        for row in range(HEIGHT // stride):
            for column in range(WIDTH // stride):
                for scale in SCALES:
                    for across, down in ASPECTS:
                        side = ANCHOR_SCALE * stride * scale
                        rows.append(((row + 0.5) * stride, (column + 0.5) * stride, side * down, side * across))
    return np.array(rows, np.float32)


ANCHORS = anchors()


def joined(levels: list[np.ndarray], depth: int) -> np.ndarray:
    return np.concatenate([level[0].transpose(1, 2, 0).reshape(-1, depth) for level in levels])


class Network:
    """An ONNX model whose outputs are fetched by name."""

    def __init__(self, path: str):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, outputs: list[str], **feeds: np.ndarray) -> list[np.ndarray]:
        return self.session.run(outputs, feeds)


def boxes_and_scores(network: Network, **feeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """All boxes [count, 4] (x1, y1, x2, y2, clipped to the content) and class probabilities [count, classes]."""
    names = [f"{kind}_{level}" for kind in ("class", "box") for level in LEVELS]
    values = network(names, **feeds)
    scores = 1 / (1 + np.exp(-joined(values[: len(LEVELS)], CLASS_COUNT).astype(np.float64)))
    ty, tx, th, tw = joined(values[len(LEVELS) :], 4).astype(np.float64).T
    y, x, h, w = ANCHORS.astype(np.float64).T
    centre_y, centre_x, height, width = ty * h + y, tx * w + x, np.exp(th) * h, np.exp(tw) * w
    boxes = np.stack(
        [
            np.clip(centre_x - width / 2, 0, CONTENT_WIDTH),
            np.clip(centre_y - height / 2, 0, CONTENT_HEIGHT),
            np.clip(centre_x + width / 2, 0, CONTENT_WIDTH),
            np.clip(centre_y + height / 2, 0, CONTENT_HEIGHT),
        ],
        1,
    )
    return boxes, scores


def overlap(boxes: np.ndarray, box: np.ndarray) -> np.ndarray:
    sides = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    shared = np.prod(np.maximum(sides, 0), 1)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], 1)
    return shared / (area + np.prod(box[2:] - box[:2]) - shared)


def suppressed(boxes: np.ndarray, scores: np.ndarray) -> list[int]:
    """Indices of the detections: greedy, class by class; the best thousand boxes are looked at."""
    best, classes = scores.max(1), scores.argmax(1)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], 1)
    kept: list[int] = []
    for i in np.argsort(-best, kind="stable")[:1000]:
        if best[i] < SCORE_THRESHOLD:
            break
        if not area[i] > 0:
            continue
        same = [j for j in kept if classes[j] == classes[i]]
        if not same or overlap(boxes[same], boxes[i]).max() <= SUPPRESSION_IOU:
            kept.append(int(i))
    return kept


def candidates(target: np.ndarray) -> np.ndarray:
    """The anchors whose own rectangles overlap the target most."""
    y, x, h, w = ANCHORS.astype(np.float64).T
    return np.argsort(-overlap(np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2], 1), target), kind="stable")[:CANDIDATES]


def found(boxes: np.ndarray, scores: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """IoU and class vector of the box that the study's rule chooses among the candidates; zeros where there is none."""
    near = candidates(target)
    with np.errstate(invalid="ignore"):
        overlaps = np.nan_to_num(overlap(boxes[near], target))
    eligible = (scores[near].max(1) >= SCORE_THRESHOLD) & (overlaps >= IOU_THRESHOLD)
    if not eligible.any():
        return 0.0, np.zeros(CLASS_COUNT)
    best = int(np.where(eligible, overlaps, -1).argmax())
    return float(overlaps[best]), scores[near[best]]


def upsampled(grid: np.ndarray, height: int, width: int, offset=(0, 0), size=None) -> np.ndarray:
    """Bilinear, pixel centres at half-integers, border repeated: the grid stretched to `size` and cut at `offset`."""
    tall, wide = size or (height, width)

    def taps(length: int, start: int, cells: int, total: int):
        position = np.clip((np.arange(length) + 0.5 + start) * cells / total - 0.5, 0, cells - 1)
        low = np.floor(position).astype(int)
        return low, np.minimum(low + 1, cells - 1), position - low

    y0, y1, fy = taps(height, offset[0], grid.shape[0], tall)
    x0, x1, fx = taps(width, offset[1], grid.shape[1], wide)
    down = grid[y0] * (1 - fy)[:, None] + grid[y1] * fy[:, None]
    return down[:, x0] * (1 - fx) + down[:, x1] * fx


def stretched(map_: np.ndarray) -> np.ndarray:
    low, high = map_.min(), map_.max()
    return (map_ - low) / (high - low) if high > low else np.zeros_like(map_)


def sidu(network: Network, targets: list[dict], shown: np.ndarray, ground: np.ndarray) -> list[dict]:
    """Equations 5 to 7 of every target, with both kinds of masks and both kinds of outputs."""
    features = dict(zip(LEVELS, network([f"head_{level}" for level in LEVELS], images=shown[None])))
    p_o = [found(*boxes_and_scores(network, images=shown[None]), np.array(target["box"]))[1] for target in targets]
    answers = []
    for kind in ("binary", "stretched"):
        for level in sorted({target["level"] for target in targets}):
            maps = features[level][0].astype(np.float64)
            cells = [(m > BINARY_THRESHOLD).astype(np.float64) if kind == "binary" else stretched(m) for m in maps]
            masks = [upsampled(cell, HEIGHT, WIDTH) for cell in cells]
            passes = []
            for mask in masks:
                images = (ground + mask * (shown - ground)).astype(np.float32)[None]
                passes.append(boxes_and_scores(network, images=images))
            for t, target in enumerate(targets):
                if target["level"] != level:
                    continue
                rows = [found(boxes, scores, np.array(target["box"])) for boxes, scores in passes]
                p = np.array([vector for _, vector in rows])
                for output in ("original", "class"):
                    chosen = slice(None) if output == "original" else slice(target["class"], target["class"] + 1)
                    q, q_o = p[:, chosen], p_o[t][chosen]
                    sd = np.exp(-np.linalg.norm(q_o - q, axis=1) / (2 * SIGMA**2))
                    u = np.array([np.linalg.norm(q_i - q, axis=1).sum() for q_i in q])
                    saliency = np.tensordot(sd * u, np.array(masks), 1)[:CONTENT_HEIGHT, :CONTENT_WIDTH]
                    answers.append(
                        {
                            "target": t,
                            "masks": kind,
                            "output": output,
                            "lost": sum(1 for iou, _ in rows if iou == 0),
                            "pUnmasked": q_o.tolist(),
                            "p": q.ravel().tolist(),
                            "sd": sd.tolist(),
                            "u": u.tolist(),
                            "map": saliency[::STEP, ::STEP].ravel().tolist(),
                        }
                    )
    return answers


def live(path: str, targets: list[dict], shown: np.ndarray, ground: np.ndarray) -> dict:
    """Equation 4 with masks on the backbone's output maps, blended into zero and into the maps of the fill picture."""
    outputs = [f"{kind}_{level}" for kind in ("class", "box") for level in LEVELS]
    with tempfile.TemporaryDirectory() as folder:
        backbone_path, rest_path = f"{folder}/backbone.onnx", f"{folder}/rest.onnx"
        onnx.utils.extract_model(path, backbone_path, ["images"], list(BACKBONE_OUTPUTS))
        onnx.utils.extract_model(path, rest_path, list(BACKBONE_OUTPUTS), outputs)
        backbone, rest = Network(backbone_path), Network(rest_path)
    maps = backbone(list(BACKBONE_OUTPUTS), images=shown[None])
    grounds = backbone(list(BACKBONE_OUTPUTS), images=ground[None])
    random = np.random.default_rng(SEED)
    cell = (-(-CONTENT_HEIGHT // GRID), -(-CONTENT_WIDTH // GRID))
    size = ((GRID + 1) * cell[0], (GRID + 1) * cell[1])
    grids = (random.random((MASKS, GRID, GRID)) < PROBABILITY).astype(np.float64)
    offsets = np.stack([random.integers(0, cell[0], MASKS), random.integers(0, cell[1], MASKS)], 1)
    masks = [upsampled(grid, HEIGHT, WIDTH, offset, size) for grid, offset in zip(grids, offsets)]
    answers = {}
    for name, fill in (("zero", [np.zeros_like(m) for m in maps]), ("fill", grounds)):
        scores = np.zeros((MASKS, len(targets)))
        ious = np.zeros((MASKS, len(targets)))
        for i, mask in enumerate(masks):
            whole = mask.copy()
            if name == "zero":
                whole[CONTENT_HEIGHT:] = 1
                whole[:, CONTENT_WIDTH:] = 1
            feeds = {}
            for tensor, feature, base in zip(BACKBONE_OUTPUTS, maps, fill):
                rows, columns = feature.shape[2:]
                mean = whole.reshape(rows, HEIGHT // rows, columns, WIDTH // columns).mean((1, 3))
                feeds[tensor] = (base + mean * (feature - base)).astype(np.float32)
            boxes, probabilities = boxes_and_scores(rest, **feeds)
            for t, target in enumerate(targets):
                ious[i, t], vector = found(boxes, probabilities, np.array(target["box"]))
                scores[i, t] = vector[target["class"]]
        saliency = np.tensordot(scores.T, np.array(masks), 1) / (PROBABILITY * MASKS)
        answers[name] = {
            "scores": scores.ravel().tolist(),
            "ious": ious.ravel().tolist(),
            "maps": saliency[:, :CONTENT_HEIGHT:STEP, :CONTENT_WIDTH:STEP].reshape(len(targets), -1).tolist(),
        }
    masking = {"grids": grids.astype(int).ravel().tolist(), "offsets": offsets.ravel().tolist(), "upsampled": list(size)}
    return {"count": MASKS, "cells": GRID, "probability": PROBABILITY, **masking, **answers}


def chosen_targets(network: Network, shown: np.ndarray) -> list[dict]:
    """The best detections that lie inside the picture and near their anchors, as a trained network's do."""
    boxes, scores = boxes_and_scores(network, images=shown[None])
    counts = np.cumsum([(HEIGHT >> level) * (WIDTH >> level) * 9 for level in LEVELS])
    targets = []
    for i in suppressed(boxes, scores):
        x1, y1, x2, y2 = boxes[i]
        level = LEVELS[int(np.searchsorted(counts, i, side="right"))]
        y, x, h, w = ANCHORS[i]
        apart = overlap(np.array([[x - w / 2, y - h / 2, x + w / 2, y + h / 2]]), boxes[i])[0] < 0.2
        near = i in candidates(boxes[i]) and not (apart and level == LEVELS[0])
        if near and x1 > 0 and y1 > 0 and x2 < CONTENT_WIDTH and y2 < CONTENT_HEIGHT:
            targets.append({"box": boxes[i].tolist(), "class": int(scores[i].argmax()), "level": level})
    # The best, and those of coarser levels.
    return targets[: TARGET_COUNT - 2] + [target for target in targets[TARGET_COUNT - 2 :] if target["level"] > LEVELS[0]][:2]


def reference(path: str) -> dict:
    network = Network(path)
    pixels = picture()
    shown, ground = normalised(pixels), normalised(np.zeros_like(pixels))
    targets = chosen_targets(network, shown)
    return {
        "comment": "Written by training/msal_training/masking_reference.py with NumPy and ONNX Runtime",
        "scoreThreshold": SCORE_THRESHOLD,
        "iouThreshold": IOU_THRESHOLD,
        "sigma": SIGMA,
        "step": STEP,
        "targets": targets,
        "sidu": sidu(network, targets, shown, ground),
        "live": live(path, targets, shown, ground),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    text = json.dumps(reference(str(arguments.model)))
    values = json.loads(text, parse_float=lambda number: float(f"{float(number):.9g}"))
    arguments.output.write_text(json.dumps(values) + "\n")


if __name__ == "__main__":
    main()
