#!/usr/bin/env python3
"""Makes conformance cases of operations: what JAX computes on its CPU, on inputs that are meant to be unpleasant.

usage: cases.py OUT_FOLDER [NAME...]

Each case is a folder with model.mlir (jax.jit(f).lower(...).as_text()), inputs/ and outputs/.
"""

import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

RANDOM = np.random.default_rng(11)
INF, NAN = np.inf, np.nan


def floats(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


def f32(*values):
    return np.array(values, np.float32)


def i32(*values):
    return np.array(values, np.int32)


# Without denormals, which XLA's CPU code takes for zeros.
ODD = f32(0.0, -0.0, 1.5, -2.5, 2.5, INF, -INF, NAN, 1e-30, 3e38, -1.0, 0.5)
LIMITS = i32(0, 1, -1, 7, -7, 2**31 - 1, -(2**31), 13)
DIVISORS = i32(3, 0, -1, -2, 2, 0, -1, 5)
TABLE = floats(6, 4)
POINTS = i32(0, 5, -1, 3, 9, -7)


def convolution(x, w, **options):
    return lambda a, b: lax.conv_general_dilated(a, b, **{"window_strides": (1, 1), "padding": "VALID", **options}), (x, w)


def ragged(lhs, rhs, contract, lhs_ragged, rhs_group, sizes):
    numbers = lax.RaggedDotDimensionNumbers(
        dot_dimension_numbers=(contract, ([], [])), lhs_ragged_dimensions=lhs_ragged, rhs_group_dimensions=rhs_group
    )
    return lambda a, b, g: lax.ragged_dot_general(a, b, g, numbers), (lhs, rhs, i32(*sizes))


def window(x, init, combine, size, stride, padding, **dilation):
    return lambda a: lax.reduce_window(a, np.array(init, x.dtype), combine, size, stride, padding, **dilation), (x,)


CASES = {
    # Elements.
    "unary_odd": (lambda x: (lax.abs(x), lax.sign(x), lax.floor(x), lax.ceil(x), lax.round(x), lax.is_finite(x), lax.neg(x)), (ODD,)),
    "round_even": (lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), (f32(0.5, 1.5, 2.5, -0.5, -1.5, 3.49),)),
    "functions": (lambda x: (jnp.tanh(x), lax.logistic(x), lax.erf(x), lax.erfc(x), lax.square(x), lax.exp(x), lax.expm1(x)),
                  (f32(0.0, 0.3, -0.7, 2.0, -3.0, 5.0, 9.0),)),
    "functions_positive": (lambda x: (lax.log(x), lax.log1p(x), lax.sqrt(x), lax.rsqrt(x), lax.cbrt(x), lax.sin(x), lax.cos(x)),
                           (f32(1e-3, 0.3, 1.0, 2.0, 3.0, 50.0),)),
    "min_max_nan": (lambda x, y: (lax.max(x, y), lax.min(x, y)), (ODD, ODD[::-1].copy())),
    "clamp_odd": (lambda x: lax.clamp(np.float32(-1), x, np.float32(2)), (ODD,)),
    "compare_odd": (lambda x, y: (x < y, x <= y, x == y, x != y, x > y, x >= y), (ODD, np.roll(ODD, 1))),
    "power_odd": (lambda x, y: lax.pow(x, y), (f32(2, -2, 0, 0, 4, 1, INF, -8), f32(3, 3, 0, -1, 0.5, NAN, 0, 2))),
    "remainder_signs": (lambda x, y: (lax.rem(x, y), jnp.mod(x, y)), (f32(7, -7, 7, -7, 5.5), f32(3, 3, -3, -3, 2))),
    "integers_overflow": (lambda x: (x + np.int32(1), x * x, -x, abs(x), x - np.int32(2)), (LIMITS,)),
    "integers_divide": (lambda x, y: (lax.div(x, y), lax.rem(x, y)), (LIMITS, DIVISORS)),
    "integers_shift": (lambda x, y: (lax.shift_left(x, y), lax.shift_right_logical(x, y), lax.shift_right_arithmetic(x, y)),
                       (LIMITS, i32(0, 31, 32, 33, 1, 4, 31, 100))),
    "integers_bits": (lambda x: (lax.population_count(x), lax.clz(x), ~x), (LIMITS,)),
    "unsigned": (lambda x, y: (lax.div(x, y), x < y, x - y, lax.max(x, y)), (np.array([200, 3, 255], np.uint8), np.array([7, 5, 254], np.uint8))),
    "convert_saturates": (lambda x: (x.astype(np.int32), x.astype(np.uint8), x.astype(bool)), (f32(1e20, -1e20, 3.9, -3.9, INF, -INF, 0.0),)),
    "convert_bf16": (lambda x: x.astype(jnp.bfloat16).astype(np.float32), (f32(1.00390625, 1.01171875, 3e38, -INF, 1e-30),)),
    "bitcast": (lambda x: (lax.bitcast_convert_type(x, np.int32), lax.bitcast_convert_type(x, np.uint8)), (f32(1, -0.0, 2.5),)),
    "reduce_precision_bf16": (lambda x: lax.reduce_precision(x, 8, 7), (f32(1.00390625, 1.01171875, 3.4e38, INF, -0.0, NAN, 1.2345),)),
    "reduce_precision_small": (lambda x: lax.reduce_precision(x, 4, 3), (f32(1.0625, 1.1875, 300, -240, 0.01, 0.016, INF, NAN),)),
    "select_scalar": (lambda p, x, y: lax.cond(p[0], lambda: x, lambda: y), (np.array([False]), floats(3), floats(3))),
    # Moving elements.
    "pad_negative_interior": (lambda x: lax.pad(x, np.float32(9), ((-1, 2, 1), (1, -1, 0))), (floats(3, 4),)),
    "slice_strided": (lambda x: x[1:6:2, ::3], (TABLE,)),
    "dynamic_slice_clamps": (lambda x, i, j: (lax.dynamic_slice(x, (i[0], j[0]), (2, 3)), lax.dynamic_slice(x, (i[1], j[1]), (2, 3))),
                             (TABLE, i32(5, -4), i32(-1, 3))),
    "dynamic_update_clamps": (lambda x, u, i: lax.dynamic_update_slice(x, u, (i[0], i[1])), (TABLE, floats(2, 2), i32(100, -100))),
    "reverse": (lambda x: lax.rev(x, (0, 1)), (TABLE,)),
    "transpose": (lambda x: jnp.transpose(x, (2, 0, 1)), (floats(2, 3, 4),)),
    # Indices.
    "gather_wrap": (lambda x, i: x[i], (TABLE, i32(0, 5, -1, 3))),
    "gather_fill": (lambda x, i: jnp.take(x, i, axis=0, mode="fill"), (TABLE, POINTS)),
    "gather_clip": (lambda x, i: jnp.take(x, i, axis=0, mode="clip"), (TABLE, POINTS)),
    "gather_along": (lambda x, i: jnp.take_along_axis(x, i, axis=1), (TABLE, i32(*[[3, 0], [1, 1], [2, 9], [0, -1], [3, 3], [1, 2]]))),
    "gather_pairs": (lambda x, i, j: x[i, j], (TABLE, i32(0, 5, 2), i32(3, 0, 2))),
    "scatter_add_repeats": (lambda x, i, u: x.at[i].add(u), (TABLE, i32(1, 1, 5, 1), floats(4, 4))),
    "scatter_add_outside": (lambda x, i, u: x.at[i].add(u, mode="drop"), (TABLE, POINTS, floats(6, 4))),
    "scatter_clip": (lambda x, i, u: x.at[i].add(u, mode="clip"), (TABLE, POINTS, floats(6, 4))),
    "scatter_set_unique": (lambda x, i, u: x.at[i].set(u, unique_indices=True), (TABLE, i32(4, 0, 2), floats(3, 4))),
    "scatter_max_min": (lambda x, i, u: (x.at[i].max(u), x.at[i].min(u), x.at[i].multiply(u)), (TABLE, i32(1, 1, 3), floats(3, 4))),
    "scatter_points": (lambda x, i, j, u: x.at[i, j].add(u), (TABLE, i32(0, 0, 5), i32(1, 1, 3), floats(3))),
    "bincount": (lambda i: jnp.bincount(i, length=4), (i32(0, 3, 3, 1, 3),)),
    # Order.
    "sort_odd": (lambda x: (jnp.sort(x), jnp.argsort(x)), (ODD,)),
    "sort_stable_operands": (lambda k, v: lax.sort((k, v), num_keys=1, is_stable=True), (i32(2, 1, 2, 1, 0, 2), i32(0, 1, 2, 3, 4, 5))),
    "sort_two_keys": (lambda k, v, w: lax.sort((k, v, w), num_keys=2), (i32(1, 0, 1, 0), f32(2, 3, 1, -1), i32(0, 1, 2, 3))),
    "sort_descending": (lambda x: -jnp.sort(-x, axis=0), (TABLE,)),
    "top_k_ties": (lambda x: lax.top_k(x, 3), (f32([1, 3, 3, 2, 3], [0, 0, 0, 0, 0]),)),
    "top_k_odd": (lambda x: lax.top_k(x, 5), (f32(0.0, -0.0, INF, -INF, 1.0, -1.0),)),
    "top_k_zeros": (lambda x: lax.top_k(x, 3), (f32([-0.0, 0.0, -0.0, 0.0, -1.0], [1, -0.0, 0.0, 1, 1]),)),
    "argmax_nan": (lambda x: (jnp.argmax(x), jnp.argmin(x), jnp.argmax(x[:6])), (ODD,)),
    # Reductions.
    "reduce_all": (lambda x: (jnp.sum(x, 1), jnp.max(x, 0), jnp.min(x, 1), jnp.prod(x), jnp.any(x > 2, 0), jnp.all(x > -3, 1)), (TABLE,)),
    "reduce_nan": (lambda x: (jnp.max(x), jnp.min(x[:6])), (ODD,)),
    "reduce_empty": (lambda x: (jnp.sum(x, 0), jnp.max(x, 0, initial=-1)), (np.zeros((0, 3), np.float32),)),
    "cumulative": (lambda x: (jnp.cumsum(x, 0), jnp.cumprod(x, 1), lax.cummax(x, 0), lax.cumsum(x, 1, reverse=True), lax.cumlogsumexp(x, 0)), (TABLE,)),
    "window_max": window(floats(1, 6, 6, 2), -INF, lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "SAME"),
    "window_add_dilated": window(floats(9), 0, lax.add, (3,), (2,), ((1, 2),), base_dilation=(2,), window_dilation=(2,)),
    # Products.
    "dot_batched": (lambda x, y: jnp.einsum("abk,cbk->bac", x, y), (floats(2, 3, 4), floats(5, 3, 4))),
    "dot_integers": (lambda x, y: x @ y, (LIMITS[:8].reshape(2, 4), i32(*[[1, 2], [3, 4], [5, 6], [7, 2**30]]))),
    "ragged_rows": ragged(floats(7, 3), floats(3, 3, 2), ([1], [1]), [0], [0], (2, 0, 4)),
    "ragged_contracting": ragged(floats(3, 6), floats(6, 2), ([1], [0]), [1], [], (1, 3, 2)),
    "ragged_batch": (
        lambda a, b, g: lax.ragged_dot_general(
            a, b, g, lax.RaggedDotDimensionNumbers((([2], [1]), ([0], [0])), lhs_ragged_dimensions=[0], rhs_group_dimensions=[])),
        (floats(4, 3, 2), floats(4, 2, 5), i32(1, 3))),
    "convolution_same": convolution(floats(1, 2, 5, 6), floats(3, 2, 3, 3), padding="SAME"),
    "convolution_strided": convolution(floats(2, 1, 7, 7), floats(2, 1, 3, 2), window_strides=(2, 3), padding=((1, 0), (-1, 2))),
    "convolution_dilated": convolution(floats(1, 2, 6, 5), floats(2, 2, 2, 3), lhs_dilation=(2, 1), rhs_dilation=(1, 2), padding=((1, 1), (2, 2))),
    "convolution_groups": convolution(floats(1, 4, 5, 5), floats(6, 2, 2, 2), feature_group_count=2),
    "convolution_depthwise": convolution(floats(1, 5, 5, 3), floats(3, 3, 1, 6), feature_group_count=3, dimension_numbers=("NHWC", "HWIO", "NHWC")),
    "convolution_batch_groups": convolution(floats(4, 2, 5, 5), floats(6, 2, 2, 2), batch_group_count=2),
    "convolution_transposed": (lambda x, w: lax.conv_transpose(x, w, (2, 2), "SAME", transpose_kernel=True), (floats(1, 4, 4, 2), floats(3, 3, 3, 2))),
    "convolution_1d_bf16": (lambda x, w: lax.conv_general_dilated(x.astype(jnp.bfloat16), w.astype(jnp.bfloat16), (1,), "SAME").astype(np.float32),
                            (RANDOM.integers(-4, 5, (1, 2, 8)).astype(np.float32), RANDOM.integers(-2, 3, (3, 2, 4)).astype(np.float32))),
    # Control.
    "while_loop": (lambda x: lax.while_loop(lambda s: s[0] < 10, lambda s: (s[0] * 2 + 1, s[1] + s[0]), (x[0], x[0])), (i32(1),)),
    "fori_loop": (lambda x: lax.fori_loop(0, 5, lambda i, a: a.at[i].add(a[i - 1]), x), (floats(5),)),
    "switch_outside": (lambda i, x: tuple(lax.switch(i[k], [lambda y: y + 1, lambda y: y * 2, lambda y: -y], x) for k in range(3)), (i32(-3, 1, 8), floats(3))),
    "scan": (lambda x: lax.scan(lambda c, row: (c + row, c * row), jnp.zeros(4), x), (TABLE,)),
    "map_rows": (lambda x: lax.map(lambda row: row / jnp.sum(row), x), (TABLE,)),
}


def make(name, folder):
    function, inputs = CASES[name]
    outputs = jax.tree.leaves(jax.jit(function)(*inputs))
    for kind, prefix, tensors in (("inputs", "input", inputs), ("outputs", "result.", outputs)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number, value in enumerate(tensors):
            np.save(folder / kind / f"{prefix}{number}.npy", np.asarray(value))
    text = jax.jit(lambda *args: tuple(jax.tree.leaves(function(*args)))).lower(*inputs).as_text()
    (folder / "model.mlir").write_text(text)


def main():
    out = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or CASES:
        try:
            make(name, out / name)
        except Exception as error:  # The installed JAX may lack an operation.
            sys.exit(f"{name}: {error}")


if __name__ == "__main__":
    main()
