"""What numeric tests share: tensors as constants, cases, a main that prints the bits of their results, and the comparison."""
import math
import struct
import sys

FORMAT = {"f64": "d", "f32": "f", "f16": "e", "i32": "i"}


def element_of(type):
    return type[len("tensor<"):-1].rsplit("x", 1)[-1]


def is_vector(type):
    return type.count("x") == 1


def shape_of(data):
    shape = []
    while isinstance(data, list):
        shape.append(len(data))
        data = data[0] if data else None
    return shape


def flat(data):
    return [v for row in data for v in flat(row)] if isinstance(data, list) else [data]


class Tensor:
    """An argument: nested lists, an element type, the printed type: dimensions are dynamic in the leading one (True), in every one ("all") or none."""

    def __init__(self, data, element="f32", dynamic=False, shape=None):
        self.data, self.element = data, element
        self.shape = shape or shape_of(data)
        dims = ["?"] * len(self.shape) if dynamic == "all" else ["?"] + self.shape[1:] if dynamic else self.shape
        self.type = "tensor<" + "".join(f"{d}x" for d in dims) + element + ">"
        self.static_type = "tensor<" + "".join(f"{d}x" for d in self.shape) + element + ">"

    def literal(self):
        values = flat(self.data)
        if not values:
            return "dense<>"
        if self.element == "i1":
            return "dense<[" + self.bools(self.data) + "]>"
        if self.element == "bf16":
            raw = b"".join(struct.pack("<f", v)[2:] for v in values)
        else:
            raw = b"".join(struct.pack("<" + FORMAT[self.element], v) for v in values)
        return f'dense<"0x{raw.hex()}">'

    def bools(self, data):
        return ", ".join("[" + self.bools(v) + "]" if isinstance(v, list) else ("true" if v else "false") for v in data)


class Case:
    """`body` computes `results` (names and types) from the arguments, which are named after `args`; `functions` are what it calls. `more` are further calls of the
    same function: each a dictionary of other arguments, of the same types; their results stand behind those of the first call. `sums`: columns of a row are sums of the
    same products, so that what cancels in one has the rounding of the largest; without it, every number has its own."""

    def __init__(self, name, args, body, results, expected, tolerance=2e-6, check=None, functions="", sums=False):
        self.name, self.args, self.body, self.results, self.expected = name, args, body, results, expected
        self.tolerance, self.check, self.functions, self.sums, self.more = tolerance, check, functions, sums, []

    def function(self):
        args = ", ".join(f"%{n}: {t.type}" for n, t in self.args.items())
        types = ", ".join(t for _, t in self.results)
        names = ", ".join(n for n, _ in self.results)
        return f"{self.functions}func.func private @{self.name}({args}) -> ({types}) {{\n{self.body}  return {names} : {types}\n}}\n"

    def calls(self):
        return "".join(self.call(args, f"{self.name}_{number}") for number, args in enumerate([self.args] + self.more))

    def call(self, args, name):
        """A call of the function and the printing of its results; names of values begin with `name`."""
        text, operands = "", []
        for i, t in enumerate(args.values()):
            value = f"%{name}_{i}"
            text += f"  {value}_c = arith.constant {t.literal()} : {t.static_type}\n"
            if t.type == t.static_type:
                value += "_c"
            else:
                text += f"  {value} = tensor.cast {value}_c : {t.static_type} to {t.type}\n"
            operands.append((value, t.type))
        results = f"%{name}_r:{len(self.results)}"
        text += f"  {results} = call @{self.name}({', '.join(v for v, _ in operands)}) : ({', '.join(t for _, t in operands)}) -> "
        text += f"({', '.join(t for _, t in self.results)})\n"
        for i, (_, type) in enumerate(self.results):
            element, source = element_of(type), f"%{name}_r#{i}"
            if is_vector(type):
                text += f"  %{name}_e{i} = tensor.cast {source} : {type} to tensor<?x{element}>\n"
                text += f"  %{name}_n{i} = tensor.dim %{name}_e{i}, %c0 : tensor<?x{element}>\n"
                text += f"  %{name}_v{i} = tensor.expand_shape %{name}_e{i} [[0, 1]] output_shape [%{name}_n{i}, 1]"
                text += f" : tensor<?x{element}> into tensor<?x1x{element}>\n"
                source, type = f"%{name}_v{i}", f"tensor<?x1x{element}>"
            text += f"  %{name}_d{i} = tensor.cast {source} : {type} to tensor<?x?x{element}>\n"
            text += f"  call @dump_{element}(%{name}_d{i}) : (tensor<?x?x{element}>) -> ()\n"
        return text


def dump_function(element):
    bits = {"i32": "%i = arith.extsi %v : i32 to i64", "i1": "%i = arith.extui %v : i1 to i64", "f64": "%i = arith.bitcast %v : f64 to i64",
            "f32": "%b = arith.bitcast %v : f32 to i32\n      %i = arith.extsi %b : i32 to i64"}
    bits["f16"] = bits["bf16"] = "%e = arith.extf %v : {0} to f32\n      %b = arith.bitcast %e : f32 to i32\n      %i = arith.extsi %b : i32 to i64"
    return f"""func.func private @dump_{element}(%t: tensor<?x?x{element}>) {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %m = tensor.dim %t, %c0 : tensor<?x?x{element}>
  %n = tensor.dim %t, %c1 : tensor<?x?x{element}>
  %mi = arith.index_cast %m : index to i64
  func.call @printI64(%mi) : (i64) -> ()
  func.call @printNewline() : () -> ()
  %ni = arith.index_cast %n : index to i64
  func.call @printI64(%ni) : (i64) -> ()
  func.call @printNewline() : () -> ()
  scf.for %r = %c0 to %m step %c1 {{
    scf.for %c = %c0 to %n step %c1 {{
      %v = tensor.extract %t[%r, %c] : tensor<?x?x{element}>
      {bits[element].format(element)}
      func.call @printI64(%i) : (i64) -> ()
      func.call @printNewline() : () -> ()
    }}
  }}
  return
}}
"""


def emit(cases):
    print("func.func private @printI64(i64)\nfunc.func private @printNewline()")
    for element in sorted({element_of(t) for case in cases for _, t in case.results}):
        print(dump_function(element))
    for case in cases:
        print(case.function())
    print("func.func @main() {\n  %c0 = arith.constant 0 : index\n" + "".join(case.calls() for case in cases) + "  return\n}")


def decode(bits, element):
    if element in ("i32", "i1"):
        return bits
    if element == "f64":
        return struct.unpack("<d", struct.pack("<q", bits))[0]
    return struct.unpack("<f", struct.pack("<i", bits))[0]


def close(a, b, tolerance, scale=1.0):
    """Whether a is b but for rounding; `scale` is the magnitude of what b is a part of."""
    if isinstance(b, int):
        return a == b
    if math.isnan(b):
        return math.isnan(a)
    return a == b or abs(a - b) <= tolerance * max(scale, abs(b))


def check(cases):
    numbers = iter(int(line) for line in sys.stdin)
    failures = 0
    for case in cases:
        results = []
        for _, type in case.results * (1 + len(case.more)):
            rows, columns = next(numbers), next(numbers)
            matrix = [[decode(next(numbers), element_of(type)) for _ in range(columns)] for _ in range(rows)]
            results.append([row[0] for row in matrix] if is_vector(type) else matrix)
        try:
            if case.check:
                case.check(results)
            if case.expected is not None:
                for result, expected in zip(results, case.expected):
                    assert len(result) == len(expected), f"expected {len(expected)} rows, got {len(result)}"
                    for u, (row, wanted) in enumerate(zip(result, expected)):
                        row, wanted = (row, wanted) if isinstance(wanted, list) else ([row], [wanted])
                        assert len(row) == len(wanted), f"expected {len(wanted)} columns, got {len(row)}"
                        scale = max([1.0, *(abs(b) for b in wanted if case.sums and math.isfinite(b))])
                        for a, b in zip(row, wanted):
                            assert close(a, b, case.tolerance, scale), f"row {u}: expected {wanted}, got {row}"
        except AssertionError as error:
            failures += 1
            print(f"{case.name}: {error}")
    assert next(numbers, None) is None, "main printed more than expected"
    print(f"{len(cases)} cases, {failures} failures")
    sys.exit(1 if failures else 0)
