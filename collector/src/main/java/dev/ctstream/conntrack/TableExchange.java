package dev.ctstream.conntrack;

import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.netlink.RequestChannel;
import dev.ctstream.netlink.RequestChannel.ReplyHandler;
import org.jspecify.annotations.Nullable;

/**
 * Answers the requests of a {@link ConntrackTable}: the kernel, see {@link #kernel}, or in tests a fake that behaves
 * like other kernel versions.
 *
 * <p>Ownership: the table that it was given to closes it. Threads: confined to the table's thread.
 */
public interface TableExchange extends AutoCloseable {
    /** As {@link RequestChannel#query}. */
    void query(MessageWriter request, ReplyHandler handler) throws NetlinkException;

    /** As {@link RequestChannel#dump}. */
    void dump(MessageWriter request, ReplyHandler handler) throws NetlinkException;

    /** As {@link RequestChannel#stopDump}. */
    void stopDump();

    /** As {@link RequestChannel#portId}. */
    long portId();

    /** As {@link RequestChannel#netnsId}. */
    String netnsId() throws NetlinkException;

    @Override
    void close();

    /** The kernel's table of a namespace, null = the calling thread's. */
    static TableExchange kernel(@Nullable NetworkNamespace namespace) throws NetlinkException {
        int protocol = NetlinkSocket.NETLINK_NETFILTER;
        RequestChannel channel =
                namespace == null ? RequestChannel.open(protocol) : RequestChannel.open(namespace, protocol);
        return new TableExchange() {
            @Override
            public void query(MessageWriter request, ReplyHandler handler) throws NetlinkException {
                channel.query(request, handler);
            }

            @Override
            public void dump(MessageWriter request, ReplyHandler handler) throws NetlinkException {
                channel.dump(request, handler);
            }

            @Override
            public void stopDump() {
                channel.stopDump();
            }

            @Override
            public long portId() {
                return channel.portId();
            }

            @Override
            public String netnsId() throws NetlinkException {
                return channel.netnsId();
            }

            @Override
            public void close() {
                channel.close();
            }
        };
    }
}
