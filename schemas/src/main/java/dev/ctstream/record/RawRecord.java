package dev.ctstream.record;

import java.util.Optional;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.IndexedRecord;
import org.jspecify.annotations.Nullable;

/**
 * A record's value with the bytes of its events as they were written: no field is resolved to another schema.
 *
 * <p>Ownership: holds the value's array. Threads: confined to one.
 */
public final class RawRecord implements IndexedRecord {
    private static final int FIRST_CAPACITY = 64;

    private final Schema written;
    /** The fields as they were written; of a batch without its events, of an event up to its sequence. */
    private final GenericRecord head;

    private byte[] array = {};
    private int offset;
    private int lengthBytes;
    private int[] bounds = new int[2 * FIRST_CAPACITY]; // begin and end of each event, from the begin of the datum
    private int events;
    private long firstSequence;
    private boolean rising = true;
    private long leastTime = Long.MAX_VALUE;
    private long greatestTime = Long.MIN_VALUE;

    RawRecord(Schema written) {
        this.written = written;
        head = new GenericData.Record(written);
    }

    void field(int position, @Nullable Object value) {
        head.put(position, value);
    }

    void datum(byte[] in, int from, int length) {
        array = in;
        offset = from;
        lengthBytes = length;
    }

    /** Adds an event: where its bytes are in the datum. */
    void event(int begin, int end, long sequence, long timeMillis) {
        if (2 * events == bounds.length) {
            bounds = java.util.Arrays.copyOf(bounds, 2 * bounds.length);
        }
        bounds[2 * events] = begin;
        bounds[2 * events + 1] = end;
        if (events == 0) {
            firstSequence = sequence;
        }
        rising &= sequence == firstSequence + events;
        events++;
        leastTime = Math.min(leastTime, timeMillis);
        greatestTime = Math.max(greatestTime, timeMillis);
    }

    /** The schema that wrote it. */
    public Schema written() {
        return written;
    }

    /** Whether it is a control record. */
    public boolean control() {
        return written.getField("control_sequence") != null;
    }

    /** The array that holds the datum: {@link #lengthBytes} bytes from {@link #offset}. */
    public byte[] array() {
        return array;
    }

    /** Where the datum begins. */
    public int offset() {
        return offset;
    }

    /** Length of the datum. */
    public int lengthBytes() {
        return lengthBytes;
    }

    /** Number of its events. */
    public int events() {
        return events;
    }

    /** Where an event begins in {@link #array}. */
    public int eventOffset(int index) {
        return offset + bounds[2 * index];
    }

    /** Length of an event. */
    public int eventBytes(int index) {
        return bounds[2 * index + 1] - bounds[2 * index];
    }

    /** Sequence of its first event. */
    public long firstSequence() {
        return firstSequence;
    }

    /** Whether the sequences of its events rise by one. */
    public boolean rising() {
        return rising;
    }

    /** Least event_time of its events, ms since 1970-01-01 UTC. */
    public long leastTime() {
        return leastTime;
    }

    /** Greatest event_time of its events, ms since 1970-01-01 UTC. */
    public long greatestTime() {
        return greatestTime;
    }

    /** Whether the fields first_event_time and last_event_time, if it has them, are those of its events. */
    public boolean timesFit() {
        return written.getField("first_event_time") == null
                || (number("first_event_time").equals(Optional.of(leastTime))
                        && number("last_event_time").equals(Optional.of(greatestTime)));
    }

    /** Value of a field before the events, or of a control record; null when it is null or the schema lacks it. */
    public @Nullable Object value(String name) {
        Schema.Field field = written.getField(name);
        return field == null ? null : head.get(field.pos());
    }

    /** Value of a text field; empty when there is none. */
    public String text(String name) {
        Object value = value(name);
        return value == null ? "" : value.toString();
    }

    /** Value of a number field. */
    public Optional<Long> number(String name) {
        return value(name) instanceof Number number ? Optional.of(number.longValue()) : Optional.empty();
    }

    @Override
    public Schema getSchema() {
        return written;
    }

    @Override
    public void put(int position, Object value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Object get(int position) {
        throw new UnsupportedOperationException();
    }
}
