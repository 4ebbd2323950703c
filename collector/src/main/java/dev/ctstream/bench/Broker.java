package dev.ctstream.bench;

import java.io.IOException;
import java.nio.file.Path;

/** The Kafka broker of one measurement. It stamps each record with the time of its append. */
public interface Broker extends AutoCloseable {
    /** The address for clients. */
    String bootstrapServers();

    /** Its data: a directory for each partition, in it the log segments. */
    Path data();

    @Override
    void close();

    /** Makes brokers; each has data of its own. */
    @FunctionalInterface
    interface Factory {
        Broker start() throws IOException;
    }
}
