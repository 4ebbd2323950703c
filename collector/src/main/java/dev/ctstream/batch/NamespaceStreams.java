package dev.ctstream.batch;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All streams of one network namespace. A stream is found by its zone in a two-level array, and created with its first
 * event. It lives as long as the run, because a namespace that is observed again must continue its sequences.
 *
 * <p>Bounds: 100 bytes for each zone seen, 1 KiB for each block of 256 zones in use, 1 KiB for the namespace.
 *
 * <p>Threads: the receive thread writes. Any thread may call the public methods, which return a recent state. A thread
 * that has received a batch sees all sequences that were assigned before the batch was handed over.
 */
public final class NamespaceStreams {
    private static final int PAGE_BITS = 8;
    private static final int PAGE = 1 << PAGE_BITS;
    private static final VarHandle PAGES = MethodHandles.arrayElementVarHandle(StreamState[][].class);
    private static final VarHandle STREAMS = MethodHandles.arrayElementVarHandle(StreamState[].class);

    private final StreamId control;
    private final long streamEpoch;
    private final BatchHeader header;
    private final @Nullable StreamState[][] pages = new StreamState[PAGE][];
    private volatile int streamCount;
    private volatile long lostTotal;
    private volatile long droppedEvents;
    private long nextControlSequence;

    NamespaceStreams(RunIdentity run, String hostName, StreamId control) {
        this.control = control;
        streamEpoch = run.streamEpoch();
        header = new BatchHeader(run, hostName, control);
    }

    /** Receives each stream's zone and the sequence of its next event. */
    @FunctionalInterface
    public interface StreamVisitor {
        void onStream(int zone, long nextSequence);
    }

    /** The stream of the namespace's control records; it also identifies the namespace. */
    public StreamId control() {
        return control;
    }

    /** Name of the namespace; {@code host} for the collector's own. */
    public String netns() {
        return control.netns();
    }

    long streamEpoch() {
        return streamEpoch;
    }

    /** The header of the namespace's batches. */
    BatchHeader header() {
        return header;
    }

    /** Number of zones with at least one event in this run. */
    public int streamCount() {
        return streamCount;
    }

    /** Events that the kernel dropped at the socket in this run: {@code lost_total}. */
    public long lostTotal() {
        return lostTotal;
    }

    /** Events that were sequenced and then lost at the hand-over in this run; a GAP declares each of them. */
    public long droppedEvents() {
        return droppedEvents;
    }

    /**
     * Visits all streams, in the order of their zones. The number of sequenced events is the sum over the streams; take
     * the sum and its parts from the same visit.
     */
    public void forEachStream(StreamVisitor visitor) {
        for (int i = 0; i < PAGE; i++) {
            StreamState[] page = (StreamState[]) PAGES.getAcquire(pages, i);
            for (int j = 0; page != null && j < PAGE; j++) {
                StreamState stream = (StreamState) STREAMS.getAcquire(page, j);
                if (stream != null) {
                    visitor.onStream(stream.id.zone(), stream.publishedNextSequence());
                }
            }
        }
    }

    StreamState stream(int zone) {
        StreamState[] page = pages[zone >>> PAGE_BITS];
        if (page != null) {
            StreamState stream = page[zone & (PAGE - 1)];
            if (stream != null) {
                return stream;
            }
        }
        return makeStream(page, zone);
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    private StreamState makeStream(StreamState @Nullable [] known, int zone) {
        StreamState[] page = known;
        if (page == null) {
            page = new StreamState[PAGE];
            PAGES.setRelease(pages, zone >>> PAGE_BITS, page);
        }
        StreamState stream = new StreamState(this, zone);
        STREAMS.setRelease(page, zone & (PAGE - 1), stream);
        streamCount = streamCount + 1;
        return stream;
    }

    /** Visits the streams that have an open batch. Receive thread. */
    void forEachOpen(Consumer<StreamState> action) {
        for (StreamState[] page : pages) {
            for (int j = 0; page != null && j < PAGE; j++) {
                StreamState stream = page[j];
                if (stream != null && stream.open != null) {
                    action.accept(stream);
                }
            }
        }
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    void addLost(long events) {
        lostTotal = lostTotal + events;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    void addDropped(long events) {
        droppedEvents = droppedEvents + events;
    }

    long nextControlSequence() {
        return nextControlSequence;
    }

    void advanceControlSequence() {
        nextControlSequence++;
    }
}
