"""What kind of program a file is: enough of ELF to accept or refuse an application."""

import struct

PT_DYNAMIC, PT_INTERP = 2, 3
ET_NAMES = {1: "an object file (.o)", 3: "a shared library", 4: "a core dump"}
ET_EXEC, ET_DYN = 2, 3
EM_X86_64 = 62
DT_FLAGS_1, DF_1_PIE = 0x6FFFFFFB, 0x08000000


def refusal(data):
    """Why Skiff cannot run the program in data, or None when it can."""
    if data[:4] != b"\x7fELF":
        kind = "a script" if data[:2] == b"#!" else "not an ELF program"
        return f"it is {kind}"
    if len(data) < 64 or data[4] != 2:
        return "it is not a 64-bit ELF program"
    etype, machine = struct.unpack_from("<HH", data, 16)
    if data[5] != 1 or machine != EM_X86_64:
        return f"it is not for x86-64 (ELF machine {machine})"
    if etype not in (ET_EXEC, ET_DYN):
        return f"it is {ET_NAMES.get(etype, 'not an executable')}"
    try:
        return _refusal_by_segments(data, etype)
    except struct.error:
        return "its program headers lie outside the file"


def _refusal_by_segments(data, etype):
    segments = list(_segments(data))
    for kind, offset, size in segments:
        if kind == PT_INTERP:
            loader = data[offset:offset + size].rstrip(b"\0").decode(errors="replace")
            return f"it is dynamically linked (it wants {loader}); link it with -static"
    if etype == ET_DYN and not _is_pie(data, segments):
        return "it is a shared library"
    return None


def _segments(data):
    """(type, file offset, size in the file) of each program header."""
    phoff, = struct.unpack_from("<Q", data, 32)
    phentsize, phnum = struct.unpack_from("<HH", data, 54)
    for i in range(phnum):
        kind, _, offset, _, _, size = struct.unpack_from("<IIQQQQ", data, phoff + i * phentsize)
        yield kind, offset, size


def _is_pie(data, segments):
    for kind, offset, size in segments:
        if kind != PT_DYNAMIC:
            continue
        for at in range(offset, offset + size, 16):
            tag, value = struct.unpack_from("<QQ", data, at)
            if tag == DT_FLAGS_1:
                return bool(value & DF_1_PIE)
    return False
