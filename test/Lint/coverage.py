"""Every op of our dialects, and every flag of our passes and pipelines, occurs in a test.

usage: coverage.py MOE_OPT TBLGEN MLIR_INCLUDE ROOT

Ops and passes come from TableGen, pipelines from the tool's own help; a flag occurs where a RUN line has it.
"""
import re
import subprocess
import sys

import lint
import tablegen


def main():
    moe_opt, tblgen, include, root = sys.argv[1:]
    findings = lint.Findings()
    tests = [lint.read(root, path) for path in lint.files(root, ".mlir", ".test", ".onnxtxt", ".cpp") if path.startswith("test/")]
    everything = "\n".join(tests)
    runs = "\n".join(line for text in tests for line in re.findall(r"RUN:(.*)", text))
    ops, flags = {}, {}
    for td in tablegen.roots(root):
        dump = tablegen.dump(tblgen, root, td, include)
        for op in tablegen.records(dump, "Op"):
            dialect = dump[op["opDialect"]["def"]]
            if dialect["cppNamespace"].startswith("::moe"):
                ops[f"{dialect['name']}.{op['opName']}"] = td
        for record in tablegen.records(dump, "PassBase"):
            flags[record["argument"]] = td
    help_ = subprocess.run([moe_opt, "--help"], capture_output=True, text=True, check=True).stdout
    for flag in re.findall(r"^ +--(moe-[\w-]*pipeline)\b", help_, re.M):
        flags.setdefault(flag, "moe-opt --help")
    for name, td in ops.items():
        if not re.search(rf"(?<![\w.]){re.escape(name)}\b(?!\.)", everything):
            findings.add(td, 1, f"'{name}' occurs in no test")
    for flag, td in flags.items():
        if not re.search(rf"(?<!\w)(?<!\w-){re.escape(flag)}(?![\w-])", runs):
            findings.add(td, 1, f"'{flag}' occurs in no RUN line")
    # A pass that is not registered cannot be tested at all.
    for flag in flags:
        if not re.search(rf"--{re.escape(flag)}(?![\w-])", help_):
            findings.add(flags[flag], 1, f"'{flag}' is not registered in moe-opt")
    findings.finish(min(len(ops), len(flags)), "ops and passes")


main()
