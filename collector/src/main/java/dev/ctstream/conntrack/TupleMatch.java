package dev.ctstream.conntrack;

import dev.ctstream.record.AddressPrefix;
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
        @Nullable AddressPrefix source,
        @Nullable AddressPrefix destination,
        @Nullable Integer sourcePort,
        @Nullable Integer destinationPort,
        @Nullable Integer icmpType,
        @Nullable Integer icmpCode,
        @Nullable Integer icmpId) {
    /** Matches every tuple. */
    public static final TupleMatch ANY = new TupleMatch(null, null, null, null, null, null, null, null);

    /** The family that the addresses belong to; AF_UNSPEC when there are none. */
    int family() {
        AddressPrefix either = source == null ? destination : source;
        return either == null ? NfGenMsg.AF_UNSPEC : family(either);
    }

    /** {@code AF_INET} or {@code AF_INET6}. */
    public static int family(AddressPrefix addresses) {
        return addresses.lengthBytes() == Integer.BYTES ? NfGenMsg.AF_INET : NfGenMsg.AF_INET6;
    }

    /** Whether a direction meets all conditions. */
    public boolean matches(Tuple tuple) {
        return (protocol == null || tuple.protocol() == protocol)
                && (source == null || tuple.sourceIn(source))
                && (destination == null || tuple.destinationIn(destination))
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

    private static @Nullable AddressPrefix forKernel(@Nullable AddressPrefix addresses) {
        return addresses != null && addresses.single() && family(addresses) == NfGenMsg.AF_INET ? addresses : null;
    }
}
