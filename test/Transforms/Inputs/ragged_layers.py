"""Layers with padded plans, before and after moe-padding-elimination.

usage: ragged_layers.py FOLDER

One layer per encoding of its plan, with and without a capacity that drops entries, is compiled as the reference lowering has it and through the default pipeline. Both
run on tokens whose number lies next to the register tile (6 rows) and that go to all experts, to one or past some; the second with NaN in all memory it gets, on
1 and 3 threads. Prints a line for each layer and case whose results are the same bits, and ends with status 1 after any other. Needs moe-opt, moe-compile and
moe-run in PATH.
"""
import array
import os
import random
import subprocess
import sys

from npy import write_npy

EXPERTS, SLOTS, WIDTH, HIDDEN = 8, 3, 24, 40
CAPACITY = " capacity <limit, count = <5>, priority = choice_major, overflow = zero>"
LAYERS = {
    "slots": (f"slots<{SLOTS}>", "", "expert_asc"),
    "slots-limit": (f"slots<{SLOTS}>", CAPACITY, "slot"),
    "csr": ("csr", "", "slot"),
    "grouped-limit": ("grouped", CAPACITY, "slot"),
    "buckets": ("buckets<?>", "", "expert_asc"),
    "buckets-limit": ("buckets<5>", CAPACITY, "slot"),
    "dense": ("dense", "", "slot"),
    "dense-limit": ("dense", CAPACITY, "expert_asc"),
}
# Tokens, and what is added to the logits of an expert.
CASES = {
    "none": (0, {}), "one": (1, {}), "below": (5, {3: 20}), "tile": (6, {3: 20}), "above": (7, {3: 20}), "gaps": (29, {0: -20, 4: -20, 7: -20}), "spread": (64, {}),
}
rng = random.Random(11)


def numbers(count):
    return [rng.gauss(0, 1) for _ in range(count)]


def layer(encoding, capacity, order):
    plan, rows = f"!moe.plan<{EXPERTS}, {encoding}>", f"!moe.rows<f32, {WIDTH}, grouped>"
    x, z = f"tensor<?x{WIDTH}xf32>", f"tensor<?x{EXPERTS}xf32>"
    up, down = f"tensor<{EXPERTS}x{HIDDEN}x{WIDTH}xf32>", f"tensor<{EXPERTS}x{WIDTH}x{HIDDEN}xf32>"
    return f"""func.func @main(%x: {x} {{moe.name = "x"}}, %z: {z} {{moe.name = "z"}}) -> ({x} {{moe.name = "y"}}) {{
  %u = moe_support.weight #moe_support.external<"weights.bin", 0> : {up}
  %d = moe_support.weight #moe_support.external<"weights.bin", {4 * EXPERTS * HIDDEN * WIDTH}> : {down}
  %p = moe.route %z score <softmax> select <topk({SLOTS})> weight <scores>{capacity} : {z} -> {plan}
  %r = moe.dispatch %x, %p apply <output> : {x}, {plan} -> {rows}
  %h = moe.experts %r, %p (%u, %d : {up}, {down}) table <[<ffn, {EXPERTS}, width = {HIDDEN}, body = <ungated, silu>>]> apply <output> : {rows}, {plan} -> {rows}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <{order}> : {rows}, {plan}, {x} -> {x}
  return %y : {x}
}}
"""


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def result(library, case, *options):
    """The bytes of the output."""
    run("moe-run", library, "--input", f"x={case}.x.npy", "--input", f"z={case}.z.npy", "--output", "y=y.npy", *options)
    with open("y.npy", "rb") as file:
        return file.read()


def main():
    os.chdir(sys.argv[1])
    with open("weights.bin", "wb") as file:
        array.array("f", [value / 5 for value in numbers(2 * EXPERTS * HIDDEN * WIDTH)]).tofile(file)
    for case, (tokens, shift) in CASES.items():
        write_npy(case + ".x.npy", numbers(tokens * WIDTH), [tokens, WIDTH])
        write_npy(case + ".z.npy", [value + shift.get(i % EXPERTS, 0) for i, value in enumerate(numbers(tokens * EXPERTS))], [tokens, EXPERTS])
    failed = False
    for name, parts in LAYERS.items():
        with open(name + ".mlir", "w", encoding="utf-8") as file:
            file.write(layer(*parts))
        run("moe-opt", name + ".mlir", "--convert-moe-to-linalg", "-o", name + "-reference.mlir")
        for kind in ("", "-reference"):
            run("moe-compile", name + kind + ".mlir", "--start-from=moe", "--cpu=x86-64-v3", "-o", name + kind + ".so")
        for case in CASES:
            reference = result(f"./{name}-reference.so", case)
            different = [n for n in (1, 3) if result(f"./{name}.so", case, "--poison", "--threads", str(n)) != reference]
            print(f"{name} {case}: " + (f"differs on {different} threads" if different else "same bits"))
            failed |= bool(different)
    sys.exit(failed)


main()
