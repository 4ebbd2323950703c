package dev.ctstream.publish;

import dev.ctstream.metrics.Check;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The checks of what is not on this host: brokers, topics, and the schema registry if one is configured. */
public final class RemoteChecks {
    private RemoteChecks() {}

    /**
     * Checks everything without creating or changing anything. Brokers and registry are asked at the same time; both have
     * 10 s at most.
     */
    public static List<Check> look(PublishConfig config) throws InterruptedException {
        if (config.registry().isEmpty()) {
            return Topics.check(config);
        }
        long deadlineNanos = System.nanoTime() + Topics.WAIT_NANOS;
        CompletableFuture<List<Check>> registry = RegistryThread.ask(() -> SchemaIds.check(config));
        List<Check> checks = new ArrayList<>(Topics.check(config));
        try {
            checks.addAll(registry.get(Math.max(0, deadlineNanos - System.nanoTime()), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            checks.add(SchemaIds.late(config));
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
        return checks;
    }
}
