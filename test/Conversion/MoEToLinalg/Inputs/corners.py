"""Every way a route may go, at every corner: no unit, one unit, experts without units, one expert for all, k = E, ties, logits and keys of −∞ in part and throughout, NaN.

A path is a function: a policy, a rule of capacity, an encoding of the plan. It is called once per corner, against the interpreter. NaN must leave ids in range, and units that
do not compete as they are.
"""
import itertools
import math

from harness import Case, Tensor
from plans import TYPES, encoded
from policies import distinct, limit, tiles
from reference import parts, renumbered
from routes import route_case
from routing_ref import route

INF, NAN = math.inf, math.nan
E = 6
SIGMOID, SOFTMAX, IDENTITY = {"fn": "sigmoid"}, {"fn": "softmax"}, {"fn": "identity"}
ROWS = distinct(30, 7, E)
CORNERS = {
    "some": ROWS, "none": [], "one": ROWS[:1],
    "hot": [[8.0 + u / 64 if e == 2 else v for e, v in enumerate(row)] for u, row in enumerate(ROWS)],
    "ties": [[0.5] * E] * 3 + [[0.5, -1.0] * (E // 2)] * 2,
    "masked": [[v if (u + e) % 3 else -INF for e, v in enumerate(row)] for u, row in enumerate(ROWS)],
    "single": [[v if e == u % E else -INF for e, v in enumerate(row)] for u, row in enumerate(ROWS)],
    "empty": [row if u % 2 else [-INF] * E for u, row in enumerate(ROWS)], "nothing": [[-INF] * E] * 4,
    "nan": [[NAN if u == 1 and e != 3 else v for e, v in enumerate(row)] for u, row in enumerate(ROWS)],
    "all_nan": [[NAN] * E if u in (0, 4) else row for u, row in enumerate(ROWS)],
}
LIST = [[e for e in range(E) if (u + e) % 2] for u in range(len(ROWS))]


def policies():
    """Name to score and arguments of those by which units do not compete, then of those by which they do. Keys are logits, so that −∞ is one."""
    on_logits = {"key": "logits"}
    alone = {"topk": (SIGMOID, {"policy": ("topk", 2), **on_logits}), "topk_of_scores": (SOFTMAX, {"policy": ("topk", 2), "norm": "sum"}), "topk_all": (SIGMOID, {"policy": ("topk", E), **on_logits}),
             "filtered": (SIGMOID, {"policy": ("topk", 2), "filter_args": {"groups": 3, "keep": 2, "sum_top": 2}, **on_logits}),
             "per_group": (SIGMOID, {"policy": ("topk_per_group", 3, 1), **on_logits}), "per_group_all": (SIGMOID, {"policy": ("topk_per_group", 3, 2), **on_logits}),
             "topp": (SOFTMAX, {"policy": ("topp", 0.6)}), "topp_fallback": (SOFTMAX, {"policy": ("topp", 0.6), "fallback": "argmax"}),
             "threshold": (SIGMOID, {"policy": ("threshold", 0.25), **on_logits}), "threshold_fallback": (SIGMOID, {"policy": ("threshold", 0.25), "fallback": "argmax", **on_logits}),
             "threshold_all": (SIGMOID, {"policy": ("threshold", 0.25), "fallback": "all", **on_logits}),
             "everyone": (SIGMOID, {"policy": ("all",), **on_logits}), "table": (SIGMOID, {"policy": ("table", [ids + [-1] * (E - len(ids)) for ids in LIST]), **on_logits}),
             "sparsemixer": (IDENTITY, {"policy": ("sparsemixer", 0.1, 2), "source": "policy", **on_logits}), "sparsemixer_all": (IDENTITY, {"policy": ("sparsemixer", 0.1, E), "source": "policy", **on_logits})}
    together = {"expert_topc": {"policy": ("expert_topc",), "count": 2}, "expert_topc_all": {"policy": ("expert_topc",), "count": 9},
                "balanced": {"policy": ("balanced_assign",)}, "greedy": {"policy": ("greedy_assign",), "order": [3, 0, 5], "counts": [2, 3, 1]}}
    for priority, overflow in itertools.product(("unit_major", "choice_major", "bpr", "key_desc", "weight_desc", "random"), ("zero", "identity", "reroute")):
        if overflow != "reroute" or priority in ("unit_major", "choice_major"):
            seed = {"seed": 5} if priority == "random" else {}
            for k in (2, E) if overflow == "zero" else (2,):
                together[f"{priority}_{overflow}_{k}"] = {"policy": ("topk", k), "capacity": limit(2, priority, overflow, **seed)}
    together["after"] = {"policy": ("topk", 2), "norm": "sum", "when": "after", "capacity": limit(2)}
    for mode, renorm in itertools.product(("nearest", "up", "down", "sr_f", "nr_s", "balance_f"), ("none", "tc_set", "selected_set")):
        if renorm == "none" or mode == "nearest":
            together[f"tile_{mode}_{renorm}"] = {"policy": ("topk", 2), "capacity": tiles(2, mode, renorm, **({"seed": 5} if mode in ("sr_f", "nr_s") else {}))}
    together["tile_nearest_all"] = {"policy": ("topk", E), "capacity": tiles(2)}
    return alone, {name: (SIGMOID, {**on_logits, **args}) for name, args in together.items()}


def undefined(row):
    return any(map(math.isnan, row))


def rows_of(z, score, args):
    """What the interpreter gives each unit, with zeros in rows of NaN."""
    if not z:
        return []
    return list(zip(*route([[0.0] * E if undefined(row) else row for row in z], score, **args)))


def for_units(args, count):
    """The arguments for the first units: a table has a row for each."""
    return {**args, "policy": ("table", args["policy"][1][:count])} if args["policy"][0] == "table" else args


def near(a, b):
    return a == b or abs(a - b) <= 4e-6 * max(1.0, abs(b))


def path(name, score, args, competes):
    case = route_case(f"corners_{name}", CORNERS["some"], score, check=lambda results: None, **args)
    case.more = [{key: Tensor(z if key == "z" else tensor.data[:len(z)], tensor.element, dynamic=True, shape=[len(z), *tensor.shape[1:]]) for key, tensor in case.args.items()}
                 for corner, z in CORNERS.items() if corner != "some"]

    def check(results):
        each = len(case.results)
        for number, (corner, z) in enumerate(CORNERS.items()):
            ids, weights, *carried = results[number * each:(number + 1) * each]
            assert len(ids) == len(z), f"{corner}: {len(ids)} rows for {len(z)} units"
            for row in ids:
                used = [e for e in row if e >= 0]
                assert all(-1 <= e < E for e in row) and len(set(used)) == len(used), f"{corner}: ids {row}"
            # Which of several assignments of one worth is taken, is open.
            if competes and (corner in ("nan", "all_nan") or name == "balanced" and corner != "some"):
                continue
            for u, (got, wanted) in enumerate(zip(zip(ids, weights, *([c] for c in carried)), rows_of(z, score, for_units(args, len(z))))):
                if undefined(z[u]):
                    continue
                assert got[0] == list(wanted[0]) and all(map(near, got[1], wanted[1])), f"{corner}, unit {u}: {got[0]} {got[1]}, expected {wanted[0]} {wanted[1]}"
                assert not carried or near(carried[0][u], wanted[2]), f"{corner}, unit {u} carries {carried[0][u]}, expected {wanted[2]}"
    case.check = check
    return case


def encodings(name, score, args, slots):
    """The same entries where the route makes its plan in another encoding."""
    kept = route_case("unused", CORNERS["some"], score, **args)
    for encoding in ("csr", "grouped", "buckets", "dense"):
        plan, types = encoded(encoding, E), TYPES[encoding](E, 0)
        text = kept.body.splitlines()[0].replace(encoded("slots", E, slots), plan)
        text += f"\n  %t:{len(types)} = moe.unpack_plan %p : {plan} -> {', '.join(types)}\n"
        case = Case(f"corners_{name}_{encoding}", kept.args, text, [(f"%t#{i}", t) for i, t in enumerate(types)], None)
        corners = {corner: z for corner, z in CORNERS.items() if not any(map(undefined, z))}
        case.more = [{"z": Tensor(z, dynamic=True, shape=[len(z), E])} for corner, z in corners.items() if corner != "some"]

        def check(results, case=case, encoding=encoding, corners=corners):
            each = len(case.results)
            for number, (corner, z) in enumerate(corners.items()):
                assignment = [[(j, e, w) for j, (e, w) in enumerate(zip(*row[:2])) if e >= 0] for row in rows_of(z, score, args)]
                wanted = parts(renumbered(assignment, encoding, slots, False), encoding, E)
                flat = lambda tensor: [v for row in tensor for v in (row if isinstance(row, list) else [row])]
                for got, expected in zip(results[number * each:(number + 1) * each], wanted, strict=True):
                    assert len(got) == len(expected) and len(flat(got)) == len(flat(expected)) and all(map(near, flat(got), flat(expected))), f"{corner}: {got}, expected {expected}"
        case.check = check
        yield case


def kernels():
    """Of those by which units do not compete, the ones that convert-route-to-vector has a kernel for."""
    alone, _ = policies()
    return [path(name, *alone[name], False) for name in ("topk", "topk_of_scores", "topk_all", "filtered")]


def corners():
    alone, together = policies()
    cases = [path(name, score, args, False) for name, (score, args) in alone.items()] + [path(name, score, args, True) for name, (score, args) in together.items()]
    for name, slots in (("topk", 2), ("threshold", E)):
        cases += encodings(name, *alone[name], slots)
    cases += encodings("choice_major_zero_2", *together["choice_major_zero_2"], 2)
    return cases
