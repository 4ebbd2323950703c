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
 * Decodes received datagrams and passes their flow events to the handler, several at once (see
 * {@link FlowEventHandler#onEvents}). Damaged messages and messages that are not events are counted, and logged at a
 * limited rate with their first bytes, or, where addresses are left out, with their headers.
 *
 * <p>Threads: confined to the receive thread. Errors: input never throws; exceptions of the handler pass through.
 */
final class DatagramDecoder {
    private static final Logger LOG = LoggerFactory.getLogger(DatagramDecoder.class);
    private static final int SAMPLE_BYTES = 96;
    /** The headers, which hold no address. */
    private static final int HEADER_BYTES = NfGenMsg.ATTRIBUTES_OFFSET;

    private final int sampleBytes;

    private final FlowEventHandler handler;
    private final ReceiveObserver observer;
    private final MessageCursor cursor = new MessageCursor();
    private final FlowDecoder decoder = new FlowDecoder();
    private final FlowEvent[] events = new FlowEvent[FlowEventHandler.MAX_EVENTS];
    private final FlowEvent dumped = new FlowEvent();
    private final LogLimit logLimit = new LogLimit(TimeUnit.MINUTES.toNanos(1));
    private int decoded; // events not yet passed to the handler
    private int undecodable;

    /**
     * A decoder for the handler.
     *
     * @param logsBytes whether a log line may show more of a message than its headers
     */
    DatagramDecoder(FlowEventHandler handler, ReceiveObserver observer, boolean logsBytes) {
        sampleBytes = logsBytes ? SAMPLE_BYTES : HEADER_BYTES;
        this.handler = handler;
        this.observer = observer;
        Arrays.setAll(events, i -> new FlowEvent());
    }

    /**
     * Decodes one datagram of an event socket, which usually holds one message but may hold several. Events may be kept
     * until {@link #deliver}, which must be called before the buffer is reused.
     */
    void decode(EventSource source, ByteBuffer buffer, int offset, int lengthBytes, long receivedTimeNanos) {
        cursor.wrap(buffer, offset, lengthBytes);
        while (cursor.next()) {
            if (!FlowEvent.isFlowMessage(cursor.type())) {
                observer.otherMessage();
                if (cursor.type() != NlMsgHdr.NLMSG_NOOP) {
                    log("message is not a flow event", source, buffer, cursor.offset(), cursor.lengthBytes());
                }
            } else if (decoder.decode(events[decoded], buffer, cursor.offset(), cursor.lengthBytes())) {
                FlowEvent event = events[decoded++];
                countAttributes(event);
                observer.decoded(event.eventType());
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

    /** Passes on the events that {@link #decode} has kept; all came from this source at this time. */
    void deliver(EventSource source, long receivedTimeNanos) {
        int count = decoded;
        decoded = 0;
        if (count > 0) {
            handler.onEvents(source, events, count, receivedTimeNanos);
        }
    }

    /** Counts a datagram whose end is missing. */
    void truncated(EventSource source, ByteBuffer buffer, int offset, int lengthBytes) {
        observer.truncated();
        undecodable++;
        log("datagram is truncated", source, buffer, offset, lengthBytes);
    }

    /** Passes on a mark of another thread's dump. */
    void dumpMark(EventSource source, DumpEntryKind kind) {
        handler.onDumpMark(source, kind);
    }

    /** Passes on one message of another thread's dump. */
    void dumpEntry(EventSource source, DumpEntryKind kind, ByteBuffer buffer, int offset, int lengthBytes) {
        observer.dumped();
        if (decoder.decode(dumped, buffer, offset, lengthBytes)) {
            countAttributes(dumped);
            if (source.admits(dumped)) {
                handler.onDumpEntry(source, dumped, kind);
            }
        } else {
            observer.malformed();
            log("dump message is malformed", source, buffer, offset, lengthBytes);
        }
    }

    /**
     * Nanoseconds from the kernel time of the last undelivered event to {@code receivedTimeNanos}; -1 when every event
     * is delivered or the last one has no kernel time. The bytes of a delivered event may be gone.
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
        if ((event.unknownAttributes() | event.unexpectedAttributes()) != 0) {
            observer.skipped(event.unknownAttributes(), event.unexpectedAttributes());
        }
    }

    private void malformed(String what, EventSource source, ByteBuffer buffer, int offset, int lengthBytes) {
        observer.malformed();
        undecodable++;
        log(what, source, buffer, offset, lengthBytes);
    }

    private void log(String what, EventSource source, ByteBuffer buffer, int offset, int lengthBytes) {
        long suppressed = logLimit.admit(System.nanoTime());
        if (suppressed >= 0) {
            byte[] sample = new byte[Math.min(lengthBytes, sampleBytes)];
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
