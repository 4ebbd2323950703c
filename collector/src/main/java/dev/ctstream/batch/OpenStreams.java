package dev.ctstream.batch;

import org.jspecify.annotations.Nullable;

/**
 * The streams with an open batch, oldest first.
 *
 * <p>Threads: confined to the receive thread.
 */
final class OpenStreams {
    private @Nullable StreamState oldest;
    private @Nullable StreamState newest;
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
        size++;
    }

    void remove(StreamState stream) {
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
}
