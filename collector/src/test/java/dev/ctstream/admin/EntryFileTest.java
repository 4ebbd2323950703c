package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EntryFileTest {
    private static EntryFile file(String text) {
        return new EntryFile(new BufferedReader(new StringReader(text)));
    }

    @Test
    void readsCsvByItsColumns() throws IOException, FieldException {
        EntryFile file = file("\uFEFFprotocol,source, helper\r\n\r\nudp,10.0.0.1,\r\n\"tcp\",\"a,\"\"b\",ftp\r\n");
        assertThat(file.next()).isEqualTo(Map.of("protocol", "udp", "source", "10.0.0.1"));
        assertThat(file.lineNumber()).isEqualTo(3);
        assertThat(file.next()).isEqualTo(Map.of("protocol", "tcp", "source", "a,\"b", "helper", "ftp"));
        assertThat(file.next()).isNull();
    }

    @Test
    void readsJsonLinesUnderTheOptionsNames() throws IOException, FieldException {
        EntryFile file = file("{\"protocol\":\"udp\",\"source-port\":5}\n{\"source_port\":\"6\",\"mark\":null}\n");
        assertThat(file.next()).isEqualTo(Map.of("protocol", "udp", "source-port", "5"));
        assertThat(file.next()).isEqualTo(Map.of("source-port", "6"));
        assertThat(file.next()).isNull();
    }

    @Test
    void readsAListing() throws IOException, FieldException {
        EntryFile file = file("{\"netns\":\"host\",\"ct_zone\":42,\"original_zone\":42,\"reply_zone\":null,\"ct_id\":1,"
                + "\"ip_version\":4,\"protocol\":6,\"source_address\":\"10.0.0.1\",\"timeout_seconds\":9,\"tcp_state\":3,"
                + "\"sctp_state\":null,\"tcp\":{\"flags_original\":1},\"labels\":\"00000000000000000000000000000001\"}\n"
                + "{\"ct_zone\":7}\n");
        assertThat(file.next())
                .isEqualTo(Map.of(
                        "original-zone",
                        "42",
                        "family",
                        "4",
                        "protocol",
                        "6",
                        "source",
                        "10.0.0.1",
                        "timeout",
                        "9",
                        "state",
                        "3",
                        "label",
                        "00000000000000000000000000000001",
                        "tcp-flags-original",
                        "1"));
        assertThat(file.next()).isEqualTo(Map.of("zone", "7"));
    }

    @Test
    void nestedObjectsOfAListingAreFields() throws IOException, FieldException {
        assertThat(
                        file("{\"master\":{\"ip_version\":4,\"protocol\":6,\"source_address\":\"10.0.0.1\",\"source_port\":5,"
                                        + "\"icmp_type\":null},\"tcp\":{\"window_scale_reply\":7},\"synproxy\":null}")
                                .next())
                .isEqualTo(Map.of(
                        "master-protocol",
                        "6",
                        "master-source",
                        "10.0.0.1",
                        "master-source-port",
                        "5",
                        "tcp-window-scale-reply",
                        "7"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"zone\":7,\"zone\":8}",
                "{\"zone\":null,\"zone\":8}",
                "{\"source-port\":1,\"source_port\":1}",
                "{\"source\":\"10.0.0.1\",\"source_address\":\"10.0.0.1\"}",
                "{\"zone\":7,\"ct_zone\":7}",
                "{\"tcp_state\":3,\"sctp_state\":3}",
                "{\"tcp\":{\"flags_reply\":1,\"flags_reply\":1}}"
            })
    void aFieldThatIsGivenTwiceIsRefused(String line) {
        assertThatThrownBy(() -> file(line).next())
                .isInstanceOf(FieldException.class)
                .hasMessageContaining("is given twice");
    }

    @ParameterizedTest
    @ValueSource(strings = {"zone,zone", "zone, zone", "source,source_address", "mark,zone,ct_zone"})
    void aColumnThatIsGivenTwiceEndsTheFile(String columns) throws IOException, FieldException {
        EntryFile file = file(columns + "\n7,8,9\n7,8\n");
        assertThatThrownBy(file::next).isInstanceOf(FieldException.class).hasMessageContaining("is given twice");
        assertThat(file.next()).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"zone\":[7]}", "{\"zone\":{\"a\":1}}", "{\"tcp\":{\"flags_reply\":[]}}"})
    void aStructureIsNoValue(String line) {
        assertThatThrownBy(() -> file(line).next())
                .isInstanceOf(FieldException.class)
                .hasMessageContaining("is not a single value");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\":1", "{\"zoen\":7}", "{\"zone\":7} x", "{]", "{\"zone\":7}{\"zone\":8}"})
    void aBadObjectAffectsOnlyItsLine(String line) throws IOException, FieldException {
        EntryFile file = file(line + "\n{\"zone\":8}\n");
        assertThatThrownBy(file::next).isInstanceOf(FieldException.class);
        assertThat(file.lineNumber()).isEqualTo(1);
        assertThat(file.next()).isEqualTo(Map.of("zone", "8"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"7,8", "\"7"})
    void aBadRowAffectsOnlyItsLine(String row) throws IOException, FieldException {
        EntryFile file = file("zone\n" + row + "\n8\n");
        assertThatThrownBy(file::next).isInstanceOf(FieldException.class);
        assertThat(file.next()).isEqualTo(Map.of("zone", "8"));
    }

    @Test
    void anUnknownColumnIsAProblem() {
        assertThatThrownBy(() -> file("zone,colour\n7,red\n").next())
                .isInstanceOf(FieldException.class)
                .hasMessageContaining("colour is not a field of an entry");
    }
}
