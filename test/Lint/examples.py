"""Every mlir block in the descriptions of .td files parses, verifies and round-trips.

usage: examples.py MOE_OPT TBLGEN MLIR_INCLUDE ROOT

Descriptions come from TableGen, so that pasted ones are seen as users see them. Blocks that list attributes or types (each line starts with # or !)
are checked line by line.
"""
import re
import subprocess
import sys
import textwrap

import lint
import tablegen

BLOCK = re.compile(r"^[ \t]*```mlir\n(.*?)^[ \t]*```", re.S | re.M)


def as_module(block):
    """The block as a file; a list of attributes or types becomes private functions that carry them."""
    block = textwrap.dedent(block)
    # A line that is indented, or closes a bracket, goes on with the one before.
    items = re.split(r"\n(?=[^\s)\]}>])", block.strip())
    if all(item.startswith("#") for item in items):
        return "\n".join(f"func.func private @a{i}() attributes {{a = {item}}}" for i, item in enumerate(items)) + "\n"
    if all(item.startswith("!") for item in items):
        return "\n".join(f"func.func private @a{i}({item})" for i, item in enumerate(items)) + "\n"
    return block


def main():
    moe_opt, tblgen, include, root = sys.argv[1:]
    findings = lint.Findings()
    blocks = {}
    for td in tablegen.roots(root):
        dump = tablegen.dump(tblgen, root, td, include)
        ours = tablegen.our_dialects(dump)
        kinds = ("Dialect", "Op", "AttrDef", "TypeDef", "PassBase")
        for record in (record for kind in kinds for record in tablegen.records(dump, kind)):
            dialect = record.get("opDialect") or record.get("dialect") or {"def": record["!name"]}
            if not isinstance(record["description"], str) or (dialect["def"] not in ours and "argument" not in record):
                continue
            for match in BLOCK.finditer(record["description"]):
                blocks.setdefault((td, record["!name"], match.start()), as_module(match.group(1)))
    # One process for all of them, and one each only where that one fails.
    command = [moe_opt, "--verify-roundtrip", "--split-input-file"]
    everything = "\n// -----\n".join(blocks.values())
    if subprocess.run(command, input=everything, capture_output=True, text=True).returncode:
        for (td, name, _), block in blocks.items():
            result = subprocess.run([moe_opt, "--verify-roundtrip"], input=block, capture_output=True, text=True)
            if result.returncode:
                findings.add(td, 1, f"the example of '{name}' is refused: " + result.stderr.strip().split("\n")[0])
    findings.finish(len(blocks), "examples")


main()
