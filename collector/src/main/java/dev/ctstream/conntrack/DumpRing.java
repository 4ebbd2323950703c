package dev.ctstream.conntrack;

import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.NlMsgHdr;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A bounded ring of raw dump messages from the dumping thread to the receive thread, which takes some of them when the
 * event sockets are empty. Thus only the receive thread ever numbers events.
 *
 * <p>Messages are stored one after the other; one that does not fit at the end begins at the front. 1024 entries take
 * 0.4 MiB, which a processor's cache holds until they are read. (In slots of 4 KiB each, all would share 16 cache
 * sets.)
 *
 * <p>Ownership: a message is copied in; the memory is allocated once.
 *
 * <p>Order: a message is taken after all events that the kernel sent to any source before the message was offered.
 *
 * <p>Threads: one thread offers, the receive thread takes.
 *
 * <p>Errors: a full ring refuses; nothing is dropped.
 */
public final class DumpRing {
    /** Longest message that fits; entries have at most about 500 bytes plus a security context. */
    public static final int MAX_MESSAGE_BYTES = 4096;

    private static final int NO_SPACE = -1;

    private final int slots;
    private final ByteBuffer memory;
    private final EventSource[] sources;
    private final DumpEntryKind[] kinds;
    private final int[] offsets;
    private final int[] lengths;
    private final AtomicLong offered = new AtomicLong();
    private final AtomicLong taken = new AtomicLong();
    private final Runnable wake;
    private int end; // just after the last offered message; used by the offering thread only

    /**
     * An empty ring.
     *
     * @param slots most messages and marks that it holds
     * @param bytes most bytes of messages that it holds
     * @param wake ends the receive thread's wait
     */
    DumpRing(int slots, int bytes, Runnable wake) {
        if (bytes <= MAX_MESSAGE_BYTES || bytes != NlMsgHdr.align(bytes)) {
            throw new IllegalArgumentException("ring of " + bytes + " bytes");
        }
        this.slots = slots;
        this.wake = wake;
        memory = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
        sources = new EventSource[slots];
        kinds = new DumpEntryKind[slots];
        offsets = new int[slots];
        lengths = new int[slots];
    }

    /**
     * Copies the message under the cursor into the ring.
     *
     * @param kind passed to {@link FlowEventHandler#onDumpEntry} with the message; not a mark
     * @return false = full; offer it again later
     * @throws IllegalArgumentException for a message longer than {@link #MAX_MESSAGE_BYTES}
     */
    public boolean offer(EventSource source, DumpEntryKind kind, MessageCursor message) {
        int lengthBytes = message.lengthBytes();
        check(kind, false);
        if (lengthBytes > MAX_MESSAGE_BYTES) {
            throw new IllegalArgumentException("message of " + lengthBytes + " bytes");
        }
        int offset = full() ? NO_SPACE : freeOffset(NlMsgHdr.align(lengthBytes));
        if (offset == NO_SPACE) {
            return false;
        }
        memory.put(offset, message.buffer(), message.offset(), lengthBytes);
        end = offset + NlMsgHdr.align(lengthBytes);
        return publish(source, kind, offset, lengthBytes);
    }

    /**
     * Puts a mark into the ring: {@link FlowEventHandler#onDumpMark} is called after every message offered before it,
     * and after every event that the kernel has already sent to any source.
     *
     * @return false = full; offer it again later
     */
    public boolean offerMark(EventSource source, DumpEntryKind kind) {
        check(kind, true);
        return !full() && publish(source, kind, end, 0);
    }

    private static void check(DumpEntryKind kind, boolean mark) {
        if (kind.mark() != mark) {
            throw new IllegalArgumentException(kind + " is " + (mark ? "not a mark" : "a mark"));
        }
    }

    /**
     * Offset of this many free bytes. Waiting data ends at {@link #end} and never fills the ring, so {@code end}
     * differs from its begin.
     */
    private int freeOffset(int bytes) {
        long oldest = taken.get();
        if (oldest == offered.getPlain()) {
            return 0;
        }
        int begin = offsets[(int) (oldest % slots)];
        if (end < begin) {
            return end + bytes < begin ? end : NO_SPACE;
        }
        if (end + bytes <= memory.capacity()) {
            return end;
        }
        return bytes < begin ? 0 : NO_SPACE;
    }

    private boolean full() {
        return offered.getPlain() - taken.get() == slots;
    }

    private boolean publish(EventSource source, DumpEntryKind kind, int offset, int lengthBytes) {
        long position = offered.getPlain();
        int slot = (int) (position % slots);
        sources[slot] = source;
        kinds[slot] = kind;
        offsets[slot] = offset;
        lengths[slot] = lengthBytes;
        offered.set(position + 1);
        if (taken.get() == position) { // everything before it was taken: the receive thread may be waiting
            wake.run();
        }
        return true;
    }

    /** Messages that were offered and not yet taken; any thread. */
    public int pending() {
        return (int) (offered.get() - taken.get());
    }

    /** Passes up to {@code limit} messages to the decoder; returns how many. Receive thread only. */
    int take(DatagramDecoder decoder, int limit) {
        int count = 0;
        while (count < limit && taken.getPlain() < offered.get()) {
            int slot = (int) (taken.getPlain() % slots);
            deliver(decoder, slot);
            taken.set(taken.getPlain() + 1);
            count++;
        }
        return count;
    }

    private void deliver(DatagramDecoder decoder, int slot) {
        if (kinds[slot].mark()) {
            decoder.dumpMark(sources[slot], kinds[slot]);
        } else {
            decoder.dumpEntry(sources[slot], kinds[slot], memory, offsets[slot], lengths[slot]);
        }
    }
}
