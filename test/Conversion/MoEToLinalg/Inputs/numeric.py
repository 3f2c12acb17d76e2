"""Numeric tests of the reference lowering.

  numeric.py emit <group>    prints a module whose main runs every case of a group and prints the bits of its results
  numeric.py check <group>   reads what main printed and compares it with the interpreter of reference.py and the golden vectors
"""
import math
import sys

from corners import corners, kernels
from divergences import divergences
from draws import draws
from formats import formats
from harness import Case, Tensor, check, emit
from layers import layer_case, layer_text, randoms
from lazy import lazy
from losses import losses_and_statistics
from merge import merge
from plans import plans
from policies import everyone, policies
import published
from reference import Body, Class, ROUND
import reference
from rewrites import exact, rewrites
from routes import route_case
from routing_ref import per_unit
from soft import soft
from tables import lora, tables

INF, NAN = math.inf, math.nan


Z = [[1.0, 0.5, -0.25, 2.0, 0.75, -1.5, 0.0, 1.75], [0.2, 0.2, 0.2, 0.2, -3.0, 4.0, 1.0, 1.0], [-1.0, -2.0, -0.5, -0.75, -4.0, -0.5, -3.0, -1.25]]
BIAS = [0.0, 0.3, 0.0, -0.4, 0.0, 0.0, 0.5, 0.0]
SOFTMAX, SIGMOID, IDENTITY = {"fn": "softmax"}, {"fn": "sigmoid"}, {"fn": "identity"}


def entries(*rows):
    """Golden vectors as the specification prints them: `id:weight` in slot order."""
    pairs = [[(int(e.split(":")[0]), float(e.split(":")[1])) for e in row.split()] for row in rows]
    return [[p[0] for p in row] for row in pairs], [[p[1] for p in row] for row in pairs]


def golden():
    """Section 12 of the specification; the number of a case is that of its row."""
    mixtral = entries("3:.562177 7:.437823", "5:.952574 6:.047426", "2:.5 5:.5")
    v2 = {"groups": 4, "keep": 2}
    v3 = {"groups": 4, "keep": 2, "sum_top": 2}
    kappa = [[-.5, -.6, -.9, -.95, -.7, -.8, -.92, -.97]]
    four = ("topk", 4)
    fill = lambda how: route_case(f"golden_fill_{how}", kappa, IDENTITY, key="logits", policy=four, source="one", filter_args=dict(v3, fill=how),
                                  expected=([{"neginf": [0, 1, 4, 5], "zero": [2, 3, 6, 7]}[how]], [[1.0] * 4]))
    return [
        route_case("golden_1", Z, SOFTMAX, norm="sum", expected=mixtral),
        route_case("golden_2", Z, SOFTMAX, expected=entries("3:.341618 7:.266052", "5:.840358 6:.041839", "2:.238486 5:.238486")),
        route_case("golden_3", Z, SOFTMAX, filter_args=v2, scale=16, expected=entries("3:5.465887 7:4.256836", "5:13.445727 6:.669423", "2:3.815783 5:3.815783")),
        route_case("golden_4", Z, SIGMOID, key_offset=BIAS, filter_args=v3, norm="sum", eps=1e-20, scale=2.5,
                   expected=entries("6:1.113626 1:1.386374", "6:1.426854 1:1.073146", "6:.711550 1:1.788450")),
        route_case("golden_5", Z, {"fn": "sqrtsoftplus"}, key_offset=BIAS, norm="sum", scale=1.5,
                   expected=entries("7:.936107 6:.563892", "5:.954385 6:.545615", "6:.363755 2:1.136245")),
        route_case("golden_6", Z, SIGMOID, key="logits", policy=("topk", 1), expected=entries("3:.880797", "5:.982014", "2:.377541")),
        route_case("golden_7", Z, SOFTMAX, policy=("topk_per_group", 4, 1),
                   expected=entries("0:.125674 3:.341618 4:.097875 7:.266052", "0:.018799 2:.018799 5:.840358 6:.041839",
                                    "0:.144649 2:.238486 5:.238486 7:.112653")),
        route_case("golden_8", Z, {"fn": "softmax", "over": "group", "groups": 4}, policy=("topk_per_group", 4, 1),
                   expected=entries("0:.622459 3:.904651 4:.904651 7:.851953", "0:.5 2:.5 5:.999089 6:.5", "0:.731059 2:.562177 5:.970688 7:.851953")),
        route_case("golden_11", Z, SOFTMAX, policy=("topk", 3), exclude=[6, 7], norm="sum",
                   expected=entries("3:.731059 7:0 0:.268941", "5:1 6:0 7:0", "2:.359867 5:.359867 3:.280265")),
        route_case("golden_12", Z, SOFTMAX, zero=[7], norm="sum", expected=entries("3:1 7:0", "5:.952574 6:.047426", "2:.5 5:.5")),
        route_case("golden_13", Z, SIGMOID, key_offset=BIAS, norm="sum", eps=1e-6,
                   expected=entries("6:.445450 1:.554549", "6:.426753 5:.573247", "6:.284618 1:.715376")),
        route_case("golden_14", Z, SOFTMAX, policy=four, norm="pnorm", p=1,
                   expected=entries("3:.410984 7:.320075 0:.151193 4:.117749", "5:.891309 6:.044376 7:.044376 0:.019939",
                                    "2:.295392 5:.295392 3:.230052 0:.179164")),
        route_case("golden_16", Z, IDENTITY, key="logits", source="logits", norm="softmax", expected=mixtral),
        fill("neginf"),
        fill("zero"),
        route_case("golden_entmax", [[1, .5, 0, -1]], {"fn": "entmax15"}, policy=four,
                   expected=([[0, 1, 2, 3]], [[.624197, .291667, .084136, 0]])),
        # DSelect-k is ordinary ops whose weights enter as logits.
        route_case("golden_dselect", [published.dselect_k([[-.6, .2], [.6, -.1]], [0, 1], 4)], IDENTITY, key="logits", source="logits", policy=("threshold", 0.0),
                   expected=([[1, 3, 2, 0]], [[.473726, .257333, .210850, .058091]])),
    ]


def axes():
    """One case or more for each value of each axis of a route, against the interpreter."""
    z = randoms(1, 9, 12)
    flags = [[v > -0.5 for v in row] for row in randoms(2, 9, 12)]
    positive = [[abs(v) for v in row] for row in randoms(3, 9, 12)]
    three = ("topk", 3)
    cases = []
    add = lambda name, *a, **k: cases.append(route_case("axes_" + name, *a, **k))
    for fn in ("identity", "softmax", "sigmoid", "sqrtsoftplus", "softplus", "relu", "exp", "entmax15"):
        add(f"score_{fn}", z, {"fn": fn}, policy=three)
    for fn in ("softmax", "entmax15"):
        add(f"{fn}_over_group", z, {"fn": fn, "over": "group", "groups": 3}, policy=three)
        add(f"{fn}_over_units", z, {"fn": fn, "over": "units"}, policy=three)
    add("score_bf16", z, {"fn": "sigmoid", "dtype": "bf16"}, policy=three, tolerance=4e-3)
    add("score_round_to", z, {"fn": "softmax", "round_to": "f16"}, policy=three, tolerance=5e-4)
    add("score_entries_round_to", z, {"fn": "sigmoid", "round_to": "f16"}, key="logits", policy=three, tolerance=5e-4)
    add("score_f64", z, {"fn": "softmax", "dtype": "f64"}, policy=three, dtype="f64", tolerance=1e-12)
    add("rmsnorm", z, {"fn": "relu", "post": "rmsnorm", "eps": 1e-6}, policy=three)
    add("rmsnorm_gain", z, {"fn": "relu", "post": "rmsnorm", "eps": 1e-6, "gain": randoms(4, 12)}, policy=three)
    add("l2norm", z, {"fn": "sigmoid", "post": "l2norm"}, policy=three)
    add("l2norm_of_zeros", [[-1.0] * 4], {"fn": "relu", "post": "l2norm"}, policy=("topk", 2))
    add("bf16_logits", randoms(5, 9, 12, element="bf16"), SOFTMAX, logits="bf16", policy=three)
    add("f16_logits", randoms(5, 9, 12, element="f16"), SOFTMAX, logits="f16", policy=three)
    add("key_logits", z, SOFTMAX, key="logits", policy=three)
    add("key_offset_units", z, SIGMOID, key_offset=randoms(6, 9, 12), policy=three)
    add("key_dtype", [[1.0, 1.001, 1.002, 1.5]], IDENTITY, key="logits", key_dtype="bf16", policy=("topk", 2), expected=([[3, 0]], [[1.5, 1.0]]))
    add("allow", z, SOFTMAX, allow=flags[0], policy=three)
    add("allow_units", z, SOFTMAX, allow=flags, policy=three)
    add("allow_few", z, SOFTMAX, allow=[e == 5 for e in range(12)], policy=three)
    add("allow_nothing", z, SOFTMAX, allow=[False] * 12, policy=three, fallback="argmax")
    for fill in ("neginf", "zero"):
        for sum_top in (0, 1, 2, 3):
            add(f"filter_{fill}_{sum_top}", z, IDENTITY, policy=three, filter_args={"groups": 4, "keep": 2, "sum_top": sum_top, "fill": fill})
        add(f"filter_{fill}_allow", z, SIGMOID, policy=three, allow=flags, filter_args={"groups": 3, "keep": 2, "fill": fill})
    add("topk_per_group", z, SOFTMAX, policy=("topk_per_group", 3, 2))
    add("topk_per_group_allow", z, SOFTMAX, policy=("topk_per_group", 3, 2), allow=[4 <= e < 9 for e in range(12)])
    add("all", z, SOFTMAX, policy=("all",))
    add("all_allow", z, SOFTMAX, policy=("all",), allow=flags, norm="sum")
    # Every group has a key of −∞: both sums are, group 0 is kept, and has no candidate.
    add("fallback", [[-INF, -INF, -INF, 1.0]], IDENTITY, key="logits", source="one", policy=("topk", 2), fallback="argmax",
        filter_args={"groups": 2, "keep": 1, "sum_top": 2}, expected=([[3, -1]], [[1.0, 0.0]]))
    add("source_logits", z, SOFTMAX, source="logits", policy=three)
    add("source_key", z, SIGMOID, source="key", key_offset=randoms(7, 12), policy=three)
    add("source_operand", z, SOFTMAX, source="operand", weight_source=positive, norm="sum", policy=three)
    for norm in ({"norm": "sum"}, {"norm": "sum", "eps": .25}, {"norm": "sum", "eps": .75, "clamp": True}, {"norm": "pnorm", "p": 1}, {"norm": "pnorm", "p": 2},
                 {"norm": "pnorm", "p": 3}):
        add("norm_" + "_".join(str(v).replace(".", "") for v in norm.values()), z, SOFTMAX, policy=three, **norm)
    add("norm_softmax_operand", z, SOFTMAX, source="operand", weight_source=randoms(8, 9, 12), norm="softmax", policy=three)
    add("norm_softmax_exclude", z, IDENTITY, key="logits", source="logits", norm="softmax", policy=("topk", 6), exclude=[1, 2, 7])
    add("norm_sum_of_zeros", [[-1.0, -2.0, -3.0]], {"fn": "relu"}, norm="sum", policy=("topk", 2))
    for min_k in (2, 3):
        add(f"min_k_{min_k}", z, SOFTMAX, policy=three, allow=[e < 2 for e in range(12)], norm="sum", min_k=min_k)
    add("scale", z, SOFTMAX, policy=three, scale=2.5, expert_scale=randoms(9, 12))
    add("zero_and_exclude", z, SOFTMAX, policy=("topk", 8), zero=[0, 3, 4], exclude=[5, 11], norm="sum")
    for dtype, tolerance in (("f16", 5e-4), ("bf16", 4e-3)):
        add(f"dtype_{dtype}", z, SOFTMAX, policy=three, norm="sum", dtype=dtype, tolerance=tolerance)
    add("always", z, SOFTMAX, policy=three, always=2, norm="sum", scale=3)
    add("always_weights", z, SOFTMAX, policy=three, always=2, always_weights=randoms(10, 9, 2))
    add("always_all", z, SOFTMAX, policy=("all",), always=1)
    return cases


def edges():
    """Few units, full lists, ties, −∞ and NaN."""
    def in_range(results):
        ids, _ = results
        for row in ids:
            assert all(-1 <= e < 8 for e in row), f"ids out of range: {row}"
            used = [e for e in row if e >= 0]
            assert len(set(used)) == len(used), f"an id twice: {row}"
    cases = []
    routes = {
        "softmax": (SOFTMAX, {}), "entmax": ({"fn": "entmax15"}, {}), "grouped": (SIGMOID, {"filter_args": {"groups": 4, "keep": 2, "sum_top": 2}}),
        "zero_fill": (SOFTMAX, {"filter_args": {"groups": 4, "keep": 2, "fill": "zero"}}), "per_group": (SOFTMAX, {"policy": ("topk_per_group", 4, 1)}),
        "all": (SOFTMAX, {"policy": ("all",)}), "units": ({"fn": "softmax", "over": "units"}, {}), "min_k": (SOFTMAX, {"norm": "sum", "min_k": 2}),
        "after": (IDENTITY, {"key": "logits", "source": "logits", "norm": "softmax"}), "fallback": (SOFTMAX, {"fallback": "argmax"}),
        "entries": (SIGMOID, {"key": "logits"})}
    special = {"nan": [NAN] * 8, "some_nan": [1.0, NAN, 2.0, -INF, NAN, 0.0, INF, -1.0], "inf": [INF] * 8}
    for name, (score_args, args) in routes.items():
        cases.append(route_case(f"edges_{name}_0", [], score_args, experts=8, expected=([], []), **args))
        cases.append(route_case(f"edges_{name}_1", Z[:1], score_args, **args))
        cases.append(route_case(f"edges_{name}_ties", [[0.5] * 8, [1.0, 2.0] * 4], score_args, **args))
        cases += [route_case(f"edges_{name}_{kind}", [Z[0], row, Z[1]], score_args, check=in_range, **args) for kind, row in special.items()]
        if name != "units":
            cases.append(route_case(f"edges_{name}_neginf", [Z[0], [-INF] * 8, Z[1], [-INF] * 7 + [1.0]], score_args, **args)
                         if name != "grouped" and name != "entries" else
                         route_case(f"edges_{name}_neginf", [[-INF] * 8], score_args, check=in_range, **args))
    for name, (score_args, args) in routes.items():
        cases.append(route_case(f"edges_{name}_static", Z, score_args, static=True, **args))
    cases.append(route_case("edges_all_slots", randoms(11, 5, 8), SOFTMAX, policy=("topk", 8), norm="sum"))
    cases.append(route_case("edges_one_expert", [[0.25], [-3.0]], SOFTMAX, policy=("topk", 1), norm="sum"))
    return cases


# Bodies and layers.


def ffn_case(name, body, x, parameters, expected, element="f32", tolerance=2e-6, out="f32", dynamic=False):
    args = {"x": Tensor(x, element, dynamic="all" if dynamic else True)}
    for i, p in enumerate(parameters):
        args[f"p{i}"] = Tensor(p, element, dynamic="all" if dynamic else False)
    names = ", ".join(f"%p{i}" for i in range(len(parameters)))
    types = ", ".join(args[f"p{i}"].type for i in range(len(parameters)))
    result = f"tensor<?x{len(expected[0])}x{out}>"
    text = f"  %y = moe.ffn %x ({names} : {types}) body {body.text()} : {args['x'].type} -> {result}\n"
    return Case(name, args, text, [("%y", result)], [expected], tolerance)


def bodies():
    """The table of section 12, then every activation, storage and bias against the interpreter."""
    x = [[1.0, 2.0], [8.0, -9.0], [12.0, 11.0], [-3.0, .5]]
    golden = {
        "gptoss": (Body("silu", alpha=1.702, gate_hi=7, up_lo=-7, up_hi=7, up_offset=1), [2.537387, -41.999719, 55.999625, -.027107]),
        "v4": (Body("silu", gate_hi=10, up_lo=-10, up_hi=10), [1.462117, -71.975855, 99.995460, -.071139]),
        "step": (Body("silu", gate_hi=7, up_lo=-7, up_hi=7, clamp_at="post"), [1.462117, -49, 49, -.071139]),
        "swiglu": (Body("silu"), [1.462117, -71.975855, 131.999189, -.071139])}
    cases = [ffn_case(f"body_{name}", body, x, [[[1.0, 0.0]], [[0.0, 1.0]], [[1.0]]], [[v] for v in wanted]) for name, (body, wanted) in golden.items()]
    cases.append(ffn_case("body_relu2", Body("relu2", gated=False), x, [[[0.0, 1.0]], [[1.0]]], [[4.0], [0.0], [121.0], [.25]]))

    x = randoms(20, 7, 5)
    def random_case(name, body, seed, **args):
        parameters = [randoms(seed + i, *shape) for i, shape in enumerate(body.shapes(5, 6, 3))]
        cases.append(ffn_case("body_" + name, body, x, parameters, [body.apply(row, parameters) for row in x], tolerance=2e-5, **args))
    for act in ("silu", "gelu_erf", "gelu_tanh", "relu", "relu2", "sigmoid", "tanh", "identity"):
        random_case("gated_" + act, Body(act), 100)
        random_case("ungated_" + act, Body(act, gated=False, up_lo=-1, up_hi=2), 110)
    everything = dict(alpha=1.5, gate_lo=-2, gate_hi=1, up_lo=-1.5, up_hi=1, up_offset=.5)
    for storage in ("split", "concat_gate_up", "concat_up_gate", "interleaved"):
        random_case("storage_" + storage, Body("silu", storage=storage), 120)
        random_case("bias_" + storage, Body("silu", storage=storage, bias=("gate", "up", "down"), **everything), 130)
        random_case("post_" + storage, Body("silu", storage=storage, bias=("gate", "up"), clamp_at="post", **everything), 140)
        random_case("dynamic_" + storage, Body("silu", storage=storage, bias=("gate", "up", "down")), 145, dynamic=True)
    random_case("up_bias", Body("silu", bias=("up",)), 150)
    random_case("ungated_bias", Body("gelu_tanh", gated=False, bias=("up", "down")), 160)

    # Rounding of the hidden vector and of the result.
    for element, tolerance in (("f16", 2e-3), ("bf16", 1.6e-2), ("f64", 1e-12)):
        body = Body("silu", bias=("down",))
        rows = randoms(21, 7, 5, element=element)
        parameters = [randoms(170 + i, *shape, scale=.5, element=element) for i, shape in enumerate(body.shapes(5, 6, 3))]
        wanted = [[ROUND[element](v) for v in body.apply(row, parameters, rounding=ROUND[element])] for row in rows]
        cases.append(ffn_case(f"body_{element}", body, rows, parameters, wanted, element, tolerance, out=element))
    return cases


SWIGLU = Body("silu")
BIASED = Body("silu", bias=("gate", "up", "down"))


def layers():
    ffn = lambda n, width=6, body=SWIGLU, **a: Class("ffn", n, width, body, **a)
    mixed = [ffn(3), Class("constant", 2, mix=True), ffn(2, 3, Body("relu", gated=False)), Class("constant", 1), Class("copy", 2), Class("zero", 2)]
    hot = [[0.0, 9.0, 8.0, 0.0] for _ in range(17)]
    cases = [
        layer_case("layer_plain", [ffn(8)]),
        layer_case("layer_top1", [ffn(8)], k=1),
        layer_case("layer_static", mixed, k=5, seed=300, static=True, bias=True, residual="complement"),
        layer_case("layer_every_expert", [ffn(4)], k=4),
        layer_case("layer_no_unit", [ffn(4)], z=[]),
        layer_case("layer_one_unit", [ffn(8)], z=randoms(30, 1, 8)),
        layer_case("layer_hot", [ffn(4)], z=hot),
        layer_case("layer_no_entry", [ffn(4)], z=[[-INF] * 4] * 3, bias=True, residual="add_x"),
        layer_case("layer_some_empty", [ffn(4)], z=[[-INF, 1.0, -INF, -INF], [-INF] * 4, [2.0, 1.0, 0.0, -1.0]], residual="complement"),
        layer_case("layer_mixed", mixed, k=5, seed=300),
        layer_case("layer_no_parameters", [Class("copy", 2), Class("zero", 2)]),
        layer_case("layer_bias", [ffn(4, body=BIASED)], bias=True),
        layer_case("layer_joint", [ffn(4, body=Body("silu", bias=("gate", "up", "down"), storage="interleaved"))]),
        layer_case("layer_input_scale", mixed, k=5, input_scale=2),
        layer_case("layer_apply_input", [ffn(4, body=BIASED)], k=1, score="sigmoid", norm=None, apply="input"),
        layer_case("layer_apply_input_multi", [ffn(4, body=BIASED)], k=2, score="sigmoid", norm=None, apply="input"),
        layer_case("layer_apply_hidden", [ffn(4, body=BIASED)], score="sigmoid", apply="hidden"),
        layer_case("layer_always", [ffn(4), ffn(2, 4, BIASED, always=True)]),
        layer_case("layer_always_complement", [ffn(4), ffn(1, 4, always=True)], norm=None, residual="complement"),
        layer_case("layer_f64", [ffn(4)], element="f64", acc="f64", tolerance=1e-6),
    ]
    for residual in ("complement", "add_x"):
        cases.append(layer_case(f"layer_{residual}", [ffn(4)], norm=None, residual=residual, bias=True))
    for order in ("slot", "expert_asc", "any"):
        cases.append(layer_case(f"layer_{order}", [ffn(8)], k=5, order=order))
    for element, tolerance in (("f16", 4e-3), ("bf16", 3e-2)):
        cases.append(layer_case(f"layer_{element}", [ffn(4, body=BIASED)], element=element, tolerance=tolerance, weight_dtype=element))
        cases.append(layer_case(f"layer_{element}_acc", [ffn(4, body=BIASED)], element=element, tolerance=2 * tolerance, acc=element))
    return cases


def orders():
    """Sums in f32 whose order shows: 2^24 + 1 + 1 is 2^24 from the left and 2^24 + 2 from the right."""
    big = float(2**24)
    cases = []
    # Slots by key: experts 2, 1, 0, of constant rows 1, 1, 2^24 (slot order) or 2^24, 1, 1 in ascending order of experts.
    for order, wanted in (("slot", big + 2), ("expert_asc", big), ("any", big)):
        args = {"z": Tensor([[1.0, 2.0, 3.0]], dynamic=True), "x": Tensor([[0.0]], dynamic=True), "v": Tensor([[big], [1.0], [1.0]])}
        plan = "!moe.plan<3, slots<3>>"
        text = f"  %p = moe.route %z score <identity> select <topk(3), key = logits> weight <one> : {args['z'].type} -> {plan}\n"
        text += layer_text("", 1, 1, plan, [Class("constant", 3)], ["v"], args, order=order)
        cases.append(Case(f"order_{order}", args, text, [("%y", "tensor<?x1xf32>")], [[[wanted]]], 0.0))
    # In bf16 256 + 1 is 256 at every step.
    for acc, wanted in (("f32", 258.0), ("bf16", 256.0)):
        args = {"z": Tensor([[3.0, 2.0, 1.0]], dynamic=True), "x": Tensor([[0.0]], "bf16", dynamic=True), "v": Tensor([[256.0], [1.0], [1.0]], "bf16")}
        text = f"  %p = moe.route %z score <identity> select <topk(3), key = logits> weight <one> : {args['z'].type} -> {plan}\n"
        text += layer_text("", 1, 1, plan, [Class("constant", 3)], ["v"], args, element="bf16", acc=acc, result="bf16")
        cases.append(Case(f"order_acc_{acc}", args, text, [("%y", "tensor<?x1xbf16>")], [[[wanted]]], 0.0))
    return cases


def equalities():
    """Properties: two ways to write the same layer give the same numbers; the result is their difference."""
    z, x = randoms(40, 9, 4), randoms(41, 9, 5)
    zeros = [[[0.0] * 5 for _ in x]]
    route_text = "score <softmax> select <topk(2), key = scores> weight <scores, norm = sum(0.0, add)> : tensor<?x4xf32> ->"
    subtract = "  %d = linalg.sub ins(%ay, %by : tensor<?x5xf32>, tensor<?x5xf32>) outs(%ay : tensor<?x5xf32>) -> tensor<?x5xf32>\n"
    result = [("%d", "tensor<?x5xf32>")]
    gate, up, down = randoms(42, 4, 6, 5), randoms(43, 4, 6, 5), randoms(44, 4, 5, 6)
    common = {"z": Tensor(z, dynamic=True), "x": Tensor(x, dynamic=True), "g": Tensor(gate), "u": Tensor(up), "w": Tensor(down)}
    cases = []
    # Storage is a permutation of rows: the same bits.
    joints = {"interleaved": [[row for pair in zip(g, u) for row in pair] for g, u in zip(gate, up)], "concat_gate_up": [g + u for g, u in zip(gate, up)],
              "concat_up_gate": [u + g for g, u in zip(gate, up)]}
    plan = "!moe.plan<4, slots<2>>"
    for storage, joint in joints.items():
        args = dict(common, j=Tensor(joint))
        text = f"  %ap = moe.route %z {route_text} {plan}\n  %bp = moe.route %z {route_text} {plan}\n"
        text += layer_text("a", 5, 5, plan, [Class("ffn", 4, 6, SWIGLU)], ["g", "u", "w"], args)
        text += layer_text("b", 5, 5, plan, [Class("ffn", 4, 6, Body("silu", storage=storage))], ["j", "w"], args)
        cases.append(Case(f"equal_{storage}", args, text + subtract, result, zeros, 0.0))
    # C10: an always-on class is an added moe.ffn.
    args = dict(common, sg=Tensor(randoms(45, 1, 3, 5)), su=Tensor(randoms(46, 1, 3, 5)), sw=Tensor(randoms(47, 1, 5, 3)))
    with_always = "!moe.plan<4, slots<2>, always = 1>"
    shared = Class("ffn", 1, 3, SWIGLU, always=True)
    text = f"  %ap = moe.route %z {route_text} {with_always}\n  %bp = moe.route %z {route_text} {plan}\n"
    text += layer_text("a", 5, 5, with_always, [Class("ffn", 4, 6, SWIGLU), shared], ["g", "u", "w", "sg", "su", "sw"], args, residual="complement")
    text += layer_text("b", 5, 5, plan, [Class("ffn", 4, 6, SWIGLU)], ["g", "u", "w"], args, residual="complement").replace("%by =", "%bz =")
    for name, type in (("sg", "3x5"), ("su", "3x5"), ("sw", "5x3")):
        text += f"  %{name}1 = tensor.collapse_shape %{name} [[0, 1], [2]] : tensor<1x{type}xf32> into tensor<{type}xf32>\n"
    text += f"  %s = moe.ffn %x (%sg1, %su1, %sw1 : tensor<3x5xf32>, tensor<3x5xf32>, tensor<5x3xf32>) body <gated, silu> : tensor<?x5xf32> -> tensor<?x5xf32>\n"
    text += "  %by = linalg.add ins(%bz, %s : tensor<?x5xf32>, tensor<?x5xf32>) outs(%s : tensor<?x5xf32>) -> tensor<?x5xf32>\n"
    cases.append(Case("equal_always", args, text + subtract, result, zeros, 2e-6))
    # C8: the weight may multiply the hidden vector or the output.
    text = f"  %ap = moe.route %z {route_text} {plan}\n  %bp = moe.route %z {route_text} {plan}\n"
    for prefix, apply in (("a", "hidden"), ("b", "output")):
        text += layer_text(prefix, 5, 5, plan, [Class("ffn", 4, 6, SWIGLU)], ["g", "u", "w"], common, apply=apply)
    cases.append(Case("equal_hidden_output", common, text + subtract, result, zeros, 4e-6))
    return cases


def logits():
    x, w, cases = randoms(50, 7, 5), randoms(51, 4, 5), []
    def add(name, bias=None, offset=None, softcap=None, temperature=None, element="f32", out="f32", acc=None, tolerance=4e-6):
        rows, matrix = ([[ROUND[element](v) for v in row] for row in t] for t in (x, w))
        args = {"x": Tensor(rows, element, dynamic=True), "w": Tensor(matrix, element)}
        text = "  %z = moe.logits %x, %w"
        for keyword, data in (("bias", bias), ("offset", offset)):
            if data:
                args[keyword] = Tensor(data, dynamic=isinstance(data[0], list))
                text += f" {keyword}(%{keyword} : {args[keyword].type})"
        fields = [f"{k} = {float(v)} : f64" for k, v in (("softcap", softcap), ("temperature", temperature)) if v]
        fields += [f"acc = {acc}"] if acc else []
        text += f" {{{', '.join(fields)}}}" if fields else ""
        result = f"tensor<?x4x{out}>"
        text += f" : {args['x'].type}, {args['w'].type} -> {result}\n"
        expected = []
        for u, row in enumerate(rows):
            z = reference.matvec(matrix, row, bias)
            z = [softcap * math.tanh(v / softcap) for v in z] if softcap else z
            z = [v + o for v, o in zip(z, per_unit(offset, u))] if offset else z
            expected.append([ROUND[out](v / (temperature or 1.0)) for v in z])
        cases.append(Case("logits_" + name, args, text, [("%z", result)], [expected], tolerance))
    add("plain")
    add("bias", bias=randoms(52, 4))
    add("offset", offset=randoms(53, 4))
    add("offset_units", offset=randoms(54, 7, 4))
    add("softcap", softcap=1.5)
    add("temperature", temperature=2.5)
    add("everything", bias=randoms(52, 4), offset=randoms(54, 7, 4), softcap=2, temperature=.5)
    add("bf16", element="bf16")
    add("bf16_out", element="bf16", out="bf16", tolerance=8e-3)
    add("acc", out="f64", acc="f64", tolerance=1e-12)
    # 2^24 + 1 - 2^24 in f32 and in f64.
    for acc, wanted in (("f32", 0.0), ("f64", 1.0)):
        args = {"x": Tensor([[2.0**24, 1.0, -2.0**24]], dynamic=True), "w": Tensor([[1.0, 1.0, 1.0]])}
        text = f"  %z = moe.logits %x, %w {{acc = {acc}}} : {args['x'].type}, {args['w'].type} -> tensor<?x1xf32>\n"
        cases.append(Case(f"logits_sum_{acc}", args, text, [("%z", "tensor<?x1xf32>")], [[[wanted]]], 0.0))

    def cosine(name, x, w, projection=None, projection_bias=None, t=None, limit=None, softcap=None):
        args = {"x": Tensor(x, dynamic=True), "w": Tensor(w)}
        text = "  %z = moe.logits %x, %w form <cosine>"
        for keyword, data in (("projection", projection), ("projection_bias", projection_bias), ("log_scale", t)):
            if data is not None:
                args[keyword] = Tensor(data, shape=[] if keyword == "log_scale" else None)
                text += f" {keyword}(%{keyword} : {args[keyword].type})"
        fields = [f"{k} = {float(v)} : f64" for k, v in (("max_log_scale", limit), ("softcap", softcap)) if v is not None]
        text += (f" {{{', '.join(fields)}}}" if fields else "") + f" : {args['x'].type}, {args['w'].type} -> tensor<?x{len(w)}xf32>\n"
        expected = reference.cosine(x, w, projection, projection_bias, t, limit)
        if softcap:
            expected = [[softcap * math.tanh(v / softcap) for v in row] for row in expected]
        cases.append(Case("logits_cosine_" + name, args, text, [("%z", f"tensor<?x{len(w)}xf32>")], [expected], 4e-6))
    cosine("plain", x, w)
    cosine("of_zeros", [[0.0] * 5, x[0]], [[0.0] * 5, w[0]])
    cosine("scaled", x, w, t=0.75)
    cosine("at_its_limit", x, w, t=7.0, limit=2.0, softcap=3.0)
    cosine("projected", x, randoms(55, 4, 3), randoms(56, 3, 5))
    cosine("projected_with_bias", x, randoms(55, 4, 3), randoms(56, 3, 5), randoms(57, 3), 0.5, 1.0)
    return cases


GROUPS = {"golden": golden, "axes": axes, "edges": edges, "bodies": bodies, "layers": layers, "orders": orders, "equalities": equalities, "logits": logits, "plans": plans, "policies": policies, "everyone": everyone, "soft": soft,
          "tables": tables, "lora": lora, "merge": merge, "lazy": lazy, "statistics": losses_and_statistics, "formats": formats, "rewrites": rewrites, "exact": exact, "corners": corners, "kernels": kernels, "divergences": divergences}

if __name__ == "__main__":
    group = sys.argv[2]
    cases = draws(group.removeprefix("draws-")) if group.startswith("draws-") else GROUPS[group]()
    {"emit": emit, "check": check}[sys.argv[1]](cases)
