import tempfile
import unittest
from pathlib import Path

import torch

from msal_training.export import export_onnx, largest_difference
from msal_training.manifest import write_manifest
from msal_training.model import MODEL_SIZES, Detector, batch_norms
from msal_training.released import released_network
from msal_training.untrained import rectangles


def lively_network(seed: int) -> Detector:
    """A random network whose norms and fusion weights all do something."""
    torch.manual_seed(seed)
    model = Detector(MODEL_SIZES["tiny"], anchor_scale=2.0).eval()
    with torch.no_grad():
        for norm in batch_norms(model):
            norm.weight.uniform_(0.5, 1.5)
            norm.bias.normal_(0, 0.2)
            norm.running_mean.normal_(0, 0.2)
            norm.running_var.uniform_(0.5, 1.5)
        for name, parameter in model.named_parameters():
            if name.endswith("edge_weights"):
                parameter.uniform_(0.2, 2.0)
    return model


class ReleasedNetwork(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def released(self, seed: int) -> Path:
        path = self.folder / f"{seed}.onnx"
        model = lively_network(seed)
        export_onnx(model, path)
        write_manifest(path, model, ["rgb"], {})
        return path

    def test_computes_what_the_file_computes(self) -> None:
        path = self.released(1)
        again = released_network([path])
        self.assertLess(largest_difference(again, path, rectangles(2, again.size.input_size, seed=3)), 1e-5)

    def test_takes_the_mean_of_several(self) -> None:
        paths = [self.released(1), self.released(2)]
        apart = [released_network([path]).state_dict() for path in paths]
        for name, value in released_network(paths).state_dict().items():
            if value.is_floating_point():
                torch.testing.assert_close(value, (apart[0][name] + apart[1][name]) / 2)


if __name__ == "__main__":
    unittest.main()
