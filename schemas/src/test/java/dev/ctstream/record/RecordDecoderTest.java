package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.SplittableRandom;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

class RecordDecoderTest {
    private static final GenericRecord BATCH =
            EventRecords.batch(7, List.of(EventRecords.event(0, "NEW"), EventRecords.event(1, "DESTROY")));
    private static final GenericRecord FLAT = EventRecords.flat(7, 2, "NEW");
    private static final OptionalLong NO_HEADER = OptionalLong.empty();

    private final RecordDecoder decoder = new RecordDecoder();

    @Test
    void bothLayoutsInEveryFramingGiveTheSameEvents() throws Exception {
        OptionalLong batch = OptionalLong.of(EventRecords.fingerprint(Schemas.BATCH));
        for (GenericRecord record : List.of(BATCH, FLAT)) {
            OptionalLong header = OptionalLong.of(EventRecords.fingerprint(record.getSchema()));
            List<String> expected = record == BATCH
                    ? List.of("h/b/5/1/7#0 NEW 10.0.0.1", "h/b/5/1/7#1 DESTROY 10.0.0.1")
                    : List.of("h/b/5/1/7#2 NEW 10.0.0.1");
            assertThat(decode(EventRecords.singleObject(record), NO_HEADER)).isEqualTo(expected);
            assertThat(decode(EventRecords.singleObject(record), batch)).isEqualTo(expected);
            assertThat(decode(EventRecords.bare(record), NO_HEADER)).isEqualTo(expected);
            assertThat(decode(EventRecords.bare(record), header)).isEqualTo(expected);
            assertThat(decode(EventRecords.confluent(3, record), header)).isEqualTo(expected);
        }
    }

    @Test
    void aControlRecordIsDecodedToo() throws Exception {
        List<String> kinds = new ArrayList<>();
        decoder.decode(EventRecords.singleObject(EventRecords.control("STARTED")), NO_HEADER, event -> {
            assertThat(event.control()).isTrue();
            assertThat(event.zone()).isEqualTo(-1);
            return kinds.add(event.text("kind"));
        });
        assertThat(kinds).containsExactly("STARTED");
    }

    @Test
    void confluentFramingWithoutHeaderNeedsTheRegistry() {
        assertThatThrownBy(() -> decode(EventRecords.confluent(42, BATCH), NO_HEADER))
                .isInstanceOf(RecordException.class)
                .hasMessageContaining("schema id 42 of a registry");
    }

    @Test
    void aNewerRecordIsReadWithTheWritersSchema() throws Exception {
        String newer = Schemas.FLAT
                .toString()
                .replace(
                        "{\"name\":\"host_id\"",
                        "{\"name\":\"added\",\"type\":[\"null\",\"string\"],\"default\":null},{\"name\":\"host_id\"");
        Schema schema = new Schema.Parser().parse(newer);
        GenericRecord record = new org.apache.avro.generic.GenericData.Record(schema);
        for (Schema.Field field : Schemas.FLAT.getFields()) {
            record.put(field.name(), FLAT.get(field.pos()));
        }
        record.put("added", "from the future");
        byte[] value = EventRecords.singleObject(record);
        assertThatThrownBy(() -> decode(value, NO_HEADER))
                .isInstanceOf(RecordException.class)
                .hasMessageContaining(String.format("%016x", EventRecords.fingerprint(schema)))
                .hasMessageContaining("--schema");
        decoder.addSchema(newer);
        assertThat(decode(value, NO_HEADER)).containsExactly("h/b/5/1/7#2 NEW 10.0.0.1");
    }

    @Test
    void foreignSchemasAreRefused() {
        assertThatThrownBy(() -> decoder.addSchema("{")).isInstanceOf(RecordException.class);
        assertThatThrownBy(() -> decoder.addSchema("{\"type\":\"record\",\"name\":\"x.Y\",\"fields\":[]}"))
                .hasMessageContaining("x.Y");
    }

    @Test
    void damagedRecordsThrowOnlyRecordException() throws Exception {
        long seed = Long.getLong("test.seed", System.nanoTime());
        SplittableRandom random = new SplittableRandom(seed);
        byte[] good = EventRecords.singleObject(BATCH);
        for (int i = 0; i < 20_000; i++) {
            byte[] bad = Arrays.copyOf(good, random.nextInt(good.length + 1));
            if (bad.length > 0) {
                bad[random.nextInt(bad.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                decode(bad, NO_HEADER);
            } catch (RecordException e) {
                assertThat(e).as("seed %d, round %d", seed, i).hasMessageContaining("");
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed + ", round " + i, e);
            }
        }
        assertThat(decode(good, NO_HEADER)).as("after damage").hasSize(2);
    }

    private List<String> decode(byte[] value, OptionalLong fingerprint) throws RecordException, IOException {
        List<String> events = new ArrayList<>();
        decoder.decode(
                value,
                fingerprint,
                event -> events.add(event.stream() + "#" + event.text("sequence") + " " + event.text("event_type") + " "
                        + event.text("source_address")));
        return events;
    }
}
