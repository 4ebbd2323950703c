package dev.ctstream.read;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.record.AddressPrefix;
import dev.ctstream.record.EventRecords;
import dev.ctstream.record.RecordDecoder;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.apache.avro.generic.GenericRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which records a filter passes on. */
class EventFilterTest {
    private static final GenericRecord EVENT = EventRecords.batch(7, List.of(EventRecords.event(0, "NEW")));
    private static final GenericRecord CONTROL = EventRecords.control("HEARTBEAT");

    private static boolean passes(EventFilter filter, GenericRecord record) throws Exception {
        boolean[] passed = new boolean[1];
        new RecordDecoder().decode(EventRecords.singleObject(record), OptionalLong.empty(), event -> {
            passed[0] = filter.matches(event);
            return true;
        });
        return passed[0];
    }

    private static EventFilter address(String prefix) {
        return new EventFilter(
                OptionalInt.empty(), Optional.empty(), Set.of(), Optional.of(AddressPrefix.parse(prefix)));
    }

    private static EventFilter host(String host) {
        return new EventFilter(OptionalInt.empty(), Optional.of(host), Set.of(), Optional.empty());
    }

    private static EventFilter types(String... types) {
        return new EventFilter(OptionalInt.empty(), Optional.empty(), Set.of(types), Optional.empty());
    }

    @Test
    void withoutConditionEverythingPasses() throws Exception {
        assertThat(passes(EventFilter.NONE, EVENT)).isTrue();
        assertThat(passes(EventFilter.NONE, CONTROL)).isTrue();
    }

    @Test
    void aHostIsFoundByIdAndByName() throws Exception {
        for (GenericRecord record : List.of(EVENT, CONTROL)) {
            assertThat(passes(host("h"), record)).isTrue();
            assertThat(passes(host("web-1"), record)).isTrue();
            assertThat(passes(host("web"), record)).isFalse();
        }
    }

    @Test
    void zoneTypeAndAddressPassNoControlRecords() throws Exception {
        for (EventFilter filter : List.of(EventFilter.ofZone(7), types("NEW", "DESTROY"), address("0.0.0.0/0"))) {
            assertThat(passes(filter, EVENT)).isTrue();
            assertThat(passes(filter, CONTROL)).isFalse();
        }
        assertThat(passes(types("DESTROY"), EVENT)).isFalse();
        assertThat(passes(EventFilter.ofZone(8), EVENT)).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.1, true",
        "10.0.0.2, true",
        "10.0.0.0/30, true",
        "10.0.0.4/30, false",
        "10.0.0.3/31, true",
        "10.0.0.3, false",
        "0.0.0.0/0, true",
        "::/0, false",
        "::ffff:10.0.0.1, false"
    })
    void anAddressIsComparedByItsPrefix(String prefix, boolean passes) throws Exception {
        assertThat(passes(address(prefix), EVENT)).isEqualTo(passes);
    }

    @Test
    void everyEndOfAFlowIsCompared() throws Exception {
        GenericRecord event = EventRecords.event(0, "NEW");
        event.put("source_address", "2001:db8::1");
        event.put("destination_address", "2001:db8::2");
        event.put("reply_source_address", "2001:db8::3");
        event.put("reply_destination_address", "2001:db8:0:1::4");
        GenericRecord batch = EventRecords.batch(7, List.of(event));
        for (String prefix : List.of("2001:db8::1", "2001:db8::2", "2001:DB8:0::3", "2001:db8:0:1::/64")) {
            assertThat(passes(address(prefix), batch)).as(prefix).isTrue();
        }
        assertThat(passes(address("2001:db8:0:2::/64"), batch)).isFalse();
    }
}
