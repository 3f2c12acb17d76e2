"""Runs products of one and two rows of bf16 by codes, which multiply digits as integers (DigitKernel.cpp).

usage: digits.py FOLDER

Each product differs from the reference lowering by no more than f32 may; by nothing where numbers make every sum exact. Elements that one exponent cannot hold
together, infinities and the ends of what exponents hold are for the kernel of floats: codes of the largest elements are the zero point, so that a result that lost
the small ones would be zero. Prints a line for each case and ends with status 1 where one fails. Files are left in FOLDER. Needs moe-compile, moe-opt and moe-run in PATH.
"""
import math
import os
import random
import struct
import sys

from npy import read_npy, write_npy
from tile_emulation import compile_emulated, run

rng = random.Random(7)
# Type of codes, whether they are signed, zero point, K and codes that share a scale. Parts are 64 deep, or 32. Panels are two, of
# STACKED products two for each of STACKS matrices.
PRODUCTS = {
    "bytes": ("i8", True, 0, 192, 64),
    "thirds": ("i8", True, 0, 96, 32),
    "centred": ("i8", False, 128, 320, 320),
    "nibbles": ("i4", False, 8, 192, 64),
    "signed": ("i4", True, 0, 256, 128),
    "shifted": ("i4", True, -3, 160, 160),
    "stacked": ("i8", True, 0, 192, 64),
}
STACKED, STACKS = {"stacked"}, 3
# Columns end in the right half of the second panel, or in the left one.
COLUMNS, NARROW, DEPTH = 100, {"thirds": 80}, 320
LARGE = [5, 70, 133, 200, 290]  # along k; a code there is the zero point
BOUND = 1e-6


def stack_of(name):
    """The dimension in front of a product's others and its loop, or nothing."""
    return (f"{STACKS}x", "e, ", '"parallel", ', STACKS) if name in STACKED else ("", "", "", 1)


def columns_of(name):
    return NARROW.get(name, COLUMNS)


def weight(name):
    code, signed, zero, depth, group = PRODUCTS[name]
    bits, groups = int(code[1:]), depth // group
    half = 1 << (bits - 1)
    stack, e, loop, stacks = stack_of(name)
    columns = columns_of(name)
    count = stacks * columns
    data = bytes((zero if i % depth in LARGE else rng.randrange(2 * half)) % (2 * half) for i in range(count * depth))
    scales = struct.pack(f"<{count * groups}f", *(2.0 ** rng.randrange(-9, -6) for _ in range(count * groups)))
    codes, scale, wide = f"tensor<{stack}{columns}x{depth}x{code}>", f"tensor<{stack}{columns}x{groups}xf32>", f"tensor<{stack}{columns}x{depth}xf32>"
    return f"""  %{name}_q = moe_support.weight dense<"0x{data.hex()}"> : {codes}
  %{name}_s = moe_support.weight dense<"0x{scales.hex()}"> : {scale}
  %{name}_e = tensor.empty() : {wide}
  %{name}_w = linalg.generic {{indexing_maps = [affine_map<({e}n, k) -> ({e}n, k)>, affine_map<({e}n, k) -> ({e}n, k floordiv {group})>, affine_map<({e}n, k) -> ({e}n, k)>], iterator_types = [{loop}"parallel", "parallel"]}}
      ins(%{name}_q, %{name}_s : {codes}, {scale}) outs(%{name}_e : {wide}) {{
  ^bb0(%c: {code}, %s: f32, %o: f32):
    %i = arith.{"sitofp" if signed else "uitofp"} %c : {code} to f32
    %zero = arith.constant {float(zero)} : f32
    %v = arith.subf %i, %zero : f32
    %r = arith.mulf %v, %s : f32
    linalg.yield %r : f32
  }} -> {wide}
"""


def products():
    types = {name: f"tensor<{stack_of(name)[0]}?x{columns_of(name)}xf32>" for name in PRODUCTS}
    text = f'func.func @main(%x32: tensor<?x{DEPTH}xf32> {{moe.name = "x"}}) -> (' + ", ".join(f'{y} {{moe.name = "{name}"}}' for name, y in types.items()) + ") {\n"
    text += f"""  %c0 = arith.constant 0 : index
  %f0 = arith.constant 0.0 : f32
  %rows = tensor.dim %x32, %c0 : tensor<?x{DEPTH}xf32>
  %x_e = tensor.empty(%rows) : tensor<?x{DEPTH}xbf16>
  %x = linalg.generic {{indexing_maps = [affine_map<(t, n) -> (t, n)>, affine_map<(t, n) -> (t, n)>], iterator_types = ["parallel", "parallel"]}}
      ins(%x32 : tensor<?x{DEPTH}xf32>) outs(%x_e : tensor<?x{DEPTH}xbf16>) {{
  ^bb0(%a: f32, %o: bf16):
    %v = arith.truncf %a : f32 to bf16
    linalg.yield %v : bf16
  }} -> tensor<?x{DEPTH}xbf16>
"""
    for name, (_, _, _, depth, _) in PRODUCTS.items():
        stack, e, loop, _ = stack_of(name)
        rows, y = f"tensor<?x{depth}xbf16>", types[name]
        text += weight(name) + f"""  %{name}_x = tensor.extract_slice %x[0, 0] [%rows, {depth}] [1, 1] : tensor<?x{DEPTH}xbf16> to {rows}
  %{name}_y = tensor.empty(%rows) : {y}
  %{name}_0 = linalg.fill ins(%f0 : f32) outs(%{name}_y : {y}) -> {y}
"""
        x, maps = f"%{name}_x", [f"({e}m, n, k) -> ({e}{dims})" for dims in ("m, k", "n, k", "m, n")]
        if stack:
            # Each matrix has rows of its own: the same ones.
            text += f"""  %{name}_xe = tensor.empty(%rows) : tensor<{stack}?x{depth}xbf16>
  %{name}_xs = linalg.broadcast ins(%{name}_x : {rows}) outs(%{name}_xe : tensor<{stack}?x{depth}xbf16>) dimensions = [0]
"""
            x, rows = f"%{name}_xs", f"tensor<{stack}?x{depth}xbf16>"
        text += f"""  %{name} = linalg.{"batch_matmul" if stack else "matmul"} indexing_maps = [{', '.join(f'affine_map<{m}>' for m in maps)}]
      ins({x}, %{name}_w : {rows}, tensor<{stack}{columns_of(name)}x{depth}xf32>) outs(%{name}_0 : {y}) -> {y}
"""
    return text + f"  return {', '.join('%' + name for name in PRODUCTS)} : {', '.join(types.values())}\n}}\n"


def normal(_):
    return rng.gauss(0, 1)


def large(value, rest=normal):
    return lambda k: value if k in LARGE else rest(k)


# A row, and the bound of its error.
ROWS = {
    "zeros": (lambda k: 0.0, 0),
    "integers": (lambda k: float(rng.randint(-255, 255)), 0),
    "normal": (normal, BOUND),
    # Products of normal numbers, some of them too small beside the largest one.
    "products": (lambda k: normal(k) * normal(k) * normal(k), BOUND),
    "large": (large(2.0**40), BOUND),
    "edge": (large(2.0**14, lambda k: rng.choice([-1.0, 1.0]) * (1 + rng.randrange(128) / 128)), 0),
    "beyond": (large(2.0**15, lambda k: rng.choice([-1.0, 1.0]) * (1 + rng.randrange(128) / 128)), 0),
    "infinite": (large(math.inf), BOUND),
    "infinities": (lambda k: rng.choice([math.inf, -math.inf]), BOUND),
    "tiny": (lambda k: normal(k) * 2.0**-100, BOUND),
    "tinier": (lambda k: normal(k) * 2.0**-107, BOUND),
    "tiniest": (lambda k: rng.choice([-1.0, 1.0]) * 2.0**-118, BOUND),
    "huge": (lambda k: normal(k) * 2.0**90, BOUND),
}


def outputs(library, *options):
    run("moe-run", "./" + library, "--input=x=x.npy", *(f"--output={name}={name}.npy" for name in PRODUCTS), *options)
    return [read_npy(name + ".npy")[1] for name in PRODUCTS]


def difference(y, r):
    """max |y - r| / max |r| of the finite ones; infinite where others are not alike."""
    if any(math.isfinite(a) != math.isfinite(b) for a, b in zip(y, r, strict=True)):
        return math.inf
    finite = [(a, b) for a, b in zip(y, r) if math.isfinite(b)]
    largest = max((abs(b) for _, b in finite), default=0)
    worst = max((abs(a - b) for a, b in finite), default=0)
    return worst / largest if worst else 0


def main():
    os.chdir(sys.argv[1])
    with open("products.mlir", "w") as file:
        file.write(products())
    run("moe-compile", "products.mlir", "--start-from=moe", "--cpu=x86-64", "--schedule=unfused", "-o", "reference.so")
    compile_emulated("products.mlir", "products.so")
    failed = False
    cases = [[name] for name in ROWS] + [["normal", "normal"], ["large", "integers"], ["normal", "infinite"]]
    for case in cases:
        x = [ROWS[name][0](k) for name in case for k in range(DEPTH)]
        write_npy("x.npy", x, [len(case), DEPTH])
        expected = outputs("reference.so")
        worst = 0
        for product, y, r in zip(PRODUCTS, outputs("products.so", "--poison"), expected):
            columns = columns_of(product)
            for row in range(len(r) // columns):
                name = case[row % len(case)]
                part = slice(row * columns, (row + 1) * columns)
                error = difference(y[part], r[part])
                worst = max(worst, error if ROWS[name][1] or error == 0 else math.inf)
        good = worst <= BOUND
        print(f"{' and '.join(case)}: {'right' if good else f'wrong, {worst:.1e}'}")
        failed |= not good
    sys.exit(failed)


main()
