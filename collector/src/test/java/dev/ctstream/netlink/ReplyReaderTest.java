package dev.ctstream.netlink;

import static dev.ctstream.netlink.ReplyReader.Verdict.COMPLETE;
import static dev.ctstream.netlink.ReplyReader.Verdict.MALFORMED;
import static dev.ctstream.netlink.ReplyReader.Verdict.MORE;
import static dev.ctstream.netlink.ReplyReader.Verdict.OVERRUN;
import static dev.ctstream.netlink.ReplyReader.Verdict.STOPPED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ReplyReaderTest {
    private static final int DATA = 0x0100;

    private final ReplyReader reader = new ReplyReader();
    private final MessageWriter out = new MessageWriter();
    private final List<Long> data = new ArrayList<>();

    private ReplyReader.Verdict read() throws NetlinkException {
        ByteBuffer datagram = out.finish();
        out.clear();
        return reader.read(datagram, 0, datagram.limit(), reply -> data.add(reply.sequence()));
    }

    private MessageWriter acknowledge(long sequence, int error, int flags) {
        out.start(NlMsgHdr.NLMSG_ERROR, flags, sequence).rawHost32(error);
        return out.rawHost32(NlMsgHdr.HEADER_BYTES)
                .rawHost32(0)
                .rawHost32(sequence)
                .rawHost32(0);
    }

    private Refusal refusal() {
        return Objects.requireNonNull(reader.refusal(), "refusal");
    }

    @Test
    void anAcknowledgementEndsARequest() throws NetlinkException {
        reader.expect(false, 0, 5, 5, 5);
        acknowledge(5, 0, NlMsgHdr.NLM_F_CAPPED);
        assertThat(read()).isEqualTo(COMPLETE);
        assertThat(reader.refusal()).isNull();
    }

    @Test
    void aSingleGetEndsWithItsAcknowledgementAlthoughItsReplySaysMulti() throws NetlinkException {
        reader.expect(false, 0, 5, 5, 5);
        out.start(DATA, NlMsgHdr.NLM_F_MULTI, 5);
        assertThat(read()).isEqualTo(MORE);
        acknowledge(5, 0, NlMsgHdr.NLM_F_CAPPED);
        assertThat(read()).isEqualTo(COMPLETE);
        assertThat(data).containsExactly(5L);
    }

    @Test
    void aDumpEndsWithDoneAndNotWithTheEndOfADatagram() throws NetlinkException {
        reader.expect(true, 0, 5, 5, 5);
        out.start(DATA, NlMsgHdr.NLM_F_MULTI, 5).start(DATA, NlMsgHdr.NLM_F_MULTI, 5);
        assertThat(read()).isEqualTo(MORE);
        out.start(NlMsgHdr.NLMSG_DONE, NlMsgHdr.NLM_F_MULTI, 5).rawHost32(0);
        assertThat(read()).isEqualTo(COMPLETE);
        assertThat(data).hasSize(2);
        assertThat(reader.refusal()).isNull();
    }

    @Test
    void theErrorInDoneIsARefusal() throws NetlinkException {
        reader.expect(true, 0, 5, 5, 5);
        out.start(NlMsgHdr.NLMSG_DONE, NlMsgHdr.NLM_F_MULTI | NlMsgHdr.NLM_F_ACK_TLVS, 5)
                .rawHost32(-Errno.ENOMEM)
                .string(NlMsgErr.NLMSGERR_ATTR_MSG, "no room");
        assertThat(read()).isEqualTo(COMPLETE);
        assertThat(refusal()).isEqualTo(new Refusal(0, Errno.ENOMEM, "no room", NetlinkException.NO_OFFSET));
    }

    @Test
    void answersToOtherRequestsAndOtherSocketsAreIgnored() throws NetlinkException {
        reader.expect(false, 77, 5, 6, 6);
        for (long sequence : new long[] {4, 7, 0}) {
            acknowledge(sequence, -Errno.EPERM, 0);
            ByteBuffer ours = out.finish();
            ours.putInt(NlMsgHdr.PORT_ID_OFFSET, 77);
            assertThat(read()).isEqualTo(MORE);
        }
        acknowledge(6, -Errno.EPERM, 0); // port id 0
        assertThat(read()).isEqualTo(MORE);
        assertThat(reader.refusal()).isNull();
        acknowledge(6, 0, 0);
        out.finish().putInt(NlMsgHdr.PORT_ID_OFFSET, 77);
        assertThat(read()).isEqualTo(COMPLETE);
    }

    @Test
    void aBatchEndsWithTheAwaitedAcknowledgementAndKeepsItsFirstRefusal() throws NetlinkException {
        reader.expect(false, 0, 10, 14, 13);
        acknowledge(11, -Errno.ENOENT, NlMsgHdr.NLM_F_CAPPED);
        acknowledge(12, -Errno.EINVAL, NlMsgHdr.NLM_F_CAPPED);
        assertThat(read()).isEqualTo(MORE);
        acknowledge(13, 0, NlMsgHdr.NLM_F_CAPPED);
        assertThat(read()).isEqualTo(COMPLETE);
        assertThat(refusal().request()).isEqualTo(1);
        assertThat(refusal().errno()).isEqualTo(Errno.ENOENT);
    }

    @Test
    void aDumpThatTheKernelRefusesEndsWithItsError() throws NetlinkException {
        reader.expect(true, 0, 5, 5, 5);
        acknowledge(5, -Errno.EBUSY, 0);
        assertThat(read()).isEqualTo(COMPLETE);
        assertThat(refusal().errno()).isEqualTo(Errno.EBUSY);
    }

    @Test
    void noopsAndReservedTypesAreSkipped() throws NetlinkException {
        reader.expect(false, 0, 5, 5, 5);
        out.start(NlMsgHdr.NLMSG_NOOP, 0, 5).start(0x0F, 0, 5);
        acknowledge(5, 0, 0);
        assertThat(read()).isEqualTo(COMPLETE);
        assertThat(data).isEmpty();
    }

    @Test
    void overrunHasItsOwnVerdict() throws NetlinkException {
        reader.expect(false, 0, 5, 5, 5);
        out.start(NlMsgHdr.NLMSG_OVERRUN, 0, 5);
        assertThat(read()).isEqualTo(OVERRUN);
    }

    @Test
    void controlMessagesTooShortForTheirContentAreMalformed() throws NetlinkException {
        reader.expect(true, 0, 5, 5, 5);
        out.start(NlMsgHdr.NLMSG_DONE, 0, 5).rawHost16(0);
        assertThat(read()).isEqualTo(MALFORMED);
        out.start(NlMsgHdr.NLMSG_ERROR, 0, 5).rawHost32(-1);
        assertThat(read()).isEqualTo(MALFORMED);
        assertThat(reader.read(ByteBuffer.allocate(3), 0, 3, reply -> {})).isEqualTo(MALFORMED);
    }

    @Test
    void anInterruptedDumpIsReported() throws NetlinkException {
        reader.expect(true, 0, 5, 5, 5);
        out.start(DATA, NlMsgHdr.NLM_F_MULTI | NlMsgHdr.NLM_F_DUMP_INTR, 5);
        out.start(NlMsgHdr.NLMSG_DONE, NlMsgHdr.NLM_F_MULTI, 5).rawHost32(0);
        assertThat(read()).isEqualTo(COMPLETE);
        assertThat(reader.interrupted()).isTrue();
        reader.expect(true, 0, 6, 6, 6);
        assertThat(reader.interrupted()).isFalse();
    }

    @Test
    void stopEndsReadingAfterTheCurrentReply() throws NetlinkException {
        reader.expect(true, 0, 5, 5, 5);
        out.start(DATA, NlMsgHdr.NLM_F_MULTI, 5).start(DATA, NlMsgHdr.NLM_F_MULTI, 5);
        ByteBuffer datagram = out.finish();
        ReplyReader.Verdict verdict = reader.read(datagram, 0, datagram.limit(), reply -> {
            data.add(reply.sequence());
            reader.stop();
        });
        assertThat(verdict).isEqualTo(STOPPED);
        assertThat(data).hasSize(1);
        reader.resume();
        out.clear().start(NlMsgHdr.NLMSG_DONE, 0, 5).rawHost32(0);
        assertThat(read()).isEqualTo(COMPLETE);
    }

    @Test
    void aHandlersExceptionPassesThrough() {
        reader.expect(true, 0, 5, 5, 5);
        ByteBuffer datagram = out.start(DATA, 0, 5).finish();
        assertThatExceptionOfType(NetlinkException.class)
                .isThrownBy(() -> reader.read(datagram, 0, datagram.limit(), reply -> {
                    throw new NetlinkException("handle", Errno.EIO);
                }));
    }

    @Test
    void readsTheKernelsTextAfterAnEchoedRequest() throws NetlinkException {
        ByteBuffer captured = Bytes.captured("28-error-erange-extack.bin");
        MessageCursor header = new MessageCursor().wrap(captured, 0, captured.limit());
        assertThat(header.next()).isTrue();
        long sequence = header.sequence();
        reader.expect(false, header.portId(), sequence, sequence, sequence);
        assertThat(reader.read(captured, 0, captured.limit(), reply -> {})).isEqualTo(COMPLETE);
        assertThat(refusal().errno()).isEqualTo(Errno.ERANGE);
        assertThat(refusal().kernelText()).isEqualTo("Attribute failed policy validation");
        assertThat(refusal().attributeOffset()).isPositive();
    }

    @Test
    void anInvalidEchoLosesOnlyTheKernelsText() throws NetlinkException {
        for (int echoed : new int[] {0, 15, 4711, -1}) {
            reader.expect(false, 0, 5, 5, 5);
            out.start(NlMsgHdr.NLMSG_ERROR, NlMsgHdr.NLM_F_ACK_TLVS, 5).rawHost32(-Errno.EINVAL);
            out.rawHost32(echoed).rawHost32(0).rawHost32(5).rawHost32(0);
            out.string(NlMsgErr.NLMSGERR_ATTR_MSG, "never found");
            assertThat(read()).isEqualTo(COMPLETE);
            assertThat(refusal().errno()).isEqualTo(Errno.EINVAL);
            assertThat(refusal().kernelText()).isNull();
        }
    }

    @Test
    void aMissingAttributeIsNamed() throws NetlinkException {
        reader.expect(false, 0, 5, 5, 5);
        acknowledge(5, -Errno.EINVAL, NlMsgHdr.NLM_F_CAPPED | NlMsgHdr.NLM_F_ACK_TLVS)
                .host32(NlMsgErr.NLMSGERR_ATTR_MISS_TYPE, 3);
        assertThat(read()).isEqualTo(COMPLETE);
        assertThat(refusal().kernelText()).isEqualTo("missing attribute 3");
    }
}
