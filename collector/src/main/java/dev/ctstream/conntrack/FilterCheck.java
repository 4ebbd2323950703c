package dev.ctstream.conntrack;

import dev.ctstream.metrics.Check;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.SocketFilter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** The self-test of the filter: the kernel and this program judge recorded events alike. Needs no privilege. */
public final class FilterCheck {
    private static final String NAME = "filter";
    private static final String SCOPE = "filter.*";
    private static final String REMEDY = "leave out the filter.* keys, and report this with the kernel's version";

    private FilterCheck() {}

    /**
     * The check.
     *
     * @param program of the filter
     */
    public static Check look(FlowFilter filter, SocketFilter program) {
        List<byte[]> recorded = DatagramFeed.recordedDatagrams();
        String wanted = "one verdict of the kernel and of ctstream on " + recorded.size() + " recorded events";
        List<Integer> differences = new ArrayList<>();
        try {
            List<Boolean> verdicts = program.judge(recorded);
            for (int i = 0; i < recorded.size(); i++) {
                if (verdicts.get(i) != admits(filter, recorded.get(i))) {
                    differences.add(i);
                }
            }
        } catch (NetlinkException e) {
            return Check.fail(
                    NAME,
                    SCOPE,
                    String.valueOf(e.getMessage()),
                    wanted,
                    e.errno() == Errno.ENOMEM
                            ? "raise net.core.optmem_max, or name fewer, larger networks or ranges"
                            : REMEDY);
        }
        return differences.isEmpty()
                ? Check.ok(NAME, SCOPE, filter + ", a program of " + program.size() + " instructions", wanted)
                : Check.fail(NAME, SCOPE, "they differ on the events " + differences, wanted, REMEDY);
    }

    private static boolean admits(FlowFilter filter, byte[] datagram) {
        FlowEvent event = new FlowEvent();
        ByteBuffer buffer = ByteBuffer.wrap(datagram).order(ByteOrder.nativeOrder());
        return new FlowDecoder().decode(event, buffer, 0, datagram.length) && filter.admits(event);
    }
}
