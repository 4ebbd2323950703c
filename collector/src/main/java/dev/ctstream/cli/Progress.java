package dev.ctstream.cli;

import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** A progress line on stderr; shown only on a terminal, and only if the data goes elsewhere. */
public final class Progress {
    private static final long INTERVAL_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final int CHECK_EVERY = 1024;
    private static final String BACK_AND_CLEAR = "\r\u001b[K";

    private final Console console;
    private final boolean shown;
    private final long begin = System.nanoTime();
    private long next = begin + INTERVAL_NANOS;
    private boolean drawn;
    private LongSupplier done = () -> 0;
    private long total;

    /** Shows progress on the console's stderr. */
    public Progress(Console console) {
        this(console, console.errIsTerminal() && !console.outIsTerminal());
    }

    private Progress(Console console, boolean shown) {
        this.console = console;
        this.shown = shown;
    }

    /** Progress of a command that prints its data at the end; it may share the terminal with the data. */
    static Progress beforeData(Console console) {
        return new Progress(console, console.errIsTerminal());
    }

    /** Sets the amount of work; from now on progress is shown as a percentage. */
    void of(LongSupplier done, long total) {
        this.done = done;
        this.total = total;
    }

    /** Reports the number of things so far; cheap enough to call for each. */
    void count(long count, String noun) {
        count(count, noun, noun + "s");
    }

    /** As {@link #count}, for things that come many at a time. */
    void reached(long count, String noun) {
        if (shown && due()) {
            draw(count, noun, noun + "s");
        }
    }

    /** The same for a noun whose plural needs more than an s. */
    public void count(long count, String one, String many) {
        if (shown && count % CHECK_EVERY == 0 && due()) {
            draw(count, one, many);
        }
    }

    private void draw(long count, String one, String many) {
        double seconds = (System.nanoTime() - begin) / (double) TimeUnit.SECONDS.toNanos(1);
        draw(Counted.of(count, one, many)
                + String.format(Locale.ROOT, ", %.0f/s", count / seconds)
                + (total > 0 ? ", " + 100 * done.getAsLong() / total + " %" : ""));
    }

    /** Reports the number of files read so far. */
    void files(int count, int all) {
        if (shown && due()) {
            draw(count + " of " + all + " files");
        }
    }

    private boolean due() {
        long now = System.nanoTime();
        boolean due = now - next >= 0;
        next = due ? now + INTERVAL_NANOS : next;
        return due;
    }

    private void draw(String line) {
        console.err().print(BACK_AND_CLEAR + line);
        console.err().flush();
        drawn = true;
    }

    /** Removes the line. */
    public void end() {
        if (drawn) {
            console.err().print(BACK_AND_CLEAR);
            console.err().flush();
        }
    }
}
