"""Layers and inputs for comparing the forms of a layer as task graphs with the reference lowering.

usage: layers.py FOLDER

Compiles layers of several bodies and types unfused, fused and as two kernels and runs them on tokens and router logits whose number lies next to a row tile (120) and that
go to all, to one or to some experts; task graphs with NaN in all memory they get, on 1, 2 and 7 threads. Prints a line for each body and case whose results are the same
bits, then one for each type of rows and form of how much memory it needs, which fused is no more than it may, and ends with status 1 after any other. Files are left in FOLDER. Needs moe-compile
and moe-run in PATH.
"""
import json
import math
import os
import random
import struct
import subprocess
import sys

from npy import write_npy

EXPERTS, SLOTS, WIDTH, HIDDEN, OUT, TILE = 5, 2, 40, 72, 56, 120
SHARED_HIDDEN = 152
# Body: attribute, and the shapes of the parameters of one expert.
SPLIT = [("g", [HIDDEN, WIDTH]), ("u", [HIDDEN, WIDTH]), ("d", [OUT, HIDDEN])]
BODIES = {
    "gated": ("<gated, silu>", SPLIT),
    "ungated": ("<ungated, relu, bias = [up, down]>", [("u", [HIDDEN, WIDTH]), ("ub", [HIDDEN]), ("d", [OUT, HIDDEN]), ("db", [OUT])]),
    "joint": ("<gated, gelu_tanh, gate_hi = 2.0, up_lo = -2.0, up_offset = 1.0, bias = [gate, up, down], storage = interleaved>",
              [("f", [2 * HIDDEN, WIDTH]), ("fb", [2 * HIDDEN]), ("d", [OUT, HIDDEN]), ("db", [OUT])]),
    "concat": ("<gated, silu, storage = concat_up_gate>", [("f", [2 * HIDDEN, WIDTH]), ("d", [OUT, HIDDEN])]),
    "rounded": ("<gated, silu>", SPLIT),
    "narrow": ("<gated, silu, bias = [down]>", SPLIT + [("db", [OUT])]),
    "codes": ("<gated, silu>", SPLIT),
    "half": ("<gated, silu, storage = concat_gate_up>", [("f", [2 * HIDDEN, WIDTH]), ("d", [OUT, HIDDEN])]),
    "bytes": ("<gated, silu>", SPLIT),
    "dequant": ("<gated, silu>", SPLIT),
    "shared": ("<gated, silu>", SPLIT),
    "weighed": ("<ungated, relu>", [("u", [HIDDEN, WIDTH]), ("d", [OUT, HIDDEN])]),
    "shared-narrow": ("<gated, silu>", SPLIT),
    "shared-codes": ("<gated, silu>", SPLIT),
    "several": ("<gated, silu>", SPLIT),
    "dropped": ("<gated, silu>", SPLIT),
    "cold": ("<gated, silu>", SPLIT),
}
# Layers of another number of experts; of so many, 64 tokens leave few rows for each, so that steps come in batches, and 121 do not.
COUNTS = {"cold": 40}
# Classes of experts that are always on: how many, width, body, parameters.
SHARED = (1, SHARED_HIDDEN, "<gated, silu>", [("sg", [SHARED_HIDDEN, WIDTH]), ("su", [SHARED_HIDDEN, WIDTH]), ("sd", [OUT, SHARED_HIDDEN])])
BIASED = (1, 16, "<ungated, relu, bias = [up, down]>", [("vu", [16, WIDTH]), ("vub", [16]), ("vd", [OUT, 16]), ("vdb", [OUT])])
PAIR = (2, 24, "<gated, gelu_tanh, storage = concat_gate_up>", [("pf", [48, WIDTH]), ("pd", [OUT, 24])])
ALWAYS = {"shared": [SHARED], "weighed": [BIASED], "shared-narrow": [SHARED], "shared-codes": [SHARED], "several": [PAIR, BIASED], "dropped": [SHARED]}
# Layers whose always-on experts are weighed by a sigmoid of a product with the token.
WEIGHED = {"weighed", "shared-narrow", "several", "dropped"}
# Type of rows and weights, and how codes are stored: their type, and how they become values.
TYPES = {"narrow": "bf16", "half": "f16", "shared-narrow": "bf16"}
CODES = {"codes": ("i4", "arith"), "bytes": ("i8", "arith"), "dequant": ("i4", "moe.dequant"), "shared-codes": ("i4", "arith")}
GROUP = 8  # codes that share a scale
OPTIONS = {"rounded": ["--token-rounding=up"], "cold": ["--cold-batch=2"]}
# A plan that stands before the graph.
CAPACITY = {"dropped": " capacity <limit, count = <70>, priority = unit_major, overflow = zero>"}
# Tokens, and the experts that they go to: all, one in every token, or not the first and last.
CASES = {
    "none": (0, "all"), "one": (1, "all"), "below": (TILE - 1, "hot"), "tile": (TILE, "hot"), "above": (TILE + 1, "hot"), "two": (2 * TILE + 1, "hot"),
    "spread": (101, "all"), "gaps": (64, "inner"),
}
# Bodies that differ from others by their kernels alone run fewer cases.
FEW = {"half", "bytes", "dequant", "shared-codes", "weighed", "several", "dropped", "cold"}
FEW_CASES = ["one", "above", "gaps"]
rng = random.Random(3)


def numbers(count, scale):
    return [rng.gauss(0, 1) * scale for _ in range(count)]


def tensor(shape, element):
    return f"tensor<{'x'.join(map(str, shape))}x{element}>"


def constant(name, shape, element, data):
    return f'  %{name} = moe_support.weight dense<"0x{data.hex()}"> : {tensor(shape, element)}\n'


def weight(name, shape, element, codes, count=None):
    """The text that makes a parameter of so many experts, and its type."""
    shape = [EXPERTS if count is None else count] + shape
    values = numbers(math.prod(shape), 1 / math.sqrt(shape[-1]) if len(shape) == 3 else 0.5)
    if codes is None:
        data = struct.pack(f"<{len(values)}{'e' if element == 'f16' else 'f'}", *values)
        if element == "bf16":
            data = b"".join(data[i + 2:i + 4] for i in range(0, len(data), 4))
        return constant(name, shape, element, data), tensor(shape, element)
    code, how = codes
    scales = shape[:-1] + [shape[-1] // GROUP]
    spread = 1 / 4 if code == "i4" else 1 / 64
    text = constant(f"{name}_s", scales, "f32", struct.pack(f"<{math.prod(scales)}f", *(abs(v) * spread for v in values[:math.prod(scales)])))
    type_ = tensor(shape, "f32")
    if how == "moe.dequant":
        stored = shape[:-1] + [shape[-1] // 2]
        text += constant(f"{name}_q", stored, "i8", bytes(rng.randrange(256) for _ in range(math.prod(stored))))
        types = f"{tensor(stored, 'i8')}, {tensor(scales, 'f32')}"
        return text + f"  %{name} = moe.dequant %{name}_q, %{name}_s quant <u_sym, group = {GROUP}, bits = 4> : {types} -> {type_}\n", type_
    # (code - 8) * scale for four bits, code * scale for eight
    text += constant(f"{name}_q", shape, code, bytes(rng.randrange(16 if code == "i4" else 256) for _ in values))
    value = """    %i = arith.uitofp %c : i4 to f32
    %zero = arith.constant 8.0 : f32
    %v = arith.subf %i, %zero : f32""" if code == "i4" else "    %v = arith.sitofp %c : i8 to f32"
    return text + f"""  %{name}_e = tensor.empty() : {type_}
  %{name} = linalg.generic {{indexing_maps = [affine_map<(e, n, k) -> (e, n, k)>, affine_map<(e, n, k) -> (e, n, k floordiv {GROUP})>, affine_map<(e, n, k) -> (e, n, k)>],
      iterator_types = ["parallel", "parallel", "parallel"]}} ins(%{name}_q, %{name}_s : {tensor(shape, code)}, {tensor(scales, "f32")}) outs(%{name}_e : {type_}) {{
  ^bb0(%c: {code}, %s: f32, %o: f32):
{value}
    %r = arith.mulf %v, %s : f32
    linalg.yield %r : f32
  }} -> {type_}
""", type_


def convert(source, result, from_type, to_type, columns, op):
    """Every element of a matrix of tokens in another type."""
    here, there = f"tensor<?x{columns}x{from_type}>", f"tensor<?x{columns}x{to_type}>"
    return f"""  %{result}_e = tensor.empty(%tokens) : {there}
  %{result} = linalg.generic {{indexing_maps = [affine_map<(t, n) -> (t, n)>, affine_map<(t, n) -> (t, n)>], iterator_types = ["parallel", "parallel"]}}
      ins(%{source} : {here}) outs(%{result}_e : {there}) {{
  ^bb0(%a: {from_type}, %o: {to_type}):
    %v = arith.{op} %a : {from_type} to {to_type}
    linalg.yield %v : {to_type}
  }} -> {there}
"""


def always_weights(element, count):
    """The text that makes %always, sigmoids of products of tokens, in f32."""
    text, matrix = weight("gates", [WIDTH], element, None, count)
    type_ = f"tensor<?x{count}xf32>"
    return text + f"""  %gated = moe.logits %x, %gates : tensor<?x{WIDTH}x{element}>, {matrix} -> {type_}
  %a0 = arith.constant 0 : index
  %at = tensor.dim %gated, %a0 : {type_}
  %ae = tensor.empty(%at) : {type_}
  %always = linalg.generic {{indexing_maps = [affine_map<(t, a) -> (t, a)>, affine_map<(t, a) -> (t, a)>], iterator_types = ["parallel", "parallel"]}}
      ins(%gated : {type_}) outs(%ae : {type_}) {{
  ^bb0(%own: f32, %o: f32):
    %one = arith.constant 1.0 : f32
    %n = arith.negf %own : f32
    %exp = math.exp %n : f32
    %sum = arith.addf %exp, %one : f32
    %w = arith.divf %one, %sum : f32
    linalg.yield %w : f32
  }} -> {type_}
"""


def layer(name, body, parameters):
    element = TYPES.get(name, "f32")
    shared = ALWAYS.get(name, [])
    experts = COUNTS.get(name, EXPERTS)
    made = {parameter: weight(parameter, shape, element, CODES.get(name), experts) for parameter, shape in parameters}
    classes = [f"<ffn, {experts}, width = {HIDDEN}, body = {body}>"]
    for count, width, own_body, own in shared:
        made |= {parameter: weight(parameter, shape, element, CODES.get(name), count) for parameter, shape in own}
        classes.append(f"<ffn, {count}, width = {width}, body = {own_body}, activation = always>")
    ids = sum(count for count, *_ in shared)
    plan, rows = f"!moe.plan<{experts}, slots<{SLOTS}>{f', always = {ids}' if ids else ''}>", f"!moe.rows<{element}, {WIDTH}, grouped>"
    results = f"!moe.rows<{element}, {OUT}, grouped>"
    x, z, y = f"tensor<?x{WIDTH}x{element}>", f"tensor<?x{experts}xf32>", f"tensor<?x{OUT}x{element}>"
    weighed = f"always_weights(%always : tensor<?x{ids}xf32>) " if name in WEIGHED else ""
    lines = [always_weights(element, ids)] if weighed else []
    lines += [
        f"  %p = moe.route %z {weighed}score <softmax> select <topk({SLOTS})> weight <scores, norm = sum(0.0, add)>{CAPACITY.get(name, '')} : {z} -> {plan}",
        f"  %r = moe.dispatch %x, %p apply <output> : {x}, {plan} -> {rows}",
        f"  %h = moe.experts %r, %p ({', '.join('%' + name for name in made)} : {', '.join(type_ for _, type_ in made.values())})",
        f"    table <[{', '.join(classes)}]> apply <output> : {rows}, {plan} -> {results}",
        f"  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : {results}, {plan}, {x} -> {y}",
    ]
    before, after, returned = "", "", "y"
    if element != "f32":
        before = "  %c0 = arith.constant 0 : index\n" + f"  %tokens = tensor.dim %x32, %c0 : tensor<?x{WIDTH}xf32>\n"
        before += convert("x32", "x", "f32", element, WIDTH, "truncf")
        after, returned = convert("y", "y32", element, "f32", OUT, "extf"), "y32"
    head = f'func.func @main(%{"x" if element == "f32" else "x32"}: tensor<?x{WIDTH}xf32> {{moe.name = "x"}}, %z: {z} {{moe.name = "z"}})'
    head += f' -> (tensor<?x{OUT}xf32> {{moe.name = "y"}}) {{\n'
    tail = f"\n{after}  return %{returned} : tensor<?x{OUT}xf32>\n}}\n"
    return head + before + "".join(text for text, _ in made.values()) + "\n".join(lines) + tail


def logits(tokens, to, experts=None):
    experts, values = experts or EXPERTS, []
    for _ in range(tokens):
        row = numbers(experts, 1.0)
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


def results(library, case, experts, output, *options):
    inputs = ["--input", f"x={case}.x.npy", "--input", f"z={case}.{experts}.z.npy"]
    subprocess.run(["moe-run", library, *inputs, "--output", f"y={output}", *options], check=True, stdout=subprocess.DEVNULL)
    return read(output)


def fits_in_memory(name, form="fused"):
    """Whether a form of a layer with many tokens needs, beside weights and input, no more than output, sums, plan, rings and what its workers need. The rows of
    all entries do not fit, in any width."""
    tokens, threads, bytes_, columns = 2400, 2, 2 if name in TYPES else 4, 16
    write_npy("many.x.npy", numbers(tokens * WIDTH, 1.0), [tokens, WIDTH])
    write_npy("many.z.npy", logits(tokens, "all"), [tokens, EXPERTS])
    inputs = ["--input", "x=many.x.npy", "--input", "z=many.z.npy", "--threads", str(threads), "--repeat", "0", "--json"]
    report = subprocess.run(["moe-run", f"./{name}-{form}.so", *inputs], check=True, capture_output=True, text=True).stdout
    rows = [entry * SLOTS * tokens for entry in (4, 4, 8, 4)]  # ids and weights of tokens; tokens and weights of rows
    if name in TYPES:  # input and result of the layer itself, and its sums; the model's result comes after
        rows += [bytes_ * tokens * WIDTH, bytes_ * tokens * OUT, 4 * tokens * OUT]
    else:  # sums are in the result, but where an always-on expert keeps its rows there
        rows += [4 * tokens * OUT] * (2 if name in ALWAYS else 1)
    if name in WEIGHED:  # made by the model: products and their sigmoids
        rows += [4 * tokens] * 2
    rings = [4 * TILE * width * bytes_ for width in (WIDTH, HIDDEN, *(width for _, width, *_ in ALWAYS.get(name, [])))]
    sums = [4 * TILE * panels * columns for panels in ([4, 4, 2] if name in TYPES else [4, 2])]  # of a worker: gates, ups, products
    allowed = sum(map(pooled, rows + rings + sums * threads)) + 32768  # tables and cells
    most = json.loads(report)["peak_bytes"]
    print(f"{name} {form}: {most} bytes, {'fits in' if most <= allowed else 'more than'} {allowed}")
    return most <= allowed


def pooled(bytes_):
    """What the runtime takes from its pool for so many bytes: (4 + i) * 2^n."""
    quarter = 1 << max((bytes_ - 1).bit_length() - 3, 4)
    return -(-bytes_ // quarter) * quarter


def main():
    os.chdir(sys.argv[1])
    for case, (tokens, to) in CASES.items():
        write_npy(case + ".x.npy", numbers(tokens * WIDTH, 1.0), [tokens, WIDTH])
        for experts in (EXPERTS, *COUNTS.values()):
            write_npy(f"{case}.{experts}.z.npy", logits(tokens, to, experts), [tokens, experts])
    failed = False
    for name, (body, parameters) in BODIES.items():
        with open(name + ".mlir", "w") as file:
            file.write(layer(name, body, parameters))
        unfused, *graphs = (compile_(name, form) for form in ("unfused", "fused", "two-kernel"))
        for case in FEW_CASES if name in FEW else CASES:
            experts = COUNTS.get(name, EXPERTS)
            reference = results(unfused, case, experts, "reference.npy")
            different = [(graph, n) for graph in graphs for n in ((1, 7) if name in FEW else (1, 2, 7))
                         if results(graph, case, experts, "fused.npy", "--poison", "--threads", str(n)) != reference]
            print(f"{name} {case}: " + (f"differs: {different}" if different else "same bits"))
            failed |= bool(different)
    # More threads than tasks, and than any loop once had workers.
    crowd = results("./gated-fused.so", "two", EXPERTS, "fused.npy", "--threads", "70") == results("./gated-unfused.so", "two", EXPERTS, "reference.npy")
    print("gated on 70 threads: " + ("same bits" if crowd else "differs"))
    failed |= not crowd
    for name in ("gated", "narrow", "shared", "shared-narrow"):
        # The bound has teeth: forms that keep hidden vectors or results of all entries do not fit.
        failed |= not fits_in_memory(name) or fits_in_memory(name, "two-kernel") or fits_in_memory(name, "unfused")
    sys.exit(failed)


if __name__ == "__main__":
    main()
