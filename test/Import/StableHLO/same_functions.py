"""Two modules' texts agree in every function that both have; prints the names of those that only the first has.

usage: same_functions.py ALL.mlir SOME.mlir
"""
import re
import sys


def functions(path):
    with open(path) as file:
        parts = re.split(r"(?m)^(?=  func\.func)", file.read().rsplit("}", 1)[0])
    return {re.search(r"@([\w.]+)", part).group(1): part for part in parts[1:]}


every, some = map(functions, sys.argv[1:])
for name, text in some.items():
    if text != every.get(name):
        sys.exit(f"@{name} differs:\n{text}\n{every.get(name)}")
print("without", sorted(set(every) - set(some)))
