"""Runs what kernels in tile registers (AMX) compute.

usage: tiles.py FOLDER emulated|machine

On a machine that has them, or on any with AVX512-BF16 by what the instructions are documented to do (see tile_emulation.py).

Products of bf16, whose numbers make every sum exact, have the bits of the reference lowering. Layers, also of codes, differ from it by no more than bf16 may, in every form
and on any number of threads by the same bits, whoever makes their logits. Both on numbers of rows next to those of tiles and tasks and with NaN in all memory they get,
layers also with experts that get nothing or everything. Prints a line for each case and ends with status 1 where one fails. Files are left in FOLDER. Needs moe-compile,
moe-opt and moe-run in PATH.
"""
import os
import random
import struct
import sys

import layers
from npy import write_npy
from tile_checks import check_layer, check_products
from tile_emulation import COMPILERS

rng = random.Random(5)
# A tile is up to 16 rows high and 32 deep, a part of a kernel 160 deep, of 33 to 48 rows 128 and of 49 to 72 rows 96, a task 270 rows high, and three rows are for vectors, two of codes. 33, 65 and 97 rows are blocks of 17,
# 22 and 25, the last of which have fewer.
# Tiles leave nothing of the depth of the second product, so that its panels lie in halves, and the last part of it is less deep than others. The last one is one of two
# inputs, whose panels are made on the way, and has an odd number of pairs.
DEPTHS, COLUMNS, INPUTS = {"shallow": 72, "halves": 1056, "deep": 1064, "computed": 74}, 100, ["x", "w"]
ROWS = [0, 1, 2, 3, 4, 5, 6, 15, 16, 17, 31, 32, 33, 64, 65, 97, 270, 273, 277]
# Body and parameters as in layers.py, sizes, and codes that share a scale: 288 of them are three parts of a kernel. Of "halves", panels lie in those, and the last ones have no
# column in the right one.
LAYERS = {"narrow": (40, 72, 56, None), "halves": (64, 96, 80, None), "codes": (64, 96, 56, 32), "bytes": (288, 288, 40, 288)}
layers.BODIES["halves"] = layers.BODIES["narrow"]
# A layer as another one whose router multiplies, too, in bf16.
ROUTED = {"routed": "narrow"}
CASES = [(0, "all"), (1, "all"), (15, "hot"), (16, "hot"), (17, "hot"), (33, "hot"), (64, "inner"), (101, "all"), (272, "hot"), (277, "hot")]
# Those of layers that differ by their kernels alone.
FEW_CASES = CASES[1::2]
# Blocks of 64 tokens, the last of which is for vectors where a task of the product is not, and the other way round.
ROUTED_CASES = [(0, "all"), (2, "all"), (66, "all"), (130, "hot"), (272, "inner")]
BOUND = 5e-3


def products():
    """y = x W^T over the first columns of x, for each depth."""
    x, w = max(DEPTHS.values()), DEPTHS["computed"]
    head = f'func.func @main(%x32: tensor<?x{x}xf32> {{moe.name = "x"}}, %w32: tensor<?x{w}xf32> {{moe.name = "w"}}) -> ('
    head += ", ".join(f'tensor<?x{COLUMNS}xf32> {{moe.name = "{name}"}}' for name in DEPTHS) + ") {\n"
    text = f"""  %c0 = arith.constant 0 : index
  %f0 = arith.constant 0.0 : f32
  %rows = tensor.dim %x32, %c0 : tensor<?x{x}xf32>
  %tokens = tensor.dim %w32, %c0 : tensor<?x{w}xf32>
"""
    text += layers.convert("w32", "w", "f32", "bf16", w, "truncf") + f"  %computed_w = tensor.cast %w : tensor<?x{w}xbf16> to {layers.tensor([COLUMNS, w], 'bf16')}\n"
    text += layers.convert("x32", "x", "f32", "bf16", x, "truncf").replace("%tokens", "%rows")
    y = f"tensor<?x{COLUMNS}xf32>"
    for name, depth in DEPTHS.items():
        rows, weight = f"tensor<?x{depth}xbf16>", layers.tensor([COLUMNS, depth], "bf16")
        if name != "computed":
            data = b"".join(struct.pack("<f", rng.randint(-3, 3))[2:] for _ in range(COLUMNS * depth))
            text += layers.constant(f"{name}_w", [COLUMNS, depth], "bf16", data)
        text += f"""  %{name}_x = tensor.extract_slice %x[0, 0] [%rows, {depth}] [1, 1] : tensor<?x{x}xbf16> to {rows}
  %{name}_e = tensor.empty(%rows) : {y}
  %{name}_0 = linalg.fill ins(%f0 : f32) outs(%{name}_e : {y}) -> {y}
  %{name} = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%{name}_x, %{name}_w : {rows}, {weight}) outs(%{name}_0 : {y}) -> {y}
"""
    return head + text + f"  return {', '.join('%' + name for name in DEPTHS)} : {', '.join(y for _ in DEPTHS)}\n}}\n"


def layer(name):
    layers.WIDTH, layers.HIDDEN, layers.OUT, group = LAYERS[name]
    layers.GROUP, layers.EXPERTS, layers.TYPES[name] = group, 3, "bf16"
    wide = {"g": [layers.HIDDEN, layers.WIDTH], "u": [layers.HIDDEN, layers.WIDTH], "d": [layers.OUT, layers.HIDDEN], "db": [layers.OUT]}
    body, parameters = layers.BODIES[name]
    return layers.layer(name, body, [(parameter, wide[parameter]) for parameter, _ in parameters])


def routed_layer(name):
    text = layer(ROUTED[name])
    router, matrix = layers.weight("router", [layers.WIDTH], "bf16", None)
    z, x = f"tensor<?x{layers.EXPERTS}xf32>", f"tensor<?x{layers.WIDTH}xbf16>"
    product = f"  %sum = moe.logits %x, %router offset(%z : {z}) : {x}, {matrix} -> {z}\n"
    return text.replace("  %p = moe.route %z", router + product + "  %p = moe.route %sum")


def error(y, reference):
    """max |y - r| / max |r|."""
    return max((abs(a - b) for a, b in zip(y, reference, strict=True)), default=0) / max(map(abs, reference), default=1)


def check(name, compile_):
    is_few = name in LAYERS and name != "narrow"
    forms = ["unfused", "fused"] if is_few else ["unfused", "fused", "two-kernel"]
    cases = ROUTED_CASES if name in ROUTED else FEW_CASES if is_few else CASES
    return check_layer(name, routed_layer(name) if name in ROUTED else layer(name), forms, cases, error, BOUND, compile_)


def main():
    compile_ = COMPILERS[sys.argv[2]]
    os.chdir(sys.argv[1])
    text = products()
    write_npy("w.npy", [rng.randint(-3, 3) for _ in range(COLUMNS * DEPTHS["computed"])], [COLUMNS, DEPTHS["computed"]])
    depth = max(DEPTHS.values())
    failed = [check_products(text, ROWS, depth, lambda: [rng.randint(-3, 3) for _ in range(depth)], INPUTS, DEPTHS, compile_)]
    failed += [check(name, compile_) for name in [*LAYERS, *ROUTED]]
    sys.exit(any(failed))


main()
