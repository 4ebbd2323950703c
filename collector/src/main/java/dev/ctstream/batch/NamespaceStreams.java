package dev.ctstream.batch;

import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * All streams of one network namespace. A stream is found by its zone in two steps of an array, and made when its first
 * event comes. It lives as long as the run, because a namespace that is observed again must go on
 * counting.
 *
 * <p>Bounds: 100 bytes for each zone seen, 1 KiB for each 256 zones touched, 1 KiB for the namespace.
 *
 * <p>Threads: the receive thread writes. The public methods may be called by any thread: they see a recent state, and
 * what was sequenced before a batch was handed over is visible to whoever has seen that batch.
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

    /** Called with each stream's zone and the number that its next event will get. */
    @FunctionalInterface
    public interface StreamVisitor {
        void onStream(int zone, long nextSequence);
    }

    /** The stream of the namespace's control records, which names the namespace. */
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

    /** What the namespace's batches begin with. */
    BatchHeader header() {
        return header;
    }

    /** Zones that have had an event in this run. */
    public int streamCount() {
        return streamCount;
    }

    /** Events that the kernel dropped at the socket in this run: {@code lost_total}. */
    public long lostTotal() {
        return lostTotal;
    }

    /** Events that were sequenced and then lost at the hand-over in this run; each is declared in a GAP. */
    public long droppedEvents() {
        return droppedEvents;
    }

    /**
     * Visits all streams, zones rising. The sum of what it sees is the number of events sequenced: take the total from
     * the same visit as the parts.
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
