package dev.ctstream.netlink;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class NetlinkExceptionTest {
    @Test
    void namesTheOperationTheErrnoAndTheKernelsText() {
        assertThat(new NetlinkException("join group 1", Errno.EPERM))
                .hasMessage("join group 1: EPERM (1) Operation not permitted");
        assertThat(new NetlinkException("create", Errno.ERANGE, "bad size", 20))
                .hasMessage("create: ERANGE (34) Numerical result out of range: bad size (at request byte 20)");
        assertThat(new NetlinkException("poll", 4711)).hasMessage("poll: errno 4711 (4711) Unknown error");
    }

    @Test
    void aWiderOperationKeepsTheRest() {
        NetlinkException narrow = new NetlinkException("request", Errno.ENOENT, "text", 24);
        NetlinkException wide = narrow.during("delete entry");
        assertThat(wide.operation()).isEqualTo("delete entry");
        assertThat(wide.errno()).isEqualTo(Errno.ENOENT);
        assertThat(wide.errnoName()).isEqualTo("ENOENT");
        assertThat(wide.kernelText()).isEqualTo("text");
        assertThat(wide.attributeOffset()).isEqualTo(24);
        assertThat(wide).hasCause(narrow);
    }

    @Test
    void aGrantIsCappedBelowTwiceTheRequest() {
        assertThat(new ReceiveBufferGrant(1 << 30, Integer.MAX_VALUE - 1, true).capped())
                .isTrue();
        assertThat(new ReceiveBufferGrant(1000, 2000, false).capped()).isFalse();
        assertThat(new ReceiveBufferGrant(1000, 1999, false).capped()).isTrue();
    }

    @Test
    void thisHostCanCallTheKernel() {
        assertThat(HostCheck.problem()).isNull();
    }
}
