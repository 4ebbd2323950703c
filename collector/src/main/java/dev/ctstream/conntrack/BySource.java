package dev.ctstream.conntrack;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a stage keeps for each source, found by {@link EventSource#index}, which is never reused: so the memory that is taken
 * depends on the sources that are there, and 4 bytes on every {@value #PAGE} that ever were.
 *
 * <p>Threads: confined to one thread.
 */
public final class BySource<T> {
    private static final int PAGE_BITS = 8;
    private static final int PAGE = 1 << PAGE_BITS;

    private @Nullable Object[] @Nullable [] pages = new Object[1][];
    private int[] counts = new int[1];

    /** What is kept for the source; null = nothing. */
    @SuppressWarnings("unchecked")
    public @Nullable T get(EventSource source) {
        int page = source.index() >>> PAGE_BITS;
        @Nullable Object[] entries = page < pages.length ? pages[page] : null;
        return entries == null ? null : (T) entries[source.index() & (PAGE - 1)];
    }

    /** Pages that hold something. */
    int pages() {
        return (int) Arrays.stream(counts).filter(count -> count > 0).count();
    }

    /** Keeps a value for the source; null = nothing any more. */
    public void put(EventSource source, @Nullable T value) {
        int page = source.index() >>> PAGE_BITS;
        if (page >= pages.length) {
            int length = Math.max(page + 1, 2 * pages.length);
            pages = Arrays.copyOf(pages, length);
            counts = Arrays.copyOf(counts, length);
        }
        @Nullable Object[] entries = pages[page];
        if (entries == null) {
            entries = new Object[PAGE];
            pages[page] = entries;
        }
        int at = source.index() & (PAGE - 1);
        counts[page] += (value == null ? 0 : 1) - (entries[at] == null ? 0 : 1);
        entries[at] = value;
        if (counts[page] == 0) {
            pages[page] = null;
        }
    }
}
