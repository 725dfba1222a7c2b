#!/usr/bin/env python3
"""tests/host/seen.py FILE: is every counter and every drop reason reached by a conversation?

FILE has the names that the conversations of one run wrote (tests/host/seen.c). Those of
net/core/snmp.h and net/core/drop_reason.h that are not among them must stand in
tests/host/unseen.txt with a reason. Those that stand there and are reached are only told.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as f:
        return f.read()


def listed(path):
    """What follows the first #define with a parameter X: the list itself."""
    return read(ROOT, path).split("(X)", 1)[1].split("\n\n", 1)[0]


def all_names():
    """Every counter as Group.Name, every drop reason as DROP_NAME."""
    counters = re.findall(r"X\((\w+), (\w+)\)", listed("net/core/snmp.h"))
    reasons = re.findall(r"X\((\w+), \"", listed("net/core/drop_reason.h"))
    return {f"{group}.{name}" for group, name in counters} | {f"DROP_{name}" for name in reasons}


def excepted():
    """{name: reason} of unseen.txt."""
    lines = [line for line in read(HERE, "unseen.txt").split("\n")
             if line and not line.startswith("#")]
    return dict(line.split(None, 1) for line in lines)


def main(path):
    seen = set(read(path).split())
    names = all_names()
    unseen = excepted()
    wrong = [f"no conversation reaches {name}" for name in sorted(names - seen - set(unseen))]
    wrong += [f"{name} of unseen.txt does not exist" for name in sorted(set(unseen) - names)]
    stale = [f"{name} is reached: take it off unseen.txt" for name in sorted(seen & set(unseen))]
    for line in wrong + stale:
        print(line)
    print(f"RESULT passed={len(names) - len(wrong)} failed={len(wrong)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
