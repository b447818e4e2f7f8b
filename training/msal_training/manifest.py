"""The JSON manifest beside an ONNX model (schema version 1): all that a runtime needs to feed the model and to read it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from .classes import CLASSES
from .model import Detector

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
LEVELS = (3, 4, 5, 6, 7)


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_manifest(onnx_path: Path, model: Detector, spectra: list[str], training: dict[str, Any]) -> Path:
    """Writes `<onnx_path>` with the suffix .json and returns its path. The ONNX file must be complete: it is hashed."""
    config = model.config
    manifest = {
        "schemaVersion": 1,
        "name": onnx_path.stem,
        "file": onnx_path.name,
        "sha256": sha256_of(onnx_path),
        "size": model.size.name,
        "spectra": spectra,
        "classes": list(CLASSES),
        "input": {
            "name": "images",
            "width": model.size.input_size,
            "height": model.size.input_size,
            "channels": 3,
            "mean": list(MEAN),
            "std": list(STD),
            "scale": 255,
            "resize": "letterbox-top-left",
        },
        "anchors": {
            "minLevel": config.min_level,
            "maxLevel": config.max_level,
            "scales": [2 ** (octave / config.num_scales) for octave in range(config.num_scales)],
            "aspects": [list(aspect) for aspect in config.aspect_ratios],
            "anchorScale": config.anchor_scale,
        },
        "boxCoding": "yxhw",
        "outputs": {
            "classLogits": [f"class_{level}" for level in LEVELS],
            "boxRegression": [f"box_{level}" for level in LEVELS],
            "headFeatures": [f"head_{level}" for level in LEVELS],
        },
        "classHead": {
            "depthwise": "class_net.predict.conv_dw.weight",
            "pointwise": "class_net.predict.conv_pw.weight",
            "pointwiseBias": "class_net.predict.conv_pw.bias",
        },
        "training": training,
    }
    path = onnx_path.with_suffix(".json")
    path.write_text(json.dumps(manifest, indent=2) + "\n")
    return path
