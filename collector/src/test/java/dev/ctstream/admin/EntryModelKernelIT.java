package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.admin.Entries.Deleted;
import dev.ctstream.conntrack.EntryKey;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.Flows;
import dev.ctstream.conntrack.Flush;
import dev.ctstream.conntrack.IpsStatus;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Runs thousands of random operations on the kernel's table and on a map; after every few operations both must be
 * equal.
 */
class EntryModelKernelIT {
    private static final int OPERATIONS = Integer.getInteger("entries.operations", 2_500);
    private static final int COMPARE_EVERY = 40;
    private static final long SEED = Long.getLong("test.seed", 20_240_607);

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final Map<TupleInZone, Long> model = new HashMap<>(); // marks
    private final Map<String, Integer> done = new HashMap<>();
    private AdminSite site;
    private Entries entries;

    private record TupleInZone(TupleSpec original, ZoneScope zone) {}

    @BeforeEach
    void open() throws IOException {
        site = AdminSite.open();
        entries = site.entries();
    }

    @AfterEach
    void close() {
        site.close();
    }

    @Test
    void theTableAlwaysEqualsTheModel() throws Exception {
        for (int i = 1; i <= OPERATIONS; i++) {
            String operation = operate();
            done.merge(operation, 1, Integer::sum);
            if (i % COMPARE_EVERY == 0) {
                assertThat(table())
                        .as("seed %d, after %d operations, last %s", SEED, i, operation)
                        .isEqualTo(model);
            }
        }
        assertThat(done.keySet()).hasSize(11);
        site.assertDecoysIntact();
    }

    private Map<TupleInZone, Long> table() throws IOException {
        Map<TupleInZone, Long> table = new HashMap<>();
        entries.list(EntryFilter.ALL, entry -> {
            EntryKey key = EntryKey.of(entry);
            if (key.zone().zone() != AdminSite.DECOY_ZONE) {
                table.put(new TupleInZone(key.original(), key.zone()), entry.mark());
            }
        });
        return table;
    }

    private String operate() throws Exception {
        int choice = random.nextInt(100);
        if (choice < 55) {
            return create();
        } else if (choice < 70) {
            return replace();
        } else if (choice < 80) {
            return deleteOne();
        } else if (choice < 90) {
            return deleteByFilter();
        } else if (choice < 97) {
            return flushZone();
        }
        return wrongDelete();
    }

    private TupleInZone tuple() {
        int kind = random.nextInt(Flows.ZONES.size());
        boolean v6 = random.nextInt(3) == 0;
        String prefix = v6 ? "fd09:" + kind + "::" : "10.9." + kind + ".";
        int from = 1 + random.nextInt(6);
        int to = 1 + random.nextInt(6);
        TupleSpec.Layer4 layer4 = switch (random.nextInt(6)) {
            case 0 -> new TupleSpec.Ports(6, 1 + random.nextInt(4), 1 + random.nextInt(4));
            case 1 -> new TupleSpec.Ports(17, 1 + random.nextInt(4), 1 + random.nextInt(4));
            case 2 -> new TupleSpec.Ports(132, 1, 1 + random.nextInt(4));
            case 3 -> new TupleSpec.Ports(47, 0, random.nextInt(4));
            case 4 -> new TupleSpec.Icmp(v6 ? 58 : 1, v6 ? 128 : 8, 0, random.nextInt(4));
            default -> new TupleSpec.AddressesOnly(99);
        };
        return new TupleInZone(Flows.tuple(prefix + from, prefix + to, layer4), Flows.ZONES.get(kind));
    }

    private FlowSpec spec(TupleInZone tuple, long mark) {
        return FlowSpec.of(tuple.original)
                .zone(tuple.zone)
                .timeoutSeconds(3600)
                .status(IpsStatus.IPS_CONFIRMED)
                .mark(mark)
                .build();
    }

    /** Whether another entry already uses the tuple or its inverse, as original or reply. */
    private boolean taken(TupleInZone tuple) {
        TupleInZone inverse = new TupleInZone(tuple.original.inverse(), tuple.zone);
        return model.containsKey(tuple) || model.containsKey(inverse);
    }

    private String create() throws NetlinkException {
        TupleInZone tuple = tuple();
        long mark = random.nextInt(4);
        boolean taken = taken(tuple);
        try {
            entries.create(spec(tuple, mark), false);
            assertThat(taken).as("%s was taken, seed %d", tuple, SEED).isFalse();
            model.put(tuple, mark);
            return "create";
        } catch (NetlinkException e) {
            assertThat(e.errno()).isEqualTo(Errno.EEXIST);
            assertThat(taken).as("%s was free, seed %d", tuple, SEED).isTrue();
            return "create taken";
        }
    }

    private String replace() throws NetlinkException {
        TupleInZone tuple = tuple();
        long mark = random.nextInt(4);
        boolean blocked = !model.containsKey(tuple) && taken(tuple);
        try {
            Entries.Created created = entries.create(spec(tuple, mark), true);
            assertThat(blocked).isFalse();
            assertThat(created == Entries.Created.UPDATED).isEqualTo(model.containsKey(tuple));
            model.put(tuple, mark);
            return "replace " + created;
        } catch (NetlinkException e) {
            assertThat(e.errno()).isEqualTo(Errno.EEXIST);
            assertThat(blocked).as("%s, seed %d", tuple, SEED).isTrue();
            return "replace blocked";
        }
    }

    private String deleteOne() throws Exception {
        TupleInZone tuple = tuple();
        Map<String, String> fields = exact(tuple);
        try (Selection selection = entries.select(EntryFields.filter(fields, ""))) {
            assertThat(selection.count()).isEqualTo(model.containsKey(tuple) ? 1 : 0);
            Deleted deleted = selection.delete(failure -> {
                throw new AssertionError(failure.text());
            });
            assertThat(deleted.deleted()).isEqualTo(selection.count());
            return model.remove(tuple) == null ? "delete one missing" : "delete one";
        }
    }

    private static Map<String, String> exact(TupleInZone tuple) {
        Map<String, String> fields = new HashMap<>();
        switch (tuple.zone.direction()) {
            case BOTH -> fields.put("zone", "" + tuple.zone.zone());
            case ORIGINAL -> fields.put("original-zone", "" + tuple.zone.zone());
            case REPLY -> fields.put("reply-zone", "" + tuple.zone.zone());
        }
        fields.put("protocol", "" + tuple.original.protocol());
        fields.put("source", tuple.original.source().getHostAddress());
        fields.put("destination", tuple.original.destination().getHostAddress());
        if (tuple.original.layer4() instanceof TupleSpec.Ports ports) {
            fields.put("source-port", "" + ports.source());
            fields.put("destination-port", "" + ports.destination());
        } else if (tuple.original.layer4() instanceof TupleSpec.Icmp icmp) {
            fields.put("icmp-type", "" + icmp.type());
            fields.put("icmp-code", "" + icmp.code());
            fields.put("icmp-id", "" + icmp.id());
        }
        return fields;
    }

    private String deleteByFilter() throws Exception {
        Map<String, String> fields = new HashMap<>();
        List<Predicate<Map.Entry<TupleInZone, Long>>> all = new ArrayList<>();
        ZoneScope scope = Flows.ZONES.get(random.nextInt(Flows.ZONES.size()));
        fields.put("zone", "" + scope.zone());
        all.add(entry -> entry.getKey().zone.zone() == scope.zone());
        if (random.nextBoolean()) {
            int protocol = random.nextBoolean() ? 17 : 6;
            fields.put("protocol", "" + protocol);
            all.add(entry -> entry.getKey().original.protocol() == protocol);
        }
        if (random.nextBoolean()) {
            long mark = random.nextInt(4);
            fields.put("mark", mark + "/0x3");
            all.add(entry -> entry.getValue() == mark);
        }
        if (random.nextBoolean()) {
            fields.put("family", "ipv6");
            all.add(entry -> entry.getKey().original.family() == 10);
        }
        Set<TupleInZone> doomed = new HashSet<>();
        model.entrySet().stream()
                .filter(all.stream().reduce(entry -> true, Predicate::and))
                .forEach(entry -> doomed.add(entry.getKey()));
        try (Selection selection = entries.select(EntryFields.filter(fields, ""))) {
            assertThat(selection.count()).as("%s, seed %d", fields, SEED).isEqualTo(doomed.size());
            assertThat(selection.delete(failure -> {}).deleted()).isEqualTo(doomed.size());
        }
        model.keySet().removeAll(doomed);
        return doomed.isEmpty() ? "delete none" : "delete by filter";
    }

    private String flushZone() throws IOException {
        ZoneScope scope = Flows.ZONES.get(random.nextInt(Flows.ZONES.size()));
        long inZone = model.keySet().stream()
                .filter(tuple -> tuple.zone.zone() == scope.zone())
                .count();
        Entries.Flushed flushed = entries.flush(new Flush.Zone(scope.zone()), failure -> {});
        assertThat(flushed.entries()).isEqualTo(inZone);
        model.keySet().removeIf(tuple -> tuple.zone.zone() == scope.zone());
        return "flush";
    }

    /** Deletes with an id that differs from the entry's. */
    private String wrongDelete() throws NetlinkException {
        TupleInZone tuple = tuple();
        try {
            entries.table().delete(new EntryKey(tuple.original, tuple.zone, random.nextLong(1L << 32)));
            throw new AssertionError("deleted by a wrong id");
        } catch (NetlinkException e) {
            assertThat(e.errno()).isEqualTo(Errno.ENOENT);
        }
        return "delete by a wrong id";
    }
}
