"""A layer of a model as IR of the moe level, and the weights that it names."""
import math
import random

BODIES = {
    "swiglu": "<gated, silu>",
    "clamped-swiglu": "<gated, silu, gate_hi = 10.0, up_lo = -10.0, up_hi = 10.0>",
    "late-clamped-swiglu": "<gated, silu, gate_hi = 7.0, clamp_at = post, up_lo = -7.0, up_hi = 7.0>",
    "gpt-oss": "<gated, silu, alpha = 1.702, gate_hi = 7.0, up_lo = -7.0, up_hi = 7.0, up_offset = 1.0, bias = [gate, up, down], storage = interleaved>",
    "clamped-silu": "<gated, silu, alpha = 1.702, gate_hi = 7.0, up_lo = -7.0, up_hi = 7.0, up_offset = 1.0>",
    "geglu": "<gated, gelu_tanh>",
    "relu": "<ungated, relu>",
    "relu-mlp": "<ungated, relu, bias = [up, down]>",
}


def routing(model):
    """The attributes of `moe.route` for a model: score, filter, selection, weight and capacity."""
    experts = model.experts + model.copies
    scale = f", scale = {model.scale}" if model.scale != 1.0 else ""
    topk = f"<topk({model.slots})>"
    on_logits = f"<topk({model.slots}), key = logits>"
    group = f"group_filter <{model.groups}, keep = {model.keep}, "
    if model.router == "softmax-normalised":
        return f"score <softmax> select {topk} weight <scores, norm = sum(0.0, add){scale}>"
    if model.router in ("softmax", "longcat"):
        return f"score <softmax> select {topk} weight <scores{scale}>"
    if model.router == "dbrx":
        return f"score <softmax> select {topk} weight <scores, norm = pnorm(1.0)>"
    if model.router == "picks":
        return f"score <identity> select {on_logits} weight <logits, norm = softmax>"
    if model.router == "deepseek-v2":
        return f"score <softmax> {group}group_score = max, fill = zero> select {topk} weight <scores{scale}>"
    if model.router == "sigmoid":
        kept = f"{group}group_score = sum_top(2), fill = neginf> " if model.groups else ""
        return f"score <sigmoid> {kept}select {topk} weight <scores, norm = sum(1.0e-20, add){scale}>"
    if model.router == "laguna":
        return f"score <sigmoid> select {topk} weight <scores, norm = sum(0.0, add){scale}>"
    if model.router == "deepseek-v4":
        return f"score <sqrtsoftplus> select {topk} weight <scores, norm = sum(1.0e-20, add){scale}>"
    if model.router == "deepseek-v4-hash":
        return f"score <sqrtsoftplus> select <table> weight <scores, norm = sum(1.0e-20, add){scale}>"
    if model.router == "llama-4":
        return f"score <sigmoid> select {on_logits} weight <scores>"
    if model.router == "ernie":
        return f"score <softmax> select {topk} weight <scores, norm = sum(1.0e-12, clamp)>"
    if model.router == "lfm2":
        return f"score <sigmoid> select {topk} weight <scores, norm = sum(1.0e-6, add)>"
    if model.router == "sparsemixer":
        return f"score <identity> select <sparsemixer(0.01, {model.slots}), key = logits> weight <policy>"
    if model.router == "pangu":
        return f"score <softmax> select <topk_per_group({model.groups}, {model.slots // model.groups})> weight <scores>"
    if model.router == "hunyuan":
        count = f"<factor = 1.0, mult = k, round = floor, min = {model.slots}>"
        return (f"score <softmax> select {topk} weight <scores, norm = sum(1.1920928955078125e-07, clamp)> "
                f"capacity <limit, count = {count}, priority = choice_major>")
    if model.router == "nllb":
        return (f"score <softmax> select {topk} weight <scores, norm = sum(1.1920928955078125e-07, clamp), when = after> "
                "capacity <limit, count = <factor = 1.0, mult = k_after, share = ceil>, priority = choice_major>")
    assert model.router == "switch", model.router
    return f"score <softmax> select {topk} weight <scores> capacity <limit, count = <{model.capacity}>, priority = unit_major>"


class Weights:
    """Random numbers by name, in the order in which a file holds them."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.shapes, self.values, self.scales = {}, {}, {}

    def add(self, name, shape, scale):
        self.shapes[name], self.scales[name] = shape, scale

    def make(self):
        for name, shape in self.shapes.items():
            self.values[name] = [self.random.gauss(0, 1) * self.scales[name] for _ in range(math.prod(shape))]

    def row(self, name, *index):
        """The last dimension of a weight at the other indices; a number where there is an index for each dimension."""
        shape, offset = self.shapes[name], 0
        for size, i in zip(shape, index):
            offset = offset * size + i
        count = math.prod(shape[len(index):])
        part = self.values[name][offset * count:(offset + 1) * count]
        return part if len(index) < len(shape) else part[0]


def _tensor(shape, element="f32"):
    return f"tensor<{'x'.join(map(str, shape))}x{element}>"


class Layer:
    """The IR of one layer: `lines` compute `%y` from `%x` (and `%ids`), with `prefix` before every other name."""

    def __init__(self, model, prefix=""):
        self.model, self.prefix = model, prefix
        self.weights = Weights(model.name)
        self.lines = []
        self._build()

    def name(self, name):
        return f"%{self.prefix}{name}"

    def weight(self, name, *shape, scale):
        self.weights.add(name, shape, scale)
        return self.name(name), _tensor(shape)

    def body(self, prefix, body, count, width):
        """The parameters of a stack of experts, in the order of the dialect."""
        hidden = self.model.hidden
        # Bodies that clamp get numbers beyond their bounds.
        into, out = (4 if "clamp_at" in BODIES[body] or "_hi" in BODIES[body] else 1) / math.sqrt(hidden), 1 / math.sqrt(width)
        if body == "gpt-oss":
            rows = [("first", (2 * width, hidden), into), ("first_bias", (2 * width,), 0.1)]
        elif body.startswith("relu"):
            rows = [("up", (width, hidden), into)] + [("up_bias", (width,), 0.1)] * (body == "relu-mlp")
        else:
            rows = [("gate", (width, hidden), into), ("up", (width, hidden), into)]
        rows.append(("down", (hidden, width), out))
        if body in ("gpt-oss", "relu-mlp"):
            rows.append(("down_bias", (hidden,), 0.1))
        return [self.weight(prefix + name, count, *shape, scale=scale) for name, shape, scale in rows]

    def _build(self):
        model, name = self.model, self.name
        ids = model.experts + model.copies
        x, z = _tensor(["?", model.hidden]), _tensor(["?", ids])
        rows = f"!moe.rows<f32, {model.hidden}, grouped>"
        plan = f"!moe.plan<{ids}, slots<{model.slots}>" + (f", always = {model.shared}" if model.shared else "") + ">"

        router, router_type = self.weight("router", ids, model.hidden, scale=2 / math.sqrt(model.hidden))
        bias = softcap = operands = ""
        if model.router_bias:
            bias = " bias(%s : %s)" % self.weight("router_bias", ids, scale=0.5)
        if model.softcap:
            softcap = f" {{softcap = {model.softcap}}}"
        lines = [f"{name('z')} = moe.logits %x, {router}{bias}{softcap} : {x}, {router_type} -> {z}"]

        if model.bias:
            operands += " key_offset(%s : %s)" % self.weight("bias", ids, scale=0.3)
        if model.expert_scale:
            operands += " expert_scale(%s : %s)" % self.weight("expert_scale", ids, scale=1.0)
        if model.shared_gate:
            gate, gate_type = self.weight("shared_mix", model.shared, model.hidden, scale=2 / math.sqrt(model.hidden))
            logits = _tensor(["?", model.shared])
            lines += [
                f"{name('t')} = moe.logits %x, {gate} : {x}, {gate_type} -> {logits}",
                f"{name('w')} = linalg.generic {{indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>], iterator_types = [\"parallel\", \"parallel\"]}}",
                f"  outs({name('t')} : {logits}) {{",
                "^bb0(%logit: f32):",
                "  %one = arith.constant 1.0 : f32",
                "  %negative = arith.negf %logit : f32",
                "  %power = math.exp %negative : f32",
                "  %sum = arith.addf %one, %power : f32",
                "  %sigmoid = arith.divf %one, %sum : f32",
                "  linalg.yield %sigmoid : f32",
                f"}} -> {logits}",
            ]
            operands += f" always_weights({name('w')} : {logits})"
        if model.router == "deepseek-v4-hash":
            operands += f" table_ids(%ids : {_tensor(['?', model.slots], 'i32')})"
        lines.append(f"{name('p')} = moe.route {name('z')}{operands} {routing(model)} : {z} -> {plan}")
        lines.append(f"{name('r')} = moe.dispatch %x, {name('p')} apply <{model.apply}> : {x}, {plan} -> {rows}")

        parameters = self.body("", model.body, model.experts, model.width)
        classes = [f"<ffn, {model.experts}, width = {model.width}, body = {BODIES[model.body]}>"]
        if model.copies:
            classes.append(f"<copy, {model.copies}>")
        if model.shared:
            parameters += self.body("shared_", model.body, model.shared, model.shared_width)
            classes.append(f"<ffn, {model.shared}, width = {model.shared_width}, body = {BODIES[model.body]}, activation = always>")
        lines.append(f"{name('h')} = moe.experts {name('r')}, {name('p')} ({', '.join(value for value, _ in parameters)} : "
                     f"{', '.join(type_ for _, type_ in parameters)})")
        lines.append(f"  table <[{', '.join(classes)}]> apply <{model.apply}> : {rows}, {plan} -> {rows}")
        out_bias = " out_bias(%s : %s)" % self.weight("out_bias", model.hidden, scale=0.3) if model.out_bias else ""
        lines.append(f"{name('y')} = moe.combine {name('h')}, {name('p')}, %x{out_bias} apply <{model.apply}> residual <none> order <expert_asc> : "
                     f"{rows}, {plan}, {x} -> {x}")
        self.lines = lines

    def text(self, path, offset=0):
        """The lines, behind those that name the weights: f32 in the file `path` from byte `offset` on."""
        result = []
        for name, shape in self.weights.shapes.items():
            result.append(f'{self.name(name)} = moe_support.weight #moe_support.external<"{path}", {offset}> : {_tensor(shape)}')
            offset += 4 * math.prod(shape)
        return result + self.lines, offset


def signature(name, models, outputs):
    """The head of a function of layers over the same units, whose results are called `outputs`."""
    hidden = models[0].hidden
    x = _tensor(["?", hidden])
    arguments = [f'%x: {x} {{moe.name = "x", moe.symbols = ["T", ""]}}']
    tables = {model.slots for model in models if model.router == "deepseek-v4-hash"}
    assert len(tables) <= 1, "the layers share one table of ids"
    for slots in tables:
        arguments.append(f'%ids: {_tensor(["?", slots], "i32")} {{moe.name = "ids", moe.symbols = ["T", ""]}}')
    results = [f'{x} {{moe.name = "{output}", moe.symbols = ["T", ""]}}' for output in outputs]
    return f"func.func @{name}({', '.join(arguments)}) -> ({', '.join(results)}) {{"
