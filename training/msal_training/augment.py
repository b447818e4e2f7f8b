"""Picture → network input: letterboxing, and the seeded random views that training sees."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from .data import Picture
from .manifest import MEAN, STD

#: Objects of which less than this share stays inside a view teach nothing and are ignored.
MINIMUM_VISIBLE = 0.35
MINIMUM_SIDE = 4.0


@dataclass(frozen=True)
class View:
    """An axis-aligned view of a picture: `x_view = scale_x · x + shift_x`, `y_view = scale_y · y + shift_y` in continuous
    pixels. A negative scale_x mirrors."""

    scale_x: float
    scale_y: float
    shift_x: float
    shift_y: float

    def apply(self, boxes: np.ndarray) -> np.ndarray:
        """Boxes x1 y1 x2 y2 in picture pixels → the same in view pixels, not clipped."""
        x = boxes[:, 0::2] * self.scale_x + self.shift_x
        y = boxes[:, 1::2] * self.scale_y + self.shift_y
        return np.stack([x.min(1), y.min(1), x.max(1), y.max(1)], 1)

    def undo(self, boxes: np.ndarray) -> np.ndarray:
        x = (boxes[:, 0::2] - self.shift_x) / self.scale_x
        y = (boxes[:, 1::2] - self.shift_y) / self.scale_y
        return np.stack([x.min(1), y.min(1), x.max(1), y.max(1)], 1)

    def render(self, pixels: np.ndarray, side: int) -> tuple[np.ndarray, tuple[slice, slice]]:
        """uint8 [side, side, C] (bilinear) and the part of it (rows, columns) that the picture covers."""
        # A pixel's index is its continuous centre minus one half.
        matrix = np.array(
            [
                [self.scale_x, 0, self.shift_x + 0.5 * self.scale_x - 0.5],
                [0, self.scale_y, self.shift_y + 0.5 * self.scale_y - 0.5],
            ]
        )
        rendered = cv2.warpAffine(
            pixels, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        if rendered.ndim == 2:
            rendered = rendered[..., None]
        height, width = pixels.shape[:2]
        x1, y1, x2, y2 = self.apply(np.array([[0, 0, width, height]], np.float64))[0].round().clip(0, side).astype(int)
        return rendered, (slice(y1, y2), slice(x1, x2))


def letterbox(width: int, height: int, side: int) -> View:
    """The long side fills the input; the picture lies in its top-left corner."""
    scale = side / max(width, height)
    return View(round(width * scale) / width, round(height * scale) / height, 0.0, 0.0)


def normalize(rendered: np.ndarray, covered: tuple[slice, slice]) -> Tensor:
    """uint8 [S, S, C] → float32 [3, S, S]: `(x/255 − mean)/std`, zero outside the picture, one channel tripled."""
    side = rendered.shape[0]
    output = np.zeros((side, side, 3), np.float32)
    output[covered] = (rendered[covered] * np.float32(1 / 255) - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return torch.from_numpy(output).permute(2, 0, 1)


@dataclass(frozen=True)
class Augmentation:
    """How training views are drawn.

    letterbox_side: the input side of the finished network; a view at "native scale" shows objects as large as they are
    there. crop: views are windows around an object instead of whole pictures. native: share of crops at native scale,
    the others are zoomed out. zoom: scale jitter (factor and its inverse). gain, offset, gamma: photometric jitter.
    """

    letterbox_side: int = 512
    crop: bool = False
    native: float = 0.6
    zoom: float = 1.25
    flip: float = 0.5
    gain: float = 0.25
    offset: float = 0.1
    gamma: float = 0.25
    grey: float = 0.1


NO_AUGMENTATION = Augmentation(zoom=1.0, flip=0.0, gain=0.0, offset=0.0, gamma=0.0, grey=0.0)


def random_view(picture: Picture, side: int, augmentation: Augmentation, random: np.random.Generator) -> View:
    height, width = picture.pixels.shape[:2]
    jitter = augmentation.zoom ** random.uniform(-1, 1)
    mirrored = random.random() < augmentation.flip
    if not augmentation.crop:
        whole = letterbox(width, height, side)
        scale_x, scale_y = whole.scale_x * jitter, whole.scale_y * jitter
        # A grown picture is cut, a shrunk one keeps the corner that the finished network sees it in.
        shift_x = min(0.0, random.uniform(min(0.0, side - width * scale_x), 0.0))
        shift_y = min(0.0, random.uniform(min(0.0, side - height * scale_y), 0.0))
    else:
        native = augmentation.letterbox_side / max(width, height)
        smallest = side / augmentation.letterbox_side
        zoom = 1.0 if random.random() < augmentation.native else smallest ** random.random()
        centre_x, centre_y = random.uniform(0, width), random.uniform(0, height)
        candidates = np.flatnonzero(~picture.ignored)
        if len(candidates) > 0 and random.random() < 0.9:
            box = picture.boxes[random.choice(candidates)]
            centre_x, centre_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
            extent = max(box[2] - box[0], box[3] - box[1]) * native
            zoom = min(zoom, max(smallest, 0.8 * side / max(extent, 1.0)))
        scale_x = scale_y = native * zoom * jitter
        if mirrored:
            centre_x = width - centre_x
        shift_x = window_shift(centre_x * scale_x, width * scale_x, side, random)
        shift_y = window_shift(centre_y * scale_y, height * scale_y, side, random)
    if mirrored:
        # Mirror about the picture's own middle, so that a letterboxed picture stays in its corner.
        return View(-scale_x, scale_y, shift_x + width * scale_x, shift_y)
    return View(scale_x, scale_y, shift_x, shift_y)


def window_shift(centre: float, extent: float, side: int, random: np.random.Generator) -> float:
    """Shift that brings `centre` to a random place of the window and keeps the window inside the picture if it fits."""
    shift = side * random.uniform(0.25, 0.75) - centre
    return float(np.clip(shift, min(0.0, side - extent), 0.0))


def photometric_table(channels: int, augmentation: Augmentation, random: np.random.Generator) -> np.ndarray:
    """A look-up table uint8 [256, channels]: `gain · x^gamma + offset`, mostly common to all channels."""
    gain = 1 + augmentation.gain * random.uniform(-1, 1) + 0.3 * augmentation.gain * random.uniform(-1, 1, channels)
    offset = augmentation.offset * random.uniform(-1, 1)
    gamma = 2.0 ** (2 * augmentation.gamma * random.uniform(-1, 1))
    levels = np.linspace(0, 1, 256)[:, None] ** gamma
    return (np.clip(gain * levels + offset, 0, 1) * 255).round().astype(np.uint8)


Sample = tuple[Tensor, tuple[Tensor, Tensor, Tensor]]


def training_sample(picture: Picture, side: int, augmentation: Augmentation, random: np.random.Generator) -> Sample:
    """(input [3, S, S], (boxes y1 x1 y2 x2 in input pixels, classes, ignored boxes)) of one random view."""
    view = random_view(picture, side, augmentation, random)
    rendered, covered = view.render(picture.pixels, side)
    channels = rendered.shape[2]
    if channels == 3 and random.random() < augmentation.grey:
        rendered = cv2.cvtColor(rendered, cv2.COLOR_RGB2GRAY)[..., None]
        channels = 1
    table = photometric_table(channels, augmentation, random)
    rendered = np.stack([table[:, channel][rendered[..., channel]] for channel in range(channels)], -1)
    return normalize(rendered, covered), targets_in_view(picture, view, side)


def targets_in_view(picture: Picture, view: View, side: int) -> tuple[Tensor, Tensor, Tensor]:
    boxes = view.apply(picture.boxes)
    clipped = boxes.clip(0, side)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    sides = clipped[:, 2:] - clipped[:, :2]
    visible = sides.prod(1) / np.maximum(area, 1e-6)
    present = sides.min(1, initial=np.inf) > 0
    wanted = present & (visible >= MINIMUM_VISIBLE) & (sides.min(1, initial=np.inf) >= MINIMUM_SIDE) & ~picture.ignored
    ignored = present & ~wanted
    order = [1, 0, 3, 2]
    return (
        torch.from_numpy(clipped[wanted][:, order]).float(),
        torch.from_numpy(picture.classes[wanted]),
        torch.from_numpy(clipped[ignored][:, order]).float(),
    )
