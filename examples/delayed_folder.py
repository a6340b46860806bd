"""A folder as it is seen from afar: whoever opens a file of it waits first, as for a request to a bucket. Nothing here is written,
and nothing is held.

    python examples/delayed_folder.py FOLDER MOUNT MILLISECONDS      # until it is told to end

It needs mfusepy and libfuse.
"""

import os
import sys
import time

import mfusepy

# What libfuse ends with where a signal told it to.
SIGNALLED = 8


class Delayed(mfusepy.Operations):
    use_ns = True

    def __init__(self, folder, milliseconds):
        self.folder, self.seconds = folder, milliseconds / 1000

    def getattr(self, path, fh=None):
        try:
            found = os.lstat(self.folder + path)
        except OSError as error:
            raise mfusepy.FuseOSError(error.errno) from error
        told = {name: getattr(found, name) for name in ("st_mode", "st_nlink", "st_size", "st_uid", "st_gid")}
        return told | {name: getattr(found, f"{name}_ns") for name in ("st_atime", "st_mtime", "st_ctime")}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self.folder + path)]

    def open(self, path, flags):
        time.sleep(self.seconds)
        return os.open(self.folder + path, os.O_RDONLY)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def release(self, path, fh):
        os.close(fh)


if __name__ == "__main__":
    folder, mount, milliseconds = sys.argv[1:]
    # Names and sizes are a listing's, which is asked for once.
    kept = {"entry_timeout": 600, "attr_timeout": 600}
    operations = Delayed(os.path.realpath(folder), float(milliseconds))
    try:
        mfusepy.FUSE(operations, mount, foreground=True, ro=True, **kept)
    except RuntimeError as error:
        if error.args != (SIGNALLED,):
            raise
