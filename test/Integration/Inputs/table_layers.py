"""Layers with every kind of table class, with product keys and with merged experts, and what they give by the interpreter of the reference lowering's tests.

usage: table_layers.py FOLDER     gets classes.mlir, keys.mlir, merged.mlir, linked.mlir, x.npy, z.npy, keys.npy and <name>-y.npy
"""
import math
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "Conversion", "MoEToLinalg", "Inputs"))
from classes import External, Factored, Film, Linear, Lora, Nested, Neuron, ScaleVec, Value
from formats import IntTensor
from harness import Tensor, flat
from lazy import outer_sum
from layers import randoms
from merge import average
from npy import write_npy
from reference import Body, Class, ROUND, layer
from routing_ref import route

D, UNITS, ROWS = 8, 37, 6
SWIGLU, BIASED = Body("silu"), Body("silu", bias=("gate", "up", "down"), storage="interleaved")


class StoredBase(Lora):
    """lora whose base matrices, the first parameters, are codes with one scale per row; its factors are float."""
    stored = 3

    def fields(self):
        return super().fields() + [f"quant = [{', '.join(['<i8_chan>'] * 3 + ['<float>'] * 2 * len(self.targets))}]"]

    def store(self, rows):
        """The tensors of a matrix, and the matrix that they hold."""
        codes, scales = [[round(100 * v) for v in row] for row in rows], [1 / (96 + i) for i in range(len(rows))]
        return [IntTensor(codes, "i8"), Tensor(scales)], [[ROUND["f32"](s) * q for q in row] for row, s in zip(codes, scales)]


def weights(entries, seed):
    """Stacks per class, and their lines and names."""
    stacks, text, names, types = [], "", [], []
    for c, entry in enumerate(entries):
        stacks.append([randoms(seed + 20 * c + i, *shape, scale=.5) for i, shape in enumerate(entry.stacks(D, D))])
        for i, stack in enumerate(stacks[-1]):
            tensors = [Tensor(stack)]
            if isinstance(entry, StoredBase) and i < entry.stored:
                tensors, stacks[-1][i] = entry.store(stack)
            for part, tensor in enumerate(tensors):
                names.append(f"%w{c}_{i}_{part}")
                types.append(tensor.type)
                text += f"  {names[-1]} = moe_support.weight {tensor.literal()} : {tensor.type}\n"
    return stacks, text, names, types


def experts(entries, seed, plan):
    stacks, text, names, types = weights(entries, seed)
    rows = f"!moe.rows<f32, {D}, grouped>"
    text += f"""  %r = moe.dispatch %x, %p apply <output> : tensor<?x{D}xf32>, {plan} -> {rows}
  %h = moe.experts %r, %p ({', '.join(names)} : {', '.join(types)}) table <[{', '.join(e.text() for e in entries)}]> apply <output> : {rows}, {plan} -> {rows}
  %y = moe.combine %h, %p, %x apply <output> residual <add_x> order <expert_asc> : {rows}, {plan}, tensor<?x{D}xf32> -> tensor<?x{D}xf32>
"""
    return stacks, text


def write(name, functions, argument, width, body, expected):
    header = f'func.func @main(%x: tensor<?x{D}xf32> {{moe.name = "x"}}, %{argument}: tensor<?x{width}xf32> {{moe.name = "{argument}"}})'
    header += f' -> (tensor<?x{D}xf32> {{moe.name = "y"}}) {{\n'
    with open(f"{name}.mlir", "w", encoding="utf-8") as file:
        file.write(functions + header + body + f"  return %y : tensor<?x{D}xf32>\n}}\n")
    write_npy(f"{name}-y.npy", flat(expected), [UNITS, D])


os.chdir(sys.argv[1])
table = [Class("ffn", 2, 16, SWIGLU), Class("ffn", 1, 5, Body("relu", gated=False)), Linear(2, bias=True), Neuron(2, "gelu_erf"), Value(2, 3),
         ScaleVec(2, 6, BIASED, ["gate", "hidden"]), Film(1, 4, SWIGLU), Lora(2, 16, BIASED, ["gate", "up", "down"], 2, 4), Nested([2, 8], 8, SWIGLU),
         Factored(2, "cp", 3, 6, SWIGLU), Factored(2, "phm", 2, 6, SWIGLU), Factored(1, "mpo", 2, widths=(2, 1)), Factored(1, "tensor_ring", 2),
         StoredBase(2, 16, SWIGLU, ["up"], 2), External("halve", lambda row: [v / 2 for v in row]),
         Class("ffn", 2, 5, Body("external", callee="softsign", function=lambda v: v / (1 + abs(v)), bias=("up",))),
         Neuron(1, None, Body("external", gated=False, callee="atanf", function=math.atan)), Class("copy", 1, input_scale=-3, placement=(1,)),
         Factored(1, "mpo", 2, widths=(2, 1, 2, 1), columns=(1, 2, 2, 2))]
count = sum(entry.count for entry in table)
x, z, keys = randoms(1, UNITS, D), randoms(2, UNITS, count), randoms(3, UNITS, 2 * ROWS)
for name, data in (("x", x), ("z", z), ("keys", keys)):
    write_npy(f"{name}.npy", flat(data), [UNITS, len(data[0])])

plan = f"!moe.plan<{count}, slots<5>>"
stacks, text = experts(table, 100, plan)
halve = f"""func.func private @halve(%x: tensor<?x{D}xf32>) -> tensor<?x{D}xf32> {{
  %w = moe_support.weight dense<0.5> : tensor<f32>
  %half = tensor.extract %w[] : tensor<f32>
  %y = linalg.map ins(%x : tensor<?x{D}xf32>) outs(%x : tensor<?x{D}xf32>) (%v: f32, %o: f32) {{
    %h = arith.mulf %v, %half : f32
    linalg.yield %h : f32
  }}
  return %y : tensor<?x{D}xf32>
}}
func.func private @softsign(%x: f32) -> f32 {{
  %one = arith.constant 1.0 : f32
  %a = math.absf %x : f32
  %d = arith.addf %a, %one : f32
  %y = arith.divf %x, %d : f32
  return %y : f32
}}
func.func private @atanf(f32) -> f32
"""
chosen = f"  %p = moe.route %z score <softmax> select <topk(5), key = scores> weight <scores, norm = sum(0.0, add)> : tensor<?x{count}xf32> -> {plan}\n"
ids, shares, _ = route(z, {"fn": "softmax"}, policy=("topk", 5), norm="sum")
write("classes", halve, "z", count, chosen + text, layer(x, ids, shares, table, stacks, residual="add_x"))

pairs = [Neuron(ROWS * ROWS, "relu")]
plan, lazy = f"!moe.plan<{ROWS * ROWS}, slots<4>>", f"!moe.lazy_logits<f32, {ROWS}, {ROWS}>"
stacks, text = experts(pairs, 500, plan)
half = f"tensor<?x{ROWS}xf32>"
chosen = "  %c0 = arith.constant 0 : index\n" + f"  %n = tensor.dim %keys, %c0 : tensor<?x{2 * ROWS}xf32>\n"
for name, first in (("a", 0), ("b", ROWS)):
    chosen += f"  %{name} = tensor.extract_slice %keys[0, {first}] [%n, {ROWS}] [1, 1] : tensor<?x{2 * ROWS}xf32> to {half}\n"
chosen += f"""  %z = moe.lazy_logits %a, %b : {half}, {half} -> {lazy}
  %p = moe.route %z score <identity> select <topk(4), key = logits> weight <logits, norm = softmax> : {lazy} -> {plan}
"""
sums = outer_sum([row[:ROWS] for row in keys], [row[ROWS:] for row in keys], "f32")
ids, shares, _ = route(sums, {"fn": "identity"}, policy=("topk", 4), key="logits", source="logits", norm="softmax")
write("keys", "", "keys", 2 * ROWS, chosen + text, layer(x, ids, shares, pairs, stacks, residual="add_x"))

one = Class("ffn", count, 4, SWIGLU)
plan = f"!moe.plan<{count}, slots<3>>"
stacks, text, names, types = weights([one], 700)
merged = [type.replace(f"<{count}x", "<?x") for type in types]
body = f"  %p = moe.route %z score <softmax> select <topk(3), key = scores> weight <scores> : tensor<?x{count}xf32> -> {plan}\n" + text
body += f"""  %m:3 = moe.merge_experts %p ({', '.join(names)} : {', '.join(types)}) experts {one.text()} : {plan} -> {', '.join(merged)}
  %y = moe.apply_merged %x (%m#0, %m#1, %m#2 : {', '.join(merged)}) experts {Class("ffn", 1, 4, SWIGLU).text()} : tensor<?x{D}xf32> -> tensor<?x{D}xf32>
"""
ids, shares, _ = route(z, {"fn": "softmax"}, policy=("topk", 3))
own = [[average(stack, list(zip(*entries))) for stack in stacks[0]] for entries in zip(ids, shares)]
write("merged", "", "z", count, body, [SWIGLU.apply(row, parameters) for row, parameters in zip(x, own)])

# A function that object code beside the model's has.
square = Body("external", gated=False, callee="square_plus_one", function=lambda v: v * v + 1)
stacks, text, names, types = weights([Class("ffn", 1, 6, square)], 800)
own = [type.replace("<1x", "<") for type in types]
for name, type, small in zip(names, types, own):
    text += f"  {name}_own = tensor.collapse_shape {name} [[0, 1], [2]] : {type} into {small}\n"
text += f"  %y = moe.ffn %x ({', '.join(name + '_own' for name in names)} : {', '.join(own)}) body {square.text()} : tensor<?x{D}xf32> -> tensor<?x{D}xf32>\n"
write("linked", "func.func private @square_plus_one(f32) -> f32\n", "z", count, text, [square.apply(row, [stack[0] for stack in stacks[0]]) for row in x])
