"""The five spellings of a pass agree.

usage: pass_names.py TBLGEN MLIR_INCLUDE ROOT [DEFINITION...]

For a pass of Passes.td: the definition FuseRouterPass, its flag moe-fuse-router, its file FuseRouter.cpp, the macro GEN_PASS_DEF_FUSEROUTERPASS in it,
and its test fuse-router.mlir (or fuse-router-<variant>.mlir). A conversion's definition ConvertMoEToLinalgPass has the flag convert-moe-to-linalg, the
file MoEToLinalg.cpp, and tests of its name or in a folder MoEToLinalg. Passes moe-verify-<level> share VerifyLevel.cpp and its tests. Where several
passes share a folder, such as LinalgToCPU, any test in the folder of that name counts that runs the flag.
"""
import os
import re
import sys

import lint
import tablegen

# Names whose capitals do not say where their words end.
WORDS = {"MoE": "Moe", "CPU": "Cpu", "NVVM": "Nvvm", "StableHLO": "Stablehlo", "CHLO": "Chlo", "LLVM": "Llvm", "ABI": "Abi", "ONNX": "Onnx"}


def kebab(name):
    for word, plain in WORDS.items():
        name = name.replace(word, plain)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def is_test_of(root, path, names, folders, flag):
    test = os.path.splitext(os.path.basename(path))[0]
    if any(test == name or test.startswith(name + "-") for name in names):
        return True
    return os.path.basename(os.path.dirname(path)) in folders and re.search(rf"RUN:.*{re.escape(flag)}(?![\w-])", lint.read(root, path))


def main():
    tblgen, include, root, *only = sys.argv[1:]
    findings = lint.Findings()
    sources = {path: lint.read(root, path) for path in lint.files(root, ".cpp") if path.startswith("passes/")}
    tests = [path for path in lint.files(root, ".mlir", ".test") if path.startswith("test/")]
    checked = 0
    for td in lint.files(root, "Passes.td"):
        for record in tablegen.records(tablegen.dump(tblgen, root, td, include), "PassBase"):
            name, flag = record["!name"], record["argument"]
            if only and name not in only:
                continue
            checked += 1
            conversion = name.startswith("Convert")
            if not name.endswith("Pass"):
                findings.add(td, 1, f"the definition '{name}' must end in 'Pass'")
                continue
            stem = name[: -len("Pass")]
            expected = kebab(stem) if conversion else "moe-" + kebab(stem)
            if flag != expected:
                findings.add(td, 1, f"the pass '{name}' must have the flag '{expected}', but has '{flag}'")
            macro = f"GEN_PASS_DEF_{name.upper()}"
            holders = [path for path, text in sources.items() if re.search(rf"#define {macro}\b", text)]
            if len(holders) != 1:
                findings.add(td, 1, f"the pass '{name}' must be defined in one file, but {len(holders)} define '{macro}'")
            family = "VerifyLevel" if re.match(r"moe-verify-\w+$", flag) else stem
            place = family.removeprefix("Convert")
            if holders and os.path.basename(holders[0]) not in (f"{place}.cpp", f"{family}.cpp"):
                findings.add(holders[0], 1, f"the pass '{name}' must live in '{place}.cpp'")
            names = {kebab(family), kebab(place)}
            folders = {place} | {os.path.basename(os.path.dirname(holder)) for holder in holders} - {"Transforms"}
            if not any(is_test_of(root, path, names, folders, flag) for path in tests):
                findings.add(td, 1, f"the pass '{name}' must have a test '{kebab(place)}.mlir'")
    findings.finish(checked, "passes")


main()
