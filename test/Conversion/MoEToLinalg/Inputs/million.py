"""A million experts: units choose 8 of n*n product keys and sum single neurons and values. The module makes its own parameters; the oracle finds the best pairs by a heap.

  million.py emit N UNITS      the module, whose main prints the bits of the result of some units
  million.py check N UNITS     compares what main printed
  million.py peak LIMIT_MIB COMMAND...   runs a command as its standard input's reader and fails where its peak of resident memory exceeds the limit
"""
import heapq
import math
import resource
import struct
import subprocess
import sys

K, D, PRINTED = 8, 4, 7


def key(unit, index, axis):
    """Distinct enough on an axis, exact in f32."""
    return ((unit * 7919 + index * (31 if axis else 17) + axis * 101) * 2654435761 % 2**32 >> 8) / 2.0**22


def parameter(expert, column, which):
    return ((expert * 5 + column * 3 + which) % 64 - 32) / 32


def emit(n, units):
    def generated(name, dims, sizes, body):
        sizes = f"({', '.join(sizes)})" if sizes else ""
        blocks = ", ".join(f"%i{d}: index" for d in range(dims.count("x")))
        return f"  %{name} = tensor.generate {sizes[1:-1]} {{\n  ^bb0({blocks}):\n{body}  }} : tensor<{dims}f32>\n"

    def keys(name, axis):
        return generated(name, f"?x{n}x", ["%units"], f"""    %u = arith.index_cast %i0 : index to i64
    %i = arith.index_cast %i1 : index to i64
    %r = func.call @key(%u, %i, %axis{axis}) : (i64, i64, i64) -> f32
    tensor.yield %r : f32
""")

    def parameters(name, which):
        return generated(name, f"{n * n}x{D}x", [], f"""    %e = arith.index_cast %i0 : index to i64
    %c = arith.index_cast %i1 : index to i64
    %w = arith.constant {which} : i64
    %r = func.call @parameter(%e, %c, %w) : (i64, i64, i64) -> f32
    tensor.yield %r : f32
""")
    plan, rows = f"!moe.plan<{n * n}, slots<{K}>>", f"!moe.rows<f32, {D}, grouped>"
    lazy = f"!moe.lazy_logits<f32, {n}, {n}>"
    print(f"""func.func private @printI64(i64)
func.func private @printNewline()
func.func private @key(%u: i64, %i: i64, %axis: i64) -> f32 {{
  %a = arith.constant 7919 : i64
  %b = arith.constant 17 : i64
  %f = arith.constant 14 : i64
  %c = arith.constant 101 : i64
  %m = arith.constant 2654435761 : i64
  %mask = arith.constant 4294967295 : i64
  %s = arith.constant 8 : i64
  %scale = arith.constant {2.0**-22} : f32
  %0 = arith.muli %u, %a : i64
  %1 = arith.muli %axis, %f : i64
  %2 = arith.addi %b, %1 : i64
  %3 = arith.muli %i, %2 : i64
  %4 = arith.muli %axis, %c : i64
  %5 = arith.addi %0, %3 : i64
  %6 = arith.addi %5, %4 : i64
  %7 = arith.muli %6, %m : i64
  %8 = arith.andi %7, %mask : i64
  %9 = arith.shrui %8, %s : i64
  %10 = arith.sitofp %9 : i64 to f32
  %11 = arith.mulf %10, %scale : f32
  return %11 : f32
}}
func.func private @parameter(%e: i64, %c: i64, %w: i64) -> f32 {{
  %five = arith.constant 5 : i64
  %three = arith.constant 3 : i64
  %n = arith.constant 64 : i64
  %h = arith.constant 32 : i64
  %scale = arith.constant {1 / 32} : f32
  %0 = arith.muli %e, %five : i64
  %1 = arith.muli %c, %three : i64
  %2 = arith.addi %0, %1 : i64
  %3 = arith.addi %2, %w : i64
  %4 = arith.remui %3, %n : i64
  %5 = arith.subi %4, %h : i64
  %6 = arith.sitofp %5 : i64 to f32
  %7 = arith.mulf %6, %scale : f32
  return %7 : f32
}}
func.func private @layer(%a: tensor<?x{n}xf32>, %b: tensor<?x{n}xf32>, %x: tensor<?x{D}xf32>, %u: tensor<{n * n}x{D}xf32>, %v: tensor<{n * n}x{D}xf32>) -> tensor<?x{D}xf32> {{
  %z = moe.lazy_logits %a, %b : tensor<?x{n}xf32>, tensor<?x{n}xf32> -> {lazy}
  %p = moe.route %z score <identity> select <topk({K}), key = logits> weight <logits, norm = softmax> : {lazy} -> {plan}
  %r = moe.dispatch %x, %p apply <output> : tensor<?x{D}xf32>, {plan} -> {rows}
  %h = moe.experts %r, %p (%u, %v : tensor<{n * n}x{D}xf32>, tensor<{n * n}x{D}xf32>) table <[<neuron, {n * n}, body = <ungated, relu>>]> apply <output> : {rows}, {plan} -> {rows}
  %y = moe.combine %h, %p, %x apply <output> residual <add_x> order <expert_asc> : {rows}, {plan}, tensor<?x{D}xf32> -> tensor<?x{D}xf32>
  return %y : tensor<?x{D}xf32>
}}
func.func @main() {{
  %units = arith.constant {units} : index
  %axis0 = arith.constant 0 : i64
  %axis1 = arith.constant 1 : i64
""" + keys("a", 0) + keys("b", 1) + generated("x", f"?x{D}x", ["%units"], """    %u = arith.index_cast %i0 : index to i64
    %c = arith.index_cast %i1 : index to i64
    %w = arith.constant 9 : i64
    %r = func.call @parameter(%u, %c, %w) : (i64, i64, i64) -> f32
    tensor.yield %r : f32
""") + parameters("u", 0) + parameters("v", 1) + f"""  %y = call @layer(%a, %b, %x, %u, %v) : (tensor<?x{n}xf32>, tensor<?x{n}xf32>, tensor<?x{D}xf32>, tensor<{n * n}x{D}xf32>, tensor<{n * n}x{D}xf32>) -> tensor<?x{D}xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %width = arith.constant {D} : index
  %step = arith.constant {max(1, units // PRINTED)} : index
  scf.for %t = %c0 to %units step %step {{
    scf.for %c = %c0 to %width step %c1 {{
      %r = tensor.extract %y[%t, %c] : tensor<?x{D}xf32>
      %bits = arith.bitcast %r : f32 to i32
      %long = arith.extsi %bits : i32 to i64
      func.call @printI64(%long) : (i64) -> ()
      func.call @printNewline() : () -> ()
    }}
  }}
  return
}}""")


def f32(v):
    return struct.unpack("<f", struct.pack("<f", v))[0]


def pairs(a, b):
    """The K best (i, j) by a_i + b_j rounded to f32, best first: from the best of the sorted axes outwards, until no pair can be better."""
    rows, columns = (sorted(range(len(v)), key=lambda i: (-v[i], i)) for v in (a, b))
    value = lambda r, c: f32(a[rows[r]] + b[columns[c]])
    heap, seen, found = [(-value(0, 0), 0, 0)], {(0, 0)}, []
    while heap and (len(found) < K or -heap[0][0] >= -found[K - 1][0]):
        negative, r, c = heapq.heappop(heap)
        found.append((negative, rows[r] * len(b) + columns[c]))
        found.sort()
        for r2, c2 in ((r + 1, c), (r, c + 1)):
            if r2 < len(a) and c2 < len(b) and (r2, c2) not in seen:
                seen.add((r2, c2))
                heapq.heappush(heap, (-value(r2, c2), r2, c2))
    return [(e, -negative) for negative, e in found[:K]]


def brute(a, b):
    z = sorted((-f32(p + q), i * len(b) + j) for i, p in enumerate(a) for j, q in enumerate(b))
    return [(e, -negative) for negative, e in z[:K]]


def check(n, units):
    got = [struct.unpack("<f", struct.pack("<i", int(line)))[0] for line in sys.stdin]
    tested = range(0, units, max(1, units // PRINTED))
    assert len(got) == D * len(tested), f"expected {D * len(tested)} numbers, got {len(got)}"
    for number, unit in enumerate(tested):
        a, b = ([f32(key(unit, i, axis)) for i in range(n)] for axis in (0, 1))
        chosen = pairs(a, b)
        assert n > 64 or chosen == brute(a, b)
        x = [parameter(unit, c, 9) for c in range(D)]
        weights = [math.exp(z - chosen[0][1]) for _, z in chosen]
        wanted = list(x)
        for (e, _), w in zip(chosen, weights):
            h = max(sum(parameter(e, c, 0) * x[c] for c in range(D)), 0.0)
            wanted = [y + w / sum(weights) * h * parameter(e, c, 1) for c, y in enumerate(wanted)]
        for p, q in zip(got[D * number:], wanted):
            assert abs(p - q) <= 1e-5 * max(1.0, abs(q)), f"unit {unit}: expected {wanted}, got {got[D * number:D * number + D]}"
    print(f"{len(tested)} units of {units}, {n * n} experts")


def peak(limit, command):
    status = subprocess.run(command).returncode
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    assert status == 0, f"{command[0]} failed"
    assert used <= limit, f"expected at most {limit} MiB, but {command[0]} took {used:.0f}"
    print(f"peak {used:.0f} MiB", file=sys.stderr)


if __name__ == "__main__":
    if sys.argv[1] == "peak":
        peak(float(sys.argv[2]), sys.argv[3:])
    else:
        {"emit": emit, "check": check}[sys.argv[1]](int(sys.argv[2]), int(sys.argv[3]))
