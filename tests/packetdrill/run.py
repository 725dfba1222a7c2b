#!/usr/bin/env python3
"""Runs packetdrill scripts against Skiff's host library, in virtual time.

    tests/packetdrill/run.py [--so FILE] [-j N] [-v] PACKETDRILL SCRIPTS [NAME ...]

PACKETDRILL is the program, SCRIPTS a directory of *.pkt files (or one such file). With NAMEs only
scripts whose path contains one of them run. Prints a line for each script and the count; -v adds
what packetdrill said about those that fail. Scripts on skipped.txt do not run. The exit status
tells whether anything failed that is not listed in expected.txt, or passes although it is.
"""
import argparse
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SHIM = os.path.join(HERE, "shim")
DEFAULT_ADDRESS = "192.168.0.1"
GATEWAY = "192.168.0.2"
DEFINES = ["-D", "TFO_COOKIE=3021b9d889017eeb", "-D", "CODE=host_unreachable",
           "-D", "CMSG_LEVEL_IP=SOL_IP", "-D", "CMSG_TYPE_RECVERR=IP_RECVERR"]
SECONDS = 10		# real time for one script

# What scripts do to the machine they run on is done to the stack instead.
REWRITE = [(re.compile(r"/tmp/sysctl_restore_\$\{PPID\}\.sh"), "true"),
           (re.compile(r"[^\s`]*/set_sysctls\.py"), os.path.join(SHIM, "set_sysctls.py")),
           (re.compile(r"&> */dev/null"), ">/dev/null 2>&1"),	# bash's
           (re.compile(r"/proc/net/tcp6?"), "$SKIFF_STATE/tcp"),
           (re.compile(r"> /sys/module/(\w+)/parameters/(\w+)"), r">> $SKIFF_STATE/\1.\2")]


def find_scripts(top):
    """Paths of all scripts below top, relative to it."""
    return sorted(os.path.relpath(os.path.join(folder, name), top)
                  for folder, _, names in os.walk(top) for name in names if name.endswith(".pkt"))


def read_table(name):
    """{script: reason} of a file with lines "script  reason"; # begins a comment."""
    table = {}
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                script, reason = line.split(None, 1)
                table[script] = reason.strip()
    return table


def copy_scripts(top, to):
    """The whole tree once more, with what REWRITE says replaced; common/ beside it too."""
    shutil.copytree(top, to, symlinks=True)
    shared = os.path.join(os.path.abspath(top), "..", "common")
    if os.path.isdir(shared):
        os.symlink(shared, os.path.join(to, "..", "common"))
    for script in find_scripts(to):
        path = os.path.join(to, script)
        with open(path, encoding="utf-8", errors="surrogateescape") as f:
            text = f.read()
        for pattern, replacement in REWRITE:
            text = pattern.sub(lambda m, r=replacement: m.expand(r), text)
        with open(path, "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)
        os.chmod(path, 0o644)


def address_of(path):
    """The stack's address: what the script's --local_ip says, or None."""
    with open(path, encoding="utf-8", errors="replace") as f:
        m = re.search(r"^\s*--local_ip=([\d.]+)", f.read(), re.M)
    return m.group(1) if m else None


def is_ipv4(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        return not path.endswith("v6.pkt") and "--ip_version=ipv6" not in f.read()


def run_script(options, path):
    """None when the script passes, else what was said."""
    own = address_of(path)
    with tempfile.TemporaryDirectory(prefix="skiff-pd-") as state:
        env = dict(os.environ, SKIFF_STATE=state, LD_PRELOAD=options.so,
                   PATH=SHIM + ":" + os.environ["PATH"])
        cmd = [options.packetdrill, "--so_filename=" + options.so,
               "--so_flags=" + (own or DEFAULT_ADDRESS), "--ip_version=ipv4",
               f"--tolerance_usecs={options.tolerance}"] + DEFINES
        if not own:
            cmd += ["--local_ip=" + DEFAULT_ADDRESS, "--gateway_ip=" + GATEWAY]
        cmd.append(os.path.basename(path))
        try:
            done = subprocess.run(cmd, cwd=os.path.dirname(path), env=env, timeout=SECONDS,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
        except subprocess.TimeoutExpired as late:
            return (late.stdout or b"").decode(errors="replace") + f"still running after {SECONDS} s"
    said = done.stdout.decode(errors="replace")
    return None if done.returncode == 0 else said or f"exit status {done.returncode}"


def arguments():
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--so", default="build/host/libskiff-packetdrill.so")
    p.add_argument("--tolerance", type=int, default=4000, help="microseconds")
    p.add_argument("-j", type=int, default=os.cpu_count(), help="scripts at a time")
    p.add_argument("-v", action="store_true", help="print what failing scripts say")
    p.add_argument("packetdrill")
    p.add_argument("scripts")
    p.add_argument("names", nargs="*")
    options = p.parse_args()
    options.so = os.path.abspath(options.so)
    options.packetdrill = os.path.abspath(options.packetdrill)
    return options


def last_words(said):
    """The line of packetdrill's that says what was wrong, shortened."""
    lines = [line for line in said.splitlines() if line.strip() and "sysctl: no" not in line]
    told = [line for line in lines if "rror" in line or "sends nothing" in line or "panic" in line]
    return (told or lines or [""])[0].strip()[:150]


def run_all(options, top, scripts):
    """(passed, {script: what it said}), a line printed for each in order."""
    passed, failed = [], {}
    with concurrent.futures.ThreadPoolExecutor(options.j) as pool:
        results = pool.map(lambda s: run_script(options, os.path.join(top, s)), scripts)
        for script, said in zip(scripts, results):
            if said is None:
                passed.append(script)
                print(f"pass  {script}", flush=True)
            else:
                failed[script] = said
                print(f"FAIL  {script}: {last_words(said)}", flush=True)
                if options.v:
                    print(said)
    return passed, failed


def main():
    options = arguments()
    top = options.scripts
    names = options.names
    if os.path.isfile(top):
        top, names = os.path.dirname(top) or ".", [os.path.basename(top)]
    skipped, expected = read_table("skipped.txt"), read_table("expected.txt")
    ipv4 = [s for s in find_scripts(top) if is_ipv4(os.path.join(top, s))]
    chosen = [s for s in ipv4 if not names or any(n in s for n in names)]
    with tempfile.TemporaryDirectory(prefix="skiff-pd-") as work:
        copy = os.path.join(work, "scripts")
        copy_scripts(top, copy)
        for script in chosen:
            if script in skipped:
                print(f"skip  {script}: {skipped[script]}")
        passed, failed = run_all(options, copy, [s for s in chosen if s not in skipped])
    surprises = [s for s in failed if s not in expected] + [s for s in passed if s in expected]
    for script in surprises:
        print(f"not as expected.txt says: {script}")
    print(f"RESULT passed={len(passed)} failed={len(failed)} "
          f"skipped={len(chosen) - len(passed) - len(failed)} of {len(chosen)}")
    sys.exit(1 if surprises else 0)


if __name__ == "__main__":
    main()
