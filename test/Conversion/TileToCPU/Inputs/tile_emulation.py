"""Compiles models for a CPU with tile registers (AMX), also to run them where there is none.

The module at the target level is what such a CPU gets. Its tile instructions become calls of functions that do in vectors what Intel's manual says of them
(tile_instructions.mlir), registers memory of the kernel; all the rest stays. Needs a CPU with AVX512-BF16, all of which have AVX512-VNNI, and moe-compile and moe-opt in PATH.
"""
import os
import re
import subprocess

WITH_TILES = ["--cpu=sapphirerapids"]
WITHOUT_TILES = ["--cpu=x86-64-v4", "--features=+avx512bf16,+avx512vnni"]
LOWERING = ["--convert-vector-to-scf", "--convert-scf-to-cf", "--finalize-memref-to-llvm", "--convert-vector-to-llvm", "--convert-to-llvm", "--reconcile-unrealized-casts"]


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def instructions():
    """The functions that stand for instructions, in the LLVM dialect."""
    text = run("moe-opt", os.path.join(os.path.dirname(__file__), "tile_instructions.mlir"), *LOWERING)
    first, *functions, last = text.rstrip().split("\n")
    assert first.startswith("module") and last == "}"
    return "\n".join(functions)


def call(instruction):
    name, operands, types = instruction.groups()
    return f"llvm.call @emulated.{name}({', '.join(filter(None, ['%state', operands]))}) : ({', '.join(filter(None, ['!llvm.ptr', types]))})"


def emulate(text):
    """`text` without tile instructions."""
    assert "llvm.x86.tdpbf16ps" in text
    state = "%state_bytes = llvm.mlir.constant(8256 : i64) : i64\n%state = llvm.alloca %state_bytes x i8 {alignment = 64 : i64} : (i64) -> !llvm.ptr\n"
    text = re.sub(r"(llvm\.func @\S+_(?:tiles|parts)\"?\(.*\{\n)", r"\1" + state, text)
    text = re.sub(r'llvm\.call_intrinsic "llvm\.x86\.(\w*tile\w+|tdpbf16ps)"\((.*?)\) : \((.*?)\)', call, text).rstrip()
    assert text.endswith("}") and "llvm.x86.t" not in text
    return text[:-1] + instructions() + "\n}\n"


def compile_emulated(model, library, *options):
    lowered, emulated = library + ".target.mlir", library + ".mlir"
    run("moe-compile", model, "--start-from=moe", *WITH_TILES, *options, "--stop-after=target", "-o", lowered)
    with open(lowered) as source, open(emulated, "w") as target:
        target.write(emulate(source.read()))
    run("moe-compile", emulated, "--start-from=target", *WITHOUT_TILES, "-o", library)


def compile_real(model, library, *options):
    run("moe-compile", model, "--start-from=moe", *WITH_TILES, *options, "-o", library)


COMPILERS = {"emulated": compile_emulated, "machine": compile_real}
