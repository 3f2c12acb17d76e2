#!/usr/bin/env python3
"""Exports the two programs of a decoder with a cache and records what JAX generates with them, greedily.

usage: generate.py --out test/Integration/Inputs/jax/generation-jax [--length 32]

FOLDER gets prefill and decode as text (.mlir) and as files of jax.export (.jax), weights.safetensors, whose tensors are their first arguments, and
generation.json. Prompts are tried until every token wins by a margin that rounding cannot close.
"""
import argparse
import json
from pathlib import Path

import jax
import numpy as np
from jax import export

import make
import models

LAYERS, EXPERTS, HIDDEN, STEPS, SEED = 2, 8, 8, 6, 11
PROMPTS = 400
MIN_MARGIN = 1e-3


def generate(prefill, decode, params, prompt, length):
    """The tokens, and the least margin of one over the next best."""
    result = prefill(params, prompt[None])
    tokens, margin = [], np.inf
    while True:
        logits = np.asarray(result["logits"][0, -1])
        next_best, best = np.sort(logits)[-2:]
        margin = min(margin, float(best - next_best))
        tokens.append(int(logits.argmax()))
        if len(tokens) == length:
            return tokens, margin
        start = np.int32(len(prompt) + len(tokens) - 1)
        result = decode(params, np.array([tokens[-1:]], np.int32), result["keys"], result["values"], start)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--length", type=int, default=32)
    options = parser.parse_args()
    prefill, decode, params = models.cached_decoder(
        models.moe_ragged, LAYERS, lambda draw: models.gated_experts_params(draw, EXPERTS, HIDDEN), SEED, STEPS + options.length)
    prefill, decode = jax.jit(prefill), jax.jit(decode)
    for seed in range(PROMPTS):
        prompt = np.random.default_rng(seed).integers(0, models.VOCAB, STEPS, dtype=np.int32)
        tokens, margin = generate(prefill, decode, params, prompt, options.length)
        if margin >= MIN_MARGIN and len(set(tokens)) >= options.length // 4:
            break
    else:
        raise SystemExit("no prompt keeps the margin")
    options.out.mkdir(parents=True, exist_ok=True)
    first = prefill(params, prompt[None])
    arguments = {"prefill": (params, prompt[None]), "decode": (params, np.zeros((1, 1), np.int32), first["keys"], first["values"], np.int32(0))}
    for program in (prefill, decode):
        name = program.__name__
        (options.out / f"{name}.mlir").write_text(program.lower(*arguments[name]).as_text(debug_info=True))
        (options.out / f"{name}.jax").write_bytes(export.export(program)(*arguments[name]).serialize())
    make.save_weights(params, options.out / "weights.safetensors")
    recorded = dict(model="generation-jax", seed=seed, margin=margin, prompt=prompt.tolist(), tokens=tokens)
    (options.out / "generation.json").write_text(json.dumps(recorded) + "\n")
    print(recorded)


if __name__ == "__main__":
    main()
