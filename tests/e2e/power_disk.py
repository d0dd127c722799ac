"""A disk that forgets what was not synced: it replays a record of record_shim.c and shows what a power cut leaves.

    disk = Disk(folder)              as it is before the record begins: all of it is on disk
    for entry in read_record(file):
        disk.apply(entry)
    left = disk.left("kept", rng)    {path: bytes, or None for a folder}, as the next start finds it

What is certain after a cut is what POSIX promises: the bytes of a file that was synced, the names in a folder that was
synced. Everything else may be there, or not, or in part. The ways (WAYS) are corners of that:

    kept     only what was synced
    names    all names, but of each file the synced bytes only: a rename that overtook the bytes
    bytes    all bytes, but the synced names only
    both     as kept, but a move from folder to folder whose target folder alone was synced has left both names
    torn     any part of what was not synced: names and writes, each by chance, some writes only up to a sector

A rename is one step of the disk: where it holds in one folder it holds in the other (but for `both`). A disk that could
lose both names of a file that was synced cannot be helped.
"""
import os

WAYS = ("kept", "names", "bytes", "both", "torn")
SECTOR = 512


def read_record(path):
    """(kind, inode, number, path, data) of each entry."""
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        kind, inode, number, first, second = data[at:end].split()
        middle = end + 1 + int(first)
        at = middle + int(second)
        yield kind.decode(), int(inode), int(number), data[end + 1:middle], data[middle:at]


class File:
    def __init__(self, inode, data=b"", modified=None):
        self.inode, self.now, self.kept, self.modified = inode, bytearray(data), bytes(data), modified
        self.changes = []  # since the last sync: (offset, bytes) of a write, (size, None) of a truncation

    def write(self, at, data):
        put(self.now, at, data)
        self.changes.append((at, data))

    def sync(self):
        self.kept = bytes(self.now)
        self.changes = []

    def torn(self, rng):
        """Each change in its order, whole, up to a sector, or not at all."""
        data = bytearray(self.kept)
        for at, change in self.changes:
            if rng.random() < 0.4:
                continue
            if change is not None and rng.random() < 0.3:
                change = change[:rng.randrange(0, len(change) + 1, SECTOR)]
            put(data, at, change)
        return bytes(data)


def put(data, at, change):
    if change is None:
        del data[at:]
    if len(data) < at:
        data.extend(bytes(at - len(data)))
    if change is not None:
        data[at:at + len(change)] = change


class Folder:
    def __init__(self, inode):
        self.inode, self.now, self.kept = inode, {}, {}
        self.changes = []  # since the last sync: Change


class Change:
    """A name that appears or goes; of a rename both, `other` being the other one's folder."""

    def __init__(self, folder, gone=None, came=None, other=None):
        self.folder, self.gone, self.came, self.other = folder, gone, came, other
        self.twin = None


def do(names, change):
    if change.gone and names.get(change.gone[0]) is change.gone[1]:
        del names[change.gone[0]]
    if change.came:
        names[change.came[0]] = change.came[1]


class Disk:
    def __init__(self, root):
        self.root, self.by_inode = os.fsencode(root), {}
        self.top = self.load(self.root)
        self.half = []  # moves of which the target folder alone was synced: (folder, name, what)

    def load(self, path):
        status = os.lstat(path)
        if not os.path.isdir(path):
            with open(path, "rb") as file:
                entry = File(status.st_ino, file.read(), status.st_mtime_ns)
        else:
            entry = Folder(status.st_ino)
            for name in os.listdir(path):
                entry.now[name] = entry.kept[name] = self.load(os.path.join(path, name))
        self.by_inode[status.st_ino] = entry
        return entry

    def place(self, path):
        """The folder that a path is in, and its name."""
        folder, name = os.path.split(os.path.relpath(os.path.normpath(path), self.root))
        found = self.top
        for step in folder.split(b"/") if folder else ():
            found = found.now[step]
        return found, name

    # ---- what the program did ----

    def apply(self, entry):
        kind, inode, number, path, data = entry
        getattr(self, "on_" + kind)(inode, number, path, data)

    def add(self, folder, name, entry):
        change = Change(folder, came=(name, entry))
        do(folder.now, change)
        folder.changes.append(change)

    def on_create(self, inode, _number, path, _data):
        self.by_inode[inode] = File(inode)
        self.add(*self.place(path), self.by_inode[inode])

    def on_mkdir(self, inode, _number, path, _data):
        self.by_inode[inode] = Folder(inode)
        self.add(*self.place(path), self.by_inode[inode])

    def on_link(self, _inode, _number, path, second):
        folder, name = self.place(path)
        self.add(*self.place(second), folder.now[name])

    def on_write(self, inode, at, _path, data):
        self.by_inode[inode].write(at, data)

    def on_truncate(self, inode, size, _path, _data):
        file = self.by_inode[inode]
        put(file.now, size, None)
        file.changes.append((size, None))

    def on_unlink(self, _inode, _number, path, _data):
        folder, name = self.place(path)
        change = Change(folder, gone=(name, folder.now[name]))
        do(folder.now, change)
        folder.changes.append(change)

    on_rmdir = on_unlink

    def on_rename(self, _inode, _number, path, second):
        (folder, old), (target, new) = self.place(path), self.place(second)
        entry = folder.now[old]
        if folder is target:
            changes = [Change(folder, (old, entry), (new, entry))]
        else:
            changes = [Change(folder, gone=(old, entry)), Change(target, came=(new, entry))]
            changes[0].twin, changes[1].twin = changes[1], changes[0]
        for change in changes:
            do(change.folder.now, change)
            change.folder.changes.append(change)

    def on_sync(self, inode, _number, _path, _data):
        entry = self.by_inode[inode]
        if isinstance(entry, File):
            entry.sync()
            return
        self.half = [half for half in self.half if half[0] is not entry]
        for change in entry.changes:
            do(entry.kept, change)
            twin = change.twin
            if twin is None:
                continue
            if change.came and twin in twin.folder.changes:
                self.half.append((twin.folder, *twin.gone))
            do(twin.folder.kept, twin)
        entry.changes = []

    def on_syncfs(self, _inode, _number, _path, _data):
        for entry in list(self.by_inode.values()):
            if isinstance(entry, File):
                entry.sync()
            else:
                entry.kept, entry.changes = dict(entry.now), []
        self.half = []

    # ---- what a cut leaves ----

    def left(self, way, rng):
        kept = {}
        for entry in self.by_inode.values():
            if isinstance(entry, Folder):
                kept[entry.inode] = dict(entry.now if way == "names" else entry.kept)
        if way == "both":
            for folder, name, entry in self.half:
                kept[folder.inode].setdefault(name, entry)
        if way == "torn":
            self.some_names(kept, rng)
        found = {}
        self.walk(self.top, b"", kept, lambda file: bytes(file.now) if way == "bytes" else
                  file.torn(rng) if way == "torn" else file.kept, found)
        return found

    def some_names(self, kept, rng):
        done = set()
        for entry in self.by_inode.values():
            for change in entry.changes if isinstance(entry, Folder) else ():
                if id(change) in done or rng.random() < 0.5:
                    continue
                for half in (change, change.twin):
                    if half is not None:
                        do(kept[half.folder.inode], half)
                        done.add(id(half))

    def walk(self, folder, path, kept, content, found):
        for name, entry in sorted(kept[folder.inode].items()):
            where = path + b"/" + name if path else name
            if isinstance(entry, Folder):
                found[where] = None
                self.walk(entry, where, kept, content, found)
            elif not name.endswith(b"-shm"):
                found[where] = (entry, content(entry))


def write_out(left, folder):
    """Writes what a cut left into an empty folder. A file in a drop is another inode now: {path: inode that it had}."""
    inodes = {}
    folder = os.fsencode(folder)
    for path, found in left.items():
        full = os.path.join(folder, path)
        if found is None:
            os.mkdir(full, 0o750)
            continue
        file, data = found
        with open(full, "wb") as target:
            target.write(data)
        if file.modified is not None:
            os.utime(full, ns=(file.modified, file.modified))
        inodes[path] = file.inode
    return inodes
