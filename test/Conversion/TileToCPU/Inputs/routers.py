"""Layers whose router's product is part of their graph, and some whose product is not, for comparing their forms bit by bit.

usage: routers.py FOLDER

Compiles two models of such layers, one for any number of tokens, unfused, fused and as two kernels, and runs them on numbers next to those of blocks (64) and of tasks of the
product (120); the graphs with NaN in all memory they get, on up to 7 threads. Experts of random matrices tell which tokens they had, and with which weights. Prints a line for each number of
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
FIXED = 100  # of a model that knows its tokens


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


def function(body, results):
    """The text of a module whose results are those values, by name."""
    x, noise = f"tensor<?x{WIDTH}xf32>", f"tensor<?x{EXPERTS}xf32>"
    types = {name: noise if name == "logits" else x for name in results}
    head = f'func.func @main(%x: {x} {{moe.name = "x"}}, %noise: {noise} {{moe.name = "noise"}}) -> ('
    head += ", ".join(f'{type_} {{moe.name = "{name}"}}' for name, type_ in types.items()) + ") {\n"
    return head + body + f"  return {', '.join('%' + value for value in results.values())} : {', '.join(types.values())}\n}}\n"


def models():
    """Text and names of results of each model: of any number of tokens, and of FIXED."""
    row = tensor([EXPERTS], "f32")
    vectors = "".join(parameter(name, EXPERTS)[0] for name in ("bias", "shift"))
    noisy = product("noisy", f"offset(%noise : tensor<?x{EXPERTS}xf32>) ") + layer("noisy")
    rounded = product("rounded") + layer("rounded", capacity="capacity <tile_round, tile = 4, mode = nearest, renorm = tc_set> ", slots=EXPERTS)
    both = product("plain") + layer("plain") + noisy + rounded + layer("given", "noise")
    results = {name: name for name in ("plain", "noisy", "rounded", "given")}
    fixed = function(both, results).replace("tensor<?x", f"tensor<{FIXED}x"), list(results)

    body = both + "  %c0 = arith.constant 0 : index\n" + f"  %tokens = tensor.dim %x, %c0 : tensor<?x{WIDTH}xf32>\n" + convert("x", "x16", "f32", "bf16", WIDTH, "truncf") + vectors
    body += product("dressed", f"bias(%bias : {row}) offset(%shift : {row}) {{softcap = 2.0, temperature = 0.5}} ") + layer("dressed", score="sigmoid")
    body += product("narrow", f"bias(%bias : {row}) offset(%noise : tensor<?x{EXPERTS}xf32>) ", "bf16", "bf16", "x16") + layer("narrow", element="bf16", result="bf16", x="x16")
    body += product("mixed") + layer("mixed", element="bf16", x="x16")
    # These products stay in front.
    body += product("cosine", "form <cosine> ") + layer("cosine")
    body += product("twin") + layer("twin") + layer("other", "twin_z")
    body += product("told") + layer("told")
    body += product("dropped") + layer("dropped", capacity="capacity <limit, count = <3>, priority = unit_major, overflow = zero> ")
    results |= {name: name for name in ("dressed", "cosine", "twin", "other", "told", "dropped")}
    for name in ("narrow", "mixed"):
        body += convert(name, name + "32", "bf16", "f32", WIDTH, "extf")
        results[name] = name + "32"
    results["logits"] = "told_z"
    return {"any": (function(body, results), list(results)), "fixed": fixed}


def run(library, names, *options):
    words = [f"--input={name}={name}.npy" for name in ("x", "noise")] + [f"--output={name}={name}.out.npy" for name in names]
    subprocess.run(["moe-run", "./" + library, *words, *options], check=True, stdout=subprocess.DEVNULL)
    return [layers.read(f"{name}.out.npy") for name in names]


def main():
    os.chdir(sys.argv[1])
    failed = False
    for model, (text, names) in models().items():
        with open(model + ".mlir", "w", encoding="ascii") as file:
            file.write(text)
        for form in ("unfused", "fused", "two-kernel"):
            subprocess.run(["moe-compile", model + ".mlir", "--start-from=moe", "--cpu=x86-64-v3", f"--schedule={form}", "-o", f"{model}-{form}.so"], check=True)
        for tokens in TOKENS if model == "any" else [FIXED]:
            write_npy("x.npy", numbers(tokens * WIDTH, 1.0), [tokens, WIDTH])
            write_npy("noise.npy", numbers(tokens * EXPERTS, 1.0), [tokens, EXPERTS])
            reference = run(f"{model}-unfused.so", names)
            different = set()
            for form, threads in (("fused", 1), ("fused", 2), ("fused", 7), ("two-kernel", 2)):
                found = run(f"{model}-{form}.so", names, "--poison", f"--threads={threads}")
                different |= {(name, form, threads) for name, mine, theirs in zip(names, found, reference) if mine != theirs}
            print(f"{model}, {tokens} tokens: " + (f"differ: {sorted(different)}" if different else "same bits"))
            failed |= bool(different)
    sys.exit(failed)


if __name__ == "__main__":
    main()
