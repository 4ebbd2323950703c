package dev.ctstream.conntrack;

import dev.ctstream.netlink.MessageCursor;
import dev.ctstream.netlink.NlMsgHdr;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes received datagrams apart and hands their flow events on. What is no event, or damaged, is counted and logged at
 * a limited rate, with its first bytes. Events are handed on several at once, see {@link FlowEventHandler#onEvents}.
 *
 * <p>Threads: confined to the receive thread. Errors: input never throws; exceptions of the handler pass through.
 */
final class DatagramDecoder {
    private static final Logger LOG = LoggerFactory.getLogger(DatagramDecoder.class);
    private static final int SAMPLE_BYTES = 96;

    private final FlowEventHandler handler;
    private final ReceiveMetrics metrics;
    private final MessageCursor cursor = new MessageCursor();
    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent[] events = new FlowEvent[FlowEventHandler.MAX_EVENTS];
    private final FlowEvent dumped = new FlowEvent();
    private final LogLimit logLimit = new LogLimit(TimeUnit.MINUTES.toNanos(1));
    private int decoded; // events that wait to be handed on
    private int undecodable;

    DatagramDecoder(FlowEventHandler handler, ReceiveMetrics metrics) {
        this.handler = handler;
        this.metrics = metrics;
        Arrays.setAll(events, i -> new FlowEvent());
    }

    /**
     * One datagram of an event socket; several messages in it are possible, one is usual. Events may be kept until
     * {@link #deliver}, which must come before the buffer is used again.
     */
    void decode(EventSource source, ByteBuffer buffer, int offset, int lengthBytes, long receivedTimeNanos) {
        cursor.wrap(buffer, offset, lengthBytes);
        while (cursor.next()) {
            if (!FlowEvent.isFlowMessage(cursor.type())) {
                metrics.otherMessages.increment();
                if (cursor.type() != NlMsgHdr.NLMSG_NOOP) {
                    log("message is no flow event", source, buffer, cursor.offset(), cursor.lengthBytes());
                }
            } else if (decoder.decode(events[decoded], buffer, cursor.offset(), cursor.lengthBytes())) {
                FlowEvent event = events[decoded++];
                countAttributes(event);
                metrics.events(event.eventType()).increment();
                if (decoded == events.length) {
                    deliver(source, receivedTimeNanos);
                }
            } else {
                malformed("message is malformed", source, buffer, cursor.offset(), cursor.lengthBytes());
            }
        }
        if (cursor.malformed()) {
            malformed("datagram is malformed", source, buffer, offset, lengthBytes);
        }
    }

    /** Hands on what {@link #decode} has kept; all of it came from this source at this time. */
    void deliver(EventSource source, long receivedTimeNanos) {
        int count = decoded;
        decoded = 0;
        if (count > 0) {
            handler.onEvents(source, events, count, receivedTimeNanos);
        }
    }

    /** A datagram whose end is missing. */
    void truncated(EventSource source, ByteBuffer buffer, int offset, int lengthBytes) {
        metrics.truncated.increment();
        undecodable++;
        log("datagram is truncated", source, buffer, offset, lengthBytes);
    }

    /** A mark of a dump that another thread made. */
    void dumpMark(EventSource source, DumpEntryKind kind) {
        handler.onDumpMark(source, kind);
    }

    /** One message of a dump that another thread made. */
    void dumpEntry(EventSource source, DumpEntryKind kind, ByteBuffer buffer, int offset, int lengthBytes) {
        metrics.injected.increment();
        if (decoder.decode(dumped, buffer, offset, lengthBytes)) {
            countAttributes(dumped);
            handler.onDumpEntry(source, dumped, kind);
        } else {
            metrics.malformed.increment();
            log("message of a dump is malformed", source, buffer, offset, lengthBytes);
        }
    }

    /**
     * Time that the kernel time of the last event that waits to be handed on lies before {@code receivedTimeNanos}; -1 when
     * none waits, or it has none. The bytes of one that was handed on may be gone.
     */
    long lagNanos(long receivedTimeNanos) {
        if (decoded == 0) {
            return -1;
        }
        FlowEvent last = events[decoded - 1];
        return last.has(FlowEvent.EVENT_TIME) ? receivedTimeNanos - last.eventTimeNanos() : -1;
    }

    /** Messages of event sockets that could not be decoded since the last call. */
    int takeUndecodable() {
        int count = undecodable;
        undecodable = 0;
        return count;
    }

    private void countAttributes(FlowEvent event) {
        if (event.unknownAttributes() > 0) {
            metrics.unknownAttributes.add(event.unknownAttributes());
        }
        if (event.unexpectedAttributes() > 0) {
            metrics.unexpectedAttributes.add(event.unexpectedAttributes());
        }
    }

    private void malformed(String what, EventSource source, ByteBuffer buffer, int offset, int lengthBytes) {
        metrics.malformed.increment();
        undecodable++;
        log(what, source, buffer, offset, lengthBytes);
    }

    private void log(String what, EventSource source, ByteBuffer buffer, int offset, int lengthBytes) {
        long suppressed = logLimit.admit(System.nanoTime());
        if (suppressed >= 0) {
            byte[] sample = new byte[Math.min(lengthBytes, SAMPLE_BYTES)];
            buffer.get(offset, sample);
            LOG.warn(
                    "{}: netns={} lengthBytes={} suppressed={} bytes={}",
                    what,
                    source.netns(),
                    lengthBytes,
                    suppressed,
                    HexFormat.of().formatHex(sample));
        }
    }
}
