package dev.ctstream.lookup;

import dev.ctstream.record.ControlKind;
import dev.ctstream.record.DecodedRecord;
import java.util.concurrent.TimeUnit;

/**
 * How far beyond the time in question events are read, unless it is given: where all collectors report living flows, so far
 * that each has had its INTERIM event; an hour otherwise, and also where no begin of a run is read.
 *
 * <p>Threads: confined to one.
 */
public final class Outlook {
    /** Where a collector does not report living flows, ms. */
    public static final long DEFAULT_MILLIS = TimeUnit.HOURS.toMillis(1);

    private long millis;

    /** Takes a control record of before the time in question. */
    public void control(DecodedRecord record) {
        if (ControlKind.of(record).filter(ControlKind.STARTED::equals).isPresent()) {
            long seconds = record.number("interim_interval_seconds").orElse(0L);
            // The next dump may begin an interval later, and takes its time.
            millis = Math.max(millis, seconds == 0 ? DEFAULT_MILLIS : TimeUnit.SECONDS.toMillis(2 * seconds));
        }
    }

    /** How far, ms. */
    public long millis() {
        return millis == 0 ? DEFAULT_MILLIS : millis;
    }
}
