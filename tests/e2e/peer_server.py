"""An SFTP server built on paramiko that misbehaves on command. peer.py starts it and arms its faults.

    peer_server.py --folder F --port P --host-key FILE --user-key FILE.pub --control FILE --log FILE

The control file is JSON. It is read again whenever it has changed:

    faults       a list of {"op", "action", "nth", "times", "match", …}: from the nth such request after the
                 arming on, `times` requests (null: all) meet the action; match: a regular expression for the name,
                 without which the requests for claim files do not count
    rename_over  what a rename to a name that exists does: "refuse" (failure, code 4) or "overwrite"
    attributes   "refuse": requests that carry attributes are answered with failure
    twice        a regular expression: each name that it finds stands twice in every listing
    types        "hidden": permissions bear no file type; "none": no permissions are told at all
    size         the size that is told of every file, or of those whose path `size_of` finds (a regular expression)
    forget       sessions that began before this time (seconds since 1970) are never answered again; "forget_by"
                 says how: "hang" or "cut"
    made_up      names in hexadecimal that every listing holds although no such file exists

An op is the name of a request (open, close, read, write, lstat, fstat, opendir, readdir, remove, rename, …),
an extension (fsync@openssh.com), `connect` or `login`. Actions:

    cut-before, cut-after     breaks the connection before the work, or after it and before the reply
    hang-before, hang-after   says nothing more on this connection, from before or after the work on
    status, status-after      answers `code` and does not do the work, or does it all the same
    full                      does writes up to `after` bytes in all, then answers failure
    delay                     does the work `seconds` later
    answer                    answers with a packet of `type` that holds `hex` and so many more bytes: `pad`
    names                     answers with `count` new names of `length` bytes each, whatever the folder holds; with
                              `answers` the list ends after so many, and another one begins
    trickle                   answers a read with one byte, `seconds` later
    flood                     sends packets of SSH that nobody has asked for, of `size` bytes, without end
    grow, vanish, replace     appends `hex` to the local file of the request, removes it, or puts another file of the
                              same size in its place

The log has a line for each request, "op<TAB>name<TAB>more", and for each fault met, "fault<TAB>action<TAB>op".
"""
import argparse
import json
import os
import re
import socket
import stat
import struct
import threading
import time

import paramiko
from paramiko import sftp
from paramiko.sftp_attr import SFTPAttributes
from paramiko.sftp_handle import SFTPHandle
from paramiko.sftp_server import SFTPServer
from paramiko.sftp_si import SFTPServerInterface

FAILURE, DENIED, UNSUPPORTED, OK = 4, 3, 8, 0
CHANNEL_SUCCESS = 99  # of SSH
ANY_BUT_CLAIMS = r"^(?!.*/\.ecosgate-claim)"  # claims are looked at before each task
# Names are bytes. paramiko decodes them strictly and would end the session at one that is not UTF-8.
paramiko.message.Message.get_text = lambda self: os.fsdecode(self.get_string())


class Cut(EOFError):
    pass


class Control:
    """The faults that are armed, and the log of what happened."""

    def __init__(self, path, log):
        self.path = path
        self.log_file = open(log, "a", buffering=1, encoding="utf-8", errors="backslashreplace")
        self.lock = threading.Lock()
        self.stamp = None
        self.settings = {}
        self.written = 0

    def read_again(self):
        st = os.stat(self.path)
        stamp = (st.st_ino, st.st_mtime_ns)
        if stamp != self.stamp:
            with open(self.path, encoding="utf-8") as file:
                self.settings = json.load(file)
            self.stamp = stamp
            self.written = 0
            for fault in self.settings.get("faults", []):
                fault["seen"] = 0

    def note(self, *words):
        self.log_file.write("\t".join(str(word).replace("\n", "\\n").replace("\t", "\\t") for word in words) + "\n")

    def get(self, name, default=None):
        with self.lock:
            self.read_again()
            return self.settings.get(name, default)

    def meet(self, op, name, more=""):
        """Logs a request. Returns the fault that it meets, or None."""
        with self.lock:
            self.read_again()
            self.note(op, name, more)
            for fault in self.settings.get("faults", []):
                if fault["op"] != op or not re.search(fault.get("match") or ANY_BUT_CLAIMS, name):
                    continue
                fault["seen"] += 1
                times = fault.get("times", 1)
                if fault["seen"] >= fault.get("nth", 1) and (
                        times is None or fault["seen"] < fault.get("nth", 1) + times):
                    if fault["action"] != "full":
                        self.note("fault", fault["action"], op)
                    return fault
            return None

    def room(self, fault, wanted):
        """How many of the wanted bytes still fit on the full disk."""
        with self.lock:
            taken = max(0, min(wanted, fault.get("after", 0) - self.written))
            self.written += taken
            if taken < wanted:
                self.note("fault", "full", "write")
            return taken


class Handle(SFTPHandle):
    def __init__(self, fd, path, control):
        super().__init__()
        self.fd, self.path, self.control = fd, path, control

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def stat(self):
        return told(self.control, os.fstat(self.fd), self.path)

    def read(self, offset, length):
        return guarded(lambda: os.pread(self.fd, min(length, 256 * 1024), offset))

    def write(self, offset, data):
        return guarded(lambda: OK if os.pwrite(self.fd, data, offset) == len(data) else FAILURE)

    def chattr(self, attr):
        return guarded(lambda: change(self.path, attr))


def guarded(work):
    try:
        result = work()
        return OK if result is None else result
    except OSError as error:
        return SFTPServer.convert_errno(error.errno)


def told(control, status, path):
    """What the server says of a file."""
    attributes = SFTPAttributes.from_stat(status)
    if control.get("types") == "hidden":
        attributes.st_mode &= 0o7777
    if control.get("types") == "none":
        attributes.st_mode = None
        attributes._flags &= ~attributes.FLAG_PERMISSIONS
    if re.search(control.get("size_of", ""), os.fsdecode(path)):
        attributes.st_size = control.get("size", attributes.st_size)
    return attributes


def change(path, attr):
    if attr.st_size is not None:
        os.truncate(path, attr.st_size)
    if attr.st_mode is not None:
        os.chmod(path, stat.S_IMODE(attr.st_mode))
    if attr.st_mtime is not None:
        os.utime(path, (attr.st_atime, attr.st_mtime))


def entry(name, attributes):
    attributes.filename = name
    attributes.asbytes = lambda: b"-"  # the long name: a client must not use it
    return attributes


class Folder(SFTPServerInterface):
    def __init__(self, server, root, control):
        super().__init__(server)
        self.root, self.control = root, control

    def local(self, path):
        return os.path.join(self.root, os.path.normpath("/" + path).lstrip("/"))

    def canonicalize(self, path):
        return os.fsencode(os.path.normpath("/" + path).replace("//", "/"))

    def list_folder(self, path):
        def names():
            found = []
            with os.scandir(os.fsencode(self.local(path))) as entries:
                for one in entries:
                    attributes = told(self.control, one.stat(follow_symlinks=False), one.path)
                    twice = self.control.get("twice")
                    found += [entry(one.name, attributes)] * (
                        2 if twice and re.search(twice, os.fsdecode(one.name)) else 1)
            for name in self.control.get("made_up", []):
                attributes = SFTPAttributes()
                attributes.st_size, attributes.st_mode, attributes.st_atime, attributes.st_mtime = 10, 0o100644, 1, 1
                found.append(entry(bytes.fromhex(name), attributes))
            # Servers promise no order: this is the worst one.
            return sorted(found, key=lambda one: one.filename, reverse=True)
        return guarded(names)

    def stat(self, path):
        return guarded(lambda: told(self.control, os.stat(self.local(path)), path))

    def lstat(self, path):
        return guarded(lambda: told(self.control, os.lstat(self.local(path)), path))

    def readlink(self, path):
        try:
            return os.readlink(self.local(path))
        except OSError as error:
            return SFTPServer.convert_errno(error.errno)

    def open(self, path, flags, attr):
        if attr._flags and self.control.get("attributes") == "refuse":
            return FAILURE
        mode = 0o644 if attr.st_mode is None else stat.S_IMODE(attr.st_mode)
        local = self.local(path)
        return guarded(lambda: Handle(os.open(local, flags, mode), local, self.control))

    def remove(self, path):
        return guarded(lambda: os.unlink(self.local(path)))

    def rename(self, oldpath, newpath):
        if os.path.lexists(self.local(newpath)) and self.control.get("rename_over", "refuse") == "refuse":
            return FAILURE
        return guarded(lambda: os.rename(self.local(oldpath), self.local(newpath)))

    def mkdir(self, path, attr):
        return guarded(lambda: os.mkdir(self.local(path)))

    def rmdir(self, path):
        return guarded(lambda: os.rmdir(self.local(path)))

    def chattr(self, path, attr):
        if self.control.get("attributes") == "refuse":
            return DENIED
        return guarded(lambda: change(self.local(path), attr))


class Subsystem(SFTPServer):
    """Sees each request before and after it is carried out."""

    named = 0   # names that were made up so far
    listed = 0  # answers with such names in this list

    def __init__(self, channel, name, server, *arguments, **more):
        super().__init__(channel, name, server, *arguments, **more)
        self.control = self.server.control
        self.mute = False
        self.began = time.time()

    def _send_server_version(self):
        # Announces no extension: those that paramiko would announce are its own.
        self._read_packet()
        self._send_packet(sftp.CMD_VERSION, struct.pack(">I", 3))

    def _send_packet(self, t, packet):
        if not self.mute:
            super()._send_packet(t, packet)

    def _process(self, t, request_number, msg):
        op, name, more, local = self.describe(t, msg)
        if self.began < self.control.get("forget", 0):
            self.control.note("forgotten", op)
            self.silence(self.control.get("forget_by", "hang"))
        fault = self.control.meet(op, name, more)
        action = fault["action"] if fault else None
        if action in ("cut-before", "hang-before"):
            self.silence(action)
        elif action == "status":
            self._send_status(request_number, fault["code"])
            return
        elif action == "full":
            if not self.fits(msg, fault):
                self._send_status(request_number, FAILURE)
                return
        elif action in HOSTILE:
            HOSTILE[action](self, t, request_number, msg, fault)
            return
        elif action == "delay":
            time.sleep(fault["seconds"])
        elif action in ("grow", "vanish", "replace"):
            meddle(local, action, fault)
        self.mute = action in ("cut-after", "hang-after", "status-after")
        if t == sftp.CMD_EXTENDED:
            self._send_status(request_number, UNSUPPORTED)
        else:
            super()._process(t, request_number, msg)
        if action == "status-after":
            self.mute = False
            self._send_status(request_number, fault["code"])
        if self.mute:
            self.silence(action)

    def describe(self, t, msg):
        """The op, the name of its file, more for the log, and the file's local path."""
        at = msg.packet.tell()
        op = sftp.CMD_NAMES.get(t, str(t))
        first = msg.get_binary()
        more = ""
        handle = self.file_table.get(first)
        if t == sftp.CMD_EXTENDED:
            op, first = first.decode("ascii", "replace"), b""
        elif t == sftp.CMD_OPEN:
            more = f"flags={msg.get_int():#x} attributes={msg.get_int():#x}"
        elif t == sftp.CMD_RENAME:
            more = os.fsdecode(msg.get_binary())
        elif t in (sftp.CMD_READ, sftp.CMD_WRITE):
            more = msg.get_int64()
        local = handle.path if handle else self.server.local(os.fsdecode(first))
        msg.packet.seek(at)
        name = "/" + os.path.relpath(handle.path, self.server.root) if handle else os.fsdecode(first)
        return op, name, more, local

    def answer(self, _, request_number, __, fault):
        body = bytes.fromhex(fault.get("hex", "")) + b"x" * fault.get("pad", 0)
        self._send_packet(fault["type"], struct.pack(">I", request_number) + body)

    def names(self, _, request_number, __, fault):
        count, length = fault["count"], fault["length"]
        self.listed += 1
        if self.listed > fault.get("answers", self.listed):
            self.listed = 0
            self._send_status(request_number, sftp.SFTP_EOF)
            return
        entries = []
        for _ in range(count):
            self.named += 1
            name = (b"%08d.part" % self.named).rjust(length, b"n")
            # a regular file of 1 byte
            entries.append(struct.pack(">I", length) + name + struct.pack(">I", 0) +
                           struct.pack(">IQIII", 1 | 4 | 8, 1, 0o100644, 1, 1))
        self._send_packet(sftp.CMD_NAME, struct.pack(">II", request_number, count) + b"".join(entries))

    def trickle(self, _, request_number, msg, fault):
        handle, offset = self.file_table[msg.get_binary()], msg.get_int64()
        time.sleep(fault["seconds"])
        data = handle.read(offset, 1)
        if data:
            self._response(request_number, sftp.CMD_DATA, data)
        else:
            self._send_status(request_number, sftp.SFTP_EOF)

    def flood(self, _, __, ___, fault):
        message = paramiko.Message()
        message.add_byte(bytes([CHANNEL_SUCCESS]))
        message.add_int(0)
        message.add_bytes(b"x" * fault["size"])
        while self.sock.get_transport().is_active():
            self.sock.get_transport()._send_user_message(message)
        raise Cut

    def fits(self, msg, fault):
        at = msg.packet.tell()
        handle, offset, data = self.file_table[msg.get_binary()], msg.get_int64(), msg.get_binary()
        msg.packet.seek(at)
        taken = self.control.room(fault, len(data))
        if taken < len(data):
            handle.write(offset, data[:taken])
        return taken == len(data)

    def silence(self, action):
        if action.startswith("hang"):
            threading.Event().wait()
        channel = self.sock
        break_off(channel.get_transport().sock)
        raise Cut

    def start_subsystem(self, name, transport, channel):
        # paramiko answers exceptions of a request; a connection that was cut must stay cut.
        try:
            super().start_subsystem(name, transport, channel)
        except OSError:
            pass


HOSTILE = {"answer": Subsystem.answer, "names": Subsystem.names, "trickle": Subsystem.trickle,
           "flood": Subsystem.flood}


def meddle(local, action, fault):
    if action == "grow":
        with open(local, "ab") as file:
            file.write(bytes.fromhex(fault.get("hex", "00")))
    elif action == "vanish":
        os.unlink(local)
    else:
        size = os.stat(local).st_size
        other = local + ".other"
        with open(other, "wb") as file:
            file.write(b"?" * size)
        os.utime(other, (fault["mtime"], fault["mtime"]))
        os.replace(other, local)


def break_off(connection):
    """Ends the connection by a reset, not by an orderly close."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()


class Login(paramiko.ServerInterface):
    def __init__(self, key, control, connection):
        self.key, self.control, self.connection = key, control, connection

    def get_allowed_auths(self, username):
        return "publickey"

    def check_auth_publickey(self, username, key):
        fault = self.control.meet("login", username)
        if fault is not None and fault["action"].startswith("cut"):
            break_off(self.connection)
        if fault is None and key.get_base64() == self.key:
            return paramiko.AUTH_SUCCESSFUL
        return paramiko.AUTH_FAILED

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED if kind == "session" else paramiko.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED


def serve(connection, arguments, key, user_key, control):
    fault = control.meet("connect", "")
    if fault is not None:
        if fault["action"].startswith("hang"):
            threading.Event().wait()
        break_off(connection)
        return
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    transport = paramiko.Transport(connection)
    transport.daemon = True
    transport.add_server_key(key)
    transport.set_subsystem_handler("sftp", Subsystem, Folder, arguments.folder, control)
    try:
        transport.start_server(server=Login(user_key, control, connection))
    except (paramiko.SSHException, EOFError, OSError):
        transport.close()


def main():
    parser = argparse.ArgumentParser()
    for name in ("folder", "host-key", "user-key", "control", "log"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    control = Control(arguments.control, arguments.log)
    with open(arguments.user_key, encoding="ascii") as file:
        user_key = file.read().split()[1]
    kinds = {"ed25519": paramiko.Ed25519Key, "ecdsa": paramiko.ECDSAKey, "rsa": paramiko.RSAKey}
    kind = kinds[arguments.host_key.rpartition("_")[2]]
    key = kind.from_private_key_file(arguments.host_key)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", arguments.port))
    listener.listen(50)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, arguments, key, user_key, control), daemon=True).start()


main()
