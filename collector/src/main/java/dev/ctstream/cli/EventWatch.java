package dev.ctstream.cli;

import dev.ctstream.batch.BatchConfig;
import dev.ctstream.batch.BatchMetrics;
import dev.ctstream.batch.BatchRing;
import dev.ctstream.batch.Batcher;
import dev.ctstream.batch.ControlOutbox;
import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.config.HostFacts;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EventReceiver;
import dev.ctstream.conntrack.EventSocket;
import dev.ctstream.conntrack.ReceiveMetrics;
import dev.ctstream.conntrack.SubscriptionConfig;
import dev.ctstream.metrics.Metrics;
import dev.ctstream.metrics.OwnedThread;
import dev.ctstream.netlink.Clock;
import dev.ctstream.netlink.ErrorText;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.netlink.RequestChannel;
import dev.ctstream.nftables.ConntrackRuleProbe;
import dev.ctstream.record.EventHandler;
import dev.ctstream.record.RecordDecoder;
import dev.ctstream.record.RecordException;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.track.UntrackedFlows;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs the collector's data path from the event socket to encoded batches, and delivers them to a handler in the same
 * process instead of Kafka.
 *
 * <p>Threads: its own thread receives events; the thread that calls {@link #run} handles them.
 *
 * <p>Ownership: owns the socket and the thread; {@link #close} ends both.
 */
final class EventWatch implements AutoCloseable {
    /**
     * Closes batches at the end of each pass over the socket: events appear at once, and under load many share a batch.
     */
    private static final BatchConfig AT_ONCE =
            new BatchConfig(BatchConfig.DEFAULT.maxEvents(), BatchConfig.DEFAULT.maxBytes(), 0);

    private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final long TELL_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long STOP_MILLIS = 3000;

    private final Metrics metrics = new Metrics();
    private final BatchRing ring = new BatchRing();
    private final ControlOutbox outbox = new ControlOutbox(ring);
    private final BatchMetrics batchMetrics = new BatchMetrics(metrics);
    private final RecordDecoder decoder = new RecordDecoder();
    private final EventReceiver receiver;
    private final EventSocket socket;
    private final OwnedThread thread;
    private final boolean tracked;
    private volatile boolean stopped;
    private volatile @Nullable Throwable failure;
    private long batches;
    private long handled;
    private long lostTold;
    private long nextTelling = System.nanoTime();

    private EventWatch(@Nullable NetworkNamespace namespace, SubscriptionConfig subscription) throws NetlinkException {
        HostFacts host = HostFacts.current();
        RunIdentity run = new RunIdentity(
                host.readMachineId().orElse("unknown"), host.readBootId().orElse("unknown"), Clock.realtimeNanos());
        tracked = tracked(namespace);
        Batcher batcher = new Batcher(AT_ONCE, run, host.nodeName(), ring, outbox, batchMetrics);
        receiver = EventReceiver.open(new UntrackedFlows(batcher), new ReceiveMetrics(metrics));
        try {
            socket = EventSocket.open(namespace, namespace == null ? "host" : namespace.label(), subscription);
        } catch (NetlinkException e) {
            receiver.close();
            throw e;
        }
        receiver.add(socket);
        thread = OwnedThread.looping("ctstream-receive", receiver, STOP_MILLIS);
    }

    /**
     * Subscribes; events are complete from the moment it returns.
     *
     * @param namespace only needed during the call; null for this process's own
     */
    static EventWatch open(@Nullable NetworkNamespace namespace, SubscriptionConfig subscription)
            throws NetlinkException {
        EventWatch watch = new EventWatch(namespace, subscription);
        watch.thread.start((dead, error) -> watch.failure = error);
        return watch;
    }

    /** Whether connection tracking is active in the namespace: it has entries, or rules that ask for tracking. */
    boolean tracked() {
        return tracked;
    }

    /** Name of the watched namespace. */
    String netns() {
        return socket.netns();
    }

    /**
     * Delivers events until the handler returns false or {@link #stop} is called.
     *
     * @param pause called when no more events are available
     * @param lost receives the number of events that the kernel could not queue, at most once per second
     */
    void run(EventHandler handler, Pause pause, LongConsumer lost) throws IOException, CommandFailure {
        boolean more = true;
        while (more && !stopped && failure == null) {
            EncodedBatch batch = ring.poll();
            if (batch == null) {
                pause.run();
                tellLosses(lost);
                emptyOutbox();
                ring.await(WAIT_NANOS);
                batch = ring.poll();
            }
            if (batch != null) {
                more = handle(batch, handler);
                ring.release(batch);
            }
        }
        Throwable error = failure;
        if (error != null) {
            throw new CommandFailure(ExitCode.FAILURE, "receive events: " + ErrorText.of(error), error);
        }
    }

    /** Ends {@link #run} soon. Any thread. */
    void stop() {
        stopped = true;
    }

    /** A summary of the counts, for people. */
    String summary() {
        long lost = socket.dropsTotal();
        return Counted.of(handled, "event") + "; lost in the kernel " + lost + ", here "
                + batchMetrics.lostEventsTotal();
    }

    @Override
    public void close() {
        try {
            receiver.stop(STOP_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        thread.close();
        receiver.close();
        metrics.close();
    }

    private static boolean tracked(@Nullable NetworkNamespace namespace) {
        try (ConntrackTable table = ConntrackTable.open(namespace);
                RequestChannel channel = namespace == null
                        ? RequestChannel.open(NetlinkSocket.NETLINK_NETFILTER)
                        : RequestChannel.open(namespace, NetlinkSocket.NETLINK_NETFILTER)) {
            return table.stats().entries() > 0 || ConntrackRuleProbe.present(channel);
        } catch (NetlinkException e) {
            return true; // unknown does not mean inactive
        }
    }

    private boolean handle(EncodedBatch batch, EventHandler handler) throws IOException {
        batch.number(batches++);
        try {
            return decoder.decodeBatch(batch.array(), batch.offset(), batch.lengthBytes(), event -> {
                handled++;
                return handler.onEvent(event);
            });
        } catch (RecordException e) {
            throw new IllegalStateException("a batch that was encoded here", e);
        }
    }

    /** It holds marks of losses, which the summary shows. */
    private void emptyOutbox() {
        while (outbox.peek() != null) {
            outbox.remove();
        }
    }

    private void tellLosses(LongConsumer lost) {
        long total = socket.dropsTotal();
        long now = System.nanoTime();
        if (total != lostTold && now - nextTelling >= 0) {
            lost.accept(total - lostTold);
            lostTold = total;
            nextTelling = now + TELL_EVERY_NANOS;
        }
    }

    /** What to do when no event is available. */
    @FunctionalInterface
    interface Pause {
        void run() throws IOException;
    }
}
