package dev.ctstream.conntrack;

import dev.ctstream.netlink.MessageCursor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A bounded ring of raw dump messages from the thread that dumps to the receive thread, which takes some of them when the
 * event sockets are dry. So only the receive thread ever numbers events.
 *
 * <p>Ownership: a message is copied in; the memory is allocated once.
 *
 * <p>Order: a message is taken after all events that the kernel had sent, to any source, before it was offered.
 *
 * <p>Threads: one thread offers, the receive thread takes.
 *
 * <p>Errors: a full ring refuses; nothing is dropped.
 */
public final class InjectedMessages {
    /** Longest message that fits; entries have at most about 500 bytes plus a security context. */
    public static final int SLOT_BYTES = 4096;

    private final int slots;
    private final ByteBuffer memory;
    private final EventSource[] sources;
    private final long[] tags;
    private final int[] lengths;
    private final AtomicLong offered = new AtomicLong();
    private final AtomicLong taken = new AtomicLong();
    private final Runnable wake;

    /** @param wake ends the receive thread's wait */
    InjectedMessages(int slots, Runnable wake) {
        this.slots = slots;
        this.wake = wake;
        memory = ByteBuffer.allocateDirect(slots * SLOT_BYTES).order(ByteOrder.nativeOrder());
        sources = new EventSource[slots];
        tags = new long[slots];
        lengths = new int[slots];
    }

    /**
     * Copies the message under the cursor into the ring.
     *
     * @param tag handed to {@link FlowEventHandler#onInjected} with it
     * @return false = full; offer it again later
     * @throws IllegalArgumentException for a message longer than {@link #SLOT_BYTES}
     */
    public boolean offer(EventSource source, long tag, MessageCursor message) {
        if (message.lengthBytes() > SLOT_BYTES) {
            throw new IllegalArgumentException("message of " + message.lengthBytes() + " bytes");
        }
        if (full()) {
            return false;
        }
        int slot = (int) (offered.getPlain() % slots);
        memory.put(slot * SLOT_BYTES, message.buffer(), message.offset(), message.lengthBytes());
        return publish(slot, source, tag, message.lengthBytes());
    }

    /**
     * Puts a mark into the ring: {@link FlowEventHandler#onInjectedMark} sees it after every message that was offered
     * before it, and after every event that the kernel had sent to any source by now.
     *
     * @return false = full; offer it again later
     */
    public boolean offerMark(EventSource source, long tag) {
        return !full() && publish((int) (offered.getPlain() % slots), source, tag, 0);
    }

    private boolean full() {
        return offered.getPlain() - taken.get() == slots;
    }

    private boolean publish(int slot, EventSource source, long tag, int lengthBytes) {
        long position = offered.getPlain();
        sources[slot] = source;
        tags[slot] = tag;
        lengths[slot] = lengthBytes;
        offered.set(position + 1);
        if (taken.get() == position) { // all before it were taken: the receive thread may be waiting
            wake.run();
        }
        return true;
    }

    /** Messages that were offered and not yet taken; any thread. */
    public int pending() {
        return (int) (offered.get() - taken.get());
    }

    /** Hands up to {@code limit} messages to the decoder; returns how many. Receive thread only. */
    int take(DatagramDecoder decoder, int limit) {
        int count = 0;
        while (count < limit && taken.getPlain() < offered.get()) {
            int slot = (int) (taken.getPlain() % slots);
            decoder.injected(sources[slot], memory, slot * SLOT_BYTES, lengths[slot], tags[slot]);
            taken.set(taken.getPlain() + 1);
            count++;
        }
        return count;
    }
}
