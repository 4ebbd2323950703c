package dev.ctstream.cli.demo;

import dev.ctstream.cli.Console;
import dev.ctstream.cli.OutputFormat;
import dev.ctstream.cli.UndecodableRecords;
import dev.ctstream.read.EventFilter;
import dev.ctstream.read.EventPrinter;
import dev.ctstream.read.ReadConfig;
import dev.ctstream.read.ReadException;
import dev.ctstream.read.TopicReader;
import dev.ctstream.record.DecodedRecord;
import dev.ctstream.record.EventHandler;
import dev.ctstream.record.RecordDecoder;
import java.io.IOException;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The demo's consumer: reads the topic from the beginning, prints each event and counts what it has seen.
 *
 * <p>Threads: reads on its own thread. Any thread may read the counts; the sets may be read after {@link #close}.
 */
final class DemoReader implements AutoCloseable, EventHandler {
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    /** Time to wait for the topic, which the collector creates at about the same time. */
    private static final long TOPIC_NANOS = TimeUnit.SECONDS.toNanos(20);

    private final ReadConfig config;
    private final EventPrinter printer;
    private final UndecodableRecords undecodable;
    private final Thread thread = new Thread(this::read, "demo-reader");
    private final AtomicLong newEvents = new AtomicLong();
    private final AtomicLong destroyEvents = new AtomicLong();
    private final Set<Integer> zones = new TreeSet<>();
    private final Set<Long> protocols = new TreeSet<>();
    private volatile @Nullable TopicReader reader;
    private volatile boolean stopping;
    private volatile @Nullable Exception failure;

    private DemoReader(Console console, String bootstrapServers) {
        config = new ReadConfig(
                Map.of("bootstrap.servers", bootstrapServers),
                "conntrack.events",
                EventFilter.NONE,
                true,
                OptionalLong.empty(),
                OptionalInt.empty());
        printer = OutputFormat.TEXT.printer(console);
        undecodable = new UndecodableRecords(console);
    }

    /** Starts reading as soon as the topic exists. */
    static DemoReader start(Console console, String bootstrapServers) {
        DemoReader demo = new DemoReader(console, bootstrapServers);
        demo.thread.start();
        return demo;
    }

    private void read() {
        try (TopicReader open = open()) {
            reader = open;
            if (!stopping) {
                open.run(this);
            }
            printer.flush();
        } catch (IOException | ReadException e) {
            failure = e;
        }
    }

    private TopicReader open() throws ReadException {
        long begin = System.nanoTime();
        while (true) {
            try {
                return TopicReader.open(config, new RecordDecoder(), undecodable::add);
            } catch (ReadException e) {
                if (stopping || System.nanoTime() - begin > TOPIC_NANOS) {
                    throw e;
                }
                LockSupport.parkNanos(RETRY_NANOS);
            }
        }
    }

    @Override
    public boolean onEvent(DecodedRecord event) throws IOException {
        printer.print(event);
        zones.add(event.zone());
        event.number("protocol").ifPresent(protocols::add);
        switch (event.text("event_type")) {
            case "NEW" -> newEvents.incrementAndGet();
            case "DESTROY" -> destroyEvents.incrementAndGet();
            default -> {}
        }
        return true;
    }

    @Override
    public void onPause() throws IOException {
        printer.flush();
    }

    long newEvents() {
        return newEvents.get();
    }

    long destroyEvents() {
        return destroyEvents.get();
    }

    Set<Integer> zones() {
        return zones;
    }

    Set<Long> protocols() {
        return protocols;
    }

    /** The error that ended the reading early; null when there was none. */
    @Nullable
    Exception failure() {
        return failure;
    }

    /** Stops reading; afterwards all counts are final. */
    void stop() {
        stopping = true;
        TopicReader open = reader;
        if (open != null) {
            open.stop();
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        stop();
    }
}
