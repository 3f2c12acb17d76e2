"""Cases of the table classes of specification 2.9: each kind by itself and beside others, for ragged, empty, hot and single-unit loads."""
import math
import re

from classes import External, Factored, Film, Linear, Lora, Nested, Neuron, ScaleVec, Value
from formats import IntTensor
from harness import Case, Tensor
from layers import layer_case, layer_text, randoms
from reference import Body, Class, ROUND, layer
from routing_ref import route

INF, NAN = math.inf, math.nan
SWIGLU = Body("silu")
BIASED = Body("silu", bias=("gate", "up", "down"))
JOINT = {storage: Body("gelu_tanh", bias=("gate", "up", "down"), storage=storage) for storage in ("concat_gate_up", "concat_up_gate", "interleaved")}
CLAMPED = Body("silu", alpha=1.702, gate_hi=.7, up_lo=-.6, up_hi=.6, up_offset=1.0, bias=("gate", "up", "down"))

TWICE = """func.func private @twice(%x: tensor<?x5xf32>) -> tensor<?x5xf32> {
  %y = linalg.add ins(%x, %x : tensor<?x5xf32>, tensor<?x5xf32>) outs(%x : tensor<?x5xf32>) -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
}
"""


SOFTSIGN = """func.func private @{0}(%x: {1}) -> {1} {{
  %one = arith.constant 1.0 : {1}
  %a = math.absf %x : {1}
  %d = arith.addf %a, %one : {1}
  %y = arith.divf %x, %d : {1}
  return %y : {1}
}}
"""
softsign = lambda v: v / (1 + abs(v))


def kinds():
    """A class of every kind, by name: four experts each, but external (one) and nested."""
    yield "linear", Linear(4)
    yield "linear_bias", Linear(4, bias=True)
    for act in ("gelu_erf", "relu", "silu"):
        yield f"neuron_{act}", Neuron(4, act)
    yield "value", Value(4)
    yield "value_projected", Value(4, 3)
    for name, body in [("plain", SWIGLU), ("biased", BIASED), ("ungated", Body("relu", gated=False)), ("clamped", CLAMPED), *JOINT.items()]:
        gate = ["gate"] if body.gated else []
        yield f"scale_vec_{name}", ScaleVec(4, 6, body, gate + ["up", "hidden", "output"])
        yield f"film_{name}", Film(4, 6, body)
        yield f"lora_{name}", Lora(4, 6, body, gate + ["up", "down"], 2, 3)
    yield "scale_vec_hidden", ScaleVec(4, 6, SWIGLU, ["hidden"])
    yield "lora_down", Lora(4, 6, BIASED, ["down"], 3)
    yield "lora_gate", Lora(4, 6, JOINT["interleaved"], ["gate"], 1, 2)
    for name, body in (("plain", SWIGLU), ("biased", BIASED), ("ungated", Body("tanh", gated=False, bias=("up",)))):
        yield f"nested_{name}", Nested([2, 6, 1, 4], 6, body)
    yield "nested_linear", Nested([5, 1, 3, 2])
    yield "nested_linear_bias", Nested([5, 1, 3, 2], bias=True)
    for factors in ("low_rank", "shared_left", "shared_right", "cp", "tucker", "low_rank_sparse", "residual"):
        for evaluation in (None, "materialise"):
            suffix, rank = f"{factors}{'_' + evaluation if evaluation else ''}", 0 if factors == "residual" else 3
            yield f"factored_{suffix}", Factored(4, factors, rank, 6, BIASED, evaluation=evaluation)
            yield f"factored_linear_{suffix}", Factored(4, factors, rank, bias=True, evaluation=evaluation)


def functions():
    """Activations that are functions: with a body in the module, or declared and found where the code is linked (here in the C library)."""
    own = lambda name, **rest: Body("external", callee="softsign_" + name, function=softsign, **rest)
    atan = Body("external", callee="atanf", function=math.atan, gated=False)
    cases = []
    def add(name, entry, element="f32", **rest):
        text = SOFTSIGN.format("softsign_" + name, "f64" if element == "f64" else "f32")
        cases.append(layer_case("table_function_" + name, [entry], seed=8000 + 20 * len(cases), element=element, functions=text, **rest))
    add("gated", Class("ffn", 4, 6, own("gated", gate_lo=-.5, gate_hi=1, up_offset=1.0, bias=("gate", "up", "down"), storage="interleaved")))
    add("hidden", Class("ffn", 4, 6, own("hidden", bias=("down",))), apply="hidden", score="sigmoid", norm=None)
    add("neuron", Neuron(4, None, own("neuron", gated=False, up_lo=-1)))
    add("lora", Lora(4, 6, own("lora", gated=False), ["up", "down"], 2, 3))
    add("factored", Factored(4, "cp", 3, 6, own("factored")))
    add("f64", Class("ffn", 4, 6, own("f64")), element="f64", acc="f64", tolerance=1e-6)
    add("bf16", Class("ffn", 4, 6, own("bf16")), element="bf16", tolerance=3e-2)
    cases.append(layer_case("table_function_declared", [Class("ffn", 4, 6, atan), Neuron(3, None, atan)], seed=8200, functions="func.func private @atanf(f32) -> f32\n"))
    return cases


def scaled():
    """Classes whose experts get a multiple of their rows (3.2, note), and places, which change nothing."""
    ffn = lambda **rest: Class("ffn", 3, 6, BIASED, **rest)
    mixed = [ffn(input_scale=2), Class("constant", 2, mix=True, input_scale=-.5), ffn(), Class("constant", 1), Class("copy", 2, input_scale=3), Class("copy", 1), Class("zero", 2),
             Neuron(2, "gelu_erf", input_scale=.25), Nested([1, 4], 4, SWIGLU, input_scale=1.5), Linear(2, bias=True, input_scale=4), Value(1)]
    cases = [
        layer_case("table_scaled", mixed, k=6, seed=8300), layer_case("table_scaled_twice", mixed, k=6, seed=8310, input_scale=.5),
        layer_case("table_scaled_input", [ffn(input_scale=2)], k=1, seed=8320, score="sigmoid", norm=None, apply="input"),
        layer_case("table_scaled_always", [ffn(), Class("ffn", 2, 4, SWIGLU, always=True, input_scale=.1)], seed=8330),
        layer_case("table_placed", [ffn(placement=(1, 0, 1), input_scale=-1), Linear(2, placement=(5,))], seed=8340)]
    for element, tolerance in (("f16", 8e-3), ("bf16", 6e-2)):
        cases.append(layer_case(f"table_scaled_{element}", [ffn(input_scale=.3), Class("copy", 1, input_scale=.3)], k=3, seed=8350, element=element, tolerance=tolerance))
    return cases


def tensor_kinds():
    """Factors that are tensors; sizes that they split are multiples of 6. Gives names, classes, widths of the input and of the result."""
    for factors, rank, widths, columns in (
            ("phm", 2, (), ()), ("phm", 3, (), ()), ("phm", 1, (), ()), ("mpo", 2, (2, 3), ()), ("mpo", 3, (1, 2), ()), ("mpo", 1, (3, 1), ()), ("mpo", 2, (3,), (2,)),
            ("mpo", 2, (2, 1, 3), ()), ("mpo", 2, (2, 1, 3, 1), (1, 2, 1, 3)), ("tensor_ring", 3, (), ())):
        suffix = "_".join(map(str, (factors, rank, *widths, *columns)))
        for evaluation in (None, "materialise"):
            more = dict(evaluation=evaluation, widths=widths, columns=columns)
            suffix += "_materialise" if evaluation else ""
            yield f"factored_{suffix}", Factored(3, factors, rank, 12, BIASED, **more), 6, 6
            yield f"factored_linear_{suffix}", Factored(3, factors, rank, bias=True, **more), 6, 12
            yield f"factored_narrow_{suffix}", Factored(3, factors, rank, **more), 12, 6


def evaluations_case(name, entry, d, out, seed):
    """The difference between what both evaluations of a factored class give, which rounding alone may make."""
    made = layer_case(name, [entry], d=d, out=out, seed=seed)
    other = re.sub(r"%([rhy])\b", r"%\1_made", made.body[made.body.index("  %r ="):]).replace(entry.text(), entry.text()[:-1] + ", evaluation = materialise>")
    type = f"tensor<?x{out}xf32>"
    text = made.body + other + f"  %d = linalg.sub ins(%y, %y_made : {type}, {type}) outs(%y : {type}) -> {type}\n"

    def check(results):
        applied, difference = results
        largest = max(abs(v) for row in applied for v in row)
        error = max(abs(v) for row in difference for v in row)
        assert largest > 0.1 and error <= 2e-6 * largest, f"differ by {error}, of {largest} at most"
    return Case(name, made.args, text, [("%y", type), ("%d", type)], None, check=check)


def stored_case(name, entry, seed, floats=()):
    """A layer of one class whose matrices, but those numbered in `floats`, are stored as i8_chan, s[row] * q[row, column], whether its experts have them in common
    or not."""
    routed = entry.count
    z, x = randoms(seed, 9, routed), randoms(seed + 1, 9, 5)
    args, names, stacks = {"z": Tensor(z, dynamic=True), "x": Tensor(x, dynamic=True)}, [], []
    formats = []
    for i, (shape, own) in enumerate(zip(entry.stacks(5, 5), entry.shapes(5, 5))):
        stored = len(own) == 2 and len(formats) not in floats
        if len(own) == 2:
            formats.append("<i8_chan>" if stored else "<float>")
        values = randoms(seed + 10 + i, *shape, scale=.5)
        names.append(f"w{i}")
        if not stored:
            args[names[-1]] = Tensor(values)
            stacks.append(values)
            continue
        codes = [[[round(v * 100) for v in row] for row in m] for m in (values if len(shape) == 3 else [values])]
        scales = [[abs(s) / 50 for s in row] for row in randoms(seed + 30 + i, len(codes), len(codes[0]))]
        whole = [[[ROUND["f32"](s) * q for q in row] for row, s in zip(m, own)] for m, own in zip(codes, scales)]
        if len(shape) == 2:
            codes, scales, whole = codes[0], scales[0], whole[0]
        args[names[-1]] = IntTensor(codes, "i8")
        names.append(f"s{i}")
        args[names[-1]] = Tensor(scales)
        stacks.append(whole)
    fields = entry.fields() + [f"quant = [{', '.join(formats)}]"]
    entry.fields = lambda: fields
    plan = f"!moe.plan<{routed}, slots<2>>"
    text = f"  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores> : {args['z'].type} -> {plan}\n"
    text += layer_text("", 5, 5, plan, [entry], names, args)
    ids, weights, _ = route(z, {"fn": "softmax"})
    return Case(name, args, text, [("%y", "tensor<?x5xf32>")], [layer(x, ids, weights, [entry], [stacks])], 2e-5)


def tables():
    cases = [stored_case(f"table_stored_{entry.kind}", entry, 900 + 50 * i) for i, entry in enumerate((
        Linear(4, bias=True), Lora(4, 6, BIASED, ["gate", "down"], 2, 3), ScaleVec(4, 6, SWIGLU, ["up"]), Film(4, 6, BIASED), Nested([2, 6, 1, 4], 6, SWIGLU),
        Factored(4, "cp", 3)))]
    # A stored base with factors of float, stored factors on a base of float, and others between.
    cases += [stored_case(f"table_partly_stored_{i}", entry, 1900 + 50 * i, floats) for i, (entry, floats) in enumerate((
        (Lora(4, 6, BIASED, ["gate", "down"], 2, 3), (3, 4, 5, 6)), (Lora(4, 6, SWIGLU, ["up"], 2), (0, 1, 2)), (Class("ffn", 4, 6, BIASED), (2,)),
        (Nested([2, 6, 1, 4], 6, SWIGLU), (0,)), (Factored(4, "tucker", 3, evaluation="materialise"), (1,))))]
    for number, (name, entry) in enumerate(kinds()):
        seed = 1000 + 100 * number
        cases.append(layer_case(f"table_{name}", [entry], seed=seed))
        if not entry.body or name.endswith("plain"):
            cases.append(layer_case(f"table_{name}_wider", [entry], out=7, seed=seed + 50))
        if entry.body and entry.kind != "neuron":
            cases.append(layer_case(f"table_{name}_hidden", [entry], seed=seed, score="sigmoid", norm=None, apply="hidden"))

    for number, (name, entry, d, out) in enumerate(tensor_kinds()):
        cases.append(layer_case(f"table_{name}", [entry], d=d, out=out, seed=6000 + 100 * number))
        if entry.body:
            cases.append(layer_case(f"table_{name}_hidden", [entry], d=d, out=out, seed=6050 + 100 * number, score="sigmoid", norm=None, apply="hidden"))

    for number, (factors, rank, widths) in enumerate((("phm", 3, ()), ("mpo", 2, (2, 3)), ("mpo", 2, (1, 3, 2, 1)), ("tensor_ring", 3, ()), ("cp", 3, ()), ("tucker", 2, ()), ("residual", 0, ()))):
        cases.append(evaluations_case(f"table_evaluations_{number}_{factors}", Factored(3, factors, rank, 12, SWIGLU, widths=widths), 6, 18, 7000 + 20 * number))

    linear, neuron, value = Linear(3, bias=True), Neuron(2, "gelu_erf"), Value(2, 3)
    lora, nested = Lora(2, 4, BIASED, ["gate", "up"], 2), Nested([1, 4], 4, SWIGLU)
    twice = External("twice", lambda x: [2 * v for v in x])
    # Classes of different kinds, widths and bodies.
    mixed = [Class("ffn", 2, 6, SWIGLU), linear, Class("ffn", 1, 3, Body("relu", gated=False)), neuron, Class("copy", 1), value, twice, lora, nested]
    experts = sum(entry.count for entry in mixed)
    hot = [[9.0 if e == 11 else 8.0 if e == 4 else 0.0 for e in range(experts)] for _ in range(17)]
    infinite = [[-INF if (u + e) % 3 else 1.0 - e for e in range(experts)] for u in range(5)] + [[-INF] * experts]
    units = {"some": None, "no_unit": [], "one_unit": randoms(7, 1, experts), "hot": hot, "infinite": infinite}
    for name, z in units.items():
        twice.callee = "twice_" + name
        cases.append(layer_case(f"table_mixed_{name}", mixed, z=z, k=4, seed=500, functions=TWICE.replace("twice", twice.callee)))
    widths = [Class("ffn", 2, 7, SWIGLU), Class("ffn", 1, 2, BIASED), Class("ffn", 3, 5, Body("gelu_erf", gated=False, bias=("down",)))]
    cases.append(layer_case("table_widths", widths, k=3, seed=600))
    cases.append(layer_case("table_widths_every_expert", widths, k=6, seed=610, apply="hidden"))
    cases.append(layer_case("table_always", [neuron, Linear(1, always=True), Lora(2, 4, SWIGLU, ["down"], 2, always=True)], k=1, seed=620))
    cases.append(layer_case("table_constant", [Class("constant", 2, mix=True), value, linear], seed=630))
    # Mixture of nested experts: the widest takes its best units first.
    cases.append(layer_case("table_nested_greedy", [Nested([2, 6, 1, 4], 6, BIASED)], k=1, norm=None, greedy=([1, 3, 0, 2], [2, 2, 2, 3]), seed=650))
    for element, tolerance in (("f16", 8e-3), ("bf16", 6e-2), ("f64", 1e-6)):
        low = [Linear(1), Neuron(1, "relu"), Value(1, 2), ScaleVec(1, 4, SWIGLU, ["up"]), Lora(1, 4, SWIGLU, ["gate"], 2), Factored(1, "cp", 2)]
        cases.append(layer_case(f"table_{element}", low, k=6, seed=640, element=element, tolerance=tolerance, acc="f64" if element == "f64" else None))
    return cases + functions() + scaled()


def lora():
    """Layers of one lora class with split storage, which C17 rewrites."""
    cases = []
    for name, body in (("plain", SWIGLU), ("biased", BIASED), ("ungated", Body("relu", gated=False, bias=("up",))), ("clamped", CLAMPED)):
        targets = (["gate"] if body.gated else []) + ["up", "down"]
        cases.append(layer_case(f"lora_{name}", [Lora(4, 6, body, targets, 2, 3)], seed=700, out=7))
        cases.append(layer_case(f"lora_{name}_hidden", [Lora(4, 6, body, targets[-1:], 2)], seed=710, apply="hidden", residual="add_x", bias=True))
    cases.append(layer_case("lora_no_unit", [Lora(4, 6, BIASED, ["gate"], 2)], z=[]))
    cases.append(layer_case("lora_hot", [Lora(4, 6, BIASED, ["up"], 2)], z=[[0.0, 9.0, 8.0, 0.0] for _ in range(17)], static=True))
    return cases
