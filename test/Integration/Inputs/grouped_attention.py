"""Products of grouped-query attention as exporters write them: keys and values are repeated for each head of a group, and keys transposed and scaled.

usage: grouped_attention.py module f32|bf16         prints a module for groups of 1, 3, 4 and 8 heads
       grouped_attention.py run MOE-RUN LIBRARY DIR  runs it for 1 to 5 and 50 rows and contexts around the kernels' blocks, and compares it with sums in Python

Numbers are multiples of 1/8, so that products are exact in bf16 and f32.
"""
import random
import struct
import subprocess
import sys

GROUPS = (1, 3, 4, 8)
HEADS, DEPTH = 2, 36  # keys' heads; neither a multiple of a vector nor below one
SCALE = 0.25
# Rows and contexts: few rows for vectors along k, and many for panels.
SHAPES = [(rows, context) for rows in (1, 2, 3, 4, 5) for context in (0, 1, 7, 8, 9)] + [(1, 65), (3, 65), (50, 9), (50, 65)]


def attention(group, narrow):
    heads = HEADS * group
    element = "bf16" if narrow else "f32"

    def widen(name):
        return f"%{name}w = arith.extf %{name} : bf16 to f32\n    " if narrow else ""

    suffix = "w" if narrow else ""
    body = f"""^bb0(%a: {element}, %b: {element}, %o: f32):
    {widen("a")}{widen("b")}%m = arith.mulf %a{suffix}, %b{suffix} : f32
    %t = arith.addf %o, %m : f32
    linalg.yield %t : f32"""
    g = group

    def repeated(name):
        return f"""
  %{name}e{g} = tensor.empty(%n) : tensor<1x{HEADS}x{g}x?x{DEPTH}x{element}>
  %{name}b{g} = linalg.generic {{indexing_maps = [affine_map<(b, h, g, n, d) -> (b, h, n, d)>, affine_map<(b, h, g, n, d) -> (b, h, g, n, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "parallel"]}} ins(%{name} : tensor<1x{HEADS}x?x{DEPTH}x{element}>) outs(%{name}e{g} : tensor<1x{HEADS}x{g}x?x{DEPTH}x{element}>) {{
  ^bb0(%a: {element}, %o: {element}):
    linalg.yield %a : {element}
  }} -> tensor<1x{HEADS}x{g}x?x{DEPTH}x{element}>
  %{name}r{g} = tensor.collapse_shape %{name}b{g} [[0], [1, 2], [3], [4]] : tensor<1x{HEADS}x{g}x?x{DEPTH}x{element}> into tensor<1x{heads}x?x{DEPTH}x{element}>"""

    return repeated("k") + repeated("v") + f"""
  %te{g} = tensor.empty(%n) : tensor<1x{heads}x{DEPTH}x?x{element}>
  %kt{g} = linalg.transpose ins(%kr{g} : tensor<1x{heads}x?x{DEPTH}x{element}>) outs(%te{g} : tensor<1x{heads}x{DEPTH}x?x{element}>) permutation = [0, 1, 3, 2]
  %scale{g} = arith.constant dense<{SCALE}> : tensor<1x{heads}x{DEPTH}x1x{element}>
  %ks{g} = linalg.generic {{indexing_maps = [affine_map<(b, h, d, n) -> (b, h, d, n)>, affine_map<(b, h, d, n) -> (b, h, d, 0)>, affine_map<(b, h, d, n) -> (b, h, d, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}} ins(%kt{g}, %scale{g} : tensor<1x{heads}x{DEPTH}x?x{element}>, tensor<1x{heads}x{DEPTH}x1x{element}>) outs(%te{g} : tensor<1x{heads}x{DEPTH}x?x{element}>) {{
  ^bb0(%a: {element}, %c: {element}, %o: {element}):
    %t = arith.mulf %a, %c : {element}
    linalg.yield %t : {element}
  }} -> tensor<1x{heads}x{DEPTH}x?x{element}>
  %se{g} = tensor.empty(%r, %n) : tensor<1x{heads}x?x?xf32>
  %sz{g} = linalg.fill ins(%zero : f32) outs(%se{g} : tensor<1x{heads}x?x?xf32>) -> tensor<1x{heads}x?x?xf32>
  %s{g} = linalg.generic {{indexing_maps = [affine_map<(b, h, r, n, d) -> (b, h, r, d)>, affine_map<(b, h, r, n, d) -> (b, h, d, n)>, affine_map<(b, h, r, n, d) -> (b, h, r, n)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}} ins(%q{g}, %ks{g} : tensor<1x{heads}x?x{DEPTH}x{element}>, tensor<1x{heads}x{DEPTH}x?x{element}>) outs(%sz{g} : tensor<1x{heads}x?x?xf32>) {{
  {body}
  }} -> tensor<1x{heads}x?x?xf32>
  %ye{g} = tensor.empty(%r) : tensor<1x{heads}x?x{DEPTH}xf32>
  %yz{g} = linalg.fill ins(%zero : f32) outs(%ye{g} : tensor<1x{heads}x?x{DEPTH}xf32>) -> tensor<1x{heads}x?x{DEPTH}xf32>
  %y{g} = linalg.generic {{indexing_maps = [affine_map<(b, h, r, d, n) -> (b, h, r, n)>, affine_map<(b, h, r, d, n) -> (b, h, n, d)>, affine_map<(b, h, r, d, n) -> (b, h, r, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}} ins(%p{g}, %vr{g} : tensor<1x{heads}x?x?x{element}>, tensor<1x{heads}x?x{DEPTH}x{element}>) outs(%yz{g} : tensor<1x{heads}x?x{DEPTH}xf32>) {{
  {body}
  }} -> tensor<1x{heads}x?x{DEPTH}xf32>"""


def module(narrow):
    inputs = {"k": f"1x{HEADS}x?x{DEPTH}", "v": f"1x{HEADS}x?x{DEPTH}"}
    for g in GROUPS:
        inputs.update({f"q{g}": f"1x{HEADS * g}x?x{DEPTH}", f"p{g}": f"1x{HEADS * g}x?x?"})
    f32 = "_f32" if narrow else ""
    arguments = ", ".join(f'%{name}{f32}: tensor<{shape}xf32> {{moe.name = "{name}"}}' for name, shape in inputs.items())
    results = [(f"%s{g}", f"tensor<1x{HEADS * g}x?x?xf32>", f"s{g}") for g in GROUPS] + [(f"%y{g}", f"tensor<1x{HEADS * g}x?x{DEPTH}xf32>", f"y{g}") for g in GROUPS]
    print(f"func.func @main({arguments}) -> (" + ", ".join(f'{type} {{moe.name = "{name}"}}' for _, type, name in results) + ") {")
    if narrow:
        for name, shape in inputs.items():
            print(f"  %{name} = arith.truncf %{name}_f32 : tensor<{shape}xf32> to tensor<{shape}xbf16>")
    element = "bf16" if narrow else "f32"
    print(f"""  %zero = arith.constant 0.0 : f32
  %c2 = arith.constant 2 : index
  %n = tensor.dim %k, %c2 : tensor<{inputs["k"]}x{element}>
  %r = tensor.dim %q1, %c2 : tensor<{inputs["q1"]}x{element}>""")
    for g in GROUPS:
        print(attention(g, narrow))
    print("  return " + ", ".join(value for value, _, _ in results) + " : " + ", ".join(type for _, type, _ in results) + "\n}")


def write(path, shape, values):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}f", *values))


def run(runner, library, folder):
    draw = random.Random(7)
    for rows, context in SHAPES:
        options = []

        def tensor(name, shape):
            count = shape[0] * shape[1] * shape[2] * shape[3]
            values = [draw.randint(-8, 8) / 8 for _ in range(count)]
            write(f"{folder}/{name}.npy", shape, values)
            options.extend(["--input", f"{name}={folder}/{name}.npy"])
            # Matrices by head.
            size = shape[2] * shape[3]
            return [[values[h * size + i * shape[3]:h * size + (i + 1) * shape[3]] for i in range(shape[2])] for h in range(shape[1])]

        def expect(name, heads):
            flat = [x for head in heads for row in head for x in row]
            write(f"{folder}/{name}.npy", (1, len(heads), rows, context if name[0] == "s" else DEPTH), flat)
            options.extend(["--expect", f"{name}={folder}/{name}.npy"])

        k = tensor("k", (1, HEADS, context, DEPTH))
        v = tensor("v", (1, HEADS, context, DEPTH))
        for g in GROUPS:
            q = tensor(f"q{g}", (1, HEADS * g, rows, DEPTH))
            p = tensor(f"p{g}", (1, HEADS * g, rows, context))
            expect(f"s{g}", [[[SCALE * sum(map(float.__mul__, x, y)) for y in k[h // g]] for x in q[h]] for h in range(HEADS * g)])
            columns = [list(zip(*head)) or [()] * DEPTH for head in v]
            expect(f"y{g}", [[[float(sum(map(float.__mul__, x, y))) for y in columns[h // g]] for x in p[h]] for h in range(HEADS * g)])
        done = subprocess.run([runner, library, "--poison", "--tolerance", "1e-6", "--threads", "2", *options], capture_output=True, text=True)
        if done.returncode != 0 or done.stdout.count(", ok") != 2 * len(GROUPS):
            sys.exit(f"{rows} rows, context {context}:\n{done.stdout}{done.stderr}")
    print(f"{len(SHAPES)} runs agree")


if __name__ == "__main__":
    if sys.argv[1] == "module":
        module(sys.argv[2] == "bf16")
    else:
        run(*sys.argv[2:])
