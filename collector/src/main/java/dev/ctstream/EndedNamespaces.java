package dev.ctstream;

import dev.ctstream.netlink.Clock;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Gives a namespace that is observed again, after its end, another identity than before: nothing is kept of its streams, so
 * they begin anew. The kernel says neither that a namespace has died nor that it is the one of before, but its cookie stays.
 *
 * <p>Bounds: the last {@value #MOST} are remembered, some 100 bytes each. Once one is forgotten, every namespace whose cookie
 * is not greater counts as observed before: then its identity is another one needlessly, but never one that was used.
 *
 * <p>Threads: guarded by the owner's lock.
 */
final class EndedNamespaces {
    static final int MOST = 16_384;

    private final Set<String> ended = new LinkedHashSet<>();
    private final LongSupplier nowNanos;
    private long greatestForgotten; // u64; 0 = none, no namespace has this cookie

    EndedNamespaces() {
        this(Clock::realtimeNanos);
    }

    /** With another clock; ns since the epoch. */
    EndedNamespaces(LongSupplier nowNanos) {
        this.nowNanos = nowNanos;
    }

    /** The namespace with this identity is not observed any more. */
    void add(String identity) {
        int suffix = identity.indexOf(':');
        String cookie = suffix < 0 ? identity : identity.substring(0, suffix);
        if (identity.indexOf(':', suffix + 1) >= 0) {
            return; // of a kernel without cookies: no two have one identity
        }
        if (ended.add(cookie) && ended.size() > MOST) {
            Iterator<String> oldest = ended.iterator();
            long forgotten = Long.parseUnsignedLong(oldest.next());
            oldest.remove();
            if (Long.compareUnsigned(forgotten, greatestForgotten) > 0) {
                greatestForgotten = forgotten;
            }
        }
    }

    /**
     * The identity under which the namespace is observed from now on.
     *
     * @param identity as the kernel gives it
     */
    String identity(String identity) {
        boolean cookie = identity.indexOf(':') < 0;
        boolean before = cookie
                && (ended.contains(identity)
                        || Long.compareUnsigned(Long.parseUnsignedLong(identity), greatestForgotten) <= 0);
        return before ? identity + ":" + nowNanos.getAsLong() : identity;
    }
}
