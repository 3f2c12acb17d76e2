"""Routes as their authors published them: a second oracle, which shares no line with the first (routing_ref.py).

One function per method, from the formula or the reference code that its docstring names, in binary64. Where a repository is named, the function was read against its code;
routers of models that transformers has are held against its modules by utils/moe-gen/compare.py, and these against them by formulas.py. A unit's result is a list of (id, weight) in the order of
its slots, with (-1, 0.0) in an empty one; functions of several units get the rows of one domain and give a list per unit. What publications leave open is
decided as the specification does: the lower id or unit wins a tie, a key of −∞ is never taken, a quotient by 0 is 0.
"""
import math

INF = math.inf
EMPTY = (-1, 0.0)


# Scores. Each in another form than the interpreter's.


def softmax(z):
    return [0.0 if v == -INF else 1 / sum(math.exp(o - v) for o in z) for v in z]


def sigmoid(z):
    return [(1 + math.tanh(v / 2)) / 2 for v in z]


def sqrt_softplus(z):
    return [math.log1p(math.exp(v))**0.5 for v in z]


def relu(z):
    return [v if v > 0 else 0.0 for v in z]


def entmax15(z):
    """Peters, Niculae and Martins 2019, "Sparse sequence-to-sequence models", algorithm 1: the largest support whose threshold lies below its members."""
    x = sorted((v / 2 for v in z), reverse=True)
    for size in range(len(x), 0, -1):
        mean = sum(x[:size]) / size
        spread = sum((v - mean)**2 for v in x[:size])
        if spread <= 1:
            bound = mean - math.sqrt((1 - spread) / size)
            if bound <= x[size - 1]:
                return [(v / 2 - bound)**2 if v / 2 > bound else 0.0 for v in z]
    raise AssertionError("no support")


def rms_norm(s, gain, eps=1e-6):
    factor = (sum(v * v for v in s) / len(s) + eps)**-0.5
    return [v * factor * g for v, g in zip(s, gain)]


# The order relation, by counting who comes first.


def ranked(keys):
    """The candidates, each where as many stand before it as precede it: a larger key, or the same key and a lower number."""
    candidates = [e for e, key in enumerate(keys) if key != -INF]
    at = {sum(keys[o] > keys[e] or (keys[o] == keys[e] and o < e) for o in candidates): e for e in candidates}
    return [at[rank] for rank in range(len(at))]


def listed(ids, weights, slots):
    row = list(zip(ids, weights))[:slots]
    return row + [EMPTY] * (slots - len(row))


def over(values, total):
    return [v / total if total else 0.0 for v in values]


def masked(keys, allow):
    return [k if a else -INF for k, a in zip(keys, allow)] if allow else keys


# Each unit takes k experts.


def mixtral(z, k):
    """Jiang et al. 2024, and the code of transformers: softmax over all, top k, divided by their sum."""
    p = softmax(z)
    ids = ranked(p)[:k]
    return listed(ids, over([p[e] for e in ids], sum(p[e] for e in ids)), k)


def olmoe(z, k, allow=None):
    """Muennighoff et al. 2024 (norm_topk_prob = false): the softmax over all, as it is. `allow` prunes experts without changing the softmax."""
    p = softmax(z)
    ids = ranked(masked(p, allow))[:k]
    return listed(ids, [p[e] for e in ids], k)


def gpt_oss(z, k):
    """OpenAI 2025, as Granite and JetMoE: a softmax over the k logits that are selected."""
    ids = ranked(z)[:k]
    return listed(ids, softmax([z[e] for e in ids]), k)


def gemma4(z, k, expert_scale):
    return [(e, w * expert_scale[e]) if e >= 0 else EMPTY for e, w in gpt_oss(z, k)]


def dbrx(z, k, p):
    """Databricks 2024: the softmax, top k, divided by the p-norm of what is selected."""
    s = softmax(z)
    ids = ranked(s)[:k]
    return listed(ids, over([s[e] for e in ids], sum(s[e]**p for e in ids)**(1 / p)), k)


def ernie(z, bias, k):
    """Baidu 2025, ERNIE 4.5: selected with a bias, weighed without, the divisor no less than 1e-12."""
    s = softmax(z)
    ids = ranked([p + b for p, b in zip(s, bias)])[:k]
    return listed(ids, over([s[e] for e in ids], max(sum(s[e] for e in ids), 1e-12)), k)


def lfm2(z, bias, k, eps):
    """Liquid AI 2025: as above by a sigmoid, with eps added to the divisor."""
    s = sigmoid(z)
    ids = ranked([p + b for p, b in zip(s, bias)])[:k]
    return listed(ids, over([s[e] for e in ids], sum(s[e] for e in ids) + eps), k)


def kept_groups(keys, groups, keep, value, fill):
    size = len(keys) // groups
    cut = [keys[g * size:(g + 1) * size] for g in range(groups)]
    best = ranked_groups([value(part) for part in cut])[:keep]
    return [key if g in best else fill for g, part in enumerate(cut) for key in part]


def ranked_groups(values):
    """As `ranked`, but groups of −∞ are groups too."""
    at = {sum(values[o] > values[g] or (values[o] == values[g] and o < g) for o in range(len(values))): g for g in range(len(values))}
    return [at[rank] for rank in range(len(at))]


def deepseek_v2(z, groups, keep, k, scale, fill):
    """DeepSeek-AI 2024a, group_limited_greedy: groups by their best score; `fill` is 0 in the published code."""
    s = softmax(z)
    ids = ranked(kept_groups(s, groups, keep, max, fill))[:k]
    return listed(ids, [s[e] * scale for e in ids], k)


def deepseek_v3(z, bias, groups, keep, best, k, scale, fill):
    """DeepSeek-AI 2024b, noaux_tc: sigmoids with a bias, groups by the sum of their `best` largest, weights without the bias, 1e-20 in the divisor. The authors fill
    with −∞, the port of transformers with 0."""
    s = sigmoid(z)
    keys = kept_groups([p + b for p, b in zip(s, bias)], groups, keep, lambda part: sum(sorted(part)[len(part) - best:]), fill)
    ids = ranked(keys)[:k]
    return listed(ids, [w * scale for w in over([s[e] for e in ids], sum(s[e] for e in ids) + 1e-20)], k)


def deepseek_v4(z, bias, k, scale):
    s = sqrt_softplus(z)
    ids = ranked([p + b for p, b in zip(s, bias)])[:k]
    return listed(ids, [w * scale for w in over([s[e] for e in ids], sum(s[e] for e in ids) + 1e-20)], k)


def llama4(z, k):
    """Meta 2025: the best logits, each weighed by its own sigmoid."""
    ids = ranked(z)[:k]
    return listed(ids, sigmoid([z[e] for e in ids]), k)


def adamoe(z, nulls, k):
    """Zeng et al. 2024 (CengZihao/AdaMoE, adaptive_moe_utils.py): null experts are selected like others and have no part in the division. The code leaves them a weight, which
    nothing reads."""
    p = softmax(z)
    ids = ranked(p)[:k]
    total = sum(p[e] for e in ids if e not in nulls)
    return listed(ids, [0.0 if e in nulls or not total else p[e] / total for e in ids], k)


def moe_plus_plus(z, zeros, k):
    """Jin et al. 2024 (SkyworkAI/MoE-plus-plus, moe_plus_plus_layer.py): the weight of a zero expert becomes 0 before the division."""
    p = [0.0 if e in zeros else v for e, v in enumerate(softmax(z))]
    ids = ranked(softmax(z))[:k]
    return listed(ids, over([p[e] for e in ids], sum(p[e] for e in ids)), k)


def pangu(z, groups, k):
    """Tang et al. 2025, mixture of grouped experts: a softmax over all, the k best of every group."""
    p, size = softmax(z), len(z) // groups
    row = []
    for first in range(0, len(z), size):
        ids = [first + e for e in ranked(p[first:first + size])[:k]]
        row += listed(ids, [p[e] for e in ids], k)
    return row


def m6t(z, groups, k):
    """Yang et al. 2021, expert prototyping: every prototype is a router of its own."""
    size = len(z) // groups
    return [(first + e, w) for first in range(0, len(z), size) for e, w in olmoe(z[first:first + size], k)]


# Each unit takes as many as it needs.


def dynamic_moe(z, p, most=None, include=True, allow=None):
    """Huang et al. 2024, "Harder tasks need more experts": the smallest set of best experts whose probabilities reach p. `include` = false leaves the one that passes p. The
    paper's code (ZhenweiAn/Dynamic_MoE, modeling_moe.py) goes on where they are p to the bit."""
    return best_that_reach(softmax(z), p, most, include, allow)


def best_that_reach(s, p, most=None, include=True, allow=None):
    """The same of shares that the caller has made: sigmoids over their sum, say."""
    order = ranked(masked(s, allow))
    sums = [sum(s[e] for e in order[:n]) for n in range(len(order) + 1)]
    if include:
        size = min([n for n in range(1, len(order) + 1) if sums[n] >= p], default=len(order))
    else:
        size = max(max(n for n in range(len(order) + 1) if sums[n] <= p), 1)
    size = min(size, most or len(s))
    return listed(order[:size], [s[e] for e in order], most or len(s))


def remoe(z):
    """Wang et al. 2024 (thu-ml/ReMoE, router.py): ReLU is gate and selection."""
    s = relu(z)
    return listed([e for e in ranked(s) if s[e] > 0], sorted((v for v in s if v > 0), reverse=True), len(z))


def blockffn(z, gain):
    """Song et al. 2025 (thunlp/BlockFFN, blockffn.py, norm_after_router = rms): what a ReLU leaves is active, and weighed after a root mean square norm over the experts."""
    s = rms_norm(relu(z), gain)
    ids = [e for e in ranked(z) if z[e] > 0]
    return listed(ids, [s[e] for e in ids], len(z))


def dynmoe(z, bounds, nobody="argmax"):
    """Guo et al. 2024 (LINs-lab/DynMoE, sharded_moe.py): whoever is above the bound of its own, each with the same weight. Where nobody is: the best one, in another branch of its code all, and none
    in training."""
    s = sigmoid(z)
    ids = [e for e in ranked(s) if s[e] > bounds[e]] or ranked(s)[:{"argmax": 1, "all": len(s), "none": 0}[nobody]]
    return listed(ids, [1 / len(ids)] * len(ids) if ids else [], len(z))


def dense(z, allow=None):
    """Jacobs et al. 1991."""
    return [(e, p) if not allow or allow[e] else EMPTY for e, p in enumerate(softmax(z))]


def mu_moe(z):
    """Oldfield et al. 2024 (james-oldfield/muMoE, MuMoE.py): every expert, by entmax with α = 1.5."""
    return list(enumerate(entmax15(z)))


def hash_layer(ids):
    """Roller et al. 2021: the table says it."""
    return [(e, 1.0) if e >= 0 else EMPTY for e in ids]


def deepseek_v4_hash(z, ids, scale):
    s = sqrt_softplus(z)
    total = sum(s[e] for e in ids if e >= 0) + 1e-20
    return [(e, s[e] / total * scale) if e >= 0 else EMPTY for e in ids]


def grin(z, eps, k):
    """Liu et al. 2024, SparseMixer-v2, as the inference code of Phi-3.5-MoE: a pick is weighed among those near it, then masked."""
    row, left = [], list(z)
    for _ in range(k):
        top = max(left)
        if top == -INF:
            row.append(EMPTY)
            continue
        near = []
        for v, original in zip(left, z):
            size = max(abs(original), top) if original != -INF else INF
            near.append(-INF if v == -INF or (size > 0 and (top - v) / size > 2 * eps) else v)
        pick = left.index(top)
        row.append((pick, softmax(near)[pick]))
        left[pick] = -INF
    return row


def dselect_k(codes, selectors, experts):
    """Hazimeh et al. 2021: every selector reads its code bit by bit through a smooth step of width 1, and a softmax weighs the selectors. `codes`: a row of logits per selector,
    bit b of an expert's number from column b."""
    step = lambda t: min(max(-2 * t**3 + 1.5 * t + 0.5 if abs(t) < 0.5 else float(t > 0), 0.0), 1.0)
    read = lambda row, e: math.prod(step(t) if e >> b & 1 else 1 - step(t) for b, t in enumerate(row))
    return [sum(a * read(row, e) for a, row in zip(softmax(selectors), codes)) for e in range(experts)]


# Experts choose, units are assigned.


def per_unit(takers, units, slots):
    """From entries (unit, expert, weight) to lists by ascending expert."""
    rows = [[] for _ in range(units)]
    for unit, expert, weight in sorted(takers):
        rows[unit].append((expert, weight))
    return [row + [EMPTY] * (slots - len(row)) for row in rows]


def expert_choice(rows, capacity, allow=None):
    """Zhou et al. 2022 (google-research/vmoe, NoisyTopItemsPerExpertRouter): S = softmax(X W), the top C of every column of S."""
    s = [softmax(row) for row in rows]
    return columns(s, s, capacity, allow)


def moma(rows, capacity, allow):
    """Lin et al. 2024: the same by sigmoids, inside the group of a modality."""
    s = [sigmoid(row) for row in rows]
    return columns(s, s, capacity, allow)


def columns(keys, weights, capacity, allow):
    experts = len(keys[0]) if keys else 0
    takers = []
    for e in range(experts):
        column = [key[e] if not allow or allow[u][e] else -INF for u, key in enumerate(keys)]
        takers += [(u, e, weights[u][e]) for u in ranked(column)[:capacity]]
    return per_unit(takers, len(keys), experts)


def mone(rows, order, counts):
    """Jain et al. 2024, mixture of nested experts, expert preferred routing: one expert after the other takes its best tokens and masks them."""
    s = [softmax(row) for row in rows]
    free, got = [True] * len(rows), [[EMPTY] for _ in rows]
    for e, count in zip(order, counts):
        for u in ranked([row[e] if free[u] else -INF for u, row in enumerate(s)])[:count]:
            free[u], got[u] = False, [(e, s[u][e])]
    return got


def base_layers(rows, experts, allow=None, unit=64):
    """Lewis et al. 2021: the linear assignment by an auction with scaled bids (Bertsekas 1979). Keys are multiples of 1/`unit`, so bids below 1/places end at an optimum.
    A forbidden entry costs more than all others bring; places that are too many go to bidders to whom all are worth the same. Gives the units' experts, or -1."""
    places = -(-len(rows) // experts) * experts
    forbidden = -4 * len(rows) * max([abs(round(v * unit)) for row in rows for v in row], default=0) - 1
    worth = [[round(v * unit) if not allow or allow[u][e] else forbidden for e, v in enumerate(row)] for u, row in enumerate(rows)]
    gain = [[(row[place % experts]) * (places + 1) for place in range(places)] for row in worth] + [[0] * places] * (places - len(rows))
    price, has, step = [0] * places, {}, -forbidden * places
    while step > 1 or len(has) < places:
        step, owner, has = max(step // 5, 1), {}, {}
        idle = list(range(places))
        while idle:
            bidder = idle.pop()
            values = [g - p for g, p in zip(gain[bidder], price)]
            best = values.index(max(values))
            price[best] += values[best] - max(values[:best] + values[best + 1:], default=values[best]) + step
            if best in owner:
                idle.append(owner[best])
            owner[best], has[bidder] = bidder, best
    ids = [has[u] % experts for u in range(len(rows))]
    return [e if not allow or allow[u][e] else -1 for u, e in enumerate(ids)]


def sinkhorn(rows):
    """Clark et al. 2022, as Megatron normalises the logits of a router in training: rows and columns in turn until the columns' factors stay."""
    q, columns, change = [[math.exp(v) for v in row] for row in rows], [1.0] * len(rows[0]), INF
    while change > 1e-4:
        units = [1 / len(rows) / (sum(v * c for v, c in zip(row, columns)) + 1e-8) for row in q]
        last, columns = columns, [1 / len(columns) / (sum(v * u for v, u in zip(column, units)) + 1e-8) for column in zip(*q)]
        change = sum(abs(a - b) for a, b in zip(last, columns)) / len(columns)
    return [[u * v * c for v, c in zip(row, columns)] for u, row in zip(units, q)]


def soft_moe(rows):
    """Puigcerver et al. 2023 (google-research/vmoe, soft_moe/router.py): dispatch = softmax of X Φ over units, combine = softmax of it over the rows of all experts together."""
    d = list(zip(*(softmax(list(column)) for column in zip(*rows))))
    return [list(row) for row in d], [softmax(row) for row in rows]


# Who finds a place. Entries are a unit's k best; all by masks and running sums.


def first_choices(p, k):
    """Per choice j the expert of every unit: the best that the choices before it left."""
    left, picks = [list(row) for row in p], []
    for _ in range(k):
        picks.append([max(range(len(row)), key=lambda e: row[e]) for row in left])
        for row, e in zip(left, picks[-1]):
            row[e] = -INF
    return picks


def located(picks, order, capacity, experts):
    """GShard (Lepikhin et al. 2020, algorithm 1), as DeepSpeed writes it: a choice's location in its expert is the running sum of the choice's mask, behind all
    places of earlier choices. True per choice and unit where it is below the capacity."""
    before, kept = [0] * experts, []
    for pick in picks:
        location, running = {}, list(before)
        for u in order:
            location[u] = running[pick[u]]
            running[pick[u]] += 1
        kept.append([location[u] < capacity for u in range(len(pick))])
        before = running
    return kept


def survivors(p, picks, kept, normalise=None):
    """`normalise`: "before" over all choices, "after" over those that are kept."""
    result = []
    for u, row in enumerate(p):
        chosen = [(pick[u], keep[u]) for pick, keep in zip(picks, kept)]
        total = {None: 1.0, "before": sum(row[e] for e, _ in chosen), "after": sum(row[e] for e, keep in chosen if keep)}[normalise]
        result.append([(e, row[e] / total if total else 0.0) if keep else EMPTY for e, keep in chosen])
    return result


def gshard(rows, k, capacity, normalise="after"):
    """DeepSpeed and NLLB divide after the drop, Tutel before."""
    p = [softmax(row) for row in rows]
    picks = first_choices(p, k)
    return survivors(p, picks, located(picks, range(len(rows)), capacity, len(rows[0]) if rows else 0), normalise)


def v_moe(rows, k, capacity):
    """Riquelme et al. 2021 (google-research/vmoe, moe.py), batch prioritised routing: units by their largest gate, then as GShard; the softmax as it is."""
    p = [softmax(row) for row in rows]
    picks = first_choices(p, k)
    return survivors(p, picks, located(picks, ranked([max(row) for row in p]), capacity, len(rows[0]) if rows else 0))


def switch(rows, k, capacity, identity=False):
    """Fedus et al. 2021, as transformers counts: token by token, an entry is kept while its expert has seen fewer than `capacity`. With `identity` (older versions) what
    is dropped comes back as p times its unit: the second result is that p."""
    p = [softmax(row) for row in rows]
    picks, seen, kept = first_choices(p, k), {}, [[False] * len(rows) for _ in range(k)]
    for u in range(len(rows)):
        for j in range(k):
            seen[picks[j][u]] = seen.get(picks[j][u], 0) + 1
            kept[j][u] = seen[picks[j][u]] <= capacity
    carried = [sum(row[picks[j][u]] for j in range(k) if not kept[j][u]) for u, row in enumerate(p)]
    return (survivors(p, picks, kept), carried) if identity else survivors(p, picks, kept)


def by_column(picks, rank, capacity, experts):
    """True where an entry is among the `capacity` first of its expert's column by `rank(unit, choice)`, larger first."""
    kept = [[False] * len(pick) for pick in picks]
    for e in range(experts):
        members = [(u, j) for j, pick in enumerate(picks) for u in range(len(pick)) if pick[u] == e]
        members.sort()
        for place in ranked([rank(u, j) for u, j in members])[:capacity]:
            kept[members[place][1]][members[place][0]] = True
    return kept


def megatron_probs(rows, k, capacity):
    """Megatron-Core, drop policy `probs`: every expert keeps the largest of the final probabilities, which are softmaxes over a unit's k logits."""
    picks = first_choices(rows, k)
    final = [softmax([row[pick[u]] for pick in picks]) for u, row in enumerate(rows)]
    kept = by_column(picks, lambda u, j: final[u][j], capacity, len(rows[0]) if rows else 0)
    return [[(picks[j][u], final[u][j]) if kept[j][u] else EMPTY for j in range(k)] for u in range(len(rows))]


def deepspeed_probs(rows, k, capacity):
    """DeepSpeed's top-k gate with drop policy `probs`: by the gate itself, divided after the drop."""
    p = [softmax(row) for row in rows]
    picks = first_choices(p, k)
    return survivors(p, picks, by_column(picks, lambda u, j: p[u][picks[j][u]], capacity, len(rows[0]) if rows else 0), "after")


class SplitMix:
    """Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators": the stream of a seed."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = ((z >> 30) ^ z) * 0xBF58476D1CE4E5B9 % 2**64
        z = ((z >> 27) ^ z) * 0x94D049BB133111EB % 2**64
        return (z >> 31) ^ z

    def take(self, count):
        return [self.next() for _ in range(count)]


def deepspeed_random(rows, k, capacity, marks):
    """DeepSpeed's random token selection: every expert keeps the entries of the largest marks. `marks`: k per unit."""
    p = [softmax(row) for row in rows]
    picks = first_choices(p, k)
    return survivors(p, picks, by_column(picks, lambda u, j: marks[u][j], capacity, len(rows[0]) if rows else 0))


def no_token_left_behind(rows, k, capacity, choice_major):
    """Fedus et al. 2021, appendix B: an entry that overflows goes to the best expert that has room (and that its unit does not list)."""
    p = [softmax(row) for row in rows]
    picks = first_choices(p, k)
    room = [capacity] * (len(rows[0]) if rows else 0)
    row_of = [[pick[u] for pick in picks] for u in range(len(rows))]
    entries = [(u, j) for j in range(k) for u in range(len(rows))] if choice_major else [(u, j) for u in range(len(rows)) for j in range(k)]
    for u, j in entries:
        if room[row_of[u][j]] == 0:
            others = ranked([v if room[e] and e not in row_of[u] else -INF for e, v in enumerate(p[u])])
            row_of[u][j] = others[0] if others else None
        if row_of[u][j] is not None:
            room[row_of[u][j]] -= 1
    return [[(e, p[u][e]) if e is not None else EMPTY for e in row] for u, row in enumerate(row_of)]


def sonic_moe(rows, k, tile, rule, renorm, marks):
    """Guo et al. 2025, SonicMoE, algorithm 4: with keys s for an expert's own units and s − 1 for the others, it takes the first g units of its column, where g is one of the
    two multiples of the tile around its count. `marks`: one uniform number per expert. Gives sets of (id, weight). The released benchmark (Dao-AILab/sonic-moe,
    moe-token-rounding.py) has s of own units divided already, and rounds halves to even."""
    s = [sigmoid(row) for row in rows]
    experts = len(rows[0]) if rows else 0
    own = [set(ranked(row)[:k]) for row in rows]
    chosen, carry = [set() for _ in rows], 0
    for e in range(experts):
        column = ranked([row[e] - (e not in own[u]) for u, row in enumerate(s)])
        count = sum(e in members for members in own)
        low, high = count // tile * tile, -(-count // tile) * tile
        mass = lambda upto: sum(s[u][e] for u in column[:upto])
        if low < high:
            up = {"nearest": high - count < count - low, "up": True, "down": False, "sr_f": marks[e] < (count - low) / (high - low),
                  "nr_s": marks[e] * (mass(high) - mass(low)) < mass(count) - mass(low),
                  "balance_f": abs(high - count + carry) < abs(low - count + carry)}[rule]
            low = high if up and high <= len(rows) else low
        carry += low - count
        for u in column[:low]:
            chosen[u].add(e)
    result = []
    for u, row in enumerate(s):
        total = {"none": 1.0, "tc_set": sum(row[e] for e in own[u]), "selected_set": sum(row[e] for e in chosen[u])}[renorm]
        result.append({(e, row[e] / (total if renorm != "tc_set" or e in own[u] else 1.0)) for e in chosen[u]})
    return result


# Product keys.


def product_keys(a, b, k):
    """Lample et al. 2019 and PEER (He 2024): of all sums of a key of each half the k largest, by a softmax over them. Expert i·m + j has the keys i and j."""
    return gpt_oss([p + q for p in a for q in b], k)


def ultra_mem(rows, columns, core, left, right, k):
    """Huang et al. 2024, UltraMem: the k best rows and columns by a rank-1 form of the core; of their pairs the k best by the core itself. A list of (id, logit)."""
    r, c = len(core), len(columns[0])
    best_rows = ranked([sum(left[p] * rows[p][i] for p in range(r)) for i in range(len(rows[0]))])[:k]
    best_columns = ranked([sum(right[q] * columns[q][j] for q in range(r)) for j in range(c)])[:k]
    exact = {i * c + j: sum(rows[p][i] * core[p][q] * columns[q][j] for p in range(r) for q in range(r)) for i in best_rows for j in best_columns}
    numbers = sorted(exact)
    ids = [numbers[place] for place in ranked([exact[e] for e in numbers])][:k]
    return listed(ids, softmax([exact[e] for e in ids]), k)


# Plans as matrices.


def remapped(weights, chosen, to, rule, first):
    """A unit's row of weights times the 0/1 matrix of a renumbering. `to`: the new id of each id or -1; `first`: slot of each chosen id. As {id: weight}."""
    result = {}
    for new in set(to) - {-1}:
        sources = [e for e in range(len(to)) if to[e] == new and chosen[e]]
        if sources:
            result[new] = {"sum": sum(weights[e] for e in sources), "max": max(weights[e] for e in sources), "first": weights[min(sources, key=lambda e: first[e])]}[rule]
    return result
