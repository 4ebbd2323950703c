package dev.ctstream.netlink;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** A separate network namespace for each test, so that tests cannot see each other's flows, rules and addresses. */
public final class FreshNamespace {
    private FreshNamespace() {}

    /** A test's code inside the namespace. */
    @FunctionalInterface
    public interface Body {
        void run() throws Exception;
    }

    /** Runs the body inside a new namespace with loopback up; sockets that it opens belong to that namespace. */
    public static void run(Body body) throws NetlinkException {
        try (NetworkNamespace namespace = NetworkNamespace.create()) {
            Boolean done = namespace.call(() -> {
                Links.bringUp("lo");
                perform(body);
                return true;
            });
            if (!done) {
                throw new AssertionError("the body did not run");
            }
        }
    }

    /** Parses an IP address without a name lookup. */
    public static InetAddress ip(String literal) {
        try {
            return InetAddress.getByName(literal);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(literal, e);
        }
    }

    /** Runs a body, which may throw anything, as work inside a namespace. */
    public static void perform(Body body) throws NetlinkException {
        try {
            body.run();
        } catch (NetlinkException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }
}
