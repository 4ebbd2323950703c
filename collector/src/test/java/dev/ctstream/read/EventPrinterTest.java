package dev.ctstream.read;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.ctstream.record.EventRecords;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.Recorded;
import dev.ctstream.record.Schemas;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;

class EventPrinterTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @Test
    void jsonHasTheFieldsOfBatchAndEventFlatUnderTheirAvroNames() throws Exception {
        GenericRecord event = EventRecords.event(9_007_199_254_740_993L, "NEW");
        event.put("mark", 0L);
        event.put("helper", "f\"t\\p\n\u00e9");
        print(EventRecords.batch(65_535, List.of(event, EventRecords.event(1, "DESTROY"))), new EventJson(out));
        List<String> lines = lines();
        assertThat(lines).hasSize(2);
        JsonNode json = new ObjectMapper().readTree(lines.get(0));
        List<String> expected = new ArrayList<>();
        Schemas.BATCH.getFields().stream()
                .map(Schema.Field::name)
                .filter(name -> !name.equals("events"))
                .forEach(expected::add);
        Schemas.EVENT.getFields().stream().map(Schema.Field::name).forEach(expected::add);
        assertThat(json.fieldNames()).toIterable().containsExactlyElementsOf(expected);
        assertThat(json.get("ct_zone").asInt()).isEqualTo(65_535);
        assertThat(json.get("sequence").isIntegralNumber()).isTrue();
        assertThat(json.get("sequence").asLong()).isEqualTo(9_007_199_254_740_993L);
        assertThat(json.get("mark").asLong()).isZero();
        assertThat(json.get("mark").isNull()).isFalse();
        assertThat(json.get("timeout_seconds").isNull()).isTrue();
        assertThat(json.get("helper").asText()).isEqualTo("f\"t\\p\n\u00e9");
        assertThat(json.get("event_time").asLong()).isEqualTo(1_700_000_000_123L);
    }

    @Test
    void bothLayoutsPrintTheSameJsonExceptForTheTimesOfTheBatch() throws Exception {
        print(EventRecords.batch(7, List.of(EventRecords.event(2, "NEW"))), new EventJson(out));
        print(EventRecords.flat(7, 2, "NEW"), new EventJson(out));
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode batch = (ObjectNode) mapper.readTree(lines().get(0));
        assertThat(batch.remove("first_event_time").asLong()).isEqualTo(1_700_000_000_123L);
        assertThat(batch.remove("last_event_time").asLong()).isEqualTo(1_700_000_000_123L);
        assertThat(batch).isEqualTo(mapper.readTree(lines().get(1)));
    }

    @Test
    void rareFieldsFormANestedObject() throws Exception {
        Schema tcp = Schemas.EVENT.getField("tcp").schema().getTypes().get(1);
        GenericRecord flags = new GenericData.Record(tcp);
        flags.put("flags_original", 35);
        GenericRecord event = EventRecords.event(0, "UPDATE");
        event.put("tcp", flags);
        print(EventRecords.batch(0, List.of(event)), new EventJson(out));
        assertThat(lines().get(0)).contains("\"tcp\":{\"flags_original\":35,\"flags_reply\":null,");
    }

    @Test
    void numbersOfAllSizesAreWritten() throws Exception {
        for (long number : new long[] {0, 9, 10, -1, Long.MAX_VALUE, Long.MIN_VALUE}) {
            out.reset();
            GenericRecord event = EventRecords.event(0, "DESTROY");
            event.put("bytes_original", number);
            print(EventRecords.batch(0, List.of(event)), new EventJson(out));
            assertThat(new ObjectMapper()
                            .readTree(lines().get(0))
                            .get("bytes_original")
                            .asLong())
                    .isEqualTo(number);
        }
    }

    @Test
    void textIsForPeople() throws Exception {
        GenericRecord open = EventRecords.event(0, "NEW");
        open.put("replied", false);
        open.put("assured", false);
        GenericRecord closed = EventRecords.event(1, "DESTROY");
        closed.put("replied", true);
        closed.put("assured", true);
        closed.put("nat", "source");
        closed.put("end_reason", "inferred");
        closed.put("packets_original", 3L);
        closed.put("packets_reply", 2L);
        closed.put("bytes_original", 180L);
        closed.put("bytes_reply", -1L);
        closed.put("reply_destination_address", "192.0.2.1");
        closed.put("origin", "inferred");
        GenericRecord deleted = EventRecords.event(2, "DESTROY");
        deleted.put("nat", "both");
        deleted.put("end_reason", "deleted");
        print(EventRecords.batch(7, List.of(open, closed, deleted)), new EventText(out, false, ZoneOffset.UTC));
        assertThat(lines())
                .containsExactly(
                        "2023-11-14 22:13:20.123+00:00 NEW      zone 7     tcp    10.0.0.1:40000 > 10.0.0.2:80               "
                                + " reply 10.0.0.2:80 > 10.0.0.1:40000                [UNREPLIED]",
                        "2023-11-14 22:13:20.123+00:00 DESTROY  zone 7     tcp    10.0.0.1:40000 > 10.0.0.2:80               "
                                + " reply 10.0.0.2:80 > 192.0.2.1:40000               packets 3/2"
                                + " bytes 180/18446744073709551615 [ASSURED] [SNAT] (inferred)",
                        "2023-11-14 22:13:20.123+00:00 DESTROY  zone 7     tcp    10.0.0.1:40000 > 10.0.0.2:80               "
                                + " reply 10.0.0.2:80 > 10.0.0.1:40000                [SNAT] [DNAT] (deleted)");
    }

    @Test
    void columnsNeverRunTogether() throws Exception {
        GenericRecord event = EventRecords.event(0, "NEW");
        event.put("protocol", 136);
        event.put("original_zone", 65_535);
        event.put("reply_zone", 65_534);
        event.put("source_address", "fd00:1111:2222:3333:4444:5555:6666:7777");
        event.put("destination_address", "fd00:1111:2222:3333:4444:5555:6666:8888");
        print(EventRecords.batch(7, List.of(event)), new EventText(out, false, ZoneOffset.UTC));
        assertThat(lines().get(0))
                .contains(" NEW      zone 65535/65534 udplite [fd00:1111:2222:3333:4444:5555:6666:7777]:40000 >"
                        + " [fd00:1111:2222:3333:4444:5555:6666:8888]:80 reply ");
    }

    @Test
    void textOfAControlRecordListsItsFields() throws Exception {
        print(EventRecords.control("STARTED"), new EventText(out, false, ZoneOffset.UTC));
        assertThat(lines())
                .containsExactly("2023-11-14 22:13:20.123+00:00 STARTED  host_id=h boot_id=b netns=host stream_epoch=5"
                        + " control_sequence=0 host_name=web-1 netns_id=1");
    }

    @Test
    void jsonOfAMapIsAnObjectInKeyOrder() throws Exception {
        GenericRecord heartbeat = EventRecords.control("HEARTBEAT");
        heartbeat.put("cpu_stats", Map.of("invalid", 2L, "drop", 1L, "insert", 3L));
        print(heartbeat, new EventJson(out));
        assertThat(lines())
                .singleElement()
                .asString()
                .contains("\"cpu_stats\":{\"drop\":1,\"insert\":3,\"invalid\":2},");
    }

    @Test
    void jsonOfBytesIsHexadecimal() throws Exception {
        GenericRecord checkpoint = EventRecords.control("CHECKPOINT");
        checkpoint.put("compact_range", List.of(ByteBuffer.wrap(new byte[] {0, -1, 16}), ByteBuffer.allocate(0)));
        print(checkpoint, new EventJson(out));
        assertThat(lines()).singleElement().asString().contains("\"compact_range\":[\"00ff10\",\"\"],");
    }

    @Test
    void jsonOfAGapHasItsRanges() throws Exception {
        GenericRecord gap = EventRecords.control("GAP");
        gap.put("ranges", List.of(Recorded.range(7, 10, 12L), Recorded.range(null, 3, null)));
        print(gap, new EventJson(out));
        assertThat(lines())
                .singleElement()
                .asString()
                .contains("\"ranges\":[{\"ct_zone\":7,\"first_sequence\":10,\"last_sequence\":12,\"count\":3},"
                        + "{\"ct_zone\":null,\"first_sequence\":3,\"last_sequence\":null,\"count\":null}],");
    }

    private static void print(GenericRecord record, EventPrinter printer) throws Exception {
        new RecordDecoder().decode(EventRecords.singleObject(record), OptionalLong.empty(), event -> {
            printer.print(event);
            return true;
        });
        printer.flush();
    }

    private List<String> lines() {
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
