#!/usr/bin/env python3
"""Measures what token rounding gains: one layer of 1024 tokens, hidden 384, width 64 and top-8, with 64 to 512 experts, compiled without rounding and by each rule.

The forms take turns in one process; medians of the rounds count. A rounded layer routes other rows, so its time per row is printed, too. `whole` is the layer without rounding
on logits of which as many rows go to as many experts in multiples of the tile: what a rounding without any cost of its own would gain. `benchmarks/race --rounding` runs this in the
virtual environment of the peers.
"""

import argparse
import ctypes
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import time

import numpy as np

import layer as layers
from worker import Moec

TOKENS, HIDDEN, WIDTH, PICKS = 1024, 384, 64, 8
RULES = ["nearest", "up", "down", "sr_f", "nr_s", "balance_f"]


def source(layer, weights):
    """The layer as moe-bench writes it."""
    e, element = layer["experts"], "f32" if weights.dtype == "f32" else "bf16"
    made = [f"  %w{i} = moe_support.weight #moe_support.external<\"parameters.bin\", {tensor.offset}> : tensor<{'x'.join(map(str, tensor.shape))}x{element}>\n"
            for i, tensor in enumerate(weights.tensors.values())]
    types = ", ".join(f"tensor<{'x'.join(map(str, tensor.shape))}x{element}>" for tensor in weights.tensors.values())
    x, z, plan, rows = f"tensor<?x{HIDDEN}x{element}>", f"tensor<?x{e}xf32>", f"!moe.plan<{e}, slots<{PICKS}>>", f"!moe.rows<{element}, {HIDDEN}, grouped>"
    return f"""func.func @main(%x: {x} {{moe.name = "x"}}, %z: {z} {{moe.name = "logits"}}) -> ({x} {{moe.name = "y"}}) {{
{''.join(made)}  %p = moe.route %z score <softmax> select <topk({PICKS})> weight <scores, norm = sum(0.0, add)> : {z} -> {plan}
  %r = moe.dispatch %x, %p apply <output> : {x}, {plan} -> {rows}
  %h = moe.experts %r, %p (%w0, %w1 : {types}) table <[<ffn, {e}, width = {WIDTH}, body = <gated, silu, storage = concat_gate_up>>]> apply <output> : {rows}, {plan} -> {rows}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : {rows}, {plan}, {x} -> {x}
  return %y : {x}
}}
"""


def counts_source(layer, unit, rule):
    """The counts of experts that a rule makes, as the compiler's reference lowering computes them."""
    e = layer["experts"]
    z, plan, counts = f"tensor<?x{e}xf32>", f"!moe.plan<{e}, slots<{e}>>", f"tensor<{e}xi32>"
    return f"""func.func @main(%z: {z} {{moe.name = "logits"}}) -> ({counts} {{moe.name = "counts"}}) {{
  %p = moe.route %z score <softmax> select <topk({layer["top_k"]})> weight <scores> capacity <tile_round, tile = {unit}, mode = {rule}, renorm = tc_set> : {z} -> {plan}
  %c, %n = moe.plan_stats %p stage <after> counted <entries> : {plan} -> {counts}, tensor<i32>
  return %c : {counts}
}}
"""


class Counts(Moec):
    """Counts of experts for the logits of a call."""

    def of(self, z):
        types = (self.Type * 1)(self.Type(self.F32, 2, (ctypes.c_int64 * 2)(*z.shape)))
        self.check("CallReshape", self.call, types, 1)
        counts = np.empty(z.shape[1], np.int32)
        self.check("CallBindInput", self.call, 0, ctypes.c_void_p(z.ctypes.data), ctypes.c_size_t(z.nbytes))
        self.check("CallBindOutput", self.call, 0, ctypes.c_void_p(counts.ctypes.data), ctypes.c_size_t(counts.nbytes))
        self.run()
        return counts


def whole_tiles(logits, picks, unit):
    """Logits by which all experts but one get multiples of `unit`, all together as many rows, with as few picks changed as that takes.

    Experts in use stay so, where there are rows for a unit of each, and tokens stay as mixed as they are: weights that nobody reads, and rows that lie side by side, take less time
    for these reasons alone.
    """
    counts = np.bincount(picks.ravel(), minlength=logits.shape[1])
    units, rest = divmod(int(counts.sum()), unit)
    wanted = np.zeros_like(counts)
    used = np.argsort(-counts, kind="stable")[: min(units, np.count_nonzero(counts))]
    wanted[used] = unit
    for _ in range(units - len(used)):
        wanted[np.argmax(counts - wanted)] += unit
    wanted[np.argmin(np.where(wanted > 0, wanted, counts.sum()))] += rest
    picks, generator = picks.copy(), np.random.default_rng(7)
    while (counts != wanted).any():
        less = np.argmin(counts - wanted)
        tokens, places = np.nonzero((counts > wanted)[picks] & (picks != less).all(1)[:, None])
        moved = generator.integers(len(tokens))
        counts[picks[tokens[moved], places[moved]]] -= 1
        picks[tokens[moved], places[moved]] = less
        counts[less] += 1
    logits = logits.copy()
    np.put_along_axis(logits, picks, np.take_along_axis(logits, picks, 1) + 20, 1)
    return logits


def compile_layer(folder, rule, arguments):
    """A folder with the compiled layer, and the unit that the compiler rounds to."""
    own = folder / rule
    own.mkdir()
    options = [] if rule == "none" else [f"--token-rounding={rule}"]
    command = [f"{pathlib.Path(arguments.moec).resolve()}/bin/moe-compile", folder / "layer.mlir", "--start-from=moe", f"--schedule={arguments.schedule}", *options]
    subprocess.run([*command, "-o", own / "model.so"], check=True, cwd=folder)
    report = subprocess.run([*command, "--explain=schedule"], check=True, cwd=folder, capture_output=True, text=True).stdout
    unit = re.search(r"multiples of (\d+)", report)
    if options and not unit:
        sys.exit(f"rounding.py: error: expects counts that are rounded by '{rule}', but got:\n{report}")
    return own, int(unit[1]) if unit else 1


def rounded_rows(layer, logits, unit, rule, folder, arguments):
    """The rows that are left of all under a rule; those with chance have the compiler's seed."""
    own = folder / f"counts-{rule}"
    own.mkdir()
    (own / "route.mlir").write_text(counts_source(layer, unit, rule))
    subprocess.run([pathlib.Path(arguments.moec).resolve() / "bin/moe-compile", own / "route.mlir", "--start-from=moe", "-o", own / "model.so"], check=True)
    counts = Counts(None, None, own, 1, arguments.moec).of(logits)
    if (counts % unit).any():
        sys.exit(f"rounding.py: error: expects multiples of {unit} under '{rule}', but got {counts.tolist()}")
    return int(counts.sum())


def measure(experts, folder, arguments):
    layer = {"hidden": HIDDEN, "width": WIDTH, "experts": experts, "top_k": PICKS, "shared_width": 0, "router": "softmax-topk-renorm", "body": "silu"}
    weights = layers.Weights(layer, arguments.dtype, folder)
    weights.write()
    (folder / "layer.mlir").write_text(source(layer, weights))
    x, logits = layers.inputs(layer, arguments.dtype, TOKENS)
    picks = layers.select(layer, logits)
    forms, rows, units = {}, {}, {}
    for rule in ["none", *arguments.rules]:
        own, units[rule] = compile_layer(folder, rule, arguments)
        forms[rule] = Moec(layer, weights, own, arguments.threads, arguments.moec)
        forms[rule].bind(x, logits)
        rows[rule] = picks.size if rule == "none" else rounded_rows(layer, logits, units[rule], rule, folder, arguments)
    forms["whole"] = Moec(layer, weights, folder / "none", arguments.threads, arguments.moec)
    units["whole"] = max(units.values())
    forms["whole"].bind(x, whole_tiles(logits, picks, units["whole"]))
    rows["whole"] = picks.size
    y = {}
    for rule, form in forms.items():
        form.run()
        y[rule] = form.output().astype(np.float32).copy()
    times = {rule: [] for rule in forms}
    for _ in range(arguments.rounds):
        for rule, form in forms.items():
            begin = time.perf_counter()
            form.run()
            times[rule].append(1e3 * (time.perf_counter() - begin))
    reference = layers.reference(layer, weights, x[:2], logits[:2])
    error = float(np.abs(y["none"][:2] - reference).max() / np.abs(reference).max())
    if not error <= {"f32": 1e-4, "bf16": 2e-2}[arguments.dtype]:
        sys.exit(f"rounding.py: error: the layer differs from f64 by {error:.1e}")
    return [{"experts": experts, "rows_per_expert": TOKENS * PICKS / experts, "rule": rule, "unit": units[rule], "rows": rows[rule], "ms": statistics.median(times[rule]),
             "gain_percent": 100 * (statistics.median(times["none"]) / statistics.median(times[rule]) - 1),
             "gain_per_row_percent": 100 * (statistics.median(times["none"]) / rows["none"] / (statistics.median(times[rule]) / rows[rule]) - 1),
             "changed_percent": float(100 * np.linalg.norm(y[rule] - y["none"]) / np.linalg.norm(y["none"])),
             "error": error} for rule in forms]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moec", default="build/dev", help="the build folder (default: %(default)s)")
    parser.add_argument("--work", default="build/benchmarks/rounding", help="where files go (default: %(default)s)")
    parser.add_argument("--experts", type=lambda text: [int(word) for word in text.split(",")], default=[64, 128, 256, 512])
    parser.add_argument("--rules", nargs="+", choices=RULES, default=RULES, help="of moe-token-rounding (default: all)")
    parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
    parser.add_argument("--schedule", default="auto", help="see moe-compile (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    arguments = parser.parse_args()

    results = []
    for experts in arguments.experts:
        # Libraries stay loaded, so each has a name of its own.
        folder = pathlib.Path(arguments.work, f"e{experts}").resolve()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        results += measure(experts, folder, arguments)
        shutil.rmtree(folder)
    if arguments.json:
        print(json.dumps(results))
        return
    print(f"{TOKENS} tokens, hidden {HIDDEN}, width {WIDTH}, top-{PICKS}, {arguments.dtype}, {arguments.threads} threads, {arguments.schedule}; medians of {arguments.rounds} rounds")
    print("experts  rows/expert  rule         rows        ms     gain  per row  output changed")
    for cell in results:
        print(f"{cell['experts']:7}  {cell['rows_per_expert']:11.1f}  {cell['rule']:9}{cell['rows']:8}{cell['ms']:10.3f}{cell['gain_percent']:7.1f} %{cell['gain_per_row_percent']:7.1f} %"
              f"{cell['changed_percent']:12.1f} %")


if __name__ == "__main__":
    main()
