"""Checkpoints: everything that a run needs to continue, in one file that is replaced atomically."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import torch

from .config import Recipe
from .model import MODEL_SIZES, Detector, fold_backbone

FORMAT = 1


def save_checkpoint(path: Path, model: Detector, recipe: Recipe, state: dict[str, Any]) -> None:
    """state: `weights` (as trained), `averaged` (EMA, or None), `optimizer`, `step`, `seconds`, `data`, `parent`."""
    folded = not any("running_mean" in name for name in model.backbone.state_dict())
    document = {
        "format": FORMAT,
        "size": model.size.name,
        "anchorScale": model.config.anchor_scale,
        "folded": folded,
        "zeroPaddedPooling": model.zero_padded_pooling,
        "recipe": dataclasses.asdict(recipe),
        **state,
    }
    partial = path.with_suffix(".partial")
    torch.save(document, partial)
    os.replace(partial, path)


def read_checkpoint(path: Path) -> dict[str, Any]:
    document = torch.load(path, map_location="cpu", weights_only=True)
    if document.get("format") != FORMAT:
        raise SystemExit(f"{path} is not a checkpoint of this program: import other checkpoints with msal_training.convert")
    return document


def model_from_checkpoint(document: dict[str, Any], averaged: bool = True) -> Detector:
    """The network in eval mode; with `averaged`, its EMA weights where the run kept them."""
    model = Detector(MODEL_SIZES[document["size"]], anchor_scale=document.get("anchorScale", 4.0)).eval()
    if document["folded"]:
        fold_backbone(model)
    if document["zeroPaddedPooling"]:
        model.pad_pooling_with_zeros()
    weights = document["averaged"] if averaged and document.get("averaged") is not None else document["weights"]
    model.load_state_dict(weights)
    return model
