package dev.ctstream.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.ctstream.netlink.FreshNamespace;
import dev.ctstream.netlink.Links;
import dev.ctstream.netlink.MessageWriter;
import dev.ctstream.netlink.NetlinkException;
import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.NlMsgHdr;
import dev.ctstream.netlink.RequestChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The bench changes its own namespace and no other. */
class BenchNetworkKernelIT {
    private static final Path ACCOUNTING = Path.of("/proc/sys/net/netfilter/nf_conntrack_acct");
    private static final int RTM_NEWLINK = 16;
    private static final int IFLA_IFNAME = 3;
    private static final int IFLA_LINKINFO = 18;
    private static final int IFLA_INFO_KIND = 1;

    @Test
    void refusesANamespaceWithAnInterfaceInUseAndChangesNothing() throws Exception {
        FreshNamespace.run(() -> {
            Files.writeString(ACCOUNTING, "0");
            makeLink("bench0");
            Links.addAddress("bench0", FreshNamespace.ip("10.0.0.1"), 24);
            Links.bringUp("bench0");
            assertThatExceptionOfType(IOException.class)
                    .isThrownBy(() -> BenchNetwork.prepare(false, false))
                    .withMessage("network interface bench0 has an address: this is not a private namespace; start it as"
                            + " bin/ctstream bench");
            assertThat(Files.readString(ACCOUNTING).strip()).isEqualTo("0");
        });
    }

    @Test
    void anInterfaceWithoutAnAddressDoesNotMatter() throws Exception {
        FreshNamespace.run(() -> {
            Files.writeString(ACCOUNTING, "0");
            makeLink("bench0");
            BenchNetwork.prepare(false, false);
            assertThat(Files.readString(ACCOUNTING).strip()).isEqualTo("1");
        });
    }

    /** One end of a veth pair: among the link types without hardware, the one most kernels support. */
    private static void makeLink(String name) throws NetlinkException {
        MessageWriter request = new MessageWriter()
                .start(RTM_NEWLINK, NlMsgHdr.NLM_F_CREATE | NlMsgHdr.NLM_F_EXCL, 0)
                .rawU8(0) // struct ifinfomsg: family, pad, type, index, flags, mask
                .rawU8(0)
                .rawHost16(0)
                .rawHost32(0)
                .rawHost32(0)
                .rawHost32(0)
                .string(IFLA_IFNAME, name);
        int info = request.beginNest(IFLA_LINKINFO);
        request.string(IFLA_INFO_KIND, "veth").endNest(info);
        try (RequestChannel channel = RequestChannel.open(NetlinkSocket.NETLINK_ROUTE)) {
            channel.execute(request);
        }
    }
}
