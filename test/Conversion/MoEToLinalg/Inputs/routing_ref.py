"""The routing specification's interpreter (2.2 to 2.7, 2.12): every policy, every shaping of counts, soft routing and product keys, unit by unit, in plain Python.

Attributes are keyword arguments named as in the assembly; matrices are lists of rows. Each stage is a function of lists, so that a test may look at any of
them. A list of entries is a list of ids with -1 in empty slots.
"""
import itertools
import math

from reference import NEG, ROUND, score, softmax

MASK = (1 << 64) - 1


def per_unit(operand, u):
    return operand[u] if operand and isinstance(operand[0], list) else operand


# Selection (2.4).


def ordered(keys, ids):
    """Candidates in the order relation, those of key −∞ left out."""
    return sorted((e for e in ids if keys[e] > NEG), key=lambda e: (-keys[e], e))


def group_filter(keys, groups, keep, sum_top=0, fill="neginf"):
    size = len(keys) // groups
    def value(g):
        best = sorted(keys[g * size:(g + 1) * size], reverse=True)
        return sum(best[:sum_top]) if sum_top else best[0]
    kept = sorted(range(groups), key=lambda g: (-value(g), g))[:keep]
    return [k if e // size in kept else (NEG if fill == "neginf" else 0.0) for e, k in enumerate(keys)]


def pad(ids, slots):
    return ids + [-1] * (slots - len(ids))


def topp(keys, p, kmax, include):
    taken, total = [], 0.0
    for e in ordered(keys, range(len(keys))):
        if taken and not (total < p if include else total + keys[e] <= p):
            break
        taken.append(e)
        total += keys[e]
    return pad(taken[:kmax], kmax)


def threshold(keys, limits, kmax, include):
    limits = limits if isinstance(limits, list) else [limits] * len(keys)
    return pad([e for e in ordered(keys, range(len(keys))) if keys[e] > limits[e] or (include and keys[e] == limits[e])][:kmax], kmax)


def sparsemixer(keys, eps, k):
    """Ids and weights of the picks: a softmax over the rest, as far as it is near the best."""
    left, ids, weights = ordered(keys, range(len(keys))), [], []
    for _ in range(k):
        if not left:
            ids.append(-1)
            weights.append(0.0)
            continue
        best = keys[left[0]]
        size = lambda e: max(abs(keys[e]), best)
        near = [e for e in left if not (size(e) != 0 and (best - keys[e]) / size(e) > 2 * eps)]
        ids.append(left[0])
        weights.append(softmax([keys[e] for e in near])[near.index(left[0])])
        left = left[1:]
    return ids, weights


def expert_topc(keys, units, count):
    """For the units of a part: which experts took them."""
    experts = len(keys[0]) if keys else 0
    took = {u: [] for u in units}
    for e in range(experts):
        for u in sorted((u for u in units if keys[u][e] > NEG), key=lambda u: (-keys[u][e], u))[:count]:
            took[u].append(e)
    return took


def greedy_assign(keys, units, order, counts):
    got = {}
    for e, count in zip(order, counts):
        for u in sorted((u for u in units if u not in got and keys[u][e] > NEG), key=lambda u: (-keys[u][e], u))[:count]:
            got[u] = [e]
    return got


def balanced_assign(keys, units, experts):
    """Brute force: of all assignments with at most ⌈U/E⌉ units per expert one with as few forbidden entries as possible, then of the largest sum."""
    size = -(-len(units) // experts) if units else 0
    best, found = None, {}
    for experts_of in itertools.product(range(experts), repeat=len(units)):
        if any(experts_of.count(e) > size for e in set(experts_of)):
            continue
        chosen = [keys[u][e] for u, e in zip(units, experts_of)]
        value = (-sum(k == NEG for k in chosen), sum(k for k in chosen if k > NEG))
        if best is None or value > best:
            best, found = value, dict(zip(units, experts_of))
    return {u: [e if keys[u][e] > NEG else -1] for u, e in found.items()}


# Counts (2.6).


def count_of(count, units, experts, k):
    """`count`: a number, or the fields of a factor."""
    if isinstance(count, int):
        return count
    mult, rounding = count.get("mult", "one"), count.get("round", "ceil")
    exact = ROUND[count.get("dtype", "f64")]
    if count.get("share", "exact") == "ceil":
        value = exact(float(-(-units // experts)))
        value = exact(value * k) if mult == "k" else value
    else:
        value = exact(exact(float(units * k if mult == "k" else units)) / experts)
    value = exact(value * exact(count["factor"]))
    value = {"ceil": math.ceil, "floor": math.floor, "trunc": math.trunc, "nearest": round}[rounding](value)
    value *= k if mult == "k_after" else 1
    multiple = count.get("multiple_of", 1)
    value = max(-(-value // multiple) * multiple, count.get("min", 0))
    return min(value, units) if count.get("max") else value


def mark(seed, number):
    """splitmix64."""
    x = (seed + 0x9E3779B97F4A7C15 * (number + 1)) & MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
    return x ^ (x >> 31)


def limit(ids, units, places, priority, seed, keys, scores, weights, reroute):
    """Drops or moves, in place, the entries of `units` that find no place."""
    slots = len(ids[units[0]]) if units else 0
    entries = [(u, j) for u in units for j in range(slots) if ids[u][j] >= 0]
    rank = {
        "unit_major": lambda u, j: (u, j),
        "choice_major": lambda u, j: (j, u),
        "bpr": lambda u, j: (j, -max(scores[u]), u),
        "key_desc": lambda u, j: (-keys[u][ids[u][j]], u, j),
        "weight_desc": lambda u, j: (-weights[u][j], u, j),
        "random": lambda u, j: (-mark(seed, u * slots + j), u, j)}[priority]
    holders = {}
    for u, j in sorted(entries, key=lambda entry: rank(*entry)):
        e = ids[u][j]
        if holders.get(e, 0) >= places:
            free = [o for o in ordered(keys[u], range(len(keys[u]))) if holders.get(o, 0) < places and o not in ids[u]] if reroute else []
            e = ids[u][j] = free[0] if free else -1
        if e >= 0:
            holders[e] = holders.get(e, 0) + 1


def rounded_count(n, tile, mode, seed, e, scores, most, balance):
    """`scores`: of the units in the expert's order, members first."""
    lo, rest = n - n % tile, n % tile
    hi = lo + tile
    if rest == 0:
        return n
    chance = (mark(seed, e) >> 11) * 2.0**-53
    rises = {
        "nearest": lambda: hi - n < n - lo, "up": lambda: True, "down": lambda: False, "sr_f": lambda: chance < rest / tile,
        "nr_s": lambda: chance * (sum(scores[:hi]) - sum(scores[:lo])) < sum(scores[:n]) - sum(scores[:lo]),
        "balance_f": lambda: abs(hi - n + balance) < abs(lo - n + balance)}[mode]()
    return hi if rises and hi <= most else lo


def tile_round(ids, units, experts, tile, mode, seed, keys, scores):
    """The experts of each unit after rounding, as sets."""
    members = {u: {e for e in ids[u] if e >= 0} for u in units}
    balance = 0
    for e in range(experts):
        order = sorted(units, key=lambda u: (e not in members[u], -keys[u][e], u))
        n = sum(e in members[u] for u in units)
        kept = rounded_count(n, tile, mode, seed, e, [scores[u][e] for u in order], len(units), balance)
        balance += kept - n
        for rank, u in enumerate(order):
            members[u].discard(e)
            if rank < kept and keys[u][e] > NEG:
                members[u].add(e)
    return members


def parts_of(domain, units):
    """The units of each part of a domain: None, ("blocks", n) or ("segments", offsets)."""
    if domain is None:
        return [list(range(units))]
    if domain[0] == "blocks":
        return [list(range(i, min(i + domain[1], units))) for i in range(0, units, domain[1])]
    return [list(range(a, b)) for a, b in zip(domain[1], domain[1][1:])]


# Weights (2.5).


def normalise(raw, live, norm, eps, clamp, p):
    """The weights of the live slots."""
    w = {j: raw[j] for j in live}
    if norm == "softmax":
        return dict(zip(w, softmax(list(w.values()))))
    if norm == "sum":
        total = max(sum(w.values()), eps) if clamp else sum(w.values()) + eps
    else:
        total = sum(abs(v)**p for v in w.values())**(1 / p)
    return {j: v / total if total else 0.0 for j, v in w.items()}


def route(z, score_args, policy=("topk", 2), key="scores", key_dtype="f32", fallback=None, key_offset=None, allow=None, filter_args=None, source="scores",
          weight_source=None, zero=(), exclude=(), norm=None, eps=0.0, clamp=False, p=1.0, min_k=1, when="before", scale=1.0, expert_scale=None, dtype="f32",
          always=0, always_weights=None, kmax=None, boundary=None, count=None, order=(), counts=(), capacity=None, domain=None):
    """Ids and weights, one row of each per unit, and what each unit carries."""
    units, scores = len(z), score(z, **score_args)
    experts = len(z[0]) if z else 0
    unfiltered, keys = [], []
    for u, (row, s) in enumerate(zip(z, scores)):
        own = list(s if key == "scores" else row)
        if key_offset:
            own = [k + o for k, o in zip(own, per_unit(key_offset, u))]
        allowed = per_unit(allow, u) if allow else [True] * experts
        unfiltered.append([ROUND[key_dtype](k) if a else NEG for k, a in zip(own, allowed)])
        filtered = group_filter(unfiltered[-1], **filter_args) if filter_args else unfiltered[-1]
        keys.append([k if a else NEG for k, a in zip(filtered, allowed)])

    name, own_weights, ids = policy[0], None, []
    for u in range(units):
        if name == "topk":
            chosen = pad(ordered(keys[u], range(experts))[:policy[1]], policy[1])
        elif name == "topk_per_group":
            size = experts // policy[1]
            chosen = [e for g in range(policy[1]) for e in pad(ordered(keys[u], range(g * size, (g + 1) * size))[:policy[2]], policy[2])]
        elif name == "all":
            chosen = [e if keys[u][e] > NEG else -1 for e in range(experts)]
        elif name == "topp":
            chosen = topp(keys[u], policy[1], kmax or experts, boundary != "exclude")
        elif name == "threshold":
            chosen = threshold(keys[u], policy[1], kmax or experts, boundary == "include")
        elif name == "table":
            chosen = list(policy[1][u])
        elif name == "sparsemixer":
            chosen, picked = sparsemixer(keys[u], policy[1], policy[2])
            own_weights = (own_weights or []) + [picked]
        else:
            chosen = []
        if fallback and all(e < 0 for e in chosen):
            wanted = len(chosen) if fallback == "all" else 1
            chosen[:wanted] = pad(ordered(unfiltered[u], range(experts))[:wanted], wanted)
        ids.append(chosen)
    slots = len(ids[0]) if ids else 0
    for part in parts_of(domain, units):
        if name == "expert_topc":
            slots = experts
            for u, took in expert_topc(keys, part, count_of(count, len(part), experts, experts)).items():
                ids[u] = pad(took, experts)
        if name == "greedy_assign":
            slots = 1
            got = greedy_assign(keys, part, order, counts)
            for u in part:
                ids[u] = got.get(u, [-1])

        if name == "balanced_assign":
            slots = 1
            got = balanced_assign(keys, part, experts)
            for u in part:
                ids[u] = got[u]

    def weigh(u, chosen, listed):
        raw_of = {"scores": scores[u], "logits": z[u], "key": keys[u], "one": [1.0] * experts, "operand": weight_source[u] if weight_source else None}
        raw = own_weights[u] if source == "policy" else [raw_of[source][e] for e in chosen]
        live = [j for j, e in enumerate(chosen) if e >= 0 and e not in zero and e not in exclude]
        w = {j: raw[j] for j in live}
        if norm and sum(e >= 0 for e in listed) >= min_k and live:
            w = normalise(raw, live, norm, eps, clamp, p)
        return [w[j] * scale * (expert_scale[e] if expert_scale else 1.0) if j in w else 0.0 for j, e in enumerate(chosen)]

    rounding = ROUND[dtype]
    weights = [[rounding(w) for w in weigh(u, ids[u], ids[u])] for u in range(units)]
    carried = [0.0] * units
    if capacity and capacity["kind"] == "limit":
        listed, reroute = [list(row) for row in ids], capacity["overflow"] == "reroute"
        for part in parts_of(domain, units):
            places = count_of(capacity["count"], len(part), experts, slots)
            limit(ids, part, places, capacity["priority"], capacity.get("seed", 0), keys, scores, weights, reroute)
        for u in range(units):
            if capacity["overflow"] == "identity":
                carried[u] = rounding(sum(w for w, e, now in zip(weights[u], listed[u], ids[u]) if e >= 0 and now < 0))
            if when == "after" or reroute:
                weights[u] = [rounding(w) for w in weigh(u, ids[u], listed[u])]
            else:
                weights[u] = [w if e >= 0 else 0.0 for w, e in zip(weights[u], ids[u])]
    if capacity and capacity["kind"] == "tile_round":
        for part in parts_of(domain, units):
            members = tile_round(ids, part, experts, capacity["tile"], capacity["mode"], capacity.get("seed", 0), keys, scores)
            for u in part:
                first = [e for e in ids[u] if e >= 0]
                row = [e if e in members[u] else -1 for e in ids[u]] + sorted(members[u] - set(first))
                total = {"none": lambda e: 1.0, "tc_set": lambda e: sum(scores[u][o] for o in first) if e in first else 1.0,
                         "selected_set": lambda e: sum(scores[u][o] for o in members[u])}[capacity["renorm"]]
                factor = lambda e: scale * (expert_scale[e] if expert_scale else 1.0)
                weights[u] = [rounding(scores[u][e] / total(e) * factor(e)) if e >= 0 and total(e) else 0.0 for e in pad(row, experts)]
                ids[u] = pad(row, experts)
    for u in range(units):
        ids[u] = ids[u] + [experts + a for a in range(always)]
        weights[u] = weights[u] + [rounding(w) for w in (always_weights[u] if always_weights else [1.0] * always)]
    return ids, weights, carried


def soft_slots(z, domain):
    """Dispatch and combine of soft routing (2.12): columns sum to 1 over each part of the domain, rows over the columns."""
    dispatch = [[0.0] * len(z[0]) for _ in z] if z else []
    for part in parts_of(domain, len(z)):
        for column in range(len(z[0]) if z else 0):
            for u, v in zip(part, softmax([z[u][column] for u in part]) if part else []):
                dispatch[u][column] = v
    return dispatch, [softmax(row) for row in z]


# Product keys (2.2).


def best(values, k):
    """The k first in the order relation; −∞ and NaN are none."""
    ids = [i for i, v in enumerate(values) if v > NEG]
    return sorted(ids, key=lambda i: (-values[i], i))[:k]


def outer_sum(a, b, element):
    return [[ROUND[element](ROUND["f32"](p + q)) for p in row for q in column] for row, column in zip(a, b)]


def tucker(rows, columns, core, left, right, k, element):
    """All n*m logits of each unit, −∞ where the pair is no candidate."""
    units = []
    for row, column in zip(rows, columns):
        mix = lambda vector, axis: [sum(v * axis[p][i] for p, v in enumerate(vector)) for i in range(len(axis[0]))]
        at = [(i, j) for i in best(mix(left, row), k) for j in best(mix(right, column), k)]
        z = [NEG] * (len(row[0]) * len(column[0]))
        for i, j in at:
            z[i * len(column[0]) + j] = ROUND[element](sum(c * row[p][i] * column[q][j] for p, cs in enumerate(core) for q, c in enumerate(cs)))
        units.append(z)
    return units
