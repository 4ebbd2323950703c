package dev.ctstream.batch;

import static dev.ctstream.conntrack.MessageBytes.attribute;
import static dev.ctstream.conntrack.MessageBytes.concat;
import static dev.ctstream.conntrack.MessageBytes.nest;
import static dev.ctstream.conntrack.MessageBytes.newFlow;
import static dev.ctstream.conntrack.MessageBytes.ports;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Texts from the kernel become valid strings, whatever their bytes are. */
class KernelTextTest {
    private static final int HELP = 5;
    private static final int SECCTX = 19;
    private static final int LABELS = 22;

    @Test
    void invalidUtf8BecomesTheReplacementCharacter() {
        byte[] invalid = {'f', (byte) 0xFF, (byte) 0xC3, 0};
        assertThat(field("helper", nest(HELP, attribute(1, invalid)))).isEqualTo("f\uFFFD\uFFFD");
    }

    @Test
    void validUtf8IsKept() {
        byte[] text = "größe\0".getBytes(StandardCharsets.UTF_8);
        assertThat(field("security_context", nest(SECCTX, attribute(1, text)))).isEqualTo("größe");
    }

    @Test
    void longTextOfInvalidBytesFits() {
        byte[] invalid = new byte[60_000];
        Arrays.fill(invalid, (byte) 0x80);
        assertThat(field("security_context", nest(SECCTX, attribute(1, invalid))))
                .isEqualTo("\uFFFD".repeat(60_000));
    }

    @Test
    void labelsAreHostOrderWordsWrittenHighestFirst() {
        assertThat(field("labels", labels(0x0000_0001, 0, 0, 0x8000_0000)))
                .isEqualTo("80000000000000000000000000000001");
        assertThat(field("labels", labels(0x89AB_CDEF, 0x0123_4567, 2, 3)))
                .isEqualTo("00000003000000020123456789abcdef");
    }

    @Test
    void missingLabelWordsAreZero() {
        assertThat(field("labels", labels(5))).isEqualTo("00000000000000000000000000000005");
    }

    private static byte[] labels(int... words) {
        ByteBuffer bytes = ByteBuffer.allocate(4 * words.length).order(ByteOrder.nativeOrder());
        for (int word : words) {
            bytes.putInt(word);
        }
        return attribute(LABELS, bytes.array());
    }

    private static String field(String name, byte[]... attributes) {
        try (TestBatcher test = new TestBatcher()) {
            return test.encoded(newFlow(ports(6, 1, 2), concat(attributes)))
                    .get(name)
                    .toString();
        }
    }
}
