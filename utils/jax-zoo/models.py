"""Small MoE models in plain JAX: each is a function of (params, inputs) and the parameters to call it with.

Layers compute in the type of their tokens. In bf16, norms, routers, softmaxes and activations are in f32, and weights are rounded where they are used.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

HEADS, KV_HEADS, HEAD, WIDTH, VOCAB = 4, 2, 8, 32, 64


class Maker:
    """Draws parameters; the same seed gives the same model."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)

    def __call__(self, *shape, gain=1.0):
        scale = gain / np.sqrt(shape[-2] if len(shape) > 1 else 1.0)
        return (self.random.standard_normal(shape) * scale).astype(np.float32)


def cast(params, dtype):
    return jax.tree.map(lambda weight: weight.astype(dtype), params)


def norm(x, weight):
    y = x.astype(jnp.float32)
    return (y * lax.rsqrt(jnp.mean(jnp.square(y), axis=-1, keepdims=True) + 1e-6) * weight).astype(x.dtype)


def layer_norm(x, weight, bias):
    mean = jnp.mean(x, axis=-1, keepdims=True)
    variance = jnp.var(x, axis=-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-6) * weight + bias


def rotate(x, start=None):
    """Rotary positions of [B, S, heads, HEAD] from `start` (0) on, rotate-half form."""
    steps = jnp.arange(x.shape[1], dtype=jnp.float32)
    if start is not None:
        steps = start + steps
    frequency = 1.0 / (10000.0 ** (jnp.arange(0, HEAD, 2, dtype=jnp.float32) / HEAD))
    angle = jnp.concatenate([jnp.outer(steps, frequency)] * 2, axis=-1)[None, :, None, :]
    low, high = jnp.split(x, 2, axis=-1)
    return (x * jnp.cos(angle) + jnp.concatenate([-high, low], axis=-1) * jnp.sin(angle)).astype(x.dtype)


def attention_params(make, width=WIDTH, kv=KV_HEADS):
    return {
        "q": make(width, HEADS * HEAD),
        "k": make(width, kv * HEAD),
        "v": make(width, kv * HEAD),
        "o": make(HEADS * HEAD, width),
    }


def attention(params, x, causal, rotary):
    batch, steps, _ = x.shape
    params = cast(params, x.dtype)
    q = (x @ params["q"]).reshape(batch, steps, HEADS, HEAD)
    k = (x @ params["k"]).reshape(batch, steps, -1, HEAD)
    v = (x @ params["v"]).reshape(batch, steps, -1, HEAD)
    if rotary:
        q, k = rotate(q), rotate(k)
    groups = HEADS // k.shape[2]
    k, v = jnp.repeat(k, groups, axis=2), jnp.repeat(v, groups, axis=2)
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, k) / np.sqrt(HEAD).astype(np.float32)
    if causal:
        mask = jnp.tril(jnp.ones((steps, steps), bool))
        scores = jnp.where(mask, scores, -jnp.inf)
    mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores, axis=-1).astype(x.dtype), v)
    return mixed.reshape(batch, steps, HEADS * HEAD) @ params["o"]


def cached_attention(params, x, keys, values, start):
    """Attention of the tokens from `start` on to all up to each; returns the cache [B, room, heads, HEAD] with theirs, too."""
    batch, steps, _ = x.shape
    q = rotate((x @ params["q"]).reshape(batch, steps, HEADS, HEAD), start)
    k = rotate((x @ params["k"]).reshape(batch, steps, -1, HEAD), start)
    v = (x @ params["v"]).reshape(batch, steps, -1, HEAD)
    keys = lax.dynamic_update_slice(keys, k, (0, start, 0, 0))
    values = lax.dynamic_update_slice(values, v, (0, start, 0, 0))
    groups = HEADS // keys.shape[2]
    scores = jnp.einsum("bqhd,bkhd->bhqk", q, jnp.repeat(keys, groups, axis=2)) / np.sqrt(HEAD).astype(np.float32)
    seen = jnp.arange(keys.shape[1]) <= start + jnp.arange(steps)[:, None]
    scores = jnp.where(seen, scores, -jnp.inf)
    mixed = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores, axis=-1), jnp.repeat(values, groups, axis=2))
    return mixed.reshape(batch, steps, HEADS * HEAD) @ params["o"], keys, values


def gated_experts_params(make, experts, hidden, width=WIDTH):
    return {
        "router": make(width, experts, gain=3.0),
        "gate": make(experts, width, hidden, gain=1.5),
        "up": make(experts, width, hidden, gain=1.5),
        "down": make(experts, hidden, width, gain=1.5),
    }


# --- The MoE layers: one for each way in which JAX libraries write them. ---


def moe_dense(params, x, k=2):
    """All experts on all tokens, times the weights of the chosen ones (maxtext dense_matmul without capacity)."""
    logits = x @ params["router"]
    values, chosen = lax.top_k(logits, k)
    weights = jax.nn.softmax(values, axis=-1)
    batch, steps = x.shape[:2]
    b, s = jnp.arange(batch)[:, None, None], jnp.arange(steps)[None, :, None]
    full = jnp.zeros(logits.shape, x.dtype).at[b, s, chosen].set(weights)
    gate = jnp.einsum("bsm,emh->bseh", x, params["gate"])
    up = jnp.einsum("bsm,emh->bseh", x, params["up"])
    out = jnp.einsum("bseh,ehm->bsem", jax.nn.silu(gate) * up, params["down"])
    return jnp.einsum("bsem,bse->bsm", out, full)


def ragged_experts(params, tokens, weights, chosen):
    """Rows sorted by expert, then ragged products (maxtext sparse_matmul)."""
    experts, k = params["router"].shape[1], chosen.shape[1]
    weight = cast({name: params[name] for name in ("gate", "up", "down")}, tokens.dtype)
    flat = chosen.ravel()
    order = jnp.argsort(flat)
    rows = jnp.take(tokens, order // k, axis=0)
    sizes = jnp.bincount(flat, length=experts)
    gate = lax.ragged_dot(rows, weight["gate"], sizes)
    up = lax.ragged_dot(rows, weight["up"], sizes)
    hidden = jax.nn.silu(gate.astype(jnp.float32)) * up.astype(jnp.float32)
    out = lax.ragged_dot(hidden.astype(tokens.dtype), weight["down"], sizes)
    out = jnp.take(out, jnp.argsort(order), axis=0).reshape(tokens.shape[0], k, -1)
    return jnp.einsum("tkm,tk->tm", out, weights)


def moe_ragged(params, x, k=2):
    tokens = x.reshape(-1, x.shape[-1])
    values, chosen = lax.top_k(tokens.astype(jnp.float32) @ params["router"], k)
    weights = jax.nn.softmax(values, axis=-1).astype(x.dtype)
    return ragged_experts(params, tokens, weights, chosen).reshape(x.shape)


def moe_switch(params, x, capacity_factor=1.25):
    """Top-1 with a capacity in order of tokens, dispatch and combine as einsums with one-hot masks (Switch, GShard)."""
    batch, steps, _ = x.shape
    experts = params["router"].shape[1]
    capacity = int(np.ceil(steps * capacity_factor / experts))
    probabilities = jax.nn.softmax(x @ params["router"], axis=-1)
    chosen = jnp.argmax(probabilities, axis=-1)
    mask = jax.nn.one_hot(chosen, experts, dtype=x.dtype)
    position = jnp.cumsum(mask, axis=1) * mask
    mask = mask * (position <= capacity)
    slot = jax.nn.one_hot((jnp.sum(position * mask, axis=-1)).astype(jnp.int32) - 1, capacity, dtype=x.dtype)
    dispatch = mask[..., None] * slot[..., None, :]
    combine = dispatch * jnp.sum(probabilities * mask, axis=-1)[..., None, None]
    inputs = jnp.einsum("bsm,bsec->ebcm", x, dispatch)
    hidden = jax.nn.relu(jnp.einsum("ebcm,emh->ebch", inputs, params["gate"]))
    outputs = jnp.einsum("ebch,ehm->ebcm", hidden, params["down"])
    return jnp.einsum("ebcm,bsec->bsm", outputs, combine)


def moe_gshard(params, x, capacity_factor=1.0):
    """Top-2 with two counts: second choices claim what first ones leave (GShard)."""
    steps, experts = x.shape[1], params["router"].shape[1]
    capacity = int(np.ceil(2 * steps * capacity_factor / experts))
    scores = jax.nn.softmax(x @ params["router"], axis=-1)
    hot1 = jax.nn.one_hot(jnp.argmax(scores, axis=-1), experts, dtype=x.dtype)
    rest = scores * (1 - hot1)
    hot2 = jax.nn.one_hot(jnp.argmax(rest, axis=-1), experts, dtype=x.dtype)
    weight1, weight2 = jnp.sum(scores * hot1, axis=-1), jnp.sum(rest * hot2, axis=-1)
    total = weight1 + weight2 + 1e-9

    def claim(hot, weight, before):
        position = (jnp.cumsum(hot, axis=1) - hot + before) * hot
        kept = hot * (position < capacity)
        place = jnp.sum(position * kept, axis=-1).astype(jnp.int32)
        weighted = (weight / total)[..., None] * kept
        return kept, weighted[..., None] * jax.nn.one_hot(place, capacity, dtype=x.dtype)[..., None, :]

    kept, first = claim(hot1, weight1, 0)
    _, second = claim(hot2, weight2, jnp.sum(kept, axis=1, keepdims=True))
    combine = first + second
    inputs = jnp.einsum("bsm,bsec->ebcm", x, combine.astype(bool).astype(x.dtype))
    hidden = jax.nn.relu(jnp.einsum("ebcm,emh->ebch", inputs, params["gate"]))
    outputs = jnp.einsum("ebch,ehm->ebcm", hidden, params["down"])
    return jnp.einsum("ebcm,bsec->bsm", outputs, combine)


def best_groups(keys, groups, kept):
    """A mask of the experts in the groups whose two best keys have the greatest sums (maxtext expert_group_mask)."""
    best, _ = lax.top_k(keys.reshape(*keys.shape[:-1], groups, -1), 2)
    _, chosen = lax.top_k(jnp.sum(best, axis=-1), kept)
    mask = jnp.sum(jax.nn.one_hot(chosen, groups, dtype=jnp.float32), axis=-2)
    shape = (*mask.shape, keys.shape[-1] // groups)
    return jnp.broadcast_to(mask[..., None], shape).reshape(keys.shape)


def moe_grouped(params, x, k=4, groups=4, kept=2, scale=2.5):
    """Sigmoid scores, biased keys, the best groups (DeepSeek-V3 as maxtext writes it), ragged products, a shared expert."""
    tokens = x.reshape(-1, x.shape[-1])
    scores = jax.nn.sigmoid(tokens @ params["router"])
    keys = scores + params["bias"]
    _, chosen = lax.top_k(jnp.where(best_groups(keys, groups, kept) > 0, keys, -jnp.inf), k)
    weights = jnp.take_along_axis(scores, chosen, axis=-1)
    weights = weights / (jnp.sum(weights, axis=-1, keepdims=True) + 1e-20) * scale
    shared = (jax.nn.silu(tokens @ params["shared_gate"]) * (tokens @ params["shared_up"])) @ params["shared_down"]
    return (ragged_experts(params, tokens, weights, chosen) + shared).reshape(x.shape)


def moe_vision(params, x, k=2, capacity_factor=1.0):
    """Top-k with a capacity filled choice by choice, best scores first (V-MoE with batch priority)."""
    batch, steps, width = x.shape
    tokens = x.reshape(-1, width)
    count, experts = tokens.shape[0], params["router"].shape[1]
    capacity = int(np.ceil(count * k * capacity_factor / experts))
    gates = jax.nn.softmax(tokens @ params["router"], axis=-1)
    values, chosen = lax.top_k(gates, k)
    priority = jnp.argsort(-values[:, 0])
    ordered = jnp.take(chosen, priority, axis=0)
    mask = jax.nn.one_hot(ordered.T.reshape(-1), experts, dtype=jnp.int32)
    position = (jnp.cumsum(mask, axis=0) * mask - 1).reshape(k, count, experts)
    position = jnp.max(position, axis=-1).T
    position = jnp.take(position, jnp.argsort(priority), axis=0)
    slot = jax.nn.one_hot(position, capacity, dtype=x.dtype)
    dispatch = jnp.einsum("tke,tkc->tkec", jax.nn.one_hot(chosen, experts, dtype=x.dtype), slot)
    combine = jnp.einsum("tkec,tk->tec", dispatch, values)
    inputs = jnp.einsum("tm,tec->ecm", tokens, jnp.sum(dispatch, axis=1))
    hidden = jax.nn.gelu(jnp.einsum("ecm,emh->ech", inputs, params["gate"]), approximate=False)
    outputs = jnp.einsum("ech,ehm->ecm", hidden, params["down"])
    return jnp.einsum("ecm,tec->tm", outputs, combine).reshape(x.shape)


def moe_expert_choice(params, x, capacity_factor=2.0):
    """Every expert takes its best tokens (expert choice)."""
    batch, steps, width = x.shape
    tokens = x.reshape(-1, width)
    experts = params["router"].shape[1]
    capacity = int(tokens.shape[0] * capacity_factor / experts)
    scores = jax.nn.softmax(tokens.astype(jnp.float32) @ params["router"], axis=-1)
    weights, picked = lax.top_k(scores.T, capacity)
    inputs = jnp.take(tokens, picked.ravel(), axis=0).reshape(experts, capacity, width)
    hidden = jax.nn.gelu(jnp.einsum("ecm,emh->ech", inputs, params["gate"]))
    outputs = jnp.einsum("ech,ehm->ecm", hidden, params["down"]) * weights.astype(x.dtype)[..., None]
    out = jnp.zeros_like(tokens).at[picked.ravel()].add(outputs.reshape(-1, width))
    return out.reshape(x.shape)


def moe_expert_choice_masks(params, x, capacity_factor=2.0):
    """The same by einsums with one-hot vectors of the tokens that experts take, in groups of tokens (flaxformer)."""
    steps, experts = x.shape[1], params["router"].shape[1]
    capacity = int(steps * capacity_factor / experts)
    scores = jax.nn.softmax(x.astype(jnp.float32) @ params["router"], axis=-1)
    weights, picked = lax.top_k(jnp.swapaxes(scores, 1, 2), capacity)
    dispatch = jnp.moveaxis(jax.nn.one_hot(picked, steps, dtype=x.dtype), 3, 1)
    combine = jnp.einsum("bec,bsec->bsec", weights.astype(x.dtype), dispatch)
    inputs = jnp.einsum("bsm,bsec->becm", x, dispatch)
    hidden = jax.nn.gelu(jnp.einsum("becm,emh->bech", inputs, params["gate"]))
    outputs = jnp.einsum("bech,ehm->becm", hidden, params["down"])
    return jnp.einsum("becm,bsec->bsm", outputs, combine)


def moe_soft(params, x):
    """Slots are mixtures of all tokens, tokens are mixtures of all slots (Soft MoE)."""
    logits = jnp.einsum("bsm,mep->bsep", layer_norm(x, 1.0, 0.0), params["slots"])
    batch, steps, experts, slots = logits.shape
    dispatch = jax.nn.softmax(logits, axis=1)
    combine = jax.nn.softmax(logits.reshape(batch, steps, -1), axis=-1).reshape(logits.shape)
    inputs = jnp.einsum("bsm,bsep->bepm", x, dispatch)
    hidden = jax.nn.gelu(jnp.einsum("bepm,emh->beph", inputs, params["gate"]))
    outputs = jnp.einsum("beph,ehm->bepm", hidden, params["down"])
    return jnp.einsum("bepm,bsep->bsm", outputs, combine)


# --- Whole models. ---


def decoder(moe, layers, params_of_moe, seed, dtype=jnp.float32):
    make = Maker(seed)
    params = {
        "embedding": make(VOCAB, WIDTH, gain=WIDTH**0.5),
        "layers": [
            {
                "attention": attention_params(make),
                "moe": params_of_moe(make),
                "norm1": 1 + 0.1 * make(WIDTH),
                "norm2": 1 + 0.1 * make(WIDTH),
            }
            for _ in range(layers)
        ],
        "norm": 1 + 0.1 * make(WIDTH),
        "head": make(WIDTH, VOCAB),
    }

    def model(params, input_ids):
        x = params["embedding"].astype(dtype)[input_ids]
        for layer in params["layers"]:
            x = x + attention(layer["attention"], norm(x, layer["norm1"]), causal=True, rotary=True)
            x = x + moe(layer["moe"], norm(x, layer["norm2"]))
        return {"logits": (norm(x, params["norm"]) @ params["head"].astype(dtype)).astype(jnp.float32)}

    return model, params


def stacked_decoder(moe, layers, params_of_moe, seed):
    """The same with lax.scan over layers whose weights are stacked."""
    model, params = decoder(moe, layers, params_of_moe, seed)
    params = dict(params, layers=jax.tree.map(lambda *leaves: np.stack(leaves), *params["layers"]))

    def scanned(params, input_ids):
        def step(x, layer):
            x = x + attention(layer["attention"], norm(x, layer["norm1"]), causal=True, rotary=True)
            return x + moe(layer["moe"], norm(x, layer["norm2"])), None

        x, _ = lax.scan(step, params["embedding"][input_ids], params["layers"])
        return {"logits": norm(x, params["norm"]) @ params["head"]}

    return scanned, params


def cached_decoder(moe, layers, params_of_moe, seed, room):
    """The decoder as two programs: one of a prompt, whose cache has room for `room` tokens, one of the tokens from `start` on."""
    _, params = decoder(moe, layers, params_of_moe, seed)

    def decode(params, input_ids, keys, values, start):
        x = params["embedding"][input_ids]
        cache = []
        for number, layer in enumerate(params["layers"]):
            mixed, *own = cached_attention(layer["attention"], norm(x, layer["norm1"]), keys[number], values[number], start)
            cache.append(own)
            x = x + mixed
            x = x + moe(layer["moe"], norm(x, layer["norm2"]))
        keys, values = (jnp.stack(parts) for parts in zip(*cache))
        return {"logits": norm(x, params["norm"]) @ params["head"], "keys": keys, "values": values}

    def prefill(params, input_ids):
        empty = jnp.zeros((layers, input_ids.shape[0], room, KV_HEADS, HEAD), jnp.float32)
        return decode(params, input_ids, empty, empty, 0)

    return prefill, decode, params


def encoder(moe, params_of_moe, seed):
    """A vision transformer: patch embedding by convolution, one block, mean over patches."""
    make = Maker(seed)
    params = {
        "patches": make(4, 4, 3, WIDTH, gain=0.5),
        "attention": attention_params(make, kv=HEADS),
        "moe": params_of_moe(make),
        "norm1": {"weight": 1 + 0.1 * make(WIDTH), "bias": 0.1 * make(WIDTH)},
        "norm2": {"weight": 1 + 0.1 * make(WIDTH), "bias": 0.1 * make(WIDTH)},
        "head": make(WIDTH, 10),
    }

    def model(params, image):
        x = lax.conv_general_dilated(
            image, params["patches"], window_strides=(4, 4), padding="VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        x = x.reshape(x.shape[0], -1, x.shape[-1])
        x = x + attention(params["attention"], layer_norm(x, **params["norm1"]), causal=False, rotary=False)
        x = x + moe(params["moe"], layer_norm(x, **params["norm2"]))
        return {"tokens": x, "classes": jnp.mean(x, axis=1) @ params["head"]}

    return model, params


def plain_experts_params(make, experts, hidden):
    params = gated_experts_params(make, experts, hidden)
    del params["up"]
    return params


def grouped_params(make, experts, hidden):
    return {
        **gated_experts_params(make, experts, hidden),
        "bias": 0.3 * make(experts),
        "shared_gate": make(WIDTH, hidden),
        "shared_up": make(WIDTH, hidden),
        "shared_down": make(hidden, WIDTH),
    }


def soft_params(make, experts=4, slots=3, hidden=16):
    return {
        "slots": make(WIDTH, experts * slots).reshape(WIDTH, experts, slots),
        "gate": make(experts, WIDTH, hidden, gain=1.5),
        "down": make(experts, hidden, WIDTH, gain=1.5),
    }
