package dev.ctstream.admin;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.DumpFilter;
import dev.ctstream.conntrack.FlowDecoder;
import dev.ctstream.conntrack.FlowEvent;
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
 * A dump that is received by a thread of its own, so that the kernel's work on one CPU and ours on another overlap: of 250 000
 * entries each takes half a second.
 *
 * <p>Bounds: {@value #BLOCKS} blocks of {@value #BLOCK_BYTES} bytes between the two threads.
 *
 * <p>Threads: {@link #deliver} on the caller's; the table belongs to the other one until it returns.
 */
final class DumpAhead {
    private static final int BLOCKS = 8;
    private static final int BLOCK_BYTES = 1 << 16;
    /** Without room, unlike all others. */
    private static final ByteBuffer END = ByteBuffer.allocate(0);

    private final ConntrackTable table;
    private final DumpFilter filter;
    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent entry = new FlowEvent();
    private final BlockingQueue<ByteBuffer> empty = new LinkedBlockingQueue<>();
    private final BlockingQueue<ByteBuffer> full = new LinkedBlockingQueue<>();
    private ByteBuffer block = END; // that is being filled; the receiving thread's
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
     * Hands over every entry that the filter means, in the kernel's order.
     *
     * @throws NetlinkException when the kernel refuses the dump, or ends it early
     * @throws IOException from the handler, after which nothing more is received
     */
    void deliver(EntryHandler handler) throws IOException {
        Thread receiver = new Thread(this::receive, "ctstream-entries");
        receiver.setDaemon(true);
        receiver.start();
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

    /** The table may be used again afterwards. */
    private void stop(Thread receiver) {
        stopped = true;
        empty.add(END); // ends its wait
        boolean interrupted = false;
        while (receiver.isAlive()) {
            try {
                receiver.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void receive() {
        try {
            if (filter.equals(DumpFilter.ALL)) {
                table.dumpMessages(filter, message -> add(message.buffer(), message.offset(), message.lengthBytes()));
            } else {
                table.dump(filter, entry -> add(entry.buffer(), entry.messageOffset(), entry.messageLengthBytes()));
            }
        } catch (Throwable e) { // whatever it is, the caller has to hear of it instead of waiting for ever
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
            throw new IllegalStateException(e); // nobody interrupts this thread
        }
        if (block.capacity() > 0 && block.capacity() < lengthBytes) {
            block = ByteBuffer.allocateDirect(lengthBytes).order(ByteOrder.nativeOrder());
        }
    }
}
