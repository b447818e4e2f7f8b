"""Runs an ONNX graph operator by operator in PyTorch, so that autograd differentiates it: an independent answer to what a gradient graph says.

    python -m msal_training.onnx_autograd JOB.json ANSWER.json

The job names a model, its float32 input (a file of raw values), the tensor of scores, places in it and tensors to differentiate at; the answer holds
a file of raw values for each. In float64, so that what differs is the other side's rounding.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

FLOAT = torch.float64
DTYPES = {7: torch.int64, 6: torch.int32, 9: torch.bool, 2: torch.uint8}


def attributes(node) -> dict:
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def tensor(value: np.ndarray) -> torch.Tensor:
    made = torch.from_numpy(np.array(value))
    return made.to(FLOAT) if made.is_floating_point() else made


def conv(x, w, b=None, *, a, transposed=False):
    n = w.ndim - 2
    strides, dilations = a.get("strides", [1] * n), a.get("dilations", [1] * n)
    pads, auto = list(a.get("pads", [0] * 2 * n)), a.get("auto_pad", b"NOTSET")
    if auto in (b"SAME_UPPER", b"SAME_LOWER"):
        for i in range(n):
            size, reach = x.shape[i + 2], (w.shape[i + 2] - 1) * dilations[i] + 1
            total = max(0, (-(-size // strides[i]) - 1) * strides[i] + reach - size)
            first = total // 2 if auto == b"SAME_UPPER" else total - total // 2
            pads[i], pads[i + n] = first, total - first
    if transposed:
        function = {1: F.conv_transpose1d, 2: F.conv_transpose2d}[n]
        whole = function(x, w, b, strides, 0, a.get("output_padding", [0] * n), a.get("group", 1), dilations)
        for i in range(n):
            whole = whole.narrow(i + 2, pads[i], whole.shape[i + 2] - pads[i] - pads[i + n])
        return whole
    flat = [side for i in reversed(range(n)) for side in (pads[i], pads[i + n])]
    function = {1: F.conv1d, 2: F.conv2d}[n]
    return function(F.pad(x, flat), w, b, strides, 0, dilations, a.get("group", 1))


def pool(x, a, largest):
    kernel = a["kernel_shape"]
    n = len(kernel)
    strides, pads = a.get("strides", [1] * n), list(a.get("pads", [0] * 2 * n))
    if a.get("auto_pad", b"NOTSET") in (b"SAME_UPPER", b"SAME_LOWER"):
        for i in range(n):
            size = x.shape[i + 2]
            total = max(0, (-(-size // strides[i]) - 1) * strides[i] + kernel[i] - size)
            first = total // 2 if a["auto_pad"] == b"SAME_UPPER" else total - total // 2
            pads[i], pads[i + n] = first, total - first
    flat = [side for i in reversed(range(n)) for side in (pads[i], pads[i + n])]
    ceil = bool(a.get("ceil_mode", 0))
    if largest:
        return F.max_pool2d(F.pad(x, flat, value=-torch.inf), kernel, strides, 0, a.get("dilations", 1), ceil)
    total = F.avg_pool2d(F.pad(x, flat), kernel, strides, 0, ceil, divisor_override=1)
    ones = torch.ones_like(x) if not a.get("count_include_pad") else None
    counted = F.pad(ones, flat) if ones is not None else torch.ones_like(F.pad(x, flat))
    return total / F.avg_pool2d(counted, kernel, strides, 0, ceil, divisor_override=1)


def resize(x, sizes, scales, a):
    mode = a.get("mode", b"nearest").decode()
    coordinates = a.get("coordinate_transformation_mode", b"half_pixel").decode()
    target = [int(s) for s in sizes] if sizes is not None else [int(np.floor(d * s)) for d, s in zip(x.shape, scales.tolist())]
    result = x
    for axis, (old, new) in enumerate(zip(x.shape, target)):
        scale = float(scales[axis]) if scales is not None else new / old
        if new == old and scale == 1:
            continue
        at = torch.arange(new, dtype=x.dtype)
        source = {
            "half_pixel": (at + 0.5) / scale - 0.5,
            "pytorch_half_pixel": (at + 0.5) / scale - 0.5 if new > 1 else at * 0,
            "align_corners": at * (old - 1) / max(1, new - 1),
            "asymmetric": at / scale,
        }[coordinates]
        if mode == "nearest":
            rounding = a.get("nearest_mode", b"round_prefer_floor").decode()
            index = {
                "floor": source.floor(),
                "ceil": source.ceil(),
                "round_prefer_floor": (source - 0.5).ceil(),
                "round_prefer_ceil": (source + 0.5).floor(),
            }[rounding]
            result = result.index_select(axis, index.long().clamp(0, old - 1))
        elif mode == "linear":
            low = source.floor()
            share = (source - low).reshape([-1 if i == axis else 1 for i in range(x.ndim)])
            first = result.index_select(axis, low.long().clamp(0, old - 1))
            second = result.index_select(axis, (low.long() + 1).clamp(0, old - 1))
            result = first * (1 - share) + second * share
        else:
            raise NotImplementedError(mode)
    return result


def slices(x, starts, ends, axes, steps):
    for start, end, axis, step in zip(starts, ends, axes, steps):
        index = range(x.shape[axis])[slice(start, end, step) if step > 0 else slice(start, None if end < -x.shape[axis] else end, step)]
        x = x.index_select(axis, torch.tensor(list(index), dtype=torch.int64))
    return x


def reduce_axes(x, a, given):
    axes = a.get("axes") if given is None else given.tolist()
    return [int(axis) for axis in axes] if axes else list(range(x.ndim))


UNARY = {
    "Identity": lambda x: x, "Neg": torch.neg, "Abs": torch.abs, "Exp": torch.exp, "Log": torch.log, "Sqrt": torch.sqrt,
    "Reciprocal": torch.reciprocal, "Sin": torch.sin, "Cos": torch.cos, "Tanh": torch.tanh, "Erf": torch.erf, "Sigmoid": torch.sigmoid,
    "Relu": torch.relu, "Softplus": F.softplus, "Floor": torch.floor, "Ceil": torch.ceil, "Round": torch.round, "Not": torch.logical_not,
    "HardSwish": F.hardswish, "Mish": F.mish, "Sign": torch.sign, "Dropout": lambda x, *_: x,
}
BINARY = {
    "Add": torch.add, "Sub": torch.sub, "Mul": torch.mul, "MatMul": torch.matmul, "Pow": lambda x, p: torch.pow(x, p.to(x.dtype)),
    "Greater": torch.gt, "Less": torch.lt, "GreaterOrEqual": torch.ge, "LessOrEqual": torch.le, "Equal": torch.eq, "And": torch.logical_and,
    "Or": torch.logical_or, "Mod": torch.remainder,
    "Div": lambda x, y: x / y if x.is_floating_point() else torch.div(x, y, rounding_mode="trunc"),
    "Max": torch.maximum, "Min": torch.minimum,
}
REDUCTIONS = {
    "ReduceSum": lambda x, d, k: x.sum(d, k), "ReduceMean": lambda x, d, k: x.mean(d, k), "ReduceMax": lambda x, d, k: x.amax(d, k),
    "ReduceMin": lambda x, d, k: x.amin(d, k), "ReduceL2": lambda x, d, k: x.square().sum(d, k).sqrt(),
    "ReduceProd": lambda x, d, k: x.prod(d[0], k),
}


def run(node, inputs, a, opset):
    op, x = node.op_type, inputs[0] if inputs else None
    if op in UNARY:
        return UNARY[op](*inputs)
    if op in BINARY:
        return BINARY[op](*inputs)
    if op in REDUCTIONS:
        return REDUCTIONS[op](x, reduce_axes(x, a, inputs[1] if len(inputs) > 1 else None), bool(a.get("keepdims", 1)))
    match op:
        case "Conv":
            return conv(*inputs, a=a)
        case "ConvTranspose":
            return conv(*inputs, a=a, transposed=True)
        case "Gemm":
            left, right = (x.T if a.get("transA") else x), (inputs[1].T if a.get("transB") else inputs[1])
            product = a.get("alpha", 1.0) * (left @ right)
            return product + a.get("beta", 1.0) * inputs[2] if len(inputs) > 2 else product
        case "BatchNormalization":
            _, scale, bias, mean, variance = inputs
            return F.batch_norm(x, mean, variance, scale, bias, eps=a.get("epsilon", 1e-5))
        case "LayerNormalization":
            axis = a.get("axis", -1) % x.ndim
            return F.layer_norm(x, x.shape[axis:], *inputs[1:], eps=a.get("epsilon", 1e-5))
        case "InstanceNormalization":
            return F.instance_norm(x, weight=inputs[1], bias=inputs[2], eps=a.get("epsilon", 1e-5))
        case "Softmax" | "LogSoftmax":
            function = torch.softmax if op == "Softmax" else torch.log_softmax
            if opset >= 13:
                return function(x, a.get("axis", -1))
            axis = a.get("axis", 1) % x.ndim
            return function(x.flatten(axis), axis).reshape(x.shape)
        case "LeakyRelu":
            return F.leaky_relu(x, a.get("alpha", 0.01))
        case "PRelu":
            return torch.where(x > 0, x, x * inputs[1])
        case "HardSigmoid":
            return (a.get("alpha", 0.2) * x + a.get("beta", 0.5)).clamp(0, 1)
        case "Gelu":
            return F.gelu(x, approximate=a.get("approximate", b"none").decode())
        case "Clip":
            low = inputs[1] if len(inputs) > 1 and inputs[1] is not None else a.get("min")
            high = inputs[2] if len(inputs) > 2 and inputs[2] is not None else a.get("max")
            return torch.clamp(x, None if low is None else float(low), None if high is None else float(high))
        case "MaxPool" | "AveragePool":
            return pool(x, a, op == "MaxPool")
        case "GlobalAveragePool":
            return x.mean(tuple(range(2, x.ndim)), keepdim=True)
        case "Reshape":
            shape = [x.shape[i] if side == 0 and not a.get("allowzero") else side for i, side in enumerate(inputs[1].tolist())]
            return x.reshape(shape)
        case "Flatten":
            axis = a.get("axis", 1)
            return x.reshape(int(np.prod(x.shape[:axis])), -1)
        case "Squeeze" | "Unsqueeze":
            axes = inputs[1].tolist() if len(inputs) > 1 else list(a.get("axes", []))
            if op == "Squeeze":
                return x.squeeze(tuple(axes)) if axes else x.squeeze()
            rank = x.ndim + len(axes)
            for axis in sorted(axis % rank for axis in axes):
                x = x.unsqueeze(axis)
            return x
        case "Transpose":
            return x.permute(a.get("perm", list(reversed(range(x.ndim)))))
        case "Concat":
            return torch.cat(inputs, a["axis"])
        case "Split":
            axis = a.get("axis", 0)
            sizes = inputs[1].tolist() if len(inputs) > 1 else a.get("split", [x.shape[axis] // len(node.output)] * len(node.output))
            return torch.split(x, list(sizes), axis)
        case "Slice":
            if len(inputs) == 1:
                starts, ends, steps = a["starts"], a["ends"], None
                axes = a.get("axes", list(range(len(starts))))
            else:
                starts, ends = inputs[1].tolist(), inputs[2].tolist()
                axes = inputs[3].tolist() if len(inputs) > 3 and inputs[3] is not None else list(range(len(starts)))
                steps = inputs[4].tolist() if len(inputs) > 4 else None
            return slices(x, starts, ends, axes, steps or [1] * len(starts))
        case "Pad":
            pads = inputs[1].tolist() if len(inputs) > 1 else list(a["pads"])
            n = len(pads) // 2
            value = float(inputs[2]) if len(inputs) > 2 and inputs[2] is not None else a.get("value", 0.0)
            return F.pad(x, [side for i in reversed(range(n)) for side in (pads[i], pads[i + n])], value=value)
        case "Gather":
            axis = a.get("axis", 0)
            index = inputs[1].long() % x.shape[axis]
            return x.index_select(axis, index.reshape(-1)).reshape(x.shape[:axis % x.ndim] + index.shape + x.shape[axis % x.ndim + 1:])
        case "GatherElements":
            return x.gather(a.get("axis", 0), inputs[1].long() % x.shape[a.get("axis", 0)])
        case "Expand":
            return x * torch.ones([int(s) for s in inputs[1]], dtype=x.dtype) if x.is_floating_point() else x.expand(torch.broadcast_shapes(x.shape, tuple(inputs[1].tolist())))
        case "Tile":
            return x.repeat(inputs[1].tolist())
        case "Where":
            return torch.where(x, inputs[1], inputs[2])
        case "TopK":
            return torch.topk(x, int(inputs[1]), a.get("axis", -1), bool(a.get("largest", 1)))
        case "Resize" | "Upsample":
            scales = inputs[1] if len(inputs) == 2 else inputs[2] if len(inputs) > 2 else None
            sizes = inputs[3] if len(inputs) > 3 else None
            if op == "Upsample":
                a = {"coordinate_transformation_mode": b"asymmetric", "nearest_mode": b"floor", **a}
            return resize(x, None if sizes is None or not len(sizes) else sizes, None if scales is None or not len(scales) else scales, a)
        case "GridSample":
            mode = a.get("mode", b"linear").decode().replace("linear", "bilinear").replace("bibilinear", "bilinear")
            return F.grid_sample(x, inputs[1], mode, a.get("padding_mode", b"zeros").decode(), bool(a.get("align_corners", 0)))
        case "Cast":
            return x.to(DTYPES.get(a["to"], FLOAT))
        case "Shape":
            return torch.tensor(x.shape[a.get("start", 0) : a.get("end", x.ndim)])
        case "Constant":
            return tensor(numpy_helper.to_array(a["value"])) if "value" in a else torch.tensor(next(iter(a.values())))
        case "ConstantOfShape":
            value = numpy_helper.to_array(a["value"]) if "value" in a else np.zeros(1, np.float32)
            return torch.full(x.tolist(), value.item(), dtype=tensor(value).dtype)
        case "Range":
            return torch.arange(inputs[0].item(), inputs[1].item(), inputs[2].item(), dtype=inputs[0].dtype)
        case "ArgMax":
            return x.argmax(a.get("axis", 0), bool(a.get("keepdims", 1)))
        case "CumSum":
            return x.cumsum(int(inputs[1]))
        case "Einsum":
            return torch.einsum(a["equation"].decode(), *inputs)
        case "DepthToSpace":
            n, c, h, w = x.shape
            b = a["blocksize"]
            if a.get("mode", b"DCR") == b"CRD":
                return F.pixel_shuffle(x, b)
            return x.reshape(n, b, b, c // b**2, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // b**2, h * b, w * b)
        case _:
            raise NotImplementedError(op)


def forward(job: dict) -> dict:
    model = onnx.load(job["model"])
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    values = {w.name: tensor(numpy_helper.to_array(w)) for w in model.graph.initializer}
    given = np.fromfile(job["input"]["file"], np.float32).reshape(job["input"]["dims"])
    values[job["input"]["name"]] = torch.from_numpy(given).to(FLOAT).requires_grad_()
    for node in model.graph.node:
        inputs = [values[name] if name else None for name in node.input]
        made = run(node, inputs, attributes(node), opset)
        for name, value in zip(node.output, made if isinstance(made, (tuple, list)) else [made]):
            if name:
                values[name] = value
    return values


def differentiate(job: dict, folder: Path) -> dict:
    """Gradients in float64, and how far PyTorch's own in float32 are from them: no other float32 can be asked to be nearer."""
    global FLOAT
    answers, rounded = [], {}
    for FLOAT in (torch.float32, torch.float64):
        values = forward(job)
        at = [values[name] for name in job["at"]]
        flat = values[job["scores"]].reshape(-1)
        for k, target in enumerate(job["targets"]):
            gradients = torch.autograd.grad(flat[target], at, retain_graph=True, allow_unused=True)
            whole = [torch.zeros_like(v) if g is None else g for g, v in zip(gradients, at)]
            if FLOAT == torch.float32:
                rounded[k] = whole
                continue
            files = []
            for i, gradient in enumerate(whole):
                file = folder / f"gradient-{k}-{i}.f32"
                gradient.float().numpy().tofile(file)
                files.append(str(file))
            errors = [(a.double() - b).norm().item() for a, b in zip(rounded[k], whole)]
            answers.append({"score": flat[target].item(), "files": files, "float32Errors": errors})
    return {"targets": answers}


if __name__ == "__main__":
    job_file, answer_file = map(Path, sys.argv[1:])
    answer_file.write_text(json.dumps(differentiate(json.loads(job_file.read_text()), answer_file.parent)))
