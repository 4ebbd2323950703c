package dev.ctstream.cli;

/** A number with its noun in the singular or the plural. */
public final class Counted {
    private Counted() {}

    /** For instance {@code 1 event}, {@code 12345 events}. */
    public static String of(long count, String noun) {
        return of(count, noun, noun + "s");
    }

    /** The same for a noun whose plural needs more than an s. */
    public static String of(long count, String one, String many) {
        return count + " " + (count == 1 ? one : many);
    }
}
