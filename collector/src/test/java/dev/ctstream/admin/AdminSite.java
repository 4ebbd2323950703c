package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.Flows;
import dev.ctstream.conntrack.TestNamespace;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.NetlinkException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * A namespace for tests that change entries, with 10 000 decoy entries in a separate zone, and a second namespace with
 * as many more. {@link #assertDecoysIntact} fails when one of them is missing or was replaced.
 */
public final class AdminSite implements AutoCloseable {
    public static final int DECOYS = 10_000;
    public static final int DECOY_ZONE = 50_000;

    private static final long HOUR_SECONDS = 3600;

    private final TestNamespace namespace;
    private final TestNamespace other;
    private final Entries entries;
    private long sum;
    private long otherSum;

    private AdminSite(TestNamespace namespace, TestNamespace other) throws NetlinkException {
        this.namespace = namespace;
        this.other = other;
        entries = Entries.open(namespace.handle());
    }

    /** Opens the namespaces and creates the decoys. */
    public static AdminSite open() throws IOException {
        AdminSite site = new AdminSite(TestNamespace.create(), TestNamespace.create());
        for (TestNamespace each : new TestNamespace[] {site.namespace, site.other}) {
            try (ConntrackTable table = ConntrackTable.open(each.handle())) {
                for (int i = 0; i < DECOYS; i++) {
                    table.create(decoy(i));
                }
            }
        }
        site.sum = fingerprint(site.namespace);
        site.otherSum = fingerprint(site.other);
        return site;
    }

    private static FlowSpec decoy(int number) {
        TupleSpec tuple = number % 2 == 0
                ? Flows.udp(number)
                : Flows.tuple("fd0d::" + Integer.toHexString(number), "fd0d::1:0", new TupleSpec.Ports(6, 1, 2));
        return FlowSpec.of(tuple)
                .zone(ZoneScope.both(DECOY_ZONE))
                .timeoutSeconds(HOUR_SECONDS)
                .build();
    }

    /** One value computed from the number and the ids of the decoys. */
    private static long fingerprint(TestNamespace namespace) throws IOException {
        try (Entries entries = Entries.open(namespace.handle())) {
            long[] sum = new long[1];
            long count = entries.list(EntryFilter.zone(DECOY_ZONE), entry -> sum[0] += entry.id());
            assertThat(count).as("decoys").isEqualTo(DECOYS);
            return sum[0];
        }
    }

    /** Fails unless every decoy is still the original entry. */
    public void assertDecoysIntact() throws IOException {
        assertThat(fingerprint(namespace)).isEqualTo(sum);
        assertThat(fingerprint(other)).isEqualTo(otherSum);
    }

    /** As {@link #assertDecoysIntact}, but only for the other namespace, after a flush of everything in this one. */
    public void assertOtherDecoysIntact() throws IOException {
        assertThat(fingerprint(other)).isEqualTo(otherSum);
    }

    public TestNamespace namespace() {
        return namespace;
    }

    public Entries entries() {
        return entries;
    }

    /** A path that names the namespace in this process and in its children. */
    public String path() {
        String target = "net:[" + namespace.handle().inode() + "]";
        long pid = ProcessHandle.current().pid();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            return descriptors
                    .filter(fd -> {
                        try {
                            return Files.readSymbolicLink(fd).toString().equals(target);
                        } catch (IOException e) {
                            return false; // closed in the meantime
                        }
                    })
                    .findFirst()
                    .orElseThrow()
                    .toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        entries.close();
        namespace.close();
        other.close();
    }
}
