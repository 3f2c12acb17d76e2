"""Table classes of specification 2.9 beyond those of reference.py, each reduced to a plain expert: what an expert shares, adds or cuts becomes explicit weights of its
own, and those go through the interpreter of bodies. So nothing here is evaluated as the lowering evaluates it.
"""
import math

import reference
from reference import Body, Class, matvec


def matmul(a, b):
    columns = list(zip(*b))
    return [[sum(p * q for p, q in zip(row, column)) for column in columns] for row in a]


def roles(body):
    """Names of the tensors of a body, in order."""
    if body is None:
        return ["matrix"]
    joint = body.gated and body.storage != "split"
    names = ["first"] if joint else (["gate"] + ["gate_bias"] * ("gate" in body.bias) if body.gated else []) + ["up"]
    return names + [names[-1] + "_bias"] * ("up" in body.bias) + ["down"] + ["down_bias"] * ("down" in body.bias)


def rows_of(role, body, width):
    """The rows of the stored matrix that are the gate (or the up) matrix."""
    second = (role == "gate") == (body.storage == "concat_up_gate")
    if body.storage == "interleaved":
        return range(0 if role == "gate" else 1, 2 * width, 2)
    return range(width if second else 0, 2 * width if second else width)


class Linear(Class):
    """W x + b."""

    def __init__(self, count, bias=False, **rest):
        super().__init__("linear", count, **rest)
        self.bias = bias

    def fields(self):
        return ["bias = true"] if self.bias else []

    def shapes(self, d, out):
        return [[out, d]] + [[out]] * self.bias

    def apply(self, x, own, w, rounding):
        return matvec(own[0], x, own[1] if self.bias else None)


class Neuron(Class):

    def __init__(self, count, act, body=None, **rest):
        super().__init__("neuron", count, body=body or Body(act, gated=False), **rest)

    def shapes(self, d, out):
        return [[d], [out]]

    def apply(self, x, own, w, rounding):
        h = rounding(self.body.activate(reference.clamp(sum(a * b for a, b in zip(own[0], x)), *self.body.up)))
        return [h * v for v in own[1]]


class Value(Class):
    """v, or P v with a projection that the class shares."""

    def __init__(self, count, width=0, **rest):
        super().__init__("value", count, width, **rest)

    def shapes(self, d, out):
        return [[self.width], [out, self.width]] if self.width else [[out]]

    def shared(self):
        return [False, True] if self.width else [False]

    def apply(self, x, own, w, rounding):
        return matvec(own[1], own[0]) if self.width else list(own[0])


class Effective(Class):
    """A class whose expert `index` is an ffn, or without a body a linear map, of the weights that effective() gives."""

    def own(self, parameters, index):
        return self.effective([t if shared else t[index] for t, shared in zip(parameters, self.shared())], index)

    def apply(self, x, own, w, rounding):
        body, weights = own
        if body is None:
            return matvec(weights[0], x, weights[1] if len(weights) > 1 else None)
        return body.apply(x, weights, w, rounding)

    def base_shapes(self, d, out):
        return self.body.shapes(d, self.width, out) if self.body else [[out, d]] + [[out]] * self.bias

    bias = False


class ScaleVec(Effective):
    """A factor of an activation is one of the rows that make it; of the hidden vector, of the columns that read it."""

    def __init__(self, count, width, body, targets, **rest):
        super().__init__("scale_vec", count, width, body, **rest)
        self.targets = targets

    def fields(self):
        return [f"targets = [{', '.join(self.targets)}]"]

    def shapes(self, d, out):
        return self.base_shapes(d, out) + [[out if t == "output" else self.width] for t in self.targets]

    def shared(self):
        return [True] * len(roles(self.body)) + [False] * len(self.targets)

    def effective(self, own, index):
        names = roles(self.body)
        weights = {name: tensor for name, tensor in zip(names, own)}
        for target, scale in zip(self.targets, own[len(names):]):
            if target == "hidden":
                weights["down"] = [[v * s for v, s in zip(row, scale)] for row in weights["down"]]
                continue
            role = {"gate": "gate", "up": "up", "output": "down"}[target]
            if role != "down" and "first" in names:
                factors = [1.0] * (2 * self.width)
                for row, factor in zip(rows_of(role, self.body, self.width), scale):
                    factors[row] = factor
                scale, role = factors, "first"
            weights[role] = [[v * s for v in row] for row, s in zip(weights[role], scale)]
            if role + "_bias" in weights:
                weights[role + "_bias"] = [v * s for v, s in zip(weights[role + "_bias"], scale)]
        return self.body, [weights[name] for name in names]


class Film(Effective):
    """W (gamma h + beta) + b = (W diag(gamma)) h + (W beta + b)."""

    def __init__(self, count, width, body, **rest):
        super().__init__("film", count, width, body, **rest)

    def shapes(self, d, out):
        return self.base_shapes(d, out) + [[self.width], [self.width]]

    def shared(self):
        return [True] * len(roles(self.body)) + [False, False]

    def effective(self, own, index):
        *base, gamma, beta = own
        weights = dict(zip(roles(self.body), base))
        bias = matvec(weights["down"], beta, weights.get("down_bias"))
        weights["down"] = [[v * g for v, g in zip(row, gamma)] for row in weights["down"]]
        weights["down_bias"] = bias
        body = self.body.with_bias("down")
        return body, [weights[name] for name in roles(body)]


class Lora(Effective):
    """W + (alpha / rank) B A."""

    def __init__(self, count, width, body, targets, rank, alpha=None, **rest):
        super().__init__("lora", count, width, body, **rest)
        self.targets, self.rank, self.alpha = targets, rank, alpha

    def fields(self):
        return [f"targets = [{', '.join(self.targets)}], rank = {self.rank}"] + ([f"alpha = {float(self.alpha)}"] if self.alpha else [])

    def shapes(self, d, out):
        sizes = {"gate": (self.width, d), "up": (self.width, d), "down": (out, self.width)}
        return self.base_shapes(d, out) + [s for t in self.targets for s in ([sizes[t][0], self.rank], [self.rank, sizes[t][1]])]

    def shared(self):
        return [True] * len(roles(self.body)) + [False] * (2 * len(self.targets))

    def effective(self, own, index):
        names = roles(self.body)
        weights, factors = dict(zip(names, own)), own[len(names):]
        scale = self.alpha / self.rank if self.alpha else 1.0
        for target, left, right in zip(self.targets, factors[0::2], factors[1::2]):
            role, rows = (target, range(len(left))) if target in names else ("first", rows_of(target, self.body, self.width))
            matrix = [list(row) for row in weights[role]]
            for row, delta in zip(rows, matmul(left, right)):
                matrix[row] = [v + scale * c for v, c in zip(matrix[row], delta)]
            weights[role] = matrix
        return self.body, [weights[name] for name in names]


class Nested(Effective):

    def __init__(self, widths, width=0, body=None, bias=False, **rest):
        super().__init__("nested", len(widths), width, body, **rest)
        self.widths, self.bias = widths, bias

    def fields(self):
        return [f"widths = [{', '.join(map(str, self.widths))}]"] + (["bias = true"] if self.bias else [])

    def shapes(self, d, out):
        return self.base_shapes(d, out)

    def shared(self):
        return [True] * (len(roles(self.body)) + self.bias)

    def effective(self, own, index):
        m = self.widths[index]
        if self.body is None:
            return None, [[row[:m] + [0.0] * (len(row) - m) for row in own[0]]] + own[1:]
        cut = lambda name, t: [row[:m] for row in t] if name == "down" else t if name == "down_bias" else t[:m]
        return self.body, [cut(name, t) for name, t in zip(roles(self.body), own)]


def phm(a, s):
    """Zhang et al. 2021, equation 4: a sum of Kronecker products."""
    n, rows, columns = len(a), len(s[0]), len(s[0][0])
    return [[sum(a[t][o // rows][i // columns] * s[t][o % rows][i % columns] for t in range(n)) for i in range(n * columns)] for o in range(n * rows)]


def digits(number, bases):
    """A number in mixed bases, the last digit fastest."""
    found = []
    for base in reversed(bases):
        found.insert(0, number % base)
        number //= base
    return found


def mpo(*tensors):
    """Gao et al. 2022, equation 1: element by element a product of a row, matrices and a column."""
    first, *middle, last = tensors
    rows, columns = [[len(first)] + [len(t[0]) for t in tensors[1:]], [len(first[0])] + [len(t[0][0]) for t in tensors[1:]]]
    def element(o, i):
        o, i = digits(o, rows), digits(i, columns)
        bond = first[o[0]][i[0]]
        for at, t in enumerate(middle, 1):
            bond = [sum(v * t[p][o[at]][i[at]][q] for p, v in enumerate(bond)) for q in range(len(t[0][0][0]))]
        return sum(v * last[p][o[-1]][i[-1]] for p, v in enumerate(bond))
    return [[element(o, i) for i in range(math.prod(columns))] for o in range(math.prod(rows))]


def mpo_shapes(o, i, r, widths, columns):
    """The shared tensor in the middle has what the others leave of o and i."""
    columns, middle = columns or widths, len(widths) // 2
    own = [[a, b] for a, b in zip(widths, columns)]
    own.insert(middle, [o // math.prod(widths), i // math.prod(columns)])
    return [([r] * (t > 0) + shape + [r] * (t < len(widths)), t == middle) for t, shape in enumerate(own)]


def tensor_ring(rows, core, columns):
    """Oldfield et al. 2024, TRµMoE: the trace of the product of an expert's matrix with those of a column and of a row."""
    at = lambda tensor, index: [slab[index] for slab in tensor]
    trace = lambda m: sum(m[p][p] for p in range(len(m)))
    return [[trace(matmul(matmul(core, at(columns, i)), at(rows, o))) for i in range(len(columns[0]))] for o in range(len(rows[0]))]


# Shapes of the factors of an o x i matrix, shared or not, and the matrix that they are.
TENSORS = {
    "phm": (lambda o, i, r, *_: [([r, r, r], True), ([r, o // r, i // r], False)], phm),
    "mpo": (mpo_shapes, mpo),
    "tensor_ring": (lambda o, i, r, *_: [([r, o, r], True), ([r, r], False), ([r, i, r], True)], tensor_ring)}


class Factored(Effective):

    def __init__(self, count, factors, rank, width=0, body=None, bias=False, evaluation=None, widths=(), columns=(), **rest):
        super().__init__("factored", count, width, body, **rest)
        self.factors, self.rank, self.bias, self.evaluation, self.widths, self.columns = factors, rank, bias, evaluation, widths, columns

    def fields(self):
        fields = ([f"rank = {self.rank}"] if self.rank else []) + ([f"widths = {list(self.widths)}"] if self.widths else []) + [f"factors = {self.factors}"]
        fields += [f"columns = {list(self.columns)}"] if self.columns else []
        fields += [f"evaluation = {self.evaluation}"] if self.evaluation else []
        return fields + (["bias = true"] if self.bias else [])

    def pieces(self, shape):
        """(shape, shared) of the factors of a matrix."""
        if len(shape) == 1:
            return [(shape, False)]
        if self.factors in TENSORS:
            return TENSORS[self.factors][0](*shape, self.rank, self.widths, self.columns)
        if self.factors == "residual":
            return [(shape, True), (shape, False)]
        r, core = self.rank, self.factors in ("cp", "tucker")
        left, right = ([shape[0], r], core or self.factors == "shared_left"), ([r, shape[1]], core or self.factors == "shared_right")
        sparse = [(shape, False)] if self.factors == "low_rank_sparse" else []
        return [left] + ([([r] if self.factors == "cp" else [r, r], False)] if core else []) + [right] + sparse

    def listed(self, d, out):
        return [piece for shape in self.base_shapes(d, out) for piece in self.pieces(shape)]

    def shapes(self, d, out):
        return [shape for shape, _ in self.listed(d, out)]

    def shared(self):
        return [shared for _, shared in self.listed(2, 2)]

    def effective(self, own, index):
        own, weights = list(own), []
        for shape in self.base_shapes(2, 2):
            parts = [own.pop(0) for _ in self.pieces(shape)]
            if len(parts) == 1:
                weights.append(parts[0])
                continue
            if self.factors in TENSORS:
                weights.append(TENSORS[self.factors][1](*parts))
                continue
            if self.factors in ("residual", "low_rank_sparse"):
                base = parts[0] if self.factors == "residual" else matmul(*parts[:2])
                weights.append([[v + s for v, s in zip(*rows)] for rows in zip(base, parts[-1])])
                continue
            left, right = parts[0], parts[-1]
            if self.factors == "cp":
                left = [[v * c for v, c in zip(row, parts[1])] for row in left]
            if self.factors == "tucker":
                left = matmul(left, parts[1])
            weights.append(matmul(left, right))
        return self.body, weights


class External(Class):
    """`function`: one row to one row."""

    def __init__(self, callee, function, **rest):
        super().__init__("external", 1, **rest)
        self.callee, self.function = callee, function

    def fields(self):
        return [f"callee = @{self.callee}"]

    def shapes(self, d, out):
        return []

    def apply(self, x, own, w, rounding):
        return self.function(x)
