"""Section 11 of the specification: where implementations disagree, both ways are attributes, and on the inputs here they differ.

`both` makes two cases of one input, each against its published formula, and requires the formulas to give different results. X10 is in losses.py, X19 and X20
are in formats.py, X16 (whether logits have a `bias`) and X22 (the order of sums) in numeric.py; X14 is a defect that has no option, and X18 is equal in exact arithmetic (C6).
"""
import math

from layers import layer_case, randoms
import published
from reference import Body, Class
from routes import route_case

IDENTITY, SOFTMAX, SIGMOID = {"fn": "identity"}, {"fn": "softmax"}, {"fn": "sigmoid"}
LOGITS = {"key": "logits", "source": "logits", "norm": "softmax"}


def tensors(rows):
    return [[e for e, _ in row] for row in rows], [[w for _, w in row] for row in rows]


def both(name, z, *ways):
    """`ways`: (suffix, score, arguments of the route, results by formula); carried weights are the third result of `identity`."""
    results = [tensors(rows) for *_, rows in ways]
    assert all(a != b for i, a in enumerate(results) for b in results[:i]), f"{name}: the ways do not differ"
    return [route_case(f"{name}_{suffix}", z, score, expected=expected, tolerance=4e-6, **args) for (suffix, score, args, _), expected in zip(ways, results)]


def of_rows(z, method, *args):
    return [method(row, *args) for row in z]


def limit(count, priority="unit_major", overflow="zero", **fields):
    return {"capacity": {"kind": "limit", "count": count, "priority": priority, "overflow": overflow, **fields}}


def divergences():
    z = [[v / 8 for v in row] for row in ([16, 8, -3, 5, 9, -12, 0, 14], [2, 7, 4, 1, -24, 32, 8, 6], [-8, -16, -4, -6, -32, -5, -24, -10], [16, 9, 3, 1, 2, 6, 0, 5])]
    two = {"policy": ("topk", 2)}
    groups = {"groups": 4, "keep": 2}
    v3 = lambda bias, best, fill, rows=z: of_rows(rows, published.deepseek_v3, bias, 4, 2, best, 2, 1.0, fill)
    low, even = [-1.5] * 8, [0.0] * 8
    args_v3 = lambda bias, **fields: {**two, "key_offset": bias, "norm": "sum", "eps": 1e-20, "filter_args": {**groups, **fields}}
    cases = both("x1", z, ("softmax", SOFTMAX, two, of_rows(z, published.olmoe, 2)), ("divided", SOFTMAX, {**two, "norm": "sum"}, of_rows(z, published.mixtral, 2)))
    v2 = of_rows(z, published.deepseek_v2, 4, 2, 2, 16, 0.0)
    cases += both("x2", z, ("scaled", SOFTMAX, {**two, "filter_args": {**groups, "fill": "zero"}, "scale": 16}, v2),
                  ("divided", SOFTMAX, {**two, "filter_args": {**groups, "fill": "zero"}, "norm": "sum"},
                   [[(e, w / sum(v for _, v in row)) for e, w in row] for row in v2]))
    cases += both("x3", z, ("neginf", SIGMOID, args_v3(low, sum_top=2), v3(low, 2, -math.inf)), ("zero", SIGMOID, args_v3(low, sum_top=2, fill="zero"), v3(low, 2, 0.0)))
    # Groups 0 to 3: the best of all is alone in its group.
    lone = [[3.0, -4.0, 1.0, 0.75, 0.5, 0.25, -1.0, -2.0]]
    cases += both("x4", lone, ("max", SIGMOID, args_v3(even), v3(even, 1, -math.inf, lone)), ("sum", SIGMOID, args_v3(even, sum_top=2), v3(even, 2, -math.inf, lone)))
    # Sigmoids of about 1e-20, 1e-13, 1e-8 and 1e-6: each guard of the divisor shows somewhere.
    small = [[-46.0, -46.5], [-30.0, -30.25], [-18.0, -18.5], [-14.0, -14.5]]
    guarded = lambda guard: [[(e, s[e] / guard(sum(s))) for e in (0, 1)] for s in map(logistic, small)]
    cases += both("x5", small, *[(name, SIGMOID, {**two, "norm": "sum", **fields}, guarded(guard)) for name, fields, guard in (
        ("none", {}, lambda total: total), ("add_20", {"eps": 1e-20}, lambda total: total + 1e-20), ("add_6", {"eps": 1e-6}, lambda total: total + 1e-6),
        ("clamp_12", {"eps": 1e-12, "clamp": True}, lambda total: max(total, 1e-12)),
        ("clamp_f32", {"eps": 2.0**-23, "clamp": True}, lambda total: max(total, 2.0**-23)))])
    one = limit(1, "choice_major")
    cases += both("x6", z, *[(when, SOFTMAX, {**two, **one, "norm": "sum", "when": when}, published.gshard(z, 2, 1, when)) for when in ("before", "after")],
                  ("never", SOFTMAX, {**two, **one}, published.gshard(z, 2, 1, None)))
    kept, carried = published.switch(z, 1, 1, True)
    assert any(carried)
    top = {"policy": ("topk", 1)}
    cases.append(route_case("x7_zero", z, SOFTMAX, expected=tensors(published.switch(z, 1, 1)), **top, **limit(1)))
    cases.append(route_case("x7_identity", z, SOFTMAX, expected=[*tensors(kept), carried], **top, **limit(1, overflow="identity")))
    cases += capacities()
    cases += both("x11", z, ("sparsemixer", IDENTITY, {"key": "logits", "source": "policy", "policy": ("sparsemixer", 0.01, 2)}, of_rows(z, published.grin, 0.01, 2)),
                  ("plain", IDENTITY, {**two, **LOGITS}, of_rows(z, published.gpt_oss, 2)))
    some = [published.dynamic_moe(row, 0.7) for row in z]
    cases += both("x13", z, ("raw", SOFTMAX, {"policy": ("topp", 0.7)}, some),
                  ("divided", SOFTMAX, {"policy": ("topp", 0.7), "norm": "sum"}, [[(e, w / sum(v for _, v in row)) for e, w in row] for row in some]))
    bounds = [0.9] * 8
    above = {"policy": ("threshold", bounds), "source": "one", "norm": "sum"}
    cases += both("x15", z, *[(nobody, SIGMOID, {**above, **({"fallback": nobody} if nobody != "none" else {})}, of_rows(z, published.dynmoe, bounds, nobody))
                              for nobody in ("none", "argmax", "all")])
    cases += both("x17", z, ("capacity", SOFTMAX, {**two, **one, "norm": "sum"}, published.gshard(z, 2, 1, "before")),
                  ("dropless", SOFTMAX, two, of_rows(z, published.olmoe, 2)))
    cases += sinkhorns()
    marks = published.SplitMix(3).take(4)
    crowd = [z[0], z[0], z[0], z[3]]
    cases += both("x24", crowd, ("random", SOFTMAX, {**top, **limit(1, "random", seed=3)}, published.deepspeed_random(crowd, 1, 1, [[m] for m in marks])),
                  ("in_order", SOFTMAX, {**top, **limit(1)}, published.switch(crowd, 1, 1)))
    return cases + of_layers()


def logistic(row):
    return [1 / (1 + math.exp(-v)) for v in row]


def sinkhorns():
    """X21: in training a Sinkhorn's matrix selects and the logits weigh; else the logits do both, and all units want expert 0."""
    z = [[2.0, 1.0, -1.0], [2.0, 0.25, 0.0], [1.5, 0.0, 0.5], [1.0, 0.75, -0.5]]
    weights, matrix, one = [published.sigmoid(row) for row in z], published.sinkhorn(z), {"policy": ("topk", 1), "key": "logits"}
    trained = [published.ranked(row)[0] for row in matrix]
    assert trained != [0] * 4, "x21: the ways do not differ"
    return [route_case("x21_training", matrix, IDENTITY, expected=([[e] for e in trained], [[row[e]] for e, row in zip(trained, weights)]), tolerance=4e-6, source="operand",
                       weight_source=weights, **one),
            route_case("x21_evaluation", z, SIGMOID, expected=([[0]] * 4, [[row[0]] for row in weights]), tolerance=4e-6, **one)]


def capacities():
    """How many of 25 units that all want expert 0 of 3 it keeps: 25/3 · 1.8 is a little above 15 in binary64 and 15 in f32; whole shares, cut, against exact ones, rounded up."""
    cases, crowd = [], [[1.0, 0.0, 0.5]] * 25
    for name, count, places in (("f64", {"factor": 1.8}, 16), ("f32", {"factor": 1.8, "dtype": "f32"}, 15), ("rounded", {"factor": 1.1}, 10),
                                ("truncated", {"factor": 1.1, "share": "ceil", "round": "trunc"}, 9)):
        kept = [u < places for u in range(25)]
        cases.append(route_case(f"x8_{name}", crowd, IDENTITY, policy=("topk", 1), key="logits", source="one", **limit(count),
                                expected=([[0] if k else [-1] for k in kept], [[float(k)] for k in kept])))
    return cases


def of_layers():
    """X9: jitter that the router sees alone, or the experts too. X12: SiLU clamped before or after. X23: the last expert of a table gives 0, or its input."""
    z, x, jitter = randoms(70, 9, 4), randoms(71, 9, 5), randoms(72, 9, 5)
    seen = [[a * (1 + 0.01 * b) for a, b in zip(*rows)] for rows in zip(x, jitter)]
    ffn = lambda **fields: [Class("ffn", 4, 6, Body("silu", gate_hi=0.25, **fields))]
    table = lambda kind: [Class("ffn", 3, 6, Body("silu")), Class(kind, 1)]
    ways = {"x9_router": ([Class("ffn", 4, 6, Body("silu"))], x), "x9_experts": ([Class("ffn", 4, 6, Body("silu"))], seen), "x12_before": (ffn(), x),
            "x12_after": (ffn(clamp_at="post"), x), "x23_zero": (table("zero"), x), "x23_identity": (table("copy"), x)}
    cases = [layer_case(name, table, z=z, x=rows, seed=73) for name, (table, rows) in ways.items()]
    assert all(a.expected != b.expected for a, b in zip(cases[0::2], cases[1::2]))
    return cases
