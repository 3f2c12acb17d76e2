#!/usr/bin/env python3
"""Single MoE layers as JAX exports them, for the tests of moe-raise: NAME.mlir for each way of writing a layer, and NAME.npy, what JAX computes on
x.npy.

Example:

  layers.py test/Transforms/Inputs/raise/jax
"""

from __future__ import annotations

import argparse
import functools
import re
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
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


def groups(x):
    """Two groups of tokens."""
    return x.reshape(2, TOKENS // 2, WIDTH)


def capacity_switch(params, x):
    """Groups of every other token, so that one has more tokens for an expert than places."""
    apart = jnp.swapaxes(x.reshape(-1, 2, WIDTH), 0, 1)
    return jnp.swapaxes(models.moe_switch(params, apart), 0, 1).reshape(x.shape)


def capacity_vision(params, x):
    return models.moe_vision(params, groups(x), k=CHOSEN).reshape(x.shape)


def masked_experts(params, x, dispatch, combine):
    """Experts on the rows that a mask [B, S, E, C] takes from the tokens."""
    rows = jnp.einsum("bsm,bsec->ebcm", x, dispatch)
    hidden = jax.nn.relu(jnp.einsum("ebcm,emh->ebch", rows, params["gate"]))
    return jnp.einsum("ebcm,bsec->bsm", jnp.einsum("ebch,ehm->ebcm", hidden, params["down"]), combine)


def capacity_tokens(params, x, capacity=2):
    """Top-k with places claimed in order of tokens, each with all its choices (maxtext dense_matmul with capacity)."""
    x = groups(x)
    scores = jax.nn.softmax(x @ params["router"], axis=-1)
    _, chosen = lax.top_k(scores, CHOSEN)
    hot = jax.nn.one_hot(chosen, EXPERTS, dtype=jnp.int32)
    position = jnp.cumsum(hot.reshape(2, -1, EXPERTS), axis=1).reshape(hot.shape) * hot
    kept = hot * (position <= capacity)
    places = jax.nn.one_hot(position * kept, capacity + 1, dtype=x.dtype)[..., 1:]
    dispatch = jnp.sum(places, axis=2)
    combine = dispatch * (scores * jnp.sum(kept, axis=2))[..., None]
    return masked_experts(params, x, dispatch, combine).reshape(TOKENS, WIDTH)


def capacity_choices(params, x, capacity=2):
    """The same with all first choices before any second one, and weights that add up to 1."""
    x = groups(x)
    values, chosen = lax.top_k(jax.nn.softmax(x @ params["router"], axis=-1), CHOSEN)
    values = values / jnp.sum(values, axis=-1, keepdims=True)
    hot = jax.nn.one_hot(chosen, EXPERTS, dtype=x.dtype)
    order = jnp.swapaxes(hot, 1, 2)
    before = jnp.cumsum(order.reshape(2, -1, EXPERTS), axis=1).reshape(order.shape) - order
    position = jnp.sum(jnp.swapaxes(before, 1, 2) * hot, axis=-1)
    hot = hot * (position < capacity)[..., None]
    places = jax.nn.one_hot(position.astype(jnp.int32), capacity, dtype=x.dtype)
    dispatch = jnp.einsum("bske,bskc->bsec", hot, places)
    combine = jnp.einsum("bsk,bske,bskc->bsec", values, hot, places)
    return masked_experts(params, x, dispatch, combine).reshape(TOKENS, WIDTH)


def capacity_scan(params, x, capacity=2):
    """capacity_tokens with positions by a parallel prefix sum; that of an odd and of an even number of entries differ."""
    x = groups(x)
    scores = jax.nn.softmax(x @ params["router"], axis=-1)
    _, chosen = lax.top_k(scores, CHOSEN)
    hot = jax.nn.one_hot(chosen, EXPERTS, dtype=jnp.int32)
    position = lax.associative_scan(jnp.add, hot.reshape(2, -1, EXPERTS), axis=1).reshape(hot.shape) * hot
    kept = hot * (position <= capacity)
    dispatch = jnp.sum(jax.nn.one_hot(position * kept, capacity + 1, dtype=x.dtype)[..., 1:], axis=2)
    combine = dispatch * (scores * jnp.sum(kept, axis=2))[..., None]
    return masked_experts(params, x, dispatch, combine).reshape(TOKENS, WIDTH)


def capacity_gshard(params, x):
    return models.moe_gshard(params, groups(x)).reshape(x.shape)


def grouped(params, x):
    return models.moe_grouped(params, x, k=2, groups=3, kept=2)


def grouped_scatter(params, x):
    """Group limits by a scatter, the greatest key as a group's score, and 0 for the keys of other groups (DeepSeek-V2)."""
    scores = jax.nn.softmax(x @ params["router"], axis=-1)
    _, best = lax.top_k(jnp.max(scores.reshape(TOKENS, 3, 2), axis=-1), 2)
    mask = jnp.zeros((TOKENS, 3), bool).at[jnp.arange(TOKENS)[:, None], best].set(True)
    weights, chosen = lax.top_k(jnp.where(jnp.repeat(mask, 2, axis=1), scores, 0.0), CHOSEN)
    return models.ragged_experts(params, x, weights * 1.5, chosen)


def expert_choice(params, x):
    return models.moe_expert_choice(params, groups(x)).reshape(x.shape)


def expert_choice_masks(params, x):
    return models.moe_expert_choice_masks(params, groups(x)).reshape(x.shape)


def soft(params, x):
    return models.moe_soft(params, groups(x)).reshape(x.shape)


def soft_joint(params, x):
    """One group of tokens, and a softmax over two dimensions at once."""
    logits = jnp.einsum("sm,mep->sep", x, params["slots"])
    rows = jnp.einsum("sm,sep->epm", x, jax.nn.softmax(logits, axis=0))
    hidden = jax.nn.relu(jnp.einsum("epm,emh->eph", rows, params["gate"]))
    outputs = jnp.einsum("eph,ehm->epm", hidden, params["down"])
    return jnp.einsum("epm,sep->sm", outputs, jax.nn.softmax(logits, axis=(1, 2)))


def half_route(params, x):
    """A router in f32 on tokens in bf16, and weights in f32."""
    values, chosen = lax.top_k(x.astype(jnp.float32) @ params["router"], CHOSEN)
    return jax.nn.softmax(values, axis=-1), chosen


def in_half(layer):
    """The layer on tokens in bf16, for callers in f32."""
    return lambda params, x: layer(params, x.astype(jnp.bfloat16)).astype(jnp.float32)


@in_half
def half_dense(params, x):
    """Experts in bf16, whose outputs are added up in bf16."""
    weights, chosen = half_route(params, x)
    full = jnp.einsum("tke,tk->te", jax.nn.one_hot(chosen, EXPERTS), weights).astype(x.dtype)
    return jnp.einsum("tem,te->tm", dense_outputs(params, x), full)


@in_half
def half_ragged(params, x):
    weights, chosen = half_route(params, x)
    return models.ragged_experts(params, x, weights.astype(x.dtype), chosen)


@in_half
def half_unrolled(params, x):
    """Outputs in bf16 are added up in f32, with weights in f32."""
    weights, chosen = half_route(params, x)
    out = jnp.zeros(x.shape, jnp.float32)
    for expert in range(EXPERTS):
        column = jnp.sum(jnp.where(chosen == expert, weights, 0.0), axis=-1)
        hidden = jax.nn.silu(x @ params["gate"][expert]) * (x @ params["up"][expert])
        out = out + (hidden @ params["down"][expert]).astype(jnp.float32) * column[:, None]
    return out


@in_half
def half_capacity(params, x, capacity=2):
    """Scores and counts in f32 and i32, masks in bf16."""
    x = groups(x)
    scores = jax.nn.softmax(x.astype(jnp.float32) @ params["router"], axis=-1)
    _, chosen = lax.top_k(scores, CHOSEN)
    hot = jax.nn.one_hot(chosen, EXPERTS, dtype=jnp.int32)
    position = jnp.cumsum(hot.reshape(2, -1, EXPERTS), axis=1).reshape(hot.shape) * hot
    kept = hot * (position <= capacity)
    dispatch = jnp.sum(jax.nn.one_hot(position * kept, capacity + 1, dtype=x.dtype)[..., 1:], axis=2)
    combine = dispatch * (scores * jnp.sum(kept, axis=2)).astype(x.dtype)[..., None]
    return masked_experts(params, x, dispatch, combine).reshape(TOKENS, WIDTH)


@in_half
def half_cast(params, x):
    """Experts of weights in f32, whose products are in f32 and rounded."""
    weights, chosen = half_route(params, x)
    gate, up, down = (params[name].astype(x.dtype) for name in ("gate", "up", "down"))
    product = functools.partial(jnp.einsum, preferred_element_type=jnp.float32)
    hidden = jax.nn.silu(product("tm,emh->teh", x, gate)) * product("tm,emh->teh", x, up)
    outputs = product("teh,ehm->tem", hidden.astype(x.dtype), down).astype(x.dtype)
    full = jnp.einsum("tke,tk->te", jax.nn.one_hot(chosen, EXPERTS), weights)
    return jnp.einsum("tem,te->tm", outputs, full.astype(x.dtype))


@in_half
def half_choice(params, x):
    return expert_choice(params, x)


@in_half
def half_choice_masks(params, x):
    return expert_choice_masks(params, x)


def gathered(params, x):
    """The matrices of each slot's expert are looked up."""
    weights, chosen = softmax_topk(params, x)
    gate = jnp.einsum("tm,tkmh->tkh", x, params["gate"][chosen])
    up = jnp.einsum("tm,tkmh->tkh", x, params["up"][chosen])
    out = jnp.einsum("tkh,tkhm->tkm", jax.nn.silu(gate) * up, params["down"][chosen])
    return jnp.einsum("tkm,tk->tm", out, weights)


def jax_text(exported):
    """The module of an export, without locations."""
    text = exported.mlir_module()
    text = re.sub(r"(?m)^#loc.*\n", "", text)
    return re.sub(r" loc\((?:[^()]|\([^()]*\)|\((?:[^()]|\([^()]*\))*\))*\)", "", text)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder that receives the files")
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
    other = models.Maker(5)
    six = {
        "router": other(WIDTH, 6),
        "bias": 0.3 * other(6),
        "gate": other(6, WIDTH, HIDDEN),
        "up": other(6, WIDTH, HIDDEN),
        "down": other(6, HIDDEN, WIDTH),
        "shared_gate": other(WIDTH, HIDDEN),
        "shared_up": other(WIDTH, HIDDEN),
        "shared_down": other(HIDDEN, WIDTH),
    }
    half = {name: value if name == "router" else value.astype(jnp.bfloat16) for name, value in params.items()}
    layers = {
        "half-dense": (half_dense, half),
        "half-ragged": (half_ragged, half),
        "half-unrolled": (half_unrolled, half),
        "half-capacity": (half_capacity, half),
        "half-cast": (half_cast, params),
        "half-choice": (half_choice, half),
        "half-choice-masks": (half_choice_masks, half),
        "half-weights": (dense_one_hot, half),
        "gathered": (gathered, params),
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
        "capacity-switch": (capacity_switch, params),
        "capacity-vision": (capacity_vision, params),
        "capacity-tokens": (capacity_tokens, params),
        "capacity-choices": (capacity_choices, params),
        "capacity-scan": (capacity_scan, params),
        "capacity-gshard": (capacity_gshard, params),
        "grouped": (grouped, six),
        "grouped-scatter": (grouped_scatter, six),
        "expert-choice": (expert_choice, params),
        "expert-choice-masks": (expert_choice_masks, params),
        "soft": (soft, dict(params, slots=make(WIDTH, EXPERTS, 2))),
        "soft-joint": (soft_joint, dict(params, slots=make(WIDTH, EXPERTS, 2))),
        "scan": (stacked, jax.tree.map(lambda x: jnp.stack([x, 2 * x]), params)),
    }
    x = np.random.default_rng(2).standard_normal((TOKENS, WIDTH)).astype(np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "x.npy", x)
    for name, (layer, weights) in layers.items():
        function = jax.jit(functools.partial(layer, jax.tree.map(jnp.asarray, weights)))
        (folder / f"{name}.mlir").write_text(function.lower(x).as_text())
        np.save(folder / f"{name}.npy", np.asarray(function(x)))
    # On other platforms than CPUs, products of groups stay what they are.
    function = jax.jit(functools.partial(ragged, jax.tree.map(jnp.asarray, params)))
    exported = jax.export.export(function, platforms=["tpu"])(x)
    (folder / "ragged-tpu.mlir").write_text(jax_text(exported))
    return 0


if __name__ == "__main__":
    sys.exit(main())
