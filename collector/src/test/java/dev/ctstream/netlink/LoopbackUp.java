package dev.ctstream.netlink;

/**
 * Brings the loopback of this network namespace up and ends. The JVM of the integration tests is started after it: a JVM
 * whose network library is loaded while {@code /proc/net/if_inet6} is empty has no IPv6 for the rest of its life, and an
 * agent may load it before any code of ours runs.
 */
final class LoopbackUp {
    private LoopbackUp() {}

    public static void main(String[] arguments) throws NetlinkException {
        Links.bringUp("lo");
    }
}
