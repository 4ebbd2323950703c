package dev.ctstream.netlink;

/**
 * The receive buffer that a socket asked for and the one it got.
 *
 * @param requestedBytes as asked; the kernel doubles it for its own bookkeeping
 * @param effectiveBytes as {@code getsockopt} reports it; each conntrack event is charged 1280 bytes of it
 * @param forced whether {@code SO_RCVBUFFORCE} was allowed (CAP_NET_ADMIN in the initial user namespace); else
 *     {@code net.core.rmem_max} caps the request
 */
public record ReceiveBufferGrant(int requestedBytes, int effectiveBytes, boolean forced) {
    /** Whether the kernel gave less than twice the request. */
    public boolean capped() {
        return effectiveBytes < 2L * requestedBytes;
    }
}
