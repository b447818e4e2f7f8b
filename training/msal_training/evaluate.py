"""COCO metrics of an exported network: `python -m msal_training.evaluate models/efficientdet-d0-fir.onnx <data set> --spectrum fir`.

Boxes marked `ignore` count neither as found nor as missed. Prints, and with `--output` writes, one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from .augment import letterbox, normalize
from .checkpoint import model_from_checkpoint, read_checkpoint
from .classes import CLASSES, SPECTRA
from .data import Split, is_ignored
from .detect import detections_of
from .export import fold_for_inference
from .losses import AnchorLabeler
from .manifest import LEVELS, sha256_of
from .model import MODEL_SIZES, Detector


class IgnoringCOCOeval(COCOeval):
    """COCOeval that honours the annotations' own `ignore` flag, which the original overwrites with `iscrowd`."""

    def _prepare(self) -> None:
        # The original overwrites the flags in the annotations themselves: remember them first, put them back after.
        ignored = {key: int(is_ignored(annotation)) for key, annotation in self.cocoGt.anns.items()}
        super()._prepare()
        for annotations in self._gts.values():
            for annotation in annotations:
                annotation["ignore"] = ignored[annotation["id"]]


class OnnxNetwork:
    """An exported network as a function from inputs to (class levels, box levels)."""

    def __init__(self, path: Path, threads: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.names = [f"{kind}_{level}" for kind in ("class", "box") for level in LEVELS]

    def __call__(self, images: torch.Tensor) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        outputs = [torch.from_numpy(values) for values in self.session.run(self.names, {"images": images.numpy()})]
        return outputs[: len(LEVELS)], outputs[len(LEVELS) :]


def load_network(path: Path, threads: int):
    """(network, Detector whose anchors it uses) of an ONNX file with manifest, or of a checkpoint."""
    if path.suffix == ".onnx":
        manifest = json.loads(path.with_suffix(".json").read_text())
        scale = manifest["anchors"]["anchorScale"]
        return OnnxNetwork(path, threads), Detector(MODEL_SIZES[manifest["size"]], anchor_scale=scale)
    model = fold_for_inference(model_from_checkpoint(read_checkpoint(path))).to(memory_format=torch.channels_last)
    torch.set_num_threads(threads)
    return model, model


@torch.inference_mode()
def detect_split(network, model: Detector, split: Split, indices: list[int]) -> list[dict]:
    """COCO results of these pictures of a split."""
    side = model.size.input_size
    anchors = AnchorLabeler(model, side).anchors
    results = []
    for index in indices:
        picture = split[index]
        height, width = picture.pixels.shape[:2]
        view = letterbox(width, height, side)
        image = normalize(*view.render(picture.pixels, side))[None]
        detections = detections_of(*network(image), anchors)[0]
        boxes = view.undo(detections.boxes.numpy()).clip(0, [width, height, width, height])
        for box, score, index_of_class in zip(boxes, detections.scores.tolist(), detections.classes.tolist()):
            x1, y1, x2, y2 = (float(value) for value in box)
            results.append(
                {
                    "image_id": picture.image_id,
                    "category_id": index_of_class + 1,
                    "bbox": [x1, y1, x2 - x1, y2 - y1],
                    "score": score,
                }
            )
    return results


def coco_metrics(truth: COCO, results: list[dict], image_ids: list[int]) -> dict:
    """mAP over IoU 0.5…0.95, AP at 0.5, by object size and class, over the given images."""
    if not image_ids:
        return {"images": 0}
    with contextlib.redirect_stdout(io.StringIO()):
        detected = truth.loadRes(results) if results else COCO()
        if not results:
            detected.dataset = {"images": truth.dataset["images"], "categories": truth.dataset["categories"], "annotations": []}
            detected.createIndex()
        evaluation = IgnoringCOCOeval(truth, detected, "bbox")
        evaluation.params.imgIds = image_ids
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    precision = evaluation.eval["precision"]  # IoU, recall, class, area, limit
    per_class = {}
    for index, name in enumerate(CLASSES):
        values = precision[0, :, index, 0, -1]
        per_class[name] = round(float(values.mean()), 4) if (values > -1).any() else None
    stats = [round(float(value), 4) for value in evaluation.stats]
    return {
        "images": len(image_ids),
        "mAP": stats[0],
        "AP50": stats[1],
        "AP75": stats[2],
        "small": stats[3],
        "medium": stats[4],
        "large": stats[5],
        "AP50PerClass": per_class,
    }


def evaluate(network, model: Detector, split: Split, limit: int | None) -> dict:
    """Metrics on all, day and night pictures of a split; `limit` evaluates that many, evenly spread."""
    indices = list(range(len(split)))
    if limit is not None and limit < len(indices):
        indices = np.linspace(0, len(indices) - 1, limit).round().astype(int).tolist()
    results = detect_split(network, model, split, indices)
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(split.annotation_path))
    times = {split.images[index]["id"]: split.images[index].get("time", "day") for index in indices}
    groups = {"all": list(times)} | {
        time: [image_id for image_id, its_time in times.items() if its_time == time] for time in ("day", "night")
    }
    return {name: coco_metrics(truth, results, image_ids) for name, image_ids in groups.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("network", type=Path, help="ONNX file with its manifest beside it, or a checkpoint.pt")
    parser.add_argument("data", type=Path)
    parser.add_argument("--spectrum", nargs="+", choices=SPECTRA, required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int, help="evaluate this many pictures, evenly spread over the split")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    network, model = load_network(arguments.network, arguments.threads)
    report: dict = {"network": arguments.network.name, "sha256": sha256_of(arguments.network), "split": arguments.split}
    for spectrum in arguments.spectrum:
        split = Split(arguments.data, arguments.split, spectrum, arguments.cache or arguments.data / ".cache")
        report[spectrum] = evaluate(network, model, split, arguments.limit)
    text = json.dumps(report, indent=2, ensure_ascii=False)
    print(text)
    if arguments.output is not None:
        arguments.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
