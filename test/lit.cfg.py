# How lit finds and runs the project's tests. MOE_CHECK_ROUNDTRIP=1 makes every moe-opt also round-trip its input.
import importlib.util
import os
import platform
import sys

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "moec"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".onnxtxt"]
config.excludes = ["Inputs"]
if platform.machine() == "x86_64":
    config.available_features.add("x86-64")
# Instructions of this machine's CPU, for tests that execute them.
if os.path.exists("/proc/cpuinfo"):
    with open("/proc/cpuinfo") as cpuinfo:
        flags = next((line.split() for line in cpuinfo if line.startswith("flags")), [])
    for feature, needed in {"avx512bf16": {"avx512_bf16", "avx512bw", "avx512vl"}, "amx": {"amx_tile", "amx_bf16", "avx512_bf16"}}.items():
        if needed.issubset(flags):
            config.available_features.add(feature)
# What the benchmarks compute with; for tests that run them.
if importlib.util.find_spec("numpy"):
    config.available_features.add("numpy")
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.moe_binary_dir, "test")
config.substitutions.append(("%python", sys.executable))
# What Python programs of several rooms import.
config.environment["PYTHONPATH"] = os.path.join(config.test_source_root, "Inputs")
config.substitutions.append(("%llvm_tools", config.llvm_tools_dir))
config.substitutions.append(("%mlir_include", os.path.join(os.path.dirname(config.llvm_tools_dir), "include")))
config.substitutions.append(("%moe_src", config.moe_source_dir))
config.substitutions.append(("%moe_build", config.moe_binary_dir))

moe_opt = "moe-opt --verify-roundtrip" if os.environ.get("MOE_CHECK_ROUNDTRIP") else "moe-opt"
tools = [
    ToolSubst("moe-opt", moe_opt, unresolved="fatal"), "moe-bench", "moe-compile", "moe-lsp-server", "moe-reduce", "FileCheck", "count", "not", "split-file",
    "llvm-nm", "llvm-objdump", "llvm-readelf"]
bin_dir = os.path.join(config.moe_binary_dir, "bin")
llvm_config.add_tool_substitutions(tools, [bin_dir, config.llvm_tools_dir])
llvm_config.with_environment("PATH", bin_dir, append_path=True)

# Runs a module of structured ops on tensors: reads it from standard input, calls its function main, prints what that prints.
libraries = os.path.join(os.path.dirname(config.llvm_tools_dir.rstrip(os.sep)), "lib")
linalg_to_llvm = [
    "reconcile-unrealized-casts", "canonicalize", "cse", "empty-tensor-to-alloc-tensor",
    "one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map allow-return-allocs-from-loops}",
    "buffer-deallocation-pipeline",
    "convert-linalg-to-loops", "scf-forall-to-for", "convert-assert-to-runtime{fail-function=FAIL}", "convert-bufferization-to-memref", "canonicalize", "convert-scf-to-cf", "memref-expand",
    "expand-strided-metadata", "lower-affine", "arith-expand{include-bf16}", "convert-math-to-llvm", "convert-math-to-libm", "convert-to-llvm",
    "reconcile-unrealized-casts"]
# What runs it verifies it, and reads bytecode: a fifth less time for the largest modules.
lower_linalg = f"{os.path.join(bin_dir, 'moe-opt')} --verify-each=false --emit-bytecode --pass-pipeline='builtin.module({','.join(linalg_to_llvm)})'"
run_llvm = " ".join([
    os.path.join(config.llvm_tools_dir, "mlir-runner"), "--entry-point-result=void", f"--shared-libs={libraries}/libmlir_c_runner_utils.so",
    f"--shared-libs={libraries}/libmlir_runner_utils.so"])
run_linalg = f"{lower_linalg} | {run_llvm}"
config.substitutions.append(("%run_linalg", run_linalg.replace("FAIL", "puts")))
# The same, where a broken assertion is printed to standard error.
config.substitutions.append(("%run_failing", run_linalg.replace("FAIL", "perror")))
# The two halves, for tests that watch the second.
config.substitutions.append(("%lower_linalg", lower_linalg.replace("FAIL", "puts")))
config.substitutions.append(("%run_llvm", run_llvm))
# Memory that is allocated is full of 0x7f: as i32 no expert, as f32 no weight (glibc; elsewhere it is what it is).
config.substitutions.append(("%run_poisoned", f"env GLIBC_TUNABLES=glibc.malloc.perturb=128:glibc.malloc.tcache_count=0 {run_llvm}"))
