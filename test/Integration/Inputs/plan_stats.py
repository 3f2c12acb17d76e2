"""Checks what the two layers of mixtral-tiny (two of 8 experts per token, nothing dropped) report, from the numbers alone.

  plan_stats.py INPUT_IDS.npy FOLDER    FOLDER has load0.npy, dropped0.npy, entropy0.npy and those of route 1
"""
import ast
import math
import os
import struct
import sys


def read(path):
    """The numbers of a .npy file and their shape."""
    with open(path, "rb") as file:
        data = file.read()
    length = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + length].decode())
    element = {"<i4": "i", "<i8": "q", "<f4": "f"}[header["descr"]]
    return [v[0] for v in struct.iter_unpack("<" + element, data[10 + length:])], header["shape"]


_, shape = read(sys.argv[1])
tokens = math.prod(shape)
loads = []
for route in range(2):
    load, dropped, entropy = (read(os.path.join(sys.argv[2], f"{name}{route}.npy"))[0] for name in ("load", "dropped", "entropy"))
    assert len(load) == 8 and sum(load) == 2 * tokens and max(load) <= tokens, load
    assert dropped == [0] * 8, dropped
    wanted = -sum(n / sum(load) * math.log(n / sum(load)) for n in load if n)
    assert abs(entropy[0] - wanted) < 1e-5, (entropy, wanted)
    loads.append(load)
assert loads[0] != loads[1], "expects two layers to load their experts differently"
