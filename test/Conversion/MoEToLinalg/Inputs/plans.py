"""Cases of plans: encodings, conversions, coarser units, other experts. Against the tables of reference.py, from the ids and weights themselves."""
import random

from harness import Case, Tensor
from reference import parts, remap, renumbered

TYPES = {
    "slots": lambda e, n: [f"tensor<?x{n}xi32>", f"tensor<?x{n}xf32>"],
    "csr": lambda e, n: ["tensor<?xi32>", "tensor<?xi32>", "tensor<?xf32>"],
    "buckets": lambda e, n: [f"tensor<{e}x{n or '?'}x{t}>" for t in ("i32", "i32", "f32")] + [f"tensor<{e}xi32>"],
    "grouped": lambda e, n: [f"tensor<{e + 1}xi32>", "tensor<?xi32>", "tensor<?xi32>", "tensor<?xf32>"],
    "dense": lambda e, n: [f"tensor<?x{e}xf32>", f"tensor<?x{e}xi1>"]}


def encoded(encoding, experts, size=0, carry=False):
    """The type of a plan; `size` 0 is a dynamic one where the encoding has a size."""
    text = encoding + (f"<{size or '?'}>" if encoding in ("slots", "buckets") else "")
    return f"!moe.plan<{experts}, {text}{', carry' if carry else ''}>"


def random_assignment(seed, units, experts, slots, fill=0.7):
    """Entries in random slots, some empty, some units without any."""
    generator = random.Random(seed)
    rows = []
    for _ in range(units):
        ids = generator.sample(range(experts), slots)
        kept = [j for j in range(slots) if generator.random() < fill]
        rows.append([(j, ids[j], round(generator.uniform(-2, 2) * 64) / 64) for j in kept])
    return rows


def unpack(value, plan, types):
    names = [f"{value}#{i}" for i in range(len(types))]
    return f"  {value}:{len(types)} = moe.unpack_plan {value.replace('%t', '%q')} : {plan} -> {', '.join(types)}\n", list(zip(names, types))


def source(assignment, experts, slots, carried=None):
    """Arguments and text of a plan %p in slots."""
    ids, weights = parts(assignment, "slots", experts, slots)
    args = {"ids": Tensor(ids, "i32", dynamic=True, shape=[len(ids), slots]), "w": Tensor(weights, dynamic=True, shape=[len(ids), slots])}
    if carried is not None:
        args["carry"] = Tensor(carried, dynamic=True)
    plan = encoded("slots", experts, slots, carry=carried is not None)
    names = ", ".join("%" + n for n in args)
    return args, f"  %p = moe.pack_plan {names} : {', '.join(t.type for t in args.values())} -> {plan}\n", plan


def conversion(name, assignment, experts, slots, encoding, size=0):
    """slots to an encoding, taken apart, made again and taken apart again."""
    args, text, plan = source(assignment, experts, slots)
    to, types = encoded(encoding, experts, size), TYPES[encoding](experts, size)
    text += f"  %q0 = moe.convert_plan %p : {plan} -> {to}\n"
    line, results = unpack("%t0", to, types)
    text += line
    units = ""
    if encoding in ("buckets", "grouped"):
        text += f"  %zero = arith.constant 0 : index\n  %units = tensor.dim %ids, %zero : {args['ids'].type}\n"
        units = " units(%units)"
    text += f"  %q1 = moe.pack_plan {', '.join(n for n, _ in results)}{units} : {', '.join(types)} -> {to}\n"
    line, again = unpack("%t1", to, types)
    moved = renumbered(assignment, encoding, slots, size >= slots)
    expected = parts(moved, encoding, experts, size)
    return Case(name, args, text + line, results + again, expected + expected, 0.0)


def chain(name, assignment, experts, slots, steps):
    """Conversion after conversion; at the end stand the entries of the beginning."""
    args, text, plan = source(assignment, experts, slots)
    value, moved = "%p", assignment
    for i, (encoding, size) in enumerate(steps):
        to = encoded(encoding, experts, size)
        text += f"  %q{i} = moe.convert_plan {value} : {plan} -> {to}\n"
        wide = {"slots": slots}.get(plan.split(", ")[1].split("<")[0], experts)
        moved = renumbered(moved, encoding, slots, encoding == "slots" and size >= wide)
        value, plan = f"%q{i}", to
    line, results = unpack(f"%t{len(steps) - 1}", plan, TYPES[encoding](experts, size))
    return Case(name, args, text + line, results, parts(moved, encoding, experts, size), 0.0)


def remap_case(name, assignment, experts, slots, to, rule, map=None, replicas=None, choice=None, mask=None, carry=(), carried=None):
    args, text, plan = source(assignment, experts, slots, carried)
    kept = min(len(mask) if mask is not None else slots, to)
    carries = bool(carry) or carried is not None
    result = encoded("slots", to, kept, carry=carries)
    fields, operands = [], ""
    if map is not None:
        fields.append(f"map = array<i64: {', '.join(str(v) for v in map)}>")
        targets = lambda u, j, e: map[e]
    else:
        args["r"], args["c"] = Tensor(replicas, "i32"), Tensor(choice, "i32", dynamic=True)
        operands = f" replicas(%r : {args['r'].type}) choice(%c : {args['c'].type})"
        targets = lambda u, j, e: replicas[e][choice[u][j]]
    fields += [f"{k} = array<i64: {', '.join(str(v) for v in ids)}>" for k, ids in (("carry", carry), ("slot_mask", mask)) if ids]
    text += f"  %q0 = moe.remap %p{operands} many_to_one <{rule}> {{{', '.join(fields)}}} : {plan} -> {result}\n"
    line, results = unpack("%t0", result, TYPES["slots"](to, kept) + ["tensor<?xf32>"] * carries)
    moved, sums = remap(assignment, targets, rule, to, slots, mask, carry)
    expected = parts(moved, "slots", to, kept)
    if carries:
        expected.append([s + (carried[u] if carried else 0.0) for u, s in enumerate(sums)])
    return Case(name, args, text + line, results, expected, 0.0)


def expand_case(name, assignment, experts, slots, unit_of, encoding, size=0):
    args, text, plan = source(assignment, experts, slots)
    args["of"] = Tensor(unit_of, "i32", dynamic=True, shape=[len(unit_of)])
    to = encoded(encoding, experts, size)
    text += f"  %c = moe.convert_plan %p : {plan} -> {to}\n  %q0 = moe.expand_plan %c, %of : {to}, {args['of'].type}\n"
    line, results = unpack("%t0", to, TYPES[encoding](experts, size))
    moved = renumbered(assignment, encoding, slots, size >= slots)
    return Case(name, args, text + line, results, parts([moved[u] for u in unit_of], encoding, experts, size), 0.0)


def plans():
    cases = []
    shapes = [("some", random_assignment(1, 9, 6, 3)), ("full", random_assignment(2, 7, 6, 3, fill=1)), ("none", [[]] * 4), ("one", random_assignment(3, 1, 6, 3)),
              ("no_unit", [])]
    for name, assignment in shapes:
        for encoding, size in (("slots", 3), ("slots", 5), ("csr", 0), ("grouped", 0), ("buckets", 0), ("buckets", 9), ("dense", 0)):
            if encoding != "buckets" or size or name not in ("none", "no_unit"):
                cases.append(conversion(f"plan_{name}_{encoding}{size}", assignment, 6, 3, encoding, size))
        steps = [("csr", 0), ("grouped", 0), ("buckets", 9), ("slots", 6), ("dense", 0), ("csr", 0), ("slots", 3)]
        for end in range(2, len(steps) + 1):
            cases.append(chain(f"plan_{name}_chain{end}", assignment, 6, 3, steps[:end]))
    some, units = shapes[0][1], len(shapes[0][1])
    generator = random.Random(4)
    for rule in ("sum", "max", "first"):
        cases.append(remap_case(f"remap_{rule}", some, 6, 3, 3, rule, map=[0, 1, 0, 2, 1, 0]))
        cases.append(remap_case(f"remap_{rule}_few", some, 6, 3, 2, rule, map=[0, 1, 0, -1, 1, 0]))
    cases.append(remap_case("remap_injective", some, 6, 3, 8, "sum", map=[7, 3, 0, 1, 2, 6]))
    cases.append(remap_case("remap_all_to_one", shapes[1][1], 6, 3, 1, "sum", map=[0] * 6))
    cases.append(remap_case("remap_to_nothing", some, 6, 3, 2, "sum", map=[-1] * 6))
    cases.append(remap_case("remap_carry", some, 6, 3, 4, "sum", map=[0, 1, 2, 3, -1, -1], carry=[4, 5]))
    cases.append(remap_case("remap_carry_more", some, 6, 3, 4, "sum", map=[0, 1, 2, 3, -1, -1], carry=[5], carried=[float(u) for u in range(units)]))
    for mask in ([0], [1, 2], [0, 1, 2]):
        cases.append(remap_case(f"remap_slots_{len(mask)}", some, 6, 3, 6, "sum", map=list(range(6)), mask=mask))
    replicas = [[0, 6, -1], [1, 7, 8], [2, 2, 2], [3, -1, 9], [4, 10, 4], [5, 5, 11]]
    choice = [[generator.randrange(3) for _ in range(3)] for _ in range(units)]
    cases.append(remap_case("remap_replicas", some, 6, 3, 12, "sum", replicas=replicas, choice=choice))
    for encoding, size in (("slots", 3), ("csr", 0), ("grouped", 0), ("dense", 0)):
        cases.append(expand_case(f"expand_{encoding}", some, 6, 3, [generator.randrange(units) for _ in range(20)], encoding, size))
    cases.append(expand_case("expand_to_nothing", some, 6, 3, [], "slots", 3))
    return cases
