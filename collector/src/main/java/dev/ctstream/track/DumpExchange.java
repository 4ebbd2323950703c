package dev.ctstream.track;

import org.jspecify.annotations.Nullable;

/**
 * State through which the dump thread and the receive thread coordinate the dumps of one namespace.
 *
 * <p>The dump thread asks for a dump with {@link #request}, puts a mark into the ring and waits until the dump has
 * {@link #begun}. It then puts the entries into the ring, reports the outcome with {@link #endReading}, puts the second
 * mark into the ring, and waits for the {@link #result}. Between the two marks the receive thread owns the dump's
 * {@link DumpProgress}.
 *
 * <p>Ownership: each field has one writer, named beside it, and refers to an immutable object.
 *
 * <p>Threads: the public methods are for the dump thread, the others for the receive thread.
 */
public final class DumpExchange {
    // dump thread
    private volatile @Nullable DumpRequest requested;
    private volatile @Nullable DumpEnd readingEnded;
    private volatile long answeredGaps;
    // receive thread
    private volatile @Nullable DumpRequest begun;
    private volatile @Nullable DumpResult result;
    private volatile Gaps gaps = new Gaps(0, 0);

    /**
     * GAP records of the kernel's losses.
     *
     * @param count since the start
     * @param sinceNanos {@link System#nanoTime} of the first one that no dump has followed yet
     */
    private record Gaps(long count, long sinceNanos) {}

    /** Requests a dump, which begins with the next mark in the ring. */
    public void request(DumpRequest request) {
        readingEnded = null;
        requested = request;
    }

    /** Whether the receive thread has seen the first mark of this dump. */
    public boolean begun(DumpRequest request) {
        return request.equals(begun);
    }

    /** All entries of the dump are in the ring. Call it before the second mark. */
    public void endReading(DumpEnd end) {
        readingEnded = end;
    }

    /** The result of this dump; null until the receive thread has handed over everything before the second mark. */
    public @Nullable DumpResult result(DumpRequest request) {
        DumpResult last = result;
        return last != null && last.request().equals(request) ? last : null;
    }

    /** Whether no dump has followed the last GAP yet. */
    public boolean gapOpen() {
        return gaps.count > answeredGaps;
    }

    /** While {@link #gapOpen}: {@link System#nanoTime} of the first such GAP. */
    public long gapSinceNanos() {
        return gaps.sinceNanos;
    }

    /** Records that a dump follows all GAP records so far. */
    public void answerGaps() {
        answeredGaps = gaps.count;
    }

    @Nullable
    DumpRequest requested() {
        return requested;
    }

    void begin(DumpRequest request) {
        begun = request;
    }

    @Nullable
    DumpEnd readingEnded() {
        return readingEnded;
    }

    void end(DumpResult ended) {
        result = ended;
    }

    /** Records that a GAP was declared; returns whether it is the first since the last dump began. */
    boolean addGap(long nowNanos) {
        Gaps before = gaps;
        boolean first = before.count <= answeredGaps;
        gaps = new Gaps(before.count + 1, first ? nowNanos : before.sinceNanos);
        return first;
    }
}
