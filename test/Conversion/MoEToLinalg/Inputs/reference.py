"""What the routing specification says, written down a second time: an interpreter in plain Python with binary64 arithmetic.

Attributes are keyword arguments named as in the assembly; matrices are lists of rows. Numbers are rounded to a narrower type only where an attribute asks
for it. Slow and without dependencies on purpose. Routes are in routing_ref.py.
"""
import math
import struct

NEG = float("-inf")


def round_f32(v):
    return struct.unpack("<f", struct.pack("<f", v))[0]


def round_f16(v):
    return struct.unpack("<e", struct.pack("<e", v))[0]


def round_bf16(v):
    if math.isnan(v) or math.isinf(v):
        return v
    bits = struct.unpack("<I", struct.pack("<f", v))[0]
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return struct.unpack("<f", struct.pack("<I", bits))[0]


ROUND = {"f64": lambda v: v, "f32": round_f32, "f16": round_f16, "bf16": round_bf16}


# Scores (2.3).


def softmax(z):
    top = max(z)
    if top == NEG:
        return [0.0] * len(z)
    e = [math.exp(v - top) for v in z]
    return [v / sum(e) for v in e]


def entmax15(z):
    """Bisection on the threshold: shares no step with the lowering."""
    top = max(z)
    if top == NEG:
        return [0.0] * len(z)
    x = [(v - top) / 2 for v in z]
    lo, hi = -1.0, 0.0
    for _ in range(200):
        mid = (lo + hi) / 2
        if sum(max(v - mid, 0.0) ** 2 for v in x) >= 1:
            lo = mid
        else:
            hi = mid
    return [max(v - lo, 0.0) ** 2 for v in x]


def softplus(v):
    return max(v, 0.0) + math.log1p(math.exp(-abs(v)))


def sigmoid(v):
    return 1 / (1 + math.exp(-v)) if v >= 0 else math.exp(v) / (1 + math.exp(v))


POINTWISE = {
    "identity": lambda v: v, "sigmoid": sigmoid, "softplus": softplus, "sqrtsoftplus": lambda v: math.sqrt(softplus(v)),
    "relu": lambda v: max(v, 0.0), "exp": math.exp}


def score(z, fn, over="experts", groups=1, dtype="f32", round_to=None, post=None, eps=0.0, gain=None):
    z = [[ROUND[dtype](v) for v in row] for row in z]
    if fn in POINTWISE:
        s = [[POINTWISE[fn](v) for v in row] for row in z]
    else:
        normalise = {"softmax": softmax, "entmax15": entmax15}[fn]
        if over == "units":
            columns = [normalise(list(c)) for c in zip(*z)]
            s = [list(r) for r in zip(*columns)]
        else:
            size = len(z[0]) // groups if z else 0
            s = [[v for g in range(groups) for v in normalise(row[g * size:(g + 1) * size])] for row in z]
    if post == "rmsnorm":
        s = [[v / math.sqrt(sum(w * w for w in row) / len(row) + eps) * (gain[e] if gain else 1.0) for e, v in enumerate(row)] for row in s]
    if post == "l2norm":
        s = [[v / math.sqrt(sum(w * w for w in row)) if any(row) else 0.0 for v in row] for row in s]
    rounding = ROUND[round_to or dtype]
    return [[rounding(v) for v in row] for row in s]


# Expert compute (2.8 to 2.10).


def matvec(matrix, x, bias=None):
    y = [sum(a * b for a, b in zip(row, x)) for row in matrix]
    return [a + b for a, b in zip(y, bias)] if bias else y


def cosine(x, matrix, projection=None, bias=None, t=None, limit=None):
    """Router logits as scaled cosines (2.2)."""
    scale = 1.0 if t is None else math.exp(t if limit is None else min(t, limit))
    norm = lambda v: math.sqrt(sum(a * a for a in v))
    rows = [matvec(projection, row, bias) if projection else row for row in x]
    angle = lambda a, b: sum(p * q for p, q in zip(a, b)) / (norm(a) * norm(b)) if norm(a) and norm(b) else 0.0
    return [[scale * angle(row, w) for w in matrix] for row in rows]


def clamp(v, lo, hi):
    v = v if lo is None else max(v, lo)
    return v if hi is None else min(v, hi)


def activation(name, t, alpha=1.0):
    return {
        "silu": lambda: t * sigmoid(alpha * t), "gelu_erf": lambda: t * 0.5 * (1 + math.erf(t / math.sqrt(2))),
        "gelu_tanh": lambda: t * 0.5 * (1 + math.tanh(math.sqrt(2 / math.pi) * (t + 0.044715 * t**3))), "relu": lambda: max(t, 0.0),
        "relu2": lambda: max(t, 0.0)**2, "sigmoid": lambda: sigmoid(t), "tanh": lambda: math.tanh(t), "identity": lambda: t}[name]()


class Body:
    """`parameters` of apply(): the tensors in the order of #moe.class, without a leading dimension."""

    def __init__(self, act, gated=True, alpha=None, gate_lo=None, gate_hi=None, clamp_at="pre", up_lo=None, up_hi=None, up_offset=None, bias=(),
                 storage="split", callee=None, function=None):
        self.act, self.gated, self.alpha, self.gate, self.clamp_at = act, gated, alpha, (gate_lo, gate_hi), clamp_at
        self.up, self.up_offset, self.bias, self.storage = (up_lo, up_hi), up_offset, bias, storage
        self.callee, self.function = callee, function

    def text(self):
        fields = ["gated" if self.gated else "ungated", self.act]
        named = [("alpha", self.alpha), ("gate_lo", self.gate[0]), ("gate_hi", self.gate[1])]
        fields += [f"{k} = {float(v)}" for k, v in named if v is not None]
        fields += ["clamp_at = post"] if self.clamp_at == "post" else []
        named = [("up_lo", self.up[0]), ("up_hi", self.up[1]), ("up_offset", self.up_offset)]
        fields += [f"{k} = {float(v)}" for k, v in named if v is not None]
        fields += [f"bias = [{', '.join(self.bias)}]"] if self.bias else []
        fields += [f"storage = {self.storage}"] if self.storage != "split" else []
        fields += [f"callee = @{self.callee}"] if self.callee else []
        return "<" + ", ".join(fields) + ">"

    def with_bias(self, name):
        return Body(self.act, self.gated, self.alpha, *self.gate, self.clamp_at, *self.up, self.up_offset, (*self.bias, *([name] if name not in self.bias else [])),
                    self.storage, self.callee, self.function)

    def activate(self, v):
        return self.function(v) if self.function else activation(self.act, v, self.alpha or 1.0)

    def shapes(self, d, f, out):
        joint = self.gated and self.storage != "split"
        shapes = [[2 * f if joint else f, d]]
        if not joint and self.gated:
            shapes += [[f]] * ("gate" in self.bias) + [[f, d]]
        shapes += [[2 * f if joint else f]] * ("up" in self.bias) + [[out, f]] + [[out]] * ("down" in self.bias)
        return shapes

    def apply(self, x, parameters, w=1.0, rounding=lambda v: v):
        parameters = list(parameters)
        take = lambda present: parameters.pop(0) if present else None
        g = None
        if self.gated and self.storage != "split":
            both = matvec(take(True), x, take("up" in self.bias))
            f = len(both) // 2
            if self.storage == "interleaved":
                g, u = both[0::2], both[1::2]
            else:
                g, u = (both[:f], both[f:]) if self.storage == "concat_gate_up" else (both[f:], both[:f])
        else:
            if self.gated:
                g = matvec(take(True), x, take("gate" in self.bias))
            u = matvec(take(True), x, take("up" in self.bias))
        u = [clamp(v, *self.up) for v in u]
        act = self.activate
        if g is None:
            h = [act(v) for v in u]
        else:
            a = [act(clamp(v, *self.gate)) if self.clamp_at == "pre" else clamp(act(v), *self.gate) for v in g]
            h = [p * (q + (self.up_offset or 0.0)) for p, q in zip(a, u)]
        h = [rounding(w * v) for v in h]
        down, bias = take(True), take("down" in self.bias)
        return matvec(down, h, [w * v for v in bias] if bias else None)


class Class:
    """Other kinds (classes.py) have more fields, and may have parameters that all experts share. `placement` changes no number."""

    def __init__(self, kind, count, width=0, body=None, mix=None, always=False, input_scale=None, placement=()):
        self.kind, self.count, self.width, self.body, self.mix, self.always = kind, count, width, body, mix, always
        self.input_scale, self.placement = input_scale, placement

    def text(self):
        fields = [self.kind, str(self.count)]
        fields += [f"width = {self.width}"] if self.width else []
        fields += [f"body = {self.body.text()}"] if self.body else []
        fields += ["mix = softmax2"] if self.mix else []
        fields += ["activation = always"] if self.always else []
        fields += [f"input_scale = {float(self.input_scale)}"] if self.input_scale else []
        fields += [f"placement = {list(self.placement)}"] if self.placement else []
        return "<" + ", ".join(fields + self.fields()) + ">"

    def fields(self):
        return []

    def shared(self):
        return [False] * len(self.shapes(1, 1))

    def stacks(self, d, out):
        """Shapes of the operands."""
        return [shape if shared else [self.count] + shape for shape, shared in zip(self.shapes(d, out), self.shared())]

    def own(self, parameters, index):
        """What expert `index` of the class has."""
        return [t if shared else t[index] for t, shared in zip(parameters, self.shared())]

    def shapes(self, d, out):
        if self.kind == "ffn":
            return self.body.shapes(d, self.width, out)
        if self.kind == "constant":
            return [[out], [2, d]] if self.mix else [[out]]
        return []

    def apply(self, x, parameters, w, rounding):
        if self.kind == "ffn":
            return self.body.apply(x, parameters, w, rounding)
        if self.kind == "zero":
            return [0.0] * len(x)
        if self.kind == "copy":
            return list(x)
        if not self.mix:
            return list(parameters[0])
        a = softmax(matvec(parameters[1], x))
        return [a[0] * p + a[1] * q for p, q in zip(x, parameters[0])]


def layer(x, ids, weights, table, parameters, apply="output", residual="none", out_bias=None, input_scale=1.0, routed_slots=None, element="f32",
          out_width=None):
    """dispatch, experts and combine. `parameters`: per class its stacked tensors."""
    rounding = ROUND[element]
    result = []
    for u, row in enumerate(x):
        y = [0.0] * (out_width or len(row))
        if residual == "add_x":
            y = list(row)
        if residual == "complement":
            y = [(1 - sum(weights[u][:routed_slots])) * v for v in row]
        for e, w in zip(ids[u], weights[u]):
            if e < 0:
                continue
            first = 0
            for index, entry in enumerate(table):
                if e < first + entry.count:
                    break
                first += entry.count
            scale = input_scale * (w if apply == "input" else 1.0)
            own = [rounding(v * scale) for v in row]
            own = [rounding(v * entry.input_scale) for v in own] if entry.input_scale else own
            out = entry.apply(own, entry.own(parameters[index], e - first), w if apply == "hidden" else 1.0, rounding)
            y = [a + (w if apply == "output" else 1.0) * rounding(b) for a, b in zip(y, out)]
        result.append([rounding(a + b) for a, b in zip(y, out_bias or [0.0] * len(y))])
    return result


# Plans (2.7). An assignment is a list of entries (slot, expert, weight) per unit.


def parts(assignment, encoding, experts, size=0):
    """The tensors of an encoding, in the order of the specification's table; slots of None become what the encoding makes of them."""
    flat = [(u, j, e, w) for u, entries in enumerate(assignment) for j, e, w in sorted(entries)]
    by_expert = [[(u, j, w) for u, j, e, w in flat if e == expert] for expert in range(experts)]
    if encoding == "slots":
        ids, weights = [[-1] * size for _ in assignment], [[0.0] * size for _ in assignment]
        for u, j, e, w in flat:
            ids[u][j], weights[u][j] = e, w
        return [ids, weights]
    if encoding == "csr":
        ends = [sum(len(entries) for entries in assignment[:u]) for u in range(len(assignment) + 1)]
        return [ends, [e for _, _, e, _ in flat], [w for _, _, _, w in flat]]
    if encoding == "dense":
        chosen = [{e: w for _, e, w in entries} for entries in assignment]
        return [[[row.get(e, 0.0) for e in range(experts)] for row in chosen], [[int(e in row) for e in range(experts)] for row in chosen]]
    if encoding == "grouped":
        offsets = [sum(map(len, by_expert[:e])) for e in range(experts + 1)]
        return [offsets] + [[entry[field] for bucket in by_expert for entry in bucket] for field in range(3)]
    size = size or max(map(len, by_expert))
    padded = [bucket + [(-1, -1, 0.0)] * (size - len(bucket)) for bucket in by_expert]
    return [[[entry[field] for entry in bucket] for bucket in padded] for field in range(3)] + [list(map(len, by_expert))]


def renumbered(assignment, encoding, slots, wider):
    """The slots that entries have after a conversion."""
    ranks = [[(rank, e, w) for rank, (_, e, w) in enumerate(sorted(entries))] for entries in assignment]
    if encoding == "csr" or (encoding == "slots" and not wider):
        return ranks
    return [[(e, e, w) for _, e, w in entries] for entries in assignment] if encoding == "dense" else assignment


def remap(assignment, targets, rule, experts, slots, mask=None, carry=()):
    """`targets`: (unit, slot, id) to the new id. Gives the new assignment and what is carried per unit."""
    mask = list(range(slots)) if mask is None else mask
    result, carried = [], []
    for u, entries in enumerate(assignment):
        carried.append(sum(w for _, e, w in entries if e in carry))
        merged = {}
        for j, e, w in sorted(entries):
            new = targets(u, j, e) if j in mask else -1
            if new >= 0:
                merged.setdefault(new, []).append((mask.index(j), w))
        weight = {"sum": sum, "max": max, "first": lambda ws: ws[0]}[rule]
        row = sorted((found[0][0], e, weight([w for _, w in found])) for e, found in merged.items())
        result.append([(rank, e, w) for rank, (_, e, w) in enumerate(row)] if experts < len(mask) else row)
    return result, carried
