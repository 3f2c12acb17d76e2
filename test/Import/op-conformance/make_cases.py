#!/usr/bin/env python3
"""Makes one tiny ONNX model per form of each operator, with inputs and what ONNX Runtime makes of them.

usage: make_cases.py OUTPUT_DIRECTORY [new]

With "new" only cases that are not there yet are made.

Every case is a folder in the layout of the integration models: model.onnx, inputs/NAME.npy, outputs/NAME.npy. Sizes of inputs are symbolic where a
case says so ("dynamic"), so that the run-time forms are reached. Where ONNX Runtime lacks a form, its results come from ONNX's reference evaluator or from
another spelling of the same. Needs numpy, onnx and onnxruntime; the tests need none of them.
"""
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T
from onnx import helper as h
from onnx.reference import ReferenceEvaluator

rng = np.random.default_rng(7)
CASES = {}


def f32(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def i64(*values):
    return np.array(values, np.int64)


def case(name, op, inputs, outputs=1, attrs=None, const=(), opset=20, domain="", dynamic=True, fixed=(), results=None, captured=(), keep=None):
    """inputs: arrays or None for an absent one; const, fixed: numbers of the inputs that are initializers, or have static sizes; results: arrays, or
    "reference", where ONNX Runtime cannot tell them; dynamic: False, True or "rows", the first size of each input only; captured: numbers of the inputs that only bodies of the node read;
    keep: where the first output is specified (another node makes the rest 0)."""
    assert name not in CASES, name
    inputs = [None if a is None else a if isinstance(a, onnx.TensorProto) else np.asarray(a) for a in inputs]
    CASES[name] = dict(op=op, inputs=inputs, outputs=outputs, attrs=attrs or {}, const=set(const), opset=opset, domain=domain, dynamic=dynamic, fixed=set(fixed),
                       results=results, captured=set(captured), keep=keep)


def run_node(op, inputs, outputs=1, attrs=None, domain=""):
    """What ONNX Runtime makes of one node."""
    names = ["" if a is None else f"x{i}" for i, a in enumerate(inputs)]
    values = [f"y{i}" for i in range(outputs)]
    node = h.make_node(op, names, values, domain=domain, **(attrs or {}))
    infos = [h.make_tensor_value_info(n, h.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in zip(names, inputs) if n]
    graph = h.make_graph([node], "g", infos, [onnx.ValueInfoProto(name=n) for n in values])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 20), h.make_opsetid("com.microsoft", 1)], ir_version=10)
    return run_model(model, {n: a for n, a in zip(names, inputs) if n})


def run_model(model, feeds):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, feeds)


def symbols(array, number, dynamic):
    return [f"d{number}_{i}" if dynamic is True or (dynamic == "rows" and i == 0) else n for i, n in enumerate(array.shape)]


def build(spec):
    names = ["" if a is None else f"x{i}" for i, a in enumerate(spec["inputs"])]
    outputs = [f"y{i}" for i in range(spec["outputs"])]
    operands = [n for i, n in enumerate(names) if i not in spec["captured"]]
    node = h.make_node(spec["op"], operands, outputs, name="node", domain=spec["domain"], **spec["attrs"])
    inputs, initializers = [], []
    for i, (name, array) in enumerate(zip(names, spec["inputs"])):
        if array is None:
            continue
        if i in spec["const"]:
            initializers.append(array if isinstance(array, onnx.TensorProto) else onnx.numpy_helper.from_array(array, name))
            initializers[-1].name = name
        else:
            inputs.append(h.make_tensor_value_info(name, h.np_dtype_to_tensor_dtype(array.dtype), symbols(array, i, i not in spec["fixed"] and spec["dynamic"])))
    nodes = [node]
    if spec["keep"] is not None:
        node.output[0] = "all"
        nodes.append(h.make_node("Where", ["keep", "all", "zero"], [outputs[0]]))
        initializers += [onnx.numpy_helper.from_array(spec["keep"], "keep"), onnx.numpy_helper.from_array(np.float32(0), "zero")]
    opsets = [h.make_opsetid("", spec["opset"])] + ([h.make_opsetid(spec["domain"], 1)] if spec["domain"] else [])

    def model(values):
        graph = h.make_graph(nodes, "g", inputs, values, initializers)
        return h.make_model(graph, opset_imports=opsets, ir_version=10)

    # The types of outputs come from a first run.
    untyped = model([onnx.ValueInfoProto(name=n) for n in outputs])
    feeds = {n: a for i, (n, a) in enumerate(zip(names, spec["inputs"])) if a is not None and i not in spec["const"]}
    if spec["results"] is None:
        results = run_model(untyped, feeds)
    elif isinstance(spec["results"], str):
        results = ReferenceEvaluator(untyped).run(outputs, feeds)
    else:
        results = spec["results"]
    typed = model([h.make_tensor_value_info(n, h.np_dtype_to_tensor_dtype(r.dtype), [f"{n}_{i}" for i in range(r.ndim)])
                   for n, r in zip(outputs, results)])
    return typed, feeds, dict(zip(outputs, results))


def elementwise():
    for op in ("Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "Neg", "Reciprocal", "Relu", "Round", "Sigmoid", "Sign", "Sin", "Softplus", "Tanh"):
        case(op.lower(), op, [f32(3, 4) * 2])
    for op in ("Log", "Sqrt"):
        case(op.lower(), op, [np.abs(f32(3, 4)) + 0.1])
    case("gelu", "Gelu", [f32(3, 4)])
    case("gelu_tanh", "Gelu", [f32(3, 4)], attrs=dict(approximate="tanh"))
    case("leakyrelu", "LeakyRelu", [f32(3, 4)], attrs=dict(alpha=0.2))
    for op in ("Add", "Sub", "Mul", "Div", "Max", "Min"):
        case(op.lower(), op, [f32(2, 3, 4), f32(3, 1)])
        case(op.lower() + "_static", op, [f32(3, 4), f32(3, 4)], dynamic=False)
    case("div_int", "Div", [i64(7, -7, 7, -7), i64(2, 2, -2, -2)])
    case("pow", "Pow", [np.abs(f32(3, 4)) + 0.1, f32(4)])
    case("pow_square", "Pow", [f32(3, 4), np.float32(2)], const=[1])
    case("pow_int_exponent", "Pow", [f32(3, 4), np.int64(3)], const=[1])
    case("mod", "Mod", [i64(7, -7, 7, -7, 6), i64(3, 3, -3, -3, 3)])
    case("mod_fmod", "Mod", [np.float32([5.5, -5.5, 3]), np.float32([2, 2, -2])], attrs=dict(fmod=1))
    a, b = f32(3, 4).round(), f32(3, 4).round()
    for op in ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"):
        case(op.lower(), op, [a, b])
    p, q = f32(3, 4) > 0, f32(4) > 0
    for op in ("And", "Or", "Xor"):
        case(op.lower(), op, [p, q])
    case("not", "Not", [p])
    case("where", "Where", [q, f32(2, 3, 1), f32(3, 4)])
    case("clip", "Clip", [f32(3, 4), np.float32(-0.5), np.float32(0.5)], const=[1, 2])
    case("clip_max", "Clip", [f32(3, 4), None, np.float32(0.5)], const=[2])
    case("clip_int", "Clip", [i64(-3, 0, 9), np.int64(0), np.int64(4)])
    case("isnan", "IsNaN", [np.float32([1, np.nan, np.inf])])
    case("isinf", "IsInf", [np.float32([1, -np.inf, np.inf])], attrs=dict(detect_negative=0))
    case("cast_to_int", "Cast", [np.float32([1.7, -1.7, 0])], attrs=dict(to=T.INT64))
    case("cast_to_bool", "Cast", [np.float32([1.7, -1.7, 0])], attrs=dict(to=T.BOOL))
    case("cast_from_bool", "Cast", [p], attrs=dict(to=T.FLOAT))
    case("sum", "Sum", [f32(3, 4), f32(4), f32(3, 1)])


def shapes():
    x = f32(2, 3, 4)
    case("reshape", "Reshape", [x, i64(0, -1)], const=[1])
    case("reshape_runtime", "Reshape", [x, i64(4, 6)], fixed=[1])
    case("reshape_runtime_infer", "Reshape", [x, i64(0, -1)], fixed=[1])
    for name, shape in (("empty", i64(0, 3)), ("empty_last", i64(3, 0))):
        case("reshape_runtime_" + name, "Reshape", [np.zeros(shape, np.float32), i64(-1, 5)], fixed=[1])
    case("reshape_runtime_allowzero", "Reshape", [np.zeros((3, 0), np.float32), i64(0, 4)], attrs=dict(allowzero=1), fixed=[1])
    case("transpose", "Transpose", [x], attrs=dict(perm=[2, 0, 1]))
    case("transpose_default", "Transpose", [x])
    case("flatten", "Flatten", [x], attrs=dict(axis=-1))
    case("squeeze", "Squeeze", [f32(1, 3, 1), i64(-1)], const=[1])
    case("unsqueeze", "Unsqueeze", [f32(3, 2), i64(0, -1)], const=[1])
    case("expand", "Expand", [f32(3, 1), i64(2, 1, 4)], const=[1])
    case("expand_runtime", "Expand", [f32(3, 1), i64(2, 3, 4)], fixed=[1])
    case("tile", "Tile", [f32(2, 3), i64(2, 1)], const=[1])
    case("tile_runtime", "Tile", [f32(2, 3), i64(2, 3)], fixed=[1])
    case("concat", "Concat", [f32(2, 3), f32(2, 1), f32(2, 2)], attrs=dict(axis=-1))
    case("constantofshape", "ConstantOfShape", [i64(2, 3)], attrs=dict(value=h.make_tensor("v", T.INT64, [1], [5])), fixed=[0])
    case("range", "Range", [np.int64(2), np.int64(11), np.int64(3)])
    case("range_down", "Range", [np.int64(9), np.int64(1), np.int64(-3)])
    case("range_float", "Range", [np.float32(0), np.float32(1), np.float32(0.3)])
    case("shape", "Shape", [x], attrs=dict(start=-2))
    case("size", "Size", [x])
    case("pad", "Pad", [f32(2, 3), i64(1, 0, 0, 2), np.float32(9)], const=[1, 2])
    case("pad_axes", "Pad", [f32(2, 3), i64(1, 2), None, i64(-1)], const=[1, 3])


    case("pad_runtime", "Pad", [f32(2, 3), i64(1, 0, -1, 2), np.float32(9)], fixed=[1])
    for mode in ("edge", "reflect", "wrap"):
        case("pad_" + mode, "Pad", [f32(3, 4), i64(2, 2, 1, -1)], attrs=dict(mode=mode), const=[1], opset=19)
        case(f"pad_{mode}_runtime", "Pad", [f32(4, 3), i64(3, 2), None, i64(0)], attrs=dict(mode=mode), const=[3], fixed=[1], opset=19)


def conditions():
    def body(name, nodes, output):
        return h.make_graph(nodes, name, [], [h.make_tensor_value_info(output, T.FLOAT, None)])

    def choice(name, condition, rank, **more):
        """Both bodies read what is around them; one has a weight of its own, the other a result of another size."""
        weight = onnx.numpy_helper.from_array(f32(4), "w")
        scaled = body("then", [h.make_node("Mul", ["x1", "w"], ["s"]), h.make_node("Relu", ["s"], ["t"])], "t")
        scaled.initializer.append(weight)
        rows = h.make_node("Constant", [], ["i"], value_ints=[0, 1, 1])
        picked = body("else", [rows, h.make_node("Gather", ["x1", "i"], ["e"], axis=0)], "e")
        case(name, "If", [np.array(condition).reshape([1] * rank), f32(2, 4)], attrs=dict(then_branch=scaled, else_branch=picked), captured=[1], **more)

    for condition in (True, False):
        choice(f"if_{condition}".lower(), condition, 0)
        choice(f"if_{condition}_constant".lower(), condition, 1, const=[0])


def quantized():
    x, rows = f32(3, 5) * 9, f32(4, 32)
    q8, u8 = lambda *s: rng.integers(-128, 128, s).astype(np.int8), lambda *s: rng.integers(0, 256, s).astype(np.uint8)
    one = np.float32
    case("quantizelinear", "QuantizeLinear", [x, one(0.1), np.uint8(120)], const=[1, 2])
    case("quantizelinear_default", "QuantizeLinear", [x, one(0.05)])
    case("quantizelinear_axis", "QuantizeLinear", [x, np.abs(f32(5)) + 0.1, q8(5)], const=[1, 2])
    case("quantizelinear_ties", "QuantizeLinear", [np.float32([0.5, 1.5, 2.5, -0.5, -1.5]), one(1), np.int8(0)])
    case("quantizelinear_block", "QuantizeLinear", [rows, np.abs(f32(4, 2)) * 0.02 + 0.01, u8(4, 2)], attrs=dict(axis=1, block_size=16), const=[1, 2], opset=21)
    case("dequantizelinear", "DequantizeLinear", [u8(3, 5), one(0.1), np.uint8(120)], const=[1, 2])
    case("dequantizelinear_axis", "DequantizeLinear", [q8(3, 5), f32(3), q8(3)], attrs=dict(axis=0), const=[1, 2])
    case("dequantizelinear_int32", "DequantizeLinear", [rng.integers(-9**6, 9**6, (3, 5)).astype(np.int32), one(0.01)])
    case("dequantizelinear_block", "DequantizeLinear", [q8(4, 40), f32(4, 3), q8(4, 3)], attrs=dict(axis=1, block_size=16), const=[0, 1, 2], opset=21)
    table, ids = dict(domain="com.microsoft", const=[0, 2, 3]), np.array([[1, -1], [0, 5]])
    attrs = dict(bits=8, block_size=16, gather_axis=0, quantize_axis=1)
    case("gatherblockquantized", "GatherBlockQuantized", [u8(6, 32), ids, f32(6, 2), u8(6, 2)], attrs=attrs, **table)
    case("gatherblockquantized_4bit", "GatherBlockQuantized", [u8(6, 16), ids, f32(6, 2), u8(6, 1)], attrs=dict(attrs, bits=4), **table)
    case("gatherblockquantized_default", "GatherBlockQuantized", [u8(6, 16), ids, f32(6, 2)], attrs=dict(attrs, bits=4), domain="com.microsoft", const=[0, 2])


def slices():
    x = f32(5, 6)
    steps = [(0, 5, 2), (-1, -9, -2), (3, -2**62, -1), (1, 2**62, 3), (4, 1, 1)]
    for number, (start, end, step) in enumerate(steps):
        case(f"slice_runtime_step_{number}", "Slice", [x, i64(start, 1), i64(end, 5), i64(0, 1), i64(step, 2)], const=[3], fixed=[1, 2, 4])
    case("slice", "Slice", [x, i64(1), i64(4), i64(1), i64(2)], const=[1, 2, 3, 4])
    case("slice_empty", "Slice", [x[:, :1], i64(1), i64(4), i64(1), i64(2)], const=[1, 2, 3, 4])
    case("slice_static", "Slice", [x, i64(1, -2), i64(100, 2**62)], const=[1, 2], dynamic=False)
    case("slice_negative", "Slice", [x, i64(-2), i64(2**62), i64(0)], const=[1, 2, 3])
    case("slice_runtime", "Slice", [x, i64(-3), i64(-1), i64(1)], const=[3], fixed=[1, 2])
    case("slice_backwards", "Slice", [x, i64(-1), i64(-(2**62)), i64(0), i64(-2)], const=[1, 2, 3, 4])
    case("slice_backwards_part", "Slice", [x, i64(4), i64(1), i64(1), i64(-1)], const=[1, 2, 3, 4])
    case("split", "Split", [x], 3, attrs=dict(axis=1, num_outputs=3))
    case("split_uneven", "Split", [x], 3, attrs=dict(axis=0, num_outputs=3))
    case("split_sizes", "Split", [x, i64(1, 5)], 2, attrs=dict(axis=1), const=[1])
    case("trilu_upper", "Trilu", [x, np.int64(1)], const=[1])
    case("trilu_lower", "Trilu", [x], attrs=dict(upper=0))
    case("trilu_runtime", "Trilu", [x, np.int64(-1)])
    for exclusive in (0, 1):
        for reverse in (0, 1):
            case(f"cumsum_{exclusive}{reverse}", "CumSum", [x, np.int64(1)], attrs=dict(exclusive=exclusive, reverse=reverse), const=[1])
    case("cumsum_long", "CumSum", [rng.integers(0, 3, (2, 150)), np.int64(1)], const=[1])
    case("onehot", "OneHot", [i64(1, -1, 3), np.int64(4), np.float32([0, 2])], const=[1, 2])
    case("onehot_axis", "OneHot", [rng.integers(0, 3, (2, 3)), np.int64(3), i64(0, 1)], attrs=dict(axis=0), const=[1], fixed=[2])
    case("onehot_runtime", "OneHot", [i64(1, -1, 3), np.int64(5), np.float32([0, 2])], fixed=[2])
    case("nonzero", "NonZero", [f32(3, 4) > 0.3])
    case("nonzero_long", "NonZero", [rng.integers(0, 2, (150,))])
    case("nonzero_float", "NonZero", [np.maximum(f32(2, 3, 2), 0)])


def indexing():
    x = f32(4, 5, 3)
    case("gather", "Gather", [x, np.array([[0, -1], [2, 1]])], attrs=dict(axis=1))
    case("gather_scalar", "Gather", [x, np.int64(-2)], const=[1], dynamic=False)
    case("gather_rows", "Gather", [x, np.array([1, 2], np.int32)], const=[1])
    case("gatherelements", "GatherElements", [x, rng.integers(-4, 4, (2, 5, 3))], attrs=dict(axis=0))
    case("gathernd", "GatherND", [x, np.array([[0, -1], [3, 2]])], dynamic=False)
    case("gathernd_batch", "GatherND", [x, rng.integers(0, 5, (4, 2, 1))], attrs=dict(batch_dims=1), dynamic=False)
    ids = rng.integers(-4, 4, (2, 5, 3))
    distinct = np.array([[0, -1, 2], [3, 1, -4]]).reshape(2, 3, 1)[:, :2]
    case("scatterelements", "ScatterElements", [f32(4, 2), np.array([[0, 3], [-1, 1]]), f32(2, 2)], attrs=dict(axis=0))
    for reduction in ("add", "mul", "max", "min"):
        case("scatterelements_" + reduction, "ScatterElements", [x, ids, f32(2, 5, 3)], attrs=dict(axis=0, reduction=reduction))
    case("scatternd", "ScatterND", [x, np.array([[0, 1], [-1, 2]]), f32(2, 3)], dynamic=False)
    case("scatternd_add", "ScatterND", [x, np.array([[0], [2], [0]]), f32(3, 5, 3)], attrs=dict(reduction="add"), dynamic=False)
    case("topk", "TopK", [f32(3, 6), i64(2)], 2, const=[1])
    case("topk_axis", "TopK", [f32(3, 6), i64(2)], 2, attrs=dict(axis=0), const=[1])
    case("topk_smallest", "TopK", [f32(3, 6), i64(2)], 2, attrs=dict(largest=0), const=[1])
    case("topk_ties", "TopK", [rng.integers(0, 3, (3, 9)).astype(np.float32), i64(4)], 2, const=[1])
    case("topk_runtime", "TopK", [f32(3, 6), i64(3)], 2, fixed=[1])
    case("argsort_ties", "TopK", [rng.integers(0, 4, (12,)), i64(12)], 2, attrs=dict(largest=0), const=[1], dynamic=False)
    zeros = np.float32([[-0.0, 0, -1, 0, -0.0], [0, -0.0, 1, -0.0, 0]])
    case("topk_zeros", "TopK", [zeros, i64(3)], 2, const=[1])
    case("topk_zeros_axis", "TopK", [zeros.T, i64(3)], 2, attrs=dict(axis=0), const=[1], dynamic=False)
    case("topk_zeros_smallest", "TopK", [zeros, i64(3)], 2, attrs=dict(largest=0), const=[1])
    case("topk_zeros_runtime", "TopK", [zeros, i64(3)], 2, fixed=[1])
    case("topk_zeros_many", "TopK", [np.tile(zeros, (1, 8)), i64(20)], 2, const=[1])
    case("argmax_zeros", "ArgMax", [zeros[:, :3]], attrs=dict(axis=1))
    case("argmax", "ArgMax", [rng.integers(0, 3, (3, 6)).astype(np.float32)], attrs=dict(axis=1))
    case("argmax_last", "ArgMax", [rng.integers(0, 3, (3, 6)).astype(np.float32)], attrs=dict(axis=1, keepdims=0, select_last_index=1))
    case("argmin", "ArgMin", [f32(3, 6)], attrs=dict(axis=0, keepdims=0))


def reductions():
    x = f32(2, 3, 4)
    for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp"):
        case(op.lower(), op, [x, i64(-1)], const=[1])
        case(op.lower() + "_all", op, [x], attrs=dict(keepdims=0))
    case("reducesum_noop", "ReduceSum", [x], attrs=dict(noop_with_empty_axes=1))
    case("reducemax_bool", "ReduceMax", [x > 1, i64(1)], attrs=dict(keepdims=0), const=[1])
    case("reducemean_13", "ReduceMean", [x], attrs=dict(axes=[0, 2]), opset=17)
    case("softmax", "Softmax", [x * 4])
    case("softmax_axis", "Softmax", [x], attrs=dict(axis=1))
    case("logsoftmax", "LogSoftmax", [x])
    case("matmul", "MatMul", [f32(3, 4), f32(4, 5)])
    case("matmul_batch", "MatMul", [f32(2, 1, 3, 4), f32(5, 4, 2)])
    case("matmul_rows", "MatMul", [f32(2, 3, 4), f32(4, 5)], const=[1])
    case("matmul_vectors", "MatMul", [f32(4), f32(2, 4, 5)])
    case("matmul_dot", "MatMul", [f32(4), f32(4)])
    case("gemm", "Gemm", [f32(4, 3), f32(5, 4), f32(5)], attrs=dict(transA=1, transB=1, alpha=0.5, beta=2.0), const=[1, 2])
    case("einsum_batch", "Einsum", [f32(2, 3, 4), f32(2, 4, 5)], attrs=dict(equation="bij, bjk -> bki"))
    case("einsum_ellipsis", "Einsum", [f32(2, 3, 4), f32(4, 5)], attrs=dict(equation="...i,ij"))
    case("einsum_three", "Einsum", [f32(2, 3), f32(3, 4), f32(4)], attrs=dict(equation="ij,jk,k->i"))
    case("einsum_sum", "Einsum", [f32(2, 3)], attrs=dict(equation="ij->j"))


def networks():
    x = f32(2, 3, 8)
    case("layernormalization", "LayerNormalization", [x, f32(8), f32(8)], const=[1, 2])
    case("layernormalization_axis", "LayerNormalization", [x, f32(3, 8)], attrs=dict(axis=1, epsilon=1e-3), dynamic=False)
    case("simplifiedlayernormalization", "SimplifiedLayerNormalization", [x, f32(8)], attrs=dict(axis=-1, epsilon=1e-6), const=[1])
    case("rmsnormalization", "RMSNormalization", [x, f32(8)], opset=23, const=[1])
    case("skipsimplifiedlayernormalization", "SkipSimplifiedLayerNormalization", [x, f32(2, 3, 8), f32(8)], attrs=dict(epsilon=1e-5),
         domain="com.microsoft", const=[2])
    case("skiplayernormalization", "SkipLayerNormalization", [x, f32(2, 3, 8), f32(8), f32(8)], attrs=dict(epsilon=1e-5), domain="com.microsoft",
         const=[2, 3])
    for op in ("BiasGelu", "FastGelu"):
        case(op.lower(), op, [x, f32(8)], domain="com.microsoft", const=[1])
    case("quickgelu", "QuickGelu", [x], domain="com.microsoft")
    case("swish", "Swish", [x], opset=24, results="reference")
    case("swish_alpha", "Swish", [x], attrs=dict(alpha=1.7), opset=24, results="reference")
    y, gate = f32(2, 3, 8), f32(2, 3, 1)
    case("gatedadd", "GatedAdd", [x, y, gate], domain="com.microsoft", results=[x + y * gate])
    case("fusedmatmul", "FusedMatMul", [f32(2, 3, 4), f32(2, 5, 4)], attrs=dict(transB=1, alpha=0.5), domain="com.microsoft")


def attention():
    B, S, P, N, K, D = 2, 3, 4, 4, 2, 8
    static = dict(dynamic=False)
    q4, k4, v4 = f32(B, N, S, D), f32(B, K, S, D), f32(B, K, S, D)
    case("attention", "Attention", [q4, k4, v4], attrs=dict(scale=0.3), opset=23, **static)
    case("attention_causal", "Attention", [q4, k4, v4], attrs=dict(is_causal=1), opset=23, **static)
    case("attention_mask", "Attention", [q4, k4, v4, f32(B, 1, S, S)], opset=23, **static)
    case("attention_bool_mask", "Attention", [q4, k4, v4, np.tril(np.ones((S, S), bool))], opset=23, **static)
    case("attention_heads", "Attention", [f32(B, S, N * D), f32(B, S, K * D), f32(B, S, K * D)], attrs=dict(q_num_heads=N, kv_num_heads=K), opset=23,
         **static)
    case("attention_past", "Attention", [q4, k4, v4, None, f32(B, K, P, D), f32(B, K, P, D)], 3, attrs=dict(is_causal=1), opset=24, **static)
    case("rotaryembedding", "RotaryEmbedding", [q4, f32(9, D // 2), f32(9, D // 2), rng.integers(0, 9, (B, S))], opset=23, **static)
    case("rotaryembedding_interleaved", "RotaryEmbedding", [f32(B, S, N * D), f32(B, S, D // 2), f32(B, S, D // 2)],
         attrs=dict(num_heads=N, interleaved=1), opset=23, **static)
    ms = dict(domain="com.microsoft", dynamic=False)
    case("ms_rotaryembedding", "RotaryEmbedding", [f32(B, S, N * D), rng.integers(0, 9, (B, S)), f32(9, D // 2), f32(9, D // 2)],
         attrs=dict(num_heads=N), **ms)
    case("ms_rotaryembedding_offset", "RotaryEmbedding", [f32(B, N, S, D), i64(3), f32(9, D // 2), f32(9, D // 2)], attrs=dict(interleaved=1), **ms)
    h3 = lambda n, s=S: f32(B, s, n * D)
    case("multiheadattention", "MultiHeadAttention", [h3(N), h3(N), h3(N), f32(3 * N * D), None, f32(1, 1, S, S)], attrs=dict(num_heads=N), **ms)
    case("multiheadattention_past", "MultiHeadAttention",
         [h3(N), h3(N), h3(N), None, None, None, f32(B, N, P, D), f32(B, N, P, D)], 3, attrs=dict(num_heads=N), **ms)
    case("multiheadattention_causal", "MultiHeadAttention", [h3(N), h3(N), h3(N)], attrs=dict(num_heads=N, unidirectional=1), **ms)
    qkv = [h3(N), h3(N), h3(N)]
    heads = [a.reshape(B, S, N, 1, D) for a in qkv]
    plain = run_node("MultiHeadAttention", qkv, attrs=dict(num_heads=N), domain="com.microsoft")
    case("multiheadattention_packed", "MultiHeadAttention", [np.concatenate(heads, 3)], attrs=dict(num_heads=N), results=plain, **ms)
    case("multiheadattention_packed_kv", "MultiHeadAttention", [qkv[0], np.concatenate(heads[1:], 3)], attrs=dict(num_heads=N), results=plain, **ms)
    cache, fresh = f32(B, K, 6, D), f32(B, K, 2, D)
    case("tensorscatter", "TensorScatter", [cache, fresh, i64(1, 4)], opset=24, results="reference")
    case("tensorscatter_circular", "TensorScatter", [cache, fresh, i64(5, 3)], attrs=dict(mode="circular"), opset=24, results="reference")
    case("tensorscatter_start", "TensorScatter", [f32(B, 6, K), f32(B, 2, K)], attrs=dict(axis=1), opset=24, results="reference")
    k6, v6 = f32(B, K, 6, D), f32(B, K, 6, D)
    for causal in (0, 1):
        case(f"attention_nonpad_{causal}", "Attention", [q4, k6, v6, None, None, None, i64(4, 6)], attrs=dict(is_causal=causal), opset=24,
             results="reference", **static)
    D = 16
    cos, sin = f32(16, D // 2), f32(16, D // 2)
    lengths = lambda *v: np.array(v, np.int32)
    gqa = dict(num_heads=N, kv_num_heads=K)
    case("groupqueryattention_prompt", "GroupQueryAttention",
         [h3(N), h3(K), h3(K), None, None, lengths(S - 1, S - 1), np.int32(S)], 3, attrs=gqa, **ms)
    case("groupqueryattention_decode", "GroupQueryAttention",
         [h3(N, 1), h3(K, 1), h3(K, 1), f32(B, K, P, D), f32(B, K, P, D), lengths(P, P), np.int32(P + 1), cos, sin], 3,
         attrs=dict(gqa, do_rotary=1), **ms)
    case("groupqueryattention_packed", "GroupQueryAttention",
         [h3(N + 2 * K), None, None, None, None, lengths(S - 1, S - 1), np.int32(S), cos, sin], 3, attrs=dict(gqa, do_rotary=1, rotary_interleaved=1),
         **ms)
    case("groupqueryattention_window", "GroupQueryAttention",
         [h3(N, 6), h3(K, 6), h3(K, 6), None, None, lengths(5, 5), np.int32(6)], 3, attrs=dict(gqa, local_window_size=2, softcap=2.0), **ms)
    # Lengths below the prompt's: the rows of tokens, not those of padding.
    own = np.random.default_rng(8)
    padded = [own.standard_normal((B, 6, n * D)).astype(np.float32) for n in (N, K, K)] + [None, None, lengths(2, 5), np.int32(6)]
    tokens = (np.arange(6) <= padded[5][:, None])[..., None]
    case("groupqueryattention_padded", "GroupQueryAttention", padded, 3, attrs=gqa, keep=tokens, **ms)
    case("groupqueryattention_padded_window", "GroupQueryAttention", padded, 3, attrs=dict(gqa, local_window_size=2), keep=tokens, **ms)
    case("groupqueryattention_sink", "GroupQueryAttention",
         [h3(N), h3(K), h3(K), None, None, lengths(S - 1, S - 1), np.int32(S), None, None, None, None, f32(N)], 3, attrs=gqa, **ms)
    case("groupqueryattention_smooth", "GroupQueryAttention",
         [h3(N), h3(K), h3(K), None, None, lengths(S - 1, S - 1), np.int32(S)], 3, attrs=dict(gqa, smooth_softmax=1), **ms)


def layers():
    """Nodes of the moe dialect, and forms of indexing whose sizes only a run tells."""
    moe = dict(k=2, activation_type="relu", normalize_routing_weights=1)
    case("moe", "MoE", [f32(5, 8), f32(5, 4), f32(4, 6, 8), None, f32(4, 8, 6)], attrs=moe, domain="com.microsoft", const=[2, 4], dynamic="rows")
    own = np.random.default_rng(9)
    zeros = np.float32([[-0.0, 0, 0, -1], [0, -0.0, -0.0, 0], [-1, -0.0, 0, -2], [-0.0, -0.0, 0, 0], [0, -0.0, 1, -0.0]])
    parts = [own.standard_normal(shape).astype(np.float32) for shape in ((5, 8), (4, 6, 8), (4, 8, 6))]
    case("moe_zeros", "MoE", [parts[0], zeros, parts[1], None, parts[2]], attrs=moe, domain="com.microsoft", const=[2, 4], dynamic="rows")
    case("scatternd_dynamic", "ScatterND", [f32(4, 5), np.array([[0], [-1]]), f32(2, 5)], fixed=[1])
    case("gathernd_batch_dynamic", "GatherND", [f32(4, 5, 3), rng.integers(0, 5, (4, 1))], attrs=dict(batch_dims=1), fixed=[1])


def nibbles():
    """Weights of 4 bits, two to a byte; odd numbers of them leave half a byte."""
    def packed(kind, *shape):
        low, high = (-8, 8) if kind == T.INT4 else (0, 16)
        return h.make_tensor("w", kind, shape, rng.integers(low, high, shape).ravel())

    for name, kind in (("int4", T.INT4), ("uint4", T.UINT4)):
        linear = dict(op="DequantizeLinear", opset=21)
        case(f"dequantizelinear_{name}", inputs=[packed(kind, 3, 5), np.float32(0.1), packed(kind)], const=[0, 1, 2], **linear)
        case(f"dequantizelinear_{name}_axis", inputs=[packed(kind, 7, 13), f32(7), packed(kind, 7)], attrs=dict(axis=0), const=[0, 1, 2], **linear)
        case(f"dequantizelinear_{name}_block", inputs=[packed(kind, 3, 40), f32(3, 3), packed(kind, 3, 3)], attrs=dict(axis=1, block_size=16), const=[0, 1, 2],
             **linear)
        case(f"dequantizelinear_{name}_block_rows", inputs=[packed(kind, 32, 3), f32(2, 3)], attrs=dict(axis=0, block_size=16), const=[0, 1], **linear)
        case(f"gatherblockquantized_{name}", "GatherBlockQuantized", [packed(kind, 6, 32), np.array([[1, -1], [0, 5]]), f32(6, 2), packed(kind, 6, 2)],
             attrs=dict(block_size=16, gather_axis=0, quantize_axis=1), domain="com.microsoft", const=[0, 2, 3], opset=21)


def pack(codes, bits):
    """Codes that share bytes along the last dimension, the first in the low bits; the last byte of a row may be filled with zeros."""
    count = 8 // bits
    codes = np.concatenate([codes, np.zeros(codes.shape[:-1] + (-codes.shape[-1] % count,), codes.dtype)], -1).astype(np.uint8)
    codes = codes.reshape(codes.shape[:-1] + (-1, count))
    return sum(codes[..., i] << (bits * i) for i in range(count)).astype(np.uint8)


class Stored:
    """A random matrix of each of E experts, or one (no E): codes, scales and zero points of groups of columns."""

    def __init__(self, bits, group, *shape, zeros=False, codes=None):
        low, high = codes or (0, 1 << bits)
        self.bits, self.whole, group = bits, group == 0, group or shape[-1]
        groups = shape[:-1] + (shape[-1] // group,)
        self.codes = rng.integers(low, high, shape)
        self.scales = (rng.uniform(1, 2, groups) / np.sqrt(shape[-1]) / (1 << bits - 1)).astype(np.float32)
        self.zeros = rng.integers(low, high, groups) if zeros else None
        centre = self.zeros if zeros else np.full(groups, 1 << bits - 1)
        self.matrix = ((self.codes - np.repeat(centre, group, -1)) * np.repeat(self.scales, group, -1)).astype(np.float32)

    def operands(self, bits=0):
        """Codes, scales and zero points as QMoE has them: where whole rows are groups, neither has a dimension for these."""
        bits = bits or self.bits
        scales, zeros = (self.scales[..., 0], self.zeros if self.zeros is None else self.zeros[..., 0]) if self.whole else (self.scales, self.zeros)
        return pack(self.codes, bits), scales, None if zeros is None else pack(zeros, bits)

    def halves(self):
        """The two matrices whose rows are interleaved in this one."""
        result = []
        for first in (0, 1):
            half = object.__new__(Stored)
            half.bits, half.whole = self.bits, self.whole
            for name in ("codes", "scales", "zeros", "matrix"):
                value = getattr(self, name)
                setattr(half, name, None if value is None else value[:, first::2])
            result.append(half)
        return result


def joined(first, second):
    """The rows of one above those of the other."""
    result = object.__new__(Stored)
    result.bits, result.whole = first.bits, first.whole
    for name in ("codes", "scales", "zeros", "matrix"):
        a, b = getattr(first, name), getattr(second, name)
        setattr(result, name, None if a is None else np.concatenate([a, b], 1))
    return result


def near(name, a, b, bound):
    """ONNX Runtime may round activations to int8 where weights have 2 or 8 bits; an exact spelling must still be close."""
    assert np.abs(a - b).max() <= bound * np.abs(b).max(), name


def weights_in_codes():
    """QMoE and MatMulNBits."""
    E, H, I, rows = 4, 32, 32, 5
    ms = dict(domain="com.microsoft", dynamic="rows")
    x, logits = f32(rows, H), f32(rows, E)

    def inputs(fc1, fc2, fc3=None, biases=(None, None, None), weights=None, x=x, logits=logits, bits=(0, 0, 0)):
        (w1, s1, z1), (w2, s2, z2) = fc1.operands(bits[0]), fc2.operands(bits[1])
        w3, s3, z3 = fc3.operands(bits[2]) if fc3 else (None, None, None)
        result = [x, logits, w1, s1, biases[0], w2, s2, biases[1], w3, s3, biases[2], z1, z2, z3, weights]
        while result[-1] is None:
            result.pop()
        return result

    def qmoe(name, operands, results=None, **attrs):
        const = [i for i in range(2, len(operands)) if i != 14]
        case(name, "QMoE", operands, attrs=attrs, const=const, results=results, **ms)

    swiglu = dict(k=2, activation_type="swiglu", swiglu_fusion=1, normalize_routing_weights=1)
    for bits in (2, 4, 8):
        for group in (0, 16):
            for zeros in (False, True):
                fc1, fc2 = Stored(bits, group, E, 2 * I, H, zeros=zeros), Stored(bits, group, E, H, I, zeros=zeros)
                name = f"qmoe_{bits}bit_{'block' if group else 'row'}{'_zeros' if zeros else ''}"
                attrs = dict(swiglu, expert_weight_bits=bits, **(dict(block_size=group) if group else {}))
                exact = None
                if bits == 8 and group:
                    exact = run_node("MoE", [x, logits, fc1.matrix, None, fc2.matrix], attrs=swiglu, domain="com.microsoft")
                    near(name, run_node("QMoE", inputs(fc1, fc2), attrs=attrs, domain="com.microsoft")[0], exact[0], 0.03)
                qmoe(name, inputs(fc1, fc2), exact, **attrs)

    fc1, fc2 = Stored(4, 16, E, 2 * I, H, zeros=True), Stored(4, 16, E, H, I, zeros=True)
    block = dict(swiglu, block_size=16)
    biases = (f32(E, 2 * I), f32(E, H), None)
    qmoe("qmoe_bias", inputs(fc1, fc2, biases=biases), activation_alpha=1.702, activation_beta=1.0, swiglu_limit=1.0, **block)
    qmoe("qmoe_batch", inputs(fc1, fc2, x=f32(2, 3, H), logits=f32(6, E)), **block)
    qmoe("qmoe_ties", inputs(fc1, fc2, logits=f32(rows, E).round()), **block)
    qmoe("qmoe_not_normalized", inputs(fc1, fc2), **dict(block, normalize_routing_weights=0))
    for normalize in (0, 1):
        weights = rng.uniform(0.1, 1, (rows, E)).astype(np.float32)
        qmoe(f"qmoe_router_weights_{normalize}", inputs(fc1, fc2, weights=weights), **dict(block, normalize_routing_weights=normalize))
    single = Stored(4, 0, E, I, H), Stored(4, 0, E, H, I)
    for activation in ("relu", "gelu", "silu", "identity"):
        qmoe(f"qmoe_{activation}", inputs(*single), activation_type=activation)
    # Forms that this kernel lacks, by others of the same meaning.
    plain = run_node("QMoE", inputs(fc1, fc2, biases=biases), attrs=block, domain="com.microsoft")
    gate, up = fc1.halves()
    parts = biases[0][:, 0::2], biases[0][:, 1::2]
    qmoe("qmoe_concat", inputs(joined(gate, up), fc2, biases=(np.concatenate(parts, 1), biases[1], None)), plain, **dict(block, swiglu_fusion=2))
    qmoe("qmoe_fc3", inputs(gate, fc2, up, biases=(parts[0], biases[1], parts[1])), plain, **dict(block, swiglu_fusion=0))
    qmoe("qmoe_mixed_bits", inputs(fc1, fc2, biases=biases, bits=(0, 8, 0)), plain, fc2_expert_weight_bits=8, **block)
    # Sums of few small numbers, which f16 holds.
    few = Stored(4, 0, E, I, H, codes=(7, 10)), Stored(4, 0, E, H, I, codes=(7, 10))
    for matrix in few:
        matrix.scales = np.full(matrix.scales.shape, 0.5, np.float16)
    sparse = (rng.integers(-1, 2, (rows, H)) * (rng.random((rows, H)) < 0.3)).astype(np.float16)
    qmoe("qmoe_f16", inputs(*few, x=sparse, logits=logits.astype(np.float16)), activation_type="relu", k=1)

    def matmul(name, bits=4, group=16, n=24, k=64, zeros="", bias=False, x=None, cut=0):
        w = Stored(bits, group, n, k, zeros=bool(zeros))
        table = {"": None, "packed": lambda: pack(w.zeros, bits), "float": lambda: (w.zeros + 0.5).astype(np.float32)}[zeros]
        codes = pack(w.codes, bits).reshape(n, k // group, -1)
        operands = [f32(3, k - cut) if x is None else x, codes, w.scales, table and table(), None, f32(n) if bias else None]
        while operands[-1] is None:
            operands.pop()
        case("matmulnbits_" + name, "MatMulNBits", operands, attrs=dict(N=n, K=k - cut, bits=bits, block_size=group),
             const=range(1, len(operands)), **ms)

    for bits in (2, 4, 8):
        for zeros in ("", "packed"):
            matmul(f"{bits}bit{'_zeros' if zeros else ''}", bits, zeros=zeros)
    matmul("float_zeros", zeros="float")
    matmul("odd_groups", k=48, zeros="packed")
    matmul("cut", group=32, cut=25, zeros="packed")
    matmul("bias", bias=True, x=f32(2, 3, 64))
    matmul("vector", x=f32(64))


def convolutions():
    x1, x2 = f32(2, 4, 7), f32(2, 3, 8, 6)
    case("conv", "Conv", [x1, f32(5, 4, 3), f32(5)], const=[1, 2])
    case("conv_depthwise", "Conv", [x1, f32(4, 1, 3)], attrs=dict(group=4, pads=[2, 2]), const=[1], dynamic="rows")
    case("conv_causal", "Conv", [x1, f32(4, 1, 3), f32(4)], attrs=dict(group=4, pads=[2, 0], kernel_shape=[3], auto_pad="NOTSET"), const=[1, 2])
    case("conv_groups", "Conv", [x1, f32(6, 2, 2)], attrs=dict(group=2, dilations=[2]), const=[1], dynamic=False)
    case("conv_patches", "Conv", [x2, f32(4, 3, 2, 2), f32(4)], attrs=dict(strides=[2, 2]), const=[1, 2], dynamic="rows")
    case("conv_window", "Conv", [x2, f32(4, 3, 3, 2)], attrs=dict(pads=[1, 0, 2, 1], strides=[2, 1], dilations=[1, 2]), const=[1], dynamic=False)


def more_codes():
    """Columns that belong to groups in any order, and tables of two bits."""
    n, k, group = 24, 64, 16
    for name, cut in (("ids", 0), ("ids_cut", 9)):
        w = Stored(4, group, n, k)
        ids = rng.permutation(np.arange(k) // group)[:k - cut].astype(np.int32)
        operands = [f32(3, k - cut), pack(w.codes, 4).reshape(n, k // group, -1), w.scales, None, ids]
        case("matmulnbits_" + name, "MatMulNBits", operands, attrs=dict(N=n, K=k - cut, bits=4, block_size=group), const=range(1, 5), domain="com.microsoft",
             dynamic="rows")
    bytes_of = lambda *s: rng.integers(0, 256, s).astype(np.uint8)
    for name, zeros in (("2bit", []), ("2bit_zeros", [bytes_of(6, 1)])):
        case("gatherblockquantized_" + name, "GatherBlockQuantized", [bytes_of(6, 8), np.array([[1, -1], [0, 5]]), f32(6, 2), *zeros],
             attrs=dict(bits=2, block_size=16, gather_axis=0, quantize_axis=1), domain="com.microsoft", const=[0, 2, 3])


def main(root, only=""):
    for group in (elementwise, shapes, slices, indexing, reductions, networks, attention, conditions, quantized, layers, nibbles, weights_in_codes, convolutions, more_codes):
        group()
    failures = 0
    for name, spec in CASES.items():
        if (root / name).exists() and only == "new":
            continue
        try:
            model, feeds, results = build(spec)
        except Exception as error:  # pylint: disable=broad-except
            failures += 1
            print(f"{name}: ONNX Runtime refuses it: {str(error)[:300]}", file=sys.stderr)
            continue
        folder = root / name
        for kind, values in (("inputs", feeds), ("outputs", results)):
            (folder / kind).mkdir(parents=True, exist_ok=True)
            for key, array in values.items():
                np.save(folder / kind / (key + ".npy"), np.asarray(array))
        onnx.save(model, folder / "model.onnx")
    print(f"{len(CASES) - failures} cases in {root}")
    return failures != 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), *sys.argv[2:]))
