"""What new-op and new-pass share: spelling names, and putting text where it belongs in files that exist."""
import os
import re
import shutil
import subprocess
import sys

# Names whose capitals do not say where their words end.
WORDS = {"MoE": "Moe", "CPU": "Cpu", "NVVM": "Nvvm", "StableHLO": "Stablehlo", "CHLO": "Chlo", "LLVM": "Llvm", "ABI": "Abi", "ONNX": "Onnx"}


def kebab(name):
    """FuseRouter -> fuse-router, MoEToLinalg -> moe-to-linalg."""
    for word, plain in WORDS.items():
        name = name.replace(word, plain)
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


def fail(text):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {text}")


class Tree:
    """The checkout; remembers what it wrote. Nothing is overwritten, and a file that is changed must look as expected."""

    def __init__(self, root):
        self.root = root
        self.written = []

    def path(self, name):
        return os.path.join(self.root, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        self.written.append(name)

    def create(self, name, text):
        if os.path.exists(self.path(name)):
            fail(f"'{name}' exists already")
        self.write(name, text)

    def format(self):
        """Lays out the sources that were written, where clang-format is installed."""
        sources = [self.path(name) for name in set(self.written) if name.endswith(".cpp")]
        if shutil.which("clang-format-22"):
            subprocess.run(["clang-format-22", "-i", "--style=file", *sources], check=True)

    def insert_before(self, name, mark, text):
        """Puts `text` before the last line that is `mark`."""
        old = self.read(name)
        at = old.rfind("\n" + mark + "\n")
        if at < 0:
            fail(f"expects a line '{mark}' in '{name}'")
        self.write(name, old[: at + 1] + text + old[at + 1 :])

    def add_word(self, name, pattern, word):
        """Adds `word` to the list of words that group 1 of `pattern` finds, where it sorts, in the layout that the list has."""
        old = self.read(name)
        match = re.search(pattern, old, re.S)
        if not match:
            fail(f"expects a list in '{name}' to add '{word}' to")
        words = match.group(1).split()
        if word in words:
            return
        after = max((each for each in words if each.lower() < word.lower()), key=str.lower, default=None)
        lines = "\n" in match.group(1).strip()
        if after is None:
            new = re.sub(r"\S", lambda first: word + ("\n" + " " * indentation(match.group(1)) if lines else " ") + first.group(), match.group(1), count=1)
        else:
            space = "\n" + " " * indentation(match.group(1)) if lines else " "
            new = re.sub(rf"(?<!\S){re.escape(after)}(?!\S)", after + space + word, match.group(1), count=1)
        self.write(name, old[: match.start(1)] + new + old[match.end(1) :])


def indentation(text):
    """Spaces before the last word of a list with one word a line."""
    last = text.rstrip().rsplit("\n", 1)[-1]
    return len(last) - len(last.lstrip())
