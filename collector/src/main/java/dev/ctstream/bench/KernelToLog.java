package dev.ctstream.bench;

import dev.ctstream.netlink.ErrorText;
import dev.ctstream.read.EventFilter;
import dev.ctstream.read.ReadConfig;
import dev.ctstream.read.ReadException;
import dev.ctstream.read.TopicReader;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EventHandler;
import dev.ctstream.record.RecordDecoder;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/**
 * Measures how long each event took from the kernel to the broker's log. Both times are already in the topic and come
 * from the same clock: the kernel's time stamp in the event, and the time of the append in the record. So the
 * measurement costs the collector nothing and covers the whole path of each event; the distributions of its stages
 * could not be added up. The acknowledgement follows a network round trip later.
 *
 * <p>The broker stores the time of the append in milliseconds; it is rounded up here.
 *
 * <p>Ownership: owns a consumer, which does nothing between {@link #open} and {@link #read}. Threads: confined to one.
 */
final class KernelToLog implements AutoCloseable {
    /** Time to wait for the topics, which the collector creates while it starts. */
    private static final long TOPIC_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final TopicReader reader;
    private final Delays delays = new Delays();

    private KernelToLog(TopicReader reader) {
        this.reader = reader;
    }

    /**
     * Notes where {@link #read} starts.
     *
     * @param bootstrapServers address of a broker that stamps records with the time of the append
     * @param fromBeginning at the beginning of the topic, not at its current end
     */
    static KernelToLog open(String bootstrapServers, String topic, boolean fromBeginning) throws IOException {
        ReadConfig config = new ReadConfig(
                Map.of("bootstrap.servers", bootstrapServers, "max.poll.records", "100"),
                topic,
                EventFilter.NONE,
                fromBeginning,
                OptionalLong.empty(),
                OptionalInt.empty());
        long begin = System.nanoTime();
        while (true) {
            try {
                return new KernelToLog(TopicReader.open(config, new RecordDecoder(), KernelToLog::refuse));
            } catch (ReadException e) {
                if (System.nanoTime() - begin > TOPIC_NANOS) {
                    throw new IOException(e.getMessage(), e);
                }
                LockSupport.parkNanos(LOOK_NANOS);
            }
        }
    }

    private static void refuse(String place, Exception reason) {
        throw new IllegalStateException(place + ": " + ErrorText.of(reason), reason);
    }

    /**
     * Reads all records appended since {@link #open}. Returns values by name; none when the kernel does not stamp
     * events, as older kernels do not.
     */
    Map<String, Double> read() throws IOException {
        try {
            reader.runTo(reader.extents(), delays);
        } catch (ReadException e) {
            throw new IOException(e.getMessage(), e);
        }
        return delays.values();
    }

    @Override
    public void close() {
        reader.close();
    }

    /** The delay of each event, by Kafka's time stamp of its record. */
    static final class Delays implements EventHandler {
        private static final int SIGNIFICANT_DIGITS = 3;

        private final Histogram micros = new Histogram(SIGNIFICANT_DIGITS);
        private long appendedNanos;

        @Override
        public void onTimestamp(long millis) {
            appendedNanos = TimeUnit.MILLISECONDS.toNanos(millis + 1);
        }

        @Override
        public boolean onEvent(DecodedRecord event) {
            // An inferred DESTROY may carry the time stamp of the event that first showed the flow.
            if (event.value("event_time_ns") instanceof Long kernelNanos
                    && event.text("origin").equals("kernel")) {
                micros.recordValue(Math.max(0, TimeUnit.NANOSECONDS.toMicros(appendedNanos - kernelNanos)));
            }
            return true;
        }

        Map<String, Double> values() {
            Map<String, Double> values = new LinkedHashMap<>();
            if (micros.getTotalCount() > 0) {
                Latencies.of(micros)
                        .forEach((name, value) -> values.put(Latencies.name(Measurement.KERNEL_TO_LOG, name), value));
            }
            return values;
        }
    }
}
