package dev.ctstream.conntrack;

import dev.ctstream.metrics.Check;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.netlink.ReceiveBufferGrant;
import dev.ctstream.netlink.SocketFilter;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The socket on which one network namespace's flow events arrive. It never sends anything.
 *
 * <p>{@code NETLINK_NO_ENOBUFS}: an overrun sets no error and no congestion (which would refuse every event until the
 * queue is empty), and the drop counter gives the exact number of lost events.
 *
 * <p>Ownership: the opener closes it, unless it is added to an {@link EventReceiver}, which then closes it.
 *
 * <p>Threads: opened by any thread, received from by the receive thread only; any thread may read the totals.
 *
 * <p>Errors: {@link NetlinkException}; EPERM without CAP_NET_ADMIN over the namespace.
 */
public final class EventSocket implements EventSource, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EventSocket.class);
    private static final AtomicInteger NEXT_INDEX = new AtomicInteger();

    private final int index = NEXT_INDEX.getAndIncrement();
    private final String netns;
    private volatile String netnsId;
    private final NetlinkSocket socket;
    private final SubscriptionConfig config;
    private volatile ReceiveBufferGrant grant;
    private final DropCounter drops = new DropCounter();
    private final @Nullable OwnConnections own; // those to leave out
    private final AtomicLong undecodable = new AtomicLong();
    private final AtomicLong foreign = new AtomicLong();

    private EventSocket(
            String netns, boolean ours, NetlinkSocket socket, SubscriptionConfig config, ReceiveBufferGrant grant)
            throws NetlinkException {
        this.netns = netns;
        this.netnsId = socket.netnsId();
        this.socket = socket;
        this.config = config;
        this.grant = grant;
        own = ours && config.filter().dropsOwnConnections() ? new OwnConnections() : null;
    }

    /**
     * Subscribes; every event after this returns is received or counted as dropped.
     *
     * @param namespace null = the calling thread's
     * @param netnsLabel {@link EventSource#netns}
     */
    public static EventSocket open(@Nullable NetworkNamespace namespace, String netnsLabel, SubscriptionConfig config)
            throws NetlinkException {
        EventSocket opened = open(namespace, netnsLabel, config, config.receiveBufferBytes());
        Check buffer = bufferCheck(netnsLabel, opened.grant);
        if (!buffer.isOk()) {
            LOG.warn("{}", buffer.sentence());
        }
        return opened;
    }

    /** As the other method, with another receive buffer than the configuration says for one that is named there. */
    public static EventSocket open(
            @Nullable NetworkNamespace namespace, String netnsLabel, SubscriptionConfig config, int receiveBufferBytes)
            throws NetlinkException {
        int protocol = NetlinkSocket.NETLINK_NETFILTER;
        NetlinkSocket socket =
                namespace == null ? NetlinkSocket.open(protocol) : NetlinkSocket.open(namespace, protocol);
        try {
            return subscribe(socket, netnsLabel, namespace == null, config, receiveBufferBytes);
        } catch (NetlinkException e) {
            socket.close();
            throw e.during(
                    "subscribe to conntrack events of network namespace " + netnsLabel + " (" + e.operation() + ")");
        }
    }

    private static EventSocket subscribe(
            NetlinkSocket socket, String netns, boolean ours, SubscriptionConfig config, int receiveBufferBytes)
            throws NetlinkException {
        socket.setOption(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_NO_ENOBUFS, 1);
        deliver(socket, config);
        ReceiveBufferGrant grant = socket.requestReceiveBuffer(receiveBufferBytes);
        SocketFilter program = config.filter().program();
        if (program != null) {
            program.attach(socket); // first: no event may arrive unfiltered
        }
        for (int group : config.groups()) {
            socket.join(group);
        }
        LOG.info(
                "subscribed: netns={} events={} filter={} delivery={} capacityEvents={} portId={}",
                netns,
                config.groups(),
                config.filter(),
                config.reliable() ? "reliable" : "counted",
                DrainPace.capacityEvents(grant.effectiveBytes()),
                socket.portId());
        return new EventSocket(netns, ours, socket, config, grant);
    }

    /**
     * Checks the receive buffer that the kernel granted.
     *
     * @param netns label of the namespace
     */
    public static Check bufferCheck(String netns, ReceiveBufferGrant grant) {
        String found = grant.effectiveBytes() / 2 + " bytes, room for "
                + DrainPace.capacityEvents(grant.effectiveBytes()) + " events";
        String wanted = grant.requestedBytes() + " bytes (socket.receive-buffer-bytes)";
        return grant.capped()
                ? Check.warn(
                        "receive-buffer",
                        "netns " + netns,
                        found,
                        wanted,
                        "raise net.core.rmem_max, or give CAP_NET_ADMIN in the initial user namespace")
                : Check.ok("receive-buffer", "netns " + netns, found, wanted);
    }

    @Override
    public int index() {
        return index;
    }

    @Override
    public String netns() {
        return netns;
    }

    @Override
    public String netnsId() {
        return netnsId;
    }

    /** Gives the namespace another identity than the kernel does. Before the socket is handed to a receiver. */
    public void identify(String id) {
        netnsId = id;
    }

    /** For options and counters; only the receive thread may receive from it. */
    public NetlinkSocket socket() {
        return socket;
    }

    public SubscriptionConfig config() {
        return config;
    }

    @Override
    public boolean reliable() {
        return config.reliable();
    }

    @Override
    public boolean admits(FlowEvent entry) {
        return config.filter().admits(entry);
    }

    /** Asks for another receive buffer; takes effect at once. What is queued stays. Any thread. */
    public void resize(int receiveBufferBytes) throws NetlinkException {
        grant = socket.requestReceiveBuffer(receiveBufferBytes);
    }

    @Override
    public boolean excludes(FlowEvent event, long receivedNanos) {
        return own != null && own.has(event, receivedNanos);
    }

    @Override
    public boolean selective() {
        return config.filter().judgesMarks();
    }

    @Override
    public boolean opens(FlowEvent event) {
        return config.filter().opens(event);
    }

    /** The receive buffer that the kernel granted. */
    public ReceiveBufferGrant grant() {
        return grant;
    }

    /** Events that fit into the receive buffer. */
    public long capacityEvents() {
        return DrainPace.capacityEvents(grant.effectiveBytes());
    }

    @Override
    public long dropsTotal() {
        return drops.total();
    }

    @Override
    public long undecodableTotal() {
        return undecodable.get();
    }

    /** Reads the kernel's drop counter; returns the drops since the last call. Receive thread only. */
    long readDrops() throws NetlinkException {
        return drops.advance(socket.drops());
    }

    /** Receive thread only. */
    void addUndecodable(long count) {
        undecodable.lazySet(undecodable.getPlain() + count);
    }

    @Override
    public long foreignTotal() {
        return foreign.get();
    }

    /** Receive thread only. */
    void addForeign(long count) {
        foreign.lazySet(foreign.getPlain() + count);
    }

    private static void deliver(NetlinkSocket socket, SubscriptionConfig config) throws NetlinkException {
        if (config.reliable()) {
            socket.setOption(NetlinkSocket.SOL_NETLINK, NetlinkSocket.NETLINK_BROADCAST_ERROR, 1);
        }
    }

    /** Delivers as the configuration says: an earlier run may have gone over to counted delivery. */
    public void deliverAsConfigured() throws NetlinkException {
        deliver(socket, config);
    }

    /** Stops new events; queued ones stay. */
    void unsubscribe() throws NetlinkException {
        for (int group : config.groups()) {
            socket.leave(group);
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
