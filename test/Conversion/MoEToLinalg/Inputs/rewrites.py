"""Cases that rewrites apply to, every one of them, against the interpreter on what was written: logits by table (C16), layers of expanded plans (C15), filters that fill
with 0 (C5); and those of the exact rewrites, which are canonicalisations."""
import math
import random

from harness import Case, Tensor
from layers import layer_text, randoms
from plans import TYPES, encoded, random_assignment, source, unpack
from policies import distinct, limit
from reference import Body, Class, layer, matvec, parts, remap
from routes import route_case
from routing_ref import route

GATHER = """  %c0 = arith.constant 0 : index
  %n = tensor.dim %of, %c0 : tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?x{d}xf32>
  %x = linalg.generic {{indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}}
      ins(%of : tensor<?xi32>) outs(%e : tensor<?x{d}xf32>) {{
  ^bb0(%in: i32, %out: f32):
    %row = arith.index_cast %in : i32 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %c[%row, %column] : tensor<?x{d}xf32>
    linalg.yield %v : f32
  }} -> tensor<?x{d}xf32>
"""


def table_case(name, units, experts=8, k=3, d=5, bias=True, fn="sigmoid", **args):
    generator = random.Random(name)
    x, w, b = randoms(60, units, d), randoms(61, experts, d), randoms(62, experts) if bias else None
    ids = [[e if generator.random() < 0.8 else -1 for e in generator.sample(range(experts), k)] for _ in range(units)]
    tensors = {"x": Tensor(x, dynamic=True, shape=[units, d]), "w": Tensor(w), "t": Tensor(ids, "i32", dynamic=True, shape=[units, k])}
    operand = ""
    if bias:
        tensors["b"] = Tensor(b)
        operand = f" bias(%b : {tensors['b'].type})"
    plan = f"!moe.plan<{experts}, slots<{k}>>"
    text = f"  %z = moe.logits %x, %w{operand} : {tensors['x'].type}, {tensors['w'].type} -> tensor<?x{experts}xf32>\n"
    norm = {"sum": ", norm = sum(1.0e-3, add), min_k = 2, scale = 2.5", "pnorm": ", norm = pnorm(2.0)"}.get(args.get("norm"), "")
    text += f"  %p = moe.route %z table_ids(%t : {tensors['t'].type}) score <{fn}> select <table, key = scores> weight <scores{norm}>"
    text += f" : tensor<?x{experts}xf32> -> {plan}\n  %r:2 = moe.unpack_plan %p : {plan} -> tensor<?x{k}xi32>, tensor<?x{k}xf32>\n"
    fields = {"sum": dict(norm="sum", eps=1e-3, min_k=2, scale=2.5), "pnorm": dict(norm="pnorm", p=2.0)}.get(args.get("norm"), {})
    expected = route([matvec(w, row, b) for row in x], {"fn": fn}, policy=("table", ids), **fields)[:2]
    return Case(name, tensors, text, [("%r#0", f"tensor<?x{k}xi32>"), ("%r#1", f"tensor<?x{k}xf32>")], list(expected), 4e-6)


def expanded_case(name, coarse, unit_of, residual="none", out_bias=False, d=4, experts=4):
    """A layer whose units are copies of those of its plan."""
    body, z, x = Body("silu", bias=("up", "down")), randoms(63, coarse, experts), randoms(64, coarse, d)
    table = [Class("ffn", experts, 6, body)]
    stacks = [randoms(65 + i, *shape, scale=.5) for i, shape in enumerate(table[0].stacks(d, d))]
    args = {"z": Tensor(z, dynamic=True, shape=[coarse, experts]), "c": Tensor(x, dynamic=True, shape=[coarse, d]),
            "of": Tensor(unit_of, "i32", dynamic=True, shape=[len(unit_of)])}
    names = [f"w{i}" for i in range(len(stacks))]
    args.update({n: Tensor(s) for n, s in zip(names, stacks)})
    bias, operand = randoms(70, d) if out_bias else None, ""
    if out_bias:
        args["bias"] = Tensor(bias)
        operand = f" out_bias(%bias : {args['bias'].type})"
    plan = f"!moe.plan<{experts}, slots<2>>"
    text = f"  %r0 = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores> : {args['z'].type} -> {plan}\n" + GATHER.format(d=d)
    text += f"  %p = moe.expand_plan %r0, %of : {plan}, tensor<?xi32>\n"
    text += layer_text("", d, d, plan, table, names, {**args, "x": args["c"]}, residual=residual, out_bias=operand)
    ids, weights, _ = route(z, {"fn": "softmax"})
    rows = layer(x, ids, weights, table, [stacks], "output", residual, bias, routed_slots=2)
    return Case(name, args, text, [("%y", f"tensor<?x{d}xf32>")], [[rows[u] for u in unit_of]], 2e-5)


def rewrites():
    return [
        table_case("table_columns", 9), table_case("table_columns_plain", 9, bias=False), table_case("table_columns_relu", 9, fn="relu"),
        table_case("table_columns_sum", 9, norm="sum"), table_case("table_columns_pnorm", 9, fn="softplus", norm="pnorm"), table_case("table_columns_one", 1),
        table_case("table_columns_none", 0), table_case("table_columns_single", 9, k=1),
        expanded_case("expanded", 3, [0, 0, 1, 2, 2, 2, 1]), expanded_case("expanded_to_none", 3, []), expanded_case("expanded_one", 1, [0, 0]),
        *(route_case(f"filled_{fn}", distinct(40, 9, 8), {"fn": fn}, policy=("topk", 3), filter_args={"groups": 4, "keep": 2, "fill": "zero"}) for fn in ("softmax", "sigmoid", "exp")),
        expanded_case("expanded_residual", 3, [2, 1, 0], "complement", True), expanded_case("expanded_onto_units", 4, [3, 0, 3], "add_x")]


def remapped_twice(name, first, second):
    """A renumbering of a renumbering; each is (experts, rule, map, carried ids)."""
    assignment, slots, carried = random_assignment(41, 9, 6, 3), 3, None
    args, text, plan = source(assignment, 6, slots)
    value, moved = "%p", assignment
    for i, (experts, rule, map_, carry) in enumerate((first, second)):
        to = encoded("slots", experts, slots, carry=bool(carry))
        fields = [f"map = array<i64: {', '.join(map(str, map_))}>"] + [f"carry = array<i64: {', '.join(map(str, carry))}>"] * bool(carry)
        text += f"  %q{i} = moe.remap {value} many_to_one <{rule}> {{{', '.join(fields)}}} : {plan} -> {to}\n"
        moved, carried = remap(moved, lambda u, j, e, map_=map_: map_[e], rule, experts, slots, None, carry)
        value, plan = f"%q{i}", to
    carries = bool(second[3])
    line, results = unpack("%t1", plan, TYPES["slots"](second[0], slots) + ["tensor<?xf32>"] * carries)
    return Case(name, args, text + line, results, parts(moved, "slots", second[0], slots) + [carried] * carries, 2e-6)


def exact():
    z = distinct(42, 9, 6)
    identity, softmax = {"fn": "identity"}, {"fn": "softmax"}
    return [
        route_case("one_summed_key", z, softmax, policy=("topk", 2), filter_args={"groups": 3, "keep": 2, "sum_top": 1}),
        route_case("above_zero", z, {"fn": "relu"}, policy=("threshold", 0.0)),
        route_case("places_for_all", z, softmax, policy=("topk", 2), capacity=limit(4), domain=("blocks", 4), norm="sum", when="after"),
        route_case("nothing_between", z, softmax, policy=("topk", 2), norm="sum", when="after"),
        route_case("softmax_of_all", z, identity, policy=("all",), source="logits", norm="softmax", scale=2.0),
        route_case("softmax_of_some", [[v if (u + e) % 4 else -math.inf for e, v in enumerate(row)] for u, row in enumerate(z)], identity, key="logits", policy=("all",),
                   source="logits", norm="softmax"),
        remapped_twice("permuted_sums", (6, "sum", [5, 4, 3, 2, 1, 0], ()), (3, "sum", [0, 0, 1, 1, 2, -1], ())),
        remapped_twice("sums_of_sums", (4, "sum", [0, 0, 1, 2, 3, -1], ()), (3, "sum", [0, 0, 1, 2], ())),
        remapped_twice("first_of_first", (4, "first", [0, 0, 1, 2, 3, 3], ()), (3, "first", [0, 0, 1, 2], ())),
        remapped_twice("largest_of_largest", (4, "max", [0, 0, 1, 2, 3, 3], ()), (3, "max", [0, 0, 1, 2], ())),
        remapped_twice("carried_sums", (4, "sum", [0, 0, 1, 2, 3, 3], ()), (3, "sum", [0, 1, 2, -1], (3,))),
    ]
