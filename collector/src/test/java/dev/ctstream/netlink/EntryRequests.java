package dev.ctstream.netlink;

import java.util.concurrent.atomic.AtomicInteger;

/** Requests for numbered conntrack entries, which the kernel creates, dumps and refuses in these tests. */
final class EntryRequests {
    static final int CT_NEW = 0x0100;
    static final int CT_GET = 0x0101;
    static final int CT_DELETE = 0x0102;
    private static final int AF_INET = 2;
    private static final int CTA_TUPLE_ORIG = 1;
    private static final int CTA_TUPLE_REPLY = 2;
    private static final int CTA_TIMEOUT = 7;
    private static final int UDP = 17;
    private static final int CLIENT = 0x0A01_0001;
    private static final int SERVER = 0x0A01_0002;
    private static final int SERVER_PORT = 53;

    private EntryRequests() {}

    /** Appends a request that creates the i-th UDP entry. */
    static MessageWriter create(MessageWriter out, int i, int flags) {
        out.startNetfilter(CT_NEW, NlMsgHdr.NLM_F_CREATE | NlMsgHdr.NLM_F_EXCL | flags, 0, AF_INET, 0, 0);
        tuple(out, CTA_TUPLE_ORIG, CLIENT, SERVER, 1024 + i, SERVER_PORT);
        tuple(out, CTA_TUPLE_REPLY, SERVER, CLIENT, SERVER_PORT, 1024 + i);
        return out.be32(CTA_TIMEOUT, 600);
    }

    /** A request that gets the i-th entry. */
    static MessageWriter get(int i) {
        MessageWriter out = new MessageWriter().startNetfilter(CT_GET, 0, 0, AF_INET, 0, 0);
        tuple(out, CTA_TUPLE_ORIG, CLIENT, SERVER, 1024 + i, SERVER_PORT);
        return out;
    }

    static MessageWriter dumpRequest() {
        return new MessageWriter().startNetfilter(CT_GET, 0, 0, 0, 0, 0);
    }

    static void createMany(RequestChannel channel, int count) throws NetlinkException {
        for (int i = 0; i < count; i++) {
            channel.execute(create(new MessageWriter(), i, 0));
        }
    }

    static int count(RequestChannel channel) throws NetlinkException {
        AtomicInteger entries = new AtomicInteger();
        channel.dump(dumpRequest(), reply -> entries.incrementAndGet());
        return entries.get();
    }

    private static void tuple(MessageWriter out, int type, int from, int to, int fromPort, int toPort) {
        int tuple = out.beginNest(type);
        int ip = out.beginNest(1);
        out.be32(1, from).be32(2, to).endNest(ip);
        int protocol = out.beginNest(2);
        out.u8(1, UDP).be16(2, fromPort).be16(3, toPort).endNest(protocol).endNest(tuple);
    }
}
