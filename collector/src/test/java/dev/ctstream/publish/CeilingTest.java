package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.metrics.Health;
import dev.ctstream.netlink.SteppedClock;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class CeilingTest {
    private final Health health = new Health();
    private final SteppedClock clock = new SteppedClock();
    private final Ceiling ceiling = new Ceiling(LoggerFactory.getLogger(CeilingTest.class), health, clock, () -> 300);
    private long events;
    private long batches;

    private void look(int newBatches, long waiting) {
        clock.advance(Ceiling.LOOK_NANOS);
        batches += newBatches;
        events += newBatches * 500L;
        ceiling.look(events, batches, waiting);
    }

    @Test
    void aBacklogThatGrowsWhileKafkaAnswersIsTooMuchForIt() {
        look(1000, 300);
        look(1000, 500);
        assertThat(health.reasons()).isEmpty();
        look(1000, 700);

        assertThat(health.reasons().get(Ceiling.COMPONENT))
                .startsWith("Kafka takes 50000 events/s, 60000 come: 700 batches wait in the spool and their number"
                        + " grows, a request takes 300 ms; ");
        assertThat(ceiling.eventsPerSecond()).isEqualTo(50_000);

        look(1200, 700); // it stands: still the ceiling
        assertThat(health.reasons()).isNotEmpty();
        look(1200, 600); // events may have given way
        assertThat(health.reasons()).isNotEmpty();
        look(1200, 200);
        assertThat(health.reasons()).isEmpty();
        assertThat(ceiling.eventsPerSecond()).isZero();
    }

    @Test
    void aBacklogThatGrowsWhileKafkaIsAwayIsNotItsCeiling() {
        for (int i = 1; i < 10; i++) {
            look(0, 300L * i);
        }
        assertThat(health.reasons()).isEmpty();
    }

    @Test
    void aBacklogThatComesAndGoesIsNone() {
        for (int i = 0; i < 10; i++) {
            look(1000, 300);
            look(1000, 500);
            look(1000, 200);
        }
        assertThat(health.reasons()).isEmpty();
    }

    @Test
    void fewBatchesAreNoBacklog() {
        for (int i = 1; i < 10; i++) {
            look(1000, i);
        }
        assertThat(health.reasons()).isEmpty();
    }
}
