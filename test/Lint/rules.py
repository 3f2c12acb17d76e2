"""Every rule of the routing specification has the tests that it asks for: a label in a comment of a test says which rule it is about, and what of it.

usage: rules.py ROOT

A rewrite (section 5) needs a test that it fires, one per precondition that it does not fire where that alone is broken, and one of its numbers; an illegal combination
(section 4) one invalid test per clause. Labels are `(C5): fires`, `(C5): not with negative keys`, `(C5): numbers`, `(R20): policy`. So this file is the table of rules, and the
tests are what it refers to. Every remark that a rewrite gives, of what it did or why it stayed, is expected by a test, too.
"""
import re
import sys

import lint

# Preconditions in the specification's order. One that no IR can break is not here: that a unit lists an expert once (C12), that lora experts have one base (C17).
REWRITES = {
    "C1": ["key offset", "score post", "capacity between", "another order", "infinite logits"],
    "C2": ["key offset", "flat score", "summed groups", "infinite logits"],
    "C3": ["weights elsewhere than on outputs"],
    "C4": ["two keys"],
    "C5": ["negative keys", "too few positive keys", "infinite logits"],
    "C6": ["weights on inputs", "weights read elsewhere", "narrow weights", "scales in blocks"],
    "C7": ["weights on inputs", "weights read elsewhere", "narrow weights", "scales in blocks"],
    "C8": ["weights on inputs", "no hidden vector"],
    "C9": ["two bodies", "gated experts", "scales of whole rows"],
    "C10": ["gated experts", "widths that are operands"],
    "C11": ["another threshold", "another score"],
    "C12": ["fewer places than units"],
    "C13": ["two rules of merging", "dropped entries", "merged entries", "sums in the order of numbers", "classes that would fall apart",
            "zero or exclude ids of experts that compute"],
    "C14": ["tucker"],
    "C15": ["inputs of their own"],
    "C16": ["all columns", "other weights"],
    "C17": ["matrices of their own", "widths that are operands"],
    "C18": ["places for some"],
    "C19": ["rows stored together", "two formats"],
    "C20": ["the sum itself"],
}
# R26 is not here: rows have no padding that an expert could see, so nothing can break it.
COMBINATIONS = {
    "R1": ["score groups", "filter groups", "selection groups", "kept groups", "summed keys", "k of kept groups", "k of a group"],
    "R2": ["group filter"],
    "R3": ["group filter", "limit", "tile_round", "fallback", "after"],
    "R4": ["key offset", "zero", "copy", "constant", "neuron", "apply", "score"],
    "R5": ["capacity", "fallback", "softmax"],
    "R6": ["keys", "post", "key offset"],
    "R7": ["source", "double softmax"],
    "R8": ["negative scores", "negative keys"],
    "R9": ["softmax", "norm"],
    "R10": ["key offset"],
    "R11": ["key offset", "loss"],
    "R12": ["multiple"],
    "R13": ["slots"],
    "R14": ["kind"],
    "R15": ["zero", "exclude", "table"],
    "R16": ["no matrices", "element types"],
    "R17": ["copy", "residual"],
    "R18": ["widths", "policy", "sharing"],
    "R19": ["class", "quantised", "plan"],
    "R20": ["policy", "score", "renormalised", "units"],
    "R21": ["nothing dropped", "reroute"],
    "R22": ["policy", "capacity", "score"],
    "R23": ["policy", "score", "approx"],
    "R24": ["score", "source", "gradient", "picks"],
    "R25": ["threshold", "kmax"],
    "R27": ["source"],
    "R28": ["weights"],
    "R29": ["key dtype"],
    "R30": ["segments", "noise"],
}


def wanted():
    for rule, conditions in REWRITES.items():
        yield from ((rule, what) for what in ["fires", "numbers", *(f"not with {condition}" for condition in conditions)])
    for rule, clauses in COMBINATIONS.items():
        yield from ((rule, clause) for clause in clauses)


# What a C++ file says that no remark is: comments, names of files, and texts of defects that cannot happen.
SILENT = re.compile(r"//[^\n]*|#include[^\n]*|\b(?:llvm_unreachable|assert|notifyMatchFailure)\s*\((?:[^()\"]|\"(?:[^\"\\]|\\.)*\"|\([^()]*\))*\)")
LITERALS = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*')


def remarks(root):
    """What the rewrites of the routing pass say: (path, line, text). A text of several words in their files is said by a remark, wherever it is written."""
    for path in lint.files(root, ".cpp", ".h"):
        if not re.fullmatch(r"passes/Transforms/(Simplify|StoredWeights)\w*\.(cpp|h)", path):
            continue
        # Lines keep their numbers.
        text = SILENT.sub(lambda match: "\n" * match.group().count("\n"), lint.read(root, path))
        for match in LITERALS.finditer(text):
            said = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match.group()))
            if " " in said:
                yield path, text.count("\n", 0, match.start()) + 1, said


def main():
    root, = sys.argv[1:]
    findings, labels, expected = lint.Findings(), {}, set()
    for path in lint.files(root, ".mlir", ".test"):
        if not path.startswith("test/"):
            continue
        text = lint.read(root, path)
        expected.update(re.findall(r"expected-remark[^{]*\{\{(.*?)\}\}", text))
        for number, line in enumerate(text.splitlines(), 1):
            for rule, whats in re.findall(r"\(([CR]\d+)\): ([\w ,-]+)", line):
                for what in whats.split(", "):
                    labels.setdefault((rule, what.strip()), (path, number))
    rules = set(wanted())
    for rule, what in sorted(rules - set(labels)):
        findings.add("test/Lint/rules.py", 1, f"no test has the label '({rule}): {what}'")
    for rule, what in sorted(set(labels) - rules):
        findings.add(*labels[rule, what], f"({rule}) has nothing called '{what}'")
    said = list(remarks(root))
    for path, number, remark in said:
        if remark not in expected:
            findings.add(path, number, f"no test expects the remark '{remark}'")
    findings.finish(min(len(labels), len(said)), "labels of rules and remarks")


main()
