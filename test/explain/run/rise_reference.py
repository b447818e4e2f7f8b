"""RISE on an EfficientDet, written down from the study's equations with NumPy alone, slowly and plainly.

Reads a JSON request from standard input and prints a JSON answer. Shares no code with the program that it judges.
"""

import json
import sys

import numpy as np
import onnxruntime


def upsampled(grid, height, width):
    """Bilinear, pixel centres at half-integers, border repeated."""
    rows, columns = grid.shape
    result = np.empty((height, width))
    for i in range(height):
        y = min(max((i + 0.5) * rows / height - 0.5, 0), rows - 1)
        y0 = int(np.floor(y))
        y1 = min(y0 + 1, rows - 1)
        for j in range(width):
            x = min(max((j + 0.5) * columns / width - 0.5, 0), columns - 1)
            x0 = int(np.floor(x))
            x1 = min(x0 + 1, columns - 1)
            top = grid[y0, x0] * (x0 + 1 - x) + grid[y0, x1] * (x - x0)
            bottom = grid[y1, x0] * (x0 + 1 - x) + grid[y1, x1] * (x - x0)
            result[i, j] = top * (y0 + 1 - y) + bottom * (y - y0)
    return result


def mask(request, sample):
    """A grid stretched to one cell more than the picture needs, cut out at an offset."""
    height, width = request["content"]
    grid = np.array(sample["grid"], float).reshape(request["rows"], request["columns"])
    cell_height = -(-height // request["rows"])
    cell_width = -(-width // request["columns"])
    big = upsampled(grid, (request["rows"] + 1) * cell_height, (request["columns"] + 1) * cell_width)
    y, x = sample["offset"]
    return big[y : y + height, x : x + width]


def anchors(manifest):
    """Centre y, centre x, height, width of every anchor."""
    spec = manifest["anchors"]
    boxes = []
    for level in range(spec["minLevel"], spec["maxLevel"] + 1):
        stride = 2**level
        for row in range(manifest["input"]["height"] // stride):
            for column in range(manifest["input"]["width"] // stride):
                for scale in spec["scales"]:
                    for aspect_x, aspect_y in spec["aspects"]:
                        side = spec["anchorScale"] * stride * scale
                        boxes.append(((row + 0.5) * stride, (column + 0.5) * stride, side * aspect_y, side * aspect_x))
    return np.array(boxes)


def rows_of(outputs, depth):
    return np.concatenate([o[0].reshape(-1, depth, *o.shape[2:]).transpose(2, 3, 0, 1).reshape(-1, depth) for o in outputs])


def iou(box, boxes):
    low = np.maximum(box[:2], boxes[:, :2])
    high = np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=1)
    area = np.prod(box[2:] - box[:2])
    return shared / (area + np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) - shared)


def detections(probabilities, boxes, threshold):
    """Non-maximum suppression, each box a member of its best class."""
    scores, classes = probabilities.max(1), probabilities.argmax(1)
    real = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) > 0
    order = np.argsort(-scores, kind="stable")
    order = order[(scores[order] >= threshold) & real[order]]
    kept = []
    while len(order):
        best, order = order[0], order[1:]
        kept.append(best)
        order = order[(classes[order] != classes[best]) | (iou(boxes[best], boxes[order]) <= 0.5)]
    return kept


def main():
    request = json.load(sys.stdin)
    manifest = json.load(open(request["manifest"]))
    session = onnxruntime.InferenceSession(request["model"], providers=["CPUExecutionProvider"])
    spec = manifest["input"]
    height, width = request["content"]
    picture = np.array(request["pixels"], float).reshape(height, width, 3)
    mean, std = np.array(spec["mean"]), np.array(spec["std"])
    centre = anchors(manifest)
    classes = len(manifest["classes"])
    targets = np.array([t["box"] for t in request["targets"]])
    maps = np.zeros((len(targets), height, width))
    scores = []
    for sample in request["masks"]:
        m = mask(request, sample)
        images = np.zeros((1, 3, spec["height"], spec["width"]), np.float32)
        masked = m[:, :, None] * picture  # equation 3
        images[0, :, :height, :width] = ((masked / spec["scale"] - mean) / std).transpose(2, 0, 1)
        outputs = dict(zip([o.name for o in session.get_outputs()], session.run(None, {spec["name"]: images})))
        logits = rows_of([outputs[n] for n in manifest["outputs"]["classLogits"]], classes)
        delta = rows_of([outputs[n] for n in manifest["outputs"]["boxRegression"]], 4).astype(float)
        probabilities = 1 / (1 + np.exp(-logits.astype(float)))
        with np.errstate(over="ignore"):
            middle = delta[:, :2] * centre[:, 2:] + centre[:, :2]
            half = np.exp(delta[:, 2:]) * centre[:, 2:] / 2
        low = np.clip(middle - half, 0, (height, width))[:, ::-1]
        high = np.clip(middle + half, 0, (height, width))[:, ::-1]
        boxes = np.concatenate([low, high], axis=1)
        kept = detections(probabilities, boxes, request["scoreThreshold"])
        row = []
        for t, target in enumerate(targets):
            overlap = iou(target, boxes[kept]) if kept else np.zeros(0)
            p = 0.0
            if len(overlap) and overlap.max() >= request["iouThreshold"]:
                p = probabilities[kept[int(overlap.argmax())], request["targets"][t]["classIndex"]]
            row.append(float(p))
            maps[t] += p * m
        scores.append(row)
    maps /= request["probability"] * len(request["masks"])  # equation 4
    json.dump({"maps": maps.reshape(len(targets), -1).tolist(), "scores": scores}, sys.stdout)


main()
