package dev.ctstream.netlink;

import com.sun.jna.Native;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Receives many datagrams with one {@code recvmmsg}. Headers and slots are in one block of native memory:
 *
 * <pre>
 *  +--------------------+------------------+-----------------------+--------+--------+-----+
 *  | mmsghdr x slots    | iovec x slots    | sockaddr_nl x slots   | slot 0 | slot 1 | ... |
 *  +--------------------+------------------+-----------------------+--------+--------+-----+
 *                                                                  ^ buffer() begins here
 *  mmsghdr (64): u64 name, u32 name length, pad, u64 iovec, u64 iovec count,
 *                u64 control, u64 control length, s32 flags, pad, u32 length, pad
 *  sockaddr_nl (12, padded to 16): u16 family, u16 pad, u32 port id of the sender, u32 groups
 * </pre>
 *
 * <p>The headers are written once: the kernel changes only the name, its length, {@code msg_flags} and {@code msg_len},
 * and writes all four for every datagram. The length of a netlink name never changes.
 *
 * <p>Whoever has CAP_NET_ADMIN in a network namespace can send datagrams to any netlink socket in it, to its port id or
 * to a group that it has joined. Only {@link #fromKernel} tells them apart: callers must not read the others.
 *
 * <p>Ownership: owns the memory; a slot's bytes are valid until the next {@link #receive}.
 *
 * <p>Threads: confined to one thread. {@link #receive} allocates nothing.
 *
 * <p>Source: {@code recvmmsg(2)}, {@code ___sys_recvmsg} in {@code net/socket.c}; layout of 64-bit hosts.
 */
public final class DatagramBatch implements AutoCloseable {
    /**
     * {@link #receive} found that the kernel had to drop messages (ENOBUFS); messages that were queued are still there.
     */
    public static final int OVERRUN = -1;
    /** {@link #receive} found nothing queued. */
    public static final int DRY = 0;

    private static final int MMSGHDR_BYTES = 64;
    private static final int MSG_NAMELEN_OFFSET = 8;
    private static final int MSG_IOV_OFFSET = 16;
    private static final int MSG_IOVLEN_OFFSET = 24;
    private static final int MSG_FLAGS_OFFSET = 48;
    private static final int MSG_LEN_OFFSET = 56;
    private static final int IOVEC_BYTES = 16;
    private static final int IOV_LEN_OFFSET = 8;
    private static final int NAME_BYTES = 16;
    /** One cache line, so that neighbouring slots never share one. */
    private static final int SLOT_ALIGNMENT_BYTES = 64;

    private final int slots;
    private final int slotBytes;
    private final int portIds; // where the sender of slot 0 is
    private final ByteBuffer memory;
    private final long address;
    private final ByteBuffer data;
    private boolean closed;

    /**
     * Allocates the memory; pages that no datagram touches cost nothing.
     *
     * @param slots datagrams per call, 1..1024 (the kernel's limit)
     * @param slotBytes longest datagram that fits, rounded up to a multiple of 64; longer ones arrive truncated
     */
    public DatagramBatch(int slots, int slotBytes) {
        if (slots < 1 || slots > 1024 || slotBytes < 1 || slotBytes > 1 << 20) {
            throw new IllegalArgumentException("slots " + slots + ", slotBytes " + slotBytes);
        }
        this.slots = slots;
        this.slotBytes = (slotBytes + SLOT_ALIGNMENT_BYTES - 1) & -SLOT_ALIGNMENT_BYTES;
        int names = slots * (MMSGHDR_BYTES + IOVEC_BYTES);
        int headerBytes = names + slots * NAME_BYTES;
        portIds = names + NetlinkSocket.SOCKADDR_PORT_ID_OFFSET;
        long bytes = headerBytes + (long) slots * this.slotBytes;
        memory = Libc.allocate(Math.toIntExact(bytes));
        address = Libc.address(memory);
        data = memory.slice(headerBytes, slots * this.slotBytes).order(ByteOrder.nativeOrder());
        for (int slot = 0; slot < slots; slot++) {
            int header = slot * MMSGHDR_BYTES;
            int iovec = slots * MMSGHDR_BYTES + slot * IOVEC_BYTES;
            memory.putLong(header, address + names + (long) slot * NAME_BYTES);
            memory.putInt(header + MSG_NAMELEN_OFFSET, NetlinkSocket.SOCKADDR_BYTES);
            memory.putLong(header + MSG_IOV_OFFSET, address + iovec);
            memory.putLong(header + MSG_IOVLEN_OFFSET, 1);
            memory.putLong(iovec, address + headerBytes + (long) slot * this.slotBytes);
            memory.putLong(iovec + IOV_LEN_OFFSET, this.slotBytes);
        }
    }

    /** The slots, in native byte order; {@link #offset} gives a slot's position. */
    public ByteBuffer buffer() {
        return data;
    }

    /**
     * Receives queued datagrams without waiting.
     *
     * @return the number of datagrams, {@link #DRY} or {@link #OVERRUN}
     */
    public int receive(NetlinkSocket socket) throws NetlinkException {
        if (closed) {
            throw new IllegalStateException("closed");
        }
        while (true) {
            int count = Libc.recvmmsg(socket.fd(), address, slots, Libc.MSG_DONTWAIT, 0);
            int errno = count < 0 ? Native.getLastError() : 0;
            if (errno == 0) {
                return count;
            }
            if (errno == Errno.EAGAIN) {
                return DRY;
            }
            if (errno == Errno.ENOBUFS) {
                return OVERRUN;
            }
            if (errno != Errno.EINTR) {
                throw new NetlinkException("receive", errno);
            }
        }
    }

    /** Whether the kernel itself sent the slot's datagram: port id 0. Nobody else can have it. */
    public boolean fromKernel(int slot) {
        return memory.getInt(portIds + slot * NAME_BYTES) == 0;
    }

    /** Position of a slot's datagram in {@link #buffer()}. */
    public int offset(int slot) {
        return slot * slotBytes;
    }

    /** Length of the slot's datagram; for a truncated one, the bytes that arrived. */
    public int lengthBytes(int slot) {
        return memory.getInt(slot * MMSGHDR_BYTES + MSG_LEN_OFFSET);
    }

    /** Whether the datagram was longer than the slot; the rest of it is lost. */
    public boolean truncated(int slot) {
        return (memory.getInt(slot * MMSGHDR_BYTES + MSG_FLAGS_OFFSET) & Libc.MSG_TRUNC) != 0;
    }

    /** Ends the use; the memory is freed once no buffer refers to it. */
    @Override
    public void close() {
        closed = true;
    }
}
