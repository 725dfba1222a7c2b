"""The other end of a guest's network cable: raw Ethernet frames, and no root needed.

QEMU's `-netdev dgram` carries one frame in each datagram between two Unix sockets.
"""

import os
import select
import socket
import time

FRAME_MAX = 65536


class Wire:
    """The cable. netdev() is QEMU's end of it; send() and receive() are ours."""

    def __init__(self, folder):
        self.theirs = os.path.join(folder, "guest.sock")
        self.ours = os.path.join(folder, "wire.sock")
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.sock.bind(self.ours)
        self.sock.setblocking(False)

    def netdev(self):
        return (f"dgram,id=n0,local.type=unix,local.path={self.theirs},"
                f"remote.type=unix,remote.path={self.ours}")

    def send(self, frame, timeout=30):
        """Put a frame on the wire. Waits for QEMU to take the ones before it.

        An empty one would make QEMU close its end.
        """
        assert frame
        deadline = time.monotonic() + timeout
        while True:
            try:
                self.sock.sendto(frame, self.theirs)
                return
            except (BlockingIOError, FileNotFoundError, ConnectionRefusedError):
                if time.monotonic() > deadline:
                    raise TimeoutError("QEMU takes no more frames") from None
            time.sleep(0.0002)

    def receive(self, timeout=5):
        """The next frame of the guest, or None when there is none within timeout."""
        if not select.select([self.sock], [], [], max(timeout, 0))[0]:
            return None
        return self.sock.recv(FRAME_MAX)

    def drain(self):
        """Throw away what has arrived. Returns how many frames that were."""
        count = 0
        while True:
            try:
                self.sock.recv(FRAME_MAX)
                count += 1
            except BlockingIOError:
                return count

    def close(self):
        self.sock.close()
