package dev.ctstream.record;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.IndexedRecord;
import org.apache.avro.io.DatumReader;
import org.apache.avro.io.Decoder;
import org.apache.avro.util.Utf8;
import org.jspecify.annotations.Nullable;

/**
 * Reads a few fields of each event and passes over the others: for questions to millions of events, of which few matter.
 * Several times as fast as {@link RecordDecoder}, and takes the same records: both layouts, every {@link Framing}, every
 * version of the schemas. Control records have no events here.
 *
 * <p>Threads: confined to one thread. Allocates nothing per event.
 */
public final class EventScanner {
    /** A field that is read. A field that the writer's schema does not have is null. */
    public enum Field {
        HOST_ID(0),
        BOOT_ID(1),
        NETNS(2),
        NETNS_ID(3),
        CT_ZONE(4),
        STREAM_EPOCH(5),
        LOST_TOTAL(6),
        SEQUENCE(7),
        EVENT_TYPE(8),
        SNAPSHOT_ID(9),
        ORIGIN(10),
        EVENT_TIME(11),
        RECEIVED_TIME_NS(12),
        PROTOCOL(13),
        SOURCE_ADDRESS(14),
        DESTINATION_ADDRESS(15),
        REPLY_SOURCE_ADDRESS(16),
        REPLY_DESTINATION_ADDRESS(17),
        SOURCE_PORT(18),
        DESTINATION_PORT(19),
        REPLY_SOURCE_PORT(20),
        REPLY_DESTINATION_PORT(21),
        ICMP_ID(22),
        CT_ID(23),
        START_TIME_NS(24),
        STOP_TIME_NS(25),
        BEGIN_SEQUENCE(26);

        private static final Map<String, Field> BY_NAME =
                Stream.of(values()).collect(Collectors.toMap(Field::fieldName, Function.identity()));

        private final int index;

        Field(int index) {
            this.index = index;
        }

        /** The name in the schema. */
        public String fieldName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Receives events one by one. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Receives one event; its fields are those of the scanner until this returns.
         *
         * @param first whether it is the first event of its record, so that the fields of the batch may be others than before
         */
        void onEvent(EventScanner event, boolean first);
    }

    private static final int FIELDS = Field.values().length;

    private final DatumDecoder<Scanned> datums = new DatumDecoder<>(
            (written, present) -> new Reader(written), true, List.of(Schemas.BATCH, Schemas.FLAT, Schemas.CONTROL));
    private final long[] numbers = new long[FIELDS];
    private final Utf8[] texts = new Utf8[FIELDS];
    private final boolean[] present = new boolean[FIELDS];
    private @Nullable Handler handler;
    private @Nullable RuntimeException failure;
    private boolean first;

    /** Creates a scanner. */
    public EventScanner() {
        Arrays.setAll(texts, i -> new Utf8());
    }

    /** Adds another version of a schema; see {@link RecordDecoder#addSchema}. */
    public void addSchema(String json) throws RecordException {
        datums.addSchema(json);
    }

    /** Finds schemas by their ids; see {@link RecordDecoder#useRegistry}. */
    public void useRegistry(SchemaRegistry registry) {
        datums.useRegistry(registry);
    }

    /**
     * Passes the events of a record to the handler.
     *
     * @param fingerprint from the record's header, if it had one
     * @throws RecordException when the record cannot be decoded; the handler may have received some of its events
     */
    public void scan(byte[] value, OptionalLong fingerprint, Handler to) throws RecordException {
        handler = to;
        failure = null;
        try {
            datums.decode(value, fingerprint);
        } catch (RecordException e) {
            RuntimeException ofHandler = failure;
            if (ofHandler != null) {
                throw ofHandler; // the record is not to blame
            }
            throw e;
        }
    }

    /** Whether the field is not null. */
    public boolean has(Field field) {
        return present[field.index];
    }

    /** Value of a number field; 0 when it is null. */
    public long number(Field field) {
        return present[field.index] ? numbers[field.index] : 0;
    }

    /** Value of a text field; empty when it is null. Makes a String. */
    public String text(Field field) {
        return texts[field.index].toString();
    }

    /** Whether a text field has this value, in UTF-8. */
    public boolean is(Field field, byte[] value) {
        Utf8 text = texts[field.index];
        int length = text.getByteLength();
        return length == value.length && Arrays.equals(text.getBytes(), 0, length, value, 0, length);
    }

    /** Stands for a record whose events were passed to the handler. */
    private record Scanned(Schema schema) implements IndexedRecord {
        @Override
        public Schema getSchema() {
            return schema;
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

    /** Walks the data of one writer's schema. */
    private final class Reader implements DatumReader<Scanned> {
        private final Scanned scanned;
        private final Step[] steps;
        private final boolean events;

        Reader(Schema written) {
            scanned = new Scanned(written);
            steps = steps(written, true);
            // A batch has its events in a list; a record of the other layout is an event itself.
            events = written.getField("events") == null && written.getField("sequence") != null;
        }

        @Override
        public void setSchema(Schema schema) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Scanned read(@Nullable Scanned reuse, Decoder in) throws IOException {
            first = true;
            Arrays.fill(present, false);
            for (Utf8 text : texts) {
                text.setByteLength(0);
            }
            walk(steps, in);
            if (events) {
                emit();
            }
            return scanned;
        }
    }

    private void emit() {
        Handler to = handler;
        if (to != null) {
            try {
                to.onEvent(this, first);
            } catch (RuntimeException e) {
                failure = e;
                throw e;
            }
        }
        first = false;
    }

    /** What to do with one field. */
    private static final class Step {
        final Schema schema;
        final Schema.Type type;
        final int at; // index of the Field, -1 = pass over
        final Step[] inner; // of a union's branches, or of the events

        Step(Schema schema, int at, Step[] inner) {
            this.schema = schema;
            type = schema.getType();
            this.at = at;
            this.inner = inner;
        }
    }

    private static Step[] steps(Schema record, boolean outermost) {
        return record.getFields().stream()
                .map(field -> {
                    Field read = Field.BY_NAME.get(field.name());
                    boolean list = outermost && field.name().equals("events");
                    return step(field.schema(), read == null ? -1 : read.index, list);
                })
                .toArray(Step[]::new);
    }

    private static Step step(Schema schema, int at, boolean events) {
        Step[] inner = {};
        if (events) {
            inner = steps(schema.getElementType(), false);
        } else if (schema.getType() == Schema.Type.UNION) {
            inner = schema.getTypes().stream()
                    .map(branch -> step(branch, at, false))
                    .toArray(Step[]::new);
        }
        return new Step(schema, at, inner);
    }

    private void walk(Step[] steps, Decoder in) throws IOException {
        for (Step step : steps) {
            take(step, in);
        }
    }

    private void take(Step step, Decoder in) throws IOException {
        switch (step.type) {
            case LONG -> number(step.at, in.readLong());
            case INT -> number(step.at, in.readInt());
            case BOOLEAN -> number(step.at, in.readBoolean() ? 1 : 0);
            case STRING -> text(step.at, in);
            case UNION -> take(step.inner[in.readIndex()], in);
            case NULL -> absent(step.at);
            default -> nested(step, in);
        }
    }

    private void nested(Step step, Decoder in) throws IOException {
        if (step.inner.length == 0) {
            GenericDatumReader.skip(step.schema, in);
            return;
        }
        for (long items = in.readArrayStart(); items != 0; items = in.arrayNext()) {
            for (long item = 0; item < items; item++) {
                walk(step.inner, in);
                emit();
            }
        }
    }

    private void number(int at, long value) {
        if (at >= 0) {
            numbers[at] = value;
            present[at] = true;
        }
    }

    private void text(int at, Decoder in) throws IOException {
        if (at < 0) {
            in.skipString();
            return;
        }
        texts[at] = in.readString(texts[at]);
        present[at] = true;
    }

    private void absent(int at) {
        if (at >= 0) {
            present[at] = false;
            texts[at].setByteLength(0);
        }
    }
}
