package dev.ctstream.publish;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.ctstream.metrics.Check;
import dev.ctstream.netlink.ErrorText;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.utils.internals.BufferSupplier;
import org.apache.kafka.common.utils.internals.ByteBufferOutputStream;

/**
 * Checks that the codec of {@code kafka.compression.type} works. Kafka's client loads it with the first batch; when it
 * is a native library that cannot be loaded, nothing is ever published.
 */
public final class CompressionCheck {
    private static final String NAME = "native-library";
    private static final String WANTED = "a codec that compresses and reads back";
    /** Version of the record batches in which Kafka compresses. */
    private static final byte MAGIC = 2;

    private static final byte[] TEXT = "ctstream ".repeat(64).getBytes(US_ASCII);

    private CompressionCheck() {}

    /**
     * Compresses and reads back a few bytes; the codec stays loaded.
     *
     * @param remedy what to do when its library cannot be loaded
     */
    public static Check look(PublishConfig config, String remedy) {
        String type = String.valueOf(
                ProducerSettings.producer(config, Long.MAX_VALUE).get(ProducerConfig.COMPRESSION_TYPE_CONFIG));
        String scope = "kafka.compression.type=" + type;
        try {
            if (!works(Compression.of(type).build())) {
                return Check.fail(NAME, scope, "other bytes come back", WANTED, "set kafka.compression.type=gzip");
            }
            return Check.ok(NAME, scope, "loaded and used", WANTED);
        } catch (LinkageError | IOException | RuntimeException e) {
            return Check.fail(NAME, scope, reason(e), WANTED, remedy + "; or set kafka.compression.type=gzip");
        }
    }

    private static boolean works(Compression codec) throws IOException {
        try (ByteBufferOutputStream compressed = new ByteBufferOutputStream(TEXT.length)) {
            try (OutputStream out = codec.wrapForOutput(compressed, MAGIC)) {
                out.write(TEXT);
            }
            compressed.buffer().flip();
            try (InputStream in = codec.wrapForInput(compressed.buffer(), MAGIC, BufferSupplier.NO_CACHING)) {
                return Arrays.equals(in.readAllBytes(), TEXT);
            }
        }
    }

    /** The innermost reason: Kafka and the codecs wrap the linker's. */
    private static String reason(Throwable failure) {
        Throwable cause = failure;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return ErrorText.reason(cause).lines().findFirst().orElse("it cannot be loaded");
    }
}
