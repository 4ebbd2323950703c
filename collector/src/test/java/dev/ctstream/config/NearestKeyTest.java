package dev.ctstream.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestKeyTest {
    @ParameterizedTest
    @CsvSource({
        "batch.max-event, batch.max-events",
        "batch.linger-ms, batch.linger-millis",
        "topic.event, topic.events",
        "evnets, events",
        "http.listn, http.listen",
        "hostid, host.id",
    })
    void findsTheNameThatWasProbablyMeant(String given, String meant) {
        assertThat(NearestKey.of(given, Keys.definition().names())).hasValue(meant);
    }

    @Test
    void findsNothingWhenNoNameIsClose() {
        assertThat(NearestKey.of("zzzz", Set.of("events"))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"abc,abc,0", "abc,ab,1", "abc,abcd,1", "abc,axc,1", "abc,acb,1", "'',abc,3"})
    void countsTypingErrors(String a, String b, int errors) {
        assertThat(NearestKey.distance(a, b)).isEqualTo(errors);
    }
}
