package dev.ctstream.batch;

import org.jspecify.annotations.Nullable;

/**
 * The streams with an open batch, oldest first. All have the same linger, so this is also the order of their deadlines,
 * and a search for due batches visits only those.
 *
 * <p>Age counts from the end of the pass in which a batch was opened. That is the first time that is known without
 * reading a clock for each event. While events arrive, passes are at most about 20 ms apart.
 *
 * <p>Threads: confined to the receive thread.
 */
final class OpenStreams {
    private @Nullable StreamState oldest;
    private @Nullable StreamState newest;
    private @Nullable StreamState firstWithoutDeadline;
    private int size;

    int size() {
        return size;
    }

    @Nullable
    StreamState oldest() {
        return oldest;
    }

    void add(StreamState stream) {
        stream.older = newest;
        stream.newer = null;
        if (newest == null) {
            oldest = stream;
        } else {
            newest.newer = stream;
        }
        newest = stream;
        if (firstWithoutDeadline == null) {
            firstWithoutDeadline = stream;
        }
        size++;
    }

    void remove(StreamState stream) {
        if (firstWithoutDeadline == stream) {
            firstWithoutDeadline = stream.newer;
        }
        if (stream.older == null) {
            oldest = stream.newer;
        } else {
            stream.older.newer = stream.newer;
        }
        if (stream.newer == null) {
            newest = stream.older;
        } else {
            stream.newer.older = stream.older;
        }
        stream.older = null;
        stream.newer = null;
        size--;
    }

    /** Sets the deadline of the batches that were opened in the pass that has just ended. */
    void setDeadlines(long deadlineNanos) {
        for (StreamState stream = firstWithoutDeadline; stream != null; stream = stream.newer) {
            stream.deadlineNanos = deadlineNanos;
        }
        firstWithoutDeadline = null;
    }
}
