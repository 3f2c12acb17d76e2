"""Runs what the kernel of f32 in parts of bf16 computes, in tile registers (AMX).

usage: parts.py FOLDER emulated|machine

On a machine that has them, or on any with AVX512-BF16 by what the instructions are documented to do (see tile_emulation.py).

Products, whose numbers need two and three parts of one factor and make every sum exact, have the bits of the reference lowering. Layers differ from it by no more than f32 may,
in every form and on any number of threads by the same bits. Both on numbers of rows next to those of tiles, blocks and tasks and with NaN in all memory they get. Prints a line
for each case and ends with status 1 where one fails. Files are left in FOLDER. Needs moe-compile, moe-opt and moe-run in PATH.
"""
import os
import random
import struct
import sys

import layers
from tile_checks import check_layer, check_products
from tile_emulation import COMPILERS

rng = random.Random(7)
# 33 steps along K, three more than are between two stores to no purpose, and a last panel whose right half ends early. Largest numbers of A and of B: of eight bits in a part,
# 1000 need two parts, 2^20 three.
DEPTH, COLUMNS, PRODUCTS = 1056, 370, {"middle": (1000, 1000), "rows": (1 << 20, 1), "panels": (1, 1 << 20)}
# Elements of a row of A that are not zero: sums of so many products are exact.
TERMS = 8
# Up to 12 rows are for vectors, a block has up to 32, a task 160. 33, 65 and 97 rows are blocks of 17, 22 and 25, the last of which begins in the one before.
ROWS = [0, 1, 12, 13, 16, 17, 32, 33, 50, 65, 97, 159, 160, 161, 172, 173]
WIDTH, HIDDEN, OUT = 320, 288, 352
GATED = [("g", [HIDDEN, WIDTH]), ("u", [HIDDEN, WIDTH]), ("d", [OUT, HIDDEN])]
SHARED = (1, HIDDEN, "<gated, silu>", [("sg", [HIDDEN, WIDTH]), ("su", [HIDDEN, WIDTH]), ("sd", [OUT, HIDDEN])])
LAYERS = {"alone": [], "beside-shared": [SHARED]}
CASES = [(0, "all"), (1, "all"), (12, "hot"), (13, "hot"), (40, "all"), (64, "inner"), (173, "hot")]
BOUND = 2e-6


def products():
    x = len(PRODUCTS) * DEPTH
    y, weight = f"tensor<?x{COLUMNS}xf32>", f"tensor<{COLUMNS}x{DEPTH}xf32>"
    text = f'func.func @main(%x: tensor<?x{x}xf32> {{moe.name = "x"}}) -> (' + ", ".join(f'{y} {{moe.name = "{name}"}}' for name in PRODUCTS) + ") {\n"
    text += f"""  %c0 = arith.constant 0 : index
  %f0 = arith.constant 0.0 : f32
  %tokens = tensor.dim %x, %c0 : tensor<?x{x}xf32>
"""
    for i, (name, (_, most)) in enumerate(PRODUCTS.items()):
        data = struct.pack(f"<{COLUMNS * DEPTH}f", *(rng.choice([-1, 1]) * rng.randint(1, most) for _ in range(COLUMNS * DEPTH)))
        text += layers.constant(f"{name}_w", [COLUMNS, DEPTH], "f32", data)
        text += f"""  %{name}_x = tensor.extract_slice %x[0, {i * DEPTH}] [%tokens, {DEPTH}] [1, 1] : tensor<?x{x}xf32> to tensor<?x{DEPTH}xf32>
  %{name}_e = tensor.empty(%tokens) : {y}
  %{name}_0 = linalg.fill ins(%f0 : f32) outs(%{name}_e : {y}) -> {y}
  %{name} = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%{name}_x, %{name}_w : tensor<?x{DEPTH}xf32>, {weight}) outs(%{name}_0 : {y}) -> {y}
"""
    return text + f"  return {', '.join('%' + name for name in PRODUCTS)} : {', '.join(y for _ in PRODUCTS)}\n}}\n"


def row():
    """A row of A for each product."""
    numbers = []
    for most, _ in PRODUCTS.values():
        part = [0] * DEPTH
        for place in rng.sample(range(DEPTH), TERMS):
            part[place] = rng.choice([-1, 1]) * rng.randint(1, most)
        numbers += part
    return numbers


def layer(name):
    layers.WIDTH, layers.HIDDEN, layers.OUT, layers.EXPERTS = WIDTH, HIDDEN, OUT, 3
    layers.ALWAYS[name] = LAYERS[name]
    return layers.layer(name, "<gated, silu>", GATED)


def error(y, reference):
    """sqrt(Σ (y - r)^2 / Σ r^2)."""
    difference = sum((a - b) ** 2 for a, b in zip(y, reference, strict=True))
    return (difference / (sum(r * r for r in reference) or 1)) ** 0.5


def main():
    compile_ = COMPILERS[sys.argv[2]]
    os.chdir(sys.argv[1])
    failed = [check_products(products(), ROWS, len(PRODUCTS) * DEPTH, row, ["x"], PRODUCTS, compile_)]
    for name in LAYERS:
        failed.append(check_layer(name, layer(name), ["unfused", "fused", "two-kernel"], CASES, error, BOUND, compile_))
    sys.exit(any(failed))


main()
