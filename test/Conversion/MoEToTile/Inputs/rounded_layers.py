"""Layers whose counts are rounded, for comparing the plan that a task of their graph makes with the reference lowering, bit by bit.

usage: rounded_layers.py FOLDER

Compiles one module with a layer for each rule, and for further scores, filters and scales, unfused and fused, and runs both on numbers of tokens next to those of a block (8)
and of a tile (4); the graphs with NaN in all memory they get, on 1, 2 and 3 threads. Experts of random matrices tell which tokens they had, and with which weights. Logits
take turns: random, with ties, one expert for all, one flat token that every expert would add, with -inf and NaN. Prints a line for each number of tokens, and ends with
status 1 where bits differ. Files are left in FOLDER. Needs moe-compile and moe-run in PATH.
"""
import math
import os
import random
import struct
import subprocess
import sys

from npy import write_npy

WIDTH, HIDDEN, TILE = 3, 4, 4
TOKENS = (0, 1, 3, 4, 5, 7, 8, 9, 17, 40, 100)
rng = random.Random(11)


def draws(count):
    return [rng.gauss(0, 1) for _ in range(count)]


def logits(tokens, experts, kind):
    rows = [draws(experts) for _ in range(tokens)]
    for t, row in enumerate(rows):
        if kind == 1:
            row[:] = [round(z) / 2 for z in row]
        if kind == 2:
            row[1] += 20
        if kind == 3:
            row[:] = [0.0] * experts if t == 2 else [9 * z for z in row]
        if kind == 4:
            row[t % experts] = -math.inf if t % 3 else math.nan
    return [z for row in rows for z in row]


def weight(name, *shape):
    type_ = f"tensor<{'x'.join(map(str, shape))}xf32>"
    raw = struct.pack(f"<{math.prod(shape)}f", *draws(math.prod(shape)))
    return f'  %{name} = moe_support.weight dense<"0x{raw.hex()}"> : {type_}\n', type_


def layer(name, rule, experts=5, slots=2, score="softmax", weights="scores", renorm="tc_set", operands="", group_filter=""):
    """The text of a layer whose result is `name`, and the name."""
    up, up_type = weight(name + "_u", experts, HIDDEN, WIDTH)
    down, down_type = weight(name + "_d", experts, WIDTH, HIDDEN)
    x, z, plan, rows = f"tensor<?x{WIDTH}xf32>", f"tensor<?x{experts}xf32>", f"!moe.plan<{experts}, slots<{experts}>>", f"!moe.rows<f32, {WIDTH}, grouped>"
    text = f"""{up}{down}  %{name}_p = moe.route %z{experts} {operands}score <{score}> {group_filter}select <topk({slots})> weight <{weights}>
    capacity <tile_round, tile = {TILE}, mode = {rule}, renorm = {renorm}> : {z} -> {plan}
  %{name}_r = moe.dispatch %x, %{name}_p apply <output> : {x}, {plan} -> {rows}
  %{name}_h = moe.experts %{name}_r, %{name}_p (%{name}_u, %{name}_d : {up_type}, {down_type}) table <[<ffn, {experts}, width = {HIDDEN}, body = <ungated, relu>>]>
    apply <output> : {rows}, {plan} -> {rows}
  %{name} = moe.combine %{name}_h, %{name}_p, %x apply <output> residual <none> order <expert_asc> : {rows}, {plan}, {x} -> {x}
"""
    return text, name


def module():
    layers = [layer(rule.split("(")[0], rule) for rule in ("nearest", "up", "down", "sr_f(5)", "nr_s(9)", "balance_f")]
    layers.append(layer("sigmoid", "nearest", slots=3, score="sigmoid", renorm="none"))
    layers.append(layer("grouped", "nr_s(3)", experts=8, group_filter="group_filter <4, keep = 2, group_score = max> "))
    layers.append(layer("biased", "up", operands="key_offset(%b : tensor<5xf32>) expert_scale(%s : tensor<5xf32>) ", weights="scores, scale = 2.5"))
    layers.append(layer("narrow", "nearest", score="sqrtsoftplus, dtype = bf16, round_to = bf16"))
    names = [name for _, name in layers]
    x = f"tensor<?x{WIDTH}xf32>"
    arguments = f'%x: {x} {{moe.name = "x"}}, %z5: tensor<?x5xf32> {{moe.name = "z5"}}, %z8: tensor<?x8xf32> {{moe.name = "z8"}}'
    results = ", ".join(f'{x} {{moe.name = "{name}"}}' for name in names)
    vectors = "".join(f"  %{name} = arith.constant dense<[{', '.join(f'{v:.3f}' for v in draws(5))}]> : tensor<5xf32>\n" for name in "bs")
    returned = f"  return {', '.join('%' + name for name in names)} : {', '.join([x] * len(names))}\n"
    return f"func.func @main({arguments}) -> ({results}) {{\n{vectors}{''.join(text for text, _ in layers)}{returned}}}\n", names


def main():
    os.chdir(sys.argv[1])
    text, names = module()
    with open("layers.mlir", "w", encoding="ascii") as file:
        file.write(text)
    for form in ("unfused", "fused"):
        subprocess.run(["moe-compile", "layers.mlir", "--start-from=moe", "--cpu=x86-64-v3", f"--schedule={form}", "-o", f"{form}.so"], check=True)

    def run(form, *options):
        inputs = [word for name in ("x", "z5", "z8") for word in ("--input", f"{name}={name}.npy")]
        outputs = [word for name in names for word in ("--output", f"{name}={name}.out.npy")]
        subprocess.run(["moe-run", f"./{form}.so", *inputs, *outputs, *options], check=True, stdout=subprocess.DEVNULL)
        results = []
        for name in names:
            with open(f"{name}.out.npy", "rb") as file:
                results.append(file.read())
        return results

    failed = False
    for number, tokens in enumerate([count for count in TOKENS for _ in range(2)]):
        write_npy("x.npy", draws(tokens * WIDTH), [tokens, WIDTH])
        for experts in (5, 8):
            write_npy(f"z{experts}.npy", logits(tokens, experts, number % 5), [tokens, experts])
        reference = run("unfused")
        threads = number % 3 + 1
        graphs = run("fused", "--poison", "--threads", str(threads))
        different = [name for name, mine, theirs in zip(names, graphs, reference) if mine != theirs]
        print(f"{tokens} tokens, logits {number % 5}: " + (f"differ on {threads} threads: {different}" if different else "same bits"))
        failed |= bool(different)
    sys.exit(failed)


main()
