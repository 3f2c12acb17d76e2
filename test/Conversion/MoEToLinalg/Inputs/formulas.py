"""Compares the routers of utils/moe-gen/reference.py, which models are checked against, with those of published.py: two readings of the same publications.

  formulas.py FOLDER    of utils/moe-gen
"""
import importlib.util
import os
import random
import sys
from types import SimpleNamespace

import published

INF = float("inf")


def load(folder):
    spec = importlib.util.spec_from_file_location("moe_gen_reference", os.path.join(folder, "reference.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def same(name, got, wanted):
    got, wanted = [[entry for entry in row if entry[0] >= 0] for row in (got, wanted)]
    assert [e for e, _ in got] == [e for e, _ in wanted] and all(abs(a - b) <= 1e-12 for (_, a), (_, b) in zip(got, wanted)), f"{name}: {got} and {wanted}"


def main():
    reference, numbers = load(sys.argv[1]), random.Random(11)
    model = SimpleNamespace(slots=3, scale=2.5, groups=4, keep=2, experts=12, capacity=2)
    bias = [numbers.uniform(-0.5, 0.5) for _ in range(12)]
    rows = {
        "softmax-normalised": lambda z: published.mixtral(z, 3), "dbrx": lambda z: published.dbrx(z, 3, 1), "picks": lambda z: published.gpt_oss(z, 3),
        "softmax": lambda z: [(e, w * 2.5) for e, w in published.olmoe(z, 3)], "deepseek-v2": lambda z: published.deepseek_v2(z, 4, 2, 3, 2.5, 0.0),
        "sigmoid": lambda z: published.deepseek_v3(z, bias, 4, 2, 2, 3, 2.5, -INF), "laguna": lambda z: published.deepseek_v3(z, bias, 4, 2, 2, 3, 2.5, -INF),
        "deepseek-v4": lambda z: published.deepseek_v4(z, bias, 3, 2.5), "llama-4": lambda z: published.llama4(z, 1),
        "longcat": lambda z: [(e, published.softmax(z)[e] * 2.5) for e, _ in published.ernie(z, bias, 3)], "ernie": lambda z: published.ernie(z, bias, 3),
        "lfm2": lambda z: published.lfm2(z, bias, 3, 1e-6), "sparsemixer": lambda z: published.grin(z, 0.01, 2), "pangu": lambda z: published.pangu(z, 4, 1)}
    assert rows.keys() == reference.ROUTERS.keys(), f"routers without a second formula: {rows.keys() ^ reference.ROUTERS.keys()}"
    for name, formula in rows.items():
        for _ in range(500):
            z = [numbers.uniform(-3, 3) for _ in range(12)]
            same(name, reference.ROUTERS[name](model, z, bias), formula(z))
    for _ in range(200):
        units = numbers.randint(0, 30)
        logits = [[numbers.uniform(-3, 3) for _ in range(12)] for _ in range(units)]
        capacities = {"hunyuan": published.gshard(logits, 3, max(3, 3 * units // 12), "before"), "nllb": published.gshard(logits, 2, 2 * -(-units // 12), "after"),
                      "switch": published.switch(logits, 1, 2)}
        for name, wanted in capacities.items():
            for got, row in zip(getattr(reference, name)(model, logits), wanted, strict=True):
                same(name, got, row)
    print(f"{len(rows) + 3} routers agree")


main()
