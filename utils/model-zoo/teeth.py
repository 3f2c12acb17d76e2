#!/usr/bin/env python3
"""Checks that zoo models bite: that breaking a MoE layer moves the recorded outputs.

For every folder (as made by make.py) it runs ONNX Runtime on the recorded
inputs and prints

  replay  difference between this run and the recorded outputs, of every recorded run
  gap     smallest distance between the k-th and (k+1)-th router score
  zero-expert          least change of the outputs when one expert is zeroed
  swap-experts         least change when two neighbouring experts are swapped
  drop-renorm          change when the routing weights are not renormalised
  drop-groups          ... when a group-limited router may choose from every group
  drop-selection-bias  ... when the selection bias (e_score_correction_bias) is ignored
  drop-clamp           ... when the limits inside the activation are ignored

Only what the model has is measured. A change is max|y - r| / max|r|, the error
definition of the tests; the least is taken over all MoE layers and experts. The exit status is 1 if a correct model
misses a bound: replay < 1e-5, gap >= 1e-3 (but for ties), changes > 1e-2. Frozen and
wrong exports are replayed only. Needs onnx, onnxruntime and numpy, but no torch.

Example:

  teeth.py test/Integration/Inputs/models/*
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import onnx

from zoo import builder, probe, record


def _replay(model, folder: Path, inputs, outputs) -> float:
    expected = record.read_tensors(folder, outputs, "outputs")
    results = record.run(model, record.read_tensors(folder, inputs, "inputs"))
    return max(record.relative_error(results[name], expected[name]) for name in expected)


def _measure(folder: Path) -> tuple[str, bool]:
    case = record.read_case(folder)
    if (folder / "model.onnx.data").exists():
        return f"{case['name']:26} skipped: weights in external data", True
    if case["appearance"] == "O1" and "fc3" in case["notes"]:
        return f"{case['name']:26} skipped: ONNX Runtime's CPU provider cannot run it", True
    model = onnx.load(folder / "model.onnx")
    feeds = record.read_tensors(folder, [item["name"] for item in case["inputs"]], "inputs")
    recorded = record.read_tensors(folder, [item["name"] for item in case["outputs"]], "outputs")
    results = record.run(model, feeds)
    replay = max(record.relative_error(results[name], recorded[name]) for name in recorded)
    for run in case.get("more_runs", []):
        replay = max(replay, _replay(model, folder / run, feeds, recorded))
    good = replay < builder.MAX_TORCH_ERROR or "mutation" in case
    line = f"{case['name']:26} replay {replay:.1e}"
    if case["verdict"] != "correct" or "mutation" in case:
        return f"{line}  ({case.get('mutation', case['verdict'])})", good
    gap = min(probe.router_gaps(model, feeds))
    tied = "lower_id_tie_rule_error" in case
    changes = probe.teeth(model, feeds, recorded, case["experts"])
    good = good and (tied or gap >= builder.MIN_GAP)
    good = good and min(changes.values()) >= builder.MIN_TEETH
    shown = "  ".join(f"{kind} {value:.2f}" for kind, value in changes.items())
    return f"{line}  gap {gap:.1e}  {shown}", good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    failed = []
    for folder in parser.parse_args().folders:
        line, good = _measure(folder)
        print(line + ("" if good else "  MISSES A BOUND"), flush=True)
        failed += [] if good else [folder.name]
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
