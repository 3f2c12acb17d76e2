"""Cases of soft plans (2.12): the two softmaxes, and whole layers, against sums over all units and rows."""
import math
import random

from classes import Factored, Film, Linear, Lora, Nested, ScaleVec
from harness import Case, Tensor
from reference import Body, Class, NEG
from routing_ref import parts_of, soft_slots

P_BODY = Body("silu", bias=("up", "down"))


def numbers(generator, *shape):
    return [numbers(generator, *shape[1:]) for _ in range(shape[0])] if shape else generator.uniform(-2, 2)


def soft_layer(z, x, size, entry, parameters, domain, scale):
    """`parameters`: the stacks of the class `entry`."""
    dispatch, combine = soft_slots(z, domain)
    y = [[0.0] * len(row) for row in x]
    for part in parts_of(domain, len(z)):
        for e in range(entry.count):
            for i in range(size):
                column = e * size + i
                row = [scale * sum(dispatch[u][column] * x[u][c] for u in part) for c in range(len(x[0]))] if x else []
                out = entry.apply(row, entry.own(parameters, e), 1.0, lambda v: v) if part else []
                for u in part:
                    y[u] = [a + combine[u][column] * b for a, b in zip(y[u], out)]
    return y


def soft_case(name, units, experts, size, domain=None, z=None, scale=1.0, d=4, width=3, packed=False, entry=None):
    generator = random.Random(name)
    z = numbers(generator, units, experts * size) if z is None else z
    x, columns = numbers(generator, units, d), experts * size
    entry = entry or Class("ffn", experts, width, P_BODY)
    parameters = [numbers(generator, *shape) for shape in entry.stacks(d, d)]
    args = {"z": Tensor(z, dynamic=True, shape=[units, columns]), "x": Tensor(x, dynamic=True, shape=[units, d])}
    where, operand = "", ""
    if domain:
        where = f" domain <{domain[0]}{f'({domain[1]})' if domain[0] == 'blocks' else ''}>"
    if domain and domain[0] == "segments":
        args["s"] = Tensor(domain[1], "i32", dynamic=True)
        operand = f" segments(%s : {args['s'].type})"
    for i, stack in enumerate(parameters):
        args[f"w{i}"] = Tensor(stack)
    plan, rows, out = f"!moe.plan<{experts}, soft<{size}>>", f"!moe.rows<f32, {d}, grouped>", f"tensor<?x{d}xf32>"
    both = [f"tensor<?x{columns}xf32>"] * 2
    names = ", ".join(f"%w{i}" for i in range(len(parameters)))
    text = f"  %p = moe.route %z{operand} score <identity> select <soft_slots({size}), key = logits> weight <policy>{where} : {args['z'].type} -> {plan}\n"
    text += f"  %t:2 = moe.unpack_plan %p : {plan} -> {', '.join(both)}\n"
    used = "%p"
    if packed:
        text += f"  %q = moe.pack_plan %t#0, %t#1 : {', '.join(both)} -> {plan}\n"
        used = "%q"
    text += f"  %r = moe.dispatch %x, {used} apply <output> {{input_scale = {scale} : f64}} : {args['x'].type}, {plan} -> {rows}\n"
    text += f"  %h = moe.experts %r, {used} ({names} : {', '.join(args[f'w{i}'].type for i in range(len(parameters)))})"
    text += f" table <[{entry.text()}]> apply <output> : {rows}, {plan} -> {rows}\n"
    text += f"  %y = moe.combine %h, {used}, %x apply <output> residual <add_x> order <any> : {rows}, {plan}, {args['x'].type} -> {out}\n"
    y = [[a + b for a, b in zip(*pair)] for pair in zip(soft_layer(z, x, size, entry, parameters, domain, scale), x)]

    def convex(results):
        """Every row of the combine sums to 1, every column of the dispatch does in each part, where there is a finite logit."""
        for u, row in enumerate(results[1]):
            assert abs(sum(row) - (max(z[u]) > NEG)) < 1e-5
        for part in parts_of(domain, units):
            for column in range(columns) if part else ():
                assert abs(sum(results[0][u][column] for u in part) - any(z[u][column] > NEG for u in part)) < 1e-5
    return Case(name, args, text, [("%t#0", both[0]), ("%t#1", both[1]), ("%y", out)], [*soft_slots(z, domain), y], 4e-6, check=convex)


def soft():
    masked = [[-math.inf if (u + c) % 3 == 0 or c == 4 else 0.25 * u - 0.5 * c for c in range(6)] for u in range(7)] + [[-math.inf] * 6]
    cases = [
        soft_case("soft_one_row", 7, 3, 1), soft_case("soft_rows", 7, 3, 2), soft_case("soft_one_expert", 5, 1, 3), soft_case("soft_one_unit", 1, 3, 2),
        soft_case("soft_no_unit", 0, 3, 2), soft_case("soft_scale", 7, 3, 2, scale=2.0), soft_case("soft_blocks", 7, 3, 2, ("blocks", 3)),
        soft_case("soft_no_block", 0, 3, 2, ("blocks", 3)), soft_case("soft_segments", 7, 3, 2, ("segments", [0, 2, 2, 3, 7])),
        soft_case("soft_masked", 8, 3, 2, z=masked), soft_case("soft_packed", 7, 3, 2, packed=True)]
    cases += [soft_case(f"soft_random_{seed}", random.Random(seed).randrange(1, 12), random.Random(seed + 50).randrange(1, 6), 1 + seed % 3, ("blocks", 1 + seed % 5))
              for seed in range(20)]
    split = Body("relu", gated=False, bias=("up",))
    entries = [Linear(3, bias=True), Lora(3, 4, P_BODY, ["gate", "down"], 2, 3), ScaleVec(3, 4, split, ["hidden"]), Film(3, 4, split), Nested([1, 4, 2], 4, split),
               Factored(3, "tucker", 2)]
    cases += [soft_case(f"soft_{entry.kind}", 7, 3, 2, ("blocks", 3), entry=entry) for entry in entries]
    return cases
