package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.EntryKey;
import dev.ctstream.conntrack.FlowExtras;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.Flows;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReadBackTest {
    private static final TupleSpec UDP = Flows.tuple("10.0.0.1", "10.0.0.2", new TupleSpec.Ports(17, 1, 2));

    private static Entry entry(TupleSpec original, TupleSpec reply, int status, long timeout) {
        EntryKey key = new EntryKey(original, ZoneScope.NONE, 1);
        return new Entry(key, reply, status, timeout, 0L, null, null, null, null, null, 1L, FlowExtras.NONE);
    }

    private static List<String> texts(FlowSpec asked, Entry made, boolean updated, long elapsedSeconds) {
        return ReadBack.differences(asked, made, updated, elapsedSeconds).stream()
                .map(Difference::text)
                .toList();
    }

    @Test
    void anEntryAsAskedForHasNoDifferences() {
        FlowSpec asked = FlowSpec.of(UDP).timeoutSeconds(60).mark(0).build();
        assertThat(texts(asked, entry(UDP, UDP.inverse(), 0x188, 59), false, 1)).isEmpty();
    }

    @Test
    void droppedPortsAreNamedOnce() {
        TupleSpec dccp = Flows.tuple("10.0.0.1", "10.0.0.2", new TupleSpec.Ports(33, 5, 6));
        TupleSpec kept = Flows.tuple("10.0.0.1", "10.0.0.2", new TupleSpec.AddressesOnly(33));
        assertThat(texts(FlowSpec.of(dccp).timeoutSeconds(60).build(), entry(kept, kept.inverse(), 8, 60), false, 1))
                .containsExactly("original: asked dccp 10.0.0.1:5 > 10.0.0.2:6, the entry has dccp 10.0.0.1 > 10.0.0.2"
                        + " (this kernel tracks dccp by addresses only)");
    }

    @Test
    void everyChangedValueIsNamed() {
        FlowSpec asked = FlowSpec.of(UDP)
                .timeoutSeconds(60)
                .mark(7)
                .status(0x400E)
                .labels(FlowSpec.Labels.of(0, 127))
                .helper("tftp")
                .sourceNat(new FlowSpec.Nat(Flows.address("10.0.0.9"), 77))
                .extras(FlowExtras.NONE.withMaster(UDP.inverse()))
                .build();
        TupleSpec reply = Flows.tuple("10.0.0.2", "10.0.0.9", new TupleSpec.Ports(17, 2, 78));
        assertThat(texts(asked, entry(UDP, reply, 8, 90), false, 1))
                .containsExactly(
                        "reply: asked udp 10.0.0.2:2 > 10.0.0.9:77, the entry has udp 10.0.0.2:2 > 10.0.0.9:78"
                                + " (the kernel chose another translation)",
                        "timeout: asked 60, the entry has 90 (seconds; the kernel has an upper limit)",
                        "mark: asked 7, the entry has 0",
                        "status: asked SEEN_REPLY,ASSURED,CONFIRMED,OFFLOAD, the entry has CONFIRMED"
                                + " (the kernel does not set these bits on request)",
                        "nat: asked SRC_NAT, the entry has none (nothing to translate)",
                        "label: asked 0,127, the entry has none (entries have labels only where a rule uses them)",
                        "helper: asked tftp, the entry has none",
                        "master: asked udp 10.0.0.2:2 > 10.0.0.1:1, the entry has none");
    }

    @Test
    void aPortThatWasLeftToTheKernelIsNoDifference() {
        FlowSpec asked = FlowSpec.of(UDP)
                .timeoutSeconds(60)
                .sourceNat(new FlowSpec.Nat(Flows.address("10.0.0.9"), null))
                .build();
        TupleSpec reply = Flows.tuple("10.0.0.2", "10.0.0.9", new TupleSpec.Ports(17, 2, 4711));
        assertThat(texts(asked, entry(UDP, reply, 0x198, 60), false, 1)).isEmpty();
    }

    @Test
    void anUpdatedEntryKeepsWhatWasNotAskedFor() {
        FlowSpec asked = FlowSpec.of(UDP).timeoutSeconds(60).build();
        Entry made = entry(UDP, UDP.inverse(), 0xE, 60);
        assertThat(texts(asked, made, true, 1)).isEmpty();
        assertThat(texts(asked, made, false, 1))
                .containsExactly("status: asked CONFIRMED, the entry has SEEN_REPLY,ASSURED,CONFIRMED");
    }

    @Test
    void onlyTheTimeSinceTheRequestMayBeMissing() {
        FlowSpec asked = FlowSpec.of(UDP).timeoutSeconds(60).build();
        assertThat(texts(asked, entry(UDP, UDP.inverse(), 8, 57), false, 3)).isEmpty();
        assertThat(texts(asked, entry(UDP, UDP.inverse(), 8, 56), false, 3)).hasSize(1);
    }
}
