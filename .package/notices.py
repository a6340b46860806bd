"""Prints the licences of every crate that is compiled into the program, each text once.

Reads what cargo says of the locked dependencies for Linux and the sources that it has; asks nothing of a network that
cargo would not. A crate whose source has no licence file is named with what its manifest says.
"""

import json
import pathlib
import subprocess
import sys

TARGET = "x86_64-unknown-linux-gnu"
NAMES = ("licen", "copying", "copyright", "notice", "unlicense")


def metadata():
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", TARGET]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def compiled_in(data):
    """The ids of the crates that are in the program, and not only in its tests or its build."""
    nodes = {node["id"]: node for node in data["resolve"]["nodes"]}
    waiting, seen = [data["resolve"]["root"]], set()
    while waiting:
        this = waiting.pop()
        if this in seen:
            continue
        seen.add(this)
        for dependency in nodes[this]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    return seen


def texts(package):
    """The licence files of a crate: beside its manifest, and one folder deeper, where sources of others lie."""
    folder = pathlib.Path(package["manifest_path"]).parent
    found = [file for pattern in ("*", "*/*") for file in sorted(folder.glob(pattern))]
    for file in found:
        if file.is_file() and file.name.lower().startswith(NAMES) and file.suffix not in (".rs", ".c", ".h"):
            yield file.read_text(encoding="utf-8", errors="replace").strip().replace("\r\n", "\n")


def main():
    data = metadata()
    ids = compiled_in(data)
    packages = [p for p in data["packages"] if p["id"] in ids and p["source"] is not None]
    if not packages:
        sys.exit("cargo names no crate of others: something is wrong with its metadata")
    users, without = {}, []
    for package in sorted(packages, key=lambda p: (p["name"], p["version"])):
        name = f"{package['name']} {package['version']} ({package['license']})"
        found = list(texts(package))
        for text in found:
            names = users.setdefault(text, [])
            if name not in names:
                names.append(name)
        if not found:
            without.append(name)
    print("ssm-rec is made with these works of others, under the licences that follow.")
    for text, names in sorted(users.items(), key=lambda pair: pair[1]):
        print("\n" + "=" * 78)
        print("\n".join(names))
        print("-" * 78)
        print(text)
    if without:
        print("\n" + "=" * 78)
        print("Without a file of their own; the licence is what stands behind each name:\n")
        print("\n".join(without))


main()
