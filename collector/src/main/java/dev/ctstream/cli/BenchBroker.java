package dev.ctstream.cli;

import dev.ctstream.bench.Broker;
import dev.ctstream.broker.EmbeddedBroker;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.ProcessControl;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** A temporary broker for one measurement. */
final class BenchBroker implements Broker {
    private final EmbeddedBroker broker;

    private BenchBroker(EmbeddedBroker broker) {
        this.broker = broker;
    }

    /**
     * Starts a broker.
     *
     * @param cpu CPU that it is pinned to; null = any
     */
    static BenchBroker start(@Nullable Integer cpu) throws IOException {
        EmbeddedBroker broker = EmbeddedBroker.temporary(Map.of("log.message.timestamp.type", "LogAppendTime"));
        CompletableFuture<@Nullable Void> started = new CompletableFuture<>();
        new Thread(
                        () -> {
                            try {
                                if (cpu != null) {
                                    ProcessControl.pinThread(cpu);
                                }
                                broker.start();
                                started.complete(null);
                            } catch (IOException | RuntimeException e) {
                                started.completeExceptionally(e);
                            }
                        },
                        "bench-broker-start")
                .start();
        try {
            started.get();
            return new BenchBroker(broker);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            started.handle((done, failure) -> true)
                    .join(); // wait: closing a broker before it has started would not stop it from starting
            broker.close();
            throw new IOException("interrupted", e);
        } catch (ExecutionException e) {
            broker.close();
            throw new IOException("broker: " + ErrorText.of(e), e);
        }
    }

    @Override
    public String bootstrapServers() {
        return broker.bootstrapServers();
    }

    @Override
    public Path data() {
        return broker.data();
    }

    @Override
    public void close() {
        broker.close();
    }
}
