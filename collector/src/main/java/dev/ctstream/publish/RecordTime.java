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
        long age = ageMillis(batch);
        boolean tooOld = ofEvents && age >= limit(batch);
        if (tooOld) {
            late.increment();
        }
        return !ofEvents || tooOld || age < 0 || isRefused(batch);
    }

    /**
     * Kafka has refused a batch because of its time. Batches of that age get the time of publishing from then on, until
     * the topic's limits are known again.
     *
     * @return whether it is worth another attempt, with the time of publishing
     */
    boolean refused(BatchEnvelope batch) {
        long age = ageMillis(batch);
        if (!ofEvents || age < 0 || age >= limit(batch) || isRefused(batch)) {
            return false;
        }
        boolean control = isControl(batch);
        if (control) {
            refusedControl = batch.number();
        } else {
            refusedEvents = batch.number();
        }
        ages = control ? new Topics.Ages(ages.eventsMillis(), age) : new Topics.Ages(age, ages.controlMillis());
        return true;
    }

    private boolean isRefused(BatchEnvelope batch) {
        return batch.number() <= (isControl(batch) ? refusedControl : refusedEvents);
    }

    private long limit(BatchEnvelope batch) {
        return isControl(batch) ? ages.controlMillis() : ages.eventsMillis();
    }

    private long ageMillis(BatchEnvelope batch) {
        return TimeUnit.NANOSECONDS.toMillis(clock.realtimeNanos() - batch.lastReceivedNanos());
    }

    private static boolean isControl(BatchEnvelope batch) {
        return batch.kind() == BatchEnvelope.CONTROL;
    }
}
