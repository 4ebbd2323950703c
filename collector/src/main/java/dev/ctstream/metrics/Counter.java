package dev.ctstream.metrics;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A counter that starts at 0 and only rises.
 *
 * <p>Threads: written by one thread at the cost of a plain addition and a release store; read by any. A counter from
 * {@link Metrics#sharedCounter} may be written by any thread at the cost of an atomic addition.
 */
public final class Counter {
    private static final VarHandle VALUE;

    static {
        try {
            VALUE = MethodHandles.lookup().findVarHandle(Counter.class, "value", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final boolean shared;

    @SuppressWarnings("UnusedVariable") // read and written through VALUE
    private long value;

    Counter(boolean shared) {
        this.shared = shared;
    }

    /** Adds one. */
    public void increment() {
        add(1);
    }

    /**
     * Adds a number of occurrences.
     *
     * @param count not negative; not checked, because this is the hot path
     */
    public void add(long count) {
        if (shared) {
            VALUE.getAndAdd(this, count);
        } else {
            VALUE.setRelease(this, (long) VALUE.get(this) + count);
        }
    }

    /** The count; everything that the writing thread did before it is visible. */
    public long value() {
        return (long) VALUE.getAcquire(this);
    }
}
