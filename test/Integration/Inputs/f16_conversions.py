"""Conversions of f16 by every value, and arithmetic.

usage: f16_conversions.py inputs DIR  writes inputs, and the bits that conversions are to give
"""
import math
import random
import struct
import sys


def write(path, shape, kind, values):
    """Little endian, of a kind of the module struct."""
    name = {"e": "f2", "d": "f8", "h": "i2", "i": "i4"}[kind]
    header = f"{{'descr': '<{name}', 'fortran_order': False, 'shape': {tuple(shape)}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(values)}{kind}", *values))


def bits_of(kind, value):
    return struct.unpack({"e": "<h", "f": "<i"}[kind], struct.pack("<" + kind, value))[0]


def narrow(value):
    """The bits of `value` in f16: Python rounds to nearest, ties to even."""
    if math.isnan(value):
        return 0x7E00
    try:
        return bits_of("e", value)
    except OverflowError:
        return bits_of("e", math.copysign(math.inf, value))


def main(folder):
    every = list(range(-0x8000, 0x8000))
    wide = []
    for bits in every:
        value = struct.unpack("<e", struct.pack("<h", bits))[0]
        # The instruction keeps what a NaN carries, and makes it quiet.
        sign = 0x80000000 if bits < 0 else 0
        nan = sign | 0x7FC00000 | (bits & 0x3FF) << 13
        wide.append((nan ^ 0x80000000) - 0x80000000 if math.isnan(value) and sign else nan if math.isnan(value) else bits_of("f", value))
    write(f"{folder}/bits16.npy", [len(every)], "h", every)
    write(f"{folder}/wide.npy", [len(every)], "i", wide)

    # Values of f16, what is half between two of them, and their neighbours.
    draw = random.Random(5)
    some = [0x7F800000, 0x7F7FFFFF, 0x477FEFFF, 0x477FF000, 0x477FFFFF, 0x47800000, 0x38800000, 0x387FFFFF, 0x33000000, 0x33000001, 0x32FFFFFF, 1, 0]
    for _ in range(3000):
        near = (draw.randrange(0x32000000, 0x47900000) >> 13 << 13) + draw.choice((0, 0x1000))
        some += [near - 1, near, near + 1]
    # Below the normal numbers of f16, places are lost one after the other.
    for exponent in range(100, 114):
        some += [exponent << 23 | draw.randrange(1 << 23) for _ in range(20)]
        some += [exponent << 23 | 1 << place for place in range(23)]
    some = [bits for each in some for bits in (each, each - 0x80000000)] + [0x7FC00000]
    write(f"{folder}/bits32.npy", [len(some)], "i", some)
    write(f"{folder}/narrow.npy", [len(some)], "h", [narrow(struct.unpack("<f", struct.pack("<i", bits))[0]) for bits in some])

    # Of f64: what rounding to f32 first would make a tie, among others.
    doubles = [0.0, -0.0, 1e300, -1e300, math.inf, 65519.99999999, 65520.0, 5.0e-324]
    for _ in range(2000):
        value = math.ldexp(1 + draw.randrange(2048) / 2048, draw.randrange(-28, 16))
        doubles += [sign * value * (1 + draw.choice((-1, 0, 1)) * 2.0**-place) for sign in (1, -1) for place in (30, 50)]
    write(f"{folder}/doubles.npy", [len(doubles)], "d", doubles)
    write(f"{folder}/of_doubles.npy", [len(doubles)], "h", [narrow(value) for value in doubles])

    # Sums of 64 products are exact in f32 as they are here.
    rows, columns, depth = 5, 70, 64
    numbers = lambda count: [draw.randint(-16, 16) / 16 for _ in range(count)]
    x, y = numbers(rows * depth), numbers(depth * columns)
    product = [sum(x[m * depth + k] * y[k * columns + n] for k in range(depth)) for m in range(rows) for n in range(columns)]
    write(f"{folder}/x.npy", [rows, depth], "e", x)
    write(f"{folder}/y.npy", [depth, columns], "e", y)
    write(f"{folder}/product.npy", [rows, columns], "e", product)
    greatest = [max(x[m * depth:(m + 1) * depth]) for m in range(rows)]
    write(f"{folder}/greatest.npy", [rows], "e", greatest)


if __name__ == "__main__":
    main(sys.argv[2])
