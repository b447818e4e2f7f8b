"""Checkpoint → ONNX model with manifest: `python -m msal_training.release <run folder> models/efficientdet-d0-fir.onnx`.

Refuses to write a model whose outputs differ from PyTorch's by more than 10⁻⁴.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from .checkpoint import model_from_checkpoint, read_checkpoint
from .export import export_onnx, largest_difference
from .manifest import sha256_of, write_manifest
from .untrained import rectangles

TOLERANCE = 1e-4


def release(run: Path, onnx_path: Path, spectra: list[str] | None = None, evaluation: dict | None = None) -> float:
    """Exports a run's averaged weights; returns the largest difference between PyTorch and onnxruntime."""
    checkpoint_path = run / "checkpoint.pt"
    document = read_checkpoint(checkpoint_path)
    model = model_from_checkpoint(document)
    partial = onnx_path.with_suffix(".partial.onnx")
    reference = export_onnx(model, partial)
    difference = largest_difference(reference, partial, rectangles(2, model.size.input_size, seed=3))
    if difference > TOLERANCE:
        partial.unlink()
        raise SystemExit(f"{onnx_path} would differ from PyTorch by {difference:.1e}, more than {TOLERANCE:.0e}")
    partial.rename(onnx_path)
    recipe = {name: value for name, value in document["recipe"].items() if name != "loss"}
    provenance = {
        "recipe": recipe,
        "checkpointSha256": sha256_of(checkpoint_path),
        "dataSet": document.get("data"),
        "dataSetSha256": document.get("dataHashes"),
        "parentSha256": document.get("parent"),
        "steps": document["step"],
        "pictures": document["pictures"],
        "trainingSeconds": round(document["seconds"]),
        "finished": document.get("finished", False),
        "largestDifferenceFromPytorch": float(f"{difference:.2g}"),
    }
    if evaluation is not None:
        provenance["evaluation"] = evaluation
    write_manifest(onnx_path, model, spectra or document.get("spectra") or ["rgb"], provenance)
    return difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("onnx", type=Path)
    parser.add_argument("--spectra", nargs="+", help="default: the spectra of the run")
    parser.add_argument("--evaluation", type=Path, help="JSON of msal_training.evaluate, copied into the manifest")
    arguments = parser.parse_args()
    evaluation = json.loads(arguments.evaluation.read_text()) if arguments.evaluation else None
    difference = release(arguments.run, arguments.onnx, arguments.spectra, evaluation)
    print(f"{arguments.onnx}: {arguments.onnx.stat().st_size} bytes, differs from PyTorch by {difference:.1e}")


if __name__ == "__main__":
    main()
