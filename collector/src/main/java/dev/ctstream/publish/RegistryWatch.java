package dev.ctstream.publish;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.StageClock;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ids of the schemas while a run publishes. The registry is asked once for each run; one that does not answer is asked
 * again in the background, as long as the ids of its earlier answer are used.
 *
 * <p>Threads: the publisher's; a short-lived thread asks in the background.
 */
final class RegistryWatch {
    static final String COMPONENT = "schema-registry";
    private static final Logger LOG = LoggerFactory.getLogger(RegistryWatch.class);
    private static final long ASK_NANOS = TimeUnit.SECONDS.toNanos(30);

    private final PublishConfig config;
    private final Health health;
    private final Counter failures;
    private final StageClock clock;
    private @Nullable SchemaIds ids;
    private @Nullable CompletableFuture<SchemaIds> asked;
    private long askedNanos;

    RegistryWatch(PublishConfig config, Health health, Counter failures, StageClock clock) {
        this.config = config;
        this.health = health;
        this.failures = failures;
        this.clock = clock;
    }

    /**
     * The ids to publish with. Waits for the registry if they are not known.
     *
     * @throws KafkaUnreadyException when nothing can be published
     */
    SchemaIds connect() throws KafkaUnreadyException, InterruptedException {
        SchemaIds known = ids;
        if (known != null) {
            return known;
        }
        askedNanos = clock.nanoTime();
        try {
            known = SchemaIds.ask(config);
        } catch (KafkaUnreadyException e) {
            failures.increment();
            health.report(COMPONENT, false, String.valueOf(e.getMessage()));
            throw e;
        }
        ids = known;
        if (config.registry().isPresent()) {
            report(known);
        }
        return known;
    }

    private void report(SchemaIds known) {
        if (known.confirmed()) {
            String said = "schema ids " + known.events() + " (events), " + known.control() + " (control)";
            LOG.info("schema registry registry={} {}", config.registry().orElseThrow(), said);
            health.report(COMPONENT, true, said);
        } else {
            failures.increment();
            LOG.warn("{}; the ids that it gave before are used", known.silence());
            health.report(COMPONENT, true, known.silence() + "; the ids that it gave before are used");
        }
    }

    /** Whether what {@link #connect} gave does not hold any more, because the registry says something else now. */
    boolean changed() {
        SchemaIds used = ids;
        if (used == null || used.confirmed()) {
            return false;
        }
        CompletableFuture<SchemaIds> answer = asked;
        if (answer == null) {
            if (clock.nanoTime() - askedNanos >= ASK_NANOS) {
                askedNanos = clock.nanoTime();
                asked = RegistryThread.ask(() -> SchemaIds.ask(config));
            }
            return false;
        }
        if (!answer.isDone()) {
            return false;
        }
        asked = null;
        try {
            SchemaIds now = answer.join();
            if (!now.confirmed()) {
                failures.increment();
                return false;
            }
            if (now.same(used)) {
                ids = now;
                report(now);
                return false;
            }
            LOG.warn("the schema registry has given other ids than before: it was replaced, or its subjects were");
        } catch (CompletionException e) {
            LOG.debug("the registry refuses", e); // the next connect says so
        }
        ids = null;
        return true;
    }

    /** Leaves no trace in health, because the publisher ends. */
    void end() {
        health.remove(COMPONENT);
    }
}
