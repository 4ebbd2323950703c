package dev.ctstream.netlink;

/**
 * Brings up the loopback interface of this network namespace and exits. The integration tests' JVM starts after it: a
 * JVM that loads its network library while {@code /proc/net/if_inet6} is empty has no IPv6 until it exits, and an agent
 * may load that library before any of our code runs.
 */
final class LoopbackUp {
    private LoopbackUp() {}

    public static void main(String[] arguments) throws NetlinkException {
        Links.bringUp("lo");
    }
}
