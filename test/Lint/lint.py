"""What the lints share: the project's files, and how a finding is reported."""
import os
import sys

# Folders that are not sources: builds, and what tests feed to tools (the lints' own fixtures among them).
SKIPPED = {".git", "build", "install", "Inputs", "__pycache__", ".cache"}


def files(root, *endings):
    """Paths below root, relative to it and sorted, that end in one of the endings (all files without any)."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in SKIPPED)
        for name in names:
            if not endings or name.endswith(endings):
                found.append(os.path.relpath(os.path.join(folder, name), root))
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


class Findings:
    """Collects findings as 'path:line: text' and ends the process with status 1 where there are any."""

    def __init__(self):
        self.texts = []

    def add(self, path, line, text):
        self.texts.append(f"{path}:{line}: {text}")

    def finish(self, checked, what):
        """`checked` things were looked at; a lint that looked at nothing has failed to find them."""
        for text in self.texts:
            print(text, file=sys.stderr)
        if not checked:
            print(f"found no {what} to check", file=sys.stderr)
        sys.exit(1 if self.texts or not checked else 0)
