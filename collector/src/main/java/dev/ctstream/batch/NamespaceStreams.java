package dev.ctstream.batch;

import dev.ctstream.conntrack.EventSource;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All streams of one network namespace. A stream is found by its zone in a two-level array, and created with its first
 * event. All live until the namespace has ended; one that is observed again has another identity, and so other streams.
 *
 * <p>Bounds: 150 bytes for each zone seen, 1 KiB for each block of 256 zones in use, 1 KiB for the namespace. Beside
 * others a namespace has at most {@value #SHARE} streams, because whoever owns it chooses the zones; the collector's own
 * may have all.
 *
 * <p>Threads: confined to the receive thread, except the public methods, which any thread may call.
 */
public final class NamespaceStreams {
    /** Most streams of a namespace beside others. */
    static final int SHARE = 4096;

    private static final int PAGE_BITS = 8;
    private static final int PAGE = 1 << PAGE_BITS;

    private final StreamId control;
    private final long streamEpoch;
    private final BatchHeader header;
    private final @Nullable StreamState[][] pages = new StreamState[PAGE][];
    private int count;
    private final Queue<StreamState> created = new ConcurrentLinkedQueue<>();
    private volatile long lostTotal;

    NamespaceStreams(RunIdentity run, String hostName, StreamId control) {
        this.control = control;
        streamEpoch = run.streamEpoch();
        header = new BatchHeader(run, hostName, control);
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

    /** Events that the kernel dropped at the socket in this run: {@code lost_total}. */
    public long lostTotal() {
        return lostTotal;
    }

    /** The stream of a zone; null when there is none yet. */
    @Nullable
    StreamState stream(int zone) {
        StreamState[] page = pages[zone >>> PAGE_BITS];
        return page == null ? null : page[zone & (PAGE - 1)];
    }

    /**
     * Creates the stream of a zone; null when the namespace may have no more.
     *
     * @param beside whether other namespaces are observed
     */
    @Nullable
    StreamState make(int zone, boolean beside) {
        if (beside && count >= SHARE && !netns().equals(EventSource.HOST)) {
            return null;
        }
        count++;
        StreamState[] page = pages[zone >>> PAGE_BITS];
        if (page == null) {
            page = new StreamState[PAGE];
            pages[zone >>> PAGE_BITS] = page;
        }
        StreamState stream = new StreamState(this, zone);
        page[zone & (PAGE - 1)] = stream;
        created.add(stream);
        return stream;
    }

    /** Takes the figures of a stream. */
    public interface Visitor {
        /**
         * One stream.
         *
         * @param events handed over since the last visit
         */
        void stream(int zone, long events);
    }

    /** Visits all streams. One thread at a time, any. */
    public void forEach(Visitor visitor) {
        created.forEach(stream -> visitor.stream(stream.id.zone(), stream.takeEvents()));
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
}
