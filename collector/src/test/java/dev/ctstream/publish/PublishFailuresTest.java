package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.metrics.Health;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.slf4j.Marker;
import org.slf4j.event.Level;
import org.slf4j.helpers.LegacyAbstractLogger;

class PublishFailuresTest {
    private final Health health = new Health();
    private long nowNanos;
    private int lines;
    private int infoLines;
    private final PublishFailures failures = new PublishFailures(new CountingLogger(), health, () -> nowNanos);

    private final class CountingLogger extends LegacyAbstractLogger {
        private static final long serialVersionUID = 1L;

        @Override
        protected void handleNormalizedLoggingCall(
                Level level,
                @Nullable Marker marker,
                String message,
                Object @Nullable [] arguments,
                @Nullable Throwable throwable) {
            lines += level == Level.WARN ? 1 : 0;
            infoLines += level == Level.INFO ? 1 : 0;
        }

        @Override
        protected @Nullable String getFullyQualifiedCallerName() {
            return null;
        }

        @Override
        public boolean isTraceEnabled() {
            return true;
        }

        @Override
        public boolean isDebugEnabled() {
            return true;
        }

        @Override
        public boolean isInfoEnabled() {
            return true;
        }

        @Override
        public boolean isWarnEnabled() {
            return true;
        }

        @Override
        public boolean isErrorEnabled() {
            return true;
        }
    }

    @Test
    void logsAReasonOnceAndThenOnceAMinute() {
        for (int second = 0; second < 120; second++) {
            nowNanos = TimeUnit.SECONDS.toNanos(second);
            failures.connectionFailed("no broker answers");
        }
        assertThat(lines).isEqualTo(2);
        failures.connectionFailed("something else");
        assertThat(lines).isEqualTo(3);
        assertThat(health.reasons()).containsEntry("kafka", "something else");
    }

    @Test
    void aConnectionEndsOnlyConnectionFailures() {
        failures.connectionFailed("no broker answers");
        failures.connected("a:1");
        assertThat(failures.active()).isFalse();

        failures.sendFailed("not allowed");
        failures.connectionFailed("no broker answers");
        failures.connected("a:1");
        assertThat(failures.active()).isTrue();
        failures.acknowledged();
        assertThat(health.ready()).isTrue();
    }

    @Test
    void waitsLongerAfterEachFailureUpToALimit() {
        assertThat(failures.backoffMillis(0)).isEqualTo(100);
        assertThat(failures.backoffMillis(1)).isEqualTo(50);
        for (int i = 0; i < 100; i++) {
            failures.connectionFailed("no broker answers");
        }
        assertThat(failures.backoffMillis(0)).isEqualTo(10_000);
    }

    @Test
    void theLogIsBoundedWhateverTheReasons() {
        for (int second = 0; second < 60; second++) {
            nowNanos = TimeUnit.SECONDS.toNanos(second);
            failures.sendFailed("reason " + second % 3);
            failures.acknowledged();
        }
        assertThat(lines).isEqualTo(5);
    }

    @Test
    void aNewProducerWithoutAFailureIsNotLogged() {
        failures.connected("a:1");
        int before = infoLines;
        failures.connected("a:1");
        failures.connected("a:1");
        assertThat(before).isEqualTo(1);
        assertThat(infoLines).isEqualTo(1);
    }
}
