"""No file grows beyond what one reads in a sitting.

usage: sizes.py ROOT
"""
import sys

import lint

LIMITS = {".cpp": 1000, ".c": 1000, ".h": 1000, ".py": 1000, ".td": 600}

findings = lint.Findings()
paths = lint.files(sys.argv[1], *LIMITS)
for path in paths:
    limit = LIMITS[path[path.rindex(".") :]]
    lines = lint.read(sys.argv[1], path).count("\n")
    if lines > limit:
        findings.add(path, lines, f"has {lines} lines, but at most {limit} are allowed")
findings.finish(len(paths), "sources")
