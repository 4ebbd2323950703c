package dev.ctstream.publish;

import dev.ctstream.metrics.Counter;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.segment.BatchEnvelope;
import java.util.concurrent.TimeUnit;

/**
 * Which timestamp the records of a batch get: the time at which its events were received, or that of publishing.
 *
 * <p>The time of publishing is taken with {@code record.timestamp=publish}, and where Kafka would not keep or not take
 * the other: when the topic deletes or refuses records of that age, when the time lies in the future because the clock
 * was set back, and when Kafka has refused this batch's time.
 *
 * <p>Threads: the publisher's.
 */
final class RecordTime {
    private final boolean ofEvents;
    private final StageClock clock;
    private final Counter late;
    private Topics.Ages ages = Topics.Ages.UNLIMITED;
    private long refusedEvents = -1; // number of the last batch whose time was refused
    private long refusedControl = -1;

    /** @param late counts batches that are too old for their own time */
    RecordTime(PublishConfig config, StageClock clock, Counter late) {
        ofEvents = config.records().eventTime();
        this.clock = clock;
        this.late = late;
    }

    /** The topics take records of these ages. */
    void limit(Topics.Ages limits) {
        ages = limits;
    }

    /** Whether the records of a batch get the time of publishing. */
    boolean ofPublishing(BatchEnvelope batch) {
        boolean control = batch.kind() == BatchEnvelope.CONTROL;
        if (!ofEvents || batch.number() <= (control ? refusedControl : refusedEvents)) {
            return true;
        }
        long ageMillis = TimeUnit.NANOSECONDS.toMillis(clock.realtimeNanos() - batch.lastReceivedNanos());
        if (ageMillis >= (control ? ages.controlMillis() : ages.eventsMillis())) {
            late.increment();
            return true;
        }
        return ageMillis < 0;
    }

    /**
     * Kafka has refused a batch because of its time.
     *
     * @return whether it is worth another attempt, with the time of publishing
     */
    boolean refused(BatchEnvelope batch) {
        if (ofPublishing(batch)) {
            return false;
        }
        if (batch.kind() == BatchEnvelope.CONTROL) {
            refusedControl = batch.number();
        } else {
            refusedEvents = batch.number();
        }
        return true;
    }
}
