"""Cases of whole layers: route, dispatch, experts and combine, against the interpreter of reference.py."""
import random

from harness import Case, Tensor
from reference import ROUND, layer
from routing_ref import route


def randoms(seed, *shape, scale=1.0, element="f32"):
    generator = random.Random(seed)
    def make(dims):
        return [make(dims[1:]) for _ in range(dims[0])] if dims else ROUND[element](generator.uniform(-2, 2) * scale)
    return make(shape)


def layer_text(prefix, rows_width, out_width, plan, table, parameters, args, apply="output", residual="none", order="expert_asc", out_bias="",
               input_scale=1.0, element="f32", acc=None, result="f32", allow_multi=False):
    """dispatch, experts, combine of %{prefix}p; names the result %{prefix}y."""
    names = ", ".join(f"%{n}" for n in parameters)
    types = ", ".join(args[n].type for n in parameters)
    rows, out = f"!moe.rows<{element}, {rows_width}, grouped>", f"!moe.rows<{element}, {out_width}, grouped>"
    x_type = args["x"].type
    y_type = f"tensor<{args['x'].type.split('<')[1].split('x')[0]}x{out_width}x{result}>"
    scale = f" {{input_scale = {float(input_scale)} : f64}}" if input_scale != 1.0 else ""
    listed = f" ({names} : {types})" if parameters else ""
    accumulate = f" {{acc = {acc}}}" if acc else ""
    return f"""  %{prefix}r = moe.dispatch %x, %{prefix}p apply <{apply}>{' allow_multi' if allow_multi else ''}{scale} : {x_type}, {plan} -> {rows}
  %{prefix}h = moe.experts %{prefix}r, %{prefix}p{listed} table <[{', '.join(c.text() for c in table)}]> apply <{apply}> : {rows}, {plan} -> {out}
  %{prefix}y = moe.combine %{prefix}h, %{prefix}p, %x{out_bias} apply <{apply}> residual <{residual}> order <{order}>{accumulate} : {out}, {plan}, {x_type} -> {y_type}
"""


def layer_case(name, table, z=None, x=None, d=5, k=2, seed=200, score="softmax", norm="sum", element="f32", order="expert_asc", apply="output",
               residual="none", bias=False, input_scale=1.0, tolerance=2e-5, acc=None, weight_dtype="f32", static=False,
               out=None, functions="", greedy=None):
    """A whole layer: route by z, then dispatch, experts and combine of x, against the interpreter. `greedy`: order and counts of greedy_assign instead of topk."""
    routed = sum(c.count for c in table if not c.always)
    always = sum(c.count for c in table if c.always)
    z = randoms(seed, 9, routed) if z is None else z
    x = randoms(seed + 1, len(z), d, element=element) if x is None else x
    args = {"z": Tensor(z, dynamic=not static, shape=[len(z), routed]), "x": Tensor(x, element, dynamic=not static, shape=[len(z), d])}
    names, stacks = [], []
    for c, entry in enumerate(table):
        stacks.append([randoms(seed + 10 * (c + 1) + i, *shape, scale=.5, element=element) for i, shape in enumerate(entry.stacks(d, out or d))])
        for i, stack in enumerate(stacks[-1]):
            names.append(f"w{c}_{i}")
            args[names[-1]] = Tensor(stack, element)
    out_bias, values = "", None
    if bias:
        values = randoms(seed + 2, out or d, element=element)
        args["bias"] = Tensor(values, element)
        out_bias = f" out_bias(%bias : {args['bias'].type})"
    plan = f"!moe.plan<{routed}, slots<{k}>{f', always = {always}' if always else ''}{f', weight = {weight_dtype}' if weight_dtype != 'f32' else ''}>"
    normalised = "norm = sum(0.0, add)" if norm == "sum" else "norm = none"
    select = "greedy_assign" if greedy else f"topk({k})"
    order_text = f", order = {list(greedy[0])}, counts = {list(greedy[1])}" if greedy else ""
    text = f"  %p = moe.route %z score <{score}> select <{select}, key = scores{order_text}> weight <scores, {normalised}"
    text += f"{f', dtype = {weight_dtype}' if weight_dtype != 'f32' else ''}> : {args['z'].type} -> {plan}\n"
    text += layer_text("", d, out or d, plan, table, names, args, apply=apply, residual=residual, order=order, out_bias=out_bias, input_scale=input_scale,
                       element=element, acc=acc, result=element, allow_multi=apply == "input" and k > 1)
    ids, weights, _ = route(z, {"fn": score}, policy=("greedy_assign",) if greedy else ("topk", k), order=greedy[0] if greedy else (), counts=greedy[1] if greedy else (), norm=norm, always=always, dtype=weight_dtype)
    expected = layer(x, ids, weights, table, stacks, apply, residual, values, input_scale, k, element, out)
    result = f"tensor<{len(x) if static else '?'}x{out or d}x{element}>"
    return Case(name, args, text, [("%y", result)], [expected], tolerance, functions=functions, sums=True)
