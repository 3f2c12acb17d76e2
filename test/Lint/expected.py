"""A test that expects diagnostics runs with --verify-diagnostics; without it, the expectations are comments.

usage: expected.py ROOT
"""
import re
import sys

import lint

findings = lint.Findings()
paths = [path for path in lint.files(sys.argv[1], ".mlir", ".test") if path.startswith("test/")]
for path in paths:
    text = lint.read(sys.argv[1], path)
    if re.search(r"expected-(error|warning|note|remark)", text) and not re.search(r"RUN:.*(\\\n.*)*--?verify-diagnostics", text):
        findings.add(path, 1, "expects diagnostics, but no RUN line has --verify-diagnostics")
    if path.endswith(".mlir") and "RUN:" not in text:
        findings.add(path, 1, "is no test: it has no RUN line")
findings.finish(len(paths), "tests")
