"""Writes a routed layer with everything that moe-simplify-routing rewrites: routed and always-on gated experts of several storages and widths with
biases, some of their matrices in fewer bits; shared experts beside it; then a layer of lora experts on a stored base, and one whose plan is renumbered.
usage: routed_layer.py FOLDER; the folder gets model.mlir, weights.bin and x.npy.
"""
import math
import os
import random
import struct
import sys

from npy import write_npy

HIDDEN, EXPERTS, WIDTH, TOKENS = 8, 4, 6, 11
GATE_UP = "bias = [gate, up]"
# Always-on classes: count, width, storage, whether gate, up and down are stored.
ALWAYS = [(2, 4, "concat_gate_up", True), (1, 6, "concat_gate_up", True), (2, 2, "interleaved", False)]
# Shared experts beside the layer: widths; both have the body <gated, gelu_tanh>, and a stored down matrix.
SHARED = [4, 6]
ROWS, GROUPS, NIBBLES = "i8_chan", "i8_group, group = 2", "u_affine, group = 2, bits = 4"

folder = sys.argv[1]
path = os.path.abspath(os.path.join(folder, "weights.bin"))
generator = random.Random(7)
lines, file = [], bytearray()


def tensor(element, code, shape, draw):
    """The name and type of a new weight."""
    type_ = f"tensor<{''.join(f'{size}x' for size in shape)}{element}>"
    name = f"%w{len(lines)}"
    file.extend(bytes(-len(file) % 4))
    lines.append(f'  {name} = moe_support.weight #moe_support.external<"{path}", {len(file)}> : {type_}')
    count = math.prod(shape)
    file.extend(struct.pack(f"<{count}{code}", *(draw() for _ in range(count))))
    return name, type_


def weight(*shape):
    return tensor("f32", "f", shape, lambda: generator.uniform(-1, 1))


def stored(quant, *shape):
    """What stores a matrix, or a stack of them, whose elements are about as large as those of weight()."""
    *stack, n, k = shape
    if quant == ROWS:
        return [tensor("i8", "b", shape, lambda: generator.randint(-127, 127)), tensor("f32", "f", (*stack, n), lambda: generator.uniform(0.002, 0.01))]
    if quant == GROUPS:
        return [tensor("i8", "b", shape, lambda: generator.randint(-127, 127)), tensor("f32", "f", (*stack, n, k // 2), lambda: generator.uniform(0.002, 0.01))]
    assert quant == NIBBLES
    return [tensor("i8", "B", (*stack, n, k // 2), lambda: generator.randint(0, 255)), tensor("f32", "f", (*stack, n, k // 2), lambda: generator.uniform(0.05, 0.15)),
            tensor("f32", "f", (*stack, n, k // 2), lambda: generator.uniform(4, 12))]


def listing(weights):
    return ", ".join(name for name, _ in weights) + " : " + ", ".join(type_ for _, type_ in weights)


router, router_type = weight(EXPERTS, HIDDEN)
scales, scales_type = weight(EXPERTS)
second, _ = weight(EXPERTS, HIDDEN)
# Routed experts: split gate and up with biases of their own, a stored down matrix and a down bias.
experts = [weight(EXPERTS, WIDTH, HIDDEN), weight(EXPERTS, WIDTH), weight(EXPERTS, WIDTH, HIDDEN), weight(EXPERTS, WIDTH),
           *stored(GROUPS, EXPERTS, HIDDEN, WIDTH), weight(EXPERTS, HIDDEN)]
classes = [f"<ffn, {EXPERTS}, width = {WIDTH}, body = <gated, silu, bias = [gate, up, down]>, quant = [<float>, <float>, <{GROUPS}>]>"]
always = 0
for count, width, storage, is_stored in ALWAYS:
    always += count
    first, down = (count, 2 * width, HIDDEN), (count, HIDDEN, width)
    experts += [*(stored(ROWS, *first) if is_stored else [weight(*first)]), weight(count, 2 * width), *(stored(NIBBLES, *down) if is_stored else [weight(*down)])]
    quant = f", quant = [<{ROWS}>, <{NIBBLES}>]" * is_stored
    classes.append(f"<ffn, {count}, width = {width}, body = <gated, silu, {GATE_UP}, storage = {storage}>, activation = always{quant}>")
shared = [[weight(width, HIDDEN), weight(width, HIDDEN), stored(GROUPS, HIDDEN, width)] for width in SHARED]
lora = [*stored(ROWS, WIDTH, HIDDEN), *stored(GROUPS, HIDDEN, WIDTH), weight(EXPERTS, WIDTH, 2), weight(EXPERTS, 2, HIDDEN)]
moved = [*stored(ROWS, EXPERTS, HIDDEN, HIDDEN), weight(EXPERTS, HIDDEN)]

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
for index, (gate, up, down) in enumerate(shared):
    parameters = [gate, up, (f"%d{index}", f"tensor<{HIDDEN}x{SHARED[index]}xf32>")]
    text.append(f"  %d{index} = moe.dequant {', '.join(name for name, _ in down)} quant <{GROUPS}> : {', '.join(type_ for _, type_ in down)} -> {parameters[2][1]}")
    text.append(f"  %s{index} = moe.ffn %x ({listing(parameters)}) body <gated, gelu_tanh> : {x} -> {x}")
    text.append(f"  %t{index} = arith.addf {total}, %s{index} : {x}")
    total = f"%t{index}"
# On the sum: lora experts, then others of the same plan by other numbers.
plain = f"!moe.plan<{EXPERTS}, slots<2>>"
layers = [("lora", lora, f"<lora, {EXPERTS}, width = {WIDTH}, body = <ungated, relu>, targets = [up], rank = 2, quant = [<{ROWS}>, <{GROUPS}>, <float>, <float>]>", "%l"),
          ("moved", moved, f"<linear, {EXPERTS}, bias = true, quant = [<{ROWS}>]>", "%n")]
text.append(f"  %v = moe.logits %x, {second} : {x}, {router_type} -> {logits}")
text.append(f"  %l = moe.route %v score <softmax> select <topk(2), key = scores> weight <scores> : {logits} -> {plain}")
text.append(f"  %n = moe.remap %l many_to_one <sum> {{map = array<i64: 2, 0, 3, 1>}} : {plain} -> {plain}")
for name, parameters, table, numbers in layers:
    text.append(f"  %r_{name} = moe.dispatch {total}, {numbers} apply <output> : {x}, {plain} -> {rows}")
    text.append(f"  %h_{name} = moe.experts %r_{name}, {numbers} ({listing(parameters)}) table <[{table}]> apply <output> : {rows}, {plain} -> {rows}")
    text.append(f"  %y_{name} = moe.combine %h_{name}, {numbers}, {total} apply <output> residual <add_x> order <slot> : {rows}, {plain}, {x} -> {x}")
    total = f"%y_{name}"
text += [f"  return {total} : {x}", "}", ""]

with open(os.path.join(folder, "model.mlir"), "w", encoding="utf-8") as model:
    model.write("\n".join(text))
with open(path, "wb") as weights:
    weights.write(file)
write_npy(os.path.join(folder, "x.npy"), [generator.uniform(-1, 1) for _ in range(TOKENS * HIDDEN)], [TOKENS, HIDDEN])
