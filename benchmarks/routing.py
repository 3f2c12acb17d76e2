#!/usr/bin/env python3
"""Races a whole router against the top-k alone of other engines, on the same matrix of logits.

Ours is DeepSeek-V3's: sigmoid, a bias for the selection, 8 groups of which 4 are kept by the sum of their best two, top 8, weights divided by their sum. The others'
is `TopK` of ONNX Runtime and `torch.topk`. The engines take turns in one process; medians of the rounds count. The first tokens are compared with the formula in
binary64. `benchmarks/race --routing` runs this in the virtual environment of the peers.
"""

import argparse
import ctypes
import json
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np

from worker import Moec

EXPERTS, SLOTS, GROUPS, KEEP = 256, 8, 8, 4


def source(bias):
    return f"""func.func @main(%z: tensor<?x{EXPERTS}xf32> {{moe.name = "z"}}) -> (tensor<?x{SLOTS}xi32> {{moe.name = "ids"}}, tensor<?x{SLOTS}xf32> {{moe.name = "weights"}}) {{
  %b = moe_support.weight dense<"0x{bias.astype('<f4').tobytes().hex()}"> : tensor<{EXPERTS}xf32>
  %p = moe.route %z key_offset(%b : tensor<{EXPERTS}xf32>) score <sigmoid>
    group_filter <{GROUPS}, keep = {KEEP}, group_score = sum_top(2), fill = neginf> select <topk({SLOTS})>
    weight <scores, norm = sum(1.0e-20, add), scale = 2.5> : tensor<?x{EXPERTS}xf32> -> !moe.plan<{EXPERTS}, slots<{SLOTS}>>
  %ids, %w = moe.unpack_plan %p : !moe.plan<{EXPERTS}, slots<{SLOTS}>> -> tensor<?x{SLOTS}xi32>, tensor<?x{SLOTS}xf32>
  return %ids, %w : tensor<?x{SLOTS}xi32>, tensor<?x{SLOTS}xf32>
}}
"""


def reference(z, bias):
    """Ids and weights by the formula, for a few rows."""
    scores = 1 / (1 + np.exp(-z.astype(np.float64)))
    keys = scores + bias
    grouped = keys.reshape(len(z), GROUPS, -1)
    best = np.sort(grouped, axis=2)[:, :, -2:].sum(2)
    kept = np.argsort(-best, axis=1, kind="stable")[:, :KEEP]
    mask = np.full_like(keys.reshape(grouped.shape), -np.inf)
    np.put_along_axis(mask, kept[:, :, None], 0, axis=1)
    ids = np.argsort(-(grouped + mask).reshape(keys.shape), axis=1, kind="stable")[:, :SLOTS]
    weights = np.take_along_axis(scores, ids, 1)
    return ids, 2.5 * weights / weights.sum(1, keepdims=True)


class Router(Moec):
    def bind(self, z):
        dims = (ctypes.c_int64 * 2)(*z.shape)
        types = (self.Type * 1)(self.Type(self.F32, 2, dims))
        self.check("CallReshape", self.call, types, 1)
        self.arrays = [z, np.empty((len(z), SLOTS), np.int32), np.empty((len(z), SLOTS), np.float32)]
        self.check("CallBindInput", self.call, 0, ctypes.c_void_p(z.ctypes.data), ctypes.c_size_t(z.nbytes))
        for index, array in enumerate(self.arrays[1:]):
            self.check("CallBindOutput", self.call, index, ctypes.c_void_p(array.ctypes.data), ctypes.c_size_t(array.nbytes))

    def run(self):
        self.check("CallRun", self.call)
        return self.arrays[1:]


def onnxruntime_topk(z, threads):
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("TopK", ["z", "k"], ["values", "ids"])], "topk", [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["T", EXPERTS])],
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, ["T", SLOTS]), helper.make_tensor_value_info("ids", TensorProto.INT64, ["T", SLOTS])],
        [helper.make_tensor("k", TensorProto.INT64, [1], [SLOTS])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"z": z})


def torch_topk(z, threads):
    import torch

    torch.set_num_threads(threads)
    tensor = torch.from_numpy(z)
    return lambda: torch.topk(tensor, SLOTS)


PEERS = {"onnxruntime TopK": onnxruntime_topk, "torch topk": torch_topk}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moec", default="build/dev", help="the build folder (default: %(default)s)")
    parser.add_argument("--work", default="build/benchmarks/routing", help="where files go (default: %(default)s)")
    parser.add_argument("--tokens", type=int, default=16384)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=30, help="at least (default: %(default)s)")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="the others (default: all)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    options = parser.parse_args()

    numbers = np.random.default_rng(1)
    z = numbers.standard_normal((options.tokens, EXPERTS), np.float32)
    bias = numbers.standard_normal(EXPERTS).astype(np.float32) * np.float32(0.05)
    folder = pathlib.Path(options.work)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "router.mlir").write_text(source(bias))
    subprocess.run([f"{options.moec}/bin/moe-compile", folder / "router.mlir", "--start-from=moe", "-o", folder / "model.so"], check=True)
    router = Router(None, None, folder, options.threads, options.moec)
    router.bind(z)
    ids, weights = router.run()
    expected_ids, expected_weights = reference(z[:256], bias)
    wrong = (ids[:256] != expected_ids).any(1).mean()
    error = np.abs(weights[:256] - expected_weights).max() / expected_weights.max()
    if wrong > 0.01 or error > 1e-4 and wrong == 0:
        sys.exit(f"routing.py: error: expects the ids and weights of the formula, but {100 * wrong:.1f} % of rows differ, weights by {error:.1e}")

    engines = {"moec route": router.run, **{name: PEERS[name](z, options.threads) for name in options.peers}}
    times = {name: [] for name in engines}
    for run in engines.values():
        run()
    for _ in range(options.rounds):
        for name, run in engines.items():
            begin = time.perf_counter()
            run()
            times[name].append(1000 * (time.perf_counter() - begin))
    medians = {name: statistics.median(values) for name, values in times.items()}
    beaten = medians["moec route"] > min(medians.values())
    if options.json:
        print(json.dumps({"tokens": options.tokens, "threads": options.threads, "rounds": options.rounds, "ms": medians}))
        return beaten
    print(f"{options.tokens} tokens, {EXPERTS} experts, {options.threads} threads, medians of {options.rounds} rounds")
    for name, median in medians.items():
        print(f"{name:18} {median:8.3f} ms   {median / medians['moec route']:.2f} of ours")
    return beaten


if __name__ == "__main__":
    sys.exit(main())
