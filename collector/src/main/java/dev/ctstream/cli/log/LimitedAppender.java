package dev.ctstream.cli.log;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import dev.ctstream.metrics.OwnedThread;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The queue before stderr, which never makes a thread wait, and the bound on what goes through it: {@link SentenceLimit}.
 * What finds the queue full is counted too. DEBUG is not bounded: who asks for it wants it.
 */
public final class LimitedAppender extends AsyncAppender {
    private static final Pattern NUMBER = Pattern.compile("\\d+");
    private static final int MOST_CHARACTERS = 200;
    private static final long CLOSE_MILLIS = 1_000;
    private static final String NAME = "ctstream-log";

    private final SentenceLimit limit = new SentenceLimit();
    private final AtomicBoolean summarizes = new AtomicBoolean();
    private final OwnedThread summaries = OwnedThread.stepping(NAME, now -> summarize(), CLOSE_MILLIS);
    private final LongSupplier clock;

    /** For logback. */
    public LimitedAppender() {
        this(System::nanoTime);
    }

    /** With a clock as {@link System#nanoTime}. */
    LimitedAppender(LongSupplier clock) {
        this.clock = clock;
    }

    @Override
    protected void append(ILoggingEvent event) {
        if (!event.getLevel().isGreaterOrEqual(Level.INFO)) {
            super.append(event);
            return;
        }
        String sentence = sentence(event);
        if (!limit.admit(sentence, clock.getAsLong())) {
            summarizeLater();
        } else if (getRemainingCapacity() == 0) {
            limit.leftOut(sentence);
            summarizeLater();
        } else {
            super.append(event);
        }
    }

    /** What the event says, without what it names: its pattern, or, if that has no words of its own, its text. */
    private static String sentence(ILoggingEvent event) {
        @Nullable String pattern = event.getMessage();
        String text = pattern == null || pattern.startsWith("{}")
                ? NUMBER.matcher(event.getFormattedMessage()).replaceAll("N")
                : pattern;
        return text.length() <= MOST_CHARACTERS ? text : text.substring(0, MOST_CHARACTERS);
    }

    private void summarizeLater() {
        if (summarizes.compareAndSet(false, true)) {
            summaries.start((thread, failure) -> addError(thread + " has ended", failure));
        }
        summaries.wake();
    }

    /** Writes the summary if it is due; returns ns until the next look. */
    long summarize() {
        long due = limit.dueNanos(clock.getAsLong());
        if (due != 0) {
            return due < 0 ? TimeUnit.HOURS.toNanos(1) : due;
        }
        tell();
        return 1;
    }

    private void tell() {
        SentenceLimit.@Nullable Summary summary = limit.take(clock.getAsLong());
        if (summary != null && getContext() instanceof LoggerContext context) {
            super.append(new LoggingEvent(
                    LimitedAppender.class.getName(),
                    context.getLogger(LimitedAppender.class),
                    Level.WARN,
                    "lines of the log were left out, since a sentence has at most {} a minute lines={} sentences={};"
                            + " most often, {} times: {}",
                    null,
                    new Object[] {
                        SentenceLimit.LINES, summary.lines(), summary.sentences(), summary.linesOfMost(), summary.most()
                    }));
        }
    }

    @Override
    public void stop() {
        if (isStarted()) {
            summaries.close();
            tell();
        }
        super.stop();
    }
}
