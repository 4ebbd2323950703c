package dev.ctstream.conntrack;

import dev.ctstream.netlink.Clock;
import dev.ctstream.netlink.DatagramBatch;
import dev.ctstream.netlink.Epoll;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.ProcessControl;
import dev.ctstream.netlink.Wakeup;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The receive thread's work: waits for all event sockets at once, drains them with few system calls, decodes, and
 * passes the events to the handler. {@link DrainPace} explains why it pauses between drains.
 *
 * <p>Ownership: owns the sources that were added, and closes them.
 *
 * <p>Threads: {@link #run} on one thread; {@link #add}, {@link #remove}, {@link #stop} from any other.
 *
 * <p>Errors: a failing system call and an exception of the handler end {@link #run} with an unchecked exception.
 */
public final class EventReceiver implements Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventReceiver.class);

    /**
     * Few enough that received bytes are still in the processor's nearest caches when they are decoded: some 10 % less
     * CPU than with 1024.
     */
    private static final int SLOTS = 256;
    /** Room for one event, some 400 bytes plus helper data and security context; an odd number of cache lines. */
    private static final int SLOT_BYTES = 33 * 64;
    /** Receive calls on one source before the other sources and the handler's deadlines get their turn. */
    private static final int ROUNDS_PER_DRAIN = 64;

    private static final int DUMP_RING_SLOTS = 1024;
    private static final int DUMP_RING_BYTES = DUMP_RING_SLOTS * 512;
    /** The whole ring: takes some 0.5 ms, less than the pause between two drains; then the dump can continue. */
    private static final int DUMPED_PER_PASS = DUMP_RING_SLOTS;

    private static final int WAKEUP_TOKEN = -1;
    private static final long FINAL_DRAIN_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final FlowEventHandler handler;
    private final ReceiveObserver observer;
    private final Epoll epoll;
    private final Wakeup wakeup;
    private final DatagramBatch batch = new DatagramBatch(SLOTS, SLOT_BYTES);
    private final DatagramDecoder decoder;
    private final DumpRing dumpRing;
    private final Queue<Command> commands = new ConcurrentLinkedQueue<>();
    private final List<@Nullable EventSocket> sources = new ArrayList<>(); // index: epoll token
    private final LogLimit foreignLog = new LogLimit(TimeUnit.MINUTES.toNanos(1));
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean started;
    private volatile boolean stopping;
    private volatile boolean keepingSources;
    private volatile long busySinceNanos; // 0 = waits
    private int timeoutMillis;
    private long longestPauseNanos;
    private boolean dry;

    private EventReceiver(
            FlowEventHandler handler, ReceiveObserver observer, boolean logsBytes, Epoll epoll, Wakeup wakeup) {
        this.handler = handler;
        this.observer = observer;
        this.epoll = epoll;
        this.wakeup = wakeup;
        decoder = new DatagramDecoder(handler, observer, logsBytes);
        dumpRing = new DumpRing(DUMP_RING_SLOTS, DUMP_RING_BYTES, wakeup::signal);
    }

    /** As the other method; damaged messages are logged with their first bytes. */
    public static EventReceiver open(FlowEventHandler handler, ReceiveObserver observer) throws NetlinkException {
        return open(handler, observer, true);
    }

    /**
     * Opens a receiver without sources; starts nothing.
     *
     * @param logsBytes whether damaged messages are logged with bytes that may hold addresses
     */
    public static EventReceiver open(FlowEventHandler handler, ReceiveObserver observer, boolean logsBytes)
            throws NetlinkException {
        Epoll epoll = Epoll.open();
        try {
            Wakeup wakeup = Wakeup.open();
            epoll.add(wakeup.fd(), WAKEUP_TOKEN);
            return new EventReceiver(handler, observer, logsBytes, epoll, wakeup);
        } catch (NetlinkException e) {
            epoll.close();
            throw e;
        }
    }

    /** Adds a source; the receiver owns it from now on and receives from it from the next pass on. */
    public void add(EventSocket source) {
        command(new Command(source, true));
    }

    /** Unsubscribes the source, drains it one last time, tells the handler and closes it. */
    public void remove(EventSocket source) {
        command(new Command(source, false));
    }

    /** Ends an idle wait, so that the handler's {@link FlowEventHandler#onPass} is called soon. Any thread. */
    public void wake() {
        wakeup.signal();
    }

    /** The ring through which a dump's messages enter the order of events. */
    public DumpRing dumpRing() {
        return dumpRing;
    }

    /**
     * Unsubscribes, drains the sockets and ends {@link #run}.
     *
     * @return whether it ended in time
     */
    public boolean stop(long timeoutMillis) throws InterruptedException {
        stopping = true;
        wakeup.signal();
        return !started || ended.await(timeoutMillis, TimeUnit.MILLISECONDS);
    }

    /**
     * Ends {@link #run} at once and leaves its sources subscribed and open, for another receiver: what the kernel has
     * queued in them is received there.
     *
     * @return whether it ended in time
     */
    public boolean handOver(long timeoutMillis) throws InterruptedException {
        keepingSources = true;
        return stop(timeoutMillis);
    }

    /** Receives until {@link #stop} or {@link #handOver}. */
    @Override
    public void run() {
        started = true;
        if (!ProcessControl.preferThread()) {
            LOG.debug("the receive thread has the priority of all others: neither CAP_SYS_NICE nor RLIMIT_NICE");
        }
        try {
            while (!stopping) {
                pass();
            }
            finish();
        } catch (NetlinkException e) {
            throw new UncheckedIOException(e);
        } finally {
            busySinceNanos = 0;
            if (!keepingSources) {
                sources.stream().filter(source -> source != null).forEach(EventSocket::close);
            }
            ended.countDown();
        }
    }

    /** For how long the thread has not waited, ns; 0 = it waits, or does not run. Any thread. */
    public long busyNanos() {
        long since = busySinceNanos;
        return since == 0 ? 0 : System.nanoTime() - since;
    }

    private void pass() throws NetlinkException {
        boolean applied = applyCommands(); // their signal may be drained already, and the handler has not seen them
        // Messages that a dump offered before this drain began; the events that the kernel sent before them come first.
        int waiting = Math.min(dumpRing.pending(), DUMPED_PER_PASS);
        busySinceNanos = 0;
        int ready = epoll.await(waiting > 0 || applied ? 0 : timeoutMillis);
        busySinceNanos = System.nanoTime();
        long received = drainReady(ready);
        int taken = dry ? dumpRing.take(decoder, waiting) : 0;
        long deadlineNanos = handler.onPass(System.nanoTime());
        if (received > 0 && dry) {
            pause(Math.min(DrainPace.pauseNanos(longestPauseNanos, received, taken), deadlineNanos));
        }
        timeoutMillis = received > 0 || taken > 0 ? 0 : millis(deadlineNanos);
    }

    private static void pause(long nanos) {
        if (nanos > 0) {
            LockSupport.parkNanos(nanos);
        }
    }

    /** Rounded up, so that the deadline has passed when the wait ends; -1 = no deadline. */
    private static int millis(long deadlineNanos) {
        if (deadlineNanos == Long.MAX_VALUE) {
            return -1;
        }
        long millis = (Math.max(deadlineNanos, 0) + 999_999) / 1_000_000;
        return (int) Math.min(millis, Integer.MAX_VALUE);
    }

    private long drainReady(int ready) throws NetlinkException {
        dry = ready < Epoll.MAX_EVENTS; // otherwise more may be ready
        long received = 0;
        for (int i = 0; i < ready; i++) {
            int token = epoll.token(i);
            if (token == WAKEUP_TOKEN) {
                wakeup.drain();
                continue;
            }
            EventSocket source = sources.get(token);
            if (source != null) {
                received += drain(source);
            }
        }
        return received;
    }

    /** Receives until the queue is empty or the rounds are used up ({@link #dry} false). */
    private long drain(EventSocket source) throws NetlinkException {
        long received = 0;
        int count = SLOTS;
        for (int round = 0; round < ROUNDS_PER_DRAIN && count != DatagramBatch.DRY; round++) {
            count = batch.receive(source.socket());
            if (count == DatagramBatch.OVERRUN) {
                observer.overrun();
            } else if (count > 0) {
                decode(source, count);
                received += count;
                count = count < SLOTS ? DatagramBatch.DRY : count; // fewer than requested: the queue was just empty
            }
        }
        dry &= count == DatagramBatch.DRY;
        int undecodable = decoder.takeUndecodable();
        if (undecodable > 0) {
            source.addUndecodable(undecodable);
        }
        observer.drained(received);
        handler.onDrained(source, source.readDrops());
        return received;
    }

    private void decode(EventSocket source, int count) {
        long receivedTimeNanos = Clock.realtimeNanos();
        int foreign = 0;
        for (int slot = 0; slot < count; slot++) {
            int offset = batch.offset(slot);
            if (!batch.fromKernel(slot)) {
                foreign++;
            } else if (batch.truncated(slot)) {
                decoder.truncated(source, batch.buffer(), offset, batch.lengthBytes(slot));
            } else {
                decoder.decode(source, batch.buffer(), offset, batch.lengthBytes(slot), receivedTimeNanos);
            }
            if (slot == 0) {
                recordLag(receivedTimeNanos);
            }
        }
        decoder.deliver(source, receivedTimeNanos);
        observer.received(count);
        if (foreign > 0) {
            foreign(source, foreign);
        }
    }

    private void foreign(EventSocket source, int count) {
        source.addForeign(count);
        long suppressed = foreignLog.admit(System.nanoTime());
        if (suppressed >= 0) {
            LOG.warn(
                    "datagrams that the kernel did not send are not decoded: netns={} foreignDatagrams={}; {}",
                    source.netns(),
                    source.foreignTotal(),
                    "a process with CAP_NET_ADMIN in this namespace sends to the event socket");
        }
    }

    private void recordLag(long receivedTimeNanos) {
        long lagNanos = decoder.lagNanos(receivedTimeNanos);
        if (lagNanos >= 0) {
            observer.lagged(lagNanos);
        }
    }

    private void command(Command command) {
        commands.add(command);
        wakeup.signal();
    }

    /** Whether there were any. */
    private boolean applyCommands() throws NetlinkException {
        boolean applied = false;
        for (Command command = commands.poll(); command != null; command = commands.poll()) {
            applied = true;
            if (command.add) {
                adopt(command.source);
            } else {
                release(command.source);
            }
        }
        return applied;
    }

    private void adopt(EventSocket source) throws NetlinkException {
        int token = sources.indexOf(null);
        if (token < 0) {
            token = sources.size();
            sources.add(source);
        } else {
            sources.set(token, source);
        }
        epoll.add(source.socket().fd(), token);
        observer.added(source);
        setPace();
    }

    private void release(EventSocket source) throws NetlinkException {
        int token = sources.indexOf(source);
        if (token >= 0) {
            drainFinally(source);
            epoll.remove(source.socket().fd());
            sources.set(token, null);
            observer.removed(source);
            setPace();
        }
        source.close();
    }

    private void setPace() {
        long smallest = sources.stream()
                .filter(source -> source != null)
                .mapToLong(EventSocket::capacityEvents)
                .min()
                .orElse(0);
        longestPauseNanos = DrainPace.longestNanos(smallest);
    }

    private void finish() throws NetlinkException {
        applyCommands();
        for (EventSocket source : sources) {
            if (source != null && keepingSources) {
                observer.removed(source);
                handler.onRemoved(source);
            } else if (source != null) {
                drainFinally(source);
            }
        }
        handler.onPass(System.nanoTime());
    }

    /** An unsubscribed socket holds at most its buffer; the time limit is for an unsubscribe that fails. */
    private void drainFinally(EventSocket source) throws NetlinkException {
        try {
            source.unsubscribe();
        } catch (NetlinkException e) {
            LOG.warn("cannot unsubscribe: netns={}", source.netns(), e);
        }
        long start = System.nanoTime();
        do {
            dry = true;
            drain(source);
        } while (!dry && System.nanoTime() - start < FINAL_DRAIN_NANOS);
        handler.onRemoved(source);
    }

    /** Frees what {@link #open} acquired, if {@link #run} has ended or never began. */
    @Override
    public void close() {
        if (!started || ended.getCount() == 0) {
            for (Command command = commands.poll(); command != null; command = commands.poll()) {
                command.source.close();
            }
            batch.close();
            wakeup.close();
            epoll.close();
        }
    }

    private record Command(EventSocket source, boolean add) {}
}
