"""One MoE layer as a com.microsoft.MoE node with random weights, and its mathematics in f64."""

import json
import pathlib
import subprocess

import numpy as np
import onnx
from onnx import TensorProto, helper

# Routers of moe-bench that the operator can say: softmax over the selected logits is softmax over all, renormalised.
NORMALIZE = {"softmax-topk": 0, "softmax-topk-renorm": 1, "topk-softmax": 1}


def shapes(moec):
    """The layers of moe-bench by name."""
    text = subprocess.run([f"{moec}/bin/moe-bench", "--list", "--json"], check=True, capture_output=True, text=True).stdout
    return {layer["name"]: layer for layer in json.loads(text)}


def refusal(layer):
    """Why the operator cannot say a layer, or nothing."""
    if layer["router"] not in NORMALIZE:
        return f"com.microsoft.MoE has no router {layer['router']}"
    if layer["shared_width"]:
        return "com.microsoft.MoE has no shared expert"
    return None


class Weights:
    """The parameters of a layer in one file, in the operator's layout: rows of gate and up alternate."""

    def __init__(self, layer, folder):
        h, w, e = layer["hidden"], layer["width"], layer["experts"]
        first = w if layer["body"] == "relu" else 2 * w
        self.tensors = {"fc1": ((e, first, h), (3 / h) ** 0.5), "fc2": ((e, h, w), (3 / w) ** 0.5)}
        if layer["body"] == "gpt-oss":
            self.tensors.update(fc1_bias=((e, first), 0.5), fc2_bias=((e, h), 0.5))
        self.path = pathlib.Path(folder, "weights.bin")
        self.offsets, end = {}, 0
        for name, (shape, _) in self.tensors.items():
            self.offsets[name] = end
            end += 4 * int(np.prod(shape))
        self.bytes = end

    def write(self):
        generator = np.random.default_rng(7)
        temporary = self.path.with_suffix(".part")
        with open(temporary, "wb") as file:
            for shape, scale in self.tensors.values():
                for _ in range(shape[0]):
                    values = generator.random(int(np.prod(shape[1:])), np.float32)
                    values *= 2 * scale
                    values -= scale
                    file.write(values.data)
        temporary.rename(self.path)

    def get(self, name):
        return np.memmap(self.path, np.float32, "r", self.offsets[name], self.tensors[name][0])


def write_model(layer, weights, path):
    """model.onnx beside the weights file."""
    names = ["fc1", "fc1_bias" if "fc1_bias" in weights.tensors else "", "fc2", "fc2_bias" if "fc2_bias" in weights.tensors else ""]
    attributes = {"k": layer["top_k"], "normalize_routing_weights": NORMALIZE[layer["router"]]}
    if layer["body"] == "relu":
        attributes.update(activation_type="relu")
    else:
        attributes.update(activation_type="swiglu", swiglu_fusion=1, activation_alpha=1.0, activation_beta=0.0)
    if layer["body"] == "gpt-oss":
        attributes.update(activation_alpha=1.702, activation_beta=1.0, swiglu_limit=7.0)
    node = helper.make_node("MoE", ["x", "logits", *names], ["y"], domain="com.microsoft", **attributes)

    initializers = []
    for name, (shape, _) in weights.tensors.items():
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=shape, data_location=TensorProto.EXTERNAL)
        for key, value in (("location", weights.path.name), ("offset", weights.offsets[name]), ("length", 4 * int(np.prod(shape)))):
            tensor.external_data.add(key=key, value=str(value))
        initializers.append(tensor)
    value = lambda name, size: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["T", size])
    graph = helper.make_graph(
        [node], "layer", [value("x", layer["hidden"]), value("logits", layer["experts"])], [value("y", layer["hidden"])], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)])
    model.ir_version = 10
    onnx.save(model, path)


def inputs(layer, tokens):
    """x and the router's logits for a number of tokens, the same in every process."""
    generator = np.random.default_rng(tokens)
    draw = lambda size: generator.standard_normal((tokens, size), np.float32)
    return draw(layer["hidden"]), draw(layer["experts"])


def reference(layer, weights, x, logits):
    """The layer in f64."""
    y = np.zeros((len(x), layer["hidden"]))
    for t, z in enumerate(logits.astype(np.float64)):
        p = np.exp(z - z.max())
        p /= p.sum()
        selected = np.argsort(-z, kind="stable")[: layer["top_k"]]
        scale = p[selected].sum() if NORMALIZE[layer["router"]] else 1
        for e in selected:
            tensor = lambda name: weights.get(name)[e].astype(np.float64)
            u = tensor("fc1") @ x[t].astype(np.float64)
            if layer["body"] == "gpt-oss":
                u += tensor("fc1_bias")
                gate, up = np.minimum(u[::2], 7), np.clip(u[1::2], -7, 7) + 1
                hidden = gate / (1 + np.exp(-1.702 * gate)) * up
            elif layer["body"] == "silu":
                hidden = u[::2] / (1 + np.exp(-u[::2])) * u[1::2]
            else:
                hidden = np.maximum(u, 0)
            out = tensor("fc2") @ hidden
            if layer["body"] == "gpt-oss":
                out += tensor("fc2_bias")
            y[t] += p[e] / scale * out
    return y
