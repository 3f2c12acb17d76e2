#!/usr/bin/env python3
"""Single MoE layers as JAX exports them, for the tests of moe-raise: one file for each way of writing a layer.

Example:

  layers.py test/Transforms/Inputs/raise
"""

from __future__ import annotations

import argparse
import functools
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
from jax import lax

import models

TOKENS, WIDTH, EXPERTS, HIDDEN, CHOSEN = 6, 8, 3, 4, 2


def dense_outputs(params, x):
    """[T, E, M]: all experts on all tokens."""
    gate = jnp.einsum("tm,emh->teh", x, params["gate"])
    up = jnp.einsum("tm,emh->teh", x, params["up"])
    return jnp.einsum("teh,ehm->tem", jax.nn.silu(gate) * up, params["down"])


def softmax_topk(params, x, k=CHOSEN):
    """Softmax over all experts, the weights of the chosen ones divided by their sum."""
    scores = jax.nn.softmax(x @ params["router"], axis=-1)
    values, chosen = lax.top_k(scores, k)
    return values / jnp.sum(values, axis=-1, keepdims=True), chosen


def ragged(params, x):
    return models.moe_ragged(params, x, k=CHOSEN)


def ragged_scatter(params, x):
    """The sorted outputs are added to the rows of their tokens; groups are counted by one-hot vectors."""
    weights, chosen = softmax_topk(params, x)
    flat = chosen.ravel()
    order = jnp.argsort(flat)
    rows = jnp.repeat(x, CHOSEN, axis=0)[order]
    sizes = jnp.sum(jax.nn.one_hot(flat, EXPERTS, dtype=jnp.int32), axis=0)
    hidden = jax.nn.relu(lax.ragged_dot(rows, params["gate"], sizes))
    out = lax.ragged_dot(hidden, params["down"], sizes) * weights.ravel()[order][:, None]
    return jnp.zeros_like(x).at[order // CHOSEN].add(out)


def dense_scatter(params, x):
    return models.moe_dense(params, x[None], k=CHOSEN)[0]


def dense_one_hot(params, x):
    """Weights as a sum of one-hot vectors."""
    weights, chosen = softmax_topk(params, x)
    full = jnp.sum(jax.nn.one_hot(chosen, EXPERTS) * weights[..., None], axis=1)
    return jnp.einsum("tem,te->tm", dense_outputs(params, x), full)


def dense_sort(params, x):
    """The greatest logits by a sort, for lack of a top-k."""
    logits = x @ params["router"]
    chosen = jnp.argsort(-logits, axis=-1)[:, :CHOSEN]
    weights = jax.nn.softmax(jnp.take_along_axis(logits, chosen, axis=-1), axis=-1)
    full = jnp.einsum("tke,tk->te", jax.nn.one_hot(chosen, EXPERTS), weights)
    return jnp.einsum("tem,te->tm", dense_outputs(params, x), full)


def dense_sort_descending(params, x):
    logits = x @ params["router"]
    chosen = jnp.argsort(logits, axis=-1, descending=True)[:, :CHOSEN]
    weights = jax.nn.softmax(jnp.take_along_axis(logits, chosen, axis=-1), axis=-1)
    full = jnp.einsum("tke,tk->te", jax.nn.one_hot(chosen, EXPERTS), weights)
    return jnp.einsum("tem,te->tm", dense_outputs(params, x), full)


def unrolled(params, x):
    """A loop over experts, each on all tokens, times the column of its weights (EasyLM and others)."""
    weights, chosen = softmax_topk(params, x)
    out = jnp.zeros_like(x)
    for expert in range(EXPERTS):
        column = jnp.sum(jnp.where(chosen == expert, weights, 0.0), axis=-1)
        gate = x @ params["gate"][expert]
        up = x @ params["up"][expert]
        out = out + (jax.nn.silu(gate) * up) @ params["down"][expert] * column[:, None]
    return out


def unrolled_argmax(params, x):
    """Experts by one arg-max after the other, and a loop over experts (mlxcel)."""
    left = x @ params["router"]
    ids, values = [], []
    for _ in range(CHOSEN):
        best = jnp.argmax(left, axis=-1)
        hot = jax.nn.one_hot(best, EXPERTS) > 0
        ids.append(best)
        values.append(jnp.max(left, axis=-1))
        left = jnp.where(hot, -jnp.inf, left)
    weights = jax.nn.softmax(jnp.stack(values, axis=-1), axis=-1)
    out = jnp.zeros_like(x)
    for expert in range(EXPERTS):
        column = sum(jnp.where(ids[k] == expert, weights[:, k], 0.0) for k in range(CHOSEN))
        hidden = jax.nn.gelu(x @ params["gate"][expert])
        out = out + (hidden @ params["down"][expert]) * column[:, None]
    return out


def dense_top1(params, x):
    """The best expert's probability is its weight (Switch, without capacity)."""
    scores = jax.nn.softmax(x @ params["router"], axis=-1)
    mask = jax.nn.one_hot(jnp.argmax(scores, axis=-1), EXPERTS)
    hidden = jax.nn.gelu(jnp.einsum("tm,emh->teh", x, params["gate"]), approximate=False)
    out = jnp.einsum("teh,ehm->tem", hidden, params["down"])
    return jnp.einsum("tem,te->tm", out, mask * jnp.max(scores, axis=-1, keepdims=True))


def dense_copies(params, x):
    """A copy of the tokens for each expert, one batched product (gpt-oss through torch_xla)."""
    values, chosen = lax.top_k(x @ params["router"] + params["bias"], CHOSEN)
    weights = jax.nn.softmax(values, axis=-1)
    full = jnp.zeros((TOKENS, EXPERTS)).at[jnp.arange(TOKENS)[:, None], chosen].set(weights)
    copies = jnp.concatenate([x] * EXPERTS, axis=0).reshape(EXPERTS, TOKENS, WIDTH)
    both = jnp.einsum("etm,emh->eth", copies, params["both"]) + params["both_bias"][:, None, :]
    gate, up = jnp.minimum(both[..., ::2], 7.0), jnp.clip(both[..., 1::2], -7.0, 7.0)
    hidden = (up + 1) * (gate * jax.nn.sigmoid(1.702 * gate))
    out = jnp.einsum("eth,ehm->etm", hidden, params["down"]) + params["down_bias"][:, None, :]
    return jnp.sum(out * full.T[..., None], axis=0)


def stacked(params, x):
    """Two layers in a scan over stacked weights."""
    return lax.scan(lambda x, layer: (x + dense_scatter(layer, x), None), x, params)[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder that receives jax-*.mlir")
    folder = parser.parse_args().folder
    make = models.Maker(1)
    params = {
        "router": make(WIDTH, EXPERTS),
        "gate": make(EXPERTS, WIDTH, HIDDEN),
        "up": make(EXPERTS, WIDTH, HIDDEN),
        "down": make(EXPERTS, HIDDEN, WIDTH),
    }
    biased = dict(
        params,
        bias=make(EXPERTS),
        both=make(EXPERTS, WIDTH, 2 * HIDDEN),
        both_bias=make(EXPERTS, 2 * HIDDEN),
        down_bias=make(EXPERTS, WIDTH),
    )
    layers = {
        "ragged": (ragged, params),
        "ragged-scatter": (ragged_scatter, params),
        "dense-scatter": (dense_scatter, params),
        "dense-one-hot": (dense_one_hot, params),
        "dense-sort": (dense_sort, params),
        "dense-sort-descending": (dense_sort_descending, params),
        "dense-top1": (dense_top1, params),
        "dense-copies": (dense_copies, biased),
        "unrolled": (unrolled, params),
        "unrolled-argmax": (unrolled_argmax, params),
        "scan": (stacked, jax.tree.map(lambda x: jnp.stack([x, 2 * x]), params)),
    }
    x = jax.ShapeDtypeStruct((TOKENS, WIDTH), jnp.float32)
    for name, (layer, weights) in layers.items():
        function = functools.partial(layer, jax.tree.map(jnp.asarray, weights))
        (folder / f"jax-{name}.mlir").write_text(jax.jit(function).lower(x).as_text())
    # On other platforms than CPUs, products of groups stay what they are.
    exported = jax.export.export(jax.jit(functools.partial(ragged, jax.tree.map(jnp.asarray, params))), platforms=["tpu"])
    (folder / "jax-ragged-tpu.mlir").write_text(exported(x).mlir_module())
    return 0


if __name__ == "__main__":
    sys.exit(main())
