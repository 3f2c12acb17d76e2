"""Runs a compiled router on CPUs with vectors of several widths and on several numbers of threads.

usage: compiled.py FOLDER

The router is that of DeepSeek-V3 for 64 experts. The first units of each run are compared with routing_ref.py; results must be the same bits for every CPU and
every number of threads. Prints a line for each number of units and ends with status 1 where something differs. Files are left in FOLDER.
"""
import os
import random
import struct
import subprocess
import sys

from npy import write_npy
from routing_ref import route

EXPERTS, SLOTS = 64, 6
# Enough units for several chunks in the last case.
UNITS = (1, 16, 17, 1003)
CPUS = ("x86-64", "x86-64-v3", "host")
rng = random.Random(5)
FILTER = {"groups": 8, "keep": 4, "sum_top": 2}


def floats(count, scale):
    return [struct.unpack("<f", struct.pack("<f", rng.gauss(0, scale)))[0] for _ in range(count)]


def main():
    os.chdir(sys.argv[1])
    offset = floats(EXPERTS, 0.05)
    z, ids, weights = f"tensor<?x{EXPERTS}xf32>", f"tensor<?x{SLOTS}xi32>", f"tensor<?x{SLOTS}xf32>"
    plan = f"!moe.plan<{EXPERTS}, slots<{SLOTS}>>"
    with open("router.mlir", "w") as file:
        file.write(f"""func.func @main(%z: {z} {{moe.name = "z"}}) -> ({ids} {{moe.name = "ids"}}, {weights} {{moe.name = "weights"}}) {{
  %b = moe_support.weight dense<"0x{struct.pack(f"<{EXPERTS}f", *offset).hex()}"> : tensor<{EXPERTS}xf32>
  %p = moe.route %z key_offset(%b : tensor<{EXPERTS}xf32>) score <sigmoid> group_filter <8, keep = 4, group_score = sum_top(2), fill = neginf>
    select <topk({SLOTS})> weight <scores, norm = sum(1.0e-20, add), scale = 2.5> : {z} -> {plan}
  %ids, %w = moe.unpack_plan %p : {plan} -> {ids}, {weights}
  return %ids, %w : {ids}, {weights}
}}
""")
    for cpu in CPUS:
        subprocess.run(["moe-compile", "router.mlir", "--start-from=moe", f"--cpu={cpu}", "-o", cpu + ".so"], check=True)
    failed = False
    for units in UNITS:
        rows = [floats(EXPERTS, 1.5) for _ in range(units)]
        write_npy("z.npy", sum(rows, []), [units, EXPERTS])
        results = set()
        for cpu in CPUS:
            for threads in (1, 2, 7):
                subprocess.run(["moe-run", f"./{cpu}.so", "--input", "z=z.npy", "--output", "ids=ids.npy", "--output", "weights=weights.npy", "--poison",
                                "--threads", str(threads)], check=True, stdout=subprocess.DEVNULL)
                results.add(tuple(open(name, "rb").read() for name in ("ids.npy", "weights.npy")))
        got_ids, got_weights = (struct.unpack(f"<{units * SLOTS}{code}", data[-4 * units * SLOTS:]) for code, data in zip("if", min(results)))
        expected_ids, expected_weights = route(rows, {"fn": "sigmoid"}, policy=("topk", SLOTS), key_offset=offset, filter_args=FILTER, norm="sum", eps=1e-20,
                                               scale=2.5)[:2]
        right = list(got_ids) == sum(expected_ids, []) and all(abs(a - b) < 1e-5 for a, b in zip(got_weights, sum(expected_weights, [])))
        print(f"{units} units: {'right' if right else 'wrong'}, {len(results)} kind of bits")
        failed |= not right or len(results) != 1
    sys.exit(failed)


main()
