package dev.ctstream.conntrack;

import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NlMsgHdr;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Deletes one zone and nothing else. Kernels before 6.8 ignore {@code CTA_ZONE} in a DELETE without a tuple and delete
 * the whole table; whether this kernel does is found by trying the same filter on a dump, never by its version.
 *
 * <p>Threads: confined to the table's thread.
 */
final class ZoneFlush {
    private static final int ZONES = 1 << 16;
    private static final int ATTEMPTS = 8;
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
     * Creates its own entry in an unused zone and dumps that zone: the kernel filters if exactly this entry comes back,
     * flagged as filtered. Runs once; raises a NEW and a DESTROY.
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
        TupleSpec tuple = probeTuple();
        int zone = unusedZone();
        for (int attempt = 0; attempt < ATTEMPTS && zone >= 0; attempt++, zone = unusedZone()) {
            try {
                table.create(FlowSpec.of(tuple)
                        .zone(ZoneScope.both(zone))
                        .timeoutSeconds(PROBE_TIMEOUT_SECONDS)
                        .status(IpsStatus.IPS_CONFIRMED)
                        .build());
            } catch (NetlinkException e) {
                if (e.errno() == Errno.EEXIST) {
                    continue; // another process probes in that zone
                }
                if (e.errno() == Errno.ENOMEM || e.errno() == Errno.ENOSPC) {
                    return false; // the table is full: nothing is proven
                }
                throw e;
            }
            return exactlyOurs(zone, tuple);
        }
        return false;
    }

    private boolean exactlyOurs(int zone, TupleSpec tuple) throws NetlinkException {
        List<EntryKey> ours = new ArrayList<>();
        boolean[] others = new boolean[1];
        FlowDecoder decoder = new FlowDecoder();
        FlowEvent event = new FlowEvent();
        table.dumpMessages(DumpFilter.zone(zone), message -> {
            boolean filtered = (message.flags() & NlMsgHdr.NLM_F_DUMP_FILTERED) != 0;
            boolean read = decoder.decode(event, message.buffer(), message.offset(), message.lengthBytes());
            if (read && ZoneScope.zoneOf(event) == zone && isProbe(event, tuple)) {
                ours.add(EntryKey.of(event));
                others[0] |= !filtered;
            } else {
                others[0] = true;
            }
        });
        for (EntryKey key : ours) {
            deleteIfThere(key);
        }
        return ours.size() == 1 && !others[0];
    }

    private static boolean isProbe(FlowEvent event, TupleSpec tuple) {
        return event.family() == tuple.family()
                && TupleSpec.of(event.original()).equals(tuple);
    }

    /** A random one, so that processes that probe at the same time rarely collide. */
    private int unusedZone() throws NetlinkException {
        BitSet used = new BitSet(ZONES);
        table.dump(DumpFilter.ALL, entry -> used.set(ZoneScope.zoneOf(entry)));
        int zone = used.previousClearBit(ThreadLocalRandom.current().nextInt(1, ZONES));
        return zone > 0 ? zone : used.previousClearBit(ZONES - 1);
    }

    /** From TEST-NET-1 to itself, port discard: no real packet looks like this. */
    private static TupleSpec probeTuple() {
        try {
            InetAddress address = InetAddress.getByAddress(new byte[] {(byte) 192, 0, 2, 1});
            return new TupleSpec(address, address, new TupleSpec.Ports(IPPROTO_UDP, DISCARD_PORT, DISCARD_PORT));
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // impossible for four bytes
        }
    }

    /** Lists the zone and deletes the listed entries, in rounds of bounded memory, until it is empty. */
    void deleteOneByOne(int zone) throws NetlinkException {
        List<EntryKey> keys = new ArrayList<>();
        do {
            keys.clear();
            table.dump(DumpFilter.zone(zone), entry -> {
                keys.add(EntryKey.of(entry));
                if (keys.size() >= KEYS_PER_ROUND) {
                    table.stopDump();
                }
            });
            for (EntryKey key : keys) {
                deleteIfThere(key);
            }
        } while (keys.size() >= KEYS_PER_ROUND);
    }

    private void deleteIfThere(EntryKey key) throws NetlinkException {
        try {
            table.delete(key);
        } catch (NetlinkException e) {
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }
}
