"""Reading the kernel's C sources well enough for the checks: files, functions, comments."""

import functools
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KERNEL = ("lib", "boot", "kernel", "net", "drivers")

# A definition begins in column 0 and its body's brace stands alone in column 0.
DEFINITION = re.compile(r"^(?!static\b|typedef\b|struct\s+\w+\s*\{|#)([A-Za-z_][\w \t*]*?)"
                        r"\b(\w+)\(([^;{}]*)\)[^;{}()]*\n\{", re.M)
ANY_DEFINITION = re.compile(r"^(?!typedef\b|#)[A-Za-z_][\w \t*]*?\b(\w+)\([^;{}]*\)[^;{}()]*\n\{",
                            re.M)
NOT_FUNCTIONS = {"if", "for", "while", "switch", "return", "sizeof"}


@functools.lru_cache(None)
def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def lines(path):
    return read(path).split("\n")


@functools.lru_cache(None)
def tracked():
    """Every file that is, or could be, in the repository."""
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                         cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return sorted(f for f in set(out) if f and os.path.isfile(os.path.join(ROOT, f)))


def sources(folders=KERNEL, suffixes=(".c", ".h")):
    return [f for f in tracked()
            if f.split("/")[0] in folders and f.endswith(suffixes)]


@functools.lru_cache(None)
def without_comments(path):
    """The text with comments and strings blanked, every line and column in place."""
    def blank(m):
        return re.sub(r"[^\n]", " ", m[0])
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank,
                  read(path), flags=re.S)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def functions(path, static=True):
    """(name, first line, last line) of each function defined in a file."""
    text = without_comments(path)
    for m in (ANY_DEFINITION if static else DEFINITION).finditer(text):
        name = m[1] if static else m[2]
        if name in NOT_FUNCTIONS or name.startswith("SYSCALL_DEFINE"):
            continue
        end = text.find("\n}", m.end())
        yield name, line_of(text, m.start()), line_of(text, end + 1 if end >= 0 else len(text))


def commented_above(path, number):
    """Whether the text right above line `number` (from 1), or its block of lines, is a comment."""
    all_lines = lines(path)
    at = number - 2
    while at >= 0 and all_lines[at].strip():
        if all_lines[at].rstrip().endswith("*/"):
            return True
        at -= 1
    return False
