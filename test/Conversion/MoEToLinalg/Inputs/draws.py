"""At least 10,000 random draws of every policy (MOE_DRAWS: another number), of random shapes, through the compiled route and two oracles: the interpreter
(routing_ref.py) and the published formulas (published.py).

A draw is one unit where units do not compete, else one part of a domain. Logits are multiples of 1/64, so that keys are equal or far apart (specification,
2.15); what a policy compares beyond them (sums of keys, softmaxes of several units) is drawn again where it is neither. Some rows tie, some have one expert ahead, some
are −∞ in part or throughout, some are NaN: those must give ids in range, and leave the others' results as they are.

Every case runs its function several times: on everything, then on parts of the units, on none, in another order. What depends on one unit alone must not change a bit.
"""
import itertools
import math
import os
import random

from harness import Case, Tensor, close
from lazy import lazy_case
from plans import expand_case, random_assignment, remap_case
import published
from routes import route_case
from routing_ref import parts_of, route, soft_slots

INF, NAN = math.inf, math.nan
DRAWS = int(os.environ.get("MOE_DRAWS", 10000))
IDENTITY, SOFTMAX, SIGMOID, RELU = {"fn": "identity"}, {"fn": "softmax"}, {"fn": "sigmoid"}, {"fn": "relu"}
SQRTSOFTPLUS = {"fn": "sqrtsoftplus"}
LOGITS = {"key": "logits", "source": "logits"}


def undefined(rows):
    return any(math.isnan(v) for row in rows for v in row)


def near(values):
    """True where two values are neither equal nor clearly apart."""
    values = sorted(v for v in values if v > -INF)
    return any(a != b and b - a < 1e-5 for a, b in zip(values, values[1:]))


def grid(generator, experts, infinite):
    """A row of logits of one of the kinds above."""
    kind = generator.choices(["distinct", "few", "equal", "hot", "masked", "none", "nan"], [50, 25, 4, 6, 7, 3, 5])[0]
    row = [v / 64 for v in generator.sample(range(-192, 192), experts)]
    if kind == "few":
        row = [generator.choice((-1.0, 0.25, 0.5)) for _ in row]
    elif kind == "equal":
        row = [0.75] * experts
    elif kind == "hot":
        row[experts // 2] = 6.0
    elif kind == "masked" and infinite:
        row = [-INF if generator.random() < 0.4 else v for v in row]
    elif kind == "none" and infinite:
        row = [-INF] * experts
    elif kind == "nan":
        row = [NAN if generator.random() < 0.4 else v for v in row]
    return row


def shares(row):
    """The sigmoids of a row over their sum; what is no number stays."""
    parts = [v if v == -INF or math.isnan(v) else 1 / (1 + math.exp(-v)) for v in row]
    total = sum(v for v in parts if v >= 0)
    return [v / total if v >= 0 else v for v in parts]


class Config:
    """One shape and attributes of a policy.

    `second(rows, units, places)`: lists of (id, weight) of the units of one part, by a published formula; `units` number them among all that are drawn, `places` in the
    call. `doubt(row, unit)`, and `doubts(rows)` for a part: True where a comparison would be a matter of rounding. `infinite`: whether logits may be −∞. `given(row)`: the
    logits where they are not those that are drawn."""

    def __init__(self, experts, score, args, second, doubt=None, doubts=None, infinite=True, tolerance=4e-6, given=list):
        self.experts, self.score, self.args, self.second, self.doubt, self.doubts = experts, score, args, second, doubt, doubts
        self.infinite, self.tolerance, self.given = infinite, tolerance, given

    def rows(self, generator, units):
        while True:
            rows = [self.row(generator, u) for u in units]
            if not self.doubts or not self.doubts([row for row in rows if not undefined([row])]):
                return rows

    def row(self, generator, unit):
        while True:
            row = self.given(grid(generator, self.experts, self.infinite))
            if not self.doubt or undefined([row]) or not self.doubt(row, unit):
                return row


def alone(method):
    """A published formula of one row, for units by themselves."""
    return lambda rows, units, places: [method(row, u) for row, u in zip(rows, units)]


def multiples(generator, count, least=-64, most=64):
    return [generator.randrange(least, most) / 64 for _ in range(count)]


# Configurations. Each function draws those of one policy, for `units` units.


def topk(g, units):
    shape = lambda: (lambda e: (e, g.randint(1, e)))(g.randint(2, 12))
    for experts, k in ((1, 1), (7, 7), shape()):
        yield Config(experts, SOFTMAX, {"policy": ("topk", k), "norm": "sum"}, alone(lambda z, u, k=k: published.mixtral(z, k)))
    for experts, k in ((5, 5), shape()):
        allow = [[g.random() < 0.7 for _ in range(experts)] for _ in range(units)]
        yield Config(experts, SOFTMAX, {"policy": ("topk", k), "allow": allow}, alone(lambda z, u, k=k, a=allow: published.olmoe(z, k, a[u])))
    for experts, k in ((6, 6), shape()):
        yield Config(experts, IDENTITY, {"policy": ("topk", k), "norm": "softmax", **LOGITS}, alone(lambda z, u, k=k: published.gpt_oss(z, k)))
    experts, k = shape()
    scale = multiples(g, experts, 1)
    yield Config(experts, IDENTITY, {"policy": ("topk", k), "norm": "softmax", "expert_scale": scale, **LOGITS}, alone(lambda z, u, k=k, s=scale: published.gemma4(z, k, s)))
    for p in (1, 2):
        experts, k = shape()
        yield Config(experts, SOFTMAX, {"policy": ("topk", k), "norm": "pnorm", "p": p}, alone(lambda z, u, k=k, p=p: published.dbrx(z, k, p)))
    for score, method, fields in ((SOFTMAX, published.ernie, {"eps": 1e-12, "clamp": True}), (SIGMOID, lambda z, b, k: published.lfm2(z, b, k, 1e-6), {"eps": 1e-6}),
                                  (SQRTSOFTPLUS, lambda z, b, k: published.deepseek_v4(z, b, k, 1.5), {"eps": 1e-20, "scale": 1.5})):
        experts, k = shape()
        bias, s = multiples(g, experts), {"softmax": published.softmax, "sigmoid": published.sigmoid, "sqrtsoftplus": published.sqrt_softplus}[score["fn"]]
        yield Config(experts, score, {"policy": ("topk", k), "key_offset": bias, "norm": "sum", **fields},
                     alone(lambda z, u, m=method, b=bias, k=k: m(z, b, k)), doubt=lambda z, u, s=s, b=bias: near([p + o for p, o in zip(s(z), b)]))
    for fill in ("zero", "neginf"):
        groups, size = g.randint(2, 4), g.randint(2, 4)
        keep = g.randint(1, groups)
        k, value = g.randint(1, keep * size), 0.0 if fill == "zero" else -INF
        grouped = {"groups": groups, "keep": keep, "fill": fill}
        yield Config(groups * size, SOFTMAX, {"policy": ("topk", k), "filter_args": grouped, "scale": 16},
                     alone(lambda z, u, c=(groups, keep, k, 16, value): published.deepseek_v2(z, *c)), tolerance=2e-5)
        bias, best = multiples(g, groups * size), g.randint(1, size)
        def unclear(z, u, bias=bias, groups=groups, size=size, best=best):
            keys = [p + b for p, b in zip(published.sigmoid(z), bias)]
            return near(keys) or near([sum(sorted(keys[i * size:(i + 1) * size])[size - best:]) for i in range(groups)])
        yield Config(groups * size, SIGMOID, {"policy": ("topk", k), "filter_args": {**grouped, "sum_top": best}, "key_offset": bias, "norm": "sum", "eps": 1e-20, "scale": 2.5},
                     alone(lambda z, u, c=(bias, groups, keep, best, k, 2.5, value): published.deepseek_v3(z, *c)), doubt=unclear)
    experts, k = shape()
    yield Config(experts, SIGMOID, {"policy": ("topk", k), "key": "logits"}, alone(lambda z, u, k=k: published.llama4(z, k)))
    for field, method in (("exclude", published.adamoe), ("zero", published.moe_plus_plus)):
        experts, k = shape()
        ids = sorted(g.sample(range(experts), experts // 3))
        yield Config(experts, SOFTMAX, {"policy": ("topk", k), field: ids, "norm": "sum"}, alone(lambda z, u, m=method, ids=ids, k=k: m(z, ids, k)))


def topk_per_group(g, units):
    for full in (True, False, False):
        groups, size = g.randint(2, 4), g.randint(1, 4)
        k = size if full else g.randint(1, size)
        policy = {"policy": ("topk_per_group", groups, k)}
        yield Config(groups * size, SOFTMAX, policy, alone(lambda z, u, c=(groups, k): published.pangu(z, *c)))
        yield Config(groups * size, {"fn": "softmax", "over": "group", "groups": groups}, policy, alone(lambda z, u, c=(groups, k): published.m6t(z, *c)))


def topp(g, units):
    for p, boundary, bounded in itertools.product((0.03, 0.4, 0.75, 1.25), ("include", "exclude"), (False, True)):
        experts = g.randint(2, 10)
        most = g.randint(1, experts) if bounded else None
        allow = [g.random() < 0.7 for _ in range(experts)] if p == 0.75 else None
        def unclear(z, u, p=p, allow=allow):
            s = sorted((v for e, v in enumerate(published.softmax(z)) if not allow or allow[e]), reverse=True)
            return any(abs(sum(s[:n]) - p) < 1e-4 for n in range(len(s) + 1))
        def method(z, u, p=p, most=most, include=boundary == "include", allow=allow):
            return published.dynamic_moe(z, p, most, include, allow)
        args = {"policy": ("topp", p), "boundary": boundary, **({"kmax": most} if bounded else {}), **({"allow": allow} if allow else {})}
        yield Config(experts, SOFTMAX, args, alone(method), doubt=unclear)
        def unclear_share(s, u, p=p, allow=allow):
            order = sorted((v for e, v in enumerate(s) if v > -INF and (not allow or allow[e])), reverse=True)
            return any(abs(sum(order[:n]) - p) < 1e-4 for n in range(len(order) + 1))
        def of_shares(s, u, p=p, most=most, include=boundary == "include", allow=allow):
            row = published.best_that_reach(s, p, most, include, allow)
            return list(zip([e for e, _ in row], published.over([w for _, w in row], sum(w for _, w in row)))) if most else row
        yield Config(experts, IDENTITY, {**args, **({"norm": "sum"} if bounded else {})}, alone(of_shares), doubt=unclear_share, given=shares)


def threshold(g, units):
    for _ in range(2):
        experts = g.randint(1, 10)
        yield Config(experts, RELU, {"policy": ("threshold", 0.0)}, alone(lambda z, u: published.remoe(z)))
        gain = multiples(g, experts, 1)
        yield Config(experts, {"fn": "relu", "post": "rmsnorm", "eps": 1e-6, "gain": gain}, {"policy": ("threshold", 0.0), "key": "logits"},
                     alone(lambda z, u, gain=gain: published.blockffn(z, gain)))
        bounds = [g.uniform(0.1, 0.9) for _ in range(experts)]
        for nobody in ("argmax", "all"):
            yield Config(experts, SIGMOID, {"policy": ("threshold", bounds), "fallback": nobody, "source": "one", "norm": "sum"},
                         alone(lambda z, u, b=bounds, n=nobody: published.dynmoe(z, b, n)),
                         doubt=lambda z, u, b=bounds: any(abs(s - t) < 1e-5 for s, t in zip(published.sigmoid(z), b)))


def all_(g, units):
    for _ in range(2):
        experts = g.randint(1, 10)
        allow = [[g.random() < 0.6 for _ in range(experts)] for _ in range(units)]
        yield Config(experts, SOFTMAX, {"policy": ("all",)}, alone(lambda z, u: published.dense(z)))
        yield Config(experts, SOFTMAX, {"policy": ("all",), "allow": allow}, alone(lambda z, u, a=allow: published.dense(z, a[u])))
        yield Config(experts, {"fn": "entmax15"}, {"policy": ("all",)}, alone(lambda z, u: published.mu_moe(z)), infinite=False, tolerance=2e-5)


def table(g, units):
    for full in (True, False, False):
        experts = g.randint(1, 9)
        slots = experts if full else g.randint(1, experts)
        ids = [[e if g.random() < 0.8 else -1 for e in g.sample(range(experts), slots)] for _ in range(units)]
        yield Config(experts, IDENTITY, {"policy": ("table", ids), "source": "one"}, alone(lambda z, u, ids=ids: published.hash_layer(ids[u])))
        yield Config(experts, SQRTSOFTPLUS, {"policy": ("table", ids), "norm": "sum", "eps": 1e-20, "scale": 1.5},
                     alone(lambda z, u, ids=ids: published.deepseek_v4_hash(z, ids[u], 1.5)))


def sparsemixer(g, units):
    for eps, full in itertools.product((0.01, 0.1, 0.4), (True, False)):
        experts = g.randint(1, 8)
        k = experts if full else g.randint(1, min(experts, 2))
        def unclear(z, u, eps=eps):
            return any(max(abs(v), top) and abs((top - v) / max(abs(v), top) - 2 * eps) < 1e-4 for top in z for v in z if v > -INF and top > -INF)
        yield Config(experts, IDENTITY, {"key": "logits", "source": "policy", "policy": ("sparsemixer", eps, k)},
                     alone(lambda z, u, eps=eps, k=k: published.grin(z, eps, k)), doubt=unclear)


def clear_columns(rows, values):
    """True where two units' values of one expert are a matter of rounding. Equal ones are one only where the rows are, or an expert is the only one."""
    s = [values(row) for row in rows]
    return any(abs(a[e] - b[e]) < 1e-5 and rows[i] != rows[j] and len(rows[i]) > 1 for (i, a), (j, b) in itertools.combinations(enumerate(s), 2) for e in range(len(a)))


def expert_topc(g, units):
    for factor in (None, 2.0, None, 1.25):
        experts = g.randint(1, 6)
        count = g.randint(1, 4) if factor is None else {"factor": factor}
        size = (lambda n, c=count: c) if factor is None else (lambda n, e=experts, f=factor: math.ceil(n * f / e))
        yield Config(experts, SOFTMAX, {"policy": ("expert_topc",), "count": count}, lambda rows, units, places, size=size: published.expert_choice(rows, size(len(rows))),
                     doubts=lambda rows: clear_columns(rows, published.softmax), infinite=False)
        allow = [[g.random() < 0.7 for _ in range(experts)] for _ in range(units)]
        yield Config(experts, SIGMOID, {"policy": ("expert_topc",), "count": count, "allow": allow},
                     lambda rows, units, places, size=size, a=allow: published.moma(rows, size(len(rows)), [a[u] for u in units]))


def greedy_assign(g, units):
    for _ in range(6):
        experts = g.randint(1, 6)
        order = g.sample(range(experts), g.randint(1, experts))
        counts = [g.randint(1, 3) for _ in order]
        yield Config(experts, SOFTMAX, {"policy": ("greedy_assign",), "order": order, "counts": counts},
                     lambda rows, units, places, c=(order, counts): published.mone(rows, *c), doubts=lambda rows: clear_columns(rows, published.softmax), infinite=False)


def limit(g, units, priority, overflow="zero", when="before"):
    """Every published rule of capacity. With `overflow` identity a unit's row ends with what it carries, as the id -2."""
    for _ in range(2):
        experts = g.randint(2, 6)
        k, places, seed = g.randint(1, min(3, experts)), g.randint(1, 4), g.randrange(1000)
        capacity = {"kind": "limit", "count": places, "priority": priority, "overflow": overflow, **({"seed": seed} if priority == "random" else {})}
        args = {"policy": ("topk", k), "capacity": capacity, **({"norm": "sum", "when": when} if when != "raw" else {})}
        choice_major, c = priority == "choice_major", (k, places)
        score, doubts, infinite = SOFTMAX, None, True
        if overflow == "reroute":
            args = {"policy": ("topk", k), "capacity": capacity}
            second = lambda rows, units, at, c=c, m=choice_major: published.no_token_left_behind(rows, *c, m)
        elif overflow == "identity":
            args = {"policy": ("topk", k), "capacity": capacity}
            second = lambda rows, units, at, c=c: [row + [(-2, w)] for row, w in zip(*published.switch(rows, *c, True))]
        elif priority == "unit_major":
            args = {"policy": ("topk", k), "capacity": capacity}
            second = lambda rows, units, at, c=c: published.switch(rows, *c)
        elif priority == "choice_major":
            second = lambda rows, units, at, c=c, when=when: published.gshard(rows, *c, when)
        elif priority == "bpr":
            args = {"policy": ("topk", k), "capacity": capacity}
            second = lambda rows, units, at, c=c: published.v_moe(rows, *c)
            doubts = lambda rows: clear_columns(rows, lambda row: [max(published.softmax(row))])
        elif priority == "key_desc":
            args["when"] = "after"
            second = lambda rows, units, at, c=c: published.deepspeed_probs(rows, *c)
            doubts = lambda rows: clear_columns(rows, published.softmax)
        elif priority == "weight_desc":
            score, infinite = IDENTITY, False
            args = {"policy": ("topk", k), "capacity": capacity, "norm": "softmax", **LOGITS}
            second = lambda rows, units, at, c=c: published.megatron_probs(rows, *c)
            doubts = lambda rows, k=k, n=experts: any(near([w for row in rows for e, w in published.gpt_oss(row, k) if e == expert]) for expert in range(n))
        else:
            marks = published.SplitMix(seed).take(units * k)
            args = {"policy": ("topk", k), "capacity": capacity}
            second = lambda rows, units, at, c=c, m=marks: published.deepspeed_random(rows, *c, [m[u * c[0]:(u + 1) * c[0]] for u in at])
        yield Config(experts, score, args, second, doubts=doubts, infinite=infinite)


def tile_round(g, units, mode, renorm):
    for _ in range(2):
        experts, tile, seed = g.randint(2, 5), g.randint(2, 3), g.randrange(1000)
        k = g.randint(1, experts - 1)
        capacity = {"kind": "tile_round", "tile": tile, "mode": mode, "renorm": renorm, **({"seed": seed} if mode in ("sr_f", "nr_s") else {})}
        marks = [(m >> 11) * 2.0**-53 for m in published.SplitMix(seed).take(experts)]
        yield Config(experts, SIGMOID, {"policy": ("topk", k), "capacity": capacity},
                     lambda rows, units, at, c=(k, tile, mode, renorm, marks): published.sonic_moe(rows, *c), infinite=False)


LIMITS = [("unit_major", "zero"), ("choice_major", "zero", "before"), ("choice_major", "zero", "after"), ("bpr", "zero"), ("key_desc", "zero"), ("weight_desc", "zero"),
          ("random", "zero"), ("unit_major", "identity"), ("unit_major", "reroute"), ("choice_major", "reroute")]
TILES = list(itertools.product(("nearest", "up", "down", "sr_f", "nr_s", "balance_f"), ("none", "tc_set", "selected_set")))


# Running a configuration.


def compare(what, got, wanted, tolerance):
    """Lists of (id, weight), or a set where slots have no order."""
    if isinstance(wanted, set):
        wanted, got = sorted(wanted), sorted(entry for entry in got if entry[0] >= 0)
    assert [e for e, _ in got] == [e for e, _ in wanted] and all(close(a, b, tolerance) for (_, a), (_, b) in zip(got, wanted)), f"{what}: {got} and {wanted}"


def same_bits(a, b):
    return all(e == f and (v == w or v != v and w != w) for (e, v), (f, w) in zip(a, b, strict=True))


def rows_of(tensor, units):
    """An argument for some of the units: where it has a row for each, theirs."""
    if not tensor.type.startswith("tensor<?"):
        return tensor
    return Tensor([tensor.data[u] for u in units], tensor.element, dynamic=True, shape=[len(units), *tensor.shape[1:]])


class Run:
    """The case of a configuration: its function is called for all units, then for `more`: pairs of a list of units and their domain.

    `competes`: units do; then `stable` says whether earlier units keep their entries when later ones of their part are gone, and `changed` collects units that do not."""

    def __init__(self, name, config, z, domain, more, competes, stable, changed):
        self.config, self.z, self.domain, self.competes, self.stable, self.changed = config, z, domain, competes, stable, changed
        self.calls = [(range(len(z)), domain), *more]
        self.args = {**config.args, **({"domain": domain} if domain else {})}
        self.case = route_case(name, z, config.score, check=self.check, tolerance=config.tolerance, **self.args)
        self.case.more = [{key: self.sliced(key, tensor, *call) for key, tensor in self.case.args.items()} for call in more]

    def sliced(self, key, tensor, units, domain):
        return Tensor(domain[1], "i32") if key == "segments" else rows_of(tensor, units)

    def check(self, results):
        count, whole = len(self.case.results), None
        for number, (units, domain) in enumerate(self.calls):
            ids, weights, *carried = results[number * count:(number + 1) * count]
            got = [list(zip(*pair)) + [(-2, v[u]) for v in carried] for u, pair in enumerate(zip(ids, weights))]
            for row in ids:
                used = [e for e in row if e >= 0]
                assert all(-1 <= e < self.config.experts for e in row) and len(set(used)) == len(used), f"ids {row}"
            whole = whole or got
            self.against_oracles(got, units, domain, self.interpreted() if number == 0 else None)
            for place, u in enumerate(units):
                if not self.competes or self.stable:
                    assert same_bits(got[place], whole[u]), f"unit {u} is {got[place]} among some units and {whole[u]} among all"
                elif not same_bits(got[place], whole[u]):
                    self.changed.append(u)

    def interpreted(self):
        """By the interpreter, with zeros where a row is NaN."""
        clean = [[0.0] * len(row) if undefined([row]) else row for row in self.z]
        ids, weights, carried = route(clean, self.config.score, **self.args)
        carries = self.args.get("capacity", {}).get("overflow") == "identity"
        return [list(zip(*row)) + ([(-2, v)] if carries else []) for *row, v in zip(ids, weights, carried)]

    def against_oracles(self, got, units, domain, interpreted):
        for part in parts_of(domain, len(units)):
            rows = [self.z[units[place]] for place in part]
            if self.competes and undefined(rows):
                continue
            wanted = self.config.second([[0.0] * len(row) if undefined([row]) else row for row in rows], [units[place] for place in part], part)
            for place, row, entries in zip(part, rows, wanted, strict=True):
                if undefined([row]):
                    continue
                compare("compiled and formula", got[place], entries, self.config.tolerance)
                if interpreted:
                    compare("compiled and interpreter", got[place], interpreted[place], self.config.tolerance)
                    compare("interpreter and formula", interpreted[place], entries, self.config.tolerance)


def of_units(name, configure):
    """Cases of a policy by which units do not compete: all units, the first of them, the others backwards, one, none."""
    configs = sum(1 for _ in configure(random.Random(name), 1))
    units = -(-DRAWS // configs)
    cut = units * 2 // 3
    generator, cases = random.Random(name), []
    for number, config in enumerate(configure(generator, units)):
        z = [config.row(generator, u) for u in range(units)]
        more = [(range(cut), None), (range(units - 1, cut - 1, -1), None), ([units - 1], None), ([], None)]
        cases.append(Run(f"draws_{name}_{number}", config, z, None, more, False, True, None).case)
    return cases


def of_parts(name, configure, count, most=7, stable=False):
    """Cases of a policy by which units of a part compete: all, all but the last of each part, none; and a few units that are one part. Where no policy is `stable`, some unit
    must change: so the test of those that are can fail."""
    configs = sum(1 for _ in configure(random.Random(name), 1))
    generator, changed, cases = random.Random(name), [], []
    lengths = [generator.choice((0, 1, *range(2, most + 1), *range(2, most + 1))) for _ in range(-(-count // configs))]
    ends = [0, *itertools.accumulate(lengths)]
    shorter = [max(n - 1, 0) for n in lengths]
    but_last = [u for first, n in zip(ends, shorter) for u in range(first, first + n)]
    for number, config in enumerate(configure(generator, ends[-1])):
        z = [row for first, end in zip(ends, ends[1:]) for row in config.rows(generator, range(first, end))]
        more = [(but_last, ("segments", [0, *itertools.accumulate(shorter)])), ([], ("segments", [0] * len(ends)))]
        cases.append(Run(f"draws_{name}_{number}", config, z, ("segments", ends), more, True, stable, changed).case)
        few = config.rows(generator, range(most))
        cases.append(Run(f"draws_{name}_{number}_of_one_part", config, few, None, [(range(n), None) for n in (most - 1, 1, 0)], True, stable, changed).case)

    def last(results, check=cases[-1].check):
        check(results)
        assert stable or changed, "expects a unit whose entries change when a later one goes"
    cases[-1].check = last
    return cases


def balanced_assign(generator):
    """Assignments of a largest sum, which may be several: their worth is compared, and that no expert has more units than others need have."""
    cases = []
    for number, (experts, most) in enumerate(((1, 3), (2, 6), (3, 4), (2, 5), (4, 3), (5, 2))):
        lengths = [generator.randint(0, most) for _ in range(-(-DRAWS // 6))]
        ends = [0, *itertools.accumulate(lengths)]
        z = [[v / 64 for v in generator.sample(range(-192, 192), experts)] if generator.random() < 0.8 else [generator.choice((0.25, 0.5)) for _ in range(experts)]
             for _ in range(ends[-1])]
        allow = [[generator.random() < 0.85 for _ in range(experts)] for _ in z]
        broken = set(generator.sample(range(len(lengths)), len(lengths) // 20))
        args = {"policy": ("balanced_assign",), "key": "logits", "allow": allow, "domain": ("segments", ends)}
        given = list(z)
        for u in (u for part in broken for u in range(ends[part], ends[part + 1])):
            given[u] = [NAN if generator.random() < 0.5 else v for v in z[u]]
        case = route_case(f"draws_balanced_assign_{number}", given, SIGMOID, check=lambda results: None, **args)

        def check(results, experts=experts, ends=ends, z=z, allow=allow, args=args, broken=broken):
            interpreted = route(z, SIGMOID, **args)[0]
            assert all(-1 <= row[0] < experts for row in results[0])
            for part, (first, end) in enumerate(zip(ends, ends[1:])):
                units = range(first, end)
                if part in broken:
                    continue
                auction = published.base_layers([z[u] for u in units], experts, [allow[u] for u in units])
                worth = []
                for ids in ([results[0][u][0] for u in units], [interpreted[u][0] for u in units], auction):
                    assert all(ids.count(e) <= -(-len(units) // experts) for e in range(experts)) and all(e < 0 or allow[u][e] for u, e in zip(units, ids))
                    worth.append((ids.count(-1), sum(z[u][e] for u, e in zip(units, ids) if e >= 0)))
                assert worth[0] == worth[1] == worth[2], f"forbidden entries and sums of keys {worth}: compiled, interpreter, formula"
                for u in units:
                    e, w = results[0][u][0], results[1][u][0]
                    assert close(w, published.sigmoid(z[u])[e] if e >= 0 else 0.0, 4e-6)
        case.check = check
        cases.append(case)
    return cases


def soft(generator):
    """Soft slots: both matrices."""
    cases = []
    for number in range(5):
        experts, size = generator.randint(1, 5), generator.randint(1, 3)
        lengths = [generator.randint(0, 6) for _ in range(-(-DRAWS // 5))]
        ends = [0, *itertools.accumulate(lengths)]
        z = [grid(generator, experts * size, True) for _ in range(ends[-1])]
        case = soft_case(f"draws_soft_{number}", z, experts, size, ends)

        def check(results, z=z, ends=ends):
            first = soft_slots([[0.0] * len(row) if undefined([row]) else row for row in z], ("segments", ends))
            for begin, end in zip(ends, ends[1:]):
                rows = z[begin:end]
                if not rows or undefined(rows):
                    continue
                for got, interpreted, formula in zip(results, first, published.soft_moe(rows)):
                    for u, row in enumerate(formula):
                        for a, b in ((got[begin + u], row), (got[begin + u], interpreted[begin + u]), (interpreted[begin + u], row)):
                            assert all(close(p, q, 4e-6) for p, q in zip(a, b, strict=True)), f"compiled {got[begin + u]}, interpreter {interpreted[begin + u]}, formula {row}"
        case.check = check
        cases.append(case)
    return cases


def soft_case(name, z, experts, size, ends):
    plan, matrix = f"!moe.plan<{experts}, soft<{size}>>", f"tensor<?x{experts * size}xf32>"
    args = {"z": Tensor(z, dynamic=True, shape=[len(z), experts * size]), "s": Tensor(ends, "i32")}
    text = f"  %p = moe.route %z segments(%s : {args['s'].type}) score <identity> select <soft_slots({size}), key = logits> weight <policy> domain <segments>"
    text += f" : {matrix} -> {plan}\n  %t:2 = moe.unpack_plan %p : {plan} -> {matrix}, {matrix}\n"
    return Case(name, args, text, [("%t#0", matrix), ("%t#1", matrix)], None)


def outer_sum(generator):
    """Product keys: against the interpreter and against all sums."""
    cases = []
    for number in range(8):
        n, m = generator.randint(1, 7), generator.randint(1, 7)
        k, units = generator.randint(1, n * m) if number else n * m, -(-DRAWS // 8)
        given = [[grid(generator, width, True) for _ in range(units)] for width in (n, m)]
        broken = {u for u in range(units) if undefined([axis[u] for axis in given])}
        a, b = ([[0.0] * len(row) if u in broken else row for u, row in enumerate(axis)] for axis in given)
        case = lazy_case(f"draws_outer_sum_{number}", a, b, k)
        cases.append(of_keys(case, given, n * m, [published.product_keys(p, q, k) for p, q in zip(a, b)], broken))
    return cases


def tucker(generator):
    """Products of quarters and of multiples of 1/64 are exact: ties on the axes and among the candidates' sums."""
    cases = []
    for number in range(6):
        n, m, rank = generator.randint(1, 6), generator.randint(1, 6), generator.randint(1, 3)
        k, units = generator.randint(1, min(n, m)), -(-DRAWS // 6)
        quarter = lambda: generator.randint(-4, 4) / 4
        core, directions = [[quarter() for _ in range(rank)] for _ in range(rank)], [[quarter() for _ in range(rank)] for _ in range(2)]
        axes = [[[multiples(generator, width) if generator.random() < 0.7 else [quarter() for _ in range(width)] for _ in range(rank)] for _ in range(units)] for width in (n, m)]
        broken = set(generator.sample(range(units), units // 20))
        given = [[[[NAN if u in broken and generator.random() < 0.5 else v for v in row] for row in rows] for u, rows in enumerate(axis)] for axis in axes]
        case = lazy_case(f"draws_tucker_{number}", *axes, k, core, directions)
        cases.append(of_keys(case, given, n * m, [published.ultra_mem(p, q, core, *directions, k) for p, q in zip(*axes)], broken))
    return cases


def of_keys(case, given, experts, wanted, broken):
    """A case of product keys on the axes `given`, for all units, the last backwards, one and none: against the interpreter's results, which are its `expected`, and those of a
    formula. The keys of `broken` units are NaN in part: those must give each expert once, and leave the others as they are."""
    units, interpreted = len(wanted), [list(zip(*row)) for row in zip(*case.expected)]
    calls = [range(units), range(units - 1, units * 2 // 3 - 1, -1), [units - 1], []]
    case.expected = None
    case.args |= {name: Tensor(axis, dynamic=True, shape=case.args[name].shape) for name, axis in zip("ab", given)}
    case.more = [{key: rows_of(tensor, call) for key, tensor in case.args.items()} for call in calls[1:]]

    def check(results):
        whole = None
        for number, call in enumerate(calls):
            ids, weights = results[2 * number:2 * number + 2]
            got = [list(zip(*row)) for row in zip(ids, weights)]
            whole = whole or got
            for row, entries, u in zip(ids, got, call, strict=True):
                used = [e for e in row if e >= 0]
                assert all(-1 <= e < experts for e in row) and len(set(used)) == len(used), f"ids {row}"
                assert same_bits(entries, whole[u]), f"unit {u} is {entries} among some units and {whole[u]} among all"
                if u in broken:
                    continue
                compare("compiled and formula", entries, wanted[u], case.tolerance)
                compare("compiled and interpreter", entries, interpreted[u], case.tolerance)
                compare("interpreter and formula", interpreted[u], wanted[u], case.tolerance)
    case.check = check
    return case


def expand(generator):
    """Units copied to other units, in every encoding: rows of a matrix, chosen. Then a plan for no units, and one of none."""
    cases = []
    for number, encoding in enumerate(("slots", "csr", "grouped", "dense")):
        experts = generator.randint(2, 8)
        slots, units = generator.randint(1, experts), generator.randint(20, 60)
        assignment = random_assignment(number, units, experts, slots)
        unit_of = [generator.randrange(units) for _ in range(-(-DRAWS // 4))]
        case, *others = (expand_case(f"draws_expand_{encoding}", plan, experts, slots, of, encoding, slots if encoding == "slots" else 0)
                         for plan, of in ((assignment, unit_of), (assignment, []), ([], [])))

        def check(results, encoding=encoding, assignment=assignment, unit_of=unit_of, count=len(case.results)):
            got = entries_of(encoding, results[:count], len(unit_of))
            for u, source in enumerate(unit_of):
                assert got[u] == {e: w for _, e, w in assignment[source]}, f"unit {u}: {got[u]} and {assignment[source]}"
        case.check = check
        cases.append(with_calls(case, others))
    return cases


def with_calls(case, others):
    """A case that calls its function with the arguments of `others` too, and expects what they do."""
    case.more = [other.args for other in others]
    case.expected = case.expected + [tensor for other in others for tensor in other.expected]
    return case


def entries_of(encoding, tensors, units):
    """{id: weight} of each unit, read from the tensors of an encoding."""
    if encoding == "slots":
        return [{e: w for e, w in zip(*row) if e >= 0} for row in zip(*tensors)]
    if encoding == "csr":
        return [dict(zip(tensors[1][a:b], tensors[2][a:b])) for a, b in zip(tensors[0], tensors[0][1:])]
    if encoding == "dense":
        return [{e: w for e, (w, there) in enumerate(zip(*row)) if there} for row in zip(*tensors)]
    rows = [{} for _ in range(units)]
    for e, (a, b) in enumerate(zip(tensors[0], tensors[0][1:])):
        for entry in range(a, b):
            rows[tensors[1][entry]][e] = tensors[3][entry]
    return rows


def remap(generator):
    """Renumbering as a product with a 0/1 matrix; then of a plan of no units."""
    cases = []
    for number, (rule, masks) in enumerate(itertools.product(("sum", "max", "first"), (False, True))):
        experts, to = generator.randint(2, 8), generator.randint(1, 6)
        slots, units = generator.randint(1, experts), -(-DRAWS // 6)
        mask = sorted(generator.sample(range(slots), generator.randint(1, slots))) if masks else None
        map_ = [generator.randrange(-1, to) for _ in range(experts)]
        dropped = [e for e in range(experts) if map_[e] < 0]
        assignment = random_assignment(100 + number, units, experts, slots)
        case, none = (remap_case(f"draws_remap_{rule}_{number}", plan, experts, slots, to, rule, map=map_, mask=mask, carry=dropped[:1]) for plan in (assignment, []))

        def check(results, rule=rule, map_=map_, mask=mask, assignment=assignment, carry=dropped[:1], experts=experts):
            for u, (got, entries) in enumerate(zip(entries_of("slots", results[:2], 0), assignment)):
                weights, chosen, first = [0.0] * experts, [False] * experts, [0] * experts
                for j, e, w in entries:
                    weights[e], chosen[e], first[e] = w, mask is None or j in mask, j
                wanted = published.remapped(weights, chosen, map_, rule, first)
                assert got == wanted, f"unit {u}: {got} and {wanted}"
                assert not carry or results[2][u] == weights[carry[0]]
        case.check = check
        cases.append(with_calls(case, [none]))
    return cases


def draws(name):
    """The cases of one policy, of all capacities of a kind, or of an op on plans."""
    units = {"topk": topk, "topk_per_group": topk_per_group, "topp": topp, "threshold": threshold, "all": all_, "table": table, "sparsemixer": sparsemixer}
    parts = {"expert_topc": expert_topc, "greedy_assign": greedy_assign}
    capacities = {"limit": (limit, LIMITS), "tile_round": (tile_round, TILES)}
    if name in units:
        return of_units(name, units[name])
    if name in parts:
        return of_parts(name, parts[name], DRAWS)
    if name in capacities:
        configure, values = capacities[name]
        return [case for value in values
                for case in of_parts("_".join([name, *value]), lambda g, units: configure(g, units, *value), 2 * DRAWS // len(values), stable=value[0] == "unit_major")]
    others = {"balanced_assign": balanced_assign, "soft_slots": soft, "outer_sum": outer_sum, "tucker": tucker, "expand": expand, "remap": remap}
    return others[name](random.Random(name))
