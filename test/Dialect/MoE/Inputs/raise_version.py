"""Copies a bytecode file, raising the version of its first versioned dialect by one.

A version section is the bytes 7 (its id), 3 (a length of 1) and the version n as a variable-length number (2 * n + 1 for n < 64). It is the
first such pair in a file, because the dialects are its first section.
"""
import sys

with open(sys.argv[1], "rb") as file:
    data = bytearray(file.read())
version = data.index(b"\x07\x03") + 2
assert data[version] % 2 == 1, "expects a version of one byte"
data[version] += 2
with open(sys.argv[2], "wb") as file:
    file.write(data)
