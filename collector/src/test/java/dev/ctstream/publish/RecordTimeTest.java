package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.metrics.Counter;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.netlink.Clock;
import dev.ctstream.netlink.StageClock;
import dev.ctstream.record.Framing;
import dev.ctstream.segment.BatchEnvelope;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RecordTimeTest {
    private static final long HOUR_MILLIS = TimeUnit.HOURS.toMillis(1);

    private final Metrics metrics = new Metrics();
    private final Counter late = metrics.counter(PublishMetric.LATE);
    private final RecordTime time = time(true);

    @AfterEach
    void close() {
        metrics.close();
    }

    @Test
    void recordsHaveTheTimeOfTheirEvents() {
        assertThat(time.ofPublishing(events(1, 365 * 24))).isFalse();
        assertThat(time.ofPublishing(events(1, 0))).isFalse();
    }

    @Test
    void publishAsksForTheTimeOfPublishing() {
        assertThat(time(false).ofPublishing(events(1, 0))).isTrue();
    }

    @Test
    void whatTheTopicWouldDeleteOrRefuseIsCounted() {
        time.limit(new Topics.Ages(2 * HOUR_MILLIS, 5 * HOUR_MILLIS));
        assertThat(time.ofPublishing(events(1, 1))).isFalse();
        assertThat(time.ofPublishing(events(1, 3))).isTrue();
        assertThat(time.ofPublishing(control(1, 3))).isFalse();
        assertThat(time.ofPublishing(control(1, 6))).isTrue();
        assertThat(metrics.prometheusText()).contains("ctstream_publish_late_batches_total 2.0");
    }

    @Test
    void aTimeInTheFutureIsNotSent() {
        assertThat(time.ofPublishing(events(1, -1))).isTrue();
    }

    @Test
    void aRefusedTimeIsReplacedOnceForThisBatchAndThoseOfItsAge() {
        assertThat(time.refused(events(7, 1))).isTrue();
        assertThat(time.ofPublishing(events(7, 1))).isTrue();
        assertThat(time.refused(events(7, 1))).isFalse();
        assertThat(time.ofPublishing(events(8, 0))).isFalse();
        assertThat(time.ofPublishing(events(9, 2))).isTrue(); // older
        assertThat(time.ofPublishing(control(7, 1))).isFalse();
        assertThat(time.refused(control(7, 1))).isTrue();
        assertThat(time.ofPublishing(control(7, 1))).isTrue();
    }

    private RecordTime time(boolean ofEvents) {
        PublishConfig config = RecordFactoryTest.config(Layout.BATCH, Framing.BARE, false, Map.of());
        PublishConfig.RecordForm form = config.records();
        return new RecordTime(
                new PublishConfig(
                        config.topics(),
                        new PublishConfig.RecordForm(
                                form.layout(), form.framing(), form.headers(), ofEvents, form.batchMaxBytes()),
                        config.zoneWidth(),
                        config.inFlightBytes(),
                        config.kafka(),
                        config.registry()),
                StageClock.HOST,
                late);
    }

    private static BatchEnvelope events(long number, long ageHours) {
        return envelope(number, BatchEnvelope.EVENTS, ageHours);
    }

    private static BatchEnvelope control(long number, long ageHours) {
        return envelope(number, BatchEnvelope.CONTROL, ageHours);
    }

    private static BatchEnvelope envelope(long number, int kind, long ageHours) {
        long nanos = Clock.realtimeNanos() - TimeUnit.HOURS.toNanos(ageHours);
        return new BatchEnvelope(number, 0, 0, kind, TestBacklog.zone(1), 0, 1, nanos, nanos, null);
    }
}
