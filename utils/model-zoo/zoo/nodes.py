"""Hand-built graphs that hold a single com.microsoft.MoE node."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HIDDEN = 64
EXPERTS = 8
TOP_K = 2


def _weights(rng, inter, fused, bias):
    """Expert weights as the schema stores them: [E, out, in]."""
    rows = 2 * inter if fused else inter
    tensors = {
        "fc1_experts_weights": rng.standard_normal((EXPERTS, rows, HIDDEN)) / np.sqrt(HIDDEN) * 1.5,
        "fc2_experts_weights": rng.standard_normal((EXPERTS, HIDDEN, inter)) / np.sqrt(inter) * 1.5,
    }
    if bias:
        tensors["fc1_experts_bias"] = rng.standard_normal((EXPERTS, rows)) * 0.3
        tensors["fc2_experts_bias"] = rng.standard_normal((EXPERTS, HIDDEN)) * 0.3
    return {name: value.astype(np.float32) for name, value in tensors.items()}


def build(config: dict, seed: int) -> onnx.ModelProto:
    """A model input[N,64], router_probs[N,8] -> output[N,64] with N dynamic.

    config: inter (I), activation, normalize, bias. router_probs are logits in
    spite of the schema's name; the kernel applies the softmax itself.
    """
    activation = config.get("activation", "swiglu")
    fused = activation == "swiglu"
    attributes = dict(
        k=TOP_K,
        activation_type=activation,
        normalize_routing_weights=config.get("normalize", 1),
    )
    if fused:
        # Fusion 1 (rows interleaved gate, linear) is the only one that ONNX
        # Runtime's CPU kernel computes. Plain swiglu: alpha 1, beta 0.
        attributes.update(swiglu_fusion=1, activation_alpha=1.0, activation_beta=0.0)
    weights = _weights(np.random.default_rng(seed), config["inter"], fused, config.get("bias", False))
    order = ("fc1_experts_weights", "fc1_experts_bias", "fc2_experts_weights", "fc2_experts_bias")
    inputs = ["input", "router_probs"] + [name if name in weights else "" for name in order]
    while not inputs[-1]:
        inputs.pop()
    node = helper.make_node("MoE", inputs, ["output"], name="moe", domain="com.microsoft", **attributes)
    graph = helper.make_graph(
        [node],
        "moe_node",
        [
            helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", HIDDEN]),
            helper.make_tensor_value_info("router_probs", TensorProto.FLOAT, ["N", EXPERTS]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["N", HIDDEN])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="moec model zoo", ir_version=10)
    onnx.checker.check_model(model, full_check=False)
    return model


def inputs(config: dict, seed: int, rows: int = 15) -> dict[str, np.ndarray]:
    """Recorded inputs; with config["ties"] every row ties across the k-th place."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, HIDDEN)).astype(np.float32)
    logits = (rng.standard_normal((rows, EXPERTS)) * 1.5).astype(np.float32)
    if config.get("ties"):
        # Small integers are exact in f32, so equal logits give equal
        # probabilities. Rows cycle through: two experts tied for first place;
        # a clear first and three tied for second; all eight tied.
        logits = np.zeros((rows, EXPERTS), np.float32)
        for row in range(rows):
            picks = rng.permutation(EXPERTS)
            if row % 3 == 0:
                logits[row, picks[:3]] = 2.0
            elif row % 3 == 1:
                logits[row, picks[0]] = 3.0
                logits[row, picks[1:4]] = 1.0
    return {"input": x, "router_probs": logits}


def reference(model: onnx.ModelProto, config: dict, feeds: dict, prefer_high: bool = True) -> np.ndarray:
    """The node in numpy (float64), to check the recorded outputs independently.

    prefer_high selects the tie rule: ONNX Runtime's CPU kernel keeps the higher
    expert id, ONNX TopK the lower.
    """
    weight = {t.name: numpy_helper.to_array(t).astype(np.float64) for t in model.graph.initializer}
    x, logits = feeds["input"].astype(np.float64), feeds["router_probs"].astype(np.float64)
    p = np.exp(logits - logits.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    ids = np.arange(EXPERTS)
    y = np.zeros_like(x)
    for row in range(x.shape[0]):
        best = sorted(ids, key=lambda e: (-p[row, e], -e if prefer_high else e))[:TOP_K]
        total = p[row, best].sum() if config.get("normalize", 1) else 1.0
        for e in best:
            h = weight["fc1_experts_weights"][e] @ x[row]
            if "fc1_experts_bias" in weight:
                h = h + weight["fc1_experts_bias"][e]
            h = weight["fc2_experts_weights"][e] @ _activate(config.get("activation", "swiglu"), h)
            if "fc2_experts_bias" in weight:
                h = h + weight["fc2_experts_bias"][e]
            y[row] += p[row, e] / total * h
    return y


def _activate(kind, h):
    if kind == "relu":
        return np.maximum(h, 0)
    if kind == "silu":
        return h / (1 + np.exp(-h))
    if kind == "gelu":
        return 0.5 * h * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3)))
    gate, linear = h[0::2], h[1::2]
    return gate / (1 + np.exp(-gate)) * linear
