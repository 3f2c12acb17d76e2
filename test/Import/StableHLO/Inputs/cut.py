"""Copies the first bytes of a file.

usage: cut.py FILE BYTES COPY
"""
import sys

with open(sys.argv[1], "rb") as file:
    content = file.read(int(sys.argv[2]))
with open(sys.argv[3], "wb") as file:
    file.write(content)
