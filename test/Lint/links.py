"""Links in .md files lead to files, and to headings, that exist.

usage: links.py ROOT
"""
import os
import re
import sys

import lint

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def anchors(text):
    """The anchors that the headings of a page make."""
    found = set()
    for heading in re.findall(r"^#+ +(.*)$", re.sub(r"```.*?```", "", text, flags=re.S), re.M):
        found.add(re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.strip().lower())))
    return found


findings = lint.Findings()
root = sys.argv[1]
paths = lint.files(root, ".md")
for path in paths:
    text = lint.read(root, path)
    for match in LINK.finditer(re.sub(r"```.*?```", lambda code: "\n" * code.group().count("\n"), text, flags=re.S)):
        target = match.group(1) or match.group(2)
        line = text.count("\n", 0, text.find(match.group())) + 1
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        place = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
        if not os.path.exists(os.path.join(root, place)):
            findings.add(path, line, f"links to '{target}', which does not exist")
        elif anchor and place.endswith(".md") and anchor not in anchors(lint.read(root, place)):
            findings.add(path, line, f"links to '{target}', but '{place}' has no such heading")
findings.finish(len(paths), "pages")
