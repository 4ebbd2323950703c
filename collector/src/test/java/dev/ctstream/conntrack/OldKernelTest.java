package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.record.AddressPrefix;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The table on kernels that ignore filters. */
class OldKernelTest {
    @ParameterizedTest
    @EnumSource(FakeKernel.Generation.class)
    void aZoneFlushDeletesOnlyTheZone(FakeKernel.Generation generation) throws NetlinkException {
        FakeKernel kernel = full(generation);
        try (ConntrackTable table = ConntrackTable.over(kernel)) {
            int before = kernel.size();
            int inZone = list(table, DumpFilter.zone(7)).size();
            table.flush(new Flush.Zone(7));
            assertThat(inZone).isPositive();
            assertThat(kernel.size()).isEqualTo(before - inZone);
            table.flush(new Flush.Zone(1234));
            assertThat(kernel.size()).isEqualTo(before - inZone);
            assertThat(table.honoursZoneFlush()).isEqualTo(generation == FakeKernel.Generation.V6_12);
        }
    }

    @Test
    void aFullTableProvesNothingSoTheZoneIsDeletedEntryByEntry() throws NetlinkException {
        FakeKernel kernel = full(FakeKernel.Generation.V6_12);
        kernel.refuseCreate(Errno.ENOMEM);
        try (ConntrackTable table = ConntrackTable.over(kernel)) {
            assertThat(table.honoursZoneFlush()).isFalse();
            int before = kernel.size();
            int inZone = list(table, DumpFilter.zone(7)).size();
            table.flush(new Flush.Zone(7));
            assertThat(kernel.size()).isEqualTo(before - inZone);
        }
    }

    @ParameterizedTest
    @EnumSource(FakeKernel.Generation.class)
    void aFilterAppliesWhateverTheKernelIgnores(FakeKernel.Generation generation) throws NetlinkException {
        FakeKernel kernel = full(generation);
        DumpFilter.Masked one = new DumpFilter.Masked(1, 1);
        TupleMatch tcp = new TupleMatch(6, null, null, null, 80, null, null, null);
        TupleMatch v6 = new TupleMatch(null, AddressPrefix.parse("fd09:2::1"), null, null, null, null, null, null);
        try (ConntrackTable table = ConntrackTable.over(kernel)) {
            for (DumpFilter filter : List.of(
                    DumpFilter.zone(7),
                    DumpFilter.family(NfGenMsg.AF_INET6),
                    new DumpFilter(NfGenMsg.AF_UNSPEC, 42, one, null),
                    new DumpFilter(NfGenMsg.AF_UNSPEC, null, null, new DumpFilter.Masked(8, 8)),
                    new DumpFilter(NfGenMsg.AF_INET, null, null, null, tcp, TupleMatch.ANY),
                    new DumpFilter(NfGenMsg.AF_INET6, 7, null, null, v6, TupleMatch.ANY))) {
                List<Long> all = new ArrayList<>();
                table.dump(DumpFilter.ALL, entry -> {
                    if (filter.matches(entry)) {
                        all.add(entry.id());
                    }
                });
                assertThat(list(table, filter)).as("%s", filter).isEqualTo(all);
            }
        }
    }

    private static List<Long> list(ConntrackTable table, DumpFilter filter) throws NetlinkException {
        List<Long> ids = new ArrayList<>();
        table.dump(filter, entry -> ids.add(entry.id()));
        return ids;
    }

    private static FakeKernel full(FakeKernel.Generation generation) throws NetlinkException {
        FakeKernel kernel = new FakeKernel(generation);
        ConntrackTable table = ConntrackTable.over(kernel);
        for (FlowSpec flow : Flows.all()) {
            table.create(flow);
        }
        return kernel;
    }
}
