"""Layers whose router's product is part of their graph, and some whose product is not, for comparing their forms bit by bit.

usage: routers.py FOLDER

Compiles one module of all layers unfused, fused and as two kernels, and runs it on numbers of tokens next to those of blocks (64) and of tasks of the product (120); the graphs
with NaN in all memory they get, on 1, 2 and 7 threads. Experts of random matrices tell which tokens they had, and with which weights. Prints a line for each number of
tokens, and ends with status 1 where bits differ. Files are left in FOLDER. Needs moe-compile and moe-run in PATH.
"""
import os
import subprocess
import sys

import layers
from layers import convert, numbers, tensor, weight
from npy import write_npy

EXPERTS, SLOTS, WIDTH, HIDDEN = 20, 2, 40, 24  # two panels of the router, the last one not full
TOKENS = (0, 1, 63, 64, 65, 241)


def parameter(name, *shape, element="f32"):
    layers.EXPERTS = shape[0]
    return weight(name, list(shape[1:]), element, None)


def product(name, attributes="", element="f32", result="f32", x="x"):
    """Text that makes %NAME_z of %x and a matrix of its own."""
    text, matrix = parameter(name + "_w", EXPERTS, WIDTH, element=element)
    return text + f"  %{name}_z = moe.logits %{x}, %{name}_w {attributes}: tensor<?x{WIDTH}x{element}>, {matrix} -> tensor<?x{EXPERTS}x{result}>\n"


def layer(name, logits=None, score="softmax", capacity="", slots=SLOTS, element="f32", result="f32", x="x"):
    """Text of a layer on %x whose result is %NAME."""
    logits = logits or name + "_z"
    made = [parameter(f"{name}_{part}", EXPERTS, *shape, element=element) for part, shape in (("u", (HIDDEN, WIDTH)), ("d", (WIDTH, HIDDEN)))]
    rows, plan, of_x = f"!moe.rows<{element}, {WIDTH}, grouped>", f"!moe.plan<{EXPERTS}, slots<{slots}>>", f"tensor<?x{WIDTH}x{element}>"
    return "".join(text for text, _ in made) + f"""  %{name}_p = moe.route %{logits} score <{score}> select <topk({SLOTS})> weight <scores> {capacity}: tensor<?x{EXPERTS}x{result}> -> {plan}
  %{name}_r = moe.dispatch %{x}, %{name}_p apply <output> : {of_x}, {plan} -> {rows}
  %{name}_h = moe.experts %{name}_r, %{name}_p (%{name}_u, %{name}_d : {', '.join(type_ for _, type_ in made)}) table <[<ffn, {EXPERTS}, width = {HIDDEN}, body = <ungated, relu>>]>
    apply <output> : {rows}, {plan} -> {rows}
  %{name} = moe.combine %{name}_h, %{name}_p, %{x} apply <output> residual <none> order <expert_asc> : {rows}, {plan}, {of_x} -> {of_x}
"""


def module():
    row = tensor([EXPERTS], "f32")
    vectors = "".join(parameter(name, EXPERTS)[0] for name in ("bias", "shift"))
    body = "  %c0 = arith.constant 0 : index\n" + f"  %tokens = tensor.dim %x, %c0 : tensor<?x{WIDTH}xf32>\n" + convert("x", "x16", "f32", "bf16", WIDTH, "truncf") + vectors
    body += product("plain") + layer("plain")
    body += product("dressed", f"bias(%bias : {row}) offset(%shift : {row}) {{softcap = 2.0, temperature = 0.5}} ") + layer("dressed", score="sigmoid")
    body += product("noisy", f"offset(%noise : tensor<?x{EXPERTS}xf32>) ") + layer("noisy")
    body += product("narrow", f"bias(%bias : {row}) offset(%noise : tensor<?x{EXPERTS}xf32>) ", "bf16", "bf16", "x16") + layer("narrow", element="bf16", result="bf16", x="x16")
    body += product("mixed") + layer("mixed", element="bf16", x="x16")
    body += product("rounded") + layer("rounded", capacity="capacity <tile_round, tile = 4, mode = nearest, renorm = tc_set> ", slots=EXPERTS)
    # These products stay in front.
    body += product("cosine", "form <cosine> ") + layer("cosine")
    body += product("twin") + layer("twin") + layer("other", "twin_z")
    body += product("told") + layer("told")
    body += product("dropped") + layer("dropped", capacity="capacity <limit, count = <3>, priority = unit_major, overflow = zero> ")
    given = f"tensor<?x{EXPERTS}xf32>"
    body += layer("given", "noise")
    f32s = ["plain", "dressed", "noisy", "rounded", "cosine", "twin", "other", "told", "dropped", "given"]
    results = {name: (name, WIDTH) for name in f32s}
    for name in ("narrow", "mixed"):
        body += convert(name, name + "32", "bf16", "f32", WIDTH, "extf")
        results[name] = (name + "32", WIDTH)
    results["logits"] = ("told_z", EXPERTS)
    head = f'func.func @main(%x: tensor<?x{WIDTH}xf32> {{moe.name = "x"}}, %noise: {given} {{moe.name = "noise"}}) -> ('
    head += ", ".join(f'tensor<?x{columns}xf32> {{moe.name = "{name}"}}' for name, (_, columns) in results.items()) + ") {\n"
    tail = f"  return {', '.join('%' + value for value, _ in results.values())} : {', '.join(f'tensor<?x{columns}xf32>' for _, columns in results.values())}\n}}\n"
    return head + body + tail, list(results)


def run(form, names, *options):
    words = [f"--input={name}={name}.npy" for name in ("x", "noise")] + [f"--output={name}={name}.out.npy" for name in names]
    subprocess.run(["moe-run", f"./{form}.so", *words, *options], check=True, stdout=subprocess.DEVNULL)
    return [layers.read(f"{name}.out.npy") for name in names]


def main():
    os.chdir(sys.argv[1])
    text, names = module()
    with open("routers.mlir", "w", encoding="ascii") as file:
        file.write(text)
    forms = ("fused", "two-kernel")
    for form in ("unfused", *forms):
        subprocess.run(["moe-compile", "routers.mlir", "--start-from=moe", "--cpu=x86-64-v3", f"--schedule={form}", "-o", f"{form}.so"], check=True)
    failed = False
    for tokens in TOKENS:
        write_npy("x.npy", numbers(tokens * WIDTH, 1.0), [tokens, WIDTH])
        write_npy("noise.npy", numbers(tokens * EXPERTS, 1.0), [tokens, EXPERTS])
        reference = run("unfused", names)
        different = set()
        for form in forms:
            for threads in (1, 2, 7):
                found = run(form, names, "--poison", f"--threads={threads}")
                different |= {(name, form, threads) for name, mine, theirs in zip(names, found, reference) if mine != theirs}
        print(f"{tokens} tokens: " + (f"differ: {sorted(different)}" if different else "same bits"))
        failed |= bool(different)
    sys.exit(failed)


if __name__ == "__main__":
    main()
