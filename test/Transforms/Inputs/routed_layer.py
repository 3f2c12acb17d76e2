"""Writes a routed layer with everything that moe-simplify-routing rewrites: routed and always-on gated experts of several storages and widths with
biases, and shared experts beside it. usage: routed_layer.py FOLDER; the folder gets model.mlir, weights.bin and x.npy.
"""
import os
import random
import struct
import sys

from npy import write_npy

HIDDEN, EXPERTS, WIDTH, TOKENS = 8, 4, 6, 11
GATE_UP = "bias = [gate, up]"
# Always-on classes: count, width, storage.
ALWAYS = [(2, 3, "concat_gate_up"), (1, 5, "concat_gate_up"), (2, 2, "interleaved")]
# Shared experts beside the layer: widths; both have the body <gated, gelu_tanh>.
SHARED = [3, 4]

folder = sys.argv[1]
path = os.path.abspath(os.path.join(folder, "weights.bin"))
generator = random.Random(7)
lines, values = [], []


def weight(*shape):
    """The name and type of a new weight of random numbers."""
    count = 1
    for size in shape:
        count *= size
    type_ = f"tensor<{'x'.join(map(str, shape))}xf32>"
    name = f"%w{len(lines)}"
    lines.append(f'  {name} = moe_support.weight #moe_support.external<"{path}", {4 * len(values)}> : {type_}')
    values.extend(generator.uniform(-1, 1) for _ in range(count))
    return name, type_


def listing(weights):
    return ", ".join(name for name, _ in weights) + " : " + ", ".join(type_ for _, type_ in weights)


router, router_type = weight(EXPERTS, HIDDEN)
scales, scales_type = weight(EXPERTS)
# Routed experts: split gate and up with biases of their own, and a down bias.
experts = [weight(EXPERTS, WIDTH, HIDDEN), weight(EXPERTS, WIDTH), weight(EXPERTS, WIDTH, HIDDEN), weight(EXPERTS, WIDTH),
           weight(EXPERTS, HIDDEN, WIDTH), weight(EXPERTS, HIDDEN)]
classes = [f"<ffn, {EXPERTS}, width = {WIDTH}, body = <gated, silu, bias = [gate, up, down]>>"]
always = 0
for count, width, storage in ALWAYS:
    always += count
    experts += [weight(count, 2 * width, HIDDEN), weight(count, 2 * width), weight(count, HIDDEN, width)]
    classes.append(f"<ffn, {count}, width = {width}, body = <gated, silu, {GATE_UP}, storage = {storage}>, activation = always>")
shared = [[weight(width, HIDDEN), weight(width, HIDDEN), weight(HIDDEN, width)] for width in SHARED]

x, rows = f"tensor<?x{HIDDEN}xf32>", f"!moe.rows<f32, {HIDDEN}, grouped>"
plan = f"!moe.plan<{EXPERTS}, slots<2>, always = {always}>"
logits = f"tensor<?x{EXPERTS}xf32>"
text = [
    f'func.func @main(%x: {x} {{moe.name = "x", moe.symbols = ["T", ""]}}) -> ({x} {{moe.name = "y", moe.symbols = ["T", ""]}}) {{',
    *lines,
    f"  %z = moe.logits %x, {router} : {x}, {router_type} -> {logits}",
    f"  %p = moe.route %z expert_scale ({scales} : {scales_type}) score <softmax> group_filter <2, keep = 1, group_score = max, fill = zero> select <topk(2), key = scores>",
    f"    weight <scores, norm = sum(1.0e-20, add), scale = 1.5> : {logits} -> {plan}",
    f"  %r = moe.dispatch %x, %p apply <output> : {x}, {plan} -> {rows}",
    f"  %h = moe.experts %r, %p ({listing(experts)})",
    f"    table <[{', '.join(classes)}]> apply <output> : {rows}, {plan} -> {rows}",
    f"  %y = moe.combine %h, %p, %x apply <output> residual <add_x> order <expert_asc> : {rows}, {plan}, {x} -> {x}",
]
total = "%y"
for index, parameters in enumerate(shared):
    text.append(f"  %s{index} = moe.ffn %x ({listing(parameters)}) body <gated, gelu_tanh> : {x} -> {x}")
    text.append(f"  %t{index} = arith.addf {total}, %s{index} : {x}")
    total = f"%t{index}"
text += [f"  return {total} : {x}", "}", ""]

with open(os.path.join(folder, "model.mlir"), "w", encoding="utf-8") as file:
    file.write("\n".join(text))
with open(path, "wb") as file:
    file.write(struct.pack(f"<{len(values)}f", *values))
write_npy(os.path.join(folder, "x.npy"), [generator.uniform(-1, 1) for _ in range(TOKENS * HIDDEN)], [TOKENS, HIDDEN])
