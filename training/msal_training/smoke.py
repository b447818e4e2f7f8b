"""A few training steps from end to end: `python -m msal_training.smoke <folder>`.

Writes a tiny two-spectrum data set, trains the `smoke` recipe on it in two sittings (the second resumes the first),
evaluates, exports, compares with onnxruntime, and leaves in the folder what other runtimes need to compare themselves:
`smoke.onnx`, `smoke.json`, `images.npy` (input, float32 [2, 3, 128, 128]) and one .npy per output of PyTorch.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

import cv2
import numpy as np
import torch

from .checkpoint import model_from_checkpoint, read_checkpoint
from .classes import CLASSES
from .data import Split
from .evaluate import OnnxNetwork, evaluate
from .export import OUTPUT_NAMES, fold_for_inference, round_to_half
from .release import TOLERANCE, release
from .train import parse_arguments, run
from .untrained import rectangles

SIDE = (160, 128)  # width, height


def write_data_set(root: Path, seed: int = 5) -> None:
    """Grounds with two to four bright rectangles each, whose shape tells their class."""
    random = np.random.default_rng(seed)
    width, height = SIDE
    for split, count in (("train", 12), ("test", 4)):
        for spectrum in ("rgb", "fir"):
            folder = root / split / spectrum
            (folder / "images").mkdir(parents=True, exist_ok=True)
            images, annotations = [], []
            for image_id in range(1, count + 1):
                channels = 3 if spectrum == "rgb" else 1
                pixels = random.integers(20, 60, (height, width, channels), np.uint8)
                for _ in range(random.integers(2, 5)):
                    category = int(random.integers(1, 3))
                    w, h = (12, 32) if category == 1 else (40, 20)
                    x, y = int(random.integers(0, width - w)), int(random.integers(0, height - h))
                    pixels[y : y + h, x : x + w] = random.integers(120, 255, channels)
                    annotations.append(
                        {
                            "id": len(annotations) + 1,
                            "image_id": image_id,
                            "category_id": category,
                            "bbox": [x, y, w, h],
                            "area": w * h,
                            "iscrowd": 0,
                        }
                    )
                name = f"{image_id:04d}.png"
                cv2.imwrite(str(folder / "images" / name), pixels)
                time = "day" if image_id % 2 else "night"
                images.append({"id": image_id, "file_name": f"images/{name}", "width": width, "height": height, "time": time})
            categories = [{"id": index + 1, "name": name} for index, name in enumerate(CLASSES)]
            document = {"info": {}, "images": images, "annotations": annotations, "categories": categories}
            (folder / "annotations.json").write_text(json.dumps(document))


def smoke(folder: Path) -> dict[str, float]:
    data = folder / "data"
    write_data_set(data)
    common = [str(data), str(folder / "run"), "--recipe", "smoke", "--spectra", "rgb", "fir", "--device", "cpu", "--threads", "1"]
    interrupted = parse_arguments([*common, "--stop-after", "4"])
    run(interrupted)
    run(parse_arguments(common))
    document = read_checkpoint(folder / "run" / "checkpoint.pt")
    if not document["finished"] or document["step"] <= 4:
        raise SystemExit(f"the resumed run stopped at step {document['step']}")
    onnx_path = folder / "smoke.onnx"
    difference = release(folder / "run", onnx_path)
    reference = round_to_half(fold_for_inference(model_from_checkpoint(document)))
    images = rectangles(2, reference.size.input_size, seed=11)
    with torch.inference_mode():
        outputs = sum(reference.forward_with_head_features(images), [])
    np.save(folder / "images.npy", images.numpy())
    for name, values in zip(OUTPUT_NAMES, outputs):
        np.save(folder / f"{name}.npy", values.numpy())
    metrics = evaluate(OnnxNetwork(onnx_path, 1), reference, Split(data, "test", "fir", data / ".cache"), None)
    ap50 = metrics["all"]["AP50"]
    if not math.isfinite(ap50):
        raise SystemExit(f"the evaluation gave an AP50 of {ap50}")
    return {"steps": document["step"], "AP50": ap50, "differenceFromPytorch": difference, "tolerance": TOLERANCE}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    if (folder / "run").exists():
        raise SystemExit(f"{folder} holds an earlier smoke test: name a new folder")
    print(json.dumps(smoke(folder)))


if __name__ == "__main__":
    main()
