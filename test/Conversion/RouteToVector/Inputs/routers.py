"""Routers for comparing the kernels of convert-route-to-vector with the reference lowering, bit by bit.

usage: routers.py

Prints a module whose main runs each router on numbers of units next to those of a block (4, 8 or 16) and prints the bits of ids and weights. Rows of logits take
turns: random, with ties, with -inf, NaN and both zeros, nothing but -inf, huge, equal.
"""
import itertools
import math
import random
import struct

from harness import emit
from routes import route_case

UNITS = (0, 1, 3, 4, 5, 15, 16, 17, 33)
SOFTMAX, SIGMOID, IDENTITY = {"fn": "softmax"}, {"fn": "sigmoid"}, {"fn": "identity"}
rng = random.Random(7)
KINDS = itertools.cycle(range(9))


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def row(kind, experts):
    draws = [f32(rng.gauss(0, 2)) for _ in range(experts)]
    special = [math.nan, -math.inf, -math.inf, -0.0, 0.0, -1.0, f32(1e-42)]
    return {
        0: lambda: draws,
        1: lambda: [round(z) / 2 for z in draws],
        2: lambda: [-math.inf if z < 1.5 else z for z in draws],
        3: lambda: [rng.choice(special) for _ in draws],
        4: lambda: [rng.choice([-0.0, 0.0]) for _ in draws],
        5: lambda: [-math.inf] * experts,
        6: lambda: [f32(z * 1e37) for z in draws],
        7: lambda: [0.25] * experts,
        8: lambda: [-0.0 if z < 0 else z for z in draws],
    }[kind]()


def router(name, experts, slots, score, units=UNITS, **arguments):
    return [route_case(f"{name}_{count}", [row(next(KINDS), experts) for _ in range(count)], score, experts=experts, policy=("topk", slots),
                       check=lambda results: None, **arguments) for count in units]


def numbers(count, scale=1.0):
    return [f32(rng.gauss(0, scale)) for _ in range(count)]


def routers():
    grouped = {"groups": 8, "keep": 4, "sum_top": 2}
    v3 = dict(key_offset=numbers(256, 0.05), norm="sum", eps=1e-20, scale=2.5)
    few = (1, 17)
    return [
        *router("qwen3", 128, 8, SOFTMAX, norm="sum"),
        *router("mixtral", 8, 2, SOFTMAX, norm="sum"),
        *router("switch", 8, 1, SOFTMAX),
        *router("gpt_oss", 32, 4, IDENTITY, key="logits", source="logits", norm="softmax"),
        *router("deepseek_v3", 256, 8, SIGMOID, filter_args=grouped, units=(0, 1, 15, 16, 17, 33), **v3),
        *router("zero_fill", 256, 8, SIGMOID, filter_args=dict(grouped, fill="zero"), units=few, **v3),
        *router("deepseek_v2", 160, 6, SOFTMAX, filter_args={"groups": 8, "keep": 3}, scale=16, units=few),
        *router("widest", 384, 22, SIGMOID, norm="sum", units=few),
        *router("every_expert", 60, 32, SOFTMAX, units=few),
        *router("more_than_a_list", 3, 3, IDENTITY, key="logits", units=few),
        *router("one_expert", 1, 1, SOFTMAX, units=few),
        *router("late_softmax", 60, 4, SOFTMAX, key="logits", min_k=3, norm="sum", units=few),
        *router("narrow", 64, 6, {"fn": "softmax", "round_to": "bf16"}, logits="bf16", dtype="bf16", units=few),
        *router("rounded", 64, 6, {"fn": "sqrtsoftplus", "dtype": "bf16"}, key_dtype="f16", norm="pnorm", p=2, units=few),
        *router("masked", 12, 5, SIGMOID, allow=[e % 3 != 1 for e in range(12)], filter_args={"groups": 3, "keep": 2, "fill": "zero"}, zero=[3, 4],
                exclude=[7], norm="sum", eps=0.5, clamp=True, expert_scale=numbers(12), units=few),
        *router("operand", 5, 3, SOFTMAX, source="operand", weight_source=[[abs(v) for v in numbers(5)] for _ in range(17)], norm="softmax", units=(17,)),
    ]


emit(routers())
