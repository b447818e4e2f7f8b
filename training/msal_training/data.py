"""COCO-style data sets on disk → cached pictures and objects.

Layout: `<root>/<split>/<spectrum>/annotations.json` and `<root>/<split>/<spectrum>/images/<file_name>`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from .classes import CLASSES


class DataSetError(Exception):
    """The data set on disk cannot be used; the message names the file and says what to do."""


@dataclass(frozen=True)
class Picture:
    """One annotated picture.

    pixels: uint8 [H, W, C], C = 3 (RGB order) or 1 (infrared), a view of the cache.
    boxes: float32 [M, 4], x1 y1 x2 y2 in pixels. classes: int64 [M]. ignored: bool [M].
    """

    pixels: np.ndarray
    boxes: np.ndarray
    classes: np.ndarray
    ignored: np.ndarray
    image_id: int
    time: str
    spectrum: str


class Split:
    """All pictures of one spectrum and split; pixels are decoded once into a memory-mapped file under `cache`.

    With `fill=False` the cache is taken as it is: only the pictures in it are part of the split. One process fills a
    cache, the others of the same run read it.
    """

    def __init__(self, root: Path, split: str, spectrum: str, cache: Path, fill: bool = True):
        self.spectrum = spectrum
        self.folder = root / split / spectrum
        self.annotation_path = self.folder / "annotations.json"
        try:
            text = self.annotation_path.read_bytes()
            self.stamp = self.annotation_path.stat().st_mtime_ns
            document = json.loads(text)
        except FileNotFoundError:
            raise DataSetError(f"{self.annotation_path} does not exist: write the data set with `msal scenes` first")
        self.sha256 = hashlib.sha256(text).hexdigest()
        names = [category["name"] for category in sorted(document["categories"], key=lambda entry: entry["id"])]
        if names != list(CLASSES):
            raise DataSetError(f"{self.annotation_path} has the classes {names}, not {list(CLASSES)}")
        self.images = document["images"]
        if not self.images:
            raise DataSetError(f"{self.annotation_path} lists no images")
        self.annotations: dict[int, list[dict]] = {image["id"]: [] for image in self.images}
        for annotation in document["annotations"]:
            self.annotations[annotation["image_id"]].append(annotation)
        cached = cache / f"{split}-{spectrum}.npy"
        if fill:
            self._fill_cache(cached)
        self.images = self.images[: len(json.loads(cached.with_suffix(".json").read_text())["names"])]
        self.pixels = np.load(cached, mmap_mode="r")

    def _fill_cache(self, path: Path) -> None:
        """Decodes the pictures. A cache that holds a first part of them (the data set has grown) is continued."""
        names = [image["file_name"] for image in self.images]
        listing = path.with_suffix(".json")
        known = json.loads(listing.read_text()) if path.exists() and listing.exists() else {"names": [], "stamps": []}
        stamps = [self._image_path(name).stat().st_mtime_ns for name in names]
        if known == {"names": names, "stamps": stamps}:
            return
        kept = len(known["names"])
        if known["names"] != names[:kept] or known["stamps"] != stamps[:kept]:
            kept = 0
        height, width = self.images[0]["height"], self.images[0]["width"]
        channels = 3 if self.spectrum == "rgb" else 1
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npy")
        pixels = np.lib.format.open_memmap(
            partial, mode="w+", dtype=np.uint8, shape=(len(names), height, width, channels)
        )
        if kept > 0:
            pixels[:kept] = np.load(path, mmap_mode="r")[:kept]
        for row in range(kept, len(names)):
            pixels[row] = read_pixels(self._image_path(names[row]), width, height, channels)
        pixels.flush()
        partial.rename(path)
        listing.write_text(json.dumps({"names": names, "stamps": stamps}))

    def _image_path(self, file_name: str) -> Path:
        images = (self.folder / "images").resolve()
        for base in (images, images.parent):
            file = (base / file_name).resolve()
            if not file.is_relative_to(images):
                continue
            if file.exists():
                return file
        raise DataSetError(f"{self.annotation_path} names {file_name!r}, which is not in {images}")

    def is_outdated(self) -> bool:
        return self.annotation_path.stat().st_mtime_ns != self.stamp

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Picture:
        image = self.images[index]
        annotations = self.annotations[image["id"]]
        boxes = np.array([annotation["bbox"] for annotation in annotations], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        return Picture(
            self.pixels[index],
            boxes,
            np.array([annotation["category_id"] - 1 for annotation in annotations], np.int64),
            np.array([is_ignored(annotation) for annotation in annotations], bool),
            image["id"],
            image.get("time", "day"),
            self.spectrum,
        )


def is_ignored(annotation: dict) -> bool:
    return bool(annotation.get("ignore", False)) or bool(annotation.get("iscrowd", 0))


def read_pixels(file: Path, width: int, height: int, channels: int) -> np.ndarray:
    """Decodes an 8-bit picture to uint8 [height, width, channels], RGB order."""
    pixels = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise DataSetError(f"{file} cannot be decoded as a picture")
    if pixels.dtype != np.uint8:
        raise DataSetError(f"{file} has {pixels.dtype} pixels; training reads 8-bit pictures")
    if pixels.shape[:2] != (height, width):
        raise DataSetError(f"{file} is {pixels.shape[1]}×{pixels.shape[0]}, not {width}×{height} as annotated")
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], channels, 2)
    if channels == 3:
        return cv2.cvtColor(pixels[..., :3], cv2.COLOR_BGR2RGB)
    return pixels[..., :1]
