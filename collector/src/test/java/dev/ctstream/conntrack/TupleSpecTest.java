package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Inet6Address;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;

class TupleSpecTest {
    @Test
    void anIpv4MappedAddressStaysIpv6() {
        byte[] mapped = new byte[16];
        mapped[10] = (byte) 0xFF;
        mapped[11] = (byte) 0xFF;
        mapped[15] = 1;
        InetAddress address = TupleSpec.address(mapped);
        assertThat(address).isInstanceOf(Inet6Address.class);
        assertThat(address.getAddress()).isEqualTo(mapped);
        TupleSpec tuple = new TupleSpec(address, Flows.address("fd00::1"), new TupleSpec.AddressesOnly(99));
        assertThat(tuple.family()).isEqualTo(NfGenMsg.AF_INET6);
    }
}
