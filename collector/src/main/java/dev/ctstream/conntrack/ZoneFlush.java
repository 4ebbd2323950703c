package dev.ctstream.conntrack;

import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NlMsgHdr;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Deletes one zone and nothing else. Kernels before 6.8 ignore {@code CTA_ZONE} in a DELETE without a tuple and delete
 * the whole table; whether this one does is found by trying the same filter on a dump, never by its version.
 *
 * <p>Threads: confined to the table's.
 */
final class ZoneFlush {
    private static final int ZONES = 1 << 16;
    private static final int KEYS_PER_ROUND = 10_000;
    private static final long PROBE_TIMEOUT_SECONDS = 10;
    private static final int IPPROTO_UDP = 17;
    private static final int DISCARD_PORT = 9;

    private final ConntrackTable table;
    private @Nullable Boolean honoured;

    ZoneFlush(ConntrackTable table) {
        this.table = table;
    }

    /**
     * Enters an entry of its own into an unused zone and dumps that zone: the kernel filters if exactly this entry comes
     * back, marked as filtered. Asked once; raises a NEW and a DESTROY.
     */
    boolean kernelHonoursZone() throws NetlinkException {
        Boolean known = honoured;
        if (known == null) {
            known = probe();
            honoured = known;
        }
        return known;
    }

    private boolean probe() throws NetlinkException {
        int zone = unusedZone();
        if (zone < 0) {
            return false;
        }
        TupleSpec tuple = probeTuple();
        table.create(FlowSpec.of(tuple)
                .zone(ZoneScope.both(zone))
                .timeoutSeconds(PROBE_TIMEOUT_SECONDS)
                .status(IpsStatus.IPS_CONFIRMED)
                .build());
        List<FlowKey> seen = new ArrayList<>();
        boolean[] unfiltered = new boolean[1];
        FlowEvent event = new FlowEvent();
        table.dumpMessages(DumpFilter.zone(zone), message -> {
            if (event.wrap(message.buffer(), message.offset(), message.lengthBytes())) {
                unfiltered[0] |= (message.flags() & NlMsgHdr.NLM_F_DUMP_FILTERED) == 0;
                if (event.zone() == zone) {
                    seen.add(FlowKey.of(event));
                } else {
                    unfiltered[0] = true;
                }
            }
        });
        boolean exactlyOurs = seen.size() == 1 && seen.get(0).original().equals(tuple);
        for (FlowKey key : seen) {
            if (key.original().equals(tuple)) {
                deleteIfThere(key);
            }
        }
        return exactlyOurs && !unfiltered[0];
    }

    private int unusedZone() throws NetlinkException {
        BitSet used = new BitSet(ZONES);
        table.dump(DumpFilter.ALL, entry -> used.set(ZoneScope.of(entry).zone()));
        return used.previousClearBit(ZONES - 1);
    }

    /** From TEST-NET-1 to itself, discard: no packet looks like this. */
    private static TupleSpec probeTuple() {
        try {
            InetAddress address = InetAddress.getByAddress(new byte[] {(byte) 192, 0, 2, 1});
            return new TupleSpec(address, address, new TupleSpec.Ports(IPPROTO_UDP, DISCARD_PORT, DISCARD_PORT));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // never for four bytes
        }
    }

    /** Lists the zone and deletes what was listed, in rounds of bounded memory, until it is empty. */
    void deleteOneByOne(int zone) throws NetlinkException {
        List<FlowKey> keys = new ArrayList<>();
        do {
            keys.clear();
            table.dump(DumpFilter.zone(zone), entry -> {
                keys.add(FlowKey.of(entry));
                if (keys.size() >= KEYS_PER_ROUND) {
                    table.stopDump();
                }
            });
            for (FlowKey key : keys) {
                deleteIfThere(key);
            }
        } while (keys.size() >= KEYS_PER_ROUND);
    }

    private void deleteIfThere(FlowKey key) throws NetlinkException {
        try {
            table.delete(key);
        } catch (NetlinkException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }
}
