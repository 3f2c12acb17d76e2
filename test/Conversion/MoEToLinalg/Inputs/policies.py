"""Cases of the policies and of counts: golden vectors, every value of every field, and edges. Random draws are in draws.py."""
import math
import random

from routes import route_case
from routing_ref import route

INF, NAN = math.inf, math.nan
Z = [[1.0, 0.5, -0.25, 2.0, 0.75, -1.5, 0.0, 1.75], [0.2, 0.2, 0.2, 0.2, -3.0, 4.0, 1.0, 1.0], [-1.0, -2.0, -0.5, -0.75, -4.0, -0.5, -3.0, -1.25]]
SOFTMAX, SIGMOID, IDENTITY, RELU = {"fn": "softmax"}, {"fn": "sigmoid"}, {"fn": "identity"}, {"fn": "relu"}


def entries(slots, *rows):
    """Golden vectors as the specification prints them: `id:weight` in slot order."""
    pairs = [[(int(e.split(":")[0]), float(e.split(":")[1])) for e in row.split()] for row in rows]
    return [[p[0] for p in row] + [-1] * (slots - len(row)) for row in pairs], [[p[1] for p in row] + [0.0] * (slots - len(row)) for row in pairs]


def limit(count, priority="unit_major", overflow="zero", **fields):
    return {"kind": "limit", "count": count, "priority": priority, "overflow": overflow, **fields}


def tiles(tile, mode="nearest", renorm="none", **fields):
    return {"kind": "tile_round", "tile": tile, "mode": mode, "renorm": renorm, **fields}


def distinct(seed, units, experts):
    """Logits that differ by at least 1/128 from each other, anywhere."""
    values = [i / 128 for i in range(units * experts)]
    random.Random(seed).shuffle(values)
    middle = units * experts / 256
    return [[v - middle for v in values[u * experts:(u + 1) * experts]] for u in range(units)]


def golden():
    """Section 12 of the specification, the rows of these policies; tile rounding from the worked example of its source."""
    cases = [
        route_case("golden_9", Z, SOFTMAX, policy=("topp", 0.6), expected=entries(8, "3:.341618 7:.266052", "5:.840358", "2:.238486 5:.238486 3:.185733")),
        route_case("golden_10", Z, RELU, policy=("threshold", 0.0),
                   expected=entries(8, "3:2 7:1.75 0:1 4:.75 1:.5", "5:4 6:1 7:1 0:.2 1:.2 2:.2 3:.2", "")),
        route_case("golden_15", Z, IDENTITY, key="logits", source="policy", policy=("sparsemixer", 0.1, 2),
                   expected=entries(2, "3:.562177 7:1", "5:1 6:.5", "2:.5 5:1"))]
    z = [[2.0, 1.0, 0.0], [2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 2.0, 1.0]]
    both, none = ([0, 1], [.7311, .2689]), ([-1, -1], [0, 0])
    first, second = ([0, -1], [.7311, 0]), ([1, -1], [.7311, 0])
    unit_major = {"before": [both, both, none, ([-1, 2], [0, .2689])], "after": [both, both, none, ([-1, 2], [0, 1])]}
    one = lambda row: (row[0], [1, 0])
    others = {"before": [first, first, second, ([1, 2], [.7311, .2689])], "after": [one(first), one(first), one(second), ([1, 2], [.7311, .2689])]}
    for when in ("before", "after"):
        for priority in ("unit_major", "choice_major", "bpr", "key_desc"):
            rows = (unit_major if priority == "unit_major" else others)[when]
            cases.append(route_case(f"golden_capacity_{priority}_{when}", z, SOFTMAX, norm="sum", when=when, capacity=limit(2, priority),
                                    expected=([r[0] for r in rows], [r[1] for r in rows]), tolerance=1e-4))
    cases.append(route_case("golden_expert_topc", z, SOFTMAX, policy=("expert_topc",), count=2, tolerance=1e-4,
                            expected=entries(3, "0:.6652 2:.0900", "0:.6652", "1:.6652", "1:.6652 2:.2447")))
    # Capacities of section 12, as the number of units that an expert keeps when all 100 want it.
    counts = {"megatron": ({"factor": 1.25, "mult": "k", "max": "units"}, 32), "deepspeed_top1": ({"factor": 1.25, "min": 4}, 16),
              "deepspeed_top2": ({"factor": 2.5, "min": 4}, 32), "tutel": ({"factor": 1.25, "mult": "k_after", "share": "ceil", "round": "trunc"}, 32),
              "vmoe": ({"factor": 1.25, "mult": "k", "multiple_of": 4}, 32), "nllb": ({"factor": 1.0, "mult": "k_after", "share": "ceil"}, 26),
              "hunyuan": ({"factor": 1.0, "mult": "k", "round": "floor", "min": 2}, 25)}
    for name, (count, wanted) in counts.items():
        kept = [0, 1] if name != "deepspeed_top1" else [0]
        args = dict(policy=("topk", len(kept)), source="one", capacity=limit(count))
        ids = [kept if u < wanted else [-1] * len(kept) for u in range(100)]
        cases.append(route_case(f"golden_count_{name}", [[8.0 - e for e in range(8)]] * 100, IDENTITY, expected=(ids, [[1.0 if e >= 0 else 0.0 for e in row] for row in ids]),
                                key="logits", **args))
    shares = [[70, 20, 10], [55, 30, 15], [60, 10, 30], [50, 45, 5], [40, 50, 10], [35, 25, 40], [20, 30, 50], [65, 15, 20]]
    shares = [[v / 100 for v in row] for row in shares]
    lists = {"nearest": ["0", "0 1", "0 2", "0 1", "1 0", "2 0", "2 1 0", "0 2"], "balance_f": ["0", "0 1", "0 2", "0 1", "1 0", "2 0", "2 1 0", "0 2"],
             "up": ["0 1", "0 1", "0 2 1", "0 1", "1 0", "2 0 1", "2 1 0", "0 2 1"], "down": ["0", "0 1", "0 2", "1", "1", "2", "2 1", "0 2"]}
    # With down expert 0 keeps its four best (units 0, 7, 2, 1), so that units 3, 4 and 5 lose it.
    for mode, rows in lists.items():
        ids = [list(map(int, row.split())) for row in rows]
        wanted = [sorted(row) for row in ids]
        def same(results, wanted=wanted):
            got = [sorted(e for e in row if e >= 0) for row in results[0]]
            assert got == wanted, f"expected {wanted}, got {got}"
        cases.append(route_case(f"golden_tiles_{mode}", shares, IDENTITY, capacity=tiles(4, mode), check=same))
    return cases


def everyone():
    """topp with a bound that no sum of probabilities reaches, in any order of the slots."""
    z = distinct(1, 11, 6)
    cases = []
    more = {"include": {}, "exclude": {"boundary": "exclude"}, "norm": {"norm": "sum", "scale": 1.5}, "logits": {"source": "logits"},
            "allow": {"allow": [[(u + e) % 3 != 0 for e in range(6)] for u in range(11)], "norm": "sum"}, "zero": {"zero": [1], "exclude": [4], "norm": "sum"}}
    for p in (1.001, 1.5):
        for name, args in more.items():
            args = dict(args, policy=("topp", p))
            wanted = [dict((e, w) for e, w in zip(*row) if e >= 0) for row in zip(*route(z, SOFTMAX, **args)[:2])]
            def same(results, wanted=wanted):
                for row, (ids, weights) in zip(wanted, zip(*results[:2])):
                    got = {int(e): w for e, w in zip(ids, weights) if e >= 0}
                    assert got.keys() == row.keys(), f"expected experts {sorted(row)}, got {sorted(got)}"
                    assert all(abs(got[e] - row[e]) <= 2e-6 for e in row), f"expected {row}, got {got}"
            cases.append(route_case(f"everyone_{str(p).replace('.', '')}_{name}", z, SOFTMAX, check=same, **args))
    return cases


def axes():
    """Each value of each field of the policies and of capacity, against the interpreter."""
    z = distinct(1, 11, 6)
    cases = []
    add = lambda name, *a, **k: cases.append(route_case("policy_" + name, *a, **k))
    for p in (0.05, 0.3, 0.731, 1.5):
        for boundary in ("include", "exclude"):
            for extra in ({}, {"kmax": 2}):
                add(f"topp_{str(p).replace('.', '')}_{boundary}_{len(extra)}", z, SOFTMAX, policy=("topp", p), boundary=boundary, **extra)
    add("topp_entmax", z, {"fn": "entmax15"}, policy=("topp", 0.8), norm="sum")
    add("topp_allow", z, SOFTMAX, policy=("topp", 0.8), allow=[e % 2 == 0 for e in range(6)])
    add("topp_nothing_allowed", z, SOFTMAX, policy=("topp", 0.8), allow=[False] * 6)
    exact = [[0.25, 0.5, -0.25, 0.5], [1.0, 1.0, 0.5, 0.5]]
    for boundary in ("include", "exclude"):
        add(f"threshold_{boundary}", exact, IDENTITY, policy=("threshold", 0.5), boundary=boundary)
        add(f"threshold_{boundary}_kmax", exact, IDENTITY, policy=("threshold", 0.25), boundary=boundary, kmax=2)
        add(f"threshold_{boundary}_operand", exact, IDENTITY, policy=("threshold", [0.5, 0.25, 0.5, 1.0]), boundary=boundary)
    add("threshold_fallback", exact, IDENTITY, policy=("threshold", 0.75), fallback="argmax", source="one", norm="sum")
    add("threshold_fallback_all", exact, IDENTITY, policy=("threshold", 0.75), fallback="all", norm="pnorm", allow=[True, True, False, True])
    add("threshold_fallback_all_of_nothing", [[-INF] * 4, exact[0], [-INF, 0.5, -INF, 0.25]], IDENTITY, policy=("threshold", 0.75), fallback="all")
    filtered = {"groups": 2, "keep": 1}
    add("threshold_fallback_all_unfiltered", exact, IDENTITY, policy=("threshold", 1.0), fallback="all", filter_args=filtered)
    add("threshold_fallback_all_limit", exact, IDENTITY, policy=("threshold", 0.75), fallback="all", capacity=limit(1, "choice_major"))
    add("threshold_fallback_of_nothing", [[-INF] * 4, exact[0]], IDENTITY, policy=("threshold", 0.75), fallback="argmax")
    add("threshold_blockffn", z, {"fn": "relu", "post": "rmsnorm", "eps": 1e-6}, key="logits", policy=("threshold", 0.0))
    table = [[random.Random(u).sample(range(6), 3)[j] if (u + j) % 4 else -1 for j in range(3)] for u in range(11)]
    add("table", z, {"fn": "sqrtsoftplus"}, policy=("table", table), norm="sum", eps=1e-20, scale=1.5)
    add("table_softmax", z, SOFTMAX, policy=("table", table), zero=[1], exclude=[2], norm="sum")
    add("table_fallback", z, SOFTMAX, policy=("table", [[-1] * 3] * 11), fallback="argmax", source="one")
    add("table_limit", z, SIGMOID, policy=("table", table), capacity=limit(2, "choice_major"), norm="sum", when="after")
    for eps in (0.01, 0.1, 1.5):
        for k in (1, 2, 6):
            add(f"sparsemixer_{str(eps).replace('.', '')}_{k}", z, IDENTITY, key="logits", source="policy", policy=("sparsemixer", eps, k), scale=2.0)
    add("sparsemixer_allow", z, IDENTITY, key="logits", source="policy", policy=("sparsemixer", 0.1, 3), allow=[e > 3 for e in range(6)])
    add("sparsemixer_zeros", [[0.0] * 4, [0.0, -1.0, 0.0, -1e-3]], IDENTITY, key="logits", source="policy", policy=("sparsemixer", 0.1, 2))

    domains = {"all": None, "blocks": ("blocks", 4), "segments": ("segments", [0, 3, 3, 4, 11]), "blocks_of_more": ("blocks", 100)}
    for name, domain in domains.items():
        more = {"domain": domain} if domain else {}
        add(f"expert_topc_{name}", z, SIGMOID, policy=("expert_topc",), count=2, **more)
        add(f"expert_topc_factor_{name}", z, SIGMOID, policy=("expert_topc",), count={"factor": 2.0, "round": "nearest"}, **more)
        add(f"expert_topc_norm_{name}", z, SIGMOID, policy=("expert_topc",), count=3, norm="sum", allow=[[(u + e) % 3 != 0 for e in range(6)] for u in range(11)], **more)
        add(f"greedy_{name}", z, SOFTMAX, policy=("greedy_assign",), order=[3, 0, 5], counts=[1, 2, 3], **more)
        for priority in ("unit_major", "choice_major", "bpr", "key_desc", "weight_desc", "random"):
            for overflow in ("zero", "identity") + ("reroute",) * (priority in ("unit_major", "choice_major")):
                seed = {"seed": 5} if priority == "random" else {}
                add(f"limit_{priority}_{overflow}_{name}", z, SIGMOID, policy=("topk", 3), capacity=limit(2, priority, overflow, **seed), **more)
        for mode in ("nearest", "up", "down", "sr_f", "nr_s", "balance_f"):
            for renorm in ("none", "tc_set", "selected_set"):
                seed = {"seed": 3} if mode in ("sr_f", "nr_s") else {}
                add(f"tiles_{mode}_{renorm}_{name}", z, SOFTMAX if name == "all" else SIGMOID, policy=("topk", 2), scale=1.5,
                    capacity=tiles(2 if domain else 3, mode, renorm, **seed), **more)
    for name, domain in (("blocks", ("blocks", 6)), ("uneven", ("blocks", 5)), ("segments", ("segments", [0, 4, 4, 5, 11]))):
        few = [row[:3] for row in z]
        add(f"balanced_{name}", few, SIGMOID, key="logits", policy=("balanced_assign",), domain=domain)
        add(f"balanced_masked_{name}", few, SIGMOID, policy=("balanced_assign",), domain=domain,
            allow=[[(u * 7 + e * 5) % 4 != 0 for e in range(3)] for u in range(11)])
    add("balanced_base", distinct(2, 6, 2), SIGMOID, key="logits", policy=("balanced_assign",))
    add("balanced_one_each", distinct(3, 5, 5), IDENTITY, policy=("balanced_assign",), source="one")
    add("greedy_all_experts", z, SOFTMAX, policy=("greedy_assign",), order=[5, 4, 3, 2, 1, 0], counts=[2, 2, 2, 2, 2, 2])
    add("limit_after_min_k", z, SOFTMAX, policy=("topk", 2), norm="sum", min_k=2, when="after", capacity=limit(2))
    add("limit_identity_norm", z, SOFTMAX, policy=("topk", 2), norm="sum", capacity=limit(1, "choice_major", "identity"), always=1)
    add("limit_topp", z, SOFTMAX, policy=("topp", 0.7), capacity=limit(3, "choice_major"))
    add("limit_threshold", z, SIGMOID, policy=("threshold", 0.5), capacity=limit(3, "key_desc"), norm="sum", when="after")
    add("limit_none", z, SOFTMAX, policy=("topk", 2), capacity=limit({"factor": 0.0001, "round": "floor"}))
    add("limit_of_all", z, SOFTMAX, policy=("topk", 2), norm="sum", when="after", capacity=limit(4), domain=("blocks", 4))
    add("limit_f32", z, SIGMOID, policy=("topk", 2), capacity=limit({"factor": 1.1, "mult": "k", "dtype": "f32"}))
    add("limit_filter", z, SIGMOID, policy=("topk", 2), filter_args={"groups": 2, "keep": 1}, capacity=limit(2, overflow="reroute"))
    add("scores", z, SOFTMAX, policy=("topk", 2), scores_result=True)
    add("scores_of_entries", z, SIGMOID, key="logits", policy=("topk", 2), scores_result=True)
    return cases


ROUTES = {
    "topp": (SOFTMAX, {"policy": ("topp", 0.6)}), "threshold": (SIGMOID, {"policy": ("threshold", 0.5), "fallback": "argmax"}),
    "sparsemixer": (IDENTITY, {"key": "logits", "source": "policy", "policy": ("sparsemixer", 0.1, 2)}),
    "expert_topc": (SIGMOID, {"policy": ("expert_topc",), "count": 2}), "greedy": (SIGMOID, {"policy": ("greedy_assign",), "order": [1, 0], "counts": [1, 2]}),
    "balanced": (SIGMOID, {"policy": ("balanced_assign",)}), "limit": (SIGMOID, {"capacity": limit(1)}), "bpr": (SIGMOID, {"capacity": limit(1, "bpr")}), "weight": (SIGMOID, {"capacity": limit(2, "weight_desc")}),
    "reroute": (SIGMOID, {"capacity": limit(1, overflow="reroute")}), "identity": (SIGMOID, {"capacity": limit(1, overflow="identity")}),
    "tiles": (SIGMOID, {"capacity": tiles(2)}), "tiles_up": (SIGMOID, {"capacity": tiles(2, "up", "tc_set")}),
    "blocks": (SIGMOID, {"capacity": limit(1), "domain": ("blocks", 2)})}


def edges():
    def in_range(results):
        for row in results[0]:
            assert all(-1 <= e < 8 for e in row), f"ids out of range: {row}"
            used = [e for e in row if e >= 0]
            assert len(set(used)) == len(used), f"an id twice: {row}"
    cases = []
    special = {"nan": [NAN] * 8, "some_nan": [1.0, NAN, 2.0, -INF, NAN, 0.0, INF, -1.0], "inf": [INF] * 8}
    for name, (score_args, args) in ROUTES.items():
        add = lambda what, z, **more: cases.append(route_case(f"edges_{name}_{what}", z, score_args, **args, **more))
        add("none", [], experts=8)
        add("one", Z[:1])
        add("static", Z, static=True)
        # Of assignments with equal sums any will do.
        any_of_equals = {"check": in_range} if name == "balanced" else {}
        add("ties", [[0.5] * 8, [1.0, 2.0] * 4, [0.5] * 8], **any_of_equals)
        add("hot", [[5.0 - abs(e - 2) for e in range(8)]] * 9, **any_of_equals)
        for kind, row in special.items():
            add(kind, [Z[0], row, Z[1]], check=in_range)
        if score_args is not SIGMOID:
            add("neginf", [Z[0], [-INF] * 8, Z[1], [-INF] * 7 + [1.0]])
    masked = [[e < 2 for e in range(8)], [False] * 8, [True] * 8]
    for name in ("expert_topc", "greedy", "limit", "reroute", "tiles_up"):
        score_args, args = ROUTES[name]
        cases.append(route_case(f"edges_{name}_masked", Z, score_args, allow=masked, **args))
    cases.append(route_case("edges_no_segment", [], SIGMOID, experts=8, capacity=limit(1), domain=("segments", [0])))
    return cases


def policies():
    return golden() + axes() + edges()
