package dev.ctstream.track;

import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * Number of living flows by zone.
 *
 * <p>Bounds: 1 KiB for each block of 256 zones in use, and 1 KiB.
 *
 * <p>Threads: the receive thread counts, any thread reads.
 */
final class ZoneCounts {
    private static final int PAGE_BITS = 8;
    private static final int PAGE = 1 << PAGE_BITS;

    private final AtomicReferenceArray<@Nullable AtomicIntegerArray> pages = new AtomicReferenceArray<>(PAGE);

    /** Adds to a zone's number. */
    void add(int zone, int change) {
        AtomicIntegerArray page = pages.getPlain(zone >>> PAGE_BITS);
        if (page == null) {
            page = new AtomicIntegerArray(PAGE);
            pages.set(zone >>> PAGE_BITS, page);
        }
        int at = zone & (PAGE - 1);
        page.setRelease(at, page.getPlain(at) + change);
    }

    /** The number of a zone. */
    int of(int zone) {
        AtomicIntegerArray page = pages.get(zone >>> PAGE_BITS);
        return page == null ? 0 : page.get(zone & (PAGE - 1));
    }
}
