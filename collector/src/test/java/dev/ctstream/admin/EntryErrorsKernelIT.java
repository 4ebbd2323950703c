package dev.ctstream.admin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.conntrack.ConntrackTable;
import dev.ctstream.conntrack.EntryKey;
import dev.ctstream.conntrack.FakeKernel;
import dev.ctstream.conntrack.FlowSpec;
import dev.ctstream.conntrack.Flows;
import dev.ctstream.conntrack.TupleSpec;
import dev.ctstream.conntrack.ZoneScope;
import dev.ctstream.netlink.Errno;
import dev.ctstream.netlink.NetlinkException;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each errno as the kernel returns it, and the message for the user. */
class EntryErrorsKernelIT {
    private static final FlowSpec FLOW = Flows.flow(Flows.udp(1), ZoneScope.both(7));

    private AdminSite site;

    private interface Request {
        void run() throws NetlinkException;
    }

    @BeforeEach
    void open() throws IOException {
        site = AdminSite.open();
    }

    @AfterEach
    void close() throws IOException {
        site.assertDecoysIntact();
        site.close();
    }

    private static void refused(int errno, Failure.Change change, String remedy, Request request) {
        try {
            request.run();
        } catch (NetlinkException e) {
            assertThat(e.errno()).as(e.getMessage()).isEqualTo(errno);
            String text = Failure.of(change, e).text();
            assertThat(text).contains(Errno.name(errno) + " (" + errno + ") ").contains(remedy);
            return;
        }
        throw new AssertionError("not refused: " + Errno.name(errno));
    }

    private void createRefused(int errno, String remedy, FlowSpec.Builder flow) {
        refused(errno, Failure.Change.CREATE, remedy, () -> site.entries().create(flow.build(), false));
    }

    private static FlowSpec.Builder udp(int number) {
        return FlowSpec.of(Flows.udp(number)).zone(ZoneScope.both(7)).timeoutSeconds(100);
    }

    @Test
    void anExistingEntryCausesEexist() throws NetlinkException {
        site.entries().create(FLOW, false);
        createRefused(Errno.EEXIST, "--replace", udp(1));
        // Another original tuple with the same reply.
        createRefused(Errno.EEXIST, "the same reply", udp(2).reply(FLOW.reply()));
        refused(
                Errno.EEXIST,
                Failure.Change.CREATE,
                "the same reply",
                () -> site.entries().create(udp(2).reply(FLOW.reply()).build(), true));
    }

    @Test
    void aMissingEntryCausesEnoent() {
        refused(
                Errno.ENOENT,
                Failure.Change.DELETE,
                "expired or was deleted in the meantime",
                () -> site.entries().table().delete(new EntryKey(Flows.udp(1), ZoneScope.both(7), 1)));
        refused(
                Errno.ENOENT,
                Failure.Change.UPDATE,
                "no such entry",
                () -> site.entries().table().update(FLOW));
    }

    @Test
    void aRefusedStatusCausesEbusy() throws NetlinkException {
        createRefused(Errno.EBUSY, "requires CONFIRMED", udp(1).status(0));
        createRefused(Errno.EBUSY, "cannot set EXPECTED or DYING", udp(1).status(0x208));
        site.entries().create(udp(1).status(0xE).build(), false);
        refused(
                Errno.EBUSY,
                Failure.Change.UPDATE,
                "never clears SEEN_REPLY",
                () -> site.entries().table().update(udp(1).status(8).build()));
        // But --replace succeeds.
        assertThat(site.entries().create(udp(1).status(8).build(), true)).isEqualTo(Entries.Created.REPLACED);
    }

    @Test
    void anInconsistentEntryCausesEinval() {
        TupleSpec unreachable = Flows.tuple("10.0.0.1", "10.0.0.2", new TupleSpec.Icmp(1, 3, 0, 1));
        TupleSpec answer = Flows.tuple("10.0.0.2", "10.0.0.1", new TupleSpec.Icmp(1, 3, 0, 1));
        createRefused(
                Errno.EINVAL,
                "ICMP type that has a reply type",
                FlowSpec.of(unreachable).reply(answer).timeoutSeconds(10));
        createRefused(
                Errno.EINVAL,
                "same protocol",
                udp(1).reply(Flows.tuple("192.0.2.9", "10.0.0.1", new TupleSpec.Ports(6, 2000, 1000))));
    }

    @Test
    void labelsWithoutARuleThatUsesThemCauseEnospc() throws NetlinkException {
        site.entries().create(FLOW, false);
        refused(
                Errno.ENOSPC,
                Failure.Change.UPDATE,
                "no rule of this namespace uses labels",
                () -> site.entries()
                        .table()
                        .update(udp(1).labels(FlowSpec.Labels.of(5)).build()));
    }

    @Test
    void aMissingHelperCausesEopnotsupp() {
        createRefused(Errno.EOPNOTSUPP, "no such helper", udp(1).helper("nosuch"));
    }

    @Test
    void anUnknownStateCausesErange() {
        TupleSpec tcp = Flows.tuple("10.0.0.1", "10.0.0.2", new TupleSpec.Ports(6, 1, 2));
        createRefused(
                Errno.ERANGE, "--state", FlowSpec.of(tcp).timeoutSeconds(10).protocolState(99));
    }

    /**
     * The limit of the table applies to the whole host, and a test must not fill the host's table: the fake answers
     * like a full one.
     */
    @Test
    void aFullTableCausesEnomem() {
        FakeKernel kernel = new FakeKernel(FakeKernel.Generation.V6_12);
        kernel.refuseCreate(Errno.ENOMEM);
        Entries full = Entries.over(ConntrackTable.over(kernel));
        refused(Errno.ENOMEM, Failure.Change.CREATE, "nf_conntrack_max", () -> full.create(FLOW, false));
    }
}
