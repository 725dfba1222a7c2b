#!/usr/bin/python3
"""Build an initrd: a cpio archive (newc) with the application and the files it expects.

    tools/mkinitrd.py OUTPUT [PATH=FILE...]
"""

import os
import stat
import sys

BASE_FILES = {
    "/etc/hosts": b"127.0.0.1 localhost\n",
    "/etc/hostname": b"skiff\n",
    "/etc/resolv.conf": b"nameserver 10.0.2.3\n",
    "/etc/passwd": b"root:x:0:0:root:/:/bin/false\n",
    "/etc/group": b"root:x:0:\n",
    "/etc/nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files dns\n",
}
BASE_DIRS = ("/tmp", "/var", "/run")


def _entry(number, name, mode, data):
    """One newc record: a header of hexadecimal fields, the name, the content, each padded to 4."""
    encoded = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08X" % f for f in fields)
    record = header + encoded
    record += b"\0" * (-len(record) % 4) + data
    return record + b"\0" * (-len(data) % 4)


def parents(path):
    """Every directory above an absolute path, outermost first, without the root."""
    parts = path.strip("/").split("/")[:-1]
    return ["/" + "/".join(parts[:i + 1]) for i in range(len(parts))]


def build(files):
    """The archive as bytes. files: absolute path in the guest -> (content, executable)."""
    everything = {path: (data, False) for path, data in BASE_FILES.items()}
    everything.update(files)
    dirs = set(BASE_DIRS)
    for path in everything:
        dirs.update(parents(path))
    records = [(d, stat.S_IFDIR | 0o755, b"") for d in sorted(dirs)]
    for path in sorted(everything):
        data, executable = everything[path]
        records.append((path, stat.S_IFREG | (0o755 if executable else 0o644), data))
    out = [_entry(n + 1, path.lstrip("/"), mode, data)
           for n, (path, mode, data) in enumerate(records)]
    out.append(_entry(0, "TRAILER!!!", 0, b""))
    return b"".join(out)


def main(argv):
    if len(argv) < 2 or any("=" not in a for a in argv[2:]):
        sys.exit(__doc__.strip())
    files = {}
    for arg in argv[2:]:
        path, _, source = arg.partition("=")
        with open(source, "rb") as f:
            files["/" + path.lstrip("/")] = (f.read(), os.access(source, os.X_OK))
    with open(argv[1], "wb") as f:
        f.write(build(files))


if __name__ == "__main__":
    main(sys.argv)
