#!/usr/bin/python3
"""Make the table that kernel/symbols.c reads: function names and lines for code addresses.

usage: symbols.py kernel.elf table.bin

The kernel is linked twice: first with an empty table, then with the one made from the first
link. The table lies behind all code, so no function moves in between.

Format, little-endian; "number" is LEB128, "signed" a zigzag number:

  header   u32 number of blocks, functions per block, number of functions, offset of file names
  blocks   per block: u32 address of its first function (from the image's start), u32 offset
  octets   (offsets count from here) for each function:
             number   distance from the function before (0 for the first of a block)
             number   length of the name, then the name
             number   length of the line program, then the program; for each row:
               number   address step << 1 | file changes
               signed   line step
               number   index of the file, if it changes
           then the file names, each terminated by 0

A line program starts at the function's address, line 0, file 0.
"""

import bisect
import os
import re
import struct
import subprocess
import sys

BLOCK = 32
ROW = re.compile(r"^(\S+)\s+(\d+|-)\s+(0x[0-9a-f]+|0)\b")


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def read_symbols(elf):
    """(start, end of text, [(address, name)]) of the image; one name per address."""
    limits = {}
    functions = {}
    for line in run("nm", "-n", elf).splitlines():
        address, kind, name = line.split(None, 2)
        limits[name] = int(address, 16)
        if kind in "tT" and "." not in name.replace(".isra", "").replace(".part", "")[:-2]:
            functions.setdefault(int(address, 16), name.split(".")[0])
    start, end = limits["__image_start"], limits["__text_end"]
    chosen = [(a, n) for a, n in sorted(functions.items()) if start <= a < end]
    return start, end, chosen


def read_lines(elf, start, end):
    """Sorted rows (address, file, line), one per address, only where something changes."""
    rows = {}
    for line in run("objdump", "--dwarf=decodedline", elf).splitlines():
        m = ROW.match(line)
        if not m or m.group(2) == "-":
            continue
        address = int(m.group(3), 16)
        if start <= address < end and int(m.group(2)):
            rows[address] = (os.path.basename(m.group(1)), int(m.group(2)))
    return [(a, *rows[a]) for a in sorted(rows)]


def number(v):
    out = bytearray()
    while v >= 0x80:
        out.append(v & 0x7F | 0x80)
        v >>= 7
    out.append(v)
    return bytes(out)


def signed(v):
    return number(v << 1 if v >= 0 else (-v << 1) - 1)


def line_program(address, rows, files):
    """Encode one function's rows; files: name -> index, grown as names appear."""
    out = bytearray()
    at, line, file = address, 0, 0
    for row_address, row_file, row_line in rows:
        index = files.setdefault(row_file, len(files))
        if line and row_line == line and index == file:
            continue
        changed = index != file
        out += number((row_address - at) << 1 | changed) + signed(row_line - line)
        if changed:
            out += number(index)
        at, line, file = row_address, row_line, index
    return bytes(out)


def make_table(start, end, functions, rows):
    files = {}
    blocks = []
    octets = bytearray()
    addresses = [row[0] for row in rows]
    previous = 0
    for i, (address, name) in enumerate(functions):
        if i % BLOCK == 0:
            blocks.append((address - start, len(octets)))
            previous = address
        limit = functions[i + 1][0] if i + 1 < len(functions) else end
        own = rows[bisect.bisect_left(addresses, address):bisect.bisect_left(addresses, limit)]
        program = line_program(address, own, files)
        text = name.encode()
        octets += number(address - previous) + number(len(text)) + text
        octets += number(len(program)) + program
        previous = address
    names_at = len(octets)
    for name in files:
        octets += name.encode() + b"\0"
    head = struct.pack("<4I", len(blocks), BLOCK, len(functions), names_at)
    return head + b"".join(struct.pack("<2I", *b) for b in blocks) + bytes(octets)


def main():
    elf, out = sys.argv[1:]
    start, end, functions = read_symbols(elf)
    table = make_table(start, end, functions, read_lines(elf, start, end))
    with open(out, "wb") as f:
        f.write(table)


if __name__ == "__main__":
    main()
