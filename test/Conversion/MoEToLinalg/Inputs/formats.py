"""Cases of quantised storage (section 9): matrices stored by hand, byte by byte, against the formulas of the specification on the codes themselves."""
import math
import random
import struct

from classes import Factored
from harness import Case, Tensor, flat
from layers import layer_text, randoms
from reference import Body, Class, ROUND, layer
from routing_ref import route

E2M1 = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]


def e4m3(byte):
    sign, exponent, mantissa = -1.0 if byte & 128 else 1.0, byte >> 3 & 15, byte & 7
    if byte & 127 == 127:
        return math.nan
    return sign * (math.ldexp(mantissa, -9) if exponent == 0 else math.ldexp(1 + mantissa / 8, exponent - 7))


def e2m1(code):
    return math.copysign(E2M1[code & 7], -1.0 if code & 8 else 1.0)


def e8m0(byte):
    return math.nan if byte == 255 else math.ldexp(1.0, byte - 127)


def signed(value, bits):
    return value - (1 << bits) if value >> (bits - 1) else value


class Draw:
    """Random codes and scales of an E×N×K stack."""

    def __init__(self, name, e, n, k):
        self.random, self.e, self.n, self.k = random.Random(name), e, n, k

    def array(self, shape, value):
        return [self.array(shape[1:], value) for _ in range(shape[0])] if shape else value()

    def codes(self, bits, *shape):
        return self.array(shape, lambda: self.random.randrange(1 << bits))

    def scales(self, *shape, element="f32"):
        return self.array(shape, lambda: ROUND[element](self.random.uniform(0.25, 2.0)))


def bytes_of(codes, bits):
    """Codes of a row, the first in the low bits of the first byte."""
    stream = sum(c << (bits * i) for i, c in enumerate(codes))
    return [signed(stream >> (8 * i) & 255, 8) for i in range(len(codes) * bits // 8)]


def words_of(codes, bits):
    stream = sum(c << (bits * i) for i, c in enumerate(codes))
    return [signed(stream >> (32 * i) & (1 << 32) - 1, 32) for i in range(len(codes) * bits // 32)]


def halves_of(codes, size):
    """Nibbles of blocks: element j low, element j + size/2 high."""
    rows = [codes[i:i + size] for i in range(0, len(codes), size)]
    return [signed(block[j] | block[j + size // 2] << 4, 8) for block in rows for j in range(size // 2)]


def half_bytes(value):
    return [signed(b, 8) for b in struct.pack("<e", value)]


def chunks(row, size):
    return [row[i:i + size] for i in range(0, len(row), size)]


def matrices(stack, f):
    return [f(m) for m in stack]


def quant_case(name, text, storage, expected, widths=None, out="f32", single=False, tolerance=1e-6):
    """`storage`: (data, element) in operand order, each of them stacked; `expected`: the stack of matrices."""
    pick = lambda data: data[0] if single else data
    args = {}
    for i, entry in enumerate(storage):
        data, element = entry[:2]
        shared = len(entry) > 2
        args[f"s{i}"] = IntTensor(data if shared else pick(data), element, dynamic=not shared and not single and i == 0)
    stack = [expected[0]] if single else expected
    e, n, k = len(stack), len(stack[0]), len(stack[0][0])
    operand = ""
    if widths is not None:
        args["b"] = IntTensor(widths, "i8")
        operand = f" bits(%b : {args['b'].type})"
    result = f"tensor<{n}x{k}x{out}>" if single else f"tensor<?x{n}x{k}x{out}>"
    names = [f"%s{i}" for i in range(len(storage))]
    body = f"  %w = moe.dequant {', '.join(names)}{operand} quant {text} : {', '.join(args[x[1:]].type for x in names)} -> {result}\n"
    if not single:
        body += f"  %m = tensor.collapse_shape %w [[0, 1], [2]] : {result} into tensor<?x{k}x{out}>\n"
    wanted = [[ROUND[out](v) if not math.isnan(v) else v for v in row] for m in stack for row in m]
    return Case(name, args, body, [("%w", result)] if single else [("%m", f"tensor<?x{k}x{out}>")], [wanted], tolerance)


class IntTensor(Tensor):
    """A tensor of bytes and half words too."""

    def literal(self):
        if self.element not in ("i8", "i16"):
            return super().literal()
        values = flat(self.data)
        return 'dense<"0x' + struct.pack("<" + {"i8": "b", "i16": "h"}[self.element] * len(values), *values).hex() + '">' if values else "dense<>"


def table(e, n, k, value):
    return [[[value(m, i, j) for j in range(k)] for i in range(n)] for m in range(e)]


# 9.2.


def integers(cases):
    for name, e, n, k in (("", 3, 8, 64), ("_one", 1, 8, 64)):
        d = Draw("integer" + name, e, n, k)
        q = [[[signed(c, 8) for c in row] for row in m] for m in d.codes(8, e, n, k)]
        s = d.scales(e, n)
        cases.append(quant_case("i8_chan" + name, "<i8_chan>", [(q, "i8"), (s, "f32")], table(e, n, k, lambda m, i, j: s[m][i] * q[m][i][j]), single=e == 1))
        s16 = d.scales(e, n, k // 16, element="f16")
        cases.append(quant_case("i8_group" + name, "<i8_group, group = 16>", [(q, "i8"), (s16, "f16")],
                                table(e, n, k, lambda m, i, j: s16[m][i][j // 16] * q[m][i][j]), single=e == 1))
        for bits in (2, 8, 4):
            u, z, s = d.codes(bits, e, n, k), d.codes(bits, e, n, k // 8), d.scales(e, n, k // 8, element="bf16")
            zf = d.scales(e, n, k // 8, element="f16")
            stored = [[bytes_of(row, bits) for row in m] for m in u]
            zeros = [[bytes_of(row, bits) for row in m] for m in z]
            cases += [
                quant_case(f"u{bits}_sym{name}", f"<u_sym, group = 8, bits = {bits}>", [(stored, "i8"), (s, "bf16")],
                           table(e, n, k, lambda m, i, j: s[m][i][j // 8] * (u[m][i][j] - (1 << bits - 1))), single=e == 1),
                quant_case(f"u{bits}_affine{name}", f"<u_affine, group = 8, bits = {bits}>", [(stored, "i8"), (s, "bf16"), (zeros, "i8")],
                           table(e, n, k, lambda m, i, j: s[m][i][j // 8] * (u[m][i][j] - z[m][i][j // 8])), single=e == 1),
                quant_case(f"u{bits}_affine_float{name}", f"<u_affine, group = 8, bits = {bits}>", [(stored, "i8"), (s, "bf16"), (zf, "f16")],
                           table(e, n, k, lambda m, i, j: s[m][i][j // 8] * (u[m][i][j] - zf[m][i][j // 8])), single=e == 1)]
        # X20: the same codes in another order of nibbles.
        halves = [[halves_of(row, 8) for row in m] for m in u]
        cases.append(quant_case(f"u4_sym_halves{name}", "<u_sym, group = 8, bits = 4, order = half_split>", [(halves, "i8"), (s, "bf16")],
                                table(e, n, k, lambda m, i, j: s[m][i][j // 8] * (u[m][i][j] - 8)), single=e == 1))
        for bits in (2, 3, 4, 5, 6, 8):
            u, s, b = d.codes(bits, e, n, k), d.scales(e, n, 2), d.scales(e, n, 2)
            words = [[words_of(row, bits) for row in m] for m in u]
            cases.append(quant_case(f"u{bits}_sb{name}", f"<u_sb, group = 32, bits = {bits}>", [(words, "i32"), (s, "f32"), (b, "f32")],
                                    table(e, n, k, lambda m, i, j: s[m][i][j // 32] * u[m][i][j] + b[m][i][j // 32]), single=e == 1))


def columns_packed(e, n, k):
    """GPTQ and AWQ: words along K and along N."""
    cases, d, g = [], Draw("columns", e, n, k), 16
    q, z, s = d.codes(4, e, n, k), d.codes(4, e, k // g, n), d.scales(e, k // g, n, element="f16")
    # Columns in another order, as GPTQ with act-order has them.
    order = [[(j * 7 + m) % k // g for j in range(k)] for m in range(e)]
    words = [[[words_of([q[m][i][8 * r + t] for t in range(8)], 4)[0] for i in range(n)] for r in range(k // 8)] for m in range(e)]
    zeros = [[words_of(row, 4) for row in m] for m in z]
    for version, more in ((1, 1), (2, 0)):
        cases.append(quant_case(f"gptq4_v{version}", f"<gptq4, group = {g}, version = {version}>", [(words, "i32"), (zeros, "i32"), (s, "f16"), (order, "i32")],
                                table(e, n, k, lambda m, i, j: s[m][order[m][j]][i] * (q[m][i][j] - (z[m][order[m][j]][i] + more)))))
    pi = (0, 2, 4, 6, 1, 3, 5, 7)
    packed = lambda row: [words_of([row[8 * c + pi[p]] for p in range(8)], 4)[0] for c in range(n // 8)]
    words = [[packed([q[m][i][j] for i in range(n)]) for j in range(k)] for m in range(e)]
    zeros = [[packed(row) for row in m] for m in z]
    cases.append(quant_case("awq4", f"<awq4, group = {g}>", [(words, "i32"), (zeros, "i32"), (s, "f16")],
                            table(e, n, k, lambda m, i, j: s[m][j // g][i] * (q[m][i][j] - z[m][j // g][i]))))
    # X20: the inverse order of the specification.
    assert [pi.index(c) for c in range(8)] == [0, 4, 1, 5, 2, 6, 3, 7]
    return cases


def gguf(e, n, k):
    d = Draw("gguf", e, n, k)
    u, s = d.codes(4, e, n, k), d.scales(e, n, k // 32, element="f16")
    blocks = [[[half_bytes(s[m][i][b]) + halves_of(part, 32) for b, part in enumerate(chunks(row, 32))] for i, row in enumerate(rows)] for m, rows in enumerate(u)]
    q = [[[signed(c, 8) for c in row] for row in m] for m in d.codes(8, e, n, k)]
    whole = [[[half_bytes(s[m][i][b]) + part for b, part in enumerate(chunks(row, 32))] for i, row in enumerate(rows)] for m, rows in enumerate(q)]
    powers = d.array((e, n, k // 32), lambda: d.random.randrange(110, 140))
    mx = [[[[signed(powers[m][i][b], 8)] + halves_of(part, 32) for b, part in enumerate(chunks(row, 32))] for i, row in enumerate(rows)] for m, rows in enumerate(u)]
    small, t = d.array((e, n, k // 16), lambda: d.random.randrange(127)), d.scales(e)
    nv = [[[[v for v in small[m][i][4 * b:4 * b + 4]] + halves_of(part, 16) for b, part in enumerate(chunks(row, 64))] for i, row in enumerate(rows)]
          for m, rows in enumerate(u)]
    return [
        quant_case("gguf_q4_0", "<gguf_q4_0>", [(blocks, "i8")], table(e, n, k, lambda m, i, j: s[m][i][j // 32] * (u[m][i][j] - 8))),
        quant_case("gguf_q8_0", "<gguf_q8_0>", [(whole, "i8")], table(e, n, k, lambda m, i, j: s[m][i][j // 32] * q[m][i][j])),
        quant_case("gguf_mxfp4", "<gguf_mxfp4>", [(mx, "i8")], table(e, n, k, lambda m, i, j: e2m1(u[m][i][j]) * e8m0(powers[m][i][j // 32]))),
        quant_case("gguf_nvfp4", "<gguf_nvfp4>", [(nv, "i8"), (t, "f32")],
                   table(e, n, k, lambda m, i, j: e2m1(u[m][i][j]) * e4m3(small[m][i][j // 16]) * t[m])),
    ]


def hqq(e, n, k):
    """Rows of the matrix of groups in parts, from the high bits down."""
    cases, d, g = [], Draw("hqq", e, n, k), 8
    lines = n * k // g
    for bits in (1, 2, 3, 4):
        q, s, z = d.codes(bits, e, lines, g), d.scales(e, lines), d.scales(e, lines)
        each = 10 if bits == 3 else 8 // bits
        stored_lines, width = -(-lines // each), 32 if bits == 3 else 8
        stored = []
        for m in range(e):
            rows = [[0] * g for _ in range(stored_lines)]
            for r in range(lines):
                shift = (27 if bits == 3 else 8 - bits) - bits * (r // stored_lines)
                for c in range(g):
                    rows[r % stored_lines][c] |= q[m][r][c] << shift
            stored.append([[signed(v, width) for v in row] for row in rows])
        line = lambda i, j: (i * k + j) // g
        cases.append(quant_case(f"hqq_{bits}", f"<hqq, group = {g}, bits = {bits}>", [(stored, "i32" if bits == 3 else "i8"), (s, "f32"), (z, "f32")],
                                table(e, n, k, lambda m, i, j: (q[m][line(i, j)][j % g] - z[m][line(i, j)]) * s[m][line(i, j)])))
    return cases


# 9.4 to 9.6.


def floats(e, n, k):
    d, cases = Draw("floats", e, n, k), []
    w = [[[signed(c, 8) for c in row] for row in m] for m in d.codes(8, e, n, k)]
    value = lambda m, i, j: e4m3(w[m][i][j] & 255)
    # The last block of rows and of columns is part of one.
    s = d.scales(e, -(-n // 3), -(-k // 24))
    powers = d.array((e, -(-n // 3), -(-k // 24)), lambda: d.random.randrange(120, 134))
    cases.append(quant_case("fp8_block", "<fp8_block, group = 24, block_n = 3>", [(w, "i8"), (s, "f32")],
                            table(e, n, k, lambda m, i, j: value(m, i, j) * s[m][i // 3][j // 24])))
    cases.append(quant_case("fp8_block_power", "<fp8_block, group = 24, block_n = 3>", [(w, "i8"), ([[[signed(v, 8) for v in r] for r in m] for m in powers], "i8")],
                            table(e, n, k, lambda m, i, j: value(m, i, j) * e8m0(powers[m][i // 3][j // 24]))))
    every = [[[signed(16 * i + j, 8) for j in range(16)] for i in range(16)]]
    cases.append(quant_case("fp8_every", "<fp8_block, group = 16, block_n = 16>", [(every, "i8"), ([[[1.0]]], "f32")],
                            table(1, 16, 16, lambda m, i, j: e4m3(16 * i + j)), tolerance=0.0))
    golden = [[[0x38, 0x7E, 0x08, signed(0xC4, 8), 0x7F, 0, 1, signed(0x80, 8)]]]
    cases.append(quant_case("fp8_golden", "<fp8_block, group = 8, block_n = 1>", [(golden, "i8"), ([[[1.0]]], "f32")],
                            [[[1.0, 448.0, 2.0**-6, -3.0, math.nan, 0.0, 2.0**-9, 0.0]]], single=True, tolerance=0.0))

    u, powers = d.codes(4, e, n, k), d.array((e, n, k // 32), lambda: d.random.randrange(110, 140))
    powers[0][0][0], powers[0][1][0] = 0, 255
    exponents = [[[signed(v, 8) for v in row] for row in m] for m in powers]
    for order, pack in (("adjacent", lambda part: bytes_of(part, 4)), ("half_split", lambda part: halves_of(part, 32))):
        blocks = [[[pack(part) for part in chunks(row, 32)] for row in m] for m in u]
        cases.append(quant_case(f"mxfp4_{order}", f"<mxfp4, order = {order}>", [(blocks, "i8"), (exponents, "i8")],
                                table(e, n, k, lambda m, i, j: e2m1(u[m][i][j]) * e8m0(powers[m][i][j // 32]))))
    # The golden byte: 0x21 with scale 128 is 1, 2.
    block = [0x21] + [0] * 15
    for order, at in (("adjacent", {0: 1.0, 1: 2.0}), ("half_split", {0: 1.0, 16: 2.0})):
        cases.append(quant_case(f"mxfp4_golden_{order}", f"<mxfp4, order = {order}>", [([[[block]]], "i8"), ([[[signed(128, 8)]]], "i8")],
                                [[[at.get(j, 0.0) for j in range(32)]]], single=True, tolerance=0.0))

    small, t = d.codes(8, e, n, k // 16), d.scales(e)
    scales = [[[signed(v, 8) for v in row] for row in m] for m in small]
    codes = [[bytes_of(row, 4) for row in m] for m in u]
    value = lambda m, i, j: e2m1(u[m][i][j]) * e4m3(small[m][i][j // 16])
    # X19: the same bytes, and globals of which one is the reciprocal of the other's use.
    cases.append(quant_case("nvfp4_multiply", "<nvfp4>", [(codes, "i8"), (scales, "i8"), (t, "f32")], table(e, n, k, lambda m, i, j: value(m, i, j) * t[m])))
    cases.append(quant_case("nvfp4_divide", "<nvfp4, global = divide>", [(codes, "i8"), (scales, "i8"), (t, "f32")],
                            table(e, n, k, lambda m, i, j: value(m, i, j) / t[m])))
    assert any(value(0, 0, j) * t[0] != value(0, 0, j) / t[0] for j in range(k))
    halves = [[halves_of(row, 16) for row in m] for m in u]
    cases.append(quant_case("nvfp4_halves", "<nvfp4, order = half_split>", [(halves, "i8"), (scales, "i8"), (t, "f32")],
                            table(e, n, k, lambda m, i, j: value(m, i, j) * t[m])))
    # X20: the same bytes read in two orders are two matrices.
    swapped = lambda row: [c for part in chunks(row, 16) for c in [(part[2 * (j % 8) + j // 8]) for j in range(16)]]
    cases.append(quant_case("nvfp4_adjacent_as_halves", "<nvfp4, order = half_split>", [(codes, "i8"), (scales, "i8"), (t, "f32")],
                            table(e, n, k, lambda m, i, j: e2m1(swapped(u[m][i])[j]) * e4m3(small[m][i][j // 16]) * t[m])))
    assert any(swapped(row) != row for row in u[0])
    return cases


# 9.7 and 9.8.


def qmoe_entry(values):
    words = [len(values) // 2, 0]
    for pair in range(len(values) // 2):
        field = values[2 * pair] | values[2 * pair + 1] << 2
        words[pair >= 7] |= field << (4 + 4 * pair if pair < 7 else 4 * (pair - 7))
    return [signed(w, 32) for w in words]


def ternary(e, n, k):
    d, cases = Draw("ternary", e, n, k), []
    codes = d.array((e, n, k), lambda: d.random.randrange(3))
    s = d.scales(e)
    stored = [[bytes_of(row, 2) for row in m] for m in codes]
    cases.append(quant_case("ternary", "<ternary>", [(stored, "i8"), (s, "f32")], table(e, n, k, lambda m, i, j: (0, 1, -1)[codes[m][i][j]] * s[m])))
    # A dictionary of some sequences of every length, of which the first 50 are used by the rows.
    entries = [[d.random.randrange(3) for _ in range(2 * (1 + i % 14))] for i in range(50)]
    dictionary = [qmoe_entry(v) for v in entries] + [[0, 0]] * (65536 - 52)
    last = [2, 1, 0, 2]
    dictionary += [qmoe_entry(last), qmoe_entry([1, 2])]
    streams, offsets, rows = [], [], []
    for _ in range(e):
        stream, begins, matrix = [], [0], []
        for _ in range(n):
            row = []
            while len(row) < k:
                fitting = [i for i, v in enumerate(entries) if len(v) <= k - len(row)]
                pick = d.random.choice(fitting)
                # The largest codewords are negative as i16.
                if k - len(row) >= 4 and d.random.random() < 0.3:
                    stream.append(signed(65534, 16))
                    row += last
                    continue
                stream.append(pick)
                row += entries[pick]
            begins.append(len(stream))
            matrix.append(row)
        streams.append(stream)
        offsets.append(begins)
        rows.append(matrix)
    longest = max(map(len, streams))
    streams = [stream + [0] * (longest - len(stream)) for stream in streams]
    low, high = d.array((e, n), lambda: -d.random.randrange(1, 9) / 4), d.array((e, n), lambda: d.random.randrange(1, 9) / 4)
    cases.append(quant_case("qmoe", "<qmoe>", [(streams, "i16"), (offsets, "i32"), (low, "bf16"), (high, "bf16"), (dictionary, "i32", "shared")],
                            table(e, n, k, lambda m, i, j: (0.0, low[m][i], high[m][i])[rows[m][i][j]]), tolerance=0.0))
    golden = [[2 | 0b0100 << 4 | 0b0001 << 8, 0]] + [[0, 0]] * 65535
    cases.append(quant_case("qmoe_golden", "<qmoe>", [([[0]], "i16"), ([[0, 1]], "i32"), ([[-1.0]], "f32"), ([[3.0]], "f32"), (golden, "i32", "shared")],
                            [[[0.0, -1.0, -1.0, 0.0]]], single=True, tolerance=0.0))
    return cases


def planes_of(codes, bits, base, plane, stored):
    """Planes of the high `stored` of `bits` bits of the codes of a matrix."""
    planes, left = bytes_of([c >> bits - base for c in codes], base), bits - base
    while left > bits - stored:
        left -= plane
        planes += bytes_of([c >> left & (1 << plane) - 1 for c in codes], plane)
    return planes


def sliced(code, bits, width, slice):
    """The code in `width` bits, with the δ of 9.8."""
    lost = bits - width
    if slice == "round":
        return min(max(math.floor(code / 2**lost + 0.5), 0), 2**width - 1)
    return (code >> lost) + (0.5 - 2.0**(-lost - 1) if slice == "centre" else 0.0)


def nested(e, n, k):
    """Planes of bits, high ones first; a narrower width reads fewer of them."""
    d, cases, g = Draw("nested", e, n, k), [], 16
    for bits, base, plane in ((8, 4, 2), (8, 2, 1), (6, 4, 1), (4, 4, 1), (5, 1, 2)):
        q, s, z = d.codes(bits, e, n, k), d.scales(e, n, k // g), d.scales(e, n, k // g)
        storage = lambda stored: [planes_of([c for row in m for c in row], bits, base, plane, stored) for m in q]
        allowed = list(range(base, bits + 1, plane))
        narrow = [d.scales(e, len(allowed) - 1, n, k // g) for _ in range(2)] if len(allowed) > 1 else None
        for slice in ("floor", "centre", "round"):
            head = f"<nested, group = {g}, bits = {bits}, base = {base}, plane = {plane}, slice = {slice}"
            def by(widths):
                def value(m, i, j):
                    lost = bits - widths[m]
                    return s[m][i][j // g] * 2**lost * (sliced(q[m][i][j], bits, widths[m], slice) - z[m][i][j // g] * 2.0**-lost)
                return value
            def overridden(widths):
                def value(m, i, j):
                    which = allowed.index(widths[m])
                    own, zero = (t[m][which][i][j // g] for t in narrow) if widths[m] < bits else (s[m][i][j // g], z[m][i][j // g])
                    return own * (sliced(q[m][i][j], bits, widths[m], slice) - zero)
                return value
            operands = [(storage(bits), "i8"), (s, "f32"), (z, "f32")]
            for number, widths in enumerate([None] + [[allowed[(i + m) % len(allowed)] for m in range(e)] for i in range(len(allowed))]):
                name = f"nested_{bits}{base}{plane}_{slice}_{'_'.join(map(str, widths)) if widths else 'all'}"
                expected = table(e, n, k, by(widths or [bits] * e))
                # Bounds of 9.8, in exact arithmetic.
                if slice != "round":
                    for m in range(e):
                        most = 2**(bits - (widths[m] if widths else bits)) - 1
                        for i in range(n):
                            for j in range(k):
                                off = s[m][i][j // g] * (q[m][i][j] - z[m][i][j // g]) - expected[m][i][j]
                                bound = s[m][i][j // g] * most
                                assert -1e-9 <= off <= bound + 1e-9 if slice == "floor" else abs(off) <= bound / 2 + 1e-9
                cases.append(quant_case(name, head + ">", operands, expected, widths))
                if widths and narrow and number == 1:
                    cases.append(quant_case(name + "_own_scales", head + ", overrides = true>", operands + [(t, "f32") for t in narrow],
                                            table(e, n, k, overridden(widths)), widths))
            # One width for all reads a prefix; its own scales are then all there are.
            for which, width in list(enumerate(allowed[:-1]))[:2]:
                name, text = f"nested_{bits}{base}{plane}_{slice}_tier_{width}", head + f", width = {width}"
                prefix = (storage(bits if slice == "round" else width), "i8")
                cases.append(quant_case(name, text + ">", [prefix] + operands[1:], table(e, n, k, by([width] * e))))
                if which == 0:
                    own = [([m[which] for m in t], "f32") for t in narrow]
                    cases.append(quant_case(name + "_own_scales", text + ", overrides = true>", [prefix] + own, table(e, n, k, overridden([width] * e))))
    return cases


# Sparse matrices (9.9).


def sparse(e, n, k):
    """n of m elements of each group, or those that a mask says."""
    d, cases = Draw("sparse", e, n, k), []
    for keep, group, bits in ((1, 2, 1), (2, 4, 2), (1, 4, 2), (2, 3, 2), (4, 8, 4), (8, 16, 4), (3, 16, 4)):
        width = {3: 12, 16: 32}.get(group, k)
        places = [[[p for _ in range(width // group) for p in sorted(d.random.sample(range(group), keep))] for _ in range(n)] for _ in range(e)]
        values = d.array((e, n, width // group * keep), lambda: ROUND["bf16"](d.random.uniform(-2, 2)))
        stored = [[bytes_of(row, bits) for row in m] for m in places]
        def value(m, i, j):
            run = range(j // group * keep, (j // group + 1) * keep)
            return sum(values[m][i][t] for t in run if places[m][i][t] == j % group)
        cases.append(quant_case(f"sparse_{keep}_of_{group}", f"<n_of_m, group = {group}, keep = {keep}>", [(values, "bf16"), (stored, "i8")],
                                table(e, n, width, value), tolerance=0.0))
    # A place that is named twice has the sum; one outside its group is nowhere.
    values, places = [[[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]]], [[bytes_of([2, 2, 3, 0, 3, 1, 0, 2], 2)]]
    cases.append(quant_case("sparse_places", "<n_of_m, group = 3, keep = 2>", [(values, "f32"), (places, "i8")],
                            [[[0.0, 0.0, 3.0, 8.0, 0.0, 0.0, 0.0, 32.0, 0.0, 64.0, 0.0, 128.0]]], tolerance=0.0))

    bits = d.array((e, n, k), lambda: int(d.random.random() < 0.3))
    bits[0][1], bits[-1][-1] = [0] * k, [1] * k
    masks, values, offsets, wanted = masked(d, bits)
    cases.append(quant_case("bitmask", "<bitmask>", [(masks, "i8"), (values, "f16"), (offsets, "i32")], wanted, tolerance=0.0))
    cases.append(quant_case("bitmask_one", "<bitmask>", [(masks, "i8"), (values, "f16"), (offsets, "i32")], wanted, single=True, tolerance=0.0))
    empty = [[bytes_of([0] * k, 1)] * n]
    cases.append(quant_case("bitmask_of_nothing", "<bitmask>", [(empty, "i8"), ([[]], "f32"), ([[0] * (n + 1)], "i32")], [[[0.0] * k] * n], single=True, tolerance=0.0))
    return cases


def masked(draw, bits):
    """Masks, values (with some that belong to nothing behind the last), offsets and matrices of a stack of bits."""
    values, offsets, wanted = [], [], []
    for m in bits:
        own, begins, matrix = [], [0], []
        for row in m:
            matrix.append([ROUND["f16"](draw.random.uniform(-2, 2)) if bit else 0.0 for bit in row])
            own += [v for v, bit in zip(matrix[-1], row) if bit]
            begins.append(len(own))
        values.append(own)
        offsets.append(begins)
        wanted.append(matrix)
    longest = max(map(len, values))
    return [[bytes_of(row, 1) for row in m] for m in bits], [own + [math.nan] * (longest - len(own)) for own in values], offsets, wanted


def sparse_residual(evaluation):
    """MC-SMoE: a low rank and the few elements that it misses, of which only these are stored."""
    d, e, rank = Draw("residual", 3, 16, 16), 3, 2
    entry = Factored(e, "low_rank_sparse", rank, evaluation=evaluation)
    masks, values, offsets, residual = masked(d, d.array((e, 16, 16), lambda: int(d.random.random() < 0.2)))
    left, right = randoms(51, e, 16, rank), randoms(52, e, rank, 16)
    fields = entry.fields() + ["quant = [<float>, <float>, <bitmask>]"]
    entry.fields = lambda: fields
    z, x = randoms(53, 9, e), randoms(54, 9, 16)
    args = {"z": Tensor(z, dynamic=True), "x": Tensor(x, dynamic=True), "left": Tensor(left), "right": Tensor(right), "m": IntTensor(masks, "i8"), "v": Tensor(values, "f16"),
            "o": Tensor(offsets, "i32")}
    plan = f"!moe.plan<{e}, slots<2>>"
    text = f"  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores> : {args['z'].type} -> {plan}\n"
    text += layer_text("", 16, 16, plan, [entry], ["left", "right", "m", "v", "o"], args)
    ids, weights, _ = route(z, {"fn": "softmax"})
    return Case(f"sparse_residual_{evaluation}", args, text, [("%y", "tensor<?x16xf32>")], [layer(x, ids, weights, [entry], [[left, right, residual]])], 2e-5)


class StoredClass(Class):
    """A class whose matrices have formats."""

    def __init__(self, formats, *args, **fields):
        super().__init__(*args, **fields)
        self.formats = formats

    def fields(self):
        return [f"quant = [{', '.join(self.formats)}]"]


def stored(draw, n, k):
    """Operands of E matrices (N×K) in each of six formats, and the matrices."""
    e = draw.e
    q, s = draw.codes(8, e, n, k), draw.scales(e, n, k // 16)
    q = [[[signed(c, 8) for c in row] for row in m] for m in q]
    s = [[[v / 128 for v in row] for row in m] for m in s]
    yield "<i8_group, group = 16>", [(q, "i8"), (s, "f32")], table(e, n, k, lambda m, i, j: s[m][i][j // 16] * q[m][i][j])
    u, z, t = draw.codes(4, e, n, k), draw.codes(4, e, n, k // 16), [[[4 * v for v in row] for row in m] for m in s]
    packed, zeros = [[bytes_of(row, 4) for row in m] for m in u], [[bytes_of(row, 4) for row in m] for m in z]
    yield ("<u_affine, group = 16, bits = 4>", [(packed, "i8"), (t, "f32"), (zeros, "i8")],
           table(e, n, k, lambda m, i, j: t[m][i][j // 16] * (u[m][i][j] - z[m][i][j // 16])))
    powers = draw.array((e, n, k // 32), lambda: draw.random.randrange(120, 124))
    blocks = [[[bytes_of(part, 4) for part in chunks(row, 32)] for row in m] for m in u]
    yield "<mxfp4>", [(blocks, "i8"), (powers, "i8")], table(e, n, k, lambda m, i, j: e2m1(u[m][i][j]) * e8m0(powers[m][i][j // 32]))
    def widths_of(*widths):
        return table(e, n, k, lambda m, i, j: s[m][i][j // 16] * 2**(8 - widths[m]) * ((q[m][i][j] + 128 >> 8 - widths[m]) - 120 * 2.0**(widths[m] - 8)))
    zeros120 = [[[120.0] * len(row) for row in m] for m in s]
    nested_codes = lambda stored: [planes_of([c + 128 for row in m for c in row], 8, 4, 2, stored) for m in q]
    own = [(4, 8, 6)[m % 3] for m in range(e)]
    nested_text = "<nested, group = 16, bits = 8, base = 4, plane = 2"
    tier = nested_text + ", width = 6>", [(nested_codes(6), "i8"), (s, "f32"), (zeros120, "f32")], widths_of(*[6] * e)
    by_expert = nested_text + ", widths = operand>", [(nested_codes(8), "i8"), (s, "f32"), (zeros120, "f32"), (own, "i8")], widths_of(*own)
    g = draw.scales(e)
    yield ("<nvfp4, global = divide>", [(packed, "i8"), ([[[0x18 + v % 8 for v in row] for row in m] for m in z], "i8"), (g, "f32")],
           table(e, n, k, lambda m, i, j: e2m1(u[m][i][j]) * e4m3(0x18 + z[m][i][j // 16] % 8) / g[m]))
    yield tier
    yield by_expert


def stored_layer(name, body, picks, count=3, d=32, width=32, apply="output", residual="none"):
    """A layer whose matrices are in the formats `picks` of `stored`, among plain biases, against the interpreter on the matrices."""
    draw, entries, stacks, formats, left = Draw(name, count, d, width), [], [], [], list(picks)
    for i, shape in enumerate(body.shapes(d, width, d)):
        if len(shape) == 1:
            stacks.append(randoms(i, count, *shape))
            entries.append((stacks[-1], "f32"))
            continue
        format, operands, matrices = list(stored(draw, *shape))[left.pop(0)]
        formats.append(format)
        stacks.append(matrices)
        entries += operands
    classes = [StoredClass(formats, "ffn", count, width, body), Class("copy", 1)]
    routed = count + 1
    z, x = randoms(41, 9, routed), randoms(42, 9, d)
    args = {"z": Tensor(z, dynamic=True), "x": Tensor(x, dynamic=True)}
    names = [f"w{i}" for i in range(len(entries))]
    for w, (data, element) in zip(names, entries):
        args[w] = IntTensor(data, element)
    plan = f"!moe.plan<{routed}, slots<2>>"
    text = f"  %p = moe.route %z score <softmax> select <topk(2), key = scores> weight <scores> : {args['z'].type} -> {plan}\n"
    text += layer_text("", d, d, plan, classes, names, args, apply=apply, residual=residual)
    ids, weights, _ = route(z, {"fn": "softmax"})
    return Case(name, args, text, [("%y", f"tensor<?x{d}xf32>")], [layer(x, ids, weights, classes, [stacks, []], apply, residual, routed_slots=2)], 2e-5)


def stored_layers():
    biased = dict(bias=("gate", "up", "down"))
    return [
        stored_layer("stored_split", Body("silu", **biased), [0, 1, 2]), stored_layer("stored_other", Body("silu"), [3, 2, 0]),
        stored_layer("stored_joint", Body("silu", storage="interleaved", **biased), [1, 3]),
        stored_layer("stored_ungated", Body("relu", gated=False), [2, 1], residual="add_x"), stored_layer("stored_widths", Body("silu"), [4, 5, 0])]


def formats():
    cases = []
    integers(cases)
    cases += stored_layers() + sparse(3, 4, 16) + [sparse_residual("apply_factored"), sparse_residual("materialise")] + columns_packed(2, 16, 32) + gguf(2, 3, 64) + hqq(2, 8, 16) + floats(2, 4, 64) + ternary(2, 4, 32) + nested(3, 4, 32)
    reals = randoms(90, 2, 4, 8, element="bf16")
    cases.append(quant_case("float", "<float>", [(reals, "bf16")], reals, tolerance=0.0))
    d = Draw("rounding", 2, 4, 8)
    q, s = [[[signed(c, 8) for c in row] for row in m] for m in d.codes(8, 2, 4, 8)], d.scales(2, 4)
    for out in ("bf16", "f16", "f64"):
        cases.append(quant_case(f"rounds_to_{out}", "<i8_chan>", [(q, "i8"), (s, "f32")], table(2, 4, 8, lambda m, i, j: s[m][i] * q[m][i][j]), out=out,
                                tolerance={"bf16": 1e-2, "f16": 1e-3, "f64": 1e-7}[out]))
    return cases
