"""Cases of statistics, auxiliary losses, bias updates and layers (2.14, 3.4): against the formulas of the specification, entry by entry."""
import math
import random

from harness import Case, Tensor
from plans import source as plan_source
from reference import NEG, softmax
from routing_ref import parts_of, route


def numbers(seed, *shape, low=-2.0, high=2.0):
    generator = random.Random(seed)
    def make(dims):
        return [make(dims[1:]) for _ in range(dims[0])] if dims else generator.uniform(low, high)
    return make(shape)


def row_tensor(name, value, element):
    """A tensor without dimensions as one of a single element."""
    return f"  {name} = tensor.expand_shape {value} [] output_shape [1] : tensor<{element}> into tensor<1x{element}>\n"


# Statistics: lists of entries per unit, walked one by one.


def lse_square(row):
    finite = [v for v in row if v > NEG]
    return (max(row) + math.log(sum(math.exp(v - max(row)) for v in row)))**2 if finite else 0.0


def stats_of(units, lists, experts, scores=None, logits=None, first=False, normalise=False):
    """Counts, number of units, sums and squares of the `units`; `lists`: entries (slot, id) of every unit."""
    counts, sums, squares = [0] * experts, [0.0] * experts, 0.0
    for u in units:
        for slot, e in lists[u]:
            counts[e] += slot == 0 or not first
        if scores:
            total = sum(scores[u]) if normalise else 1.0
            sums = [s + (v / total if total else 0.0) for s, v in zip(sums, scores[u])]
        squares += lse_square(logits[u]) if logits else 0.0
    return counts, len(units), sums, squares


def stats_case(name, args, text, plan, lists, experts, scores=None, logits=None, counted="entries", over=None, normalise=False, stage="after", tolerance=2e-6):
    """`text` makes the plan %p of type `plan`."""
    args, operands, asked = dict(args), "", ""
    ranked = lambda shape, element: f"tensor<{''.join(d + 'x' for d in (['?'] if over else []) + shape)}{element}>"
    types = [ranked([str(experts)], "i32"), ranked([], "i32")]
    if scores is not None:
        args["s"] = Tensor(scores, dynamic=True, shape=[len(scores), experts])
        operands += f" scores(%s : {args['s'].type})"
        types.append(ranked([str(experts)], "f32"))
        asked += f" score_sums {types[-1]}"
    if logits is not None:
        args["l"] = Tensor(logits, dynamic=True, shape=[len(logits), experts])
        operands += f" logits(%l : {args['l'].type})"
        types.append(ranked([], "f32"))
        asked += f" lse_squares {types[-1]}"
    domain = ""
    if over:
        domain = f" over <{over[0]}{f'({over[1]})' if over[0] == 'blocks' else ''}>"
    if over and over[0] == "segments":
        args["o"] = Tensor(over[1], "i32", dynamic=True)
        operands += f" segments(%o : {args['o'].type})"
    text += f"  %t:{len(types)} = moe.plan_stats %p{operands} stage <{stage}> counted <{counted}>{domain}{' normalise' if normalise else ''}"
    text += f" : {plan} -> {types[0]}, {types[1]}{asked}\n"
    results = []
    for i, type in enumerate(types):
        if "x" in type:
            results.append((f"%t#{i}", type))
        else:
            element = type[len("tensor<"):-1]
            text += row_tensor(f"%v{i}", f"%t#{i}", element)
            results.append((f"%v{i}", f"tensor<1x{element}>"))
    parts = [stats_of(part, lists, experts, scores, logits, counted == "first", normalise) for part in parts_of(None if over == ("all",) else over, len(lists))]
    kept = [0, 1] + [2] * (scores is not None) + [3] * (logits is not None)
    columns = [[part[i] for part in parts] for i in kept]
    expected = columns if over else [c[0] if isinstance(c[0], list) else c for c in columns]
    return Case(name, args, text, results, expected, tolerance)


def packed_case(name, units, experts, slots, seed=1, fill=0.7, **args):
    generator = random.Random(seed)
    rows = []
    for _ in range(units):
        ids = generator.sample(range(experts), slots)
        rows.append([(j, ids[j], 1.0) for j in range(slots) if generator.random() < fill])
    tensors, text, plan = plan_source(rows, experts, slots)
    return stats_case(name, tensors, text, plan, [[(j, e) for j, e, _ in row] for row in rows], experts, **args)


def routed_case(name, z, stage, capacity, text_of_capacity, k=2, when="before", **args):
    """Counts of a route with capacity, before it or after."""
    experts = len(z[0])
    plan = f"!moe.plan<{experts}, slots<{experts if capacity['kind'] == 'tile_round' else k}>{', carry' if capacity.get('overflow') == 'identity' else ''}>"
    tensors = {"z": Tensor(z, dynamic=True)}
    text = f"  %p = moe.route %z score <softmax> select <topk({k}), key = scores> weight <scores> capacity <{text_of_capacity}> : {tensors['z'].type} -> {plan}\n"
    ids = route(z, {"fn": "softmax"}, policy=("topk", k), capacity=capacity if stage == "after" else None)[0]
    return stats_case(name, tensors, text, plan, [[(j, e) for j, e in enumerate(row) if e >= 0] for row in ids], experts, stage=stage, **args)


def statistics():
    s, z = numbers(1, 9, 6, low=0.0), numbers(2, 9, 6)
    masked = [[-math.inf] * 6 if u % 3 == 0 else [v if v > -1 else -math.inf for v in row] for u, row in enumerate(z)]
    nothing = [[0.0] * 6] * 2 + s[2:]
    cases = [
        packed_case("stats_plain", 9, 6, 3), packed_case("stats_first", 9, 6, 3, counted="first"), packed_case("stats_full", 9, 6, 6, fill=1),
        packed_case("stats_none", 9, 6, 3, fill=0, scores=s, logits=z), packed_case("stats_sums", 9, 6, 3, scores=s, logits=z),
        packed_case("stats_normalised", 9, 6, 3, scores=nothing, normalise=True), packed_case("stats_masked", 9, 6, 3, logits=masked),
        packed_case("stats_nan", 9, 6, 3, scores=[[math.nan] + row[1:] for row in s]),
        packed_case("stats_no_unit", 0, 6, 3, scores=[], logits=[]), packed_case("stats_one_unit", 1, 6, 3, scores=s[:1], logits=z[:1]),
        packed_case("stats_blocks", 9, 6, 3, scores=s, logits=z, over=("blocks", 4)),
        packed_case("stats_all", 9, 6, 3, scores=s, over=("all",)),
        packed_case("stats_segments", 9, 6, 3, scores=s, logits=z, counted="first", over=("segments", [0, 2, 2, 9])),
        packed_case("stats_no_segment", 0, 6, 3, over=("segments", [0, 0])),
    ]
    hot = [[0.0, 5.0, 4.0, 1.0, 0.0, 0.0] for _ in range(12)]
    limit = {"kind": "limit", "count": 3, "priority": "choice_major", "overflow": "zero"}
    rounded = {"kind": "tile_round", "tile": 4, "mode": "down", "renorm": "none"}
    for stage in ("before", "after"):
        for name, capacity, text in (("limit", limit, "limit, count = <3>, priority = choice_major, overflow = zero"),
                                     ("identity", dict(limit, overflow="identity"), "limit, count = <3>, priority = choice_major, overflow = identity"),
                                     ("tile", rounded, "tile_round, tile = 4, mode = down, renorm = none")):
            cases.append(routed_case(f"stats_{name}_{stage}", z, stage, capacity, text))
            cases.append(routed_case(f"stats_{name}_hot_{stage}", hot, stage, capacity, text))
    return cases


# Losses: each formula from matrices of scores and lists of entries, not from statistics.


def phi(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def variation(values, sample=False, eps=0.0):
    mean = sum(values) / len(values)
    variance = sum((v - mean)**2 for v in values) / (len(values) - sample)
    return variance / (mean * mean + eps) if mean * mean + eps else 0.0


def balance(chosen, p, k):
    """E/k · Σ_e f_e P_e over all units, with f_e the share of units that chose e and P_e the mean of p."""
    units, experts = len(p), len(p[0])
    share = [sum(e in row for row in chosen) / units for e in range(experts)]
    mean = [sum(row[e] for row in p) / units for e in range(experts)]
    return experts / k * sum(f * m for f, m in zip(share, mean))


def loss_case(name, kind, stats, expected, fields=(), following=None, element="f32", tolerance=4e-6):
    """`stats`: (data, element, shape) in operand order."""
    args = {f"a{i}": Tensor(data, e, dynamic=bool(shape) and (len(shape) == 2 or e != "f32" and len(shape) == 1 and i == 2), shape=shape)
            for i, (data, e, shape) in enumerate(stats)}
    names = ", ".join("%" + n for n in args)
    given = f" {{{', '.join(fields)}}}" if fields else ""
    text = f"  %l{', %n' if following is not None else ''} = moe.aux_loss <{kind}> {names}{given} : {', '.join(t.type for t in args.values())} -> tensor<{element}>"
    text += f" next tensor<{element}>\n" if following is not None else "\n"
    text += row_tensor("%r", "%l", element)
    results, wanted = [("%r", f"tensor<1x{element}>")], [[expected]]
    if following is not None:
        text += row_tensor("%m", "%n", element)
        results.append(("%m", f"tensor<1x{element}>"))
        wanted.append([following])
    return Case(name, args, text, results, wanted, tolerance)


def columns(rows, experts):
    return [math.fsum(row[e] for row in rows) for e in range(experts)]


def counts_of(chosen, experts):
    return [sum(e in row for row in chosen) for e in range(experts)]


def losses():
    units, experts, k = 11, 6, 2
    z = numbers(3, units, experts)
    p = [softmax(row) for row in z]
    chosen = [sorted(range(experts), key=lambda e: (-row[e], e))[:k] for row in p]
    first = [row[:1] for row in chosen]
    s, c, t = (columns(p, experts), "f32", [experts]), (counts_of(chosen, experts), "i32", [experts]), (units, "i32", [])
    ks = [f"k = {k} : i64"]
    cases = [
        loss_case("loss_switch", "switch", [c, s, t], balance(chosen, p, k), ks),
        loss_case("loss_coeff", "switch", [c, s, t], 0.01 * balance(chosen, p, k), ks + ["coeff = 0.01 : f64"]),
        loss_case("loss_f64", "switch", [c, (s[0], "f64", [experts]), t], balance(chosen, p, k), ks, element="f64", tolerance=1e-12),
        loss_case("loss_sumk", "switch_sumk", [c, s, t], balance(chosen, p, 1)),
        loss_case("loss_gshard", "gshard_top1", [(counts_of(first, experts), "i32", [experts]), s, t], balance(first, p, 1)),
        loss_case("loss_z", "z", [(sum(lse_square(row) for row in z), "f32", []), t], sum(lse_square(row) for row in z) / units),
        loss_case("loss_importance", "importance_cv2", [s], variation(s[0])),
        loss_case("loss_importance_sample", "importance_cv2", [s], variation(s[0], True, 1e-10), ["sample", "eps = 1.0e-10 : f64"]),
        loss_case("loss_entropy", "entropy", [s, t], -sum(v / units * math.log(v / units) for v in s[0])),
        loss_case("loss_mean_entropy", "mean_entropy", [(p + [[1.0] + [0.0] * 5], "f32", [units + 1, experts])],
                  -sum(v * math.log(v) for row in p for v in row) / (units + 1)),
        # Scores of either sign: L1 is of absolute values.
        loss_case("loss_l1", "l1", [(z, "f32", [units, experts])], sum(abs(v) for row in z for v in row) / units),
        loss_case("loss_l1_coeff", "l1", [(p, "f32", [units, experts])], 0.5, ["coeff = 0.5 : f64"]),
        loss_case("loss_mean_importance", "mean_importance", [s, t], experts * sum((sum(row[e] for row in p) / units)**2 for e in range(experts))),
    ]
    # At perfect balance: switch is coeff, switch_sumk is k, cv² is 0 (X10).
    flat = ([units * k / experts] * experts, "f32", [experts])
    even = ([1.0] * experts, "f32", [experts])
    cases += [
        loss_case("loss_switch_balanced", "switch", [([4] * 6, "i32", [6]), ([2.0] * 6, "f32", [6]), (12, "i32", [])], 1.0, ks),
        loss_case("loss_sumk_balanced", "switch_sumk", [([4] * 6, "i32", [6]), ([2.0] * 6, "f32", [6]), (12, "i32", [])], 2.0),
        loss_case("loss_importance_balanced", "importance_cv2", [flat], 0.0),
        loss_case("loss_hot", "switch", [([12, 0, 0], "i32", [3]), ([12.0, 0.0, 0.0], "f32", [3]), (12, "i32", [])], 3.0, ["k = 1 : i64"]),
        loss_case("loss_nan", "switch", [c, ([math.nan] * 6, "f32", [6]), t], math.nan, ks),
    ]
    # Nothing routed: quotients by 0 are 0.
    zero = [([0] * 6, "i32", [6]), ([0.0] * 6, "f32", [6]), (0, "i32", [])]
    for kind, fields in (("switch", ks), ("switch_sumk", []), ("gshard_top1", [])):
        cases.append(loss_case(f"loss_{kind}_no_unit", kind, zero, 0.0, fields))
    cases += [
        loss_case("loss_z_no_unit", "z", [(0.0, "f32", []), (0, "i32", [])], 0.0), loss_case("loss_importance_no_unit", "importance_cv2", zero[1:2], 0.0),
        loss_case("loss_entropy_no_unit", "entropy", zero[1:], 0.0), loss_case("loss_mean_entropy_no_unit", "mean_entropy", [([], "f32", [0, 6])], 0.0),
        loss_case("loss_l1_no_unit", "l1", [([], "f32", [0, 6])], 0.0), loss_case("loss_mean_importance_no_unit", "mean_importance", zero[1:], 0.0),
        loss_case("loss_load_no_unit", "load_cv2", [([], "f32", [0, 6])] * 2, 0.0, ks + ["noise_std = 1.0 : f64"]),
    ]
    # Layers on top of each other are units of one batch (switch_sumk).
    other = [softmax(row) for row in numbers(4, 7, experts)]
    others = [sorted(range(experts), key=lambda e: (-row[e], e))[:k] for row in other]
    stacked = [([c[0], counts_of(others, experts)], "i32", [2, 6]), ([s[0], columns(other, experts)], "f32", [2, 6]), ([units, 7], "i32", [2])]
    cases.append(loss_case("loss_sumk_layers", "switch_sumk", stacked, balance(chosen + others, p + other, 1)))
    # Counts of the whole batch, scores of a part.
    together = chosen + others
    share = [n / (units + 7) for n in counts_of(together, experts)]
    cases.append(loss_case("loss_global", "global_batch", [stacked[0], s, stacked[2], t],
                           experts / k * sum(f * v / units for f, v in zip(share, s[0])), ks))
    # Sequences, of which an empty one has no say.
    cases.append(loss_case("loss_seq", "seq", stacked, (balance(chosen, p, k) + balance(others, other, k)) / 2, ks))
    gap = [(stacked[0][0] + [[0] * 6], "i32", [3, 6]), (stacked[1][0] + [[0.0] * 6], "f32", [3, 6]), ([units, 7, 0], "i32", [3])]
    cases.append(loss_case("loss_seq_empty", "seq", gap, (balance(chosen, p, k) + balance(others, other, k)) / 2, ks))
    cases.append(loss_case("loss_seq_none", "seq", [([], "i32", [0, 6]), ([], "f32", [0, 6]), ([], "i32", [0])], 0.0, ks))
    # Load by noise.
    noisy = [[v + n for v, n in zip(*rows)] for rows in zip(z, numbers(5, units, experts, low=-0.3, high=0.3))]
    for name, threshold_of in (("load", k), ("load_k1", 1)):
        load = [0.0] * experts
        for row, other_row in zip(z, noisy):
            limit = sorted(other_row, reverse=True)[threshold_of - 1]
            load = [total + 1 - phi((limit - v) / (0.9 / experts)) for total, v in zip(load, row)]
        cases.append(loss_case(f"loss_{name}", "load_cv2", [(z, "f32", [units, experts]), (noisy, "f32", [units, experts])], variation(load),
                               [f"k = {threshold_of} : i64", "noise_std = 0.9 : f64"], tolerance=1e-5))
        cases.append(loss_case(f"loss_{name}_sample", "load_cv2", [(z, "f32", [units, experts]), (noisy, "f32", [units, experts])],
                               variation(load, True), [f"k = {threshold_of} : i64", "noise_std = 0.9 : f64", "sample"], tolerance=1e-5))
    # ReLU routing: λ rises where more than k entries per unit are live, falls where fewer are, stays between.
    relu = [[max(v, 0.0) for v in row] for row in z]
    live = [[e for e in range(experts) if row[e] > 0] for row in relu]
    total = sum(map(len, live))
    for name, chosen_k, factor in (("dense", 1, 1.2), ("sparse", 6, 1 / 1.2)):
        value = balance(live, relu, chosen_k) * 0.5
        assert (total > chosen_k * units) == (factor > 1)
        cases.append(loss_case(f"loss_l1_{name}", "l1_balanced", [(counts_of(live, experts), "i32", [6]), (columns(relu, experts), "f32", [6]), t,
                                                                  (0.5, "f32", [])], value, [f"k = {chosen_k} : i64"], 0.5 * factor))
    cases.append(loss_case("loss_l1_kept", "l1_balanced", [([2] * 6, "i32", [6]), even, (6, "i32", []), (0.5, "f32", [])], 0.5 * 6 / 2 * 12 / 36, ks, 0.5))
    # AdaMoE: null ids as one.
    nulls = sorted((c[0].index(min(c[0])), c[0].index(max(c[0]))))
    assert c[0][nulls[0]] != c[0][nulls[1]]
    spread = [sum(c[0][e] for e in nulls) / 2 if e in nulls else n for e, n in enumerate(c[0])]
    cases.append(loss_case("loss_null", "null_mean", [c, s, t], experts / k / units**2 * sum(a * b for a, b in zip(spread, s[0])),
                           ks + [f"null_ids = array<i64: {nulls[0]}, {nulls[1]}>"]))
    return cases


# Losses of sizes, latencies, routers and neighbours: the published code, written down with lists of tokens.


def cosine(a, b):
    lengths = math.hypot(*a) * math.hypot(*b)
    return sum(p * q for p, q in zip(a, b)) / lengths if lengths else 0.0


def hmoe(probabilities, chosen, sizes):
    """P-Penalty: tokens that activate an expert, times its size, times its mean probability (arXiv 2408.10681, section on the training objectives)."""
    tokens = len(probabilities)
    return len(sizes) * sum(sum(size for row in chosen if e in row) / tokens * sum(p[e] for p in probabilities) / tokens for e, size in enumerate(sizes))


def shift_add_vit(gates, loads, latencies):
    """The gate of GATECH-EIC/ShiftAddViT (pvt/fmoe_new.py): importance and load, both times latencies, each by torch's variance over the squared mean + 1e-10."""
    importance = [sum(row[e] for row in gates) * latency for e, latency in enumerate(latencies)]
    return variation(importance, True, 1e-10) + variation([a * b for a, b in zip(loads, latencies)], True, 1e-10)


def diverse_and_simple(columns_):
    """LINs-lab/DynMoE (deepspeed/moe/loss.py): how far the normalised columns of the gate are from orthogonal ones, and their mean length."""
    apart = sum((cosine(a, b) - (i == j))**2 for i, a in enumerate(columns_) for j, b in enumerate(columns_))
    return math.sqrt(apart) + sum(math.hypot(*column) for column in columns_) / len(columns_)


def routing_contrast(prototypes, tokens, chosen, temperature):
    """ali-vilab/ProMoE (models_ProMoE_TC.py): cross entropy of each prototype against the mean tokens of the experts that have some."""
    valid = [e for e in range(len(prototypes)) if any(e in row for row in chosen)]
    means = {e: [sum(column) / len(column) for column in zip(*(x for x, row in zip(tokens, chosen) if e in row))] for e in valid}
    return sum(-math.log(softmax([cosine(prototypes[e], means[j]) / temperature for j in valid])[valid.index(e)]) for e in valid) / len(valid) if valid else 0.0


def chunk_union(scores, chunk, eps=0.0):
    """thunlp/BlockFFN (activation_context.py): the mean probability that a chunk of tokens needs an expert; a short last chunk is one padded with zeros."""
    chunks = [scores[first:first + chunk] for first in range(0, len(scores), chunk)]
    terms = [1 - math.exp(sum(math.log(1 - row[e] + eps) for row in part)) for part in chunks for e in range(len(scores[0]))]
    return sum(terms) / len(terms)


def router_losses():
    units, experts, width, k = 11, 5, 4, 2
    p = [softmax(row) for row in numbers(20, units, experts)]
    # One expert has no unit.
    chosen = [sorted(range(experts - 1), key=lambda e: (-row[e], e))[:k] for row in p]
    c, s, t = (counts_of(chosen, experts), "i32", [experts]), (columns(p, experts), "f32", [experts]), (units, "i32", [])
    sizes, loads = numbers(21, experts, low=1.0, high=9.0), numbers(22, experts, low=0.5, high=4.0)
    vector = lambda data: (data, "f32", [experts])
    w, x = numbers(23, experts, width), numbers(24, units, width)
    matrix = lambda rows: (rows, "f32", [len(rows), width])
    sums = lambda lists: matrix([[math.fsum(row[i] for row, ids in zip(x, lists) if e in ids) for i in range(width)] for e in range(experts)])
    counts = lambda lists: (counts_of(lists, experts), "i32", [experts])
    with_zero = [[0.0] * width] + w[1:]
    orthogonal = [[2.0 * (i == j) for i in range(width)] for j in range(width)]
    cases = [
        loss_case("loss_size_weighted", "size_weighted", [c, s, t, vector(sizes)], hmoe(p, chosen, sizes)),
        loss_case("loss_size_equal", "size_weighted", [c, s, t, vector([1.0] * experts)], balance(chosen, p, 1)),
        loss_case("loss_size_no_unit", "size_weighted", [([0] * experts, "i32", [experts]), vector([0.0] * experts), (0, "i32", []), vector(sizes)], 0.0),
        loss_case("loss_latency", "latency_weighted", [s, vector(loads), vector(sizes)], shift_add_vit(p, loads, sizes), ["sample", "eps = 1.0e-10 : f64"]),
        loss_case("loss_latency_population", "latency_weighted", [s, vector(loads), vector(sizes)],
                  variation([a * b for a, b in zip(s[0], sizes)]) + variation([a * b for a, b in zip(loads, sizes)])),
        loss_case("loss_orthogonality", "gate_orthogonality", [matrix(w)], diverse_and_simple(w)),
        loss_case("loss_orthogonality_zero", "gate_orthogonality", [matrix(with_zero)], diverse_and_simple(with_zero)),
        loss_case("loss_orthogonality_least", "gate_orthogonality", [matrix(orthogonal)], 2.0),
        loss_case("loss_orthogonality_f64", "gate_orthogonality", [(w, "f64", [experts, width])], diverse_and_simple(w), element="f64", tolerance=1e-12),
    ]
    # All units with one expert, with none, with every one; a temperature at which plain powers overflow.
    lists = {"": chosen, "_one": [[2]] * units, "_none": [[]] * units, "_all": [list(range(experts))] * units}
    for name, ids in lists.items():
        cases.append(loss_case(f"loss_contrast{name}", "router_contrastive", [matrix(w), sums(ids), counts(ids)], routing_contrast(w, x, ids, 0.07), ["temperature = 0.07 : f64"],
                               tolerance=2e-5))
    cases.append(loss_case("loss_contrast_cold", "router_contrastive", [matrix(w), sums(chosen), counts(chosen)], routing_contrast(w, x, chosen, 0.004),
                           ["temperature = 0.004 : f64"], tolerance=2e-5))
    scores = (p, "f32", [units, experts])
    for chunk in (1, 4, units, 100):
        cases.append(loss_case(f"loss_chunk_{chunk}", "cls_chunk", [scores], chunk_union(p, chunk), [f"chunk = {chunk} : i64"]))
    cases += [
        loss_case("loss_chunk_eps", "cls_chunk", [scores], chunk_union(p, 4, 1e-5), ["chunk = 4 : i64", "eps = 1.0e-5 : f64"]),
        loss_case("loss_chunk_certain", "cls_chunk", [([[1.0] * experts] * units, "f32", [units, experts])], 1.0, ["chunk = 4 : i64"]),
        loss_case("loss_chunk_no_unit", "cls_chunk", [([], "f32", [0, experts])], 0.0, ["chunk = 4 : i64"]),
    ]
    return cases


# Bias updates.


def bias_case(name, kind, bias, load, element, expected, rate=None, k=None, units=None):
    args = {"b": Tensor(bias), "l": Tensor(load, element, dynamic=kind == "quantile", shape=[units, len(bias)] if units is not None else None)}
    fields = ([f"rate = {float(rate)} : f64"] if rate is not None else []) + ([f"k = {k} : i64"] if k else [])
    text = f"  %n = moe.bias_update <{kind}> %b, %l {{{', '.join(fields)}}} : {args['b'].type}, {args['l'].type}\n"
    return Case(name, args, text, [("%n", args["b"].type)], [expected], 2e-6)


def quantile(bias, z, k, rate):
    """The (k+1)-th largest of each row of z − β, then of each column the (T k/E + 1)-th largest of z − α."""
    alpha = [sorted((v + b for v, b in zip(row, bias)), reverse=True)[k] for row in z]
    place = len(z) * k // len(bias)
    beta = [sorted((row[e] - a for row, a in zip(z, alpha)), reverse=True)[place] for e in range(len(bias))]
    return [(1 - rate) * b - rate * v for b, v in zip(bias, beta)]


def biases():
    bias, load = numbers(6, 6), [4, 0, 2, 3, 9, 0]
    mean = sum(load) / 6
    z, tied = numbers(7, 12, 6), [[0.5, 0.5, 1.0, 1.0, 0.0, 0.0] for _ in range(12)]
    sign = lambda v: (v > 0) - (v < 0)
    return [
        bias_case("bias_sign", "sign", bias, load, "i32", [b + 1e-3 * sign(mean - c) for b, c in zip(bias, load)]),
        bias_case("bias_sign_rate", "sign", bias, load, "i32", [b + 0.5 * sign(mean - c) for b, c in zip(bias, load)], 0.5),
        bias_case("bias_proportional", "proportional", bias, load, "i32", [b + 0.25 * (mean - c) for b, c in zip(bias, load)], 0.25),
        bias_case("bias_quantile", "quantile", bias, z, "f32", quantile(bias, z, 2, 1.0), 1.0, 2),
        bias_case("bias_quantile_average", "quantile", bias, z, "f32", quantile(bias, z, 3, 0.25), 0.25, 3),
        bias_case("bias_quantile_ties", "quantile", [0.0] * 6, tied, "f32", quantile([0.0] * 6, tied, 2, 1.0), 1.0, 2),
        bias_case("bias_quantile_no_unit", "quantile", bias, [], "f32", bias, 1.0, 2, units=0),
    ]


# Layers.


def layer_text(z, decode):
    """A route by which experts choose, and what stands for it where there are no other units to choose from."""
    plan = "!moe.plan<3, slots<3>>"
    return f"""  %p = moe.layer 7{' decode' if decode else ''} : {plan} {{
    %q = moe.route %z score <sigmoid> select <threshold(0.5), key = scores, boundary = exclude> weight <scores> : {z} -> {plan}
    %r = moe.route %z predictor(%q : {plan}) score <sigmoid> select <expert_topc, key = scores, count = <1>> weight <scores> : {z} -> {plan}
    moe.yield %r : {plan}
  }}
  %i, %w = moe.unpack_plan %p : {plan} -> tensor<?x3xi32>, tensor<?x3xf32>
"""


def held():
    """A layer is what is in it; one that decodes takes the plan of its predictor; a loss changes nothing forwards."""
    z, cases = numbers(8, 5, 3), []
    args = {"z": Tensor(z, dynamic=True)}
    results = [("%i", "tensor<?x3xi32>"), ("%w", "tensor<?x3xf32>")]
    ways = [route(z, {"fn": "sigmoid"}, policy=("expert_topc",), count=1)[:2], route(z, {"fn": "sigmoid"}, policy=("threshold", 0.5), boundary="exclude")[:2]]
    assert ways[0] != ways[1]
    for decode, expected in enumerate(ways):
        cases.append(Case(f"layer_{'decode' if decode else 'prefill'}", args, layer_text(args["z"].type, decode), results, list(expected)))
    attached = {"y": Tensor(z, dynamic=True), "l": Tensor(2.5, shape=[])}
    text = f"  %a = moe.attach_loss %y, %l : {attached['y'].type}, tensor<f32>\n"
    cases.append(Case("attach_loss", attached, text, [("%a", attached["y"].type)], [z], 2e-6))
    return cases


def losses_and_statistics():
    return statistics() + losses() + router_losses() + biases() + held()
