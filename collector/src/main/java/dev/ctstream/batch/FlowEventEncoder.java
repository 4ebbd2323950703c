package dev.ctstream.batch;

import static dev.ctstream.batch.AvroWriter.PRESENT;
import static dev.ctstream.batch.AvroWriter.writeEncoded;
import static dev.ctstream.batch.AvroWriter.writeLong;
import static dev.ctstream.batch.AvroWriter.writeNulls;
import static dev.ctstream.batch.AvroWriter.writePresent;
import static dev.ctstream.batch.NestedRecords.bit;

import dev.ctstream.conntrack.FlowEvent;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.PrivacyRules;
import dev.ctstream.record.EventOrigin;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Writes one flow event as a ConntrackEvent in Avro's binary encoding, field by field in the order of the schema.
 * Allocates nothing, unless a helper's name or a security context is not ASCII.
 *
 * <p>Ownership: borrows the event and the caller's array. Threads: confined to one.
 *
 * <p>Errors: none; the caller provides {@link #maxBytes} bytes.
 *
 * <p>Source: {@code ConntrackBatch.avsc}. A test reads the output with {@code GenericDatumReader}.
 */
public final class FlowEventEncoder {
    private static final int NANOS_PER_MILLI = 1_000_000;

    /** The longest encoding of all fields together is 725 bytes, without texts of variable length. */
    private static final int ANY_MAX_BYTES = 768;
    /** The same for IPv4 without {@link #RARE} fields: 367 bytes. */
    private static final int USUAL_MAX_BYTES = 408;
    /** An invalid byte becomes U+FFFD, which takes three bytes. */
    private static final int TEXT_GROWTH = 3;

    // Adjacent fields of the record that are often absent together: one test and one write for all of them.
    private static final long COUNTERS = bit(FlowEvent.PACKETS_ORIGINAL)
            | bit(FlowEvent.BYTES_ORIGINAL)
            | bit(FlowEvent.PACKETS_REPLY)
            | bit(FlowEvent.BYTES_REPLY)
            | bit(FlowEvent.START_TIME)
            | bit(FlowEvent.STOP_TIME);
    private static final int COUNTER_FIELDS = 6;
    private static final long TEXTS = bit(FlowEvent.HELPER) | bit(FlowEvent.LABELS) | bit(FlowEvent.SECURITY_CONTEXT);
    private static final int TEXT_FIELDS = 3;
    private static final long NESTED = bit(FlowEvent.MASTER) | NestedRecords.ALL;
    private static final int NESTED_FIELDS = 6;

    private static final long RARE =
            TEXTS | bit(FlowEvent.MASTER) | NestedRecords.SEQUENCE_ADJUSTMENT | bit(FlowEvent.SYNPROXY);

    /** {@code event_type} and {@code origin}, which are adjacent. */
    private static final byte[] KERNEL_NEW = typeAndOrigin("NEW", EventOrigin.KERNEL);

    private static final byte[] KERNEL_UPDATE = typeAndOrigin("UPDATE", EventOrigin.KERNEL);
    private static final byte[] KERNEL_DESTROY = typeAndOrigin("DESTROY", EventOrigin.KERNEL);
    private static final byte[] INTERIM = typeAndOrigin("INTERIM", EventOrigin.DUMP);
    private static final byte[] EXISTING = typeAndOrigin("EXISTING", EventOrigin.DUMP);
    private static final byte[] INFERRED = typeAndOrigin("DESTROY", EventOrigin.INFERRED);

    /** {@code nat} by the result of {@link Translation}. */
    private static final byte[][] NAT = {
        AvroWriter.encodedString("none"),
        AvroWriter.encodedString("source"),
        AvroWriter.encodedString("destination"),
        AvroWriter.encodedString("both")
    };

    /** Two non-null booleans, by {@code replied} in bit 0 and {@code assured} in bit 1. */
    private static final byte[][] STATES = {
        {PRESENT, 0, PRESENT, 0}, {PRESENT, 1, PRESENT, 0}, {PRESENT, 0, PRESENT, 1}, {PRESENT, 1, PRESENT, 1}
    };

    private static final byte[] END_INFERRED = AvroWriter.encodedPresentString("inferred");
    private static final byte[] END_DELETED = AvroWriter.encodedPresentString("deleted");
    private static final byte[] END_REMOVED = AvroWriter.encodedPresentString("removed");
    private static final byte[] END_EXPIRED = AvroWriter.encodedPresentString("expired");
    /** {@code duration_ns} and {@code end_reason}. */
    private static final int DESTROY_FIELDS = 2;

    private final @Nullable DerivedTexts texts;
    private final @Nullable ReducedTuples reduced;
    private final int textsMaxBytes;
    private boolean interim;
    private EventOrigin origin = EventOrigin.KERNEL;
    private long receivedTimeNanos;
    private long snapshotId;
    private long eventMillis;
    private boolean destroySeenWithTimeout;

    /** An encoder that fills the given fields, and leaves out what the rules say. */
    FlowEventEncoder(DerivedFields fields, PrivacyRules privacy) {
        reduced = privacy.isNothing() ? null : new ReducedTuples(privacy);
        boolean none = fields.equals(DerivedFields.NONE);
        texts = none ? null : new DerivedTexts(fields);
        textsMaxBytes = none ? 0 : DerivedTexts.MAX_BYTES;
    }

    /**
     * Sets the origin of the next events.
     *
     * @param receivedTimeNanos ns since 1970-01-01 UTC
     * @param snapshotId id of the dump's snapshot; ignored unless the origin is {@link EventOrigin#DUMP}
     */
    void from(EventOrigin origin, long receivedTimeNanos, long snapshotId) {
        this.origin = origin;
        this.receivedTimeNanos = receivedTimeNanos;
        this.snapshotId = snapshotId;
        interim = false;
    }

    /** As {@link #from} with {@link EventOrigin#DUMP}, for reports of known flows: they belong to no snapshot. */
    void fromInterim(long receivedTimeNanos) {
        from(EventOrigin.DUMP, receivedTimeNanos, 0);
        interim = true;
    }

    private static byte[] typeAndOrigin(String type, EventOrigin origin) {
        byte[] first = AvroWriter.encodedString(type);
        byte[] second = AvroWriter.encodedString(origin.text());
        byte[] both = new byte[first.length + second.length];
        System.arraycopy(first, 0, both, 0, first.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    /** An upper bound of the bytes that {@link #encode} writes for this event, spill bytes included. */
    int maxBytes(FlowEvent event) {
        long presence = event.presence();
        if ((presence & RARE) == 0 && event.ipVersion() == 4) {
            return USUAL_MAX_BYTES + textsMaxBytes;
        }
        int textBytes = 0;
        if (event.has(FlowEvent.HELPER)) {
            textBytes += event.helperLengthBytes();
        }
        if (event.has(FlowEvent.SECURITY_CONTEXT)) {
            textBytes += event.securityContextLengthBytes();
        }
        return ANY_MAX_BYTES + textsMaxBytes + TEXT_GROWTH * textBytes;
    }

    /** The {@code event_time} of the last encoded event. */
    long eventMillis() {
        return eventMillis;
    }

    /**
     * Writes the event at a position, with its sequence in its stream, and returns the position after it.
     *
     * @param beginSequence sequence of the event that opened the flow; negative = unknown, or this event opens it
     */
    int encode(byte[] to, int at, FlowEvent event, long sequence, long beginSequence) {
        int end = writeLong(to, at, sequence);
        end = writeEncoded(to, end, typeAndOrigin(event));
        end = writeTimes(to, end, event);
        end = origin == EventOrigin.DUMP && !interim ? writePresent(to, end, snapshotId) : writeNulls(to, end, 1);
        boolean omits = reduced != null && reduced.omits(event);
        end = reduced == null ? TupleFields.write(to, end, event) : reduced.write(to, end, event, omits);
        end = writeEntry(to, end, event);
        end = writeZonesAndStates(to, end, event);
        end = writeCounters(to, end, event);
        end = writeTexts(to, end, event, omits);
        // The message of a dump carries the port id of the socket that asked for the dump.
        end = writeLong(to, end, origin == EventOrigin.KERNEL ? event.requesterPortId() : 0);
        end = writeNested(to, end, event, omits);
        return writeDerived(to, end, event, beginSequence, omits);
    }

    private int writeDerived(byte[] to, int at, FlowEvent event, long beginSequence, boolean omits) {
        int end = beginSequence < 0 ? writeNulls(to, at, 1) : writePresent(to, at, beginSequence);
        int translation = Translation.of(event);
        end = writeEncoded(to, end, NAT[translation]);
        end = event.has(FlowEvent.STATUS) ? writeEncoded(to, end, states(event.status())) : writeNulls(to, end, 2);
        boolean ends = ends(event);
        if (!ends && texts == null) {
            return writeNulls(to, end, DESTROY_FIELDS + DerivedTexts.FIELDS);
        }
        end = ends ? writeEnd(to, end, event) : writeNulls(to, end, DESTROY_FIELDS);
        if (texts == null) {
            return writeNulls(to, end, DerivedTexts.FIELDS);
        }
        boolean hidesIds = reduced != null && reduced.hides(omits);
        return texts.write(to, end, event, translation, hidesIds);
    }

    private int writeEnd(byte[] to, int at, FlowEvent event) {
        int end = event.has(FlowEvent.START_TIME) && event.has(FlowEvent.STOP_TIME)
                ? writePresent(to, at, event.stopTimeNanos() - event.startTimeNanos())
                : writeNulls(to, at, 1);
        byte[] reason = endReason(event);
        return reason == null ? writeNulls(to, end, 1) : writeEncoded(to, end, reason);
    }

    private boolean ends(FlowEvent event) {
        return origin == EventOrigin.INFERRED
                || (origin == EventOrigin.KERNEL && event.eventType() == FlowEvent.DESTROY);
    }

    /** {@code replied} and {@code assured}. */
    private static byte[] states(int status) {
        int replied = (status & IpsStatus.IPS_SEEN_REPLY) == 0 ? 0 : 1;
        int assured = (status & IpsStatus.IPS_ASSURED) == 0 ? 0 : 2;
        return STATES[replied | assured];
    }

    /**
     * Why the flow ended; null = unknown. The DESTROY of an entry that timed out has no CTA_TIMEOUT; on older kernels
     * no DESTROY has it. So its absence means a timeout only if this kernel is known to send it.
     */
    private byte @Nullable [] endReason(FlowEvent event) {
        if (origin == EventOrigin.INFERRED) {
            return END_INFERRED;
        }
        boolean timeout = event.has(FlowEvent.TIMEOUT);
        destroySeenWithTimeout |= timeout;
        if (event.requesterPortId() != 0) {
            return END_DELETED;
        }
        if (timeout) {
            return END_REMOVED;
        }
        return destroySeenWithTimeout ? END_EXPIRED : null;
    }

    private byte[] typeAndOrigin(FlowEvent event) {
        return switch (origin) {
            case DUMP -> interim ? INTERIM : EXISTING;
            case INFERRED -> INFERRED;
            case KERNEL ->
                switch (event.eventType()) {
                    case FlowEvent.NEW -> KERNEL_NEW;
                    case FlowEvent.DESTROY -> KERNEL_DESTROY;
                    default -> KERNEL_UPDATE;
                };
        };
    }

    /**
     * Uses the best available time: the kernel's event time, else for DESTROY the flow's end, else the time of receipt.
     */
    private int writeTimes(byte[] to, int at, FlowEvent event) {
        boolean kernel = origin == EventOrigin.KERNEL;
        boolean stamped = kernel && event.has(FlowEvent.EVENT_TIME);
        long time = receivedTimeNanos;
        if (stamped) {
            time = event.eventTimeNanos();
        } else if (kernel && event.has(FlowEvent.STOP_TIME)) {
            time = event.stopTimeNanos();
        }
        eventMillis = Math.floorDiv(time, NANOS_PER_MILLI);
        int end = writeLong(to, at, eventMillis);
        end = stamped ? writePresent(to, end, time) : writeNulls(to, end, 1);
        return writeLong(to, end, receivedTimeNanos);
    }

    private static int writeEntry(byte[] to, int at, FlowEvent event) {
        int end = writeLong(to, at, event.has(FlowEvent.ID) ? event.id() : 0);
        end = event.has(FlowEvent.STATUS) ? writePresent(to, end, event.status()) : writeNulls(to, end, 1);
        end = event.has(FlowEvent.TIMEOUT) ? writePresent(to, end, event.timeoutSeconds()) : writeNulls(to, end, 1);
        return event.has(FlowEvent.MARK) ? writePresent(to, end, event.mark()) : writeNulls(to, end, 1);
    }

    private static int writeZonesAndStates(byte[] to, int at, FlowEvent event) {
        int end = TupleFields.writeZone(to, at, event.original());
        end = TupleFields.writeZone(to, end, event.reply());
        end = event.has(FlowEvent.TCP_STATE) ? writePresent(to, end, event.tcpState()) : writeNulls(to, end, 1);
        return event.has(FlowEvent.SCTP_STATE) ? writePresent(to, end, event.sctpState()) : writeNulls(to, end, 1);
    }

    /** Writes counters and times; a u64 keeps its 64 bits. */
    private static int writeCounters(byte[] to, int at, FlowEvent event) {
        if ((event.presence() & COUNTERS) == 0) {
            return writeNulls(to, at, COUNTER_FIELDS);
        }
        int end = event.has(FlowEvent.PACKETS_ORIGINAL)
                ? writePresent(to, at, event.packetsOriginal())
                : writeNulls(to, at, 1);
        end = event.has(FlowEvent.BYTES_ORIGINAL)
                ? writePresent(to, end, event.bytesOriginal())
                : writeNulls(to, end, 1);
        end = event.has(FlowEvent.PACKETS_REPLY) ? writePresent(to, end, event.packetsReply()) : writeNulls(to, end, 1);
        end = event.has(FlowEvent.BYTES_REPLY) ? writePresent(to, end, event.bytesReply()) : writeNulls(to, end, 1);
        end = event.has(FlowEvent.START_TIME) ? writePresent(to, end, event.startTimeNanos()) : writeNulls(to, end, 1);
        return event.has(FlowEvent.STOP_TIME) ? writePresent(to, end, event.stopTimeNanos()) : writeNulls(to, end, 1);
    }

    /** The helper stands for the destination's port. */
    private static int writeTexts(byte[] to, int at, FlowEvent event, boolean omits) {
        if ((event.presence() & TEXTS) == 0) {
            return writeNulls(to, at, TEXT_FIELDS);
        }
        ByteBuffer buffer = event.buffer();
        int end = event.has(FlowEvent.HELPER) && !omits
                ? KernelText.write(to, at, buffer, event.helperOffset(), event.helperLengthBytes())
                : writeNulls(to, at, 1);
        end = event.has(FlowEvent.LABELS)
                ? KernelText.writeLabels(to, end, buffer, event.labelsOffset(), event.labelsLengthBytes())
                : writeNulls(to, end, 1);
        return event.has(FlowEvent.SECURITY_CONTEXT)
                ? KernelText.write(to, end, buffer, event.securityContextOffset(), event.securityContextLengthBytes())
                : writeNulls(to, end, 1);
    }

    private int writeNested(byte[] to, int at, FlowEvent event, boolean omits) {
        if ((event.presence() & NESTED) == 0) {
            return writeNulls(to, at, NESTED_FIELDS);
        }
        int end = event.has(FlowEvent.MASTER) ? writeMaster(to, at, event, omits) : writeNulls(to, at, 1);
        end = NestedRecords.writeTcp(to, end, event);
        end = NestedRecords.writeSctp(to, end, event);
        end = NestedRecords.writeDccp(to, end, event);
        end = NestedRecords.writeSequenceAdjustment(to, end, event);
        return NestedRecords.writeSynproxy(to, end, event);
    }

    private int writeMaster(byte[] to, int at, FlowEvent event, boolean omits) {
        return reduced == null ? TupleFields.writeMaster(to, at, event) : reduced.writeMaster(to, at, event, omits);
    }
}
