"""What tests of kernels in tile registers compare: libraries for such a CPU with the reference lowering, on 1 and 3 threads and with NaN in all memory they get.

Each check prints a line for each case and tells whether one failed. Files are left in the current folder. Needs moe-compile and moe-run in PATH.
"""
import layers
from npy import read_npy, write_npy
from tile_emulation import run

THREADS = [1, 3]


def write(model, text):
    with open(model + ".mlir", "w") as file:
        file.write(text)
    run("moe-compile", model + ".mlir", "--start-from=moe", "--cpu=x86-64", "--schedule=unfused", "-o", model + "-reference.so")


def outputs(library, inputs, names, *options):
    """The files of the outputs as bytes."""
    arguments = [f"--input={name}={name}.npy" for name in inputs] + [f"--output={name}={name}.npy" for name in names]
    run("moe-run", "./" + library, *arguments, *options)
    found = []
    for name in names:
        with open(name + ".npy", "rb") as file:
            found.append(file.read())
    return found


def numbers(data):
    with open("compared.npy", "wb") as file:
        file.write(data)
    return read_npy("compared.npy")[1]


def check_products(text, rows, depth, row, inputs, names, compile_):
    """The bits of products of x, whose rows have `depth` numbers each and come from `row`."""
    write("products", text)
    compile_("products.mlir", "products.so")
    failed = False
    for count in rows:
        write_npy("x.npy", [number for _ in range(count) for number in row()], [count, depth])
        expected = outputs("products-reference.so", inputs, names)
        equal = all(outputs("products.so", inputs, names, "--poison", f"--threads={n}") == expected for n in THREADS)
        print(f"products of {count} rows: {'same bits' if equal else 'differ'}")
        failed |= not equal
    return failed


def check_layer(name, text, forms, cases, error, bound, compile_):
    """That all forms give the same bits, and the largest `error` of their numbers."""
    write(name, text)
    for form in forms:
        compile_(name + ".mlir", f"{name}-{form}.so", f"--schedule={form}")
    failed = False
    for tokens, to in cases:
        write_npy("x.npy", layers.numbers(tokens * layers.WIDTH, 1.0), [tokens, layers.WIDTH])
        write_npy("z.npy", layers.logits(tokens, to), [tokens, layers.EXPERTS])
        expected, = outputs(name + "-reference.so", ["x", "z"], ["y"])
        found = {outputs(f"{name}-{form}.so", ["x", "z"], ["y"], "--poison", f"--threads={n}")[0] for form in forms for n in THREADS}
        worst = max(error(numbers(y), numbers(expected)) for y in found)
        print(f"{name} of {tokens} tokens to {to}: {len(found)} results, error {'within' if worst <= bound else 'beyond'} {bound} ({worst:.1e})")
        failed |= len(found) != 1 or not worst <= bound
    return failed
