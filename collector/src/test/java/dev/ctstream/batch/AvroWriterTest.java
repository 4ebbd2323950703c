package dev.ctstream.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers and texts are written byte for byte as by Avro's own encoder. */
class AvroWriterTest {
    private static final long SEED = Long.getLong("test.seed", 20_260_102L);

    @ParameterizedTest
    @ValueSource(
            longs = {
                0,
                1,
                -1,
                63,
                64,
                -64,
                -65,
                8191,
                8192,
                Integer.MAX_VALUE,
                Integer.MIN_VALUE,
                0xFFFF_FFFFL,
                Long.MAX_VALUE,
                Long.MIN_VALUE
            })
    void longsAreZigzagInGroupsOfSeven(long value) throws IOException {
        verifyLong(value);
    }

    @Test
    void randomLongsOfEveryLengthAreWrittenAsAvroDoes() throws IOException {
        SplittableRandom random = new SplittableRandom(SEED);
        for (int i = 0; i < 100_000; i++) {
            verifyLong(random.nextLong() >> random.nextInt(Long.SIZE));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "host", "ünï©ode ✓ 𝄞"})
    void textsAreLengthAndUtf8(String text) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        encoder.writeString(text);
        encoder.flush();
        assertThat(AvroWriter.encodedString(text)).isEqualTo(out.toByteArray());
    }

    private static void verifyLong(long value) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().directBinaryEncoder(out, null);
        encoder.writeLong(value);
        encoder.flush();
        byte[] to = new byte[AvroWriter.LONG_MAX_BYTES + AvroWriter.SPILL_BYTES];
        int end = AvroWriter.writeLong(to, 0, value);
        assertThat(Arrays.copyOf(to, end)).as("seed %d, value %d", SEED, value).isEqualTo(out.toByteArray());
    }
}
