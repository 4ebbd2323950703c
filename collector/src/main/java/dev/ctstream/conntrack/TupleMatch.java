package dev.ctstream.conntrack;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * Conditions on one direction of a flow; null = anything.
 *
 * @param protocol IANA number
 * @param source any address of the family and prefix
 * @param sourcePort for GRE: the key
 */
public record TupleMatch(
        @Nullable Integer protocol,
        @Nullable Network source,
        @Nullable Network destination,
        @Nullable Integer sourcePort,
        @Nullable Integer destinationPort,
        @Nullable Integer icmpType,
        @Nullable Integer icmpCode,
        @Nullable Integer icmpId) {
    /** Matches every tuple. */
    public static final TupleMatch ANY = new TupleMatch(null, null, null, null, null, null, null, null);

    /** Addresses that share a prefix. */
    public record Network(InetAddress address, int prefixLength) {
        /** Checks the range. */
        public Network {
            int bits = address.getAddress().length * Byte.SIZE;
            if (prefixLength < 0 || prefixLength > bits) {
                throw new IllegalArgumentException("prefix length " + prefixLength + " is not in 0.." + bits);
            }
        }

        /** One address only. */
        public static Network host(InetAddress address) {
            return new Network(address, address.getAddress().length * Byte.SIZE);
        }

        /** Whether it is one address only. */
        public boolean single() {
            return prefixLength == address.getAddress().length * Byte.SIZE;
        }

        /** {@code AF_INET} or {@code AF_INET6}. */
        public int family() {
            return address.getAddress().length == 4 ? NfGenMsg.AF_INET : NfGenMsg.AF_INET6;
        }

        boolean contains(Tuple tuple, int offset) {
            byte[] wanted = address.getAddress();
            if (tuple.addressLengthBytes() != wanted.length) {
                return false;
            }
            for (int i = 0, left = prefixLength; left > 0; i++, left -= Byte.SIZE) {
                int mask = left >= Byte.SIZE ? 0xFF : 0xFF << (Byte.SIZE - left) & 0xFF;
                if (((tuple.buffer().get(offset + i) ^ wanted[i]) & mask) != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    /** The family that the addresses belong to; AF_UNSPEC when there are none. */
    int family() {
        Network either = source == null ? destination : source;
        return either == null ? NfGenMsg.AF_UNSPEC : either.family();
    }

    /** Whether a direction meets all conditions. */
    public boolean matches(Tuple tuple) {
        return (protocol == null || tuple.protocol() == protocol)
                && (source == null || source.contains(tuple, tuple.sourceOffset()))
                && (destination == null || destination.contains(tuple, tuple.destinationOffset()))
                && (sourcePort == null || (tuple.has(Tuple.SOURCE_PORT) && tuple.sourcePort() == sourcePort))
                && (destinationPort == null
                        || (tuple.has(Tuple.DESTINATION_PORT) && tuple.destinationPort() == destinationPort))
                && (icmpType == null || (tuple.has(Tuple.ICMP_TYPE) && tuple.icmpType() == icmpType))
                && (icmpCode == null || (tuple.has(Tuple.ICMP_CODE) && tuple.icmpCode() == icmpCode))
                && (icmpId == null || (tuple.has(Tuple.ICMP_ID) && tuple.icmpId() == icmpId));
    }

    /**
     * The part that the kernel may apply: whole IPv4 addresses, but no prefixes, and no IPv6 addresses, for which its
     * match is inverted; ports and ICMP fields only for a protocol that has them.
     */
    TupleMatch forKernel() {
        boolean ports = protocol != null && KernelFilters.hasPorts(protocol);
        boolean icmp = protocol != null && KernelFilters.isIcmp(protocol);
        return new TupleMatch(
                protocol,
                forKernel(source),
                forKernel(destination),
                ports ? sourcePort : null,
                ports ? destinationPort : null,
                icmp ? icmpType : null,
                icmp ? icmpCode : null,
                icmp ? icmpId : null);
    }

    private static @Nullable Network forKernel(@Nullable Network network) {
        return network != null && network.single() && network.family() == NfGenMsg.AF_INET ? network : null;
    }
}
