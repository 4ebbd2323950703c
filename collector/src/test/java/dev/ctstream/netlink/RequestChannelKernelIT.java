package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class RequestChannelKernelIT {
    /** Entries whose dump does not fit in one datagram. */
    private static final int MANY = 400;

    private static void withChannel(Use use) throws NetlinkException {
        FreshNamespace.run(() -> {
            try (RequestChannel channel = RequestChannel.open(NetlinkSocket.NETLINK_NETFILTER)) {
                use.with(channel);
            }
        });
    }

    private interface Use {
        void with(RequestChannel channel) throws Exception;
    }

    private static void refused(int errno, ThrowingCallable call) {
        assertThatExceptionOfType(NetlinkException.class)
                .isThrownBy(call)
                .satisfies(e -> assertThat(Errno.name(e.errno())).isEqualTo(Errno.name(errno)));
    }

    @Test
    void executeWaitsUntilTheKernelIsDone() throws NetlinkException {
        withChannel(channel -> {
            assertThat(EntryRequests.count(channel)).isZero();
            channel.execute(EntryRequests.create(new MessageWriter(), 0, 0));
            assertThat(EntryRequests.count(channel)).isEqualTo(1);
            refused(Errno.EEXIST, () -> channel.execute(EntryRequests.create(new MessageWriter(), 0, 0)));
            assertThat(EntryRequests.count(channel))
                    .as("the channel stays usable")
                    .isEqualTo(1);
        });
    }

    @Test
    void aSingleGetGivesOneReplyAndEnds() throws NetlinkException {
        withChannel(channel -> {
            EntryRequests.createMany(channel, 3);
            List<Integer> types = new ArrayList<>();
            channel.query(EntryRequests.get(1), reply -> types.add(reply.type()));
            assertThat(types).containsExactly(EntryRequests.CT_NEW);
            refused(Errno.ENOENT, () -> channel.query(EntryRequests.get(7), reply -> types.add(reply.type())));
            assertThat(types).hasSize(1);
        });
    }

    @Test
    void aDumpOfManyDatagramsIsComplete() throws NetlinkException {
        withChannel(channel -> {
            EntryRequests.createMany(channel, MANY);
            for (int i = 0; i < 3; i++) {
                assertThat(EntryRequests.count(channel)).isEqualTo(MANY);
            }
        });
    }

    @Test
    void aRefusalCarriesTheKernelsTextAndTheAttributesOffset() throws NetlinkException {
        withChannel(channel -> assertThatExceptionOfType(NetlinkException.class)
                .isThrownBy(() -> channel.execute(new MessageWriter()
                        .startNetfilter(EntryRequests.CT_NEW, 0, 0, 2, 0, 0)
                        .be32(7, 60)
                        .u8(18, 1))) // CTA_ZONE is a be16
                .satisfies(e -> {
                    assertThat(e.errno()).isEqualTo(Errno.ERANGE);
                    assertThat(e.kernelText()).isEqualTo("Attribute failed policy validation");
                    assertThat(e.attributeOffset()).isEqualTo(28);
                }));
    }

    @Test
    void leavingADumpEarlyDoesNotAffectTheNextRequest() throws NetlinkException {
        withChannel(channel -> {
            EntryRequests.createMany(channel, MANY);
            AtomicInteger seen = new AtomicInteger();
            channel.dump(EntryRequests.dumpRequest(), reply -> {
                if (seen.incrementAndGet() == 5) {
                    channel.stopDump();
                }
            });
            assertThat(seen).hasValue(5);
            assertThat(EntryRequests.count(channel)).isEqualTo(MANY);
            refused(
                    Errno.EIO,
                    () -> channel.dump(EntryRequests.dumpRequest(), reply -> {
                        throw new NetlinkException("handle", Errno.EIO);
                    }));
            refused(Errno.EEXIST, () -> channel.execute(EntryRequests.create(new MessageWriter(), 0, 0)));
            assertThat(EntryRequests.count(channel)).isEqualTo(MANY);
        });
    }

    @Test
    void aHandlerCannotUseTheChannelThatCalledIt() throws NetlinkException {
        withChannel(channel -> {
            EntryRequests.createMany(channel, 1);
            assertThatIllegalStateException()
                    .isThrownBy(() -> channel.dump(
                            EntryRequests.dumpRequest(), reply -> channel.execute(EntryRequests.dumpRequest())));
        });
    }

    @Test
    void aDatagramOfManyRequestsReportsWhichWasRefused() throws NetlinkException {
        withChannel(channel -> {
            MessageWriter batch = new MessageWriter();
            for (int i : new int[] {0, 1, 1, 2, 0}) {
                EntryRequests.create(batch, i, i == 0 ? NlMsgHdr.NLM_F_ACK : 0);
            }
            Refusal refusal = Objects.requireNonNull(channel.transact(batch));
            assertThat(refusal.request()).isEqualTo(2);
            assertThat(refusal.errno()).isEqualTo(Errno.EEXIST);
            assertThat(EntryRequests.count(channel)).isEqualTo(3);
            MessageWriter good = EntryRequests.create(new MessageWriter(), 9, NlMsgHdr.NLM_F_ACK);
            assertThat(channel.transact(good)).isNull();
        });
    }

    @Test
    void aSecondDumpOnOneSocketIsEbusy() throws NetlinkException {
        withChannel(channel -> {
            EntryRequests.createMany(channel, MANY);
            try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
                int flags = NlMsgHdr.NLM_F_REQUEST | NlMsgHdr.NLM_F_DUMP;
                MessageWriter out = new MessageWriter();
                socket.send(out.startNetfilter(EntryRequests.CT_GET, flags, 1, 0, 0, 0)
                        .finish());
                socket.send(out.clear()
                        .startNetfilter(EntryRequests.CT_GET, flags, 2, 0, 0, 0)
                        .finish());
                ReplyReceiver receiver = new ReplyReceiver(64 * 1024);
                ReplyReader reader = new ReplyReader();
                reader.expect(true, socket.portId(), 2, 2, 2);
                ReplyReader.Verdict verdict = ReplyReader.Verdict.MORE;
                while (verdict == ReplyReader.Verdict.MORE) {
                    int length = receiver.receive(socket, 1000);
                    assertThat(length).isPositive();
                    verdict = reader.read(receiver.buffer(), 0, length, reply -> {});
                }
                Refusal refusal = Objects.requireNonNull(reader.refusal());
                assertThat(Errno.name(refusal.errno())).isEqualTo("EBUSY");
            }
        });
    }

    @Test
    void aTruncatedReplyIsAFailure() throws NetlinkException {
        withChannel(channel -> {
            EntryRequests.createMany(channel, 5);
            try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
                int flags = NlMsgHdr.NLM_F_REQUEST | NlMsgHdr.NLM_F_DUMP;
                socket.send(new MessageWriter()
                        .startNetfilter(EntryRequests.CT_GET, flags, 1, 0, 0, 0)
                        .finish());
                refused(Errno.EMSGSIZE, () -> new ReplyReceiver(64).receive(socket, 1000));
            }
        });
    }

    @Test
    void theWaitForAReplyIsBounded() throws NetlinkException {
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_NETFILTER)) {
            long start = System.nanoTime();
            assertThat(new ReplyReceiver(64).receive(socket, 50)).isZero();
            assertThat(System.nanoTime() - start).isGreaterThan(40_000_000L);
        }
    }

    @Test
    void datagramsFromOtherProgramsAreNotReplies() throws NetlinkException {
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_USERSOCK);
                NetlinkSocket stranger = NetlinkSocket.open(NetlinkSocket.NETLINK_USERSOCK)) {
            stranger.sendTo(new MessageWriter().start(NlMsgHdr.NLMSG_DONE, 0, 1).finish(), socket.portId(), 0);
            assertThat(socket.queuedBytes()).isPositive();
            long before = RequestChannel.foreignTotal();
            assertThat(new ReplyReceiver(64).receive(socket, 0)).isZero();
            assertThat(socket.queuedBytes()).isZero();
            assertThat(RequestChannel.foreignTotal()).isEqualTo(before + 1);
        }
    }

    @Test
    void aFloodOfAnotherProgramDoesNotHoldTheReader() throws NetlinkException {
        try (NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_USERSOCK);
                NetlinkSocket stranger = NetlinkSocket.open(NetlinkSocket.NETLINK_USERSOCK)) {
            for (int i = 0; i < 50; i++) {
                stranger.sendTo(
                        new MessageWriter().start(NlMsgHdr.NLMSG_DONE, 0, i).finish(), socket.portId(), 0);
            }
            assertThat(new ReplyReceiver(64).receive(socket, 0)).isZero();
            assertThat(socket.queuedBytes()).as("left unread").isPositive();
        }
    }

    @Test
    void aChannelWhoseRepliesWereLostIsBroken() throws NetlinkException {
        withChannel(channel -> {
            MessageWriter batch = new MessageWriter();
            for (int i = 0; i < 1500; i++) { // more acknowledgements than the receive buffer holds
                EntryRequests.create(batch, i, NlMsgHdr.NLM_F_ACK);
            }
            refused(Errno.ENOBUFS, () -> channel.transact(batch));
            refused(Errno.EIO, () -> EntryRequests.count(channel));
        });
    }
}
