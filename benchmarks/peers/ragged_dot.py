"""JAX on XLA's CPU back end: ragged_dot over the rows of each expert, in one jitted function."""

import os

import numpy as np

from . import require


class Engine:
    def __init__(self, name, layer, weights, folder, threads):
        require("router", layer["router"], ["softmax-topk", "softmax-topk-renorm", "topk-softmax"])
        require("body", layer["body"], ["silu", "relu"])
        if layer["shared_width"]:
            raise NotImplementedError("no shared expert")
        # XLA's pool has a thread for each processor that the process may use.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
        import jax
        import jax.numpy as jnp

        def forward(x, logits, first, down):
            k = layer["top_k"]
            picked, ids = jax.lax.top_k(logits, k)
            if layer["router"] == "softmax-topk":
                scales = jnp.exp(picked - jax.nn.logsumexp(logits, -1, keepdims=True))
            else:
                scales = jax.nn.softmax(picked, -1)
            order = jnp.argsort(ids.ravel())
            counts = jnp.bincount(ids.ravel(), length=layer["experts"])
            hidden = jax.lax.ragged_dot(x[order // k], first, counts)
            if layer["body"] == "silu":
                gate, up = jnp.split(hidden, 2, -1)
                hidden = jax.nn.silu(gate) * up
            else:
                hidden = jax.nn.relu(hidden)
            rows = jax.lax.ragged_dot(hidden, down, counts)
            rows = jnp.zeros_like(rows).at[order].set(rows).reshape(*ids.shape, -1)
            return jnp.einsum("tkh,tk->th", rows.astype(jnp.float32), scales).astype(x.dtype)

        self.weights = weights
        transposed = lambda key: jnp.asarray(np.ascontiguousarray(np.swapaxes(weights.elements(key), 1, 2)))
        self.parameters = transposed("first"), transposed("down")
        self.asarray, self.forward = jnp.asarray, jax.jit(forward)

    def bind(self, x, logits):
        self.inputs = self.asarray(x.astype(self.weights.activations)), self.asarray(logits)

    def run(self):
        self.y = self.forward(*self.inputs, *self.parameters).block_until_ready()

    def output(self):
        return np.asarray(self.y)
