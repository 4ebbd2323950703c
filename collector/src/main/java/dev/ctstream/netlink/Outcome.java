package dev.ctstream.netlink;

import org.jspecify.annotations.Nullable;

/** Carries the result of work from the thread that did it to the thread that joined it. */
final class Outcome<T> implements Runnable {
    private final NetworkNamespace.Work<T> work;
    private @Nullable T result;
    private @Nullable NetlinkException refused;
    private @Nullable RuntimeException bug;

    Outcome(NetworkNamespace.Work<T> work) {
        this.work = work;
    }

    @Override
    public void run() {
        try {
            result = work.run();
        } catch (NetlinkException e) {
            refused = e;
        } catch (RuntimeException e) {
            bug = e;
        }
    }

    /** After the join. */
    T get() throws NetlinkException {
        if (refused != null) {
            throw refused;
        }
        if (bug != null) {
            throw bug;
        }
        if (result == null) {
            throw new IllegalStateException("the work on the namespace's thread ended without a result");
        }
        return result;
    }
}
