"""Cases of weight-space mixing (specification 2.13): parameters are averaged one by one, then one expert is applied."""
from classes import Effective, Factored, Film, Linear, Lora, Neuron, ScaleVec, Value
from formats import IntTensor
from harness import Case, Tensor
from layers import layer_text, randoms
from reference import Body, Class
import reference
from routing_ref import route

D = 5
SWIGLU, BIASED = Body("silu"), Body("gelu_tanh", bias=("gate", "up", "down"), storage="interleaved")
BIASED_SPLIT = Body("silu", bias=("gate", "up", "down"))


def average(stack, entries):
    """The sum over (e, w) of w times slab e; of no entry zeros."""
    def mix(slabs, weights):
        if isinstance(slabs[0], list):
            return [mix([s[i] for s in slabs], weights) for i in range(len(slabs[0]))]
        return sum(w * s for s, w in zip(slabs, weights))
    weights = [sum(w for e, w in entries if e == expert) for expert in range(len(stack))]
    return mix(stack, weights)


def one(entry):
    """The same class with one expert, as text."""
    return entry.text().replace(f"<{entry.kind}, {entry.count}", f"<{entry.kind}, 1", 1)


def case(name, entry, z, x, unit_of=None, k=None, seed=0, out=None, apply=True, d=D, dynamic=False, stored=0):
    """Merges the parameters of `entry` for the units of z, and applies them to x. `dynamic`: no size is static but the number of experts. `stored`: so many of the
    first parameters, which experts share, are matrices in i8_chan; the others are float."""
    out = out or d
    experts = entry.count
    policy = ("topk", k) if k else ("all",)
    plan = f"!moe.plan<{experts}, {f'slots<{k}>' if k else 'dense'}>"
    args = {"z": Tensor(z, dynamic=True, shape=[len(z), experts]), "x": Tensor(x, dynamic="all" if dynamic else True, shape=[len(x), d])}
    text = f"  %p = moe.route %z score <softmax> select <{f'topk({k})' if k else 'all'}, key = scores> weight <scores, norm = sum(0.0, add)> : {args['z'].type} -> {plan}\n"
    stacks = [randoms(seed + i, *shape, scale=.5) for i, shape in enumerate(entry.stacks(d, out))]
    shared = entry.shared()
    names, own, merged_types = [], [], []
    class_text = lambda text: text[:-1] + f", quant = [{', '.join(['<i8_chan>'] * stored + ['<float>'] * (len(stacks) - stored))}]>" if stored else text
    for i, rows in enumerate(stacks[:stored]):
        args[f"q{i}"] = IntTensor([[round(50 * v) for v in row] for row in rows], "i8")
        args[f"s{i}"] = Tensor([abs(v) / 50 for v in randoms(seed + 10 + i, len(rows))])
        stacks[i] = [[s * q for q in row] for s, row in zip(args[f"s{i}"].data, args[f"q{i}"].data)]
    for i, (stack, common) in enumerate(zip(stacks, shared)):
        if i < stored:
            continue
        args[f"w{i}"] = Tensor(stack, dynamic="all" if dynamic else False)
        names.append(f"%w{i}")
        if not common:
            own.append(i)
            merged_types.append(args[f"w{i}"].type.replace(f"<{experts}x", "<?x", 1))
            names[-1] = f"%m{i}"
    results = ", ".join(f"%m{i}" for i in own)
    text += f"  {results} = moe.merge_experts %p ({', '.join(f'%w{i}' for i in own)} : {', '.join(args[f'w{i}'].type for i in own)}) "
    text += f"experts {class_text(entry.text())} : {plan} -> {', '.join(merged_types)}\n"
    ids, weights, _ = route(z, {"fn": "softmax"}, policy=policy, norm="sum")
    entries = [[(e, w) for e, w in zip(*row) if e >= 0] for row in zip(ids, weights)]
    merged = [[stack if common else average(stack, row) for stack, common in zip(stacks, shared)] for row in entries]
    if not apply:
        return Case(name, args, text, [(f"%m{own[0]}", merged_types[0])], [[row[own[0]] for row in merged]], 1e-5, sums=True)
    where = ""
    if unit_of is not None:
        args["unit_of"] = Tensor(unit_of, "i32", dynamic=True)
        where = f" unit_of(%unit_of : {args['unit_of'].type})"
    result = f"tensor<?x{'?' if dynamic else out}xf32>"
    types = [merged_types[own.index(i)] if i in own else args[f"w{i}"].type for i in range(stored, len(stacks))]
    codes = [f"{kind}{i}" for i in range(stored) for kind in "qs"]
    names, types = ", ".join([f"%{name}" for name in codes] + names), ", ".join([args[name].type for name in codes] + types)
    text += f"  %y = moe.apply_merged %x ({names} : {types}){where} experts {class_text(one(entry))} : {args['x'].type} -> {result}\n"
    expected = []
    for t, row in enumerate(x):
        slabs = merged[unit_of[t] if unit_of is not None else t]
        expert = entry.effective(slabs, 0) if isinstance(entry, Effective) else slabs
        expected.append(entry.apply([v * (entry.input_scale or 1.0) for v in row], expert, 1.0, lambda v: v))
    return Case(name, args, text, [("%y", result)], [expected], 2e-5, sums=True)


def against_outputs(name, entry, equal, seed, d=D):
    """The difference between the merged expert and the mix of the experts' results: zero where the body is linear in what is merged, and not elsewhere."""
    z, x = randoms(seed, 9, entry.count), randoms(seed + 1, 9, d)
    made = case(name, entry, z, x, k=2, seed=seed + 2, d=d)
    names = [f"w{i}" for i in range(len(entry.shared()))]
    plan = f"!moe.plan<{entry.count}, slots<2>>"
    text = made.body + layer_text("", d, d, plan, [entry], names, made.args).replace("%y =", "%mixed =")
    type = f"tensor<?x{d}xf32>"
    text += f"  %d = linalg.sub ins(%y, %mixed : {type}, {type}) outs(%y : {type}) -> {type}\n"

    def check(results):
        largest = max(abs(v) for row in results[0] for v in row)
        assert largest < 2e-5 if equal else largest > 1e-2, f"differs by {largest}"
    return Case(name, made.args, text, [("%d", type)], None, check=check)


def merge():
    cases = []
    kinds = {"ffn": Class("ffn", 4, 6, SWIGLU), "biased": Class("ffn", 4, 6, BIASED), "linear": Linear(4, bias=True), "lora": Lora(4, 6, BIASED, ["gate", "up", "down"], 2, 3),
             "scale_vec": ScaleVec(4, 6, SWIGLU, ["hidden", "output"]), "film": Film(4, 6, SWIGLU), "cp": Factored(4, "cp", 3, bias=True),
             "constant": Class("constant", 4), "neuron": Neuron(4, "gelu_erf"), "value": Value(4), "projected": Value(4, 3), "scaled": Linear(4, input_scale=-2)}
    for number, (name, entry) in enumerate(kinds.items()):
        seed = 3000 + 20 * number
        x = randoms(seed, 7, D)
        cases.append(case(f"merge_{name}", entry, randoms(seed + 1, 7, 4), x, seed=seed, out=3))
        cases.append(case(f"merge_{name}_top", entry, randoms(seed + 1, 7, 4), x, k=2, seed=seed))
        cases.append(case(f"merge_{name}_sequences", entry, randoms(seed + 2, 3, 4), x, unit_of=[0, 0, 2, 1, 2, 2, 0], seed=seed))
    # Constants that mix their vector with their input are as wide as that.
    mix = Class("constant", 4, mix=True)
    cases.append(case("merge_mix", mix, randoms(3400, 7, 4), randoms(3401, 7, D), k=2, seed=3402))
    cases.append(case("merge_mix_sequences", mix, randoms(3410, 3, 4), randoms(3411, 7, D), unit_of=[0, 0, 2, 1, 2, 2, 0], seed=3412, dynamic=True))
    # Factors that are tensors split sizes: 6, and 3 in a result.
    tensors = {"phm": Factored(4, "phm", 3, bias=True), "mpo": Factored(4, "mpo", 2, 6, SWIGLU, widths=(1, 3)), "ring": Factored(4, "tensor_ring", 2, 6, BIASED_SPLIT),
               "mpo_five": Factored(4, "mpo", 2, 6, SWIGLU, widths=(1, 3, 1, 1), columns=(3, 1, 1, 2)), "mpo_two": Factored(4, "mpo", 2, widths=(3,)),
               "phm_made": Factored(4, "phm", 3, 6, SWIGLU, evaluation="materialise")}
    for number, (name, entry) in enumerate(tensors.items()):
        seed = 3500 + 20 * number
        x = randoms(seed, 7, 6)
        cases.append(case(f"merge_{name}", entry, randoms(seed + 1, 7, 4), x, seed=seed, out=3, d=6))
        cases.append(case(f"merge_{name}_dynamic", entry, randoms(seed + 1, 7, 4), x, k=2, seed=seed, out=3, d=6, dynamic=True))
        cases.append(case(f"merge_{name}_sequences", entry, randoms(seed + 2, 3, 4), x, unit_of=[0, 0, 2, 1, 2, 2, 0], seed=seed, d=6))
    # A base in codes, of which the experts' factors are not.
    low = Lora(4, 6, Body("relu", gated=False), ["up"], 2, 3)
    cases.append(case("merge_stored_base", low, randoms(3600, 7, 4), randoms(3601, 7, D), k=2, seed=3602, stored=2))
    ffn = kinds["ffn"]
    cases.append(case("merge_no_unit", ffn, [], []))
    cases.append(case("merge_one_unit", ffn, randoms(1, 1, 4), randoms(2, 1, D)))
    cases.append(case("merge_one_unit_for_all", ffn, randoms(1, 1, 4), randoms(2, 6, D), unit_of=[0] * 6))
    cases.append(case("merge_hot", ffn, [[0.0, 9.0, 8.0, 0.0]] * 5, randoms(3, 5, D), k=1))
    cases.append(case("merge_no_entry", Class("ffn", 4, 6, BIASED), [[float("-inf")] * 4, [0.0] * 4], randoms(4, 2, D), k=2))
    for name, entry in (("value", Value(4, 3)), ("neuron", Neuron(4, "relu"))):
        cases.append(case(f"merge_{name}_dynamic", entry, randoms(5, 7, 4), randoms(6, 7, D), k=2, out=3, dynamic=True))
        cases.append(case(f"merge_{name}_no_unit", entry, [], []))
    path = Body("identity", gated=False)
    for number, (name, entry, equal) in enumerate((
            ("linear", Linear(4, bias=True), True), ("scale_on_a_linear_path", ScaleVec(4, 6, path, ["hidden"]), True), ("core", Factored(4, "cp", 3), True),
            ("residual", Factored(4, "residual", 0), True), ("one_lora_factor", Factored(4, "shared_left", 2), True), ("ring", Factored(4, "tensor_ring", 2), True), ("value", Value(4), True), ("projected", Value(4, 3), True), ("constant", Class("constant", 4), True),
            ("neuron", Neuron(4, "relu"), False), ("mix", Class("constant", 4, mix=True), False), ("mlp", ffn, False), ("scale_before_an_activation", ScaleVec(4, 6, SWIGLU, ["gate"]), False),
            ("lora_factors_apart", Lora(4, 6, path, ["up"], 2), False))):
        cases.append(against_outputs(f"merge_equals_outputs_{name}" if equal else f"merge_differs_{name}", entry, equal, 4000 + 20 * number))
    cases.append(against_outputs("merge_equals_outputs_phm", Factored(4, "phm", 3), True, 4300, 6))
    cases.append(against_outputs("merge_differs_mpo", Factored(4, "mpo", 2, widths=(1, 3)), False, 4320, 6))
    return cases
