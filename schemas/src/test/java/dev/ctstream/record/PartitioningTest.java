package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PartitioningTest {
    private static final String MACHINE = "4b0e4bca5d2c4a2f9c2f2d1f6f6c8d11";
    private final Partitioning plain = new Partitioning(ZoneWidths.DEFAULT);

    /** The test vectors of the documentation, computed by an independent Python program. */
    @ParameterizedTest
    @CsvSource({
        "host-a, host, 0, 12, 9",
        "host-b, host, 0, 12, 9",
        MACHINE + ", host, 0, 12, 8",
        MACHINE + ", blue, 0, 12, 1",
        "münchen, netz-ß, 0, 12, 6",
        "h, 4026531840, 0, 12, 5",
        "host-a, host, 0, 1, 0",
        "host-a, host, 1, 12, 1",
        "host-b, host, 1, 12, 1",
        "host-a, host, 7, 12, 7",
        "host-a, host, 65535, 12, 3",
        "host-a, host, 65535, 7, 1"
    })
    void spreadsZoneZeroByHostAndNamespaceAndKeepsOtherZonesTogether(
            String hostId, String netns, int zone, int partitions, int expected) {
        assertThat(plain.ofEvents(hostId, netns, zone, partitions)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "host-a, host, 7, 12, 4, 8",
        "münchen, netz-ß, 7, 12, 4, 9",
        MACHINE + ", host, 7, 12, 4, 7",
        "host-a, host, 7, 3, 8, 1",
        MACHINE + ", blue, 7, 3, 8, 2",
        "host-a, host, 0, 12, 3, 0",
        MACHINE + ", host, 0, 12, 3, 2"
    })
    void spreadsAZoneOverItsWidth(String hostId, String netns, int zone, int partitions, int width, int expected) {
        assertThat(new Partitioning(new ZoneWidths(Map.of(zone, width), null))
                        .ofEvents(hostId, netns, zone, partitions))
                .isEqualTo(expected);
    }

    /** Zones that each host numbers by itself: the vectors of the documentation, from the same program. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "host-a; host; 5; 12; *=12; 2",
                MACHINE + "; host; 5; 12; *=12; 1",
                "host-a; host; 5; 24; *=12; 14",
                MACHINE + "; blue; 5; 24; *=all; 18",
                "münchen; netz-ß; 65535; 24; *=all; 9",
                "host-a; host; 7; 12; 7=4,*=all; 8",
                "host-a; host; 8; 12; 7=4,*=all; 5",
                MACHINE + "; host; 0; 24; *=12; 8",
                MACHINE + "; host; 0; 24; 0=all,*=12; 20",
                "host-a; host; 7; 12; 7=1,*=all; 7",
                "host-a; host; 9; 5; *=12; 3"
            })
    void spreadsEveryZoneThatIsNotNamedOverTheWidthOfTheStar(
            String hostId, String netns, int zone, int partitions, String widths, int expected) {
        assertThat(new Partitioning(ZoneWidths.parse(widths)).ofEvents(hostId, netns, zone, partitions))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "host-a, host, 1, 0",
        "host-a, host, 3, 0",
        "host-a, host, 12, 9",
        MACHINE + ", host, 3, 2",
        MACHINE + ", blue, 12, 1",
        "h, 4026531840, 12, 5"
    })
    void spreadsControlRecordsByHostAndNamespace(String hostId, String netns, int partitions, int expected) {
        assertThat(plain.ofControl(hostId, netns, partitions)).isEqualTo(expected);
    }

    @Test
    void agreesWithAReferenceMurmur2() {
        assertThat(murmur2("21".getBytes(StandardCharsets.UTF_8))).isEqualTo(-973932308);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 2_000; i++) {
            String host = Long.toString(random.nextLong(), 36).substring(random.nextInt(5));
            String netns = Integer.toString(random.nextInt(1 << random.nextInt(1, 31)));
            int zone = random.nextInt(0, 65_536);
            int partitions = random.nextInt(1, 200);
            int width = random.nextInt(1, 200);
            int hash = murmur2((host + "/" + netns).getBytes(StandardCharsets.UTF_8)) & 0x7fffffff;

            assertThat(new Partitioning(new ZoneWidths(Map.of(zone, width), null))
                            .ofEvents(host, netns, zone, partitions))
                    .as("%s %s zone %d of %d width %d", host, netns, zone, partitions, width)
                    .isEqualTo((zone % partitions + hash % Math.min(width, partitions)) % partitions);
            assertThat(plain.ofControl(host, netns, partitions)).isEqualTo(hash % partitions);
        }
    }

    @Test
    void refusesAWidthOfZero() {
        assertThatThrownBy(() -> new ZoneWidths(Map.of(3, 0), null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("zone 3");
    }

    @Test
    void widthsAreThoseOfTheConfiguration() {
        assertThat(ZoneWidths.parse("")).isEqualTo(ZoneWidths.DEFAULT);
        ZoneWidths widths = ZoneWidths.parse("7=2, 0=all ,*=12");
        assertThat(widths).isEqualTo(new ZoneWidths(Map.of(7, 2, 0, ZoneWidths.ALL), 12));
        assertThat(widths.width(7, 24)).isEqualTo(2);
        assertThat(widths.width(0, 24)).isEqualTo(24);
        assertThat(widths.width(8, 24)).isEqualTo(12);
        assertThat(widths.width(8, 5)).isEqualTo(5);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "*",
                "*=",
                "*=0",
                "*=every",
                "7",
                "7=",
                "=7",
                "7=0",
                "7=-1",
                "65536=1",
                "99999=1",
                "7=100001",
                "**=2",
                "7=2,",
                ",",
                "7=2,7=3",
                "7=2,07=3",
                "*=2,*=all",
                "*=2147483647",
                "7=ALL"
            })
    void refusesWhatIsNotZoneAndWidthOrNamesAZoneTwice(String text) {
        assertThatThrownBy(() -> ZoneWidths.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Austin Appleby's MurmurHash2 with the seed that Kafka's clients use. */
    private static int murmur2(byte[] data) {
        int hash = 0x9747b28c ^ data.length;
        int full = data.length / 4 * 4;
        for (int i = 0; i < full; i += 4) {
            int word = 0;
            for (int j = 3; j >= 0; j--) {
                word = (word << 8) | (data[i + j] & 0xFF);
            }
            word *= 0x5bd1e995;
            word ^= word >>> 24;
            word *= 0x5bd1e995;
            hash = (hash * 0x5bd1e995) ^ word;
        }
        if (full < data.length) {
            for (int i = data.length - 1; i >= full; i--) {
                hash ^= (data[i] & 0xFF) << (8 * (i - full));
            }
            hash *= 0x5bd1e995;
        }
        hash ^= hash >>> 13;
        hash *= 0x5bd1e995;
        return hash ^ (hash >>> 15);
    }
}
