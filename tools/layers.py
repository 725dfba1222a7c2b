#!/usr/bin/python3
"""Who may include whom, by folder. The same table stands in docs/architecture.md.

    tools/layers.py            check every #include of the kernel against the table
    tools/layers.py --write    put the table into docs/architecture.md
"""

import os
import re
import sys

import csource

DOC = "docs/architecture.md"
BEGIN, END = "<!-- layers: begin -->\n", "<!-- layers: end -->\n"

BASE = ["lib", "kernel", "arch/cpu.h"]
NET_BASE = BASE + ["kernel/fs", "kernel/mm", "kernel/sched", "kernel/time", "kernel/abi"]

# A folder's files may include the folder itself and these. `arch/cpu.h` is the part of the CPU
# that the host build has as well; `arch` is the rest of kernel/x86/arch.
TABLE = {
    "lib": [],
    "boot": ["lib"],
    "boot/efi": ["lib", "boot"],
    "kernel": ["lib", "arch/cpu.h", "kernel/sched", "kernel/time", "kernel/fs"],
    "kernel/mm": BASE + ["kernel/sched", "kernel/fs", "kernel/abi", "arch", "boot"],
    "kernel/sched": BASE + ["kernel/mm", "kernel/time", "kernel/fs", "kernel/abi", "arch"],
    "kernel/time": BASE + ["kernel/sched", "kernel/fs", "kernel/abi"],
    "kernel/fs": BASE + ["kernel/mm", "kernel/sched", "kernel/time", "kernel/abi"],
    "kernel/abi": BASE + ["kernel/mm", "kernel/sched", "kernel/time", "kernel/fs", "arch"],
    "kernel/x86": BASE + ["arch", "boot", "kernel/mm", "kernel/sched", "kernel/time",
                          "kernel/abi"],
    "kernel/x86/arch": BASE,
    "net/core": NET_BASE + ["net"],
    "net/ethernet": BASE + ["net/core"],
    "net/ipv4": NET_BASE + ["net", "net/core", "net/ethernet"],
    "net": NET_BASE + ["net/core"],
    "drivers": BASE + ["arch", "kernel/time", "kernel/sched", "kernel/fs", "kernel/mm",
                       "net/core", "net/ethernet"],
}

# Where one file must know more than its folder: who, whom, and why.
EXCEPTIONS = {
    ("kernel/main.c", "*"): "the boot list names every part once",
    ("kernel/panic.c", "arch"): "a backtrace walks the CPU's frames",
    ("kernel/random.c", "arch"): "the CPU's own random numbers are one of the sources",
    ("kernel/sched/sched.c", "net/core"): "the first thread belongs to init_net",
    ("kernel/abi/process.c", "net/core"): "the machine ends when the sockets are drained",
    ("net/core/net_namespace.h", "net/ipv4"): "struct net holds the protocols' state by value",
    ("net/core/net_namespace.c", "net/ipv4"): "it sets every protocol up, in order",
    ("net/core/sock.c", "net/ipv4"): "a socket remembers its route",
    ("net/core/sock_opt.c", "net/ipv4"): "SO_DONTROUTE and its kin forget it",
    ("drivers/pci.c", "kernel/x86"): "ACPI tells where the configuration space is",
}


def room_of(include):
    """The table's word for an included file."""
    folder = os.path.dirname(include)
    if folder == "arch":
        return include if include == "arch/cpu.h" else "arch"
    return folder


def folder_of(path):
    """The longest folder of the table that a file is in."""
    folder = os.path.dirname(path)
    while folder and folder not in TABLE:
        folder = os.path.dirname(folder)
    return folder


def allowed(path, include):
    folder, room = folder_of(path), room_of(include)
    if room in (folder, os.path.dirname(path)) or room in TABLE[folder]:
        return True
    if folder == "kernel/x86/arch" and room in ("arch", "arch/cpu.h"):
        return True
    return (path, room) in EXCEPTIONS or (path, "*") in EXCEPTIONS


def problems():
    """One line for each include that the table does not allow."""
    found = []
    for path in csource.sources():
        if not folder_of(path):
            found.append(f"{path}: its folder is not in the table of tools/layers.py")
            continue
        for number, line in enumerate(csource.lines(path), 1):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if m and not allowed(path, m[1]):
                found.append(f"{path}:{number}: {folder_of(path)}/ may not include {m[1]}")
    return found


def rendered():
    """The table in the document's words."""
    out = ["| files in | may include, besides their own folder |", "|---|---|"]
    for folder, rooms in TABLE.items():
        out.append(f"| `{folder}/` | {', '.join(f'`{r}`' for r in rooms) or 'nothing'} |")
    out += ["", "Exceptions:", ""]
    for (path, room), why in EXCEPTIONS.items():
        whom = "everything" if room == "*" else f"`{room}`"
        out.append(f"- `{path}` may include {whom}: {why}.")
    return "\n".join(out) + "\n"


def document_problems():
    """Whether the document shows this table."""
    text = csource.read(DOC)
    shown = text.partition(BEGIN)[2].partition(END)[0]
    return [] if shown == rendered() else [f"{DOC}: not the table of tools/layers.py; "
                                           "tools/layers.py --write puts it there"]


def write_document():
    text = csource.read(DOC)
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    with open(os.path.join(csource.ROOT, DOC), "w", encoding="utf-8") as f:
        f.write(head + BEGIN + rendered() + END + tail)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write_document()
        sys.exit(0)
    wrong = problems()
    print("\n".join(wrong) if wrong else "every include is in the table")
    sys.exit(1 if wrong else 0)
