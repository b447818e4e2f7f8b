"""Trains a network: `python -m msal_training.train <data set> <run folder> --recipe quick --spectra rgb nir mir fir`.

A run can be interrupted at any moment; the same command continues it from its last checkpoint (a file named `stop` in the
run folder makes it save and end at once). The run folder gets `checkpoint.pt` and `log.jsonl`.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .augment import NO_AUGMENTATION, training_sample
from .checkpoint import model_from_checkpoint, read_checkpoint, save_checkpoint
from .classes import CLASSES, SPECTRA
from .config import RECIPES, Recipe, Stage
from .data import Split
from .depthwise import with_float32_depthwise_gradients
from .initialize import load_lite0_backbone, match_norms_to_lite0
from .losses import AnchorLabeler, detection_loss
from .manifest import sha256_of
from .model import (
    MODEL_SIZES,
    Detector,
    batch_norms,
    fold_backbone,
    set_batch_norm_momentum,
    set_class_prior,
    set_drop_path,
)
from .released import released_network
from .sampling import BatchSource

#: glibc gives large freed blocks back to the kernel and fetches them again at every layer unless told to keep them.
ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "268435456",
    "MALLOC_ARENA_MAX": "1",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}
CHECKPOINT_SECONDS = 120
LOG_SECONDS = 15
#: How often a run looks whether its data set has grown (a generator may still be writing it).
RELOAD_SECONDS = 180


def initial_model(recipe: Recipe, parents: list[Path], source: BatchSource) -> Detector:
    torch.manual_seed(recipe.seed)
    if parents and all(path.suffix == ".onnx" for path in parents):
        model = released_network(parents)
        if model.config.anchor_scale != recipe.anchor_scale:
            raise SystemExit(f"{parents[0]} has anchors of another size than the recipe {recipe.name}")
    elif len(parents) == 1:
        # A parent's anchors may have had another size: the heads learn the new one.
        model = model_from_checkpoint(read_checkpoint(parents[0]) | {"anchorScale": recipe.anchor_scale})
    elif parents:
        raise SystemExit("--parent takes one checkpoint, or released networks (.onnx)")
    else:
        model = Detector(MODEL_SIZES[recipe.size], anchor_scale=recipe.anchor_scale)
        set_class_prior(model, recipe.prior)
        if recipe.initial == "lite0":
            load_lite0_backbone(model)
            match_norms_to_lite0(model, calibration_images(source))
    model.eval()
    if recipe.fold_backbone:
        fold_backbone(model)
    return model


def calibration_images(source: BatchSource, count: int = 16, side: int = 256) -> Tensor:
    """Unaugmented pictures of all spectra."""
    images = []
    for position in range(count):
        split = source.splits[position % len(source.splits)]
        picture = split[position * 7919 % len(split)]
        images.append(training_sample(picture, side, NO_AUGMENTATION, np.random.default_rng(position))[0])
    return torch.stack(images)


def frozen_modules(model: Detector, stages: int) -> list[nn.Module]:
    if stages == 0:
        return []
    stem = [model.backbone.conv_stem, model.backbone.bn1]
    return stem + list(model.backbone.blocks[: stages - 1])


def optimizer_for(model: Detector, recipe: Recipe) -> torch.optim.Optimizer:
    """Weight decay on kernels only; the backbone at its own rate."""
    groups = []
    for in_backbone in (True, False):
        for is_kernel in (True, False):
            parameters = [
                parameter
                for name, parameter in model.named_parameters()
                if parameter.requires_grad
                and name.startswith("backbone.") == in_backbone
                and (parameter.ndim > 1) == is_kernel
            ]
            groups.append(
                {
                    "params": parameters,
                    "factor": recipe.backbone_rate if in_backbone else 1.0,
                    "weight_decay": recipe.weight_decay if is_kernel else 0.0,
                }
            )
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimizer]
    return kind([group for group in groups if group["params"]], lr=recipe.learning_rate, fused=True)


def rate_at(progress: float, recipe: Recipe) -> float:
    """Learning rate at a share of the run in [0, 1]."""
    if recipe.schedule == "step":
        factor = 0.1 ** min(int(3 * progress), 2)
    else:
        factor = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    if recipe.warmup_share > 0:
        factor *= min(1.0, 0.02 + progress / recipe.warmup_share)
    return recipe.learning_rate * factor


def stage_at(progress: float, recipe: Recipe) -> Stage:
    passed = 0.0
    for stage in recipe.stages:
        passed += stage.share
        if progress < passed - 1e-9:
            return stage
    return recipe.stages[-1]


class Progress:
    """Where a run stands: by pictures seen, or by training time for recipes measured in minutes."""

    def __init__(self, recipe: Recipe, pictures_per_epoch: int):
        self.recipe = recipe
        self.total = recipe.minutes * 60 if recipe.minutes is not None else recipe.epochs * pictures_per_epoch

    def share(self, seconds: float, pictures: int) -> float:
        return (seconds if self.recipe.minutes is not None else pictures) / self.total


def average_gradients(parameters: list[nn.Parameter], ranks: int) -> None:
    flat = torch.cat([parameter.grad.reshape(-1) for parameter in parameters])
    distributed.all_reduce(flat)
    flat /= ranks
    for parameter, gradient in zip(parameters, flat.split([parameter.numel() for parameter in parameters])):
        parameter.grad.copy_(gradient.view_as(parameter.grad))


def train(rank: int, arguments: argparse.Namespace, recipe: Recipe) -> None:
    """One process's part of a run."""
    ranks = arguments.processes
    device = torch.device("cuda", rank) if arguments.device == "cuda" else torch.device("cpu")
    if ranks > 1:
        distributed.init_process_group(
            "nccl" if device.type == "cuda" else "gloo",
            init_method=f"tcp://127.0.0.1:{arguments.port}",
            rank=rank,
            world_size=ranks,
        )
    if device.type == "cpu":
        torch.set_num_threads(max(1, arguments.threads // ranks))
    splits = load_splits(arguments, fill=False)
    source = BatchSource(splits, recipe.seed)
    checkpoint_path = arguments.run / "checkpoint.pt"
    resumed = read_checkpoint(checkpoint_path)
    model = model_from_checkpoint(resumed, averaged=False)
    set_batch_norm_momentum(model, recipe.norm_momentum)
    set_drop_path(model, recipe.drop_path)
    model = model.to(device, memory_format=torch.channels_last)
    if arguments.bf16 and device.type == "cpu":
        with_float32_depthwise_gradients(model)
    frozen = frozen_modules(model, recipe.frozen_stages)
    for module in frozen:
        module.requires_grad_(False)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = optimizer_for(model, recipe)
    averaged = None
    if recipe.ema > 0:
        averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema), use_buffers=True)
    step, pictures, seconds = resumed["step"], resumed["pictures"], resumed["seconds"]
    if step > 0:
        optimizer.load_state_dict(resumed["optimizer"])
        if averaged is not None:
            averaged.module.load_state_dict(resumed["averaged"])
            averaged.n_averaged.fill_(step)
    model.train()
    for module in frozen + (batch_norms(model) if recipe.frozen_norms else []):
        module.eval()
    progress = Progress(recipe, source.epoch_length)
    labelers: dict[int, AnchorLabeler] = {}
    log = Log(arguments.run / "log.jsonl") if rank == 0 else None

    def save(finished: bool) -> None:
        state = {
            "weights": model.state_dict(),
            "averaged": averaged.module.state_dict() if averaged is not None else None,
            "optimizer": optimizer.state_dict(),
            "step": step,
            "pictures": pictures,
            "seconds": seconds,
            "finished": finished,
            "spectra": list(arguments.spectra),
            "data": arguments.data.name,
            "dataHashes": arguments.hashes | data_hashes(arguments.data.name, splits),
            "parent": resumed["parent"],
        }
        save_checkpoint(checkpoint_path, model, recipe, state)

    saved_at = looked_at = time.monotonic()
    stop_file = arguments.run / "stop"
    while True:
        begun = time.monotonic()
        asked_to_stop = stop_file.exists() or step == arguments.stop_after
        grown = rank == 0 and time.monotonic() - looked_at > RELOAD_SECONDS and any(map(Split.is_outdated, splits))
        if grown:
            splits = load_splits(arguments, fill=True)
        if rank == 0 and time.monotonic() - looked_at > RELOAD_SECONDS:
            looked_at = time.monotonic()
        share, asked_to_stop, grown = agreed([progress.share(seconds, pictures), asked_to_stop, grown], ranks)
        if share >= 1 or asked_to_stop:
            break
        if grown:
            splits = splits if rank == 0 else load_splits(arguments, fill=False)
            source = BatchSource(splits, recipe.seed)
        stage = stage_at(share, recipe)
        if stage.side not in labelers:
            labelers[stage.side] = AnchorLabeler(model, stage.side, recipe.best_anchors)
        torch.manual_seed((recipe.seed * 1_000_003 + step) * 64 + rank)
        images, labels = source.batch(step, stage, labelers[stage.side], rank, ranks)
        images, labels = images.to(device), labels.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=arguments.bf16):
            class_levels, box_levels = model(images)
        class_loss, box_loss = detection_loss(class_levels, box_levels, labels, recipe.loss, len(CLASSES))
        optimizer.zero_grad(set_to_none=True)
        (class_loss + box_loss).backward()
        if ranks > 1:
            average_gradients(parameters, ranks)
        norm = nn.utils.clip_grad_norm_(parameters, recipe.gradient_clip or math.inf)
        rate = rate_at(share, recipe)
        if not math.isfinite(float(norm)):
            raise SystemExit(f"step {step}: the gradient is not finite; resume with a lower learning rate")
        for group in optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        optimizer.step()
        if averaged is not None:
            averaged.update_parameters(model)
        step, pictures = step + 1, pictures + stage.batch
        seconds += time.monotonic() - begun
        if log is not None:
            remaining = (1 - share) / max(share, 1e-6) * seconds
            log.add(step, pictures, seconds, share, remaining, rate, stage, class_loss, box_loss, norm)
            if time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                save(finished=False)
                saved_at = time.monotonic()
    if rank == 0:
        save(finished=share >= 1)
    if ranks > 1:
        distributed.barrier()
        distributed.destroy_process_group()


def agreed(values: list[float], ranks: int) -> list[float]:
    """Rank 0's values, in every process."""
    if ranks == 1:
        return values
    shared = torch.tensor(values, dtype=torch.float64)
    distributed.broadcast(shared, 0)
    return shared.tolist()


def data_hashes(name: str, splits: list[Split]) -> dict[str, str]:
    return {f"{name}/{split.spectrum}": split.sha256 for split in splits}


def load_splits(arguments: argparse.Namespace, fill: bool) -> list[Split]:
    return [Split(arguments.data, "train", spectrum, arguments.cache, fill) for spectrum in arguments.spectra]


class Log:
    """Appends means over some seconds to a JSONL file and prints them."""

    def __init__(self, path: Path):
        self.path = path
        self.last = time.monotonic()
        self.sums = [0.0, 0.0, 0.0]
        self.steps = 0
        self.pictures_before: int | None = None

    def add(
        self,
        step: int,
        pictures: int,
        seconds: float,
        share: float,
        remaining: float,
        rate: float,
        stage: Stage,
        class_loss: Tensor,
        box_loss: Tensor,
        norm: Tensor,
    ) -> None:
        if self.pictures_before is None:
            self.pictures_before = pictures - stage.batch
        self.sums = [total + float(value) for total, value in zip(self.sums, (class_loss.detach(), box_loss.detach(), norm))]
        self.steps += 1
        elapsed = time.monotonic() - self.last
        if elapsed < LOG_SECONDS:
            return
        entry = {
            "step": step,
            "pictures": pictures,
            "seconds": round(seconds, 1),
            "progress": round(share, 4),
            "secondsLeft": round(remaining),
            "side": stage.side,
            "learningRate": float(f"{rate:.3g}"),
            "classLoss": round(self.sums[0] / self.steps, 4),
            "boxLoss": round(self.sums[1] / self.steps, 4),
            "gradientNorm": round(self.sums[2] / self.steps, 2),
            "picturesPerSecond": round((pictures - self.pictures_before) / elapsed, 2),
            "peakMemoryMiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }
        with self.path.open("a") as file:
            file.write(json.dumps(entry) + "\n")
        print(json.dumps(entry), flush=True)
        self.last, self.sums, self.steps, self.pictures_before = time.monotonic(), [0.0, 0.0, 0.0], 0, pictures


def parse_arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="data set folder with train/<spectrum>/annotations.json")
    parser.add_argument("run", type=Path, help="run folder")
    parser.add_argument("--recipe", choices=sorted(RECIPES), default="study")
    parser.add_argument("--spectra", nargs="+", choices=SPECTRA, default=["rgb"])
    parser.add_argument(
        "--parent",
        type=Path,
        nargs="+",
        default=[],
        help="checkpoint to start from, or released networks (.onnx), of several the mean of their weights",
    )
    parser.add_argument("--minutes", type=float, help="length of a run that is measured in minutes")
    parser.add_argument("--cache", type=Path, help="folder for decoded pictures; default: <data set>/.cache")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16 (CUDA, or a CPU with AVX-512 or AMX)")
    parser.add_argument("--processes", type=int, default=1, help="data-parallel processes; on a CPU one per core is best")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads, over all processes")
    parser.add_argument("--port", type=int, default=29533, help="local port over which the processes meet")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--stop-after", type=int, help="stop at this step as if interrupted (the run can be resumed)")
    arguments = parser.parse_args(argv)
    arguments.cache = arguments.cache or arguments.data / ".cache"
    return arguments


def main() -> None:
    arguments = parse_arguments()
    if arguments.device == "cpu" and any(os.environ.get(name) != value for name, value in ALLOCATOR.items()):
        # glibc reads these at start only.
        os.execve(sys.executable, [sys.executable, "-m", "msal_training.train", *sys.argv[1:]], os.environ | ALLOCATOR)
    run(arguments)


def run(arguments: argparse.Namespace) -> None:
    recipe = RECIPES[arguments.recipe]
    if arguments.minutes is not None:
        recipe = recipe.changed(minutes=arguments.minutes)
    if arguments.seed is not None:
        recipe = recipe.changed(seed=arguments.seed)
    arguments.run.mkdir(parents=True, exist_ok=True)
    (arguments.run / "stop").unlink(missing_ok=True)
    # Fills the cache of decoded pictures, once for all processes.
    splits = load_splits(arguments, fill=True)
    hashes = data_hashes(arguments.data.name, splits)
    if (arguments.run / "checkpoint.pt").exists():
        arguments.hashes = read_checkpoint(arguments.run / "checkpoint.pt")["dataHashes"] | hashes
    else:
        arguments.hashes = hashes
        model = initial_model(recipe, arguments.parent, BatchSource(splits, recipe.seed))
        state = {
            "weights": model.state_dict(),
            "averaged": None,
            "step": 0,
            "pictures": 0,
            "seconds": 0.0,
            "dataHashes": hashes,
            "parent": " ".join(map(sha256_of, arguments.parent)) or None,
        }
        save_checkpoint(arguments.run / "checkpoint.pt", model, recipe, state)
    if arguments.processes == 1:
        train(0, arguments, recipe)
    else:
        multiprocessing.spawn(train, (arguments, recipe), nprocs=arguments.processes)


if __name__ == "__main__":
    main()
