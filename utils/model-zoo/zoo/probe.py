"""Reading and deliberately breaking the MoE layers of an ONNX model.

Works on the exported file alone (no torch), so the committed models can be
checked wherever onnx and onnxruntime are installed.
"""

from __future__ import annotations

import re

import numpy as np
import onnx
from onnx import helper, numpy_helper

from . import record

MUTATIONS = ("zero-expert", "swap-experts", "drop-renorm", "drop-groups", "drop-selection-bias", "drop-clamp")

_UNROLLED = re.compile(r"experts\.(\d+)[./]")
_STACKED_USERS = {"GatherND", "Gather", "Split", "MatMul", "Add", "MoE"}


def _constants(model):
    found = {t.name: t for t in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = node.attribute[0].t
    return found


def _selections(model):
    """(node index, scores, number of choices) of the nodes that choose experts or groups.

    Those are TopKs, largest first, whose indices are used, and ArgMaxes. The
    ascending TopK of the exports is an argsort of expert ids, and the top two
    of a group serve only their sum.
    """
    constants = _constants(model)
    used = {name for node in model.graph.node for name in node.input}
    for index, node in enumerate(model.graph.node):
        if node.op_type == "ArgMax":
            yield index, node.input[0], 1
        if node.op_type != "TopK" or node.output[1] not in used:
            continue
        largest = next((a.i for a in node.attribute if a.name == "largest"), 1)
        if largest:
            yield index, node.input[0], int(numpy_helper.to_array(constants[node.input[1]]).reshape(()))


def router_gaps(model, feeds) -> list[float]:
    """Smallest distance between the k-th and the (k+1)-th score of every selection that leaves something out."""
    selected = [(name, k) for _, name, k in _selections(model)]
    moe = [node for node in model.graph.node if node.op_type == "MoE"]
    probed = onnx.ModelProto()
    probed.CopyFrom(model)
    existing = {value.name for value in [*model.graph.input, *model.graph.output]}
    for name in {name for name, _ in selected} - existing:
        probed.graph.output.append(onnx.ValueInfoProto(name=name))
    values = {**feeds, **record.run(probed, feeds)} if selected else feeds
    selections = [(values[name], k) for name, k in selected if values[name].shape[-1] > k]
    for node in moe:
        if node.input[1] not in values:
            continue
        logits = values[node.input[1]]
        exps = np.exp(logits - logits.max(-1, keepdims=True))
        k = next(a.i for a in node.attribute if a.name == "k")
        selections.append((exps / exps.sum(-1, keepdims=True), k))
    gaps = []
    for scores, k in selections:
        ordered = -np.sort(-scores.astype(np.float64), axis=-1)
        with np.errstate(invalid="ignore"):
            gap = ordered[..., k - 1] - ordered[..., k]
        gaps.append(float(np.min(gap[~np.isnan(gap)])))
    return gaps


def expert_weights(model, experts: int) -> list[list[list[tuple[str, int | None]]]]:
    """For each MoE layer, for each expert, the (initializer, slice) that hold its weights.

    A slice of None means that the whole initializer belongs to the expert.
    """
    constants = {t.name: t for t in model.graph.initializer}
    routers = {index for index, _, _ in _selections(model)}
    layers: dict[int, list[list]] = {}
    layer, seen = 0, set()
    # Rows that were split among the experts by how many each has got.
    rows = {name: expert for node in model.graph.node if node.op_type == "Split" and len(node.output) == experts and len(node.input) == 2
            and node.input[1] not in _constants(model) for expert, name in enumerate(node.output)}
    for index, node in enumerate(model.graph.node):
        if index in routers or node.op_type == "MoE":
            layer = index
        if node.op_type == "Gemm" and node.input[0] in rows and node.input[1] in constants:
            seen.add(node.input[1])
            layers.setdefault(layer, [[] for _ in range(experts)])[rows[node.input[0]]].append((node.input[1], None))
        for name in node.input:
            tensor = constants.get(name)
            if tensor is None or name in seen:
                continue
            unrolled = _UNROLLED.search(name) or _UNROLLED.search(node.name)
            stacked = (
                node.op_type in _STACKED_USERS
                and tensor.data_type == onnx.TensorProto.FLOAT
                and tensor.dims
                and tensor.dims[0] == experts
                and (len(tensor.dims) == 3 or (len(tensor.dims) == 2 and node.op_type in ("GatherND", "MoE")))
            )
            if unrolled and len(tensor.dims) == 2:
                seen.add(name)
                layers.setdefault(layer, [[] for _ in range(experts)])[int(unrolled[1])].append((name, None))
            elif stacked:
                seen.add(name)
                slots = layers.setdefault(layer, [[] for _ in range(experts)])
                for expert in range(experts):
                    slots[expert].append((name, expert))
    return list(layers.values())


def _rewrite(model, changes: dict[tuple[str, int | None], np.ndarray]):
    """A copy of the model with some initializers (or slices of them) replaced."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    byname = {t.name: t for t in result.graph.initializer}
    for name in {name for name, _ in changes}:
        value = numpy_helper.to_array(byname[name]).copy()
        for (other, part), new in changes.items():
            if other == name:
                value[... if part is None else part] = new
        byname[name].CopyFrom(numpy_helper.from_array(value, name))
    return result


def _read(model, name, part):
    value = numpy_helper.to_array(next(t for t in model.graph.initializer if t.name == name))
    return value if part is None else value[part]


def zero_expert(model, layer: list, expert: int):
    return _rewrite(model, {key: np.zeros_like(_read(model, *key)) for key in layer[expert]})


def swap_experts(model, layer: list, first: int, second: int):
    changes = {}
    for a, b in zip(layer[first], layer[second]):
        changes[a], changes[b] = _read(model, *b), _read(model, *a)
    return _rewrite(model, changes)


def drop_renormalisation(model):
    """The model without the division of the k routing weights by their sum; None if it has none."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    nodes = result.graph.node
    producer = {name: node for node in nodes for name in node.output}
    changed = False
    inserted: dict[str, onnx.NodeProto] = {}

    def sum_of(name, source):
        node = producer.get(name)
        if node is not None and node.op_type in ("Add", "Max", "Clip"):  # + epsilon, or at least that
            node = producer.get(node.input[0])
        return node is not None and node.op_type == "ReduceSum" and node.input[0] == source

    for index, node in enumerate(list(nodes)):
        if node.op_type == "Div" and sum_of(node.input[1], node.input[0]):
            nodes[index].CopyFrom(helper.make_node("Identity", [node.input[0]], node.output, name=node.name))
            changed = True
        elif node.op_type == "MoE":
            attribute = next((a for a in node.attribute if a.name == "normalize_routing_weights"), None)
            if attribute is not None and attribute.i:
                attribute.i = 0
                changed = True
        elif node.op_type == "Softmax" and getattr(producer.get(node.input[0]), "op_type", "") == "TopK":
            # Softmax over the chosen k is softmax over all with a division by
            # the sum of the chosen: undo it by moving it before the TopK.
            topk = producer[node.input[0]]
            name = topk.input[0] + "_all_probabilities"
            inserted[topk.output[0]] = helper.make_node("Softmax", [topk.input[0]], [name], axis=-1)
            topk.input[0] = name
            nodes[index].CopyFrom(helper.make_node("Identity", [node.input[0]], node.output, name=node.name))
            changed = True
    if inserted:
        ordered = []
        for node in nodes:
            ordered += [inserted[node.output[0]]] if node.output[0] in inserted else []
            ordered.append(node)
        ordered = [onnx.NodeProto.FromString(node.SerializeToString()) for node in ordered]
        del nodes[:]
        nodes.extend(ordered)
    return result if changed else None


def _bypass(model, wanted):
    """Copies the model with each node for which wanted(node) names an input replaced by that input."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    changed = False
    for node in result.graph.node:
        kept = wanted(node)
        if kept:
            node.CopyFrom(helper.make_node("Identity", [kept], node.output, name=node.name))
            changed = True
    return result if changed else None


def drop_groups(model):
    """DeepSeek without its group limit: the Where before the final TopK lets every expert through.

    None where the limit leaves nothing out, as in GLM-4.5, whose only group is the best one.
    """
    chosen = {scores for _, scores, _ in _selections(model)}
    masked = {node.output[0] for node in model.graph.node if node.op_type == "Where"} & chosen
    shapes = {value.name: value.type.tensor_type.shape.dim for value in onnx.shape_inference.infer_shapes(model).graph.value_info}
    if all(scores in masked or [dim.dim_value for dim in shapes.get(scores, ())][-1:] == [k] for _, scores, k in _selections(model)):
        return None
    return _bypass(model, lambda node: node.input[2] if node.output[0] in masked else None)


def drop_selection_bias(model):
    """DeepSeek-V3 or ERNIE-4.5 without e_score_correction_bias, an Add of constants to the scores."""
    constants = _constants(model)
    scores = {node.output[0] for node in model.graph.node if node.op_type in ("Sigmoid", "Softmax")}
    return _bypass(
        model,
        lambda node: node.input[0]
        if node.op_type == "Add" and node.input[0] in scores and node.input[1] in constants
        else None,
    )


def drop_clamp(model):
    """gpt-oss without the limits on gate and linear part; the integer Clip of a histogram and the guard of a sum stay."""
    constants = _constants(model)
    sums = {node.output[0] for node in model.graph.node if node.op_type == "ReduceSum"}

    def wanted(node):
        if node.op_type != "Clip" or node.input[0] in sums or constants[node.input[-1]].data_type != onnx.TensorProto.FLOAT:
            return None
        return node.input[0]

    return _bypass(model, wanted)


# Breakages that only some routers or experts offer.
_SPECIAL = {
    "drop-renorm": drop_renormalisation,
    "drop-groups": drop_groups,
    "drop-selection-bias": drop_selection_bias,
    "drop-clamp": drop_clamp,
}


def mutate(model, kind: str, experts: int):
    """One broken model, or None where `kind` does not apply.

    zero-expert and swap-experts break expert 0, or 0 and 1, of the first MoE layer.
    """
    if kind in _SPECIAL:
        return _SPECIAL[kind](model)
    layers = expert_weights(model, experts)
    if not layers:
        return None
    return zero_expert(model, layers[0], 0) if kind == "zero-expert" else swap_experts(model, layers[0], 0, 1)


def teeth(model, feeds, recorded, experts: int) -> dict:
    """How far each mutation moves the outputs: the least over all layers and experts."""

    def error(mutant):
        results = record.run(mutant, feeds)
        return max(record.relative_error(results[name], recorded[name]) for name in recorded)

    measured: dict = {}
    zero, swap = [], []
    for layer in expert_weights(model, experts):
        zero += [error(zero_expert(model, layer, e)) for e in range(experts)]
        swap += [error(swap_experts(model, layer, e, (e + 1) % experts)) for e in range(experts)]
    if zero:
        measured["zero-expert"] = min(zero)
        measured["swap-experts"] = min(swap)
    for kind, function in _SPECIAL.items():
        mutant = function(model)
        if mutant is not None:
            measured[kind] = error(mutant)
    return measured
