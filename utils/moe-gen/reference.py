"""What the layers compute, by the formulas of their authors (section 6 of the routing specification), in binary64 and plain Python.

Nothing here knows the moe dialect: a router is a function of one unit's logits, as its paper or its code has it. `compare.py` checks these functions against the
modules of transformers where it has the model.
"""
import math

F32_EPSILON = 1.1920928955078125e-07


def sigmoid(t):
    return 1 / (1 + math.exp(-t)) if t >= 0 else math.exp(t) / (1 + math.exp(t))


def softmax(values):
    top = max(values)
    powers = [math.exp(value - top) if value > -math.inf else 0.0 for value in values]
    return [power / sum(powers) for power in powers]


def best(values, count):
    """Indices of the largest, the first of equal ones."""
    return sorted(range(len(values)), key=lambda i: (-values[i], i))[:count]


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b))


def pair(ids, weights):
    return list(zip(ids, weights))


# Routers: (model, logits, bias of the keys) -> [(expert, weight)].


def mixtral(model, z, _):
    p = softmax(z)
    ids = best(p, model.slots)
    return pair(ids, [p[e] / sum(p[i] for i in ids) for e in ids])


def olmoe(model, z, _):
    p = softmax(z)
    return [(e, p[e] * model.scale) for e in best(p, model.slots)]


def granite(model, z, _):
    ids = best(z, model.slots)
    return pair(ids, softmax([z[e] for e in ids]))


def deepseek_v2(model, z, _):
    p = softmax(z)
    size = model.experts // model.groups
    kept = best([max(p[g * size:(g + 1) * size]) for g in range(model.groups)], model.keep)
    masked = [value if e // size in kept else 0.0 for e, value in enumerate(p)]
    ids = best(masked, model.slots)
    return [(e, p[e] * model.scale) for e in ids]


def deepseek_v3(model, z, bias):
    s = [sigmoid(t) for t in z]
    choice = [a + b for a, b in zip(s, bias)]
    if model.groups:
        size = model.experts // model.groups
        tops = [sum(sorted(choice[g * size:(g + 1) * size])[-2:]) for g in range(model.groups)]
        kept = best(tops, model.keep)
        choice = [value if e // size in kept else -math.inf for e, value in enumerate(choice)]
    ids = best(choice, model.slots)
    total = sum(s[e] for e in ids) + 1e-20
    return [(e, s[e] / total * model.scale) for e in ids]


def deepseek_v4(model, z, bias):
    s = [math.sqrt(math.log1p(math.exp(t))) for t in z]
    ids = best([a + b for a, b in zip(s, bias)], model.slots)
    return _scaled_shares(s, ids, model.scale)


def _scaled_shares(s, ids, scale):
    total = sum(s[e] for e in ids) + 1e-20
    return [(e, s[e] / total * scale) for e in ids]


def llama_4(_, z, __):
    e = best(z, 1)[0]
    return [(e, sigmoid(z[e]))]


def longcat(model, z, bias):
    p = softmax(z)
    ids = best([a + b for a, b in zip(p, bias)], model.slots)
    return [(e, p[e] * model.scale) for e in ids]


def ernie(model, z, bias):
    p = softmax(z)
    ids = best([a + b for a, b in zip(p, bias)], model.slots)
    total = max(sum(p[e] for e in ids), 1e-12)
    return [(e, p[e] / total) for e in ids]


def lfm2(model, z, bias):
    s = [sigmoid(t) for t in z]
    ids = best([a + b for a, b in zip(s, bias)], model.slots)
    total = sum(s[e] for e in ids) + 1e-6
    return [(e, s[e] / total) for e in ids]


def sparsemixer(_, z, __):
    rest, result = list(z), []
    for _ in range(2):
        top = max(rest)
        near = [value if value > -math.inf and (top - value) / max(abs(z[e]), top) <= 2 * 0.01 else -math.inf for e, value in enumerate(rest)]
        e = best(rest, 1)[0]
        result.append((e, softmax(near)[e]))
        rest[e] = -math.inf
    return result


def pangu(model, z, _):
    p = softmax(z)
    size = model.experts // model.groups
    ids = [g * size + best(p[g * size:(g + 1) * size], 1)[0] for g in range(model.groups)]
    return [(e, p[e]) for e in ids]


ROUTERS = {
    "softmax-normalised": mixtral, "softmax": olmoe, "dbrx": mixtral, "picks": granite, "deepseek-v2": deepseek_v2, "sigmoid": deepseek_v3,
    "laguna": deepseek_v3, "deepseek-v4": deepseek_v4, "llama-4": llama_4, "longcat": longcat, "ernie": ernie, "lfm2": lfm2, "sparsemixer": sparsemixer,
    "pangu": pangu,
}


def first_come(lists, capacity):
    """The entries that find a place where all first choices come before all second ones, each in the order of units."""
    used, kept = {}, [[] for _ in lists]
    for rank in range(max((len(entries) for entries in lists), default=0)):
        for unit, entries in enumerate(lists):
            if rank < len(entries):
                e = entries[rank][0]
                used[e] = used.get(e, 0) + 1
                if used[e] <= capacity:
                    kept[unit].append(entries[rank])
    return kept


def hunyuan(model, logits):
    lists = []
    for z in logits:
        p = softmax(z)
        ids = best(p, model.slots)
        total = max(sum(p[e] for e in ids), F32_EPSILON)
        lists.append([(e, p[e] / total) for e in ids])
    return first_come(lists, max(model.slots, model.slots * len(logits) // model.experts))


def nllb(model, logits):
    lists = [[(e, p[e]) for e in best(p, 2)] for p in map(softmax, logits)]
    kept = first_come(lists, 2 * math.ceil(len(logits) / model.experts))
    return [[(e, w / max(sum(v for _, v in entries), F32_EPSILON)) for e, w in entries] for entries in kept]


def switch(model, logits):
    lists = [[(e, p[e]) for e in best(p, 1)] for p in map(softmax, logits)]
    return first_come(lists, model.capacity)


def route(model, weights, xs, ids):
    """For each unit its experts and weights."""
    experts = range(model.experts + model.copies)
    logits = []
    for x in xs:
        z = [dot(x, weights.row("router", e)) + (weights.row("router_bias", e) if model.router_bias else 0.0) for e in experts]
        logits.append([model.softcap * math.tanh(t / model.softcap) if model.softcap else t for t in z])
    if model.router in ("hunyuan", "nllb", "switch"):
        return {"hunyuan": hunyuan, "nllb": nllb, "switch": switch}[model.router](model, logits)
    if model.router == "deepseek-v4-hash":
        return [_scaled_shares([math.sqrt(math.log1p(math.exp(t))) for t in z], row, model.scale) for z, row in zip(logits, ids)]
    bias = weights.row("bias") if model.bias else [0.0] * len(experts)
    lists = [ROUTERS[model.router](model, z, bias) for z in logits]
    if model.expert_scale:
        lists = [[(e, w * weights.row("expert_scale", e)) for e, w in entries] for entries in lists]
    return lists


def hidden(body, g, u):
    """One element of the hidden vector, of gate and up."""
    if body == "swiglu":
        return g * sigmoid(g) * u
    if body == "clamped-swiglu":
        g, u = min(g, 10.0), max(-10.0, min(u, 10.0))
        return g * sigmoid(g) * u
    if body == "late-clamped-swiglu":
        return min(g * sigmoid(g), 7.0) * max(-7.0, min(u, 7.0))
    if body in ("gpt-oss", "clamped-silu"):
        g, u = min(g, 7.0), max(-7.0, min(u, 7.0))
        return (u + 1) * g * sigmoid(1.702 * g)
    assert body == "geglu", body
    return 0.5 * g * (1 + math.tanh(math.sqrt(2 / math.pi) * (g + 0.044715 * g ** 3))) * u


def expert(body, weights, prefix, index, x):
    def product(name, *more):
        rows = range(weights.shapes[prefix + name][1])
        return [dot(weights.row(prefix + name, index, row), x) for row in rows]

    if body.startswith("relu"):
        up = product("up")
        if body == "relu-mlp":
            up = [a + b for a, b in zip(up, weights.row(prefix + "up_bias", index))]
        h = [max(value, 0.0) for value in up]
    elif body == "gpt-oss":
        both = [a + b for a, b in zip(product("first"), weights.row(prefix + "first_bias", index))]
        h = [hidden(body, g, u) for g, u in zip(both[0::2], both[1::2])]
    else:
        h = [hidden(body, g, u) for g, u in zip(product("gate"), product("up"))]
    y = [dot(weights.row(prefix + "down", index, row), h) for row in range(len(x))]
    if body in ("gpt-oss", "relu-mlp"):
        y = [a + b for a, b in zip(y, weights.row(prefix + "down_bias", index))]
    return y


def layer(model, weights, xs, ids):
    """The result of the layer for the units `xs`; `ids` are the table's where the router has one."""
    result = []
    for x, entries in zip(xs, route(model, weights, xs, ids)):
        y = list(weights.row("out_bias")) if model.out_bias else [0.0] * len(x)
        for e, w in entries:
            if e >= model.experts:
                part = [w * value for value in x]
            elif model.apply == "input":
                part = expert(model.body, weights, "", e, [w * value for value in x])
            else:
                part = [w * value for value in expert(model.body, weights, "", e, x)]
            y = [a + b for a, b in zip(y, part)]
        for index in range(model.shared):
            gate = sigmoid(dot(weights.row("shared_mix", index), x)) if model.shared_gate else 1.0
            part = expert(model.body, weights, "shared_", index, x)
            y = [a + gate * b for a, b in zip(y, part)]
        result.append(y)
    return result
