#!/usr/bin/env python3
"""Prints the tarsum (version 1) of tar archives, by Python's tarfile: the registry's own reader takes no part in it.

    python3 tarsum.py ARCHIVE...
"""
import hashlib
import os
import sys
import tarfile


def text(value):
    return value.encode("utf-8", "surrogateescape")


def entry_sum(archive, entry):
    # tarfile takes the slash off the end of a directory's name; GNU tar and bsdtar both write one.
    name = entry.name + "/" if entry.isdir() else entry.name
    device = entry.ischr() or entry.isblk()
    fields = [
        ("name", text(name)),
        ("mode", entry.mode),
        ("uid", entry.uid),
        ("gid", entry.gid),
        ("size", entry.size),
        ("typeflag", entry.type),
        ("linkname", text(entry.linkname)),
        ("uname", text(entry.uname)),
        ("gname", text(entry.gname)),
        ("devmajor", entry.devmajor if device else 0),
        ("devminor", entry.devminor if device else 0),
    ]
    prefix = "SCHILY.xattr."
    fields += sorted((k[len(prefix):], text(v)) for k, v in entry.pax_headers.items() if k.startswith(prefix))
    digest = hashlib.sha256()
    for key, value in fields:
        digest.update(text(key) + (value if isinstance(value, bytes) else str(value).encode()))
    if entry.isreg():
        content = archive.extractfile(entry)
        while chunk := content.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def tarsum(path):
    with tarfile.open(path, "r:*", encoding="utf-8", errors="surrogateescape") as archive:
        entries = [(entry.name, entry_sum(archive, entry)) for entry in archive]
    names = [name for name, _ in entries]
    if len(set(names)) == 1:
        sums = [value for _, value in entries]  # Of one name only, the order of the archive counts.
    else:
        assert len(set(names)) == len(names), "of two names, one twice: the specification leaves the order open"
        sums = sorted(value for _, value in entries)
    return "tarsum.v1+sha256:" + hashlib.sha256("".join(sums).encode()).hexdigest()


for argument in sys.argv[1:]:
    print(os.path.basename(argument), tarsum(argument))
