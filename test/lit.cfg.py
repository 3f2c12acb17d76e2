# How lit finds and runs the project's tests. MOE_CHECK_ROUNDTRIP=1 makes every moe-opt also round-trip its input.
import os
import sys

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "moec"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.moe_binary_dir, "test")
config.substitutions.append(("%python", sys.executable))
config.substitutions.append(("%moe_src", config.moe_source_dir))
config.substitutions.append(("%moe_build", config.moe_binary_dir))

moe_opt = "moe-opt --verify-roundtrip" if os.environ.get("MOE_CHECK_ROUNDTRIP") else "moe-opt"
tools = [ToolSubst("moe-opt", moe_opt, unresolved="fatal"), "FileCheck", "not", "split-file"]
bin_dir = os.path.join(config.moe_binary_dir, "bin")
llvm_config.add_tool_substitutions(tools, [bin_dir, config.llvm_tools_dir])
llvm_config.with_environment("PATH", bin_dir, append_path=True)

# %run_linalg lowers linalg on tensors from its standard input with MLIR's own passes and runs @main: an oracle that shares no code with the project's
# target pipeline.
run_pipeline = ",".join([
    "empty-tensor-to-alloc-tensor",
    "one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map allow-return-allocs-from-loops}",
    "convert-linalg-to-loops", "memref-expand", "expand-strided-metadata", "lower-affine", "convert-scf-to-cf", "convert-math-to-llvm",
    "convert-math-to-libm", "convert-to-llvm", "reconcile-unrealized-casts"])
run_libs = ",".join(os.path.join(config.llvm_tools_dir, "..", "lib", lib) for lib in ["libmlir_c_runner_utils.so", "libmlir_runner_utils.so"])
config.substitutions.append(("%run_linalg", f"moe-opt --pass-pipeline='builtin.module({run_pipeline})' | "
    f"{config.llvm_tools_dir}/mlir-runner -O0 -e main --entry-point-result=void --shared-libs={run_libs}"))
