#!/usr/bin/env python3
"""Makes portable artifacts of several versions from one text with every operation.

usage: artifacts.py OPERATIONS.mlir OUT_FOLDER

OUT_FOLDER/VERSION.mlirbc holds the functions of the text that the version can express; those it cannot are left out.
"""

import pathlib
import re
import sys

from jax._src.interpreters import mlir
from jaxlib.mlir import ir
from jaxlib.mlir.dialects import stablehlo

# The first version, each at which an encoding changed, and the newest that the installed JAX writes.
VERSIONS = ["0.9.0", "0.14.0", "0.17.0", "1.0.0", "1.1.0", "1.6.0", "1.9.0", "1.10.0"]


def parse(text):
    with mlir.make_ir_context():
        return ir.Module.parse(text)


def write(module, version):
    return stablehlo.serialize_portable_artifact_str(str(module), version)


def expressible(text, version):
    """The text without the private functions that the version cannot express."""
    header, *functions = re.split(r"(?m)^(?=  func\.func)", text.rsplit("}", 1)[0])
    named = {re.search(r"@([\w.]+)", function).group(1): function for function in functions}
    kept = []
    for name, function in named.items():
        callees = {callee for callee in named if callee != name and re.search(rf"@{callee}\b", function)}
        try:
            write(parse(header + function + "".join(named[callee] for callee in callees) + "}"), version)
            kept.append(function)
        except ValueError:
            pass
    return header + "".join(kept) + "}"


def main():
    text = pathlib.Path(sys.argv[1]).read_text()
    out = pathlib.Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    for version in [*VERSIONS, stablehlo.get_current_version()]:
        possible = expressible(text, version)
        (out / f"{version}.mlirbc").write_bytes(write(parse(possible), version))
        print(version, ", ".join(re.findall(r"func\.func private @([\w.]+)", possible)))


if __name__ == "__main__":
    main()
