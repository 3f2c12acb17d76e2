"""What is an error at run time: each case of the lowering's assertions is run by itself and must print its message; the same case without its fault prints none.

usage: failures.py COMMAND SOURCES, where COMMAND runs a module of the moe dialect and has broken assertions printed to standard error. Each message that is in
the sources of the lowering is to have a case.
"""
import contextlib
import glob
import io
import math
import os
import re
import signal
import subprocess
import sys

from formats import IntTensor, qmoe_entry
from harness import Case, Tensor, emit
from plans import TYPES, encoded

SLOTS = encoded("slots", 4, 2)


def packed(ids, experts=4):
    """A plan %p in slots."""
    size = len(ids[0])
    args = {"ids": Tensor(ids, "i32", dynamic=True), "w": Tensor([[1.0] * size for _ in ids], dynamic=True)}
    plan = encoded("slots", experts, size)
    return args, f"  %p = moe.pack_plan %ids, %w : {args['ids'].type}, {args['w'].type} -> {plan}\n", plan


def slots_of(args, text, plan, value="%p", experts=4, size=2):
    """A case that shows the ids of a plan in slots."""
    types = TYPES["slots"](experts, size)
    text += f"  %t:2 = moe.unpack_plan {value} : {plan} -> {', '.join(types)}\n"
    return Case("fault", args, text, [("%t#0", types[0])], None)


def converted(ids, to, size, experts=4):
    args, text, plan = packed(ids)
    target = encoded(to, experts, size)
    text += f"  %q = moe.convert_plan %p : {plan} -> {target}\n"
    types = TYPES[to](experts, size)
    text += f"  %t:{len(types)} = moe.unpack_plan %q : {target} -> {', '.join(types)}\n"
    return Case("fault", args, text, [("%t#0", types[0])], None)


def grouped(offsets, units, slots):
    plan = encoded("grouped", 4)
    args = {"o": Tensor(offsets, "i32"), "u": Tensor(units, "i32", dynamic=True), "s": Tensor(slots, "i32", dynamic=True),
            "w": Tensor([1.0] * len(units), dynamic=True)}
    types = ", ".join(t.type for t in args.values())
    text = f"  %two = arith.constant 2 : index\n  %g = moe.pack_plan %o, %u, %s, %w units(%two) : {types} -> {plan}\n"
    return slots_of(args, text + f"  %p = moe.convert_plan %g : {plan} -> {encoded('slots', 4, 4)}\n", encoded("slots", 4, 4), size=4)


def csr(rows):
    plan = encoded("csr", 4)
    args = {"r": Tensor(rows, "i32", dynamic=True), "i": Tensor([0, 1, 2], "i32", dynamic=True), "w": Tensor([1.0] * 3, dynamic=True)}
    text = f"  %g = moe.pack_plan %r, %i, %w : {', '.join(t.type for t in args.values())} -> {plan}\n"
    return slots_of(args, text + f"  %p = moe.convert_plan %g : {plan} -> {encoded('slots', 4, 4)}\n", encoded("slots", 4, 4), size=4)


def buckets(count):
    plan = encoded("buckets", 2, 1)
    args = {"u": Tensor([[0], [1]], "i32"), "s": Tensor([[0], [0]], "i32"), "w": Tensor([[1.0], [1.0]]), "c": Tensor([1, count], "i32")}
    text = f"  %two = arith.constant 2 : index\n  %g = moe.pack_plan %u, %s, %w, %c units(%two) : {', '.join(t.type for t in args.values())} -> {plan}\n"
    return slots_of(args, text + f"  %p = moe.convert_plan %g : {plan} -> {encoded('slots', 2, 2)}\n", encoded("slots", 2, 2), experts=2)


def expanded(unit_of):
    args, text, plan = packed([[0, 1], [2, 3]])
    args["of"] = Tensor(unit_of, "i32", dynamic=True)
    return slots_of(args, text + f"  %q = moe.expand_plan %p, %of : {plan}, {args['of'].type}\n", plan, "%q")


def remapped(choice, replicas):
    args, text, plan = packed([[0, 1], [2, 3]])
    args["r"], args["c"] = Tensor(replicas, "i32"), Tensor(choice, "i32", dynamic=True)
    text += f"  %q = moe.remap %p replicas(%r : {args['r'].type}) choice(%c : {args['c'].type}) many_to_one <sum> : {plan} -> {encoded('slots', 8, 2)}\n"
    return slots_of(args, text, encoded("slots", 8, 2), "%q", 8)


def by_table(ids):
    args = {"z": Tensor([[0.0] * 4] * 2, dynamic=True), "table": Tensor(ids, "i32", dynamic=True)}
    text = f"  %p = moe.route %z table_ids(%table : {args['table'].type}) score <sigmoid> select <table, key = scores> weight <scores> : {args['z'].type} -> {SLOTS}\n"
    return slots_of(args, text, SLOTS)


def summed(*row):
    args = {"z": Tensor([[0.25] * 4, list(row)], dynamic=True)}
    text = f"  %p = moe.route %z score <identity> select <topp(0.5), kmax = 2> weight <scores> : {args['z'].type} -> {SLOTS}\n"
    return slots_of(args, text, SLOTS)


def segments(offsets):
    args = {"z": Tensor([[0.0] * 2] * 2, dynamic=True), "o": Tensor(offsets, "i32", dynamic=True)}
    plan = encoded("slots", 2, 2)
    text = f"  %p = moe.route %z segments(%o : {args['o'].type}) score <sigmoid> select <expert_topc, key = scores, count = <1>> weight <scores> domain <segments>"
    return slots_of(args, text + f" : {args['z'].type} -> {plan}\n", plan, experts=2)


def parts(offsets):
    args, text, plan = packed([[0, 1], [2, 3]])
    args["o"] = Tensor(offsets, "i32", dynamic=True)
    text += f"  %c, %n = moe.plan_stats %p segments(%o : {args['o'].type}) stage <after> counted <entries> over <segments> : {plan} -> tensor<?x4xi32>, tensor<?xi32>\n"
    return Case("fault", args, text, [("%c", "tensor<?x4xi32>")], None)


def limited(rule):
    """The bound of a bucket that a route gives."""
    args = {"z": Tensor([[1.0, 0.0]] * 3, dynamic=True)}
    plan = encoded("slots", 2, 1)
    text = f"  %p = moe.route %z score <sigmoid> select <topk(1), key = scores> weight <scores> : {args['z'].type} -> {plan}\n"
    text += f"  %q = moe.convert_plan %p : {plan} -> {encoded('buckets', 2, rule)}\n"
    types = TYPES["buckets"](2, rule)
    text += f"  %t:4 = moe.unpack_plan %q : {encoded('buckets', 2, rule)} -> {', '.join(types)}\n"
    return Case("fault", args, text, [("%t#0", types[0])], None)


def dequantised(text, storage, shape, widths=None):
    args = {f"s{i}": IntTensor(data, element) for i, (data, element) in enumerate(storage)}
    operand = ""
    names = ", ".join("%" + n for n in args)
    types = ", ".join(t.type for t in args.values())
    if widths:
        args["b"] = IntTensor(widths, "i8")
        operand = f" bits(%b : {args['b'].type})"
    body = f"  %w = moe.dequant {names}{operand} quant {text} : {types} -> tensor<{shape}xf32>\n"
    result = f"tensor<{shape}xf32>"
    if shape.count("x") == 2:
        rows, columns = shape.split("x")[1:]
        body += f"  %m = tensor.collapse_shape %w [[0, 1], [2]] : {result} into tensor<{rows}x{columns}xf32>\n"
        return Case("fault", args, body, [("%m", f"tensor<{rows}x{columns}xf32>")], None)
    return Case("fault", args, body, [("%w", result)], None)


def gptq(group):
    return dequantised("<gptq4, group = 8, version = 2>", [([[0] * 8], "i32"), ([[0]], "i32"), ([[1.0] * 8], "f32"), ([0] * 7 + [group], "i32")], "8x8")


def codewords(offsets, pairs):
    dictionary = [qmoe_entry([1, 2] * pairs)] + [[0, 0]] * 65535
    return dequantised("<qmoe>", [([0, 0], "i16"), (offsets, "i32"), ([-1.0], "f32"), ([1.0], "f32"), (dictionary, "i32")], "1x4")


def masked(offsets, values=2):
    return dequantised("<bitmask>", [([[3]], "i8"), ([1.0] * values, "f32"), (offsets, "i32")], "1x8")


def nested(width):
    return dequantised("<nested, group = 8, bits = 8, base = 4, plane = 2>", [([[0] * 8], "i8"), ([[[1.0]]], "f32"), ([[[0.0]]], "f32")], "1x1x8", [width])


def quantiles(units, k=1, dynamic=False):
    args = {"b": Tensor([0.0] * 2, dynamic="all" if dynamic else False), "z": Tensor([[0.0, 1.0]] * units, dynamic="all" if dynamic else True)}
    text = f"  %n = moe.bias_update <quantile> %b, %z {{k = {k} : i64}} : {args['b'].type}, {args['z'].type}\n"
    return Case("fault", args, text, [("%n", args["b"].type)], None)


def external(rows):
    """An expert that gives the first `rows` of its two rows."""
    args = {"z": Tensor([[0.0]] * 2, dynamic=True), "x": Tensor([[1.0], [2.0]], dynamic=True)}
    one, row = "tensor<?x1xf32>", "!moe.rows<f32, 1, grouped>"
    plan = encoded("slots", 1, 1)
    functions = f"""func.func private @first(%r: {one}) -> {one} {{
  %n = arith.constant {rows} : index
  %s = tensor.extract_slice %r[0, 0] [%n, 1] [1, 1] : {one} to {one}
  return %s : {one}
}}
"""
    text = f"""  %p = moe.route %z score <sigmoid> select <topk(1), key = scores> weight <one> : {one} -> {plan}
  %r = moe.dispatch %x, %p apply <output> : {one}, {plan} -> {row}
  %h = moe.experts %r, %p table <[<external, 1, callee = @first>]> apply <output> : {row}, {plan} -> {row}
  %y = moe.combine %h, %p, %x apply <output> residual <none> order <slot> : {row}, {plan}, {one} -> {one}
"""
    return Case("fault", args, text, [("%y", one)], None, functions=functions)


# Message, the case with the fault, the case without it.
FAULTS = [
    ("a unit has more entries than its plan has slots", converted([[0, 1], [2, 3]], "slots", 1), converted([[0, -1], [2, -1]], "slots", 1)),
    ("an expert has more entries than its bucket holds", converted([[0, 1], [0, 3]], "buckets", 1), converted([[0, 1], [2, 3]], "buckets", 1)),
    ("an expert has more entries than its bucket holds", buckets(2), buckets(1)),
    ("an expert has more entries than its bucket holds", limited(2), limited(3)),
    ("a unit is mapped to one that the plan does not have", expanded([0, 1, 2]), expanded([0, 1, 1])),
    ("a unit is mapped to one that the plan does not have", expanded([0, -1]), expanded([0])),
    ("a plan has an entry outside its units and slots", grouped([0, 1, 2, 2, 2], [0, 2], [0, 1]), grouped([0, 1, 2, 2, 2], [0, 1], [0, 1])),
    ("a plan has an entry outside its units and slots", grouped([0, 1, 2, 2, 2], [0, 1], [0, 4]), grouped([0, 1, 2, 2, 2], [0, 1], [0, 3])),
    ("a plan has two entries in one slot", grouped([0, 1, 2, 2, 2], [0, 0], [0, 0]), grouped([0, 1, 2, 2, 2], [0, 0], [0, 1])),
    ("a plan has offsets that do not ascend within its entries", csr([0, 2, 1]), csr([0, 2, 3])),
    ("a plan has offsets that do not ascend within its entries", csr([0, 2, 4]), csr([0, 0, 3])),
    ("a unit lists an id that is no expert", slots_of(*packed([[0, 4], [2, 3]])), slots_of(*packed([[0, -1], [2, 3]]))),
    ("a unit lists an id that is no expert", by_table([[0, 4], [1, 2]]), by_table([[0, 3], [1, -1]])),
    ("topp expects logits that are not negative and sum to at most 1", summed(0.5, 0.25, 0.25, 0.0625), summed(0.5, 0.25, -math.inf, 0.25)),
    ("topp expects logits that are not negative and sum to at most 1", summed(0.5, 0.25, -0.25, 0.5), summed(0.5, 0.25, 0.2578125, 0.0)),
    ("a unit lists an expert twice", slots_of(*packed([[0, 0], [2, 3]])), slots_of(*packed([[-1, -1], [2, 3]]))),
    ("a unit lists an expert twice", by_table([[3, 3], [1, 2]]), by_table([[3, 2], [3, 2]])),
    ("a choice is none of the replicas", remapped([[0, 1], [2, 0]], [[0, 4], [1, 5], [2, 6], [3, 7]]), remapped([[0, 1], [1, 0]], [[0, 4], [1, 5], [2, 6], [3, 7]])),
    ("a replica is no expert", remapped([[0, 1], [1, 0]], [[0, 4], [1, 8], [2, 6], [3, 7]]), remapped([[0, 1], [1, 0]], [[0, 4], [1, -1], [2, 6], [3, 7]])),
    ("segments do not ascend from 0 to the number of units", segments([0, 1]), segments([0, 1, 2])),
    ("segments do not ascend from 0 to the number of units", segments([0, 2, 1, 2]), segments([0, 2, 2, 2])),
    ("segments do not ascend from 0 to the number of units", parts([1, 2]), parts([0, 2])),
    ("a column belongs to a group without scales", gptq(1), gptq(0)),
    ("offsets of codewords do not ascend within them", codewords([0, 3], 1), codewords([0, 2], 1)),
    ("a row of codewords is not as long as its matrix", codewords([0, 1], 1), codewords([0, 1], 2)),
    ("a row of codewords is not as long as its matrix", codewords([0, 2], 2), codewords([1, 2], 2)),
    ("offsets of values do not ascend within them", masked([0, 3]), masked([0, 2])),
    ("a row of a mask has another number of values than bits", masked([0, 1]), masked([1, 3], 3)),
    ("a row of a mask has another number of values than bits", masked([0, 3], 3), masked([0, 2], 3)),
    ("a width ends between two planes", nested(5), nested(6)),
    ("a width ends between two planes", nested(3), nested(4)),
    ("units times k are no multiple of the experts", quantiles(3), quantiles(4)),
    ("an external expert gives one row per row", external(1), external(2)),
    ("k is not below the number of experts", quantiles(2, 2, dynamic=True), quantiles(2, 1, dynamic=True)),
]


def output_of(command, case):
    """A run and what it prints; it may crash behind a broken assertion, or hang while it does, but not before."""
    module = io.StringIO()
    with contextlib.redirect_stdout(module):
        emit([case])
    run = subprocess.Popen(["sh", "-c", command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        output, error = run.communicate(module.getvalue(), timeout=60)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)
        output, error = run.communicate()
    return subprocess.CompletedProcess(command, run.returncode, output, error)


def main():
    command, failures = sys.argv[1], 0
    source = "".join(open(path).read() for path in sorted(glob.glob(sys.argv[2] + "/*.cpp")))
    source = re.sub(r'(llvm_unreachable\(|notifyMatchFailure\(op, )"[^"]*"\)', "", source)
    known = {message for message, _, _ in FAULTS}
    for message in sorted(set(re.findall(r'"([a-z][a-z0-9]*(?: [a-z0-9]+){3,})"', source)) - known):
        failures += 1
        print(f"no case breaks '{message}'")
    for message, broken, sound in FAULTS:
        seen = output_of(command, broken)
        if message not in seen.stderr:
            failures += 1
            print(f"expected '{message}', got {seen.stderr!r}")
        control = output_of(command, sound)
        if control.returncode or control.stderr or not control.stdout:
            failures += 1
            print(f"expected nothing in place of '{message}', got {control.stderr!r}")
    print(f"{len(FAULTS)} faults, {failures} failures")
    sys.exit(1 if failures else 0)


main()
