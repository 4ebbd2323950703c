package dev.ctstream.read;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.ZoneId;
import java.time.ZoneOffset;
import org.junit.jupiter.api.Test;

class TimeTextTest {
    @Test
    void aTimeHasItsDateAndItsOffset() {
        TimeText utc = new TimeText(ZoneOffset.UTC);
        assertThat(utc.ofMillis(1_700_000_000_123L)).isEqualTo("2023-11-14 22:13:20.123+00:00");
        assertThat(utc.ofNanos(1_700_000_000_123_456_789L)).isEqualTo("2023-11-14 22:13:20.123+00:00");
        assertThat(new TimeText(ZoneId.of("Asia/Kolkata")).ofMillis(1_700_000_000_123L))
                .isEqualTo("2023-11-15 03:43:20.123+05:30");
    }

    @Test
    void theTwoTimesOfAnHourThatComesTwiceDiffer() {
        TimeText berlin = new TimeText(ZoneId.of("Europe/Berlin"));
        assertThat(berlin.ofMillis(1_792_888_200_000L)).isEqualTo("2026-10-25 02:30:00.000+02:00");
        assertThat(berlin.ofMillis(1_792_891_800_000L)).isEqualTo("2026-10-25 02:30:00.000+01:00");
    }

    @Test
    void aTimeOfARecordThatNobodyCanHaveMeantIsStillText() {
        assertThat(new TimeText(ZoneOffset.UTC).ofMillis(Long.MAX_VALUE)).isNotEmpty();
        assertThat(new TimeText(ZoneOffset.UTC).ofNanos(Long.MIN_VALUE)).isNotEmpty();
    }
}
