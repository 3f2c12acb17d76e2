"""A worked example of token rounding as a layer: 8 tokens, 3 experts, top 2, tiles of 4 rows, rounded to the nearest.

usage: rounded_layer.py FOLDER

The scores in percent, and which entries go where, are the integer example of tile_aware.md, section 1.5: counts 7, 5 and 4 become 8, 4 and 4. Expert 0 takes token 6,
the only one that had not chosen it; expert 1 drops token 0, its lowest score. Weights are normalised over the original picks; a new one is a score.
Expert e gives the unit vector e, so that the result is the matrix of weights. The folder gets layer.mlir, z.npy, x.npy and y.npy.
"""
import math
import os
import sys

from npy import write_npy

SCORES = [(70, 20, 10), (55, 30, 15), (60, 10, 30), (50, 45, 5), (40, 50, 10), (35, 25, 40), (20, 30, 50), (65, 15, 20)]
EXPERTS = 3


def weights():
    result = []
    for token, scores in enumerate(SCORES):
        picks = sorted(range(EXPERTS), key=lambda e: -scores[e])[:2]
        total = sum(scores[e] for e in picks)
        row = [scores[e] / total if e in picks else 0.0 for e in range(EXPERTS)]
        if token == 0:
            row[1] = 0.0
        if token == 6:
            row[0] = scores[0] / 100
        result += row
    return result


LAYER = """func.func @main(%x: tensor<?x3xf32> {moe.name = "x"}, %z: tensor<?x3xf32> {moe.name = "z"}) -> (tensor<?x3xf32> {moe.name = "y"}) {
  %v = moe_support.weight dense<[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]> : tensor<3x3xf32>
  %p = moe.route %z score <identity> select <topk(2), key = logits> weight <logits, norm = softmax> : tensor<?x3xf32> -> !moe.plan<3, slots<2>>
  %r = moe.dispatch %x, %p apply <output> : tensor<?x3xf32>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 3, grouped>
  %h = moe.experts %r, %p (%v : tensor<3x3xf32>) table <[<constant, 3>]> apply <output> : !moe.rows<f32, 3, grouped>, !moe.plan<3, slots<2>> -> !moe.rows<f32, 3, grouped>
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <expert_asc> : !moe.rows<f32, 3, grouped>, !moe.plan<3, slots<2>>, tensor<?x3xf32> -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
"""

os.chdir(sys.argv[1])
shape = [len(SCORES), EXPERTS]
with open("layer.mlir", "w", encoding="utf-8") as file:
    file.write(LAYER)
write_npy("z.npy", [math.log(score / 100) for scores in SCORES for score in scores], shape)
write_npy("x.npy", [0.0] * (len(SCORES) * EXPERTS), shape)
write_npy("y.npy", weights(), shape)
