package dev.ctstream.nftables;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.netlink.NetlinkSocket;
import dev.ctstream.netlink.NetworkNamespace;
import dev.ctstream.netlink.RequestChannel;
import org.junit.jupiter.api.Test;

class ConntrackRuleProbeKernelIT {
    @Test
    void detectsARuleThatAsksForTrackingAndItsRemoval() throws Exception {
        try (NetworkNamespace namespace = NetworkNamespace.create();
                RequestChannel channel = RequestChannel.open(namespace, NetlinkSocket.NETLINK_NETFILTER)) {
            ConntrackRuleset table = ConntrackRuleset.builder().build();

            assertThat(ConntrackRuleProbe.present(channel)).isFalse();
            namespace.call(() -> {
                table.install();
                return true;
            });
            assertThat(ConntrackRuleProbe.present(channel)).isTrue();
            namespace.call(() -> {
                table.remove();
                return true;
            });
            assertThat(ConntrackRuleProbe.present(channel)).isFalse();
        }
    }
}
