package dev.ctstream.batch;

import dev.ctstream.record.StreamId;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One stream: its next sequence, its open batch, and its links in the lists of open batches and of undeclared losses.
 *
 * <p>Threads: the receive thread writes; any thread may call {@link #publishedNextSequence}.
 */
final class StreamState {
    private static final VarHandle NEXT_SEQUENCE;

    static {
        try {
            NEXT_SEQUENCE = MethodHandles.lookup().findVarHandle(StreamState.class, "nextSequence", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    final NamespaceStreams namespace;
    final StreamId id;

    private long nextSequence;

    @Nullable
    EncodedBatch open;

    int sizeClass; // that would have held the previous batch

    // In OpenStreams, while there is an open batch.
    @Nullable
    StreamState older;

    @Nullable
    StreamState newer;

    long deadlineNanos;

    // In HandoverLosses, while lostCount is not 0.
    @Nullable
    StreamState nextLossy;

    boolean listedLossy;
    long lostFirst;
    long lostCount;
    long lostBatches;
    long lostFromNanos;
    long lostToNanos;

    StreamState(NamespaceStreams namespace, int zone) {
        this.namespace = namespace;
        this.id = new StreamId(namespace.netns(), namespace.control().netnsId(), zone);
    }

    long nextSequence() {
        return nextSequence;
    }

    void advance(long next) {
        NEXT_SEQUENCE.setRelease(this, next);
    }

    long publishedNextSequence() {
        return (long) NEXT_SEQUENCE.getAcquire(this);
    }
}
