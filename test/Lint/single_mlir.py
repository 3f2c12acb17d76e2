"""A binary holds no second copy of MLIR beside libMLIR.so.

usage: single_mlir.py NM LIMIT BINARY...

Templates and inline functions of MLIR are instantiated in every binary, some hundreds of them; a copy of its libraries is thousands. Linking one by
accident works until it says "registered more than once". Counts defined symbols of the namespace mlir that are no weak ones, so neither templates nor
inline functions count.
"""
import subprocess
import sys

nm, limit, binaries = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
failed = False
for binary in binaries:
    symbols = subprocess.run([nm, "--defined-only", binary], capture_output=True, text=True, check=True).stdout.splitlines()
    strong = [line for line in symbols if len(line.split()) == 3 and line.split()[1] in "TDRB" and line.split()[2].startswith(("_ZN4mlir", "_ZNK4mlir"))]
    if not symbols or len(strong) > limit:
        print(f"{binary}: defines {len(strong)} symbols of MLIR, but at most {limit} are expected; does it link a static library of MLIR?", file=sys.stderr)
        failed = True
sys.exit(1 if failed else 0)
