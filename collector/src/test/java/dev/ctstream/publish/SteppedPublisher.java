package dev.ctstream.publish;

import dev.ctstream.metrics.Health;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.Framing;
import dev.ctstream.record.ZoneWidths;
import dev.ctstream.spool.Backlog;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/** The publisher's work, one step at a time. */
public final class SteppedPublisher {
    private static final String EVENTS = "events";
    /** Topic of control records. */
    public static final String CONTROL = "control";

    private final Publisher publisher;
    private boolean ended;
    private boolean stepping;

    /** Connects to nothing yet. */
    public SteppedPublisher(
            Backlog backlog,
            FakeBroker broker,
            boolean batches,
            Metrics metrics,
            StageClock clock,
            SplittableRandom random) {
        PublishConfig config = new PublishConfig(
                new PublishConfig.TopicNames(EVENTS, CONTROL, true, 4, -1),
                new PublishConfig.RecordForm(
                        batches ? Layout.BATCH : Layout.EVENT, Framing.SINGLE_OBJECT, true, true, 256 << 10),
                ZoneWidths.DEFAULT,
                16 << 20,
                Map.of("bootstrap.servers", "broker:1"),
                Optional.empty());
        publisher = new Publisher(
                new Publisher.Parts(config, backlog, new PublishMetrics(metrics), new Health(), new TestTopics()),
                unused -> broker,
                clock,
                random::nextDouble);
    }

    /** A step, unless one is waiting in the middle; false when there is nothing left to do. */
    public boolean step() {
        if (!stepping && !ended) {
            stepping = true;
            ended = publisher.step() == OwnedThread.DONE;
            if (ended) {
                publisher.end();
            }
            stepping = false;
        }
        return !ended;
    }

    /** As {@link Publisher#awaitEventsPublished}. */
    public boolean awaitEventsPublished(Duration timeout) {
        return publisher.awaitEventsPublished(timeout);
    }

    /** As {@link Publisher#stop}. */
    public void stop(Duration timeout) {
        publisher.stop(timeout);
    }
}
