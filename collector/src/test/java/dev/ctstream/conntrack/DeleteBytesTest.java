package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.netlink.AttributeCursor;
import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NlMsgHdr;
import dev.ctstream.record.AddressPrefix;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Inspects the bytes of every request that the table can send, and what the guard lets pass. */
class DeleteBytesTest {
    private static final EntryKey KEY = new EntryKey(Flows.udp(1), ZoneScope.both(7), 0xCAFE_BABEL);

    private static final List<Flush> FLUSHES = List.of(
            new Flush.Everything(),
            new Flush.Family(NfGenMsg.AF_INET),
            new Flush.Family(NfGenMsg.AF_INET6),
            new Flush.Zone(0),
            new Flush.Zone(7),
            new Flush.Zone(65_535));

    private final DeleteGuard guard = new DeleteGuard();

    @ParameterizedTest
    @EnumSource(FakeKernel.Generation.class)
    void everyRequestOfTheTableDeletesOneEntryOrIsANamedFlush(FakeKernel.Generation generation) throws Exception {
        FakeKernel kernel = new FakeKernel(generation);
        int flushes = 0;
        try (ConntrackTable table = ConntrackTable.over(kernel)) {
            everyReadingRequest(table);
            for (FlowSpec flow : Flows.all()) {
                table.create(flow);
            }
            everyReadingRequest(table);
            assertThat(kernel.requests()).noneMatch(request -> type(request) == NfGenMsg.IPCTNL_MSG_CT_DELETE);
            deleteHalfOneByOne(table);
            assertThat(kernel.requests()).noneMatch(DeleteBytesTest::isFlush);
            for (Flush flush : FLUSHES) {
                table.flush(flush);
                flushes += flush instanceof Flush.Zone && generation != FakeKernel.Generation.V6_12 ? 0 : 1;
            }
        }
        kernel.requests().forEach(DeleteBytesTest::assertHarmlessOrNamed);
        assertThat(kernel.requests().stream().filter(DeleteBytesTest::isFlush)).hasSize(flushes);
    }

    private static void everyReadingRequest(ConntrackTable table) throws NetlinkException {
        DumpFilter.Masked masked = new DumpFilter.Masked(8, 8);
        TupleMatch match = new TupleMatch(17, AddressPrefix.parse("10.0.0.1"), null, 1, 2, 8, 0, 1);
        for (int family : new int[] {NfGenMsg.AF_UNSPEC, NfGenMsg.AF_INET, NfGenMsg.AF_INET6}) {
            table.dump(new DumpFilter(family, 7, masked, masked, match, match), entry -> {});
            table.dump(new DumpFilter(family, 0, null, null), entry -> {});
        }
        table.dump(DumpFilter.ALL, entry -> {});
        table.dumpDying(entry -> {});
        table.statsPerCpu();
        table.stats();
    }

    private static void deleteHalfOneByOne(ConntrackTable table) throws NetlinkException {
        List<EntryKey> keys = new ArrayList<>();
        table.dump(DumpFilter.ALL, entry -> keys.add(EntryKey.of(entry)));
        assertThat(keys).hasSameSizeAs(Flows.all());
        for (int i = 0; i < keys.size(); i += 2) {
            table.get(keys.get(i).original(), keys.get(i).zone(), entry -> {});
            table.delete(keys.get(i));
        }
    }

    private static boolean isFlush(byte[] request) {
        return type(request) == NfGenMsg.IPCTNL_MSG_CT_DELETE
                && !attributes(request).containsKey(Cta.CTA_TUPLE_ORIG);
    }

    /** Parses the bytes independently of the code that wrote them. */
    private static void assertHarmlessOrNamed(byte[] request) {
        if (type(request) != NfGenMsg.IPCTNL_MSG_CT_DELETE) {
            return;
        }
        Map<Integer, byte[]> attributes = attributes(request);
        if (attributes.containsKey(Cta.CTA_TUPLE_ORIG)) {
            assertThat(attributes.get(Cta.CTA_TUPLE_ORIG)).hasSizeGreaterThan(24);
            assertThat(attributes.get(Cta.CTA_ID)).hasSize(4);
            assertThat(attributes.keySet()).isSubsetOf(Cta.CTA_TUPLE_ORIG, Cta.CTA_ID, Cta.CTA_ZONE);
            assertThat(request[16]).isIn((byte) 2, (byte) 10);
        } else if (!attributes.isEmpty()) {
            assertThat(attributes.keySet()).containsExactly(Cta.CTA_ZONE);
            assertThat(attributes.get(Cta.CTA_ZONE)).hasSize(2);
        } else if (request[16] != 0) {
            assertThat(request[17]).as("version").isEqualTo((byte) 1);
        }
    }

    private static int type(byte[] request) {
        return ByteBuffer.wrap(request).order(ByteOrder.nativeOrder()).getShort(NlMsgHdr.TYPE_OFFSET);
    }

    private static Map<Integer, byte[]> attributes(byte[] request) {
        Map<Integer, byte[]> all = new HashMap<>();
        AttributeCursor cursor = new AttributeCursor();
        cursor.wrap(ByteBuffer.wrap(request).order(ByteOrder.nativeOrder()), 20, request.length - 20);
        while (cursor.next()) {
            byte[] payload = new byte[cursor.payloadLengthBytes()];
            System.arraycopy(request, cursor.payloadOffset(), payload, 0, payload.length);
            all.put(cursor.number(), payload);
        }
        assertThat(cursor.malformed()).isFalse();
        return all;
    }

    @Test
    void theGuardAcceptsWhatTheWriterWrites() {
        ConntrackRequests requests = new ConntrackRequests();
        guard.check(requests.delete(KEY).finish(), KEY);
        FLUSHES.forEach(flush -> guard.check(requests.flush(flush).finish(), flush));
    }

    @Test
    void theGuardRefusesAnUndeclaredDelete() {
        ConntrackRequests requests = new ConntrackRequests();
        refused(requests.delete(KEY), null);
        FLUSHES.forEach(flush -> refused(requests.flush(flush), null));
        FLUSHES.forEach(flush -> refused(requests.flush(flush), KEY));
        FLUSHES.forEach(flush -> refused(requests.delete(KEY), flush));
        for (Flush declared : FLUSHES) {
            FLUSHES.stream()
                    .filter(written -> !written.equals(declared))
                    .forEach(written -> refused(requests.flush(written), declared));
        }
        refused(requests.plain(NfGenMsg.IPCTNL_MSG_CT_GET), new Flush.Everything());
    }

    @Test
    void theGuardRefusesADeleteThatTheKernelWouldTreatAsAFlush() {
        refused(delete(2, 0, writer -> writer.be32(Cta.CTA_ID, KEY.id())), KEY);
        refused(delete(2, 0, writer -> writer.be32(Cta.CTA_ID, KEY.id()).be16(Cta.CTA_ZONE, 7)), KEY);
        refused(delete(2, 0, writer -> tuple(writer, true)), KEY); // no id
        refused(delete(2, 0, writer -> tuple(writer, false).be32(Cta.CTA_ID, KEY.id())), KEY); // no protocol
        refused(
                delete(
                        2,
                        0,
                        writer -> writer.bytes(Cta.CTA_TUPLE_ORIG, new byte[0]).be32(Cta.CTA_ID, KEY.id())),
                KEY);
        refused(delete(10, 0, writer -> tuple(writer, true).be32(Cta.CTA_ID, KEY.id())), KEY); // family
        refused(delete(2, 0, writer -> tuple(writer, true).be32(Cta.CTA_ID, 1)), KEY); // another id
        refused(
                delete(
                        2,
                        0,
                        writer -> tuple(writer, true).be32(Cta.CTA_ID, KEY.id()).be16(Cta.CTA_ZONE, 8)),
                KEY);
        refused(
                delete(
                        2,
                        0,
                        writer -> tuple(writer, true).be32(Cta.CTA_ID, KEY.id()).be32(Cta.CTA_ZONE, 7)),
                KEY);
    }

    @Test
    void theGuardRefusesAFlushThatTheKernelWouldTreatAsAWiderOne() {
        refused(delete(10, 0, writer -> {}), new Flush.Family(10)); // version 0: the family is ignored
        refused(delete(2, 1, writer -> {}), new Flush.Family(10));
        refused(delete(0, 0, writer -> {}), new Flush.Zone(7));
        refused(delete(0, 0, writer -> writer.be32(Cta.CTA_ZONE, 7)), new Flush.Zone(7)); // four bytes: zone 0
        refused(delete(0, 0, writer -> writer.host16(Cta.CTA_ZONE, 7)), new Flush.Zone(7));
        refused(delete(0, 0, writer -> writer.be16(Cta.CTA_MARK, 7)), new Flush.Zone(7));
        refused(delete(0, 0, writer -> writer.be16(Cta.CTA_ZONE, 7).be32(Cta.CTA_ID, 7)), new Flush.Zone(7));
        refused(delete(0, 0, writer -> writer.be32(Cta.CTA_ID, 7)), new Flush.Everything());
    }

    @Test
    void theGuardRefusesAZeroOfTheWrongLength() {
        EntryKey zero = new EntryKey(KEY.original(), ZoneScope.NONE, 0);
        refused(delete(2, 0, writer -> tuple(writer, true).be16(Cta.CTA_ID, 0)), zero);
        refused(delete(2, 0, writer -> tuple(writer, true).be32(Cta.CTA_ID, 0).be32(Cta.CTA_ZONE, 0)), zero);
        refused(delete(0, 0, writer -> writer.be32(Cta.CTA_ZONE, 0)), new Flush.Zone(0));
    }

    @Test
    void theGuardRefusesASecondMessageAfterTheFirst() {
        MessageWriter two = new ConntrackRequests().delete(KEY);
        two.startNetfilter(NfGenMsg.IPCTNL_MSG_CT_DELETE, 0, 0, 0, 0, 0);
        refused(two, KEY);
        refused(new MessageWriter(), null);
    }

    private static MessageWriter delete(int family, int version, Consumer<MessageWriter> attributes) {
        MessageWriter writer = new MessageWriter();
        writer.startNetfilter(NfGenMsg.IPCTNL_MSG_CT_DELETE, 0, 0, family, version, 0);
        attributes.accept(writer);
        return writer;
    }

    private static MessageWriter tuple(MessageWriter writer, boolean protocol) {
        int nest = writer.beginNest(Cta.CTA_TUPLE_ORIG);
        int ip = writer.beginNest(Cta.CTA_TUPLE_IP);
        writer.bytes(Cta.CTA_IP_V4_SRC, new byte[4]).bytes(Cta.CTA_IP_V4_DST, new byte[4]);
        writer.endNest(ip);
        if (protocol) {
            int proto = writer.beginNest(Cta.CTA_TUPLE_PROTO);
            writer.u8(Cta.CTA_PROTO_NUM, 17).endNest(proto);
        }
        return writer.endNest(nest);
    }

    private void refused(MessageWriter request, @org.jspecify.annotations.Nullable DeleteRequest intent) {
        assertThatThrownBy(() -> guard.check(request.finish(), intent))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("delete too much");
    }
}
