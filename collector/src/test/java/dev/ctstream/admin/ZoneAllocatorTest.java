package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.admin.ZoneAllocator.NoFreeZoneException;
import dev.ctstream.admin.ZoneAllocator.Range;
import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.FakeKernel;
import dev.ctstream.conntrack.Flows;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ZoneAllocatorTest {
    private final FakeKernel kernel = new FakeKernel(FakeKernel.Generation.V6_12);
    private final Entries entries = Entries.over(ConntrackTable.over(kernel));
    private final ZoneAllocator lowest = new ZoneAllocator(entries, null);

    private void use(ZoneScope zone) throws NetlinkException {
        entries.create(Flows.flow(Flows.udp(kernel.size()), zone), false);
    }

    @Test
    void findsTheLowestFreeZoneOfTheRange() throws Exception {
        assertThat(lowest.find(new Range(0, 65_535))).isZero();
        use(ZoneScope.both(1));
        use(ZoneScope.original(2));
        use(ZoneScope.reply(3));
        assertThat(lowest.find(new Range(1, 65_535))).isEqualTo(4);
        assertThat(lowest.find(new Range(0, 9))).isEqualTo(4); // zone 0 is used by the other directions
        assertThat(lowest.find(new Range(65_535, 65_535))).isEqualTo(65_535);
    }

    @Test
    void aFullRangeHasItsOwnException() throws Exception {
        use(ZoneScope.both(5));
        use(ZoneScope.both(6));
        assertThatThrownBy(() -> lowest.find(new Range(5, 6)))
                .isInstanceOf(NoFreeZoneException.class)
                .hasMessageContaining("no zone is free in 5..6");
        assertThatThrownBy(() -> lowest.reserve(new Range(5, 6), 60)).isInstanceOf(NoFreeZoneException.class);
    }

    @Test
    void aRandomZoneIsAnyFreeOneOfTheRange() throws Exception {
        use(ZoneScope.both(12));
        ZoneAllocator random = new ZoneAllocator(entries, new Random(1));
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 200; i++) {
            seen.add(random.find(new Range(10, 15)));
        }
        assertThat(seen).containsExactlyInAnyOrder(10, 11, 13, 14, 15);
    }

    @Test
    void aReservedZoneIsInUse() throws Exception {
        Set<Integer> reserved = new HashSet<>();
        for (int i = 0; i < 10; i++) {
            reserved.add(lowest.reserve(new Range(100, 109), 60));
        }
        assertThat(reserved).hasSize(10);
        assertThatThrownBy(() -> lowest.reserve(new Range(100, 109), 60)).isInstanceOf(NoFreeZoneException.class);
    }

    @Test
    void aFailedReservationIsNotAFullRange() {
        kernel.refuseCreate(Errno.ENOMEM);
        assertThatThrownBy(() -> lowest.reserve(new Range(1, 9), 60))
                .isInstanceOfSatisfying(
                        NetlinkException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOMEM));
    }

    @ParameterizedTest
    @CsvSource({"-1,5", "0,65536", "6,5", "70000,70001"})
    void refusesARangeOutOfBounds(int from, int to) {
        assertThatThrownBy(() -> new Range(from, to)).isInstanceOf(IllegalArgumentException.class);
    }
}
