"""Every reason for which moe-raise leaves a layer alone, or calls a graph wrong, is what a test expects.

usage: refusals.py ROOT

Reasons are the arguments of calls of refuse and reject in passes/Transforms/Raise*.cpp. What a test expects of a reason is its beginning: as much as
stands before a number or another part that differs, and no more than its first 40 characters.
"""
import re
import sys

import lint

SHOWN = 40
CALL = re.compile(r"\b(?:refuse|reject)\(")
LITERALS = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\s*"((?:[^"\\]|\\.)*)")*')
EXPECTATION = re.compile(r"^(?://|#)?\s*[A-Z][A-Z0-9-]*(?<!-NOT):.*$", re.M)


def arguments(text, start):
    """The text from an opening parenthesis to the closing one."""
    depth, position = 0, start
    while True:
        literal = LITERALS.match(text, position)
        if literal:
            position = literal.end()
            continue
        depth += {"(": 1, ")": -1}.get(text[position], 0)
        position += 1
        if depth == 0:
            return text[start:position]


def reasons(text):
    """Position and beginning of each reason."""
    for call in CALL.finditer(text):
        parts = ["".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literal.group())) for literal in LITERALS.finditer(arguments(text, call.end() - 1))]
        # Of a reason in parts, the longest tells it from others.
        if parts:
            yield call.start(), max(parts, key=len).strip()[:SHOWN]


def main():
    (root,) = sys.argv[1:]
    findings = lint.Findings()
    expected = "\n".join(line for path in lint.files(root, ".mlir", ".test") if path.startswith("test/") for line in EXPECTATION.findall(lint.read(root, path)))
    checked = 0
    for path in lint.files(root, ".cpp"):
        if not re.fullmatch(r"passes/Transforms/Raise\w*\.cpp", path):
            continue
        text = lint.read(root, path)
        for position, reason in reasons(text):
            checked += 1
            if reason not in expected:
                findings.add(path, text.count("\n", 0, position) + 1, f"no test expects the reason '{reason}'")
    findings.finish(checked, "reasons")


main()
