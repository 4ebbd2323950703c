package dev.ctstream.netlink;

import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Brings loopback up before the first integration test touches {@code java.net}: a JVM that finds no IPv6 address in
 * {@code /proc/net/if_inet6} at that moment has no IPv6 for the rest of its life. Registered for all tests; does nothing
 * outside of the integration tests' own network namespace.
 */
public final class LoopbackUp implements BeforeAllCallback {
    private static boolean done;

    @Override
    public void beforeAll(ExtensionContext context) throws NetlinkException {
        up();
    }

    private static synchronized void up() throws NetlinkException {
        if (!done && System.getenv("CTSTREAM_OUTER_NETNS") != null) {
            Links.bringUp("lo");
        }
        done = true;
    }
}
