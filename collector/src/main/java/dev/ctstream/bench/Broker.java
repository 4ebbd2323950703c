package dev.ctstream.bench;

import java.io.IOException;
import java.nio.file.Path;

/** The Kafka broker of one measurement. It stamps each record with the time of its append. */
public interface Broker extends AutoCloseable {
    /** The bootstrap address for clients. */
    String bootstrapServers();

    /** Produce requests that it has received since its start, from its own metrics. */
    long produceRequests() throws IOException;

    /** Its data directory: one directory per partition, with the log segments. */
    Path data();

    @Override
    void close();

    /** Creates brokers; each has its own data directory. */
    @FunctionalInterface
    interface Factory {
        Broker start() throws IOException;
    }
}
