"""Layers and inputs for comparing the forms of a layer as task graphs with the reference lowering.

usage: layers.py FOLDER

Compiles layers of several bodies unfused, fused and as two kernels and runs them on tokens and router logits whose number lies next to a row tile (120) and that go to
all, to one or to some experts; task graphs with NaN in all memory they get, on 1, 2 and 7 threads. Prints a line for each body and case whose results are the same bits, and
ends with status 1 after any other. Files are left in FOLDER. Needs moe-compile and moe-run in PATH.
"""
import math
import os
import random
import struct
import subprocess
import sys

from npy import write_npy

EXPERTS, SLOTS, WIDTH, HIDDEN, OUT, TILE = 5, 2, 40, 72, 56, 120
# Body: attribute, and the shapes of the parameters of one expert.
SPLIT = [("g", [HIDDEN, WIDTH]), ("u", [HIDDEN, WIDTH]), ("d", [OUT, HIDDEN])]
BODIES = {
    "gated": ("<gated, silu>", SPLIT),
    "ungated": ("<ungated, relu, bias = [up, down]>", [("u", [HIDDEN, WIDTH]), ("ub", [HIDDEN]), ("d", [OUT, HIDDEN]), ("db", [OUT])]),
    "joint": ("<gated, gelu_tanh, gate_hi = 2.0, up_lo = -2.0, up_offset = 1.0, bias = [gate, up, down], storage = interleaved>",
              [("f", [2 * HIDDEN, WIDTH]), ("fb", [2 * HIDDEN]), ("d", [OUT, HIDDEN]), ("db", [OUT])]),
    "concat": ("<gated, silu, storage = concat_up_gate>", [("f", [2 * HIDDEN, WIDTH]), ("d", [OUT, HIDDEN])]),
    "rounded": ("<gated, silu>", SPLIT),
}
OPTIONS = {"rounded": ["--token-rounding=up"]}
# Tokens, and the experts that they go to: all, one in every token, or not the first and last.
CASES = {
    "none": (0, "all"), "one": (1, "all"), "below": (TILE - 1, "hot"), "tile": (TILE, "hot"), "above": (TILE + 1, "hot"), "two": (2 * TILE + 1, "hot"),
    "spread": (101, "all"), "gaps": (64, "inner"),
}
rng = random.Random(3)


def numbers(count, scale):
    return [rng.gauss(0, 1) * scale for _ in range(count)]


def weight(name, shape):
    shape = [EXPERTS] + shape
    values = numbers(math.prod(shape), 1 / math.sqrt(shape[-1]) if len(shape) == 3 else 0.5)
    type_ = f"tensor<{'x'.join(map(str, shape))}xf32>"
    return f'  %{name} = moe_support.weight dense<"0x{struct.pack(f"<{len(values)}f", *values).hex()}"> : {type_}\n', type_


def layer(body, parameters):
    made = {name: weight(name, shape) for name, shape in parameters}
    plan, rows = f"!moe.plan<{EXPERTS}, slots<{SLOTS}>>", f"!moe.rows<f32, {WIDTH}, grouped>"
    results = f"!moe.rows<f32, {OUT}, grouped>"
    x, z, y = f"tensor<?x{WIDTH}xf32>", f"tensor<?x{EXPERTS}xf32>", f"tensor<?x{OUT}xf32>"
    lines = [
        f"  %p = moe.route %z score <softmax> select <topk({SLOTS})> weight <scores, norm = sum(0.0, add)> : {z} -> {plan}",
        f"  %r = moe.dispatch %x, %p apply <output> : {x}, {plan} -> {rows}",
        f"  %h = moe.experts %r, %p ({', '.join('%' + name for name in made)} : {', '.join(type_ for _, type_ in made.values())})",
        f"    table <[<ffn, {EXPERTS}, width = {HIDDEN}, body = {body}>]> apply <output> : {rows}, {plan} -> {results}",
        f"  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : {results}, {plan}, {x} -> {y}",
        f"  return %y : {y}",
    ]
    head = f'func.func @main(%x: {x} {{moe.name = "x"}}, %z: {z} {{moe.name = "z"}}) -> ({y} {{moe.name = "y"}}) {{\n'
    return head + "".join(text for text, _ in made.values()) + "\n".join(lines) + "\n}\n"


def logits(tokens, to):
    values = []
    for _ in range(tokens):
        row = numbers(EXPERTS, 1.0)
        if to == "hot":
            row[2] += 20
        if to == "inner":
            row[0] -= 20
            row[-1] -= 20
        values += row
    return values


def read(path):
    with open(path, "rb") as file:
        return file.read()


def compile_(name, schedule):
    library = f"{name}-{schedule}.so"
    subprocess.run(["moe-compile", name + ".mlir", "--start-from=moe", "--cpu=x86-64-v3", f"--schedule={schedule}", "-o", library,
                    *OPTIONS.get(name, [])], check=True)
    return "./" + library


def results(library, case, output, *options):
    inputs = ["--input", f"x={case}.x.npy", "--input", f"z={case}.z.npy"]
    subprocess.run(["moe-run", library, *inputs, "--output", f"y={output}", *options], check=True, stdout=subprocess.DEVNULL)
    return read(output)


def main():
    os.chdir(sys.argv[1])
    for case, (tokens, to) in CASES.items():
        write_npy(case + ".x.npy", numbers(tokens * WIDTH, 1.0), [tokens, WIDTH])
        write_npy(case + ".z.npy", logits(tokens, to), [tokens, EXPERTS])
    failed = False
    for name, (body, parameters) in BODIES.items():
        with open(name + ".mlir", "w") as file:
            file.write(layer(body, parameters))
        unfused, *graphs = (compile_(name, form) for form in ("unfused", "fused", "two-kernel"))
        for case in CASES:
            reference = results(unfused, case, "reference.npy")
            different = [(graph, n) for graph in graphs for n in (1, 2, 7) if results(graph, case, "fused.npy", "--poison", "--threads", str(n)) != reference]
            print(f"{name} {case}: " + (f"differs: {different}" if different else "same bits"))
            failed |= bool(different)
    sys.exit(failed)


main()
