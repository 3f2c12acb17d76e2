"""What must not be in a source: a TODO without an issue, a path of somebody's machine.

usage: text.py ROOT
"""
import re
import sys

import lint

ENDINGS = (".cpp", ".c", ".h", ".td", ".py", ".mlir", ".test", ".txt", ".cmake", ".md", ".json", ".in", ".sh", ".yml")
MARK = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\): )")
# Home folders, and this project's own checkouts by absolute path.
MACHINE = re.compile(r"(?<![\w.])/(home|Users|root|work|mnt|media)/\w")

findings = lint.Findings()
root = sys.argv[1]
paths = [path for path in lint.files(root) if path.endswith(ENDINGS) or path.startswith(("utils/", ".ci/"))]
paths = [path for path in paths if not path.startswith("test/Lint/")]
for path in paths:
    try:
        lines = lint.read(root, path).splitlines()
    except UnicodeDecodeError:
        continue
    for number, line in enumerate(lines, 1):
        if match := MARK.search(line):
            findings.add(path, number, f"'{match.group(1)}' needs an issue: TODO(#1): ...")
        if match := MACHINE.search(line):
            findings.add(path, number, f"names a path of one machine: '{line[match.start():].split()[0]}'")
findings.finish(len(paths), "sources")
