"""One MoE layer with random weights as moe-bench lays it out, its inputs, and its mathematics in f64."""

import dataclasses
import json
import pathlib
import subprocess

import ml_dtypes
import numpy as np

GROUP = 64  # weights that share a scale
BF16 = ml_dtypes.bfloat16
# Element types of tokens, scales and biases for each way to store weights.
ACTIVATIONS = {"f32": np.float32, "bf16": BF16, "int8": BF16, "int4": BF16}
BITS = {"f32": 32, "bf16": 16, "int8": 8, "int4": 4}


def shapes(moec):
    """The layers of moe-bench by name."""
    text = subprocess.run([f"{moec}/bin/moe-bench", "--list", "--json"], check=True, capture_output=True, text=True).stdout
    return {layer["name"]: layer for layer in json.loads(text)}


@dataclasses.dataclass
class Tensor:
    shape: tuple
    dtype: str  # f32, bf16, int8 or int4
    scale: type  # element type of the scales of the last two
    offset: int
    range: float  # values are about uniform in [-range, range)

    @property
    def elements(self):
        return int(np.prod(self.shape))

    @property
    def quantised(self):
        return self.dtype in ("int8", "int4")

    @property
    def element_bytes(self):
        return self.elements * BITS[self.dtype] // 8

    @property
    def bytes(self):
        return self.element_bytes + (self.elements // GROUP * np.dtype(self.scale).itemsize if self.quantised else 0)


class Weights:
    """The parameters of a layer in one file: first matrices, their biases, down matrices, their biases; the same of the shared expert.

    int8 means q * s and int4, the lower of two in a byte first, (u - 8) * s, with a scale per 64 along the last dimension. Scales have the 8 bits of
    precision of bf16, so that engines whose scales are f16 or f32 get the same weights.
    """

    def __init__(self, layer, dtype, folder):
        self.layer, self.dtype = layer, dtype
        self.activations = ACTIVATIONS[dtype]
        small = "f32" if self.activations is np.float32 else "bf16"
        h, e = layer["hidden"], layer["experts"]
        parts = 1 if layer["body"] == "relu" else 2
        tensors = []
        for prefix, count, width in (("", e, layer["width"]), ("shared_", 1, layer["shared_width"])):
            if width:
                biased = layer["body"] == "gpt-oss"
                tensors.append((prefix + "first", (count, parts * width, h), dtype, (3 / h) ** 0.5))
                tensors += [(prefix + "first_bias", (count, parts * width), small, 0.5)] * biased
                tensors.append((prefix + "down", (count, h, width), dtype, (3 / width) ** 0.5))
                tensors += [(prefix + "down_bias", (count, h), small, 0.5)] * biased
        self.path = pathlib.Path(folder, "parameters.bin")
        self.tensors, self.bytes = {}, 0
        for name, shape, kind, spread in tensors:
            self.tensors[name] = Tensor(shape, kind, self.activations, self.bytes, spread)
            self.bytes += self.tensors[name].bytes

    def write(self):
        generator = np.random.default_rng(7)

        def uniform(count, low, high):
            values = generator.random(count, np.float32)
            values *= high - low
            values += low
            return values

        with open(self.path, "wb") as file:
            for tensor in self.tensors.values():
                rows, each = tensor.shape[0], tensor.elements // tensor.shape[0]
                for _ in range(rows):
                    if tensor.dtype == "int8":
                        block = generator.integers(-127, 128, each, np.int8)
                    elif tensor.dtype == "int4":
                        block = generator.integers(0, 256, each // 2, np.uint8)
                    else:
                        block = uniform(each, -tensor.range, tensor.range).astype(ACTIVATIONS[tensor.dtype], copy=False)
                    file.write(block.view(np.uint8).data)
                if tensor.quantised:
                    scale = tensor.range / (127 if tensor.dtype == "int8" else 8)
                    # Scales differ by group, so that a wrong one shows.
                    block = uniform(tensor.elements // GROUP, 0.75 * scale, 1.25 * scale)
                    file.write(block.astype(tensor.scale, copy=False).view(np.uint8).data)

    def elements(self, name):
        """What is in the file: floats, int8 codes, or bytes of two codes."""
        tensor = self.tensors[name]
        kind = {"f32": np.float32, "bf16": BF16, "int8": np.int8, "int4": np.uint8}[tensor.dtype]
        shape = tensor.shape if tensor.dtype != "int4" else (*tensor.shape[:-1], tensor.shape[-1] // 2)
        return np.memmap(self.path, kind, "r", tensor.offset, shape)

    def scales(self, name):
        tensor = self.tensors[name]
        return np.memmap(self.path, tensor.scale, "r", tensor.offset + tensor.element_bytes, (*tensor.shape[:-1], tensor.shape[-1] // GROUP))

    def values(self, name, index):
        """The values of one matrix or bias in f64."""
        codes = self.elements(name)[index]
        if self.tensors[name].dtype == "int4":
            codes = np.stack([codes & 15, codes >> 4], -1).reshape(*codes.shape[:-1], -1).astype(np.float64) - 8
        if not self.tensors[name].quantised:
            return codes.astype(np.float64)
        return codes.astype(np.float64) * np.repeat(self.scales(name)[index].astype(np.float64), GROUP, -1)


def inputs(layer, dtype, tokens, draw=0):
    """x and the router's logits for a number of tokens in f32, the same in every process; x has the precision of the layer's activations."""
    generator = np.random.default_rng((tokens, draw))
    normal = lambda size: generator.standard_normal((tokens, size), np.float32)
    return normal(layer["hidden"]).astype(ACTIVATIONS[dtype]).astype(np.float32), normal(layer["experts"])


def draws(layer, dtype, tokens, cache):
    """Inputs that runs take in turn: at most 64, until the weights of their experts are all of the layer's or twice `cache`, the bytes of the last-level
    cache (0: not known), which would otherwise keep them."""
    enough = min(weight_bytes(layer, dtype, layer["experts"]), 2 * cache or float("inf"))
    taken, active = [], set()
    while not taken or (weight_bytes(layer, dtype, len(active)) < enough and len(taken) < 64):
        taken.append(inputs(layer, dtype, tokens, len(taken)))
        active.update(select(layer, taken[-1][1]).flat)
    return taken


def select(layer, logits):
    """The experts of each token, the largest logit first: every router of moe-bench is monotone in them."""
    return np.argsort(-logits, axis=1, kind="stable")[:, : layer["top_k"]]


def route(layer, z):
    """The experts of one token and their weights in f64."""
    z = z.astype(np.float64)
    ids = select(layer, z[None])[0]
    if layer["router"] == "sigmoid-topk-renorm":
        weights = 1 / (1 + np.exp(-z[ids]))
    elif layer["router"] == "sparsemixer":
        # Each pick is weighed among the logits near it, and then left out.
        left, weights = z.copy(), []
        for e in ids:
            near = (left[e] - z) / np.maximum(np.abs(z), left[e]) <= 2 * 0.01
            weights.append(1 / np.exp(left[near & np.isfinite(left)] - left[e]).sum())
            left[e] = -np.inf
        return ids, np.array(weights)
    else:
        weights = np.exp(z[ids] - z.max())
    if layer["router"] == "softmax-topk":
        return ids, weights / np.exp(z - z.max()).sum()
    return ids, weights / weights.sum()


def activate(layer, first):
    """The hidden vector of an expert from the rows of its first matrix."""
    silu = lambda x, alpha: x / (1 + np.exp(-alpha * x))
    if layer["body"] == "gpt-oss":
        return silu(np.minimum(first[::2], 7), 1.702) * (np.clip(first[1::2], -7, 7) + 1)
    if layer["body"] == "silu":
        gate, up = np.split(first, 2)
        return silu(gate, 1) * up
    return np.maximum(first, 0)


def reference(layer, weights, x, logits):
    """The layer in f64."""
    y = np.zeros((len(x), layer["hidden"]))
    biased = layer["body"] == "gpt-oss"
    for t, row in enumerate(x.astype(np.float64)):
        ids, scales = route(layer, logits[t])
        experts = [("", e, scale) for e, scale in zip(ids, scales)] + [("shared_", 0, 1.0)] * bool(layer["shared_width"])
        for prefix, e, scale in experts:
            value = lambda name: weights.values(prefix + name, e)
            first = value("first") @ row + (value("first_bias") if biased else 0)
            y[t] += scale * (value("down") @ activate(layer, first) + (value("down_bias") if biased else 0))
    return y


def multiply_adds(layer):
    """Of one row of a routed expert and of the shared one."""
    each = (2 if layer["body"] == "relu" else 3) * layer["hidden"]
    return each * layer["width"], each * layer["shared_width"]


def weight_bytes(layer, dtype, active):
    """Bytes of the matrices of `active` routed experts and of the shared one."""
    routed, shared = multiply_adds(layer)
    scale = np.dtype(ACTIVATIONS[dtype]).itemsize / GROUP if BITS[dtype] < 16 else 0
    return (BITS[dtype] / 8 + scale) * (active * routed + shared)


def work(layer, dtype, logits):
    """Operations of a run, multiply-adds as two, and bytes of the weights that it reads."""
    routed, shared = multiply_adds(layer)
    return 2 * len(logits) * (layer["top_k"] * routed + shared), weight_bytes(layer, dtype, len(np.unique(select(layer, logits))))
