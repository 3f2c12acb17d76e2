"""Cases of product keys (specification 2.2, C14). The oracle scores every pair: all n*m experts for outer_sum, all candidates, as moe.lazy_logits defines them, for tucker."""
import math
import random

from harness import Case, Tensor
from layers import randoms
from routing_ref import outer_sum, route, tucker

INF, NAN = math.inf, math.nan
NONE = -INF


def lazy_case(name, a, b, k, core=None, directions=None, element="f32", score="identity", key="logits", source="logits", norm="softmax", shape=None):
    rank = len(core) if core else 0
    n, m = shape or ((len(a[0][0]), len(b[0][0])) if core else (len(a[0]), len(b[0])))
    size = lambda v, width: [len(v)] + [rank] * bool(core) + [width]
    args = {"a": Tensor(a, dynamic=True, shape=size(a, n)), "b": Tensor(b, dynamic=True, shape=size(b, m))}
    text = "  %z = moe.lazy_logits %a, %b"
    if core:
        args.update(c=Tensor(core), l=Tensor(directions[0]), r=Tensor(directions[1]))
        text += f" core(%c : {args['c'].type}) row_direction(%l : {args['l'].type}) column_direction(%r : {args['r'].type}) approx"
    lazy = f"!moe.lazy_logits<{element}, {n}, {m}{f', rank = {rank}' if core else ''}>"
    plan = f"!moe.plan<{n * m}, slots<{k}>>"
    text += f" : {args['a'].type}, {args['b'].type} -> {lazy}\n"
    normalised = {"sum": ", norm = sum(0.0, add)", "softmax": ", norm = softmax", None: ""}[norm]
    text += f"  %p = moe.route %z score <{score}> select <topk({k}), key = {key}> weight <{source}{normalised}> : {lazy} -> {plan}\n"
    text += f"  %q:2 = moe.unpack_plan %p : {plan} -> tensor<?x{k}xi32>, tensor<?x{k}xf32>\n"
    z = tucker(a, b, core, *directions, k, element) if core else outer_sum(a, b, element)
    ids, weights, _ = route(z, {"fn": score}, policy=("topk", k), key=key, source=source, norm=norm)
    return Case(name, args, text, [("%q#0", f"tensor<?x{k}xi32>"), ("%q#1", f"tensor<?x{k}xf32>")], [ids, weights], 1e-5)


def quarters(seed, units, width, top=3):
    """Few values, exact in every type, so that there are ties on each axis and across."""
    generator = random.Random(seed)
    return [[generator.randint(0, top) / 4 for _ in range(width)] for _ in range(units)]


def lazy():
    cases = [
        lazy_case("lazy_outer", randoms(1, 9, 7), randoms(2, 9, 7), 3),
        lazy_case("lazy_rectangle", randoms(3, 9, 12), randoms(4, 9, 5), 4),
        lazy_case("lazy_more_picks_than_rows", randoms(5, 9, 2), randoms(6, 9, 9), 5),
        lazy_case("lazy_every_expert", randoms(7, 5, 3), randoms(8, 5, 4), 12),
        lazy_case("lazy_one_expert", randoms(9, 5, 1), randoms(10, 5, 1), 1),
        lazy_case("lazy_no_unit", [], [], 2, shape=(4, 4)),
        lazy_case("lazy_one_unit", randoms(11, 1, 16), randoms(12, 1, 16), 8),
        lazy_case("lazy_sigmoid", randoms(13, 9, 6), randoms(14, 9, 6), 3, score="sigmoid", key="scores", source="scores", norm="sum"),
        lazy_case("lazy_relu", randoms(15, 9, 6), randoms(16, 9, 6), 3, score="relu", source="scores", norm=None),
        lazy_case("lazy_one_weight", randoms(17, 9, 6), randoms(18, 9, 6), 3, source="one", norm=None),
        lazy_case("lazy_hot", [[5.0 if i == 3 else 0.0 for i in range(8)]] * 6, [[5.0 if i == 6 else 0.0 for i in range(8)]] * 6, 4),
        lazy_case("lazy_masked", [[1.0, NONE, 0.5, NONE], [NONE] * 4, [2.0, NONE, NONE, NONE]], [[NONE, 1.0, 1.0, 0.0], [1.0] * 4, [NONE, 3.0, NONE, NONE]], 3),
        lazy_case("lazy_nan", [[1.0, NAN, 0.5, 0.25]], [[NAN, 1.0, 1.5, 0.0]], 3)]
    for seed in range(40):  # ties on both axes and among sums
        generator = random.Random(seed)
        n, m = generator.randint(1, 9), generator.randint(1, 9)
        k = generator.randint(1, min(n * m, 7))
        cases.append(lazy_case(f"lazy_ties_{seed}", quarters(100 + seed, 4, n, generator.randint(0, 3)), quarters(200 + seed, 4, m, generator.randint(0, 3)), k))
    cases.append(lazy_case("lazy_bf16", quarters(300, 6, 6), quarters(301, 6, 6), 4, element="bf16"))

    def random_tucker(name, seed, n, m, k, rank=2, **rest):
        core, directions = randoms(seed, rank, rank), randoms(seed + 1, 2, rank)
        cases.append(lazy_case(name, randoms(seed + 2, 6, rank, n), randoms(seed + 3, 6, rank, m), k, core, directions, **rest))
    random_tucker("lazy_tucker", 400, 8, 8, 3)
    random_tucker("lazy_tucker_rectangle", 410, 3, 9, 5)
    random_tucker("lazy_tucker_rank_3", 420, 6, 6, 4, rank=3, score="relu", source="scores", norm=None)
    for seed in range(10):  # ties on the axes, by directions and cores of few values
        exact = lambda number, *shape: [quarters(number + u, *shape) for u in range(4)]
        cases.append(lazy_case(f"lazy_tucker_ties_{seed}", exact(500 + 20 * seed, 2, 5), exact(510 + 20 * seed, 2, 6), 3, [[1.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]))
    cases += [lazy_case("lazy_tucker_no_unit", [], [], 2, [[1.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]], shape=(4, 4)),
              lazy_case("lazy_tucker_every_expert", randoms(440, 5, 2, 2), randoms(441, 5, 2, 2), 4, randoms(442, 2, 2), randoms(443, 2, 2))]
    # NaN on an axis: whatever is chosen are experts, each once, and other units stay as they are.
    rows, columns = randoms(450, 3, 2, 5), randoms(451, 3, 2, 5)
    sane = lazy_case("sane", rows, columns, 3, [[1.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]]).expected
    rows[1][0][2] = columns[1][1][0] = NAN
    broken = lazy_case("lazy_tucker_nan", rows, columns, 3, [[1.0, 0.5], [0.5, 2.0]], [[1.0, 0.5], [0.5, 1.0]])

    def in_range(results):
        ids, weights = results
        used = [e for e in ids[1] if e >= 0]
        assert all(-1 <= e < 25 for e in ids[1]) and len(set(used)) == len(used), f"ids {ids[1]}"
        for u in (0, 2):
            assert ids[u] == sane[0][u] and all(abs(a - b) < 1e-5 for a, b in zip(weights[u], sane[1][u])), f"unit {u}: {ids[u]}, {weights[u]}"
    broken.expected, broken.check = None, in_range
    cases.append(broken)
    # UltraMem scores: a core of rank 1 with positive factors misses nothing.
    positive = lambda seed: [[[abs(v) for v in row] for row in unit] for unit in randoms(seed, 6, 2, 7)]
    cases.append(lazy_case("lazy_tucker_of_rank_1", positive(430), positive(431), 3, [[2.0, 1.0], [4.0, 2.0]], [[1.0, 2.0], [2.0, 1.0]]))
    exact = cases[-1]
    every = lazy_case("all", positive(430), positive(431), 49, [[2.0, 1.0], [4.0, 2.0]], [[1.0, 2.0], [2.0, 1.0]])
    assert [row[:3] for row in every.expected[0]] == exact.expected[0]
    return cases
