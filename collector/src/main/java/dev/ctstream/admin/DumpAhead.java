package dev.ctstream.admin;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NlMsgHdr;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * A dump that a separate thread receives, so that the kernel's work on one CPU and ours on another overlap: each takes
 * half a second for 250 000 entries.
 *
 * <p>Bounds: {@value #BLOCKS} blocks of {@value #BLOCK_BYTES} bytes between the two threads.
 *
 * <p>Threads: {@link #deliver} runs on the caller's; until it returns, the table belongs to the receiving thread.
 */
final class DumpAhead {
    private static final long JOIN_MILLIS = 1_000;
    private static final int BLOCKS = 8;
    private static final int BLOCK_BYTES = 1 << 16;
    /** Marks the end of the dump; the only block without capacity. */
    private static final ByteBuffer END = ByteBuffer.allocate(0);

    private final ConntrackTable table;
    private final DumpFilter filter;
    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent entry = new FlowEvent();
    private final BlockingQueue<ByteBuffer> empty = new LinkedBlockingQueue<>();
    private final BlockingQueue<ByteBuffer> full = new LinkedBlockingQueue<>();
    private ByteBuffer block = END; // the block being filled; owned by the receiving thread
    private volatile boolean stopped;
    private @Nullable Throwable failure; // read after END

    DumpAhead(ConntrackTable table, DumpFilter filter) {
        this.table = table;
        this.filter = filter;
        for (int i = 0; i < BLOCKS; i++) {
            empty.add(ByteBuffer.allocateDirect(BLOCK_BYTES).order(ByteOrder.nativeOrder()));
        }
    }

    /**
     * Delivers every entry that the filter matches, and others if the kernel sends them, in the kernel's order. Each is
     * decoded once, on the caller's thread; the handler applies the filter.
     *
     * @throws NetlinkException when the kernel refuses the dump or ends it early
     * @throws IOException from the handler; nothing more is received after it
     */
    void deliver(EntryHandler handler) throws IOException {
        OwnedThread receiver = OwnedThread.looping("ctstream-entries", this::receive, JOIN_MILLIS);
        receiver.start((thread, unhandled) -> failure = unhandled);
        try {
            for (ByteBuffer next = full.take(); next.capacity() > 0; next = full.take()) {
                deliver(next, handler);
                empty.add(next.clear());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        } finally {
            stop(receiver);
        }
        if (failure instanceof NetlinkException refusal) {
            throw refusal;
        } else if (failure instanceof Error error) {
            throw error;
        } else if (failure != null) {
            throw new IllegalStateException(failure);
        }
    }

    private void deliver(ByteBuffer messages, EntryHandler handler) throws IOException {
        MessageCursor message = new MessageCursor().wrap(messages, 0, messages.position());
        while (message.next()) {
            if (decoder.decode(entry, messages, message.offset(), message.lengthBytes())) {
                handler.onEntry(entry);
            }
        }
    }

    /** Stops the receiving thread. After it, the caller may use the table again. */
    private void stop(OwnedThread receiver) {
        stopped = true;
        empty.add(END); // wakes a receiver that waits for a block
        boolean interrupted = false;
        while (!receiver.join(JOIN_MILLIS)) {
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void receive() {
        try {
            table.dumpCandidates(filter, message -> add(message.buffer(), message.offset(), message.lengthBytes()));
        } catch (Throwable e) { // of any kind: without the report the caller would wait forever
            failure = e;
        } finally {
            full.add(block);
            full.add(END);
        }
    }

    private void add(ByteBuffer from, int offset, int lengthBytes) {
        int aligned = NlMsgHdr.align(lengthBytes);
        if (block.remaining() < aligned) {
            next(aligned);
        }
        if (stopped) {
            table.stopDump();
            return;
        }
        block.put(block.position(), from, offset, lengthBytes);
        block.position(block.position() + aligned);
    }

    private void next(int lengthBytes) {
        if (block.capacity() > 0) {
            full.add(block);
        }
        try {
            block = empty.take();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e); // this thread is never interrupted
        }
        if (block.capacity() > 0 && block.capacity() < lengthBytes) {
            block = ByteBuffer.allocateDirect(lengthBytes).order(ByteOrder.nativeOrder());
        }
    }
}
